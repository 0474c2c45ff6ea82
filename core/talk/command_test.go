package talk

import (
	"context"
	"testing"

	"cartable/core/chat"
	"cartable/i18n"
)

// registry is a Talk that knows some commands and nothing else.
func registry(t testing.TB) *Talk {
	t.Helper()
	run := func(context.Context, *Turn, string) (chat.Reply, error) { return chat.Reply{}, nil }
	tk, err := New(Config{Commands: []Command{
		{Name: "edt", English: "timetable", Words: []string{"emploi du temps", "cours"}, Role: RoleExample, Run: run},
		{Name: "notes", English: "grades", Words: []string{"note"}, Run: run},
		{Name: "devoirs", English: "homework", Words: []string{"devoir"}, Run: run},
		{Name: "solde", English: "balance", Run: run},
		{Name: "recharger", English: "topup", Words: []string{"top up"}, Changes: true, Run: run},
		{Name: "connexion", English: "link", Role: RoleLink, Run: run},
		{Name: "deconnexion", English: "unlink", Run: run},
		{Name: "mesdonnees", English: "mydata", Words: []string{"mes donnees", "my data"}, Run: run},
		{Name: "annuler", English: "cancel", Role: RoleCancel, Run: run},
		{Name: "aide", English: "help", Role: RoleHelp, Run: run},
		{Name: "start", English: "start", Words: []string{"bonjour"}, Role: RoleStart, Hidden: true, Run: run},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return tk
}

func TestNewRefusesWhatCannotBeFound(t *testing.T) {
	run := func(context.Context, *Turn, string) (chat.Reply, error) { return chat.Reply{}, nil }
	all := registry(t).commands
	for what, extra := range map[string]Command{
		"a name twice":        {Name: "edt", English: "other", Run: run},
		"a word twice":        {Name: "other", English: "x", Words: []string{"top up"}, Run: run},
		"a name with accents": {Name: "été", English: "summer", Run: run},
	} {
		if _, err := New(Config{Commands: append(append([]Command{}, all...), extra)}); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	if _, err := New(Config{Commands: all[1:]}); err == nil {
		t.Error("a role that nobody plays was taken")
	}
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
	{"Emploi du temps !", "edt", "", false},
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
	e := registry(t)
	for _, tt := range callTests {
		c := parse(e, tt.in)
		name := ""
		if c.command != nil {
			name = c.command.Name
		}
		if name != tt.command || c.slash != tt.slash || name != "" && c.args != tt.args {
			t.Errorf("%q: got %q %q %t; want %q %q %t", tt.in, name, c.args, c.slash, tt.command, tt.args, tt.slash)
		}
	}
}

func TestParseSaid(t *testing.T) {
	e := registry(t)
	for _, tt := range []struct{ in, command, args string }{
		{"notes maths ?", "notes", "maths"},
		{"mes notes", "", ""}, // Read may know it
		{"solde\u00a0?", "solde", ""},
		{"mes données", "mesdonnees", ""}, // a name of its own
		{"/edt demain", "edt", "demain"},
		{"/mes notes", "", ""},
		{"mes", "", ""},
		{"?", "", ""},
	} {
		c, name := parseSaid(e, tt.in), ""
		if c.command != nil {
			name = c.command.Name
		}
		if name != tt.command || name != "" && c.args != tt.args {
			t.Errorf("%q: got %q %q; want %q %q", tt.in, name, c.args, tt.command, tt.args)
		}
	}
	if near := suggest(e, parseSaid(e, "devoris").name); near == nil || near.Name != "devoirs" {
		t.Errorf("suggested %v", near)
	}
}

func FuzzCall(f *testing.F) {
	e := registry(f)
	for _, tt := range callTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parseSaid(e, text) // must not fail, whatever was typed
		c := parse(e, text)
		if len(c.args) > len(text) {
			t.Errorf("%q: arguments grew to %q", text, c.args)
		}
		if c.command == nil {
			suggest(e, c.name) // must not fail, whatever was typed
			return
		}
		again := parse(e, "/"+c.command.Name+" "+c.args) // what buttons hold
		if again.command != c.command || again.args != c.args {
			t.Errorf("%q: %s %q reads again as %v %q", text, c.command.Name, c.args, again.command, again.args)
		}
	})
}

// TestCommandListIsPlain is about the names that a platform is told for its menu.
func TestCommandListIsPlain(t *testing.T) {
	e := registry(t)
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	e.cfg.Catalog = catalog
	list := e.CommandList("fr", true)
	for _, c := range list {
		if c.Name != i18n.Fold(c.Name) || chat.Plain(c.Name) != c.Name {
			t.Errorf("%q", c.Name)
		}
	}
	if len(list) < 5 {
		t.Errorf("%d commands", len(list))
	}
}
