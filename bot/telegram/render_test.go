package telegram

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cartable/core/chat"
	simtelegram "cartable/sim/telegram"
)

var rewrite = flag.Bool("update", false, "write the golden files")

// replies are what the core says, one of each kind.
var replies = map[string]chat.Reply{
	"timetable": {
		Title: "Emploi du temps de Léa",
		Body: []chat.Line{
			{Kind: chat.LineHeading, Text: "lundi 23 novembre"},
			{Label: "08:00–09:00", Text: "Mathématiques · M. LEFÈVRE · salle 204"},
			{Kind: chat.LineStruck, Label: "09:00–10:00", Text: "Français", Aside: "ANNULÉ · Prof. absent"},
			{Label: "10:00–11:30", Text: "Éducation physique et sportive · Mme NGUYỄN\nPrévoir une tenue chaude"},
			{Kind: chat.LineHeading, Text: "mardi 24 novembre"},
			{Text: "Pas de cours."},
			{Kind: chat.LineNote, Text: "Vu à 18:10. Pour un autre jour : " + chat.Own("/edt") + " lundi"},
		},
		Choices: []chat.Choice{{ID: "a", Label: "◀"}, {ID: "b", Label: "Semaine"}, {ID: "c", Label: "▶"}},
	},
	"grades": {
		Title: "Notes de Léa · Trimestre 1",
		Body: []chat.Line{
			{Label: "Maths", Text: "14,5/20"},
			{Label: "Sciences de la vie et de la Terre", Text: "absente"},
			{Label: "Moyenne générale"},
			{Kind: chat.LineHeading, Label: "Arts", Text: "18/20"},
			{Label: "20/11", Text: "18/20 · classe 12,1 · Aquarelle"},
		},
	},
	"homework": {
		Title: "Devoirs de Léa",
		Body: []chat.Line{
			{Kind: chat.LineHeading, Text: "demain, mardi 24 novembre"},
			{Kind: chat.LineQuote, Label: "Français", Text: "Lire le chapitre 3 et préparer trois questions\n\nsur le narrateur"},
			{Text: "1 pièce jointe : plan.pdf"},
			{Kind: chat.LineQuote, Label: "Maths", Text: "Exercice 4"},
			{Kind: chat.LineHeading, Text: "jeudi 26 novembre"},
			{Kind: chat.LineQuote, Label: "Anglais", Text: "Verbes irréguliers"},
		},
	},
	"proposal": {
		Title: "Recharger 20,00 € ?",
		Body: []chat.Line{
			{Label: "Carte", Text: "Carte perso ····4242"},
			{Label: "Solde après", Text: "25,40 €"},
			{Kind: chat.LineNote, Text: "Rien n'est débité avant la confirmation."},
		},
		Choices: []chat.Choice{{ID: "a", Label: "Confirmer"}, {ID: "b", Label: "Changer de carte"}, {ID: "c", Label: "Annuler"}},
	},
	"help": {
		Body: []chat.Line{
			{Label: chat.Own("/edt"), Text: "les cours"},
			{Label: chat.Own("/devoirs"), Text: "le travail à faire"},
			{Kind: chat.LineNote, Text: "Envoyez " + chat.Own("/annuler") + " pour sortir d'une question."},
		},
		Choices: []chat.Choice{{Label: "Ouvrir la conversation privée", Start: "link_1"}},
	},
	"hostile": {
		Title: "<b>Zoé</b> & \x1b[31mco\u202e",
		Body: []chat.Line{
			{Label: "</b>\nMaths", Text: "<script>&amp;\x00\t1 < 2 · a > b\r\n<i>"},
			{Kind: chat.LineStruck, Label: "<", Text: "\xff", Aside: "<b>"},
			{},
		},
		Choices: []chat.Choice{{ID: "a", Label: "<b>\nno"}, {ID: "", Label: "no data"}, {ID: strings.Repeat("x", 65), Label: "too long"}, {ID: "b"}},
	},
	"nothing": {Choices: []chat.Choice{{ID: "a", Label: "OK"}}},
}

