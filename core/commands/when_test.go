package commands

import (
	"testing"
	"time"

	"cartable/i18n"
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
		if !w.day.Equal(midnight(w.day)) {
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

func callEngine(t testing.TB) *Engine {
	t.Helper()
	e := &Engine{commands: commands(), byName: make(map[string]*command)}
	for i := range e.commands {
		for _, name := range e.commands[i].names() {
			if other := e.byName[name]; other != nil && other != &e.commands[i] {
				t.Errorf("%q means both %s and %s", name, other.name, e.commands[i].name)
			}
			if name != i18n.Fold(name) {
				t.Errorf("%q is not folded and cannot be found", name)
			}
			e.byName[name] = &e.commands[i]
		}
	}
	return e
}

var callTests = []struct {
	in            string
	command, args string
	slash         bool
}{
	{"/edt", "edt", "", true},
	{"/edt demain", "edt", "demain", true},
	{"/edt@cartable_bot demain Léa", "edt", "demain Léa", true},
	{"!edt demain", "edt", "demain", true},
	{"edt demain", "edt", "demain", false},
	{"Emploi du temps  demain", "edt", "demain", false},
	{"/emploi-du-temps demain", "edt", "demain", true},
	{"top up 20", "recharger", "20", false},
	{"/Déconnexion", "deconnexion", "", true},
	{"bonjour, toi", "start", "toi", false},
	{"Notes ?", "notes", "", false},
	{"la connexion est lente", "", "", false}, // said in a group
	{"/edt\ndemain\tLéa", "edt", "demain Léa", true},
	{"/", "", "", true},
	{"/@", "", "", true},
	{"//edt", "", "", true},
	{"rien", "", "", false},
	{"", "", "", false},
}

func TestParseCall(t *testing.T) {
	e := callEngine(t)
	for _, tt := range callTests {
		c := e.parseCall(tt.in)
		name := ""
		if c.command != nil {
			name = c.command.name
		}
		if name != tt.command || c.slash != tt.slash || name != "" && c.args != tt.args {
			t.Errorf("%q: got %q %q %t; want %q %q %t", tt.in, name, c.args, c.slash, tt.command, tt.args, tt.slash)
		}
	}
}

func TestParseSaid(t *testing.T) {
	e := callEngine(t)
	for _, tt := range []struct{ in, command, args string }{
		{"notes maths ?", "notes", "maths"},
		{"mes notes", "notes", ""},
		{"les devoirs de demain ?", "devoirs", "de demain"},
		{"quel est mon solde\u00a0?", "solde", ""},
		{"L'emploi du temps", "edt", ""},
		{"l’aide", "aide", ""},
		{"mes données", "mesdonnees", ""}, // a name of its own
		{"montre-moi les notes", "notes", ""},
		{"what's my balance?", "solde", ""},
		{"/edt demain", "edt", "demain"},
		{"/mes notes", "", ""},
		{"mes", "", ""},
		{"?", "", ""},
	} {
		c, name := e.parseSaid(tt.in), ""
		if c.command != nil {
			name = c.command.name
		}
		if name != tt.command || name != "" && c.args != tt.args {
			t.Errorf("%q: got %q %q; want %q %q", tt.in, name, c.args, tt.command, tt.args)
		}
	}
	if near := e.suggest(e.parseSaid("mes devoris").name); near == nil || near.name != "devoirs" {
		t.Errorf("suggested %v", near)
	}
}

func FuzzCall(f *testing.F) {
	e := callEngine(f)
	for _, tt := range callTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e.parseSaid(text) // must not fail, whatever was typed
		c := e.parseCall(text)
		if len(c.args) > len(text) {
			t.Errorf("%q: arguments grew to %q", text, c.args)
		}
		if c.command == nil {
			e.suggest(c.name) // must not fail, whatever was typed
			return
		}
		again := e.parseCall("/" + c.command.name + " " + c.args) // what buttons hold
		if again.command != c.command || again.args != c.args {
			t.Errorf("%q: %s %q reads again as %v %q", text, c.command.name, c.args, again.command, again.args)
		}
	})
}
