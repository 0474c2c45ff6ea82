package core_test

import (
	"testing"

	"cartable/core/chat"
)

// TestARefusalVoidsItsSiblings refuses, and then presses what was refused: a second phone shows the old buttons for a while.
func TestARefusalVoidsItsSiblings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, say, keep, does string
		typed                 bool
	}{
		{"unlink", "/deconnexion", "Ne rien oublier", "Oublier Izly", false},
		{"unlink, refused by its button's words", "/deconnexion", "Ne rien oublier", "Oublier Izly", true},
		{"unlink, refused by a no", "/deconnexion", "non", "Oublier Izly", true},
		{"unlink, refused after a name", "/deconnexion izly", "non", "Oublier Izly", true},
		{"erase", "/supprimer", "Ne rien effacer", "Tout effacer", false},
		{"erase, refused by its button's words", "/supprimer", "Ne rien effacer", "Tout effacer", true},
		{"erase, refused by a no", "/supprimer", "non", "Tout effacer", true},
		{"erase, left", "/supprimer", "/annuler", "Tout effacer", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			c := r.chat("claire")
			c.linkParent()
			c.linkWallet(true)
			c.Say(tt.say)
			older := c.button(tt.does)
			c.Say(tt.say) // the same asked again: both lists are refused
			does := c.button(tt.does)
			if tt.typed {
				c.refuses(c.Say(tt.keep), "Je n'ai pas compris")
			} else {
				c.Press(tt.keep)
			}
			for _, id := range []string{does, older} {
				c.wants(c.PressID(id), "Ce bouton n'est plus valable", "Rien n'a été fait")
			}
			c.wants(c.Say("/solde"), "12,34 €")
			c.wants(c.Say("/edt"), "Léa")
		})
	}
}

// TestKeepingNothingIsNotSaidAfterForgetting presses the refusal that an earlier press has overtaken.
func TestKeepingNothingIsNotSaidAfterForgetting(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("claire")
	c.linkParent()
	c.linkWallet(true)
	c.Say("/deconnexion")
	keep, school := c.button("Ne rien oublier"), c.button("Oublier PRONOTE")
	c.wants(c.Press("Oublier Izly"), "C'est oublié")
	c.wants(c.PressID(keep), "Ce bouton n'est plus valable")
	c.wants(c.PressID(school), "C'est oublié") // another account: not what was decided
}

// TestALatePressShowsNoMore presses both ways to show an account.
func TestALatePressShowsNoMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	p := r.platform()
	anna := p.private("anna")
	c := &phone{t: t, r: r, id: anna.chat, person: anna.person, private: true}
	c.linkSchool(len(r.school.Accounts()) - 1)
	group := p.group("Famille", "anna")
	group.say("/connexion")
	both := group.choice("+ notes").ID
	has(t, group.press("Cours et devoirs"), "montre ici l'emploi du temps")
	has(t, group.deliver(chat.Message{Choice: both})[group.chat], "déjà montré")
	has(t, group.say("/notes"), "en privé")
}

// TestButtonsOfAGroupDifferWhereAPhoneCutsThem reads the buttons as a phone shows them.
func TestButtonsOfAGroupDifferWhereAPhoneCutsThem(t *testing.T) {
	t.Parallel()
	const shown = 25 // characters
	r := newRig(t, rigOptions{})
	p := r.platform()
	anna := p.private("anna")
	c := &phone{t: t, r: r, id: anna.chat, person: anna.person, private: true}
	c.linkParent()
	c.linkWallet(true)
	for _, lang := range []string{"fr", "en"} {
		group := p.group("Famille "+lang, "anna")
		group.say("/langue " + lang)
		group.say("/connexion")
		p.mu.Lock()
		replies := p.replies[group.chat]
		last := replies[len(replies)-1]
		p.mu.Unlock()
		seen := make(map[string]bool)
		for _, choice := range last.Choices {
			label := []rune(choice.Label)
			seen[string(label[:min(len(label), shown)])] = true
		}
		if len(seen) != 4 || len(last.Choices) != 4 || last.Question == "" {
			t.Errorf("%s: %v for %d buttons, asked %q", lang, seen, len(last.Choices), last.Question)
		}
	}
}
