package core

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold prepares text for comparing: lower case, no accents, apostrophes and hyphens as spaces, single
// spaces. "Emploi du Temps" and "emploi-du-temps" fold to the same.
func fold(s string) string {
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

// distance counts the insertions, deletions, replacements and swaps of neighbours between two short
// words. It gives up above limit and then returns limit+1.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(y)], limit+1)
}

// nearest returns the candidate that a person most likely meant by word, or "".
func nearest(word string, candidates []string) string {
	limit := 1
	if len([]rune(word)) >= 5 {
		limit = 2
	}
	best, bestDistance := "", limit+1
	for _, c := range candidates {
		if d := distance(word, c, limit); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}
