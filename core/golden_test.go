package core_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// golden compares an answer with testdata/golden/<name>.txt.
func golden(t *testing.T, name, answer string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(answer), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != answer {
		t.Errorf("%s is not as it was; look, then run with -update.\ngot:\n%s\nwant:\n%s", path, answer, want)
	}
}

// Each answer is kept whole, so that a change of wording is seen in review.
func TestGoldenReplies(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	for _, lang := range []string{"fr", "en"} {
		c := r.chat("golden-" + lang)
		c.linkParent()
		c.linkWallet(true)
		c.Say("/langue " + lang)
		for _, tt := range []struct{ name, line string }{
			{"day", "/edt"},
			{"week", "/edt semaine hugo"},
			{"grades", "/notes"},
			{"grades-subject", "/notes maths"},
			{"grades-details", "/notes détails"},
			{"homework", "/devoirs"},
			{"topup", "/recharger 20"},
			{"balance", "/solde"},
			{"history", "/historique"},
			{"help", "/aide"},
		} {
			golden(t, tt.name+"."+lang, c.Say(tt.line))
		}
	}
	r.noViolations()
}

// phoneRows counts the rows of an answer on a phone of 40 columns, with an empty one before each heading and before the buttons.
func phoneRows(answer string) int {
	rows := 0
	for text := range strings.SplitSeq(strings.TrimSpace(answer), "\n") {
		if strings.HasPrefix(text, "## ") || strings.HasPrefix(text, "[1] ") {
			rows++
		}
		text = strings.NewReplacer(" | ", " ", " ~ ", " ").Replace(strings.TrimLeft(text, "#~> "))
		rows++
		used := 0
		for i, word := range strings.Split(text, " ") {
			size := utf8.RuneCountInString(word)
			switch {
			case i == 0:
				used = size
			case used+1+size > 40:
				rows, used = rows+1, size
			default:
				used += 1 + size
			}
		}
	}
	return rows
}

// Answers can be read on a phone without much scrolling.
func TestAnswersAreShort(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	for _, lang := range []string{"fr", "en"} {
		c := r.chat("short-" + lang)
		c.linkParent()
		c.Say("/langue " + lang)
		for _, tt := range []struct {
			line string
			most int
		}{
			{"/edt", 22},
			{"/edt hugo", 22},
			{"/edt semaine", 56},
			{"/edt semaine hugo", 56},
			{"/notes", 36},
			{"/notes hugo", 36},
		} {
			answer := c.Say(tt.line)
			if n := phoneRows(answer); n > tt.most {
				t.Errorf("%s takes %d rows, at most %d:\n%s", tt.line, n, tt.most, answer)
			} else {
				t.Logf("%s: %d rows of %d", tt.line, n, tt.most)
			}
		}
	}
}

// Most lessons of a day take one row.
func TestLessonsTakeARow(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("rows")
	c.linkParent()
	lessons, rows := 0, 0
	for _, day := range []string{"lundi", "mardi", "mercredi", "jeudi", "vendredi"} {
		for _, child := range []string{"léa", "hugo"} {
			for text := range strings.SplitSeq(c.Say("/edt "+day+" "+child), "\n") {
				if strings.Contains(text, "–") && strings.Contains(text, " | ") {
					lessons, rows = lessons+1, rows+phoneRows(text)
				}
			}
		}
	}
	if lessons < 30 || 4*rows > 5*lessons {
		t.Errorf("%d lessons take %d rows", lessons, rows)
	}
	t.Logf("%d lessons take %d rows", lessons, rows)
}
