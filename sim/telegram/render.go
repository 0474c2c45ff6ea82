package telegram

import (
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// renderHTML writes a text and its entities in parse mode HTML. Entities must nest, as parsed ones do.
func renderHTML(text string, entities []Entity) string {
	all := utf16.Encode([]rune(text))
	var b strings.Builder
	var open []Entity
	at := 0
	writeTo := func(end int) {
		b.WriteString(html.EscapeString(string(utf16.Decode(all[at:end]))))
		at = end
	}
	closeUntil := func(offset int) {
		for n := len(open); n > 0 && open[n-1].Offset+open[n-1].Length <= offset; n = len(open) {
			e := open[n-1]
			writeTo(e.Offset + e.Length)
			_, end := e.tags()
			b.WriteString(end)
			open = open[:n-1]
		}
	}
	for _, e := range entities {
		closeUntil(e.Offset)
		writeTo(e.Offset)
		start, _ := e.tags()
		b.WriteString(start)
		open = append(open, e)
	}
	closeUntil(len(all))
	writeTo(len(all))
	return b.String()
}

// tags are the start and end tags of an entity; those that Telegram finds by itself have none.
func (e Entity) tags() (string, string) {
	attribute := func(name, value string) string {
		if value == "" {
			return ""
		}
		return " " + name + "=\"" + html.EscapeString(value) + "\""
	}
	tag := func(name string, attributes ...string) (string, string) {
		return "<" + name + strings.Join(attributes, "") + ">", "</" + name + ">"
	}
	switch e.Type {
	case "bold":
		return tag("b")
	case "italic":
		return tag("i")
	case "underline":
		return tag("u")
	case "strikethrough":
		return tag("s")
	case "spoiler":
		return tag("tg-spoiler")
	case "code", "blockquote":
		return tag(e.Type)
	case "expandable_blockquote":
		return "<blockquote expandable>", "</blockquote>"
	case "text_link":
		return tag("a", attribute("href", e.URL))
	case "custom_emoji":
		return tag("tg-emoji", attribute("emoji-id", e.CustomEmojiID))
	case "date_time":
		return tag("tg-time", attribute("unix", strconv.FormatInt(e.UnixTime, 10)), attribute("format", e.DateTimeFormat))
	case "pre":
		if e.Language == "" {
			return tag("pre")
		}
		start, end := tag("code", attribute("class", "language-"+e.Language))
		return "<pre>" + start, end + "</pre>"
	}
	return "", ""
}

// Styled reports whether the message shows these words, and them alone, in the style; e.g. "bold", "code".
func (m Message) Styled(style, words string) bool {
	all := utf16.Encode([]rune(m.Text))
	return slices.ContainsFunc(m.Entities, func(e Entity) bool {
		return e.Type == style && string(utf16.Decode(all[e.Offset:e.Offset+e.Length])) == words
	})
}
