package commands

import (
	"testing"

	"cartable/core/izly"
)

func TestPickCard(t *testing.T) {
	cards := []izly.Card{
		{ID: "aa11", Label: "Carte perso", Last4: "4242"},
		{ID: "bb22", Label: "Parents", Last4: "0001", Default: true},
		{ID: "cc33", Label: "Carte de Léa", Last4: "7777"},
	}
	for _, tt := range []struct{ wanted, id string }{
		{"", "bb22"},
		{"perso", "aa11"},
		{"carte perso", "aa11"},
		{"lea", "cc33"},
		{"4242", "aa11"},
		{"…4242", "aa11"},
		{"BB22", "bb22"},
		{"a", ""},     // every label has one
		{"carte", ""}, // two labels have it
		{"mamie", ""},
	} {
		card, ok := pickCard(cards, tt.wanted)
		if card.ID != tt.id || ok != (tt.id != "") {
			t.Errorf("%q: got %q, %t; want %q", tt.wanted, card.ID, ok, tt.id)
		}
	}
}
