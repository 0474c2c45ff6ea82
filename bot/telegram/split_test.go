package telegram

import (
	"strings"
	"testing"

	"cartable/core/chat"
)

func textRows(lines ...string) []textRow {
	var rows []textRow
	for _, l := range lines {
		rows = appendText(rows, plainText, strings.TrimPrefix(l, "#"), strings.HasPrefix(l, "#"))
	}
	return rows
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name  string
		rows  []textRow
		limit int
		want  []string
	}{
		{"nothing", nil, 10, []string{""}},
		{"fits", textRows("ab", "cd"), 5, []string{"ab\ncd"}},
		{"one over", textRows("ab", "cde"), 5, []string{"ab", "cde"}},
		{"blank at the border", textRows("ab", "", "cd"), 4, []string{"ab", "cd"}},
		{"heading stays with its group", textRows("aaaa", "", "#hh", "bbbb"), 9, []string{"aaaa", "hh\nbbbb"}},
		{"headings only", textRows("#aa", "#bb", "#cc"), 5, []string{"aa\nbb", "cc"}},
		{"long line, at a space", textRows("aaa bbb ccc"), 8, []string{"aaa bbb ", "ccc"}},
		{"long line without spaces", textRows("abcdefgh"), 3, []string{"abc", "def", "gh"}},
		{"surrogate pairs stay whole", textRows("a😀😀b"), 3, []string{"a😀", "😀b"}},
		{"wider than the limit", textRows("😀😀"), 1, []string{"😀", "😀"}},
		{"before and after", textRows("x", "aaaaaa", "y"), 4, []string{"x", "aaaa", "aa\ny"}},
	}
	for _, tt := range tests {
		var got []string
		for _, p := range split(tt.rows, tt.limit) {
			got = append(got, writePlain(p))
		}
		if strings.Join(got, "|") != strings.Join(tt.want, "|") {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestFormatSurvivesSplit(t *testing.T) {
	rows := []textRow{{spans: []span{{plainText, "08:00 "}, {bold, "aaaa bbbb"}, {plainText, " & c"}}}}
	var got []string
	for _, p := range split(rows, 11) {
		got = append(got, writeHTML(p))
	}
	want := []string{"08:00 <b>aaaa </b>", "<b>bbbb</b> &amp; c"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzSplit: parts hold all of the text but white space, none is too long, and tags are balanced.
func FuzzSplit(f *testing.F) {
	f.Add("Title", "08:00–09:00", "Maths · M. X\nsecond line", uint8(2), uint16(20))
	f.Add("", "Label", "a very long text that has to be cut somewhere 😀😀😀😀😀😀", uint8(0), uint16(7))
	f.Add("<b>", "&", "</i>", uint8(3), uint16(1))
	f.Add("x", "Maths", "words of\nsomebody\n\nelse", uint8(4), uint16(12))
	f.Add("x", "/cmd", "\xff\x00\n\n\n", uint8(1), uint16(3))
	f.Fuzz(func(t *testing.T, title, label, text string, kind uint8, limit uint16) {
		if len(title)+len(label)+len(text) > 2000 {
			return
		}
		most := int(limit)%500 + 2
		rows := draw(chat.Reply{Title: title, Body: []chat.Line{
			{Kind: chat.LineKind(kind % 5), Label: label, Text: text},
			{Kind: chat.LineHeading, Text: title},
			{Label: text, Text: label},
			{Kind: chat.LineNote, Text: text},
		}})
		whole, joined := solid(writePlain(rows)), ""
		for _, p := range split(rows, most) {
			plain := writePlain(p)
			if units(plain) > most {
				t.Fatalf("a part of %d units, the limit is %d", units(plain), most)
			}
			if got := undress(t, writeHTML(p)); got != plain {
				t.Fatalf("markup of %q is %q", plain, got)
			}
			joined += solid(plain)
		}
		if joined != whole {
			t.Fatalf("joined %q, want %q", joined, whole)
		}
	})
}

// solid is a text without white space.
func solid(s string) string { return strings.Join(strings.Fields(s), "") }

// undress reads HTML as strictly as Telegram: known tags, closed in order, and three entities.
func undress(t *testing.T, html string) string {
	t.Helper()
	var b strings.Builder
	var open []string
	for html != "" {
		i := strings.IndexAny(html, "<>&")
		if i < 0 {
			b.WriteString(html)
			break
		}
		b.WriteString(html[:i])
		html = html[i:]
		end := strings.IndexAny(html, ">;")
		if end < 0 {
			t.Fatalf("loose %q", html)
		}
		switch token := html[:end+1]; token {
		case "<b>", "<i>", "<s>", "<u>", "<blockquote>":
			open = append(open, token[1:])
		case "</b>", "</i>", "</s>", "</u>", "</blockquote>":
			if len(open) == 0 || open[len(open)-1] != token[2:] {
				t.Fatalf("%s closes nothing", token)
			}
			open = open[:len(open)-1]
		case "&lt;", "&gt;", "&amp;":
			b.WriteString(map[string]string{"&lt;": "<", "&gt;": ">", "&amp;": "&"}[token])
		default:
			t.Fatalf("what is %q?", token)
		}
		html = html[end+1:]
	}
	if len(open) > 0 {
		t.Fatalf("left open: %v", open)
	}
	return b.String()
}
