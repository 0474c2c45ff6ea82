package ask

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"cartable/i18n"
)

// shorts are the usual names of subjects in schools, folded, and how people write them. The longest that a name begins with
// counts; what stands after it is kept.
var shorts = map[string]string{
	"mathematiques": "Maths", "maths": "Maths", "mathematique": "Maths",
	"francais": "Français", "lettres": "Lettres", "litterature": "Littérature",
	"anglais": "Anglais", "allemand": "Allemand", "espagnol": "Espagnol", "italien": "Italien", "chinois": "Chinois",
	"hebreu": "Hébreu", "arabe": "Arabe", "portugais": "Portugais", "russe": "Russe", "breton": "Breton", "latin": "Latin", "grec": "Grec",
	"histoire geographie": "Histoire-géo", "histoire geo": "Histoire-géo", "hist geo": "Histoire-géo", "histoire et geographie": "Histoire-géo",
	"histoire geographie enseignement moral et civique": "Histoire-géo EMC", "histoire geographie emc": "Histoire-géo EMC",
	"histoire geographie geopolitique et sciences politiques": "HGGSP", "histoire geo geopolitique et sciences politiques": "HGGSP",
	"hist geo geopol s p": "HGGSP", "histoire geo geopol et sc po": "HGGSP",
	"geographie": "Géographie", "enseignement moral et civique": "EMC", "ens moral civique": "EMC", "ens moral et civique": "EMC",
	"education morale et civique": "EMC", "education civique": "EMC",
	"sciences de la vie et de la terre": "SVT", "sciences vie terre": "SVT", "sciences vie et terre": "SVT", "sciences de la vie et terre": "SVT",
	"sciences vie de la terre": "SVT",
	"physique chimie":          "Physique-chimie", "physique chimie et mathematiques": "Physique-chimie et maths",
	"education physique et sportive": "EPS", "ed physique et sportive": "EPS", "ed physique sport": "EPS", "ed physique et sport": "EPS",
	"education physique sportive": "EPS",
	"technologie":                 "Techno", "sciences et technologie": "Sciences et techno",
	"education musicale": "Musique", "ed musicale": "Musique", "education musicale et chant choral": "Musique",
	"arts plastiques": "Arts plastiques", "histoire des arts": "Histoire des arts",
	"sciences economiques et sociales": "SES", "sciences economiques et soc": "SES", "sc economiques et sociales": "SES", "sciences eco et sociales": "SES",
	"sciences numeriques et technologie": "SNT", "sciences numeriques technologie": "SNT", "sc numeriq technol": "SNT", "sciences numeriques et techno": "SNT",
	"numerique et sciences informatiques": "NSI", "numerique sc inform": "NSI", "numerique et sc informatiques": "NSI",
	"humanites litterature et philosophie": "HLP", "humanites litter philo": "HLP", "humanites litterature philosophie": "HLP",
	"langues litteratures et cultures etrangeres": "LLCE", "langues litteratures et cultures etrangeres et regionales": "LLCER",
	"llcer anglais":           "LLCER anglais",
	"sciences de l ingenieur": "Sciences de l'ingénieur", "philosophie": "Philo",
	"langues et cultures de l antiquite": "LCA", "langues cultures antiquite": "LCA", "lca latin": "LCA latin", "lca grec": "LCA grec",
	"enseignement scientifique": "Ens. scientifique", "enseignements scientifiques": "Ens. scientifique", "ens scientifique": "Ens. scientifique",
	"accompagnement personnalise": "Accomp. perso.", "accompagnement perso": "Accomp. perso.", "accompagnt perso": "Accomp. perso.",
	"economie gestion": "Éco-gestion", "economie et gestion": "Éco-gestion", "prevention sante environnement": "PSE",
	"vie de classe": "Vie de classe", "heure de vie de classe": "Vie de classe", "devoirs faits": "Devoirs faits",
	"education aux medias et a l information": "EMI", "droit et grands enjeux du monde contemporain": "DGEMC",
	"moral": "EMC", "theatre": "Théâtre", "etude": "Étude", "etude dirigee": "Étude dirigée", "sante social": "Santé-social", "specialite": "Spécialité",
}

// mostShortWords bounds the names in shorts.
const mostShortWords = 9

// capitals are the words, folded, that stay in capitals.
var capitals = set(`
	ap epi emc svt eps lva lvb lvc lca ses snt nsi hlp hggsp llce llcer amc dnl tp td si sti stmg st2s ulis segpa upe2a dgemc pse tpe
	pfmp cap bts cdi fse emi ci si eac eist pp tc
`)

// Short is a school's name of a subject as people write it: "Maths" for "MATHÉMATIQUES", "Histoire-géo", "SVT", "Anglais
// LV1". A name that it does not know and that the school writes in capitals is written like the beginning of a sentence;
// another one stays as it is.
func Short(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	words := pieces(name)
	for n := min(len(words), mostShortWords); n > 0; n-- {
		short, known := shorts[plain(name[:words[n-1].end])]
		if !known {
			continue
		}
		return short + lower(strings.TrimLeft(name[words[n-1].end:], "."), name)
	}
	first, size := utf8.DecodeRuneInString(name)
	if size == 0 || !loud(name) {
		return name
	}
	if keeps(name[:words[0].end]) {
		return lower(name, name)
	}
	return string(first) + lower(name[size:], name)
}

// ShortSaid is Short for subjects as Request has them.
func ShortSaid(subjects []string) string {
	short := make([]string, len(subjects))
	for i, subject := range subjects {
		short[i] = Short(strings.ToUpper(subject))
	}
	return strings.Join(short, ", ")
}

// piece is a word of a name, by its bytes.
type piece struct{ start, end int }

// pieces are the words of a name.
func pieces(name string) []piece {
	var all []piece
	start := -1
	for i, r := range name + " " {
		switch in := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r); {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			all = append(all, piece{start, i})
			start = -1
		}
	}
	if len(all) == 0 {
		all = []piece{{0, len(name)}}
	}
	return all
}

// loud tells whether a name is written in capitals.
func loud(name string) bool { return name == strings.ToUpper(name) && name != strings.ToLower(name) }

// lower writes a part of a name small where the whole is in capitals, but for the words that are always in capitals.
func lower(part, name string) string {
	if !loud(name) {
		return part
	}
	var b strings.Builder
	last := 0
	for _, w := range pieces(part) {
		b.WriteString(part[last:w.start])
		word := part[w.start:w.end]
		if !keeps(word) {
			word = strings.ToLower(word)
		}
		b.WriteString(word)
		last = w.end
	}
	return b.String() + part[last:]
}

// keeps tells whether a word in capitals stays so: a known short form, or one with a digit.
func keeps(word string) bool {
	return capitals[i18n.Fold(word)] || strings.ContainsAny(word, "0123456789")
}
