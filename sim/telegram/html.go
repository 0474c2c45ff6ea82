package telegram

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainTags are the tags without attributes ("HTML style" of "Formatting options").
var plainTags = map[string]string{
	"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
	"s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
	"code": "code", "pre": "pre", "blockquote": "blockquote",
	"span": "spoiler", "a": "text_link", "tg-emoji": "custom_emoji", "tg-time": "date_time",
}

// htmlParser turns text in parse mode HTML into what a person sees.
type htmlParser struct {
	in       string
	pos      int
	out      strings.Builder
	units    int // UTF-16 length of out
	open     []openTag
	entities []Entity
}

type openTag struct {
	name   string
	entity Entity
	from   int // byte offset in out of its content, which is an a's link if it has no href
}

// parseHTML returns the text without tags and its entities, sorted and without empty ones. The error's
// text is what Telegram puts after "can't parse entities: ".
func parseHTML(in string) (string, []Entity, error) {
	p := htmlParser{in: in}
	for p.pos < len(p.in) {
		switch p.in[p.pos] {
		case '<':
			if err := p.tag(); err != nil {
				return "", nil, err
			}
		case '&':
			p.character()
		default:
			_, size := utf8.DecodeRuneInString(p.in[p.pos:])
			p.write(p.in[p.pos : p.pos+size])
			p.pos += size
		}
	}
	if n := len(p.open); n > 0 {
		return "", nil, cannotParse("Can't find end tag corresponding to start tag %q", p.open[n-1].name)
	}
	return p.out.String(), tidy(p.entities), nil
}

func (p *htmlParser) write(s string) {
	p.out.WriteString(s)
	p.units += units(s)
}

// character reads a reference; what is none stays as it is written, as with Telegram.
func (p *htmlParser) character() {
	end := strings.IndexByte(p.in[p.pos:min(len(p.in), p.pos+12)], ';')
	if end > 0 {
		if r, ok := reference(p.in[p.pos+1 : p.pos+end]); ok {
			p.write(string(r))
			p.pos += end + 1
			return
		}
	}
	p.write("&")
	p.pos++
}

