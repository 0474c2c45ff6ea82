//go:build goolm

package matrix

import (
	"cmp"
	"html"
	"strconv"
	"strings"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
	"cartable/core/visible"
)

// maxPart bounds the text of one event, in bytes of JSON, body and markup together: an event has 65,536,
// encryption takes a third more, and an edit says everything twice.
const maxPart = 22 << 10

// line is one line of a message, in both forms. They say the same.
type line struct{ text, html string }

func (l line) size() int { return encoded(l.text) + encoded(l.html) + encoded("\n") + encoded("<br>") }

// encoded is the length of a text in JSON, where "<" takes six bytes.
func encoded(s string) int {
	n := len(s)
	for _, c := range []byte(s) {
		switch {
		case c == '<' || c == '>' || c == '&' || c < ' ':
			n += 5
		case c == '"' || c == '\\':
			n++
		}
	}
	return n
}

// words are the sentences that stand around choices.
type words func(what chat.Notice, args ...any) string

// legend is how the choices of a reply can be picked.
type legend struct {
	choices []offered
	votes   bool // a poll follows
	bot     id.UserID
	say     words
}

// render draws a reply as the contents of one or several events.
func render(r chat.Reply, l legend) []*event.MessageEventContent {
	lines := draw(r)
	if len(r.Choices) > 0 {
		lines = append(lines, line{})
		lines = append(lines, drawChoices(r.Choices, l)...)
	}
	var parts []*event.MessageEventContent
	for _, part := range split(lines) {
		parts = append(parts, contentOf(part))
	}
	return parts
}

// draw lays a reply out in lines.
func draw(r chat.Reply) []line {
	var lines []line
	if title := visible.Clean(r.Title); title != "" {
		lines = append(lines, wrap("strong", title)...)
	}
	notes := len(r.Body) // the notes at the end, which are about the whole
	for notes > 0 && r.Body[notes-1].Kind == chat.LineNote {
		notes--
	}
	for i, l := range r.Body {
		if l.Kind == chat.LineHeading || i == notes && i > 0 || i == 0 && len(lines) > 0 && l.Kind == chat.LinePlain && l.Label == "" {
			lines = append(lines, line{})
		}
		lines = append(lines, drawLine(l)...)
	}
	return lines
}

// drawLine draws one line of the core, which may be several of a message.
func drawLine(l chat.Line) []line {
	label, text := oneLine(l.Label), visible.Clean(l.Text)
	whole := label
	if label != "" && text != "" {
		whole += "  "
	}
	whole += text
	switch l.Kind {
	case chat.LineHeading:
		return wrap("strong", whole)
	case chat.LineNote:
		return wrap("em", whole)
	case chat.LineStruck:
		return wrap("del", whole)
	}
	if label == "" || text == "" {
		return wrap("", whole)
	}
	first, rest, more := strings.Cut(text, "\n")
	lines := []line{{label + "  " + first, "<strong>" + html.EscapeString(label) + "</strong>  " + html.EscapeString(first)}}
	if more {
		lines = append(lines, wrap("", rest)...)
	}
	return lines
}

// drawChoices lists what can be picked, each with all ways to pick it.
func drawChoices(choices []chat.Choice, l legend) []line {
	head := chat.NoticePick
	switch {
	case l.votes:
		head = chat.NoticeVote
	case risky(l.choices):
		head = chat.NoticeType
	}
	var lines []line
	if len(l.choices) > 0 {
		lines = wrap("em", visible.Clean(l.say(head)))
	}
	n := 0
	for _, c := range choices {
		label := oneLine(c.Label)
		if c.Start != "" {
			lines = append(lines, wrap("", label+" : "+visible.Clean(l.say(chat.NoticeInPrivate, "bot", l.bot.String(), "text", "!start "+c.Start)))...)
			continue
		}
		o := l.choices[n]
		n++
		text := strconv.Itoa(n) + ". " + label
		if o.Code != "" {
			text += " : " + visible.Clean(l.say(chat.NoticeTypeCode, "code", o.Code))
		}
		lines = append(lines, wrap("", text)...)
	}
	return lines
}

// wrap puts each line of a text into an element; none for the empty name.
func wrap(element, text string) []line {
	var lines []line
	for part := range strings.SplitSeq(text, "\n") {
		marked := html.EscapeString(part)
		if element != "" && part != "" {
			marked = "<" + element + ">" + marked + "</" + element + ">"
		}
		lines = append(lines, line{part, marked})
	}
	return lines
}

// split makes parts that fit into one event each, on the borders of lines; a line that is too long alone is
// cut.
func split(lines []line) [][]line {
	var parts [][]line
	var part []line
	size := 0
	for _, l := range lines {
		if l.size() > maxPart {
			l = cutLine(l)
		}
		if size+l.size() > maxPart {
			parts, part, size = append(parts, part), nil, 0
		}
		part, size = append(part, l), size+l.size()
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// cutLine keeps the beginning of a line, without its looks. A letter takes six bytes of JSON at most, and ten
// more where it is markup.
func cutLine(l line) line {
	text := bound(l.text, maxPart/18) + "…"
	return line{text, html.EscapeString(text)}
}

// contentOf makes one event of lines.
func contentOf(lines []line) *event.MessageEventContent {
	var text, marked []string
	for _, l := range lines {
		text, marked = append(text, l.text), append(marked, l.html)
	}
	return &event.MessageEventContent{
		MsgType: event.MsgNotice, Mentions: &event.Mentions{},
		Body: strings.Join(text, "\n"), Format: event.FormatHTML, FormattedBody: strings.Join(marked, "<br>"),
	}
}

// addressed begins a message with the name of a person, who is notified.
func addressed(content *event.MessageEventContent, to id.UserID, name string) *event.MessageEventContent {
	name = oneLine(name)
	if content.FormattedBody == "" {
		content.Format, content.FormattedBody = event.FormatHTML, strings.ReplaceAll(html.EscapeString(content.Body), "\n", "<br>")
	}
	content.Body = name + ": " + content.Body
	content.FormattedBody = `<a href="` + html.EscapeString(to.URI().MatrixToURL()) + `">` + html.EscapeString(name) + "</a>: " + content.FormattedBody
	content.Mentions.Add(to)
	return content
}

// relate puts a message into a thread, or makes it an answer; both may be empty.
func relate(content *event.MessageEventContent, thread, answers id.EventID) {
	switch {
	case thread != "":
		content.RelatesTo = (&event.RelatesTo{}).SetThread(thread, cmp.Or(answers, thread))
	case answers != "":
		content.RelatesTo = (&event.RelatesTo{}).SetReplyTo(answers)
	}
}

func oneLine(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(visible.Clean(s), "\n", " "))
}
