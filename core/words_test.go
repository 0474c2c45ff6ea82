package core

import (
	"slices"
	"strings"
	"testing"

	"cartable/core/pronote"
	"cartable/core/secret"
	"cartable/i18n"
)

// family is a turn in a chat with one school account of children with these names.
func family(t *testing.T, names ...string) *turn {
	t.Helper()
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	chat := ChatID{Platform: "test", ID: "family"}
	e := &Engine{}
	var children []pronote.Child
	for _, name := range names {
		children = append(children, pronote.Child{Key: strings.ToLower(strings.ReplaceAll(name, " ", "")), Name: name})
	}
	e.adopt(link{ID: "1", Chat: chat, School: &schoolLink{
		Account: pronote.Account{Children: children}, Password: secret.Store(secret.New("x")),
	}})
	return &turn{e: e, msg: Message{Chat: chat, Private: true}, p: catalog.Printer("fr")}
}

func TestPickPupil(t *testing.T) {
	turn := family(t, "ROUSSEL Léa", "ROUSSEL Hugo", "DE LA TOUR Marie-Lou", "NGUYEN Maïa", "PETIT Mathilde")
	for _, tt := range []struct{ args, child, rest string }{
		{"", "ROUSSEL Léa", ""},
		{"demain", "ROUSSEL Léa", "demain"},
		{"hugo", "ROUSSEL Hugo", ""},
		{"HUGO demain", "ROUSSEL Hugo", "demain"},
		{"lundi lea", "ROUSSEL Léa", "lundi"},
		{"Roussel Hugo lundi", "ROUSSEL Hugo", "lundi"},
		{"lundi Hugo ROUSSEL", "ROUSSEL Hugo", "lundi"},
		{"hug", "ROUSSEL Hugo", ""},
		{"mar", "ROUSSEL Léa", "mar"}, // Tuesday
		{"mari", "DE LA TOUR Marie-Lou", ""},
		{"semaine du 12/03 #rousselhugo", "ROUSSEL Hugo", "semaine du 12/03"},
		{"12 mai", "ROUSSEL Léa", "12 mai"},
		{"mai 12 mai", "NGUYEN Maïa", "12 mai"},
		{"math", "ROUSSEL Léa", "math"},
		{"math mathi", "PETIT Mathilde", "math"},
		{"roussel", "", ""}, // two of them
		{"lu", "ROUSSEL Léa", "lu"},
	} {
		who, rest, err := turn.pickPupil(tt.args)
		if who.child.Name != tt.child || rest != tt.rest || (err != nil) != (tt.child == "") {
			t.Errorf("%q: got %q, %q, %v; want %q, %q", tt.args, who.child.Name, rest, err, tt.child, tt.rest)
		}
	}
}

func TestAChildOfTwoAccountsIsThereOnce(t *testing.T) {
	turn := family(t, "ROUSSEL Léa", "ROUSSEL Hugo")
	own := &schoolLink{Account: pronote.Account{Children: []pronote.Child{{Key: "roussellea", Name: "ROUSSEL Léa"}}}}
	key := turn.pupils()[0].child.Key
	own.Account.Children[0].Key = key
	turn.e.adopt(link{ID: "2", Chat: turn.msg.Chat, School: own})
	if all := turn.pupils(); len(all) != 2 {
		t.Fatalf("got %d children", len(all))
	}
	turn.e.schools[0].rec.School.Stopped = stoppedWrongPassword
	if who, _, err := turn.pickPupil("léa"); err != nil || who.account.id != "2" {
		t.Errorf("asked through a link that rests: %v", err)
	}
}

func TestMatchSubjects(t *testing.T) {
	names := []string{
		"MATHÉMATIQUES", "FRANÇAIS", "HISTOIRE-GÉOGRAPHIE", "ANGLAIS LV1", "SCIENCES DE LA VIE ET DE LA TERRE",
		"PHYSIQUE-CHIMIE", "ÉDUCATION PHYSIQUE ET SPORTIVE", "ÉDUCATION MUSICALE", "ENSEIGNEMENT MORAL ET CIVIQUE",
		"SCIENCES ÉCONOMIQUES ET SOCIALES", "SC. NUMERIQ.TECHNOL.",
	}
	var g pronote.Grades
	for _, name := range names {
		g.Subjects = append(g.Subjects, pronote.SubjectAverage{Subject: name})
	}
	for _, tt := range []struct {
		words string
		want  []string
	}{
		{"maths", names[:1]},
		{"Math", names[:1]},
		{"francais", names[1:2]},
		{"français", names[1:2]},
		{"hg", names[2:3]},
		{"histoire géo", names[2:3]},
		{"geo", names[2:3]},
		{"anglais", names[3:4]},
		{"svt", names[4:5]},
		{"pc", names[5:6]},
		{"eps", names[6:7]},
		{"sport", names[6:7]},
		{"physique", names[5:7]},
		{"musique", names[7:8]},
		{"emc", names[8:9]},
		{"ses", names[9:10]},
		{"snt", names[10:]},
		{"s", []string{names[4], names[6], names[9], names[10]}},
		{"latin", nil},
		{"-", nil},
	} {
		if got := matchSubjects(g, tt.words); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.words, got, tt.want)
		}
	}
}

func TestPickPeriod(t *testing.T) {
	child := pronote.Child{Periods: []pronote.Period{{Key: "k1", Name: "Trimestre 1"}, {Key: "k2", Name: "Trimestre 2"}}}
	for _, tt := range []struct{ args, key, rest string }{
		{"", "", ""},
		{"T1", "k1", ""},
		{"trimestre 2", "k2", ""},
		{"Trimestre2 maths", "k2", "maths"},
		{"maths t2", "k2", "maths"},
		{"maths", "", "maths"},
	} {
		if key, rest := pickPeriod(child, tt.args); key != tt.key || rest != tt.rest {
			t.Errorf("%q: got %q, %q", tt.args, key, rest)
		}
	}
}
