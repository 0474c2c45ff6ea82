// Package visible makes text of others fit to be shown: what a school, a bank or a person on a platform has written.
// It bounds such text, and takes out what cannot be seen and what changes how the text around it is drawn.
package visible

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How long texts of others may be, in characters.
const (
	MaxName = 80     // of a person, a school, a subject, a file
	MaxLine = 300    // of one line, such as a remark
	MaxText = 10_000 // of a text with several lines, such as homework
)

// StandIn takes the place of a text of which nothing can be seen. It is the same in every language.
const StandIn = "(?)"

// marksInRow is how many accents may stand over one letter. More would be drawn over other lines.
const marksInRow = 4

// Name is a name as it may be shown: one line of at most MaxName characters. One that has only invisible characters
// becomes StandIn; one of blanks is empty.
func Name(s string) string { return oneLine(s, MaxName) }

// Line is Name with room for MaxLine characters.
func Line(s string) string { return oneLine(s, MaxLine) }

// Text is a text of several lines as it may be shown, of at most MaxText characters.
func Text(s string) string {
	return orStandIn(Cut(strings.TrimSpace(Clean(head(s, MaxText))), MaxText), s)
}

func oneLine(s string, most int) string {
	return orStandIn(Cut(strings.Join(strings.Fields(Clean(head(s, most))), " "), most), s)
}

func orStandIn(shown, s string) string {
	if shown == "" && strings.TrimSpace(s) != "" {
		return StandIn
	}
	return shown
}

// head bounds what is looked at: a longer text is cut anyway, and most characters have less bytes.
func head(s string, most int) string {
	limit := 16 * most
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// Cut bounds a text to most characters; an ellipsis tells that something is missing. It leaves no part of an address,
// which would lead elsewhere.
func Cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	n, end := 0, 0 // end is where the last character that stays begins
	for i := range s {
		if n == most-1 {
			end = i
		}
		if n == most {
			s = s[:end]
			if word := strings.LastIndexFunc(s, unicode.IsSpace) + 1; strings.Contains(s[word:], "://") {
				s = s[:word]
			}
			return strings.TrimRightFunc(s, unicode.IsSpace) + "…"
		}
		n++
	}
	return s
}

// Clean takes out what cannot be seen, and what turns the direction of writing, by which one text could pose as
// another. Line ends stay; it bounds nothing but the accents over a letter.
func Clean(s string) string {
	if fit(s) {
		return s
	}
	s = lineEnds.Replace(strings.ToValidUTF8(s, "\uFFFD"))
	var b strings.Builder
	b.Grow(len(s))
	var last rune // that was kept
	marks := 0
	for i, r := range s {
		switch {
		case r == '\t' || r == blankBraille:
			r = ' '
		case r == joiner:
			next, _ := utf8.DecodeRuneInString(s[i+len(string(joiner)):])
			if !pictorial(last) || !unicode.Is(unicode.So, next) {
				continue
			}
		case r == asPicture || r == asText:
			if last == 0 || unicode.IsSpace(last) || unicode.Is(unicode.M, last) {
				continue
			}
		case rare(r) && invisible(r):
			continue
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > marksInRow || last == 0 || unicode.IsSpace(last) {
				continue
			}
			b.WriteRune(r)
			last = r
			continue
		}
		marks = 0
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

const (
	joiner       = '\u200d' // makes one picture of several
	asText       = '\ufe0e' // says how the picture before it is drawn
	asPicture    = '\ufe0f'
	blankBraille = '\u2800'
	placeholder  = '\ufffc' // of something that is not text
)

// lineEnds are the ways to end a line.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n")

// fit tells at once that Clean has nothing to do, for most texts.
func fit(s string) bool { return utf8.ValidString(s) && strings.IndexFunc(s, rare) < 0 }

// rare tells what Clean must look at; all else stays.
func rare(r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' ' && r != '\n'
	case r < 0xa0, r == '\u00ad':
		return true
	case r < 0x300:
		return false
	default:
		return !usual(r) && (r > 0x10ff || !unicode.IsLetter(r))
	}
}

// usual tells the signs of ordinary French and English text that are no letters: "–", "’", "…", "€".
func usual(r rune) bool { return r >= '\u2010' && r <= '\u2027' || r == '\u202f' || r == '\u20ac' }

// invisible tells the characters that nobody sees, but for spaces and line ends.
func invisible(r rune) bool {
	return r != '\n' && unicode.IsControl(r) || r == placeholder ||
		unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
}

// pictorial tells what a picture of several parts may end with, before a joiner.
func pictorial(r rune) bool {
	return unicode.Is(unicode.So, r) || r == asPicture || r >= 0x1f3fb && r <= 0x1f3ff
}
