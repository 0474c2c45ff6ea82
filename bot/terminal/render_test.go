package terminal

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cartable/core/chat"
)

var update = flag.Bool("update", false, "write the golden files anew")

// replies are the shapes of answers that commands give.
var replies = map[string]chat.Reply{
	"timetable": {
		Title: "Emploi du temps de Léa",
		Body: []chat.Line{
			{Kind: chat.LineHeading, Text: "lundi 23 novembre"},
			{Label: "08:00–09:00", Text: "Mathématiques · M. LEFÈVRE · salle 204"},
			{Kind: chat.LineStruck, Label: "09:00–10:00", Text: "Français", Aside: "ANNULÉ · Prof. absent"},
			{Label: "10:00–11:30", Text: "Éducation physique et sportive · Mme NGUYỄN · gymnase du bas\nPrévoir une tenue chaude"},
			{Kind: chat.LineHeading, Text: "mardi 24 novembre"},
			{Text: "Pas de cours."},
			{Kind: chat.LineNote, Text: "Vu à 18:10. Pour un autre jour : /edt lundi"},
		},
	},
	"grades": {
		Title: "Notes de Léa · Trimestre 1",
		Body: []chat.Line{
			{Label: "Maths", Text: "14,5/20"},
			{Label: "Sciences de la vie et de la Terre", Text: "absente"},
			{Label: "Arts", Text: "18/20, bonus"},
			{Label: "Moyenne générale"},
			{Kind: chat.LineHeading, Label: "Arts", Text: "18/20"},
			{Label: "20/11", Text: "18/20, bonus"},
		},
	},
	"proposal": {
		Title: "Recharger 20,00 € ?",
		Body: []chat.Line{
			{Label: "Carte", Text: "Carte perso ····4242"},
			{Label: "Solde avant", Text: "5,40\u00a0€"},
			{Label: "Solde après", Text: "25,40\u00a0€"},
		},
		Choices: []chat.Choice{{ID: "a", Label: "Confirmer"}, {ID: "b", Label: "Changer de carte"}, {ID: "c", Label: "Annuler"}},
	},
	"homework": {
		Title: "Devoirs de Léa",
		Body: []chat.Line{
			{Kind: chat.LineQuote, Label: "Français", Text: "Lire le chapitre 3 et préparer trois questions\n\nsur le <narrateur>"},
			{Text: "1 pièce jointe : plan.pdf"},
			{Kind: chat.LineQuote, Label: "Maths", Text: "Exercice 4"},
			{Kind: chat.LineQuote, Text: "Sans matière"},
		},
	},
	"hostile": {
		Title: "\x1b[2J\x1b]0;titre\x07École",
		Body: []chat.Line{
			{Label: "08:00\r\n", Text: "Maths\u202e\x9b31m\xff\x00"},
			{Text: "ligne 1\r\nligne 2\x0b\u2028ligne 3\n\nligne 5"},
		},
		Choices: []chat.Choice{{ID: "a", Label: "Oui\n[2] Non"}},
	},
}

var layouts = map[string]layout{
	"pipe":   {},
	"wide":   {width: 80, styled: true},
	"narrow": {width: 30},
}

func TestRenderGolden(t *testing.T) {
	for reply, r := range replies {
		for name, l := range layouts {
			got := render(r, saved{}, l)
			path := filepath.Join("testdata", reply+"."+name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s:\n%s\nwant:\n%s", path, got, want)
			}
		}
	}
}

func TestRenderNothing(t *testing.T) {
	if got := render(chat.Reply{}, saved{}, layout{width: 80, styled: true}); got != "" {
		t.Errorf("an empty reply prints %q", got)
	}
}

// FuzzRender states what holds for any text a server may send: nothing of it controls the terminal, and
// on a screen of at least two columns no row is wider than the screen.
func FuzzRender(f *testing.F) {
	f.Add("\x1b[2J", "08:00–09:00", "Maths\u202e\x9b31m\xff 20\u00a0€", uint8(30))
	f.Add("日本語", "漢字", strings.Repeat("a", 100), uint8(2))
	f.Add("", "a very long label that nobody expects", "texte\n\ntexte", uint8(0))
	f.Fuzz(func(t *testing.T, title, label, text string, width uint8) {
		r := chat.Reply{
			Title:   title,
			Body:    []chat.Line{{Label: label, Text: text}, {Kind: chat.LineHeading, Label: label, Text: text}, {Label: label, Text: text}},
			Choices: []chat.Choice{{ID: "1", Label: label}, {ID: "2", Label: title}},
		}
		l := layout{width: int(width)}
		for row := range strings.SplitSeq(render(r, saved{}, l), "\n") {
			if oneLine(row) != row {
				t.Errorf("a row holds control characters: %q", row)
			}
			if l.width >= 8 && columns(row) > l.width {
				t.Errorf("a row of %d columns on a screen of %d: %q", columns(row), l.width, row)
			}
		}
	})
}
