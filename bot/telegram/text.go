package telegram

import "strings"

// looks is how a span is shown.
type looks int

const (
	plainText looks = iota
	bold
	underlined // bold as well: a heading among bold labels
	italic
	struck
)

// tags are those of Telegram's HTML ("HTML style").
var tags = [...][2]string{
	bold: {"<b>", "</b>"}, underlined: {"<b><u>", "</u></b>"}, italic: {"<i>", "</i>"}, struck: {"<s>", "</s>"},
}

// span is text of one look, without line ends.
type span struct {
	looks looks
	text  string
}

// textRow is one line of a message.
type textRow struct {
	spans     []span
	heading   bool // belongs to what follows
	quote     bool // words of somebody else
	continues bool // of the line before, which was too long for its message: no line end between them
}

func (r textRow) blank() bool {
	for _, s := range r.spans {
		if strings.TrimSpace(s.text) != "" {
			return false
		}
	}
	return true
}

// units is the length of s in UTF-16 units, in which Telegram counts.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

func (r textRow) units() int {
	n := 0
	for _, s := range r.spans {
		n += units(s.text)
	}
	return n
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// writeHTML writes rows with markup. Tags never reach over a line end, but for those of a quotation, which is closed
// where its rows end: any sequence of rows is well-formed.
func writeHTML(rows []textRow) string {
	var b strings.Builder
	b.Grow(2 * bytesOf(rows))
	quoted := false
	for i, r := range rows {
		if quoted && !r.quote {
			b.WriteString("</blockquote>")
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		if r.quote && !quoted {
			b.WriteString("<blockquote>")
		}
		quoted = r.quote
		for _, s := range r.spans {
			if s.text != "" {
				b.WriteString(tags[s.looks][0])
				_, _ = escaper.WriteString(&b, s.text) // a Builder takes everything
				b.WriteString(tags[s.looks][1])
			}
		}
	}
	if quoted {
		b.WriteString("</blockquote>")
	}
	return b.String()
}

// writePlain writes rows without markup.
func writePlain(rows []textRow) string {
	var b strings.Builder
	b.Grow(bytesOf(rows))
	for i, r := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, s := range r.spans {
			b.WriteString(s.text)
		}
	}
	return b.String()
}

// bytesOf is the length of the plain text.
func bytesOf(rows []textRow) int {
	n := len(rows)
	for _, r := range rows {
		for _, s := range r.spans {
			n += len(s.text)
		}
	}
	return n
}