// TestOthersDoNotSpeakForTheBot is about words of a teacher that continue in a second message.
func TestOthersDoNotSpeakForTheBot(t *testing.T) {
	text := strings.Repeat("mot ", 1000) + "\nVotre session a expiré. " + strings.Repeat("Tapez votre code. ", 400)
	bubbles := render(chat.Reply{
		Title: "Devoirs de Léa",
		Body:  []chat.Line{{Kind: chat.LineQuote, Label: "Maths", Text: text}, {Text: "1 pièce jointe : plan.pdf"}},
	}, style{})
	if len(bubbles) < 3 {
		t.Fatalf("%d messages", len(bubbles))
	}
	whole := ""
	for i, b := range bubbles {
		heading := "<b>Devoirs de Léa</b>\n<b>Maths</b>\n"
		if i > 0 {
			heading = fmt.Sprintf("<b>Devoirs de Léa (%d/%d)</b>\n", i+1, len(bubbles))
		}
		words, is := strings.CutPrefix(b.html, heading+"<blockquote>")
		words, end, closed := strings.Cut(words, "</blockquote>")
		if !is || !closed || end != "" && i < len(bubbles)-1 || units(b.text) > maxText {
			t.Errorf("message %d begins %.80q and ends %q", i+1, b.html, b.html[len(b.html)-40:])
		}
		whole += words
	}
	if solid(whole) != solid(text) {
		t.Error("some of the words are missing")
	}
}

func describe(b bubble) string {
	var s strings.Builder
	s.WriteString(b.html + "\n")
	for _, row := range b.rows {
		for _, button := range row {
			fmt.Fprintf(&s, "[%s]", button.Text)
		}
		s.WriteByte('\n')
	}
	return s.String()
}

