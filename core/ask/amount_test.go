package ask

import (
	"testing"

	"cartable/core/izly"
)

var amountTests = []struct {
	in   string
	want int64 // 0: refused, with err
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
	{"", 0, ErrAmountForm},
	{"€", 0, ErrAmountForm},
	{"vingt", 0, ErrAmountForm},
	{"20-30", 0, ErrAmountForm},
	{"20-", 0, ErrAmountForm},
	{"20_", 0, ErrAmountForm},
	{"20,", 2000, nil},
	{"20.", 2000, nil},
	{"10€50", 1050, nil},
	{"10€5", 0, ErrAmountForm},
	{".5", 0, ErrAmountForm},
	{",5", 0, ErrAmountForm},
	{"1 000", 1000_00, nil},
	{"1\u202f000,00\u00a0€", 1000_00, nil},
	{"0 999,50", 999_50, nil},
	{"1.000,00", 1000_00, nil},
	{"1,000.00", 1000_00, nil},
	{"1.000,50", 0, ErrAmountHuge},
	{"1.000.50", 0, ErrAmountForm},
	{"1,000,50", 0, ErrAmountForm},
	{"1.000", 0, ErrAmountDecimals}, // one euro or a thousand
	{"20 000", 0, ErrAmountHuge},
	{"1 000 000 €", 0, ErrAmountHuge},
	{"12 50", 0, ErrAmountApart},
	{"12 50 €", 0, ErrAmountApart},
	{"1 000 50", 0, ErrAmountApart},
	{"12,50 50", 0, ErrAmountForm},
	{"12 5", 0, ErrAmountForm},
	{"1e3", 0, ErrAmountForm},
	{"0x10", 0, ErrAmountForm},
	{"٢٠", 0, ErrAmountForm},
	{"12,345", 0, ErrAmountDecimals},
	{"0", 0, ErrAmountZero},
	{"0,00", 0, ErrAmountZero},
	{"-20", 0, ErrAmountZero},
	{"- 20", 0, ErrAmountZero},
	{"−20", 0, ErrAmountZero},
	{"€-20", 0, ErrAmountZero},
	{"-20 €", 0, ErrAmountZero},
	{"1000,01", 0, ErrAmountHuge},
	{"999999999", 0, ErrAmountHuge},
	{"99999999999", 0, ErrAmountHuge},
	{"99999999999999999999999", 0, ErrAmountHuge},
	{"-99999999999", 0, ErrAmountZero},
}

func TestParseAmount(t *testing.T) {
	for _, tt := range amountTests {
		got, err := ParseAmount(tt.in)
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
		cents, err := ParseAmount(text)
		if err != nil {
			if cents != 0 {
				t.Errorf("%q: %d with error %v", text, cents, err)
			}
			return
		}
		if cents <= 0 || cents > hugeAmount {
			t.Errorf("%q: %d is out of bounds", text, cents)
		}
		if again, err := izly.ParseCents(izly.Cents(cents).Wire()); err != nil || int64(again) != cents {
			t.Errorf("%q: %d is sent as %q, which reads %d, %v", text, cents, izly.Cents(cents).Wire(), again, err)
		}
		if again, err := ParseAmount(izly.Cents(cents).Wire()); err != nil || again != cents {
			t.Errorf("%q: %d does not survive its own spelling: %d, %v", text, cents, again, err)
		}
	})
}
