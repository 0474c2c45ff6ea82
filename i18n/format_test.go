package i18n_test

import (
	"strings"
	"testing"
	"time"

	"cartable/i18n"
)

func printers(t *testing.T) (fr, en *i18n.Printer) {
	t.Helper()
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return catalog.Printer("fr"), catalog.Printer("en")
}

func TestLanguagesThatAreNone(t *testing.T) {
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"", "de", "FR", "fr-FR"} {
		if p := catalog.Printer(lang); p.Lang != "fr" {
			t.Errorf("%q became %q", lang, p.Lang)
		}
	}
	if got := catalog.Printer("fr").T("no.such.key"); got != "no.such.key" {
		t.Errorf("a missing key printed %q", got)
	}
}

func TestPlurals(t *testing.T) {
	fr, en := printers(t)
	for _, tt := range []struct {
		n      int
		fr, en string // of history.more, without its command
	}{
		{0, "… et 0 autre opération", "… and 0 more operations"}, // French counts nothing as one
		{1, "… et 1 autre opération", "… and 1 more operation"},
		{2, "… et 2 autres opérations", "… and 2 more operations"},
		{21, "… et 21 autres opérations", "… and 21 more operations"},
		{1_000_000, "… et 1000000 autres opérations", "… and 1000000 more operations"},
	} {
		for _, p := range []struct {
			*i18n.Printer
			want string
		}{{fr, tt.fr}, {en, tt.en}} {
			got, _, _ := strings.Cut(strings.ReplaceAll(p.N("history.more", tt.n, "command", "/x"), "\u00a0", " "), ":")
			if strings.TrimSpace(got) != p.want {
				t.Errorf("%s, %d: got %q, want %q", p.Lang, tt.n, got, p.want)
			}
		}
	}
}

func TestFrenchSpaces(t *testing.T) {
	fr, en := printers(t)
	if got := fr.T("unknown.near", "typed", "etd", "command", "/edt"); !strings.Contains(got, "«\u00a0etd\u00a0»") || !strings.Contains(got, "\u00a0?") {
		t.Errorf("ordinary spaces where a line could break: %q", got)
	}
	if got := en.T("unknown.near", "typed", "etd", "command", "/edt"); strings.Contains(got, "\u00a0") {
		t.Errorf("French spaces in English: %q", got)
	}
}

func TestEuros(t *testing.T) {
	fr, en := printers(t)
	for _, tt := range []struct {
		cents  int64
		fr, en string
	}{
		{0, "0,00\u00a0€", "€0.00"},
		{5, "0,05\u00a0€", "€0.05"},
		{12_34, "12,34\u00a0€", "€12.34"},
		{999_99, "999,99\u00a0€", "€999.99"},
		{1000_00, "1\u202f000,00\u00a0€", "€1,000.00"},
		{-1_234_005_06, "-1\u202f234\u202f005,06\u00a0€", "-€1,234,005.06"},
		{-3_30, "-3,30\u00a0€", "-€3.30"},
		{-5, "-0,05\u00a0€", "-€0.05"},
	} {
		if got := fr.Euros(tt.cents); got != tt.fr {
			t.Errorf("%d: got %q, want %q", tt.cents, got, tt.fr)
		}
		if got := en.Euros(tt.cents); got != tt.en {
			t.Errorf("%d: got %q, want %q", tt.cents, got, tt.en)
		}
	}
}

func TestDates(t *testing.T) {
	fr, en := printers(t)
	first := time.Date(2026, 12, 1, 8, 5, 0, 0, time.UTC)
	second := first.AddDate(0, 0, 1)
	for _, tt := range []struct{ got, want string }{
		{fr.Day(first), "mardi 1er décembre"},
		{fr.Day(second), "mercredi 2 décembre"},
		{en.Day(first), "Tuesday 1 December"},
		{fr.ShortDay(first), "mar. 01/12"},
		{en.ShortDay(first), "Tue 01/12"},
		{fr.ShortDate(first), "01/12"},
		{fr.Date(first), "1er décembre"},
		{en.Date(first), "1 December"},
		{fr.FullDate(first), "01/12/2026"},
		{fr.Clock(first), "08:05"},
		{fr.Moment(first), "01/12/2026 08:05"},
		{en.Moment(first), "01/12/2026 08:05"},
		{fr.Weekday(time.Sunday), "dimanche"},
		{en.Month(time.August), "August"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestDecimalsAndLists(t *testing.T) {
	fr, en := printers(t)
	for _, tt := range []struct{ got, want string }{
		{fr.Decimal("14.5"), "14,5"},
		{fr.Decimal("14"), "14"},
		{en.Decimal("14.5"), "14.5"},
		{fr.List(nil, "et"), ""},
		{fr.List([]string{"a"}, "et"), "a"},
		{fr.List([]string{"a", "b"}, "et"), "a et b"},
		{fr.List([]string{"a", "b", "c"}, "et"), "a, b et c"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
