package pronote

import (
	"strings"
	"testing"
	"unicode/utf8"
)

var plainTextTests = []struct{ in, want string }{
	{"<div>Ex. 4 &agrave; 6 p. 12</div>", "Ex. 4 à 6 p. 12"},
	{"Lire.<br/>Relever<BR>cinq", "Lire.\nRelever\ncinq"},
	{"<div>R&eacute;viser&nbsp;:<ul><li>un</li><li><b>deux</b></li></ul>fin</div>", "Réviser :\n- un\n- deux\nfin"},
	{"<p>a</p>\n\n<p> </p><p>b</p>", "a\nb"},
	{"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
	{"1 &lt; 2 &amp; 3", "1 < 2 & 3"},
	{"<script>alert('x')</script>vu<style>p{}</style>", "vu"},
	{`<a href="https://example.org/x">ici</a>`, "ici (https://example.org/x)"},
	{`voir <a class=b href=https://example.org/x>https://example.org/x</a>.`, "voir https://example.org/x."},
	{`<a href="https://evil.example/">https://college.fr/</a>`, "https://evil.example/"},
	{`<a href="https://evil.example/">college.fr/pronote</a>`, "https://evil.example/"},
	{`<a href="https://example.org/plan">plan.pdf</a>`, "plan.pdf (https://example.org/plan)"},
	{`<a href="https://college.fr@evil.example/">ici</a>`, "ici (https://evil.example/)"},
	{`<a href="https://сollege.fr/">ici</a>`, "ici (https://xn--ollege-hrf.fr/)"},
	{`<a href="javascript:alert(1)">ici</a> <a href="/a">là</a> <a name=b>ou</a>`, "ici là ou"},
	{`<a href="https://example.org/1"><p>un</p>deux`, "un\ndeux (https://example.org/1)"},
	{`<a href="https://example.org/"><img src=x></a>`, "https://example.org/"},
	{`<a href="https://example.org/` + strings.Repeat("x", 2000) + `">ici</a>`, "ici"},
	{"plain\r\ntext", "plain text"},
	{"<li></li>", ""},
	{"<div", ""},
	{"", ""},
}

func TestPlainText(t *testing.T) {
	for _, tt := range plainTextTests {
		if got := plainText(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestPlainTextIsBounded(t *testing.T) {
	if got := plainText(strings.Repeat("mot ", maxHTML)); len(got) > maxHTML {
		t.Errorf("%d bytes came out", len(got))
	}
}

func FuzzPlainText(f *testing.F) {
	for _, tt := range plainTextTests {
		f.Add(tt.in)
	}
	f.Fuzz(func(t *testing.T, source string) {
		got := plainText(source)
		if strings.Contains(got, "\n\n") || got != strings.TrimSpace(got) {
			t.Errorf("%q: layout is left in %q", source, got)
		}
		if utf8.ValidString(source) && len(source) < maxHTML && !utf8.ValidString(got) {
			t.Errorf("%q: broken text %q", source, got)
		}
	})
}
