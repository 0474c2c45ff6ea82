//go:build goolm

package matrix

import (
	"cmp"
	"fmt"
	"html"
	"slices"
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
type line struct {
	text, html string
	quote      bool // words of somebody else
	list       list // that it is an entry of
	more       bool // goes on with the entry before
	number     int  // of the entry of a numbered list, which is in neither form
}

// list is the kind of a list: its element.
type list string

const (
	noList  list = ""
	bullets list = "ul"
	numbers list = "ol"
)

// size is what a line takes at the most, with what stands before and after it.
func (l line) size() int {
	n := encoded(l.text) + encoded(l.html) + encoded("\n") + encoded("<br>")
	if l.quote {
		n += encoded(quoteMark) + encoded("<blockquote></blockquote>")
	}
	if l.list != noList {
		n += encoded(`100. <ol start="100"><li></li></ol>`)
	}
	return n
}

// quoteMark begins a line of a quotation where there is no markup.
const quoteMark = "> "

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
	var contents []*event.MessageEventContent
	for _, part := range headed(lines, r.Title) {
		contents = append(contents, contentOf(part))
	}
	return contents
}

// bounded draws a reply, or its beginning with a file of the whole, in no more than chat.MaxMessages messages.
func bounded(r chat.Reply, l legend) (chat.Reply, []*event.MessageEventContent) {
	surely := r.Size() > chat.MaxMessages*maxPart
	if r.File == nil && !surely {
		if parts := render(r, l); len(parts) <= chat.MaxMessages {
			return r, parts
		}
	}
	if r.File == nil {
		r = r.Shorten()
	}
	return r, render(r, l)
}

// headed divides lines into messages. One that continues another begins with the title and its number, so that what
// stands at its top, such as the words of a teacher, does not look as if the bot said it.
func headed(lines []line, title string) [][]line {
	parts := split(lines)
	title = visible.Cut(oneLine(title), visible.MaxLine)
	for i := 1; i < len(parts); i++ {
		heading := strings.TrimSpace(fmt.Sprintf("%s (%d/%d)", title, i+1, len(parts)))
		parts[i] = append(wrap("strong", heading), parts[i]...)
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
	return leaveOutShort(lines)
}

// leaveOutShort makes plain lines of lists of one entry.
func leaveOutShort(lines []line) []line {
	for from := 0; from < len(lines); {
		end, entries := from, 0
		for ; end < len(lines) && lines[end].list == bullets; end++ {
			if !lines[end].more {
				entries++
			}
		}
		for i := from; i < end && entries < 2; i++ {
			lines[i].list, lines[i].more = noList, false
		}
		from = max(end, from+1)
	}
	return lines
}

// entry makes an entry of a list of the lines.
func entry(lines []line) []line {
	for i := range lines {
		lines[i].list, lines[i].more = bullets, i > 0
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
		lines := appendAside(wrap("del", whole), oneLine(l.Aside))
		if label == "" {
			return lines
		}
		return entry(lines)
	case chat.LineQuote:
		return drawQuote(label, text)
	}
	if label == "" || text == "" {
		return wrap("", whole)
	}
	first, rest, more := strings.Cut(text, "\n")
	lines := []line{{
		text: label + "  " + first, html: "<strong>" + html.EscapeString(label) + "</strong>  " + html.EscapeString(first),
	}}
	if more {
		lines = append(lines, wrap("", rest)...)
	}
	return entry(lines)
}

// appendAside adds what stands behind the last line and has no look of its own.
func appendAside(lines []line, aside string) []line {
	if aside == "" {
		return lines
	}
	last := &lines[len(lines)-1]
	if last.text != "" {
		last.text += " "
		last.html += " "
	}
	last.text += aside
	last.html += html.EscapeString(aside)
	return lines
}

// drawQuote draws words of somebody else below their label. One short line stands beside it.
func drawQuote(label, text string) []line {
	if label != "" && len(text) <= besides && !strings.Contains(text, "\n") {
		return drawLine(chat.Line{Label: label, Text: text})
	}
	var lines []line
	if label != "" {
		lines = wrap("strong", label)
	}
	if text == "" {
		return lines
	}
	for _, l := range wrap("", text) {
		l.quote = true
		lines = append(lines, l)
	}
	return lines
}

// besides bounds a quotation that stands beside its label, in bytes.
const besides = 60

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
			lines = append(lines, wrap("", label+" : "+visible.Clean(l.say(chat.NoticeInPrivate, "bot", l.bot.String(), "text", cmp.Or(c.Instead, "!start "+c.Start))))...)
			continue
		}
		o := l.choices[n]
		n++
		if o.Code != "" {
			label += " : " + oneLine(l.say(chat.NoticeTypeCode, "code", o.Code))
		}
		lines = append(lines, line{text: label, html: html.EscapeString(label), list: numbers, number: n})
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
		lines = append(lines, line{text: part, html: marked})
	}
	return lines
}

