package chat_test

import (
	"io"
	"strings"
	"testing"

	"cartable/core/chat"
)

func TestShorten(t *testing.T) {
	r := chat.Reply{
		Title:   "Devoirs de Léa",
		Body:    []chat.Line{{Kind: chat.LineHeading, Text: "lundi"}, {Label: "Maths", Text: "Ex. 4"}},
		Choices: []chat.Choice{{ID: "a", Label: "Hugo"}},
		Long:    "Tout est dans le fichier.",
	}
	for range 1000 {
		r.Body = append(r.Body, chat.Line{Kind: chat.LineQuote, Label: "Français", Text: "Lire\u200b le chapitre 3."})
	}
	r.Body[1] = chat.Line{Kind: chat.LineStruck, Label: "Maths", Text: "Ex. 4", Aside: "ANNULÉ " + strings.Repeat("x", 5000)}
	short := r.Shorten()
	said := 0
	for _, l := range short.Body {
		said += len([]rune(l.Label + l.Text + l.Aside))
	}
	last := short.Body[len(short.Body)-1]
	if said > 900 || said < 600 || short.Body[1].Text != "Ex. 4" || last.Text != r.Long || last.Kind != chat.LineNote || len(short.Choices) != 1 {
		t.Errorf("%d characters, ending with %+v, and %d choices", said, last, len(short.Choices))
	}
	file, err := short.File.Open()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(file)
	begins := "Devoirs de Léa\n\nlundi\nMaths  Ex. 4  ANNULÉ " + strings.Repeat("x", 5000) + "\nFrançais\nLire le chapitre 3.\n"
	if err != nil || !strings.HasPrefix(string(whole), begins) || strings.Count(string(whole), "Lire le chapitre 3.\n") != 1000 {
		t.Errorf("%v; the file begins %.120q", err, whole)
	}
	one := chat.Reply{Body: []chat.Line{{Kind: chat.LineQuote, Text: strings.Repeat("mot ", 10_000)}}}.Shorten()
	if n := len([]rune(one.Body[0].Text)); n > 800 || n < 600 {
		t.Errorf("%d characters of a long line", n)
	}
	if len(r.Body) != 1002 || r.File != nil {
		t.Error("the reply itself was changed")
	}
}
