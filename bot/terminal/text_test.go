package terminal

import (
	"slices"
	"testing"
)

func TestColumns(t *testing.T) {
	for s, want := range map[string]int{
		"":              0,
		"Léa":           3,
		"Le\u0301a":     3, // an accent of its own
		"08:00–09:00":   11,
		"時間割":           6,
		"🎒":             2,
		"a\u200d\ufe0f": 1,
	} {
		if got := columns(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	tests := []struct {
		line  string
		limit int
		want  []string
	}{
		{"Mathématiques en salle 204", 0, []string{"Mathématiques en salle 204"}},
		{"Mathématiques en salle 204", 16, []string{"Mathématiques en", "salle 204"}},
		{"solde de 20\u00a0€", 11, []string{"solde de", "20\u00a0€"}},
		{"il reste 1\u202f020\u00a0€", 9, []string{"il reste", "1\u202f020\u00a0€"}},
		{"anticonstitutionnellement dit", 10, []string{"anticonsti", "tutionnell", "ement dit"}},
		{"時間割", 3, []string{"時", "間", "割"}},
		{"時", 1, []string{"時"}},
		{"exact", 5, []string{"exact"}},
		{"Cafétéria « L'Éclair & Cie »", 15, []string{"Cafétéria", "« L'Éclair &", "Cie »"}},
		{"Français · Remplacement · salle", 10, []string{"Français ·", "Remplaceme", "nt · salle"}},
		{"salle 204 · Remplacement · 4B", 16, []string{"salle 204 ·", "Remplacement ·", "4B"}},
		{"Contrôle : la lumière", 9, []string{"Contrôle", ": la", "lumière"}}, // no room
		{"Contrôle : la lumière", 10, []string{"Contrôle :", "la lumière"}},
		{"« « «", 1, []string{"«", "«", "«"}},
	}
	for _, tt := range tests {
		if got := wrap(tt.line, tt.limit); !slices.Equal(got, tt.want) {
			t.Errorf("%q at %d: got %q, want %q", tt.line, tt.limit, got, tt.want)
		}
	}
}
