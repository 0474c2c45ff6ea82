package commands

import (
	"strings"
	"testing"

	"cartable/core/family"
	"cartable/core/school"
)

// children are pupils of one account with these names.
func children(names ...string) []family.Pupil {
	var all []family.Pupil
	for _, name := range names {
		key := strings.ToLower(strings.ReplaceAll(name, " ", ""))
		all = append(all, family.Pupil{Account: "1", Pupil: school.Pupil{Key: key, Name: name}})
	}
	return all
}

func TestNamed(t *testing.T) {
	all := children("ROUSSEL Léa", "ROUSSEL Hugo", "DE LA TOUR Marie-Lou", "NGUYEN Maïa", "PETIT Mathilde")
	for _, tt := range []struct {
		args  string
		child string // "": nobody is named; "?": several, or more than one
		rest  string
	}{
		{"", "", ""},
		{"demain", "", "demain"},
		{"hugo", "ROUSSEL Hugo", ""},
		{"HUGO demain", "ROUSSEL Hugo", "demain"},
		{"lundi lea", "ROUSSEL Léa", "lundi"},
		{"Roussel Hugo lundi", "ROUSSEL Hugo", "lundi"},
		{"lundi Hugo ROUSSEL", "ROUSSEL Hugo", "lundi"},
		{"hug", "ROUSSEL Hugo", ""},
		{"mar", "", "mar"}, // Tuesday
		{"mari", "DE LA TOUR Marie-Lou", ""},
		{"semaine du 12/03 #rousselhugo", "ROUSSEL Hugo", "semaine du 12/03"},
		{"12 mai", "", "12 mai"},
		{"mai 12 mai", "NGUYEN Maïa", "12 mai"},
		{"math", "", "math"},
		{"math mathi", "PETIT Mathilde", "math"},
		{"roussel", "?", ""},   // two of them
		{"hugo maia", "?", ""}, // one at a time
		{"lu", "", "lu"},
	} {
		meant, typed, rest := named(all, tt.args)
		got := ""
		switch {
		case len(meant) == 1:
			got = meant[0].Name
		case typed != "":
			got = "?"
		}
		if got != tt.child || got != "?" && rest != tt.rest {
			t.Errorf("%q: got %q, %q; want %q, %q", tt.args, got, rest, tt.child, tt.rest)
		}
	}
}

func FuzzNamed(f *testing.F) {
	all := children("ROUSSEL Léa", "ROUSSEL Hugo", "NGUYEN Maïa")
	f.Add("lundi lea")
	f.Add("Roussel Hugo 12 mai")
	f.Fuzz(func(t *testing.T, args string) {
		meant, typed, rest := named(all, args)
		if len(meant) > 0 && typed == "" {
			t.Errorf("%q: somebody is meant by no word", args)
		}
		if len(rest) > len(args) {
			t.Errorf("%q: the other words grew to %q", args, rest)
		}
	})
}
