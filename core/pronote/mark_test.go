package pronote

import (
	"strings"
	"testing"

	"cartable/core/school"
)

var markTests = []struct {
	in   string
	want school.Mark
	bad  bool
}{
	{in: "14,50", want: numbered("14.5")},
	{in: "20", want: numbered("20")},
	{in: "0,00", want: numbered("0")},
	{in: "-1,25", want: numbered("-1.25")},
	{in: "+0,5", want: numbered("0.5")},
	{in: " 12.340 ", want: numbered("12.34")},
	{in: "", want: school.Mark{}},
	{in: "  ", want: school.Mark{}},
	{in: "|1", want: school.Mark{Kind: school.MarkAbsent}},
	{in: "|2", want: school.Mark{Kind: school.MarkExempted}},
	{in: "|3", want: school.Mark{Kind: school.MarkNotGraded}},
	{in: "|4", want: school.Mark{Kind: school.MarkUnfit}},
	{in: "|5", want: school.Mark{Kind: school.MarkNotHandedIn}},
	{in: "|6", want: school.Mark{Kind: school.MarkAbsentZero}},
	{in: "|7", want: school.Mark{Kind: school.MarkNotHandedInZero}},
	{in: "|8", want: school.Mark{Kind: school.MarkCongratulations}},
	{in: "|8|20", want: school.Mark{Kind: school.MarkCongratulations}},
	{in: "|9", want: school.Mark{Kind: school.MarkUnknown}},
	{in: "|", want: school.Mark{Kind: school.MarkUnknown}},
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
	if got := (markInfo{"Abs"}).mark(); got.Kind != school.MarkUnknown {
		t.Errorf("got %v", got)
	}
}

func FuzzMark(f *testing.F) {
	for _, tt := range markTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		mark, err := decodeMark(s)
		if err != nil || mark.Kind != school.MarkNumber {
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
