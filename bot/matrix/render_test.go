//go:build goolm

package matrix

import (
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"

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
			{Label: "10:00–11:30", Text: "Éducation physique et sportive · gymnase du bas\nPrévoir une tenue chaude"},
			{Kind: chat.LineHeading, Text: "mardi 24 novembre"},
			{Text: "Pas de cours."},
			{Kind: chat.LineNote, Text: "Vu à 18:10. Pour un autre jour : !edt lundi"},
		},
		Choices: []chat.Choice{{ID: "a", Label: "◀ ven. 20"}, {ID: "b", Label: "mar. 24 ▶"}, {ID: "c", Label: "La semaine"}},
	},
	"question": {
		Body:    []chat.Line{{Text: "Quel compte voulez-vous relier ?"}},
		Choices: []chat.Choice{{ID: "a", Label: "PRONOTE (école)"}, {ID: "b", Label: "Izly (carte Crous)"}},
	},
	"proposal": {
		Title: "Recharger le compte Izly",
		Body: []chat.Line{
			{Label: "Montant", Text: "20,00\u00a0€"},
			{Label: "Carte", Text: "Carte perso ····4242"},
		},
		Choices: []chat.Choice{
			{ID: "a", Label: "Confirmer", Risky: true},
			{ID: "b", Label: "Autre carte"},
			{ID: "c", Label: "Annuler"},
			{Label: "Relier un compte", Start: "link_abc"},
			{Label: "Ouvrir la conversation privée", Start: "hello", Instead: "!start"},
		},
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
		Title: "\x1b[2J<b>École</b> & co",
		Body: []chat.Line{
			{Label: "08:00\r\n<i>", Text: "Maths\u202e<script>alert(1)</script>\xff\x00"},
			{Text: "ligne 1\r\nligne 2\u2028ligne 3\n\nligne 5 @room"},
			{Kind: chat.LineHeading, Text: "</strong>"},
		},
		Choices: []chat.Choice{{ID: "a", Label: "Oui\n2. <u>Non</u>"}},
	},
}

// TestOthersDoNotSpeakForTheBot is about words of a teacher that continue in a second message.
func TestOthersDoNotSpeakForTheBot(t *testing.T) {
	text := strings.Repeat("mot ", 6000) + "\nVotre session a expiré. " + strings.Repeat("Tapez votre code. ", 1000)
	parts := rendered(chat.Reply{Title: "Devoirs de Léa", Body: []chat.Line{{Kind: chat.LineQuote, Label: "Maths", Text: text}}})
	if len(parts) < 3 {
		t.Fatalf("%d messages", len(parts))
	}
	whole := ""
	for i, part := range parts {
		heading := "<strong>Devoirs de Léa</strong><br><strong>Maths</strong>"
		if i > 0 {
			heading = fmt.Sprintf("<strong>Devoirs de Léa (%d/%d)</strong>", i+1, len(parts))
		}
		words, is := strings.CutPrefix(part.FormattedBody, heading+"<blockquote>")
		words, end, closed := strings.Cut(words, "</blockquote>")
		if !is || !closed || end != "" || strings.Count(part.Body, "\n> ") < 1 {
			t.Errorf("message %d begins %.90q", i+1, part.FormattedBody)
		}
		whole += strings.ReplaceAll(words, "<br>", " ")
	}
	if strings.Join(strings.Fields(whole), "") != strings.Join(strings.Fields(text), "") {
		t.Error("some of the words are missing")
	}
	if raw, err := json.Marshal(parts[0]); err != nil || !strings.Contains(string(raw), `"com.beeper.linkpreviews":[]`) {
		t.Errorf("links in it may get a preview: %v", err)
	}
}

// shownWords are the sentences around choices.
func shownWords(what chat.Notice, args ...any) string {
	return new(fakeCore).Words(chat.ChatID{}, what, args...)
}

// rendered draws a reply with a code that is the same each time.
func rendered(r chat.Reply) []*event.MessageEventContent {
	choices := prepare(r.Choices)
	for i := range choices {
		if choices[i].Code != "" {
			choices[i].Code = "4827"
		}
	}
	return render(r, legend{choices: choices, votes: risky(choices), bot: botName, say: shownWords})
}

func TestRenderGolden(t *testing.T) {
	for name, r := range replies {
		var got strings.Builder
		for _, content := range rendered(r) {
			got.WriteString(content.Body + "\n\n" + strings.ReplaceAll(content.FormattedBody, "<br>", "<br>\n") + "\n")
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			noError(t, os.WriteFile(path, []byte(got.String()), 0o644))
		}
		want, err := os.ReadFile(path)
		noError(t, err)
		if got.String() != string(want) {
			t.Errorf("%s:\n%s\nwant:\n%s", path, got.String(), want)
		}
	}
}

