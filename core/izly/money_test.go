package izly

import (
	"testing"
	"time"
)

var centsTests = []struct {
	in   string
	want Cents
	ok   bool
}{
	{"12.34", 1234, true},
	{"12,34", 1234, true},
	{"12,3", 1230, true},
	{"10", 1000, true},
	{"0.00", 0, true},
	{"-3.05", -305, true},
	{"+3.05", 305, true},
	{" 12.3400 ", 1234, true},
	{"999999999.99", 99999999999, true},
	{"1000000000", 0, false},
	{"12.345", 0, false},
	{"1 234.00", 0, false},
	{"1.234,00", 0, false},
	{"12.", 0, false},
	{".5", 0, false},
	{"1e3", 0, false},
	{"NaN", 0, false},
	{"--1", 0, false},
	{"12.34€", 0, false},
	{"", 0, false},
}

func TestParseCents(t *testing.T) {
	for _, tt := range centsTests {
		got, err := ParseCents(tt.in)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("%q: got %d, %v; want %d", tt.in, got, err, tt.want)
		}
	}
}

// The texts of izly-today §7.3.
func TestWire(t *testing.T) {
	for cents, want := range map[Cents]string{
		1000: "10.0", 1250: "12.5", 3025: "30.25", 1010: "10.1", 1: "0.01", 105: "1.05", 0: "0.0", 25000: "250.0", -305: "-3.05",
	} {
		if got := cents.Wire(); got != want {
			t.Errorf("%d: got %s, want %s", cents, got, want)
		}
	}
}

func FuzzCents(f *testing.F) {
	for _, tt := range centsTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cents, err := ParseCents(s)
		if err != nil {
			return
		}
		if again, err := ParseCents(cents.Wire()); err != nil || again != cents {
			t.Errorf("%q: %d went out as %s and came back as %d, %v", s, cents, cents.Wire(), again, err)
		}
	})
}

func paris(t testing.TB) *time.Location {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestDatesAreFrench(t *testing.T) {
	for in, want := range map[string]string{
		"14-01-2026 12:41:08": "2026-01-14T12:41:08+01:00",
		"31-08-2026 04:57:45": "2026-08-31T04:57:45+02:00",
	} {
		if got := readDate(in, paris(t)).Format(time.RFC3339); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	for _, bad := range []string{"", "2026-01-14 12:41:08", "31-02-2026 00:00:00", "14-01-2026"} {
		if got := readDate(bad, paris(t)); !got.IsZero() {
			t.Errorf("%q: got %v", bad, got)
		}
	}
}

func FuzzDate(f *testing.F) {
	f.Add("14-01-2026 12:41:08")
	f.Add("29-03-2026 02:30:00") // does not exist in Paris
	f.Add("25-10-2026 02:30:00") // exists twice
	f.Fuzz(func(t *testing.T, s string) {
		at := readDate(s, time.UTC)
		if at.IsZero() {
			return
		}
		if again := readDate(at.Format(dateLayout), time.UTC); !again.Equal(at.Truncate(time.Second)) {
			t.Errorf("%q: %v became %v", s, at, again)
		}
	})
}
