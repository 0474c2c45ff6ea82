package core_test

import (
	"strings"
	"testing"

	"cartable/core/chat"
)

// TestRiskyChoices says of each choice whether a platform must be sure of who picks it.
func TestRiskyChoices(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.linkWallet(true)
	for _, tt := range []struct {
		say   string
		risky map[string]bool
	}{
		{"/recharger 20", map[string]bool{"Payer 20,00\u00a0€": true, "Annuler": false}},
		{"/deconnexion", map[string]bool{"Oublier Izly – …3344": true, "Ne rien oublier": false}},
		{"/langue", map[string]bool{"Français": false, "English": false}},
	} {
		c.Say(tt.say)
		found := 0
		for _, choice := range c.choices {
			if want, known := tt.risky[choice.Label]; known {
				found++
				if choice.Risky != want {
					t.Errorf("%s: %q is risky: %t", tt.say, choice.Label, choice.Risky)
				}
			}
		}
		if found != len(tt.risky) {
			t.Errorf("%s: offers %q", tt.say, c.labels())
		}
	}
}

// TestDisown forgets the accounts of one person and of nobody else.
func TestDisown(t *testing.T) {
	r := newRig(t, rigOptions{})
	ana, ben := r.chat("ana"), r.chat("ben")
	ana.linkWallet(true)
	ben.linkWalletNumber(1, true)
	if err := r.engine.Disown(t.Context(), ana.person); err != nil {
		t.Fatal(err)
	}
	ana.wants(ana.Say("/deconnexion"), "Vous n'avez relié aucun compte")
	ben.wants(ben.Say("/deconnexion"), "Oublier Izly")
	r.restart()
	ana.wants(ana.Say("/deconnexion"), "Vous n'avez relié aucun compte")
}

// TestWords speaks the language of the chat.
func TestWords(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	if got := r.engine.Words(c.id, chat.NoticeTypeCode, "code", "4827"); got != "écrivez «\u00a0oui 4827\u00a0»" {
		t.Errorf("in French: %q", got)
	}
	c.Say("/langue en")
	if got := r.engine.Words(c.id, chat.NoticeTypeCode, "code", "4827"); !strings.Contains(got, "yes 4827") {
		t.Errorf("in English: %q", got)
	}
}
