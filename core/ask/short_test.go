package ask_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cartable/core/ask"
)

var shortTests = []struct{ name, want string }{
	{"MATHÉMATIQUES", "Maths"},
	{"MATHEMATIQUES", "Maths"},
	{"Mathématiques", "Maths"},
	{"MATHÉMATIQUES COMPLÉMENTAIRES", "Maths complémentaires"},
	{"MATHS EXPERTES", "Maths expertes"},
	{"FRANCAIS", "Français"},
	{"FRANÇAIS - ORAL", "Français - oral"},
	{"HISTOIRE-GÉOGRAPHIE", "Histoire-géo"},
	{"HISTOIRE-GEOGRAPHIE", "Histoire-géo"},
	{"HISTOIRE & GEOGRAPHIE", "Histoire-géo"},
	{"HIST.GEO.GEOPOL.S.P.", "HGGSP"},
	{"HISTOIRE", "Histoire"},
	{"HISTOIRE DES ARTS", "Histoire des arts"},
	{"ANGLAIS LV1", "Anglais LV1"},
	{"ANGLAIS LVA", "Anglais LVA"},
	{"ALLEMAND LV2 > GROUPE A", "Allemand LV2 > groupe a"},
	{"SCIENCES DE LA VIE ET DE LA TERRE", "SVT"},
	{"SCIENCES VIE & TERRE", "SVT"},
	{"SCIENCES NUMÉRIQUES ET TECHNOLOGIE", "SNT"},
	{"SC. NUMERIQ.TECHNOL.", "SNT"},
	{"SCIENCES", "Sciences"},
	{"SCIENCES ÉCONOMIQUES ET SOCIALES", "SES"},
	{"PHYSIQUE-CHIMIE", "Physique-chimie"},
	{"PHYSIQUE-CHIMIE SPÉ", "Physique-chimie spé"},
	{"ÉDUCATION PHYSIQUE ET SPORTIVE", "EPS"},
	{"ED.PHYSIQUE & SPORT.", "EPS"},
	{"ÉDUCATION MUSICALE", "Musique"},
	{"ARTS PLASTIQUES", "Arts plastiques"},
	{"ARTS-DANSE", "Arts-danse"},
	{"ENSEIGNEMENT MORAL ET CIVIQUE", "EMC"},
	{"LCA LATIN", "LCA latin"},
	{"AP MATHS", "AP maths"},
	{"EPI DÉVELOPPEMENT DURABLE", "EPI développement durable"},
	{"ATELIER D'ÉCRITURE", "Atelier d'écriture"},
	{"EPS", "EPS"},
	{"LVB ESPAGNOL", "LVB espagnol"},
	{"Atelier Théâtre du mardi", "Atelier Théâtre du mardi"},
	{"TECHNOLOGIE", "Techno"},
	{"GREC-LATIN", "Grec-latin"},
	{"  VIE   DE CLASSE ", "Vie de classe"},
	{"2DE3 AP", "2DE3 AP"},
	{"体育", "体育"},
	{"…", "…"},
	{"", ""},
}

func TestShort(t *testing.T) {
	for _, tt := range shortTests {
		if got := ask.Short(tt.name); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A short name that people read is one that they can write back.
func TestShortNamesAreRead(t *testing.T) {
	for _, name := range []string{
		"MATHÉMATIQUES", "FRANÇAIS", "HISTOIRE-GÉOGRAPHIE", "ANGLAIS LV1", "SCIENCES DE LA VIE ET DE LA TERRE", "PHYSIQUE-CHIMIE",
		"ÉDUCATION PHYSIQUE ET SPORTIVE", "ED.PHYSIQUE & SPORT.", "ÉDUCATION MUSICALE", "ENSEIGNEMENT MORAL ET CIVIQUE", "TECHNOLOGIE",
		"SCIENCES ÉCONOMIQUES ET SOCIALES", "SC. NUMERIQ.TECHNOL.", "NUMÉRIQUE ET SCIENCES INFORMATIQUES", "PHILOSOPHIE",
		"HUMANITÉS, LITTÉRATURE ET PHILOSOPHIE", "HISTOIRE-GÉOGRAPHIE, GÉOPOLITIQUE ET SCIENCES POLITIQUES", "LATIN", "VIE DE CLASSE", "ARTS PLASTIQUES",
	} {
		q := grammar.Read("notes "+ask.Short(name), world)
		found := 0
		for _, said := range q.Subjects {
			if slices.Contains(ask.SubjectsNamed([]string{name}, said), name) {
				found++
			}
		}
		if found == 0 || q.Rest != "" && len(ask.SubjectsNamed([]string{name}, q.Rest)) == 0 {
			t.Errorf("%q is shown as %q, which is read as %+v", name, ask.Short(name), q)
		}
	}
}

func FuzzShort(f *testing.F) {
	for _, tt := range shortTests {
		f.Add(tt.name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		short := ask.Short(name)
		if utf8.ValidString(name) && !utf8.ValidString(short) {
			t.Errorf("%q became %q", name, short)
		}
		if (strings.TrimSpace(name) == "") != (short == "") {
			t.Errorf("%q became %q", name, short)
		}
	})
}