// tags are those that we write; nothing else may stand between < and >.
var tags = regexp.MustCompile(`</?(?:strong|em|del|br|ul|li)>|</?ol(?: start="\d+")?>`)

// plainOf is what a client without markup would show of HTML, without the empty lines.
func plainOf(t *testing.T, marked string) string {
	t.Helper()
	list, number := "", 0
	text := tags.ReplaceAllStringFunc(marked, func(tag string) string {
		switch {
		case tag == "<br>":
			return "\n"
		case tag == "<ul>" || strings.HasPrefix(tag, "<ol"):
			if list != "" {
				t.Fatalf("a list in a list: %s", marked)
			}
			list, number = strings.Trim(tag[:3], "<"), 1
			if _, err := fmt.Sscanf(tag, `<ol start="%d">`, &number); err != nil {
				number = 1
			}
		case tag == "</ul>", tag == "</ol>":
			if list != tag[2:4] {
				t.Fatalf("not closed: %s", marked)
			}
			list = ""
			return "\n"
		case tag == "<li>" && list == "ol":
			number++
			return fmt.Sprintf("\n%d. ", number-1)
		case tag == "<li>":
			return "\n"
		}
		return ""
	})
	if list != "" {
		t.Fatalf("a list is not closed: %s", marked)
	}
	return withoutEmpty(html.UnescapeString(text))
}

func withoutEmpty(text string) string {
	return strings.Trim(regexp.MustCompile(`\n+`).ReplaceAllString(text, "\n"), "\n")
}

// FuzzRender states what holds for any text a server may send: both forms of a message say the same, nothing
// in it is markup but ours, and each event has room.
func FuzzRender(f *testing.F) {
	f.Add("<b>", "08:00–09:00", "Maths\u202e & 20\u00a0€\nsuite", uint16(1))
	f.Add("", "", "\x00\xff</strong>", uint16(3000))
	f.Add("titre", "Maths", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", uint16(20000))
	f.Fuzz(func(t *testing.T, title, label, text string, times uint16) {
		text = strings.Repeat(text, min(int(times), 1+200_000/(len(text)+1)))
		r := chat.Reply{
			Title: title,
			Body: []chat.Line{
				{Label: label, Text: text},
				{Kind: chat.LineHeading, Label: label, Text: text},
				{Kind: chat.LineNote, Text: text},
				{Kind: chat.LineStruck, Label: label, Aside: label},
				{Label: label, Text: "a"},
				{Label: label, Text: text},
			},
			Choices: []chat.Choice{{ID: "1", Label: label, Risky: true}, {ID: "2", Label: title}, {ID: "3", Label: text}},
		}
		for _, content := range rendered(r) {
			if plainOf(t, content.FormattedBody) != withoutEmpty(content.Body) {
				t.Fatalf("%q says another thing than %q", content.FormattedBody, content.Body)
			}
			if left := tags.ReplaceAllString(content.FormattedBody, ""); strings.ContainsAny(left, "<>") {
				t.Fatalf("foreign markup in %q", content.FormattedBody)
			}
			if size := len(content.Body) + len(content.FormattedBody); size > maxPart+100 {
				t.Fatalf("an event of %d bytes", size)
			}
		}
	})
}

func TestAddressed(t *testing.T) {
	content := addressed(&event.MessageEventContent{Body: "a\n<b>", Mentions: &event.Mentions{}}, ana, "An<a>")
	if content.Body != "An<a>: a\n<b>" || content.FormattedBody != `<a href="https://matrix.to/#/@ana:example.org">An&lt;a&gt;</a>: a<br>&lt;b&gt;` || !content.Mentions.Has(ana) {
		t.Errorf("%+v", content)
	}
}

// TestLongEditFits has each event of a long answer fit into what a homeserver takes, sealed, and as an edit, which
// says everything twice.
func TestLongEditFits(t *testing.T) {
	const most, around = 65_536, 1_500 // bytes of an event; of them for what is not the text
	for _, text := range []string{"Lire « L'Île au trésor » & répondre.", strings.Repeat("<>&\"", 40), strings.Repeat("é", 9_000)} {
		var r chat.Reply
		for range 200 {
			r.Body = append(r.Body, chat.Line{Label: "Français", Text: text})
		}
		for _, part := range render(r, legend{}) {
			part.SetEdit("$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
			plain, err := json.Marshal(part)
			noError(t, err)
			if sealed := len(plain)*4/3 + around; sealed > most {
				t.Errorf("%.10s…: an event of %d bytes", text, sealed)
			}
		}
	}
}
