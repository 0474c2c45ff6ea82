package pronote

import (
	"strings"
	"testing"
)

var markTests = []struct {
	in   string
	want Mark
	bad  bool
}{
	{in: "14,50", want: Mark{MarkNumber, "14.5"}},
	{in: "20", want: Mark{MarkNumber, "20"}},
	{in: "0,00", want: Mark{MarkNumber, "0"}},
	{in: "-1,25", want: Mark{MarkNumber, "-1.25"}},
	{in: "+0,5", want: Mark{MarkNumber, "0.5"}},
	{in: " 12.340 ", want: Mark{MarkNumber, "12.34"}},
	{in: "", want: Mark{}},
	{in: "  ", want: Mark{}},
	{in: "|1", want: Mark{Kind: MarkAbsent}},
	{in: "|2", want: Mark{Kind: MarkExempted}},
	{in: "|3", want: Mark{Kind: MarkNotGraded}},
	{in: "|4", want: Mark{Kind: MarkUnfit}},
	{in: "|5", want: Mark{Kind: MarkNotHandedIn}},
	{in: "|6", want: Mark{Kind: MarkAbsentZero}},
	{in: "|7", want: Mark{Kind: MarkNotHandedInZero}},
	{in: "|8", want: Mark{Kind: MarkCongratulations}},
	{in: "|8|20", want: Mark{Kind: MarkCongratulations}},
	{in: "|9", want: Mark{Kind: MarkUnknown}},
	{in: "|", want: Mark{Kind: MarkUnknown}},
	{in: "Abs", bad: true},
	{in: "1,2,3", bad: true},
	{in: "1e9", bad: true},
	{in: ",5", bad: true},
	{in: "12345678901234567890", bad: true},
	{in: "1,12345678901", bad: true},
}

func TestMark(t *testing.T) {
	for _, tt := range markTests {
		got, err := decodeMark(tt.in)
		if (err != nil) != tt.bad || got != tt.want {
			t.Errorf("%q: got %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

// One odd mark must not hide the others.
func TestOddMarkOnTheWireIsUnknown(t *testing.T) {
	if got := (markInfo{"Abs"}).mark(); got.Kind != MarkUnknown {
		t.Errorf("got %v", got)
	}
}

func FuzzMark(f *testing.F) {
	for _, tt := range markTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		mark, err := decodeMark(s)
		if err != nil || mark.Kind != MarkNumber {
			if mark.Value != "" {
				t.Errorf("%q: %v has a value, %v", s, mark, err)
			}
			return
		}
		again, err := decodeMark(strings.ReplaceAll(mark.Value, ".", ","))
		if err != nil || again != mark {
			t.Errorf("%q: %v became %v, %v", s, mark, again, err)
		}
	})
}
