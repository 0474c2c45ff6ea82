package telegram

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxText    = 4096 // UTF-16 units after parsing; sendMessage
	maxCaption = 1024 // sendPhoto and sendDocument
)

// formatted reads a text parameter with its parse mode or entities into what a person sees.
func (q *query) formatted(name, entitiesName string) (string, []Entity, error) {
	text := clean(q.str(name))
	var entities []Entity
	switch mode := strings.ToLower(q.str("parse_mode")); mode {
	case "html":
		parsed, found, err := parseHTML(text)
		if err != nil {
			return "", nil, badRequest("can't parse entities: %s", err)
		}
		text, entities = parsed, found
	case "":
		if err := q.object(entitiesName, &entities, "can't parse entities JSON object"); err != nil {
			return "", nil, err
		}
		entities = slices.DeleteFunc(entities, func(e Entity) bool {
			return e.Type == "" || e.Offset < 0 || e.Length <= 0 || e.Offset+e.Length > units(text)
		})
		entities = tidy(entities)
	default:
		return "", nil, badRequest("unsupported parse_mode")
	}
	text, entities = trim(text, entities)
	return text, entities, nil
}

// clean does to control characters what Telegram does: no carriage returns, spaces for the others.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return -1
		case r < ' ' && r != '\n':
			return ' '
		}
		return r
	}, s)
}

// trim cuts blank lines at the start and white space at the end, and the entities with them.
func trim(text string, entities []Entity) (string, []Entity) {
	end := strings.TrimRightFunc(text, unicode.IsSpace)
	start := end
	for {
		line, rest, ok := strings.Cut(start, "\n")
		if !ok || strings.TrimSpace(line) != "" {
			break
		}
		start = rest
	}
	shift, length := units(end)-units(start), units(start)
	var kept []Entity
	for _, e := range entities {
		from, to := max(0, e.Offset-shift), min(length, e.Offset+e.Length-shift)
		if from < to {
			e.Offset, e.Length = from, to-from
			kept = append(kept, e)
		}
	}
	return start, kept
}

