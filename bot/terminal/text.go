package terminal

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"cartable/core/visible"
)

// oneLine makes text of others fit to be printed within a line: nothing in it can move the cursor, change colours,
// talk to the terminal or turn the direction of writing.
func oneLine(s string) string { return strings.ReplaceAll(visible.Clean(s), "\n", " ") }

// lines splits text where it has line breaks and cleans each line.
func lines(s string) []string {
	var out []string
	for line := range strings.SplitSeq(visible.Clean(s), "\n") {
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// columns counts the cells that s takes on a screen: accents put over a letter take none, Asian
// characters and most pictures two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// wrap breaks a line at its spaces into pieces of at most limit columns; words that are longer are cut.
// Spaces that must not break, as in "20 €", hold words together, and so do those that typography never breaks at.
// A limit of 0 leaves the line whole.
func wrap(line string, limit int) []string {
	if limit <= 0 || columns(line) <= limit {
		return []string{line}
	}
	var out []string
	var piece strings.Builder
	used := 0
	flush := func() {
		out = append(out, piece.String())
		piece.Reset()
		used = 0
	}
	for _, word := range unbroken(line, limit) {
		size := columns(word)
		if used > 0 && used+1+size > limit {
			flush()
		}
		if used > 0 {
			piece.WriteByte(' ')
			used++
		}
		for size > limit {
			head, tail := cut(word, limit)
			piece.WriteString(head)
			flush()
			word, size = tail, columns(tail)
		}
		piece.WriteString(word)
		used += size
	}
	if used > 0 {
		flush()
	}
	return out
}

// unbroken are the words of a line. A sign that no line begins with stays with the word before it, and « with the
// one after it, where they fit together on a line.
func unbroken(line string, limit int) []string {
	var words []string
	for word := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ' ' }) {
		last := len(words) - 1
		if last >= 0 && (strings.HasSuffix(words[last], "«") || strings.HasPrefix(word, "»") || strings.Trim(word, "·:;?!") == "") {
			if both := words[last] + " " + word; columns(both) <= limit {
				words[last] = both
				continue
			}
		}
		words = append(words, word)
	}
	return words
}

// cut splits a word after as many characters as fit into limit columns, at least one.
func cut(word string, limit int) (head, tail string) {
	used := 0
	for i, r := range word {
		used += runeColumns(r)
		if used > limit && i > 0 {
			return word[:i], word[i:]
		}
	}
	return word, ""
}