// split makes parts that fit into one event each, on the borders of lines; a line that is too long alone becomes
// several.
func split(lines []line) [][]line {
	var parts [][]line
	var part []line
	size := 0
	for _, l := range cutLong(lines) {
		if size+l.size() > maxPart {
			parts, part, size = append(parts, part), nil, 0
		}
		part, size = append(part, l), size+l.size()
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	for _, part := range parts { // what goes on with an entry of the message before is none of its own
		for i := 0; i < len(part) && part[i].more; i++ {
			part[i].list, part[i].more = noList, false
		}
	}
	return parts
}

// cutLong makes several lines of one that is too long for an event, without its looks. A letter takes six bytes of
// JSON at most, and ten more where it is markup.
func cutLong(lines []line) []line {
	if !slices.ContainsFunc(lines, func(l line) bool { return l.size() > maxPart }) {
		return lines
	}
	var out []line
	for _, l := range lines {
		if l.size() <= maxPart {
			out = append(out, l)
			continue
		}
		started := false // the rest goes on with the same entry
		for rest := l.text; rest != ""; {
			piece := bound(rest, maxPart/18)
			if len(piece) < len(rest) {
				if space := strings.LastIndexByte(piece, ' '); space > len(piece)/2 {
					piece = piece[:space+1]
				}
			}
			rest = rest[len(piece):]
			piece = strings.TrimRight(piece, " ")
			out = append(out, line{
				text: piece, html: html.EscapeString(piece), quote: l.quote,
				list: l.list, more: l.more || started, number: l.number,
			})
			started = true
		}
	}
	return out
}

// contentOf makes one event of lines. Quotations and lists are blocks of their own.
func contentOf(lines []line) *event.MessageEventContent {
	var text strings.Builder
	for i, l := range lines {
		if i > 0 {
			text.WriteByte('\n')
		}
		switch {
		case l.quote:
			text.WriteString(quoteMark)
		case l.list == numbers && !l.more:
			text.WriteString(strconv.Itoa(l.number) + ". ")
		}
		text.WriteString(l.text)
	}
	return &event.MessageEventContent{
		MsgType: event.MsgNotice, Mentions: &event.Mentions{},
		Body: text.String(), Format: event.FormatHTML, FormattedBody: markup(lines),
		BeeperLinkPreviews: []*event.BeeperLinkPreview{}, // none, also of pages that a school names (MSC4095)
	}
}

// block is the element that a line stands in; empty for none.
func (l line) block() string {
	if l.quote {
		return "blockquote"
	}
	return string(l.list)
}

// markup is the HTML of lines. A list has room around it: the empty lines there are left out.
func markup(lines []line) string {
	var b strings.Builder
	open := ""
	closeBlock := func() {
		switch open {
		case "":
			return
		case string(bullets), string(numbers):
			b.WriteString("</li>")
		}
		b.WriteString("</" + open + ">")
	}
	for i, l := range lines {
		list := func(i int) bool { return i >= 0 && i < len(lines) && lines[i].list != noList }
		if l.text == "" && l.block() == "" && (list(i-1) || list(i+1)) {
			continue
		}
		block := l.block()
		again := block == open && b.Len() > 0
		switch {
		case again && l.list != noList && !l.more:
			b.WriteString("</li><li>")
		case again:
			b.WriteString("<br>")
		default:
			closeBlock()
			open = block
			switch {
			case block == string(numbers) && l.number > 1:
				b.WriteString(`<ol start="` + strconv.Itoa(l.number) + `">`)
			case block != "":
				b.WriteString("<" + block + ">")
			}
			if l.list != noList {
				b.WriteString("<li>")
			}
		}
		b.WriteString(l.html)
	}
	closeBlock()
	return b.String()
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
