package ask

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cartable/i18n"
)

// subject is one that many schools teach: how people say it, folded, and with what, folded, PRONOTE's name for it begins,
// or a word of that name where there is no ^ before it.
type subject struct {
	name     string
	said, in []string
}

// sciences are the economic and social ones, whose short name is a small word too: in "notes de SES", not in "ses notes".
const sciences = "ses"

var subjects = []subject{
	{"mathematiques", []string{"maths", "math", "mathematiques", "mathematique", "matheux", "mathematics"}, []string{"math"}},
	{"francais", []string{"francais", "francai", "lettres", "french"}, []string{"francais", "lettres"}},
	{"anglais", []string{"anglais", "ang", "english"}, []string{"anglais"}},
	{"allemand", []string{"allemand", "german"}, []string{"allemand"}},
	{"espagnol", []string{"espagnol", "esp", "spanish"}, []string{"espagnol"}},
	{"italien", []string{"italien", "italian"}, []string{"italien"}},
	{"portugais", []string{"portugais", "portuguese"}, []string{"portugais"}},
	{"chinois", []string{"chinois", "chinese"}, []string{"chinois"}},
	{"arabe", []string{"arabe", "arabic"}, []string{"arabe"}},
	{"russe", []string{"russe", "russian"}, []string{"russe"}},
	{"latin", []string{"latin"}, []string{"latin"}},
	{"grec", []string{"grec", "greek"}, []string{"grec"}},
	{"lca", []string{"lca"}, []string{"lca", "latin", "grec", "antiquite"}},
	{"histoire geographie", []string{"histoire geo", "histoire geographie", "hist geo", "histgeo", "history geography", "hg"}, []string{"histoire", "geographie", "hist", "geo"}},
	{"histoire", []string{"histoire", "hist", "history"}, []string{"histoire", "hist"}},
	{"geographie", []string{"geographie", "geo", "geography"}, []string{"geographie", "geo"}},
	{"moral", []string{"emc", "education civique", "civique", "civics"}, []string{"moral", "emc", "civique"}},
	{"svt", []string{"svt", "biologie", "bio", "biology", "sciences vie terre", "sciences vie"}, []string{"svt", "biologie"}},
	{"physique chimie", []string{"physique chimie", "phys chimie", "pc", "physics chemistry"}, []string{"^physique", "chimie"}},
	{"physique", []string{"physique", "phys", "physics"}, []string{"^physique"}},
	{"chimie", []string{"chimie", "chemistry"}, []string{"chimie", "physique chim"}},
	{"sciences", []string{"sciences", "science"}, []string{"science"}},
	{"technologie", []string{"techno", "technologie", "technology", "tech"}, []string{"techno"}},
	{"eps", []string{"eps", "sport", "gym", "education physique", "pe", "physical education"}, []string{"eps", "ed physique", "education physique", "sport"}},
	{"musique", []string{"musique", "education musicale", "music"}, []string{"musi", "education musi", "chant"}},
	{"arts plastiques", []string{"arts plastiques", "art plastique", "arts", "art", "dessin", "plastique"}, []string{"art"}},
	{"ses", []string{"ses", "economie", "eco", "economics"}, []string{"ses", "economi", "sciences eco"}},
	{"nsi", []string{"nsi", "info", "informatique", "computing", "computer science"}, []string{"nsi", "numerique", "informatique"}},
	{"snt", []string{"snt"}, []string{"snt", "sciences numeriques"}},
	{"philosophie", []string{"philosophie", "philo", "philosophy"}, []string{"philo"}},
	{"hlp", []string{"hlp"}, []string{"hlp", "humanites"}},
	{"hggsp", []string{"hggsp"}, []string{"hggsp", "histoire geo geopol", "hist geo geopol"}},
	{"llcer", []string{"llcer", "llce"}, []string{"llce", "amc"}},
	{"enseignement scientifique", []string{"enseignement scientifique", "ens scientifique"}, []string{"ens scient", "enseignement scient", "enseignements scient"}},
	{"vie de classe", []string{"vie classe"}, []string{"vie de classe", "vie classe"}},
}

// SubjectsNamed finds, among the names that a school gives to its subjects, those that a word of Request.Subjects or
// some words as typed mean: by what they begin with, by their initials ("svt"), or by a usual short form.
func SubjectsNamed(names []string, said string) []string {
	wanted := i18n.Fold(said)
	if wanted == "" || small[wanted] && wanted != sciences {
		return nil
	}
	begins := []string{wanted}
	if singular := strings.TrimSuffix(wanted, "s"); len(singular) > 2 {
		begins = append(begins, singular)
	}
	for _, s := range subjects {
		if s.name == wanted {
			begins = s.in
		}
	}
	var found []string
	for _, name := range names {
		if beginsWith(plain(name), begins) || len(wanted) > 1 && initials(name) == wanted {
			found = append(found, name)
		}
	}
	return found
}

// SubjectsSpelt finds the names that stand in a text as the school writes them.
func SubjectsSpelt(names []string, text string) []string {
	spelt := " " + plain(text) + " "
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		name = plain(name)
		return name == "" || !strings.Contains(spelt, " "+name+" ")
	})
}

// plain is a folded name with nothing but its words.
func plain(name string) string {
	return strings.Join(strings.FieldsFunc(i18n.Fold(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

func beginsWith(name string, begins []string) bool {
	for _, form := range begins {
		if first, is := strings.CutPrefix(form, "^"); is {
			if strings.HasPrefix(name, first) {
				return true
			}
			continue
		}
		if len(form) < 2 {
			continue
		}
		if strings.HasPrefix(name, form) || strings.Contains(name, " "+form) {
			return true
		}
	}
	return false
}

// initials of "SCIENCES DE LA VIE ET DE LA TERRE" are "svt", of "ED.PHYSIQUE & SPORT." "eps".
func initials(name string) string {
	var b strings.Builder
	for _, word := range strings.Fields(plain(name)) {
		if !small[word] {
			first, _ := utf8.DecodeRuneInString(word)
			b.WriteRune(first)
		}
	}
	return b.String()
}
