package telegram

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-telegram/bot/models"

	"cartable/core/chat"
	"cartable/core/visible"
)

const (
	maxText    = 4096 // UTF-16 units of a message after parsing (sendMessage)
	maxCaption = 1024 // of a caption (sendDocument)
	besides    = 48   // UTF-16 units of a text that stands beside its label; a longer one stands below
	separator  = " · "
	nothingYet = "…" // Telegram takes no empty message
)

// bubble is one message of a reply, drawn.
type bubble struct {
	html, text string
	rows       [][]models.InlineKeyboardButton
	file       *chat.File
	silent     bool
	asks       bool // the person should write the answer as a reply
}

// style is what a reply is drawn for.
type style struct {
	username string // of the bot, for buttons that open its private chat
	asks     bool   // in a group the bot sees an answer only if it is a reply to the question
}

// render draws a reply as one or several messages. A file bears the text if it has room for it, else it
// goes first. The buttons are on the last message; only the first makes a sound.
func render(r chat.Reply, st style) []bubble {
	rows := draw(r)
	var bubbles []bubble
	limit := maxText
	if r.File != nil {
		bubbles = append(bubbles, bubble{file: r.File})
		limit = maxCaption
	}
	parts := split(rows, limit)
	switch {
	case r.File != nil && len(parts) == 1:
		bubbles[0].html, bubbles[0].text = writeHTML(parts[0]), writePlain(parts[0])
	default:
		parts = headed(rows, r.Title)
		for _, p := range parts {
			bubbles = append(bubbles, bubble{html: writeHTML(p), text: writePlain(p)})
		}
	}
	for i := range bubbles {
		b := &bubbles[i]
		b.silent = r.Silent || i > 0
		if b.text == "" && b.file == nil {
			b.html, b.text = nothingYet, nothingYet
		}
	}
	last := &bubbles[len(bubbles)-1]
	last.rows = keyboard(r.Choices, st.username)
	last.asks = st.asks && r.Expect != chat.ExpectNothing && len(last.rows) == 0
	return bubbles
}

// bounded is a reply that needs no more than chat.MaxMessages messages.
func bounded(r chat.Reply) chat.Reply {
	switch size := r.Size(); {
	case r.File != nil || size <= maxText:
		return r
	case size > chat.MaxMessages*maxText*utf8.UTFMax, len(headed(draw(r), r.Title)) > chat.MaxMessages:
		return r.Shorten()
	}
	return r
}

// headed divides rows into messages. One that continues another begins with the title and its number, so that what
// stands at its top, such as the words of a teacher, does not look as if the bot said it.
func headed(rows []textRow, title string) [][]textRow {
	parts := split(rows, maxText)
	if len(parts) == 1 {
		return parts
	}
	title = cut(oneLine(title), visible.MaxLine)
	parts = split(rows, maxText-units(title)-len("\n (1000/1000)\n"))
	for i := 1; i < len(parts); i++ {
		number := fmt.Sprintf("(%d/%d)", i+1, len(parts))
		parts[i] = append(appendText(nil, bold, join(title, " ", number), true), parts[i]...)
	}
	return parts
}

// draw lays a reply out in lines for a narrow screen.
func draw(r chat.Reply) []textRow {
	rows := make([]textRow, 0, 2*len(r.Body)+1)
	if r.Title != "" {
		rows = appendText(rows, bold, r.Title, true)
	}
	notes := len(r.Body) // the notes at the end, which are about the whole
	for notes > 0 && r.Body[notes-1].Kind == chat.LineNote {
		notes--
	}
	below := false
	for i, l := range r.Body {
		if l.Kind == chat.LineHeading || i == notes && i > 0 {
			rows = append(rows, textRow{})
		}
		if i == 0 || l.Kind == chat.LineHeading {
			below = longTexts(r.Body[i:])
		}
		rows = appendLine(rows, l, below)
	}
	return rows
}

// longTexts tells whether the texts of a group, up to the next heading, are too long to stand beside
// their labels.
func longTexts(group []chat.Line) bool {
	for i, l := range group {
		if i > 0 && l.Kind == chat.LineHeading {
			break
		}
		if (l.Kind == chat.LinePlain || l.Kind == chat.LineQuote) && named(l.Label) && (units(l.Text) > besides || strings.Contains(l.Text, "\n")) {
			return true
		}
	}
	return false
}

// named tells whether a label is a name, such as "Maths", and no time, date or command.
func named(label string) bool {
	first, _ := utf8.DecodeRuneInString(label)
	return label != "" && !unicode.IsDigit(first) && first != '/'
}

// appendLine draws one line. below says that texts stand below labels that are names.
func appendLine(rows []textRow, l chat.Line, below bool) []textRow {
	label, text := oneLine(l.Label), l.Text
	switch l.Kind {
	case chat.LineQuote:
		if label == "" || below || units(text) > besides || strings.Contains(text, "\n") {
			return appendQuote(rows, label, text)
		}
	case chat.LineHeading:
		return appendText(rows, underlined, join(label, "  ", text), true)
	case chat.LineNote:
		return appendText(rows, italic, join(label, " ", text), false)
	case chat.LineStruck:
		return appendText(rows, struck, join(label, " ", text), false)
	}
	switch {
	case label == "":
		return appendText(rows, plainText, text, false)
	case text == "":
		return appendText(rows, plainText, label, false)
	case strings.HasPrefix(label, "/"): // a command: it must stay one that can be tapped
		return appendText(rows, plainText, label+" – "+text, false)
	case below && named(label):
		return appendText(appendText(rows, bold, label, true), plainText, text, false)
	}
	first, rest, more := strings.Cut(visible.Clean(text), "\n")
	head, tail, _ := strings.Cut(first, separator)
	if tail != "" {
		tail = separator + tail
	}
	rows = append(rows, textRow{spans: []span{{plainText, label + " "}, {bold, head}, {plainText, tail}}})
	if more {
		rows = appendText(rows, plainText, rest, false)
	}
	return rows
}

// appendText adds a text, which may have several lines, in one look.
func appendText(rows []textRow, as looks, text string, heading bool) []textRow {
	for line := range strings.SplitSeq(visible.Clean(text), "\n") {
		r := textRow{heading: heading}
		if line != "" {
			r.spans = []span{{as, line}}
		}
		rows = append(rows, r)
	}
	return rows
}

// appendQuote adds words of somebody else below their label.
func appendQuote(rows []textRow, label, text string) []textRow {
	if label != "" {
		rows = appendText(rows, bold, label, true)
	}
	if text == "" {
		return rows
	}
	from := len(rows)
	rows = appendText(rows, plainText, text, false)
	for i := from; i < len(rows); i++ {
		rows[i].quote = true
	}
	return rows
}

// oneLine is a text that must not have line ends.
func oneLine(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(visible.Clean(s), "\n", " "))
}

func join(a, gap, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + gap + b
}
