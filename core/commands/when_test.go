package commands

import (
	"testing"
	"time"

	"cartable/core/school"
)

// A Tuesday.
var whenNow = time.Date(2026, 11, 17, 7, 30, 0, 0, time.UTC)

var whenTests = []struct {
	in   string
	day  string // 2006-01-02; empty: none was named
	week bool
	ok   bool
}{
	{"aujourd'hui", "2026-11-17", false, true},
	{"Aujourd’hui", "2026-11-17", false, true},
	{"demain", "2026-11-18", false, true},
	{"TOMORROW", "2026-11-18", false, true},
	{"après-demain", "2026-11-19", false, true},
	{"hier", "2026-11-16", false, true},
	{"avant-hier", "2026-11-15", false, true},
	{"lundi", "2026-11-23", false, true},
	{"mardi", "2026-11-17", false, true},
	{"mardi prochain", "2026-11-24", false, true},
	{"mer", "2026-11-18", false, true},
	{"monday", "2026-11-23", false, true},
	{"pour demain", "2026-11-18", false, true},
	{"de la semaine prochaine", "2026-11-23", true, true},
	{"du 20/11", "2026-11-20", false, true},
	{"lundi 23 novembre", "2026-11-23", false, true},
	{"lundi 23/11", "2026-11-23", false, true},
	{"mardi 23 novembre", "", false, false}, // it is a Monday
	{"le", "", false, false},
	{"semaine", "", true, true},
	{"cette semaine", "2026-11-16", true, true},
	{"de cette semaine", "2026-11-16", true, true},
	{"semaine 14/12", "2026-12-14", true, true},
	{"semaine de demain", "2026-11-18", true, true},
	{"semaine prochaine", "2026-11-23", true, true},
	{"semaine dernière", "2026-11-09", true, true},
	{"next week", "2026-11-23", true, true},
	{"semaine du 12/03", "2027-03-12", true, true},
	{"semaine du lundi", "2026-11-23", true, true},
	{"week of 12 march", "2027-03-12", true, true},
	{"+2", "2026-11-19", false, true},
	{"-1", "2026-11-16", false, true},
	{"+400", "2027-12-22", false, true},
	{"12/03", "2027-03-12", false, true}, // nearer than last March
	{"01/09", "2026-09-01", false, true},
	{"12.03.2026", "2026-03-12", false, true},
	{"12/03/27", "2027-03-12", false, true},
	{"2026-12-01", "2026-12-01", false, true},
	{"1er décembre", "2026-12-01", false, true},
	{"3 mars", "2027-03-03", false, true},
	{"3rd march 2027", "2027-03-03", false, true},
	{"29/02/2028", "2028-02-29", false, true},
	{"29/02/2027", "", false, false},
	{"31/11", "", false, false},
	{"0/1", "", false, false},
	{"12/13", "", false, false},
	{"12 ju", "", false, false},               // too short to be a month
	{"12 jui", "", false, false},              // June or July
	{"12/03/2036", "2036-03-12", false, true}, // no lessons there, but a day
	{"01/01/1900", "1900-01-01", false, true},
	{"23-11", "2026-11-23", false, true},
	{"23-11-2026", "2026-11-23", false, true},
	{"+401", "2027-12-23", false, true},
	{"+9999", "", false, false},
	{"semaine du semaine", "", false, false},
	{"lu", "", false, false},
	{"", "", false, false},
	{"maths", "", false, false},
}

func TestParseWhen(t *testing.T) {
	for _, tt := range whenTests {
		w, err := parseWhen(tt.in, whenNow)
		if ok := err == nil; ok != tt.ok {
			t.Errorf("%q: understood %t, want %t", tt.in, ok, tt.ok)
			continue
		}
		day := ""
		if !w.day.IsZero() {
			day = w.day.Format(time.DateOnly)
		}
		if tt.ok && (day != tt.day || w.week != tt.week) {
			t.Errorf("%q: got %q, %t; want %q, %t", tt.in, day, w.week, tt.day, tt.week)
		}
	}
}

func FuzzWhen(f *testing.F) {
	for _, tt := range whenTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, words string) {
		w, err := parseWhen(words, whenNow)
		if err != nil {
			return
		}
		if w.day.IsZero() {
			if !w.week {
				t.Errorf("%q: neither a day nor a week", words)
			}
			return
		}
		if !w.day.Equal(school.Midnight(w.day)) {
			t.Errorf("%q: %s is no day", words, w.day)
		}
		again, err := parseWhen(dayArg(w.day), whenNow) // what buttons hold
		if err != nil || !again.day.Equal(w.day) || again.week {
			t.Errorf("%q: %s does not survive its own spelling: %v, %v", words, w.day, again, err)
		}
		from, to := w.span()
		if w.week && (from.Weekday() != time.Monday || to.Sub(from) != 6*24*time.Hour) || !w.week && from != to {
			t.Errorf("%q: from %s to %s", words, from, to)
		}
	})
}
