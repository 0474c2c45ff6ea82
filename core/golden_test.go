package core_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
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
