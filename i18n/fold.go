package i18n

import (
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
	"golang.org/x/text/unicode/norm"
)

// Fold prepares text for comparing: lower case, no accents, apostrophes and hyphens as spaces, single
// spaces. "Emploi du Temps" and "emploi-du-temps" fold to the same.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'œ':
			b.WriteString("oe")
		case r == '-' || r == '_' || r == '\'' || r == '’' || unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Slips counts the typing errors that make b of a: letters that were left out, added or replaced, and one
// swap of neighbours. It takes time in proportion to the product of the lengths.
func Slips(a, b string) int {
	if swapped(a, b) {
		return 1
	}
	return levenshtein.ComputeDistance(a, b)
}

// swapped tells whether a and b differ by one swap of neighbours and nothing else.
func swapped(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i] != y[i] {
			return i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && string(x[i+2:]) == string(y[i+2:])
		}
	}
	return false
}

// maxNearest bounds a word that Nearest looks at, in bytes. No candidate is that long.
const maxNearest = 64

// Nearest returns the candidate that a person most likely meant by word, or "": one typing error is allowed,
// two in words of five letters or more.
func Nearest(word string, candidates []string) string {
	if len(word) > maxNearest {
		return ""
	}
	limit := 1
	if len([]rune(word)) >= 5 {
		limit = 2
	}
	best, fewest := "", limit+1
	for _, c := range candidates {
		if n := Slips(word, c); n < fewest {
			best, fewest = c, n
		}
	}
	return best
}

// Short bounds what is repeated of a person's words.
func Short(s string) string {
	const most = 30
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
