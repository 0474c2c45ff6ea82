package visible_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"cartable/core/visible"
)

func TestName(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"ordinary", "DUPONT Léa", "DUPONT Léa"},
		{"blanks", "  DUPONT \t\n Léa ", "DUPONT Léa"},
		{"nothing", "", ""},
		{"only blanks", " \u00a0\n", ""},
		{"zero width", "Lé\u200ba", "Léa"},
		{"only zero width", "\u200b\u2060\ufeff", visible.StandIn},
		{"a blank letter", "\u3164", visible.StandIn},
		{"blank braille", "\u2800\u2800", visible.StandIn},
		{"accents without letters", "\u0301\u0301", visible.StandIn},
		{"turned around", "\u202eaéL", "aéL"},
		{"soft hyphen", "Mathé\u00admatiques", "Mathématiques"},
		{"of another line", "Léa\u2028Total : 0 €", "Léa Total : 0 €"},
		{"tags", "Léa\U000e0061", "Léa"},
		{"internal", "Léa\ufdd0", "Léa"},
		{"no UTF-8", "L\xffa", "L\ufffda"},
		{"control", "Léa\x1b[2J", "Léa[2J"},
		{"accents", "Le\u0301a", "Le\u0301a"},
		{"a tower of accents", "Le" + strings.Repeat("\u0301", 50) + "a", "Le\u0301\u0301\u0301\u0301a"},
		{"a family", "👩\u200d👧", "👩\u200d👧"},
		{"a heart", "❤\ufe0f", "❤\ufe0f"},
		{"joined letters", "L\u200dé", "Lé"},
		{"arabic", "ليلى", "ليلى"},
		{"as long as can be", strings.Repeat("é", 80), strings.Repeat("é", 80)},
		{"cut in an address", "voir https://example.org/" + strings.Repeat("x", 80), "voir…"},
		{"too long", strings.Repeat("é", 81), strings.Repeat("é", 79) + "…"},
		{"much too long", strings.Repeat("é", 1<<20), strings.Repeat("é", 79) + "…"},
	} {
		if got := visible.Name(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestTextKeepsItsLines(t *testing.T) {
	if got := visible.Text("\nun\r\ndeux\u2029trois \n"); got != "un\ndeux\ntrois" {
		t.Errorf("got %q", got)
	}
	if got := visible.Text("\u200b\n\u200b"); got != visible.StandIn {
		t.Errorf("invisible: got %q", got)
	}
	if got := visible.Text(strings.Repeat("mot ", 1<<20)); utf8.RuneCountInString(got) > visible.MaxText || !strings.HasSuffix(got, "mot…") {
		t.Errorf("%d characters, ends %q", utf8.RuneCountInString(got), got[len(got)-10:])
	}
}

// What our own sentences are written with stays.
func TestCleanLeavesSentences(t *testing.T) {
	for _, s := range []string{"« 20,00\u00a0€ » – c’est fait…", "1\u202f000 ▶ ◀", "✅ Fait\n\n−5"} {
		if got := visible.Clean(s); got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, seed := range []string{"DUPONT Léa", "\u200b", "a\u202eb", "❤\ufe0f\u200d🔥", "\xff", "L\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := visible.Line(s)
		switch {
		case !utf8.ValidString(got):
			t.Errorf("%q gives %q, which is no UTF-8", s, got)
		case utf8.RuneCountInString(got) > visible.MaxLine:
			t.Errorf("%q gives %d characters", s, utf8.RuneCountInString(got))
		case strings.TrimSpace(s) != "" && got == "":
			t.Errorf("%q gives nothing", s)
		case strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
			t.Errorf("%q gives %q", s, got)
		case visible.Line(got) != got:
			t.Errorf("%q gives %q, and that %q", s, got, visible.Line(got))
		}
	})
}

func BenchmarkClean(b *testing.B) {
	text := strings.Repeat("Lire les pages 12 à 15 – c’est à rendre lundi.\n", 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		visible.Clean(text)
	}
}