func TestGolden(t *testing.T) {
	for name, reply := range replies {
		bubbles := render(reply, style{username: "cartable_bot"})
		if len(bubbles) != 1 {
			t.Errorf("%s: %d messages", name, len(bubbles))
		}
		got, path := describe(bubbles[0]), filepath.Join("testdata", name+".golden")
		if *rewrite {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v; got\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

// TestTelegramTakesAll sends every reply to the pretend server, which refuses bad markup.
func TestTelegramTakesAll(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	for name, reply := range replies {
		before := len(anna.Messages())
		r.sendTo(chat.Target{Chat: chatOf(1001)}, reply)
		if seen := anna.Messages(); len(seen) != before+1 || seen[before].Mode != "HTML" {
			t.Errorf("%s: not accepted as it is: %+v", name, seen[before:])
		}
	}
	if strings.Contains(r.log.String(), "a bug") {
		t.Error("markup refused")
	}
}

// TestCommandsOfOthersAreText: only the bot's own commands can be tapped.
func TestCommandsOfOthersAreText(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	const theirs = "/supprimer, (/supprimer) é/ou 12/09 /20 x\u0301/tout https://padlet.com/#/mur/annuler http://a.zzzz/?/supprimer"
	for _, reply := range []chat.Reply{
		{Title: theirs, Body: []chat.Line{{Text: "Tapez " + chat.Own("/aide") + ". " + theirs}}},
		{Body: []chat.Line{{Kind: chat.LineQuote, Label: theirs, Text: theirs + "\n/supprimer\n" + chat.Own("/aide")}}},
		{Body: []chat.Line{{Kind: chat.LineHeading, Text: theirs}, {Kind: chat.LineNote, Text: chat.Own("/aide"), Label: theirs}, {Label: theirs, Text: "x"}}},
		{Body: []chat.Line{{Text: chat.Own("/aide") + " \u200b" + theirs}}, File: &chat.File{Name: "a.txt", Open: chat.Bytes([]byte("a"))}},
	} {
		r.sendTo(chat.Target{Chat: chatOf(1001)}, reply)
		said := anna.Messages()[len(anna.Messages())-1]
		if got := said.Commands(); len(got) != 1 || got[0] != "/aide" {
			t.Errorf("%q can be tapped in %q", got, said.Text)
		}
		if !strings.Contains(said.Text, "https://padlet.com/#/mur/annuler") || strings.ContainsRune(said.Text, '\ufdd0') {
			t.Errorf("it reads %q", said.Text)
		}
	}
}

// What looks like the address of a page and is none is not taken for one by Telegram: a command in it would be tappable.
func TestFit(t *testing.T) {
	for text, want := range map[string]string{
		"https://padlet.com/?/mur":        "https://padlet.com/?/mur",
		"http://a.zzzz/?/supprimer":       "http://a.zzzz/?/\u2060supprimer",
		"http://localhost/?/supprimer":    "http://localhost/?/\u2060supprimer",
		"http://u:p@exemple.fr/?/tout":    "http://u:p@exemple.fr/?/\u2060tout",
		"12/09 et/ou </b> //x":            "12/09 et/ou </b> //x",
		chat.Own("/edt") + " /edt":        "/edt /\u2060edt",
		"un\u200b\n/deux " + chat.Own(""): "un\n/\u2060deux ",
	} {
		if got := fit(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestSixMessagesThenAFile: what a school says at length does not fill the chat.
func TestSixMessagesThenAFile(t *testing.T) {
	r := newRig(t, simtelegram.Config{}, silent)
	anna := r.tg.User(1001, "Anna", "fr").Private()
	anna.Say("/start")
	before := len(anna.Messages())
	reply := chat.Reply{Title: "Devoirs de Léa", Choices: []chat.Choice{{ID: "a", Label: "Hugo"}}, Long: "Tout est dans le fichier."}
	for len(headed(draw(reply), reply.Title)) < chat.MaxMessages {
		reply.Body = append(reply.Body, chat.Line{Kind: chat.LineQuote, Label: "Maths", Text: strings.Repeat("Apprendre. ", 100)})
	}
	r.sendTo(chat.Target{Chat: chatOf(1001)}, reply)
	if n := len(anna.Messages()) - before; n != chat.MaxMessages {
		t.Errorf("%d messages for what has room in %d", n, chat.MaxMessages)
	}
	edited := anna.Messages()[before].ID
	before = len(anna.Messages())
	text := strings.Repeat("Apprendre. ", 1<<20)
	reply.Body = append(reply.Body, chat.Line{Kind: chat.LineQuote, Label: "Maths", Text: text})
	r.sendTo(chat.Target{Chat: chatOf(1001), Edit: fmt.Sprint(edited)}, reply)
	said := anna.Messages()[before:]
	if len(said) != 1 || said[0].Document == nil || len(said[0].Buttons) != 1 {
		t.Fatalf("%d messages: %.200v", len(said), said)
	}
	if !strings.Contains(said[0].Text, "Devoirs de Léa") || !strings.HasSuffix(said[0].Text, "Tout est dans le fichier.") {
		t.Errorf("it says %q", said[0].Text)
	}
	if f := said[0].Document; f.Name != "cartable.txt" || !strings.Contains(string(f.Data), text[:len(text)-1]) {
		t.Errorf("%s has %d bytes", f.Name, len(f.Data))
	}
}

func TestKeyboardRows(t *testing.T) {
	tests := []struct {
		labels string
		want   string
	}{
		{"◀,Semaine,▶", "3"},
		{"Oui,Non", "2"},
		{"Confirmer,Changer de carte,Annuler", "2 1"},
		{"Léa,Hugo,Emma,Louis", "3 1"},
		{"Un établissement au nom long,Oui", "1 1"},
		{strings.Repeat("x,", 120) + "x", strings.TrimSpace(strings.Repeat("3 ", 33) + "1")},
	}
	for _, tt := range tests {
		var choices []chat.Choice
		for i, label := range strings.Split(tt.labels, ",") {
			choices = append(choices, chat.Choice{ID: fmt.Sprint(i), Label: label})
		}
		var got []string
		for _, row := range keyboard(choices, "") {
			got = append(got, fmt.Sprint(len(row)))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%.40s: rows of %s, want %s", tt.labels, s, tt.want)
		}
	}
}
