package linking

import (
	"slices"
	"strings"
	"testing"
)

func TestAddressWords(t *testing.T) {
	const at = "https://0750001a.index-education.net/pronote/parent.html"
	for text, want := range map[string][]string{
		at:                                   {at},
		at + " marc s3cret":                  {at, "marc", "s3cret"},
		at + " marc mon mot de passe":        {at, "marc", "mon", "mot", "de", "passe"},
		at + "\nmarc\ns3cret":                {at, "marc", "s3cret"},
		at + "\n\nEnvoyé de mon iPhone":      {at},
		at + "\n--\nMarc Dupont\n06 11 22":   {at},
		"Voici l'adresse : " + at + ".":      {at},
		"PRONOTE\n<" + at + ">\n\nÀ bientôt": {at},
		"Notre école (" + at + "), merci":    {at},
		"0750001a.index-education.net":       {"0750001a.index-education.net"},
		"lycee.example/pronote marc x":       {"lycee.example/pronote", "marc", "x"},
		"le lycée du coin":                   {"le lycée du coin"},
	} {
		if got := addressWords(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func FuzzAddressWords(f *testing.F) {
	f.Add("Voici :\nhttps://x.index-education.net/pronote\n--\nMarc")
	f.Fuzz(func(t *testing.T, text string) {
		words := addressWords(text)
		if len(words) == 0 {
			t.Fatal("nothing")
		}
		for _, word := range words {
			if len(words) > 1 && word != "" && !strings.Contains(text, word) {
				t.Errorf("%q is not in %q", word, text)
			}
		}
	})
}
