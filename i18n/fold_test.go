package i18n_test

import (
	"strings"
	"testing"

	"cartable/i18n"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Emploi  du Temps": "emploi du temps", "emploi-du-temps": "emploi du temps", "L’ÉLÈVE": "l eleve", "sœur": "soeur", "": "",
	} {
		if got := i18n.Fold(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Emploi du Temps")
	f.Add("L’ÉLÈVE")
	f.Fuzz(func(t *testing.T, s string) {
		once := i18n.Fold(s)
		if again := i18n.Fold(once); again != once {
			t.Errorf("%q folds to %q, and that to %q", s, once, again)
		}
	})
}

func TestNearest(t *testing.T) {
	names := []string{"edt", "notes", "devoirs", "recharger"}
	for _, tt := range []struct{ word, want string }{
		{"note", "notes"},
		{"det", "edt"}, // neighbours swapped
		{"rechagrer", "recharger"},
		{"devor", "devoirs"},
		{"edtxx", "edt"},
		{"bonjour", ""},
		{"", ""},
		{strings.Repeat("notes", 20), ""},
	} {
		if got := i18n.Nearest(tt.word, names); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.word, got, tt.want)
		}
	}
}
