package telegram

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-telegram/bot/models"
	"golang.org/x/net/publicsuffix"

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
	title = cut(flat(fit(title)), visible.MaxLine)
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
		rows = appendText(rows, bold, fit(r.Title), true)
	}
	body := make([]chat.Line, len(r.Body))
	for i, l := range r.Body {
		body[i] = chat.Line{Kind: l.Kind, Label: flat(fit(l.Label)), Text: fit(l.Text), Aside: flat(fit(l.Aside))}
	}
	notes := len(body) // the notes at the end, which are about the whole
	for notes > 0 && body[notes-1].Kind == chat.LineNote {
		notes--
	}
	below := false
	for i, l := range body {
		if l.Kind == chat.LineHeading || i == notes && i > 0 {
			rows = append(rows, textRow{})
		}
		if i == 0 || l.Kind == chat.LineHeading {
			below = longTexts(body[i:])
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

// appendLine draws one line, which is fit to be shown. below says that texts stand below labels that are names.
func appendLine(rows []textRow, l chat.Line, below bool) []textRow {
	label, text := l.Label, l.Text
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
		rows = appendText(rows, struck, join(label, " ", text), false)
		return appendAside(rows, l.Aside)
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
	first, rest, more := strings.Cut(text, "\n")
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

// appendAside adds what stands behind the last text and has no look of its own.
func appendAside(rows []textRow, aside string) []textRow {
	last := &rows[len(rows)-1]
	switch {
	case aside == "":
	case len(last.spans) == 0:
		last.spans = []span{{plainText, aside}}
	default:
		last.spans = append(last.spans, span{plainText, " " + aside})
	}
	return rows
}

// appendText adds a text, which may have several lines, in one look.
func appendText(rows []textRow, as looks, text string, heading bool) []textRow {
	for line := range strings.SplitSeq(text, "\n") {
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

// fit makes a text fit to be shown. Telegram makes something to tap of every word after a slash; only the bot's own
// commands stay that.
func fit(text string) string {
	pieces := chat.Pieces(text)
	if len(pieces) == 1 && !strings.Contains(text, "/") {
		return visible.Clean(text)
	}
	var b strings.Builder
	for i, piece := range pieces {
		piece = visible.Clean(piece)
		if i > 0 {
			own := strings.IndexFunc(piece[min(1, len(piece)):], func(r rune) bool { return !commandRune(r) }) + 1
			if own == 0 {
				own = len(piece)
			}
			b.WriteString(piece[:own])
			piece = piece[own:]
		}
		tame(&b, piece)
	}
	return b.String()
}

// tame writes words of others: a slash that would begin a command gets a character that nobody sees after it. One in
// the address of a page stays as it is, for Telegram marks the whole address.
func tame(b *strings.Builder, text string) {
	for start := 0; start < len(text); {
		end := start + strings.IndexFunc(text[start:]+" ", unicode.IsSpace)
		word := text[start:end]
		if end < len(text) {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		space := text[start+len(word) : end]
		if isAddress(word) {
			b.WriteString(word)
		} else {
			tameWord(b, word)
		}
		b.WriteString(space)
		start = end
	}
}

func tameWord(b *strings.Builder, word string) {
	before := ' '
	for i, r := range word {
		b.WriteRune(r)
		if next, _ := utf8.DecodeRuneInString(word[i+utf8.RuneLen(r):]); r == '/' && commandRune(next) && !endsWord(before) {
			b.WriteRune(wordJoiner)
		}
		before = r
	}
}

// endsWord tells the characters after which Telegram sees no command.
func endsWord(r rune) bool {
	return r == '_' || r == '/' || r == '<' || r == '>' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// wordJoiner takes no room and ends nothing.
const wordJoiner = '\u2060'

func commandRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// isAddress tells what Telegram surely takes for the address of a page as a whole: with a domain that exists.
func isAddress(word string) bool {
	u, err := url.Parse(word)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return false
	}
	_, registered := publicsuffix.PublicSuffix(u.Hostname())
	return registered && strings.Contains(u.Hostname(), ".")
}

// oneLine is a text that must not have line ends.
func oneLine(s string) string { return flat(visible.Clean(s)) }

func flat(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\n", " ")) }

func join(a, gap, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + gap + b
}
