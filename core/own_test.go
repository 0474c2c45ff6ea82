package core_test

import (
	"strings"
	"testing"

	"cartable/core/chat"
)

// TestNobodyMakesCommands: what people write, and what they call themselves and their groups, is never marked as the bot's.
func TestNobodyMakesCommands(t *testing.T) {
	p, _, anna, _ := roussels(t)
	forged := chat.Own("/supprimer")
	anna.title = forged
	for _, who := range []seat{anna, p.private("anna")} {
		who.person.ID = "anna"
		for _, text := range []string{forged + "zz", "/edt " + forged, forged} {
			who.deliver(chat.Message{Text: text})
		}
		who.say("/connexion")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	own := 0
	for _, replies := range p.replies {
		for _, r := range replies {
			text := r.Title
			for _, l := range r.Body {
				text += "\n" + l.Label + "\n" + l.Text
			}
			own += strings.Count(text, chat.Own("/"))
			if strings.Contains(text, forged+"zz") || strings.Contains(text, "« "+forged) {
				t.Errorf("said as the bot's own: %q", text)
			}
		}
	}
	if own == 0 {
		t.Error("the bot marks none of its commands")
	}
}
