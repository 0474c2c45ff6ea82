package telegram

import (
	"reflect"
	"strings"
	"testing"
)

var htmlTests = []struct {
	in   string
	text string
	want []Entity
	err  string // Telegram's words; "" when the text is accepted
}{
	{in: "plain"},
	{in: "a &lt;b&gt; &amp; &quot;c&quot; &#233;&#x20AC;", text: `a <b> & "c" é€`},
	{in: "5 & 6 &nbsp; &#0; &#xD800; &"},
	{in: "<b>Maths</b> 8h", text: "Maths 8h", want: []Entity{{Type: "bold", Length: 5}}},
	{in: "🎒 <STRONG>x</strong >", text: "🎒 x", want: []Entity{{Type: "bold", Offset: 3, Length: 1}}},
	{in: "<b>a<i>b</i></b>", text: "ab", want: []Entity{{Type: "bold", Length: 2}, {Type: "italic", Offset: 1, Length: 1}}},
	{
		in: `<a href="https://a.example/?x=1&amp;y=2">here</a>`, text: "here",
		want: []Entity{{Type: "text_link", Length: 4, URL: "https://a.example/?x=1&y=2"}},
	},
	{in: `<a href='javascript:x'>here</a>`, text: "here"},
	{in: `<pre><code class="language-go">x</code></pre>`, text: "x", want: []Entity{{Type: "pre", Length: 1, Language: "go"}}},
	{in: `<code class="language-go">x</code>`, text: "x", want: []Entity{{Type: "code", Length: 1}}},
	{in: "<b>a<code>b</code>c</b>", text: "abc", want: []Entity{
		{Type: "bold", Length: 1}, {Type: "code", Offset: 1, Length: 1}, {Type: "bold", Offset: 2, Length: 1},
	}},
	{in: "<pre>a<b>b</b></pre>", text: "ab", want: []Entity{{Type: "pre", Length: 2}}},
	{in: "<blockquote expandable>q</blockquote>", text: "q", want: []Entity{{Type: "expandable_blockquote", Length: 1}}},
	{in: "<blockquote>q<blockquote>r</blockquote></blockquote>", text: "qr", want: []Entity{{Type: "blockquote", Length: 2}}},
	{
		in: `<span class="tg-spoiler">s</span><tg-spoiler>t</tg-spoiler>`, text: "st",
		want: []Entity{{Type: "spoiler", Length: 1}, {Type: "spoiler", Offset: 1, Length: 1}},
	},
	{
		in: `<tg-time unix="1647531900" format="wDT">17 mars</tg-time>`, text: "17 mars",
		want: []Entity{{Type: "date_time", Length: 7, UnixTime: 1647531900, DateTimeFormat: "wDT"}},
	},
	{in: "<b></b>x", text: "x"},

	{in: "<b>x", err: `Can't find end tag corresponding to start tag "b"`},
	{in: "<b>x</i>", err: `Unmatched end tag at byte offset 4, expected "</b>", found "</i>"`},
	{in: "<b><i>x</b></i>", err: "Unmatched end tag at byte offset 7"},
	{in: "x</b>", err: "Unexpected end tag at byte offset 1"},
	{in: "a<br>b", err: `Unsupported start tag "br" at byte offset 1`},
	{in: "<p>x</p>", err: `Unsupported start tag "p" at byte offset 0`},
	{in: "3 < 4", err: `Unsupported start tag "" at byte offset 2`},
	{in: "<b", err: "Unclosed start tag at byte offset 0"},
	{in: "<b class", err: `Unclosed start tag "b" at byte offset 0`},
	{in: `<a href="x>y</a>`, err: `Unclosed start tag "a" at byte offset 0`},
	{in: "<b>x</b", err: "Unclosed end tag at byte offset 4"},
	{in: "<b/>", err: `Empty attribute name in the tag "b" at byte offset 0`},
	{in: "<span>x</span>", err: `Tag "span" must have class "tg-spoiler" at byte offset 0`},
	{in: "<!-- x -->", err: `Unsupported start tag "!--" at byte offset 0`},
	{in: `<tg-emoji>x</tg-emoji>`, err: "Invalid custom emoji identifier specified"},
	{in: `<tg-time unix="soon">x</tg-time>`, err: "Invalid date specified"},
}

func TestHTML(t *testing.T) {
	for _, tt := range htmlTests {
		text, entities, err := parseHTML(tt.in)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: error %v, want %q", tt.in, err, tt.err)
			}
			continue
		}
		want := tt.text
		if want == "" {
			want = tt.in
		}
		if err != nil || text != want || len(entities)+len(tt.want) > 0 && !reflect.DeepEqual(entities, tt.want) {
			t.Errorf("%q: got %q %+v, %v", tt.in, text, entities, err)
		}
	}
}

func TestTrim(t *testing.T) {
	text, entities := trim(" \n\n  <b> \n", []Entity{{Type: "bold", Offset: 0, Length: 3}, {Type: "italic", Offset: 4, Length: 6}})
	if text != "  <b>" || !reflect.DeepEqual(entities, []Entity{{Type: "italic", Offset: 1, Length: 4}}) {
		t.Errorf("got %q %+v", text, entities)
	}
}

// FuzzHTML checks that entities lie within the text, that those of code and pre are alone in their
// extent, and that what is accepted survives being written as HTML again.
func FuzzHTML(f *testing.F) {
	for _, tt := range htmlTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		in = strings.ToValidUTF8(in, "?")
		text, entities, err := parseHTML(in)
		if err != nil {
			return
		}
		for i, e := range entities {
			if e.Length <= 0 || e.Offset < 0 || e.Offset+e.Length > units(text) {
				t.Fatalf("%q: %+v is not within %q", in, e, text)
			}
			if i > 0 && entities[i-1].Offset > e.Offset {
				t.Fatalf("%q: entities are not sorted: %+v", in, entities)
			}
		}
		again, same, err := parseHTML(renderHTML(text, entities))
		if err != nil || again != text || len(entities) > 0 && !reflect.DeepEqual(same, entities) {
			t.Fatalf("%q: %q %+v became %q %+v, %v", in, text, entities, again, same, err)
		}
	})
}
