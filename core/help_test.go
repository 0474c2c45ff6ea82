package core_test

import (
	"strings"
	"testing"

	"cartable/core/chat"
)

func TestHelpOnOneCommand(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.wants(c.Say("/aide edt"), "# /edt [jour | semaine | date] [enfant]\nemploi du temps : aujourd'hui")
	c.wants(c.Say("aide /notes"), "# /notes [matière | période] [enfant]")
	c.wants(c.Say("/aide solde"), "# /solde\nsolde du porte-monnaie Izly")
	for _, list := range []string{"/aide blorgh", "/aide inviter", "/aide bonjour"} {
		c.wants(c.Say(list), "# Ce que je sais faire ici")
	}
	for _, lang := range []string{"fr", "en"} {
		c.Say("/langue " + lang)
		for _, name := range []string{
			"edt", "notes", "devoirs", "solde", "historique", "recharger", "enfant", "connexion", "deconnexion", "mesdonnees",
			"confidentialite", "annuler", "langue", "aide",
		} {
			c.refuses(c.Say("/aide "+name), "usage.", "help.")
		}
	}
}

// Words without a mark are said to work once there is something to ask for.
func TestHelpOnPlainWords(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.refuses(c.Say("/aide"), "facultatif")
	c.linkWallet(true)
	answer := c.Say("/aide")
	c.wants(answer, "Le « / » est facultatif : « solde » ou « recharger 20 » marchent aussi.")
	c.linkParent()
	c.wants(c.Say("/aide"), "Le « / » est facultatif : « edt demain » ou « notes maths » marchent aussi.")
}

// marked is a chat of a platform where commands begin with "!".
type marked struct{ *phone }

func (marked) Mark() string { return "!" }

func (m marked) Say(text string) string {
	m.t.Helper()
	m.replies = nil
	done := make(chan struct{})
	if err := m.r.engine.Handler(m)(chat.Message{Chat: m.id, Person: m.person, Private: true, Text: text}, func() { close(done) }); err != nil {
		m.t.Fatal(err)
	}
	<-done
	return m.text()
}

func TestEveryPlatformReadsItsOwnMark(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := marked{r.chat("ana")}
	c.linkParent()
	for _, tt := range []struct{ say, want string }{
		{"!aide", "Le « ! » est facultatif"},
		{"!aide edt", "# !edt ["},
		{"!xyzzy", "la commande !xyzzy."},
		{strings.Repeat("é", chat.MaxText), "par exemple !edt demain."},
		{"!edt 31/02", "par exemple !edt lundi."},
	} {
		answer := c.Say(tt.say)
		c.wants(answer, tt.want)
		c.refuses(answer, "/edt", "/xyzzy", "« / »")
	}
}
