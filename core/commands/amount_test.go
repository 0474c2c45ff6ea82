package commands

import (
	"testing"

	"cartable/core/izly"
)

var amountTests = []struct {
	in   string
	want izly.Cents // 0: refused, with err
	err  error
}{
	{"20", 2000, nil},
	{"20€", 2000, nil},
	{"20 €", 2000, nil},
	{"20\u00a0€", 2000, nil},
	{"€20", 2000, nil},
	{"€ 12.5", 1250, nil},
	{"12,50", 1250, nil},
	{"12,5", 1250, nil},
	{"12.50 euros", 1250, nil},
	{"1 euro", 100, nil},
	{"20 EUR", 2000, nil},
	{"+20", 2000, nil},
	{"007", 700, nil},
	{"0,01", 1, nil},
	{"1000", 1000_00, nil},
	{"", 0, errAmountForm},
	{"€", 0, errAmountForm},
	{"vingt", 0, errAmountForm},
	{"20-30", 0, errAmountForm},
	{"20-", 0, errAmountForm},
	{"20_", 0, errAmountForm},
	{"20,", 2000, nil},
	{"20.", 2000, nil},
	{"10€50", 1050, nil},
	{"10€5", 0, errAmountForm},
	{".5", 0, errAmountForm},
	{",5", 0, errAmountForm},
	{"1 000", 1000_00, nil},
	{"1\u202f000,00\u00a0€", 1000_00, nil},
	{"0 999,50", 999_50, nil},
	{"1.000,00", 1000_00, nil},
	{"1,000.00", 1000_00, nil},
	{"1.000,50", 0, errAmountHuge},
	{"1.000.50", 0, errAmountForm},
	{"1,000,50", 0, errAmountForm},
	{"1.000", 0, errAmountDecimals}, // one euro or a thousand
	{"20 000", 0, errAmountHuge},
	{"1 000 000 €", 0, errAmountHuge},
	{"12 50", 0, errAmountApart},
	{"12 50 €", 0, errAmountApart},
	{"1 000 50", 0, errAmountApart},
	{"12,50 50", 0, errAmountForm},
	{"12 5", 0, errAmountForm},
	{"1e3", 0, errAmountForm},
	{"0x10", 0, errAmountForm},
	{"٢٠", 0, errAmountForm},
	{"12,345", 0, errAmountDecimals},
	{"0", 0, errAmountZero},
	{"0,00", 0, errAmountZero},
	{"-20", 0, errAmountZero},
	{"- 20", 0, errAmountZero},
	{"−20", 0, errAmountZero},
	{"€-20", 0, errAmountZero},
	{"-20 €", 0, errAmountZero},
	{"1000,01", 0, errAmountHuge},
	{"999999999", 0, errAmountHuge},
	{"99999999999", 0, errAmountHuge},
	{"99999999999999999999999", 0, errAmountHuge},
	{"-99999999999", 0, errAmountZero},
}

func TestParseAmount(t *testing.T) {
	for _, tt := range amountTests {
		got, err := parseAmount(tt.in)
		if got != tt.want || err != tt.err {
			t.Errorf("%q: got %d, %v; want %d, %v", tt.in, got, err, tt.want, tt.err)
		}
	}
}

func FuzzAmount(f *testing.F) {
	for _, tt := range amountTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cents, err := parseAmount(text)
		if err != nil {
			if cents != 0 {
				t.Errorf("%q: %d with error %v", text, cents, err)
			}
			return
		}
		if cents <= 0 || cents > hugeAmount {
			t.Errorf("%q: %d is out of bounds", text, cents)
		}
		if again, err := izly.ParseCents(cents.Wire()); err != nil || again != cents {
			t.Errorf("%q: %d is sent as %q, which reads %d, %v", text, cents, cents.Wire(), again, err)
		}
		if again, err := parseAmount(cents.Wire()); err != nil || again != cents {
			t.Errorf("%q: %d does not survive its own spelling: %d, %v", text, cents, again, err)
		}
	})
}

func TestSplitTopUp(t *testing.T) {
	for _, tt := range []struct {
		in     string
		amount izly.Cents
		card   string
		err    error
	}{
		{"", 0, "", nil},
		{"20", 2000, "", nil},
		{"20 €", 2000, "", nil},
		{"12,50 euros carte parents", 1250, "carte parents", nil},
		{"20 4242", 2000, "4242", nil},
		{"€ 20", 2000, "", nil},
		{"- 20", 0, "", errAmountZero},
		{"10€50 parents", 1050, "parents", nil},
		{"1 000 parents", 1000_00, "parents", nil},
		{"20 000 parents", 0, "", errAmountHuge},
		{"20 424", 0, "", errAmountHuge},
		{"12 50", 0, "", errAmountApart},
		{"12 50 parents", 0, "", errAmountApart},
		{"20 10 4242", 0, "", errAmountApart},
		{"20.0 50 #a", 2000, "50 #a", nil}, // a button of ours names a card
		{"20.0 424", 2000, "424", nil},
		{"parents 20", 0, "", errAmountForm},
		{"12,345 parents", 0, "", errAmountDecimals},
	} {
		amount, _, card, err := splitTopUp(tt.in)
		if amount != tt.amount || card != tt.card || err != tt.err {
			t.Errorf("%q: got %d, %q, %v; want %d, %q, %v", tt.in, amount, card, err, tt.amount, tt.card, tt.err)
		}
	}
}

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
