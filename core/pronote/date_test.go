package pronote

import (
	"testing"
	"time"
)

func paris(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

const wireLayout = "02/01/2006 15:04:05"

var dateTests = []struct{ in, want string }{ // want "": must be refused
	{"17/09/2025", "17/09/2025 00:00:00"},
	{"17/09/2025 08:05:09", "17/09/2025 08:05:09"},
	{"15/9/2025 0:0:0", "15/09/2025 00:00:00"},
	{"15/09/25 10h30", "15/09/2025 10:30:00"},
	{"15/09/2025 10h", "15/09/2025 10:00:00"},
	{"1/1/26", "01/01/2026 00:00:00"},
	{"29/02/2028", "29/02/2028 00:00:00"},
	{"29/02/2027", ""},
	{"31/04/2026", ""},
	{"00/01/2026", ""},
	{"01/13/2026", ""},
	{"01/01/202", ""},
	{"01/01/2026 24:00:00", ""},
	{"01/01/2026 10:60:00", ""},
	{"01/01/2026 10:00:60", ""},
	{"01/01/2026T10:00:00", ""},
	{"2026-01-01", ""},
	{" 01/01/2026", ""},
	{"", ""},
}

func TestDate(t *testing.T) {
	for _, tt := range dateTests {
		got, err := decodeDate(tt.in, paris(t))
		if (err != nil) != (tt.want == "") || err == nil && got.Format(wireLayout) != tt.want {
			t.Errorf("%q: got %v, %v; want %s", tt.in, got, err, tt.want)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, tt := range dateTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, err := decodeDate(s, time.UTC)
		if err != nil {
			return
		}
		if again, err := decodeDate(first.Format(wireLayout), time.UTC); err != nil || !again.Equal(first) {
			t.Errorf("%q: %v became %v, %v", s, first, again, err)
		}
	})
}

var clockTests = []struct {
	in   string
	want int // -1: must be refused
}{
	{"08h30", 510},
	{"8h", 480},
	{"12:05", 725},
	{"24h00", 1440},
	{"0h00", 0},
	{"24h01", -1},
	{"10h60", -1},
	{"25h00", -1},
	{"1030", -1},
	{"h30", -1},
	{"10h3", -1},
	{"", -1},
}

func TestClock(t *testing.T) {
	for _, tt := range clockTests {
		got, err := decodeClock(tt.in)
		if (err != nil) != (tt.want < 0) || err == nil && got != tt.want {
			t.Errorf("%q: got %d, %v; want %d", tt.in, got, err, tt.want)
		}
	}
}

// Clocks change on 29 March 2026: the day has 23 hours, and noon is still noon.
func TestDaysOfOtherLengths(t *testing.T) {
	loc := paris(t)
	day := time.Date(2026, 3, 29, 0, 0, 0, 0, loc)
	if got := atClock(day, 12*60).Format("15:04"); got != "12:00" {
		t.Errorf("noon is at %s", got)
	}
	if got := daysBetween(day.AddDate(0, 0, -7), day.AddDate(0, 0, 7)); got != 14 {
		t.Errorf("two weeks have %d days", got)
	}
}