var (
	commandForm = regexp.MustCompile(`(?:^|[^\pL\pN_/<>])(/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?:$|[^\pL\pN_@/<>])`)
	mentionForm = regexp.MustCompile(`(?:^|\s)(@[A-Za-z0-9_]{4,32})\b`)
	linkForm    = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// detect finds what Telegram marks by itself in a text: commands, mentions and links.
func detect(text string) []Entity {
	var found []Entity
	add := func(kind string, from, to int) {
		found = append(found, Entity{Type: kind, Offset: units(text[:from]), Length: units(text[from:to])})
	}
	for at := 0; at < len(text); {
		m := commandForm.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		add("bot_command", at+m[2], at+m[3])
		at += m[3]
	}
	for _, m := range mentionForm.FindAllStringSubmatchIndex(text, -1) {
		add("mention", m[2], m[3])
	}
	for _, m := range linkForm.FindAllStringIndex(text, -1) {
		add("url", m[0], m[1])
	}
	return tidy(found)
}

// Button is one inline button, or one key of a reply keyboard.
type Button struct {
	Text     string
	Data     string // callback_data
	URL      string
	Style    string
	CopyText string
	WebApp   string // address
	Kind     string // the field that says what it does, e.g. "callback_data"; "text" for a key
}

// markup is a checked reply_markup.
type markup struct {
	raw    json.RawMessage // as messages show it; nil if they do not
	inline [][]Button
	keys   [][]Button // a reply keyboard
	remove bool       // takes the reply keyboard away
	force  bool
}

var actions = []string{
	"url", "callback_data", "web_app", "login_url", "switch_inline_query",
	"switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
	"disabled",
}

const maxButtons = 100

// markup reads reply_markup; nil means that there is none.
func (q *query) markup(c *chat, inlineOnly bool) (*markup, error) {
	if !q.has("reply_markup") {
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(q.str("reply_markup")), &fields) != nil {
		return nil, badRequest("can't parse reply keyboard markup JSON object")
	}
	if fields == nil {
		return nil, badRequest("object expected as reply markup")
	}
	if raw, ok := fields["inline_keyboard"]; ok {
		return inlineMarkup(raw, c)
	}
	if inlineOnly {
		return nil, badRequest("inline keyboard expected")
	}
	m := &markup{}
	_, m.remove = fields["remove_keyboard"]
	_, m.force = fields["force_reply"]
	if raw, ok := fields["keyboard"]; ok {
		var rows [][]json.RawMessage
		if json.Unmarshal(raw, &rows) != nil || rows == nil {
			return nil, badRequest("field \"keyboard\" must be an Array of Arrays")
		}
		for _, row := range rows {
			m.keys = append(m.keys, keysOf(row))
		}
	}
	return m, nil
}

func keysOf(row []json.RawMessage) []Button {
	var keys []Button
	for _, raw := range row {
		var key struct{ Text string }
		if json.Unmarshal(raw, &key) != nil {
			json.Unmarshal(raw, &key.Text)
		}
		keys = append(keys, Button{Text: key.Text, Kind: "text"})
	}
	return keys
}

func inlineMarkup(raw json.RawMessage, c *chat) (*markup, error) {
	var rows [][]map[string]json.RawMessage
	if json.Unmarshal(raw, &rows) != nil {
		return nil, badRequest("field \"inline_keyboard\" must be an Array of Arrays")
	}
	if rows == nil {
		return nil, badRequest("field \"inline_keyboard\" must be of type Array")
	}
	m, count := &markup{}, 0
	for _, row := range rows {
		var buttons []Button
		for _, fields := range row {
			b, err := inlineButton(fields, c)
			if err != nil {
				return nil, err
			}
			buttons = append(buttons, b)
		}
		if count += len(row); count > maxButtons {
			return nil, badRequest("reply markup is too long")
		}
		if len(buttons) > 0 {
			m.inline = append(m.inline, buttons)
		}
	}
	if m.inline != nil {
		m.raw, _ = json.Marshal(map[string]any{"inline_keyboard": rows})
	}
	return m, nil
}

func inlineButton(fields map[string]json.RawMessage, c *chat) (Button, error) {
	var b Button
	text := func(name string) (s string) {
		json.Unmarshal(fields[name], &s)
		return s
	}
	for _, kind := range actions {
		if _, ok := fields[kind]; ok && b.Kind != "" {
			return b, badRequest("can't parse inline keyboard button: exactly one optional field must be used")
		} else if ok {
			b.Kind = kind
		}
	}
	b.Text, b.Data, b.URL, b.Style = text("text"), text("callback_data"), text("url"), text("style")
	json.Unmarshal(fields["copy_text"], &struct{ Text *string }{&b.CopyText})
	json.Unmarshal(fields["web_app"], &struct{ URL *string }{&b.WebApp})
	switch {
	case strings.TrimSpace(b.Text) == "":
		return b, badRequest("inline keyboard button text must be non-empty")
	case b.Kind == "":
		return b, badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
	case b.Kind == "callback_data" && (b.Data == "" || len(b.Data) > 64):
		return b, badRequest("BUTTON_DATA_INVALID")
	case b.Kind == "copy_text" && (b.CopyText == "" || utf8.RuneCountInString(b.CopyText) > 256):
		return b, badRequest("BUTTON_COPY_TEXT_INVALID")
	case b.Kind == "url" && !validLink(b.URL):
		return b, badRequest("inline keyboard button URL '%s' is invalid: Wrong HTTP URL", b.URL)
	case b.Kind == "web_app" && c.kind != private:
		return b, badRequest("BUTTON_TYPE_INVALID")
	case b.Style != "" && b.Style != "danger" && b.Style != "success" && b.Style != "primary":
		return b, badRequest("can't parse inline keyboard button: invalid button style specified")
	}
	return b, nil
}
