package chat

import (
	"strings"

	"cartable/core/visible"
)

// MaxMessages is how many messages of its platform one reply may take.
const MaxMessages = 6

// Size is the text of a reply, in bytes.
func (r Reply) Size() int {
	n := len(r.Title)
	for _, l := range r.Body {
		n += len(l.Label) + len(l.Text) + len(l.Aside) + 2
	}
	for _, c := range r.Choices {
		n += len(c.ID) + len(c.Label) + len(c.Start)
	}
	return n
}

// beginning is how many characters of a long reply are sent beside its file: Telegram has room for them below one.
const beginning = 800

// Shorten gives the beginning of a reply, with the whole as a file. An adapter calls it for a reply that has no file and
// needs more than MaxMessages messages.
func (r Reply) Shorten() Reply {
	short := r
	short.File = &File{Name: longName, Type: "text/plain; charset=utf-8", Open: Bytes([]byte(r.text()))}
	short.Title, short.Body = visible.Cut(r.Title, visible.MaxLine), nil
	left := beginning - runes(short.Title)
	for _, l := range r.Body {
		l.Label = visible.Cut(l.Label, visible.MaxName)
		if left -= runes(l.Label) + 2; left <= 0 {
			break
		}
		l.Text = visible.Cut(l.Text, left)
		l.Aside = visible.Cut(l.Aside, visible.MaxName)
		left -= runes(l.Text) + runes(l.Aside)
		short.Body = append(short.Body, l)
	}
	if r.Long != "" {
		short.Body = append(short.Body, Line{Kind: LineNote, Text: r.Long})
	}
	return short
}

// longName is the file of a long reply.
const longName = "cartable.txt"

func runes(s string) int { return len([]rune(s)) }

// text is the reply without looks.
func (r Reply) text() string {
	var b strings.Builder
	if r.Title != "" {
		b.WriteString(r.Title + "\n\n")
	}
	for i, l := range r.Body {
		switch {
		case l.Kind == LineHeading && i > 0:
			b.WriteByte('\n')
		case l.Kind == LineQuote && l.Label != "":
			b.WriteString(l.Label + "\n" + l.Text + "\n")
			continue
		}
		b.WriteString(strings.TrimSpace(strings.TrimSpace(l.Label+"  "+l.Text)+"  "+l.Aside) + "\n")
	}
	return visible.Clean(b.String())
}
