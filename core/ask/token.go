package ask

import (
	"strings"
	"unicode"

	"cartable/i18n"
)

// token is a word that counts.
type token struct {
	raw    string // as typed, without the marks around it
	word   string // folded; after mend without its typing error
	before string // the small word that stood before it, folded
	mended bool
}

// small are the words, folded, that say nothing about what is asked for.
var small = set(`
	le la les l un une des du de d au aux a en pour sur dans par chez avec et ou mon ma mes ton ta tes son sa ses notre nos
	votre vos leur leurs je j tu t il elle on nous vous ils elles me m te se s y ce c cet cette ces ca cela qui que qu quoi
	quel quelle quels quelles est es sont suis ai as avons avez ont aurai aura aurons avoir etait sera serai moi toi lui eux
	quand comment bien stp svp sil plait donne donner montre montrer affiche afficher dis dire veux veut voudrais voudrait
	peux peut pourrais pourrait faut voir savoir connaitre envoie regarde regarder jusqu alors donc heure heures ici
	vient puis depuis fait plus comme ya any
	the an my our your his her is are am do does did have has had i we you he she it they what when which who how at in of
	for from and or us show give tell get see want can could would like please there will got know this that to until time
	let d ll re ve off be
`)

// set makes a set of words.
func set(words string) map[string]bool {
	all := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

// marks may stand around a word without being of it.
const marks = `?!.,;:…"«»()[]{}*_~` + "\u00a0\u202f"

// tokens cuts a text into words and drops the small ones, unless there are no others.
func tokens(text string) []token {
	var all, dropped []token
	before := ""
	fields := strings.FieldsFunc(text, unicode.IsSpace)
	for n, field := range fields {
		for _, raw := range parts(field) {
			t := token{raw: raw, word: i18n.Fold(raw), before: before}
			if t.word == "" || t.word == "−" {
				t.word = "-"
			}
			further := len(all) > 0 && numberWords[all[len(all)-1].word] > 0 && numberWords[t.word] == 1 // "vingt et un"
			if small[t.word] && !further && (t.word != sciences || n < len(fields)-1 && raw != "SES") {
				before = t.word
				dropped = append(dropped, t)
				continue
			}
			before = ""
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return dropped
	}
	return all
}

// parts cuts "d'anglais" and "est-ce" at their marks, and leaves numbers and references as they are.
func parts(field string) []string {
	if strings.HasPrefix(field, "#") {
		return []string{field}
	}
	if field == "-" || field == "−" { // "- 20" is less than nothing
		return []string{field}
	}
	trimmed := strings.Trim(field, marks)
	if strings.ContainsAny(trimmed, "0123456789€") {
		return []string{trimmed}
	}
	return strings.FieldsFunc(trimmed, func(r rune) bool {
		return strings.ContainsRune("'’‘ʼ`´-‐‑–—_/&+,;.", r)
	})
}

// isDigits tells whether a text is a number of a few digits.
func isDigits(s string) bool { return s != "" && len(s) <= 9 && strings.Trim(s, "0123456789") == "" }