// reference knows the four named entities that Telegram supports, and numbers.
func reference(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(strings.ToLower(digits), "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	r := rune(n)
	return r, ok && err == nil && n != 0 && n <= unicode.MaxRune && utf8.ValidRune(r)
}

// tag reads a start or an end tag at pos.
func (p *htmlParser) tag() error {
	start := p.pos
	closing := strings.HasPrefix(p.in[start:], "</")
	nameAt := start + 1
	if closing {
		nameAt++
	}
	end := nameAt
	for end < len(p.in) && !isSpace(p.in[end]) && p.in[end] != '>' && (closing || p.in[end] != '/') {
		end++
	}
	name := strings.ToLower(p.in[nameAt:end])
	if closing {
		return p.endTag(start, name, end)
	}
	if end == len(p.in) {
		return cannotParse("Unclosed start tag at byte offset %d", start)
	}
	kind, ok := plainTags[name]
	if !ok {
		return cannotParse("Unsupported start tag %q at byte offset %d", name, start)
	}
	attributes, next, err := p.attributes(start, name, end)
	if err != nil {
		return err
	}
	e := Entity{Type: kind, Offset: p.units}
	if err := p.describe(&e, name, start, attributes); err != nil {
		return err
	}
	p.open = append(p.open, openTag{name: name, entity: e, from: p.out.Len()})
	p.pos = next
	return nil
}

// describe puts the attributes that have a meaning into the entity.
func (p *htmlParser) describe(e *Entity, name string, start int, attributes map[string]string) error {
	switch name {
	case "span":
		if attributes["class"] != "tg-spoiler" {
			return cannotParse("Tag \"span\" must have class \"tg-spoiler\" at byte offset %d", start)
		}
	case "a":
		e.URL = attributes["href"]
	case "blockquote":
		if _, ok := attributes["expandable"]; ok {
			e.Type = "expandable_blockquote"
		}
	case "code":
		e.Language, _ = strings.CutPrefix(attributes["class"], "language-")
	case "tg-emoji":
		if _, err := strconv.ParseUint(attributes["emoji-id"], 10, 64); err != nil {
			return cannotParse("Invalid custom emoji identifier specified")
		}
		e.CustomEmojiID = attributes["emoji-id"]
	case "tg-time":
		n, err := strconv.ParseInt(attributes["unix"], 10, 64)
		if err != nil {
			return cannotParse("Invalid date specified at byte offset %d", start)
		}
		e.UnixTime, e.DateTimeFormat = n, attributes["format"]
	}
	return nil
}

// attributes reads up to the end of the start tag and returns the position after it.
func (p *htmlParser) attributes(start int, name string, pos int) (map[string]string, int, error) {
	found := map[string]string{}
	unclosed := cannotParse("Unclosed start tag %q at byte offset %d", name, start)
	for {
		for pos < len(p.in) && isSpace(p.in[pos]) {
			pos++
		}
		if pos >= len(p.in) {
			return nil, 0, unclosed
		}
		if p.in[pos] == '>' {
			return found, pos + 1, nil
		}
		from := pos
		for pos < len(p.in) && !isSpace(p.in[pos]) && p.in[pos] != '=' && p.in[pos] != '>' {
			pos++
		}
		attribute := strings.ToLower(p.in[from:pos])
		if attribute == "" || strings.HasPrefix(attribute, "/") {
			return nil, 0, cannotParse("Empty attribute name in the tag %q at byte offset %d", name, start)
		}
		if pos >= len(p.in) {
			return nil, 0, unclosed
		}
		if p.in[pos] != '=' {
			found[attribute] = ""
			continue
		}
		value, next, ok := p.value(pos + 1)
		if !ok {
			return nil, 0, unclosed
		}
		found[attribute], pos = value, next
	}
}

// value reads an attribute's value, quoted or bare.
func (p *htmlParser) value(pos int) (string, int, bool) {
	if pos >= len(p.in) {
		return "", 0, false
	}
	if quote := p.in[pos]; quote == '"' || quote == '\'' {
		end := strings.IndexByte(p.in[pos+1:], quote)
		if end < 0 {
			return "", 0, false
		}
		return unescape(p.in[pos+1 : pos+1+end]), pos + end + 2, true
	}
	from := pos
	for pos < len(p.in) && !isSpace(p.in[pos]) && p.in[pos] != '>' {
		pos++
	}
	return unescape(p.in[from:pos]), pos, pos < len(p.in)
}

func unescape(s string) string {
	p := htmlParser{in: s}
	for p.pos < len(s) {
		if s[p.pos] == '&' {
			p.character()
			continue
		}
		p.out.WriteByte(s[p.pos])
		p.pos++
	}
	return p.out.String()
}

func (p *htmlParser) endTag(start int, name string, end int) error {
	if len(p.open) == 0 {
		return cannotParse("Unexpected end tag at byte offset %d", start)
	}
	last := p.open[len(p.open)-1]
	for end < len(p.in) && isSpace(p.in[end]) {
		end++
	}
	if end >= len(p.in) || p.in[end] != '>' {
		return cannotParse("Unclosed end tag at byte offset %d", start)
	}
	if name != "" && name != last.name {
		return cannotParse("Unmatched end tag at byte offset %d, expected %q, found %q",
			start, "</"+last.name+">", "</"+name+">")
	}
	p.open = p.open[:len(p.open)-1]
	p.pos = end + 1
	p.add(last)
	return nil
}

// add keeps the entity of a tag that has ended, and drops what Telegram drops: links that are none,
// a nested quotation.
func (p *htmlParser) add(t openTag) {
	e := t.entity
	e.Length = p.units - e.Offset
	if e.Length == 0 {
		return
	}
	switch t.name {
	case "a":
		if e.URL == "" {
			e.URL = p.out.String()[t.from:]
		}
		if !validLink(e.URL) {
			return
		}
	case "blockquote":
		if slices.ContainsFunc(p.open, func(o openTag) bool { return o.name == "blockquote" }) {
			return
		}
	case "pre":
		p.absorbLanguage(&e)
	}
	p.entities = append(p.entities, e)
}

// absorbLanguage joins <pre><code class="language-x"> to one entity.
func (p *htmlParser) absorbLanguage(pre *Entity) {
	if n := len(p.entities); n > 0 {
		code := p.entities[n-1]
		if code.Type == "code" && code.Offset == pre.Offset && code.Length == pre.Length {
			pre.Language = code.Language
		}
	}
}

func validLink(link string) bool {
	scheme, rest, ok := strings.Cut(link, "://")
	if !ok {
		return strings.Contains(link, ".") && !strings.ContainsAny(link, " \n<>")
	}
	scheme = strings.ToLower(scheme)
	return rest != "" && (scheme == "http" || scheme == "https" || scheme == "tg" || scheme == "ton")
}

// cannotParse makes an error in Telegram's words, which begin with a capital.
func cannotParse(format string, a ...any) error {
	return refusal(fmt.Sprintf(format, a...))
}

type refusal string

func (e refusal) Error() string { return string(e) }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
