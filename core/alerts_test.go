package core_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"
	"time"
)

// balance stands before the simulator of the wallet and changes what its answers say is left.
func balance(left *atomic.Value) func(http.Handler) http.Handler {
	form := regexp.MustCompile(`((?:<|&lt;)BAL(?:>|&gt;))[\d.,]+`)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, q)
			body := rec.Body.Bytes()
			if s, set := left.Load().(string); set {
				body = form.ReplaceAll(body, []byte("${1}"+s))
			}
			for name, values := range rec.Header() {
				if name != "Content-Length" {
					w.Header()[name] = values
				}
			}
			w.WriteHeader(rec.Code)
			_, _ = bytes.NewReader(body).WriteTo(w)
		})
	}
}

// TestAlert: whoever links a wallet is told, in the chat where it is at home, and can top up or have it stopped.
func TestAlert(t *testing.T) {
	var left atomic.Value
	r := newRig(t, rigOptions{alerts: true, wallet: balance(&left)})
	c := r.chat("camille")
	c.Say("/aide")
	c.linkWallet(true)
	look := func(at time.Duration) string {
		r.clock.Set(tuesday.Add(at))
		r.engine.Watch.Look(t.Context())
		return c.Say("/langue") // letters go before a reply
	}
	left.Store("8.00")
	look(10 * time.Minute) // plans the first look
	look(15 * time.Minute)
	left.Store("4.20")
	c.wants(look(7*time.Hour), "Il ne reste que 4,20 € sur le compte Izly.\n[1] Recharger  [2] Ne plus prévenir\nQuelle langue")
	var alert []string
	for _, reply := range c.replies {
		for _, choice := range reply.Choices {
			alert = append(alert, choice.ID)
		}
	}
	c.wants(c.PressID(alert[0]), "De quel montant")
	c.wants(c.PressID(alert[1]), "D'accord, je ne vous préviens plus : solde sous 5,00 €. Pour changer d'avis : /alertes.", "Finalement, si")
	c.wants(c.Say("/alertes"), "solde sous 5,00 € | non")
	c.PressID(alert[1])
	c.wants(c.Press("Finalement"), "D'accord, je vous préviens : solde sous 5,00 €")
	c.wants(c.Say("/alertes"), "solde sous 5,00 € | oui")
}

func TestAlertsCommand(t *testing.T) {
	r := newRig(t, rigOptions{alerts: true})
	c := r.chat("marc")
	c.wants(c.Say("/alertes"), "Aucun compte n'est relié", "/connexion")
	c.linkParent()
	list := c.Say("/alertes")
	c.wants(list, "cours annulés | oui", "nouvelles notes | oui", "Entre 7 h et 21 h", "Ne plus prévenir : nouvelles notes")
	c.refuses(list, "solde")
	c.linkWallet(true)
	c.wants(c.Say("/alerts"), "## Léa et Hugo\ncours annulés | oui", "## Izly Camille …", "solde sous 5,00 € | oui")
	c.wants(c.Press("nouvelles notes (Léa et Hugo)"), "D'accord, je ne vous préviens plus : nouvelles notes (Léa et Hugo)",
		"cours annulés | oui", "nouvelles notes | non", "solde sous 5,00 € | oui", "Prévenir : nouvelles notes (Léa et Hugo)")
	c.wants(c.Press("nouvelles notes"), "D'accord, je vous préviens : nouvelles notes", "nouvelles notes | oui")
	c.wants(c.Say("/alertes non"), "plus de rien", "cours annulés | non", "nouvelles notes | non", "solde sous 5,00 € | non")
	r.restart()
	c.linkParent() // what was chosen stays
	c.wants(c.Say("alertes"), "cours annulés | non")
	c.wants(c.Say("alertes oui"), "je vous préviens de tout cela", "cours annulés | oui", "solde sous 5,00 € | oui")
	c.wants(c.Say("/alertes tout"), "je vous préviens de tout cela")
	c.wants(c.Say("/alertes peut-être"), "« peut-être »", "Rien n'a été changé", "/alertes oui")
	c.Say("/langue en")
	c.wants(c.Say("/alerts no"), "I will not tell you anything unasked any more", "cancelled lessons | no")
	c.wants(c.Say("/alerts"), "Tell me: new grades (Léa and Hugo)")

	// A button of an account that has been unlinked does nothing.
	gone := c.button("Tell me: new grades")
	for _, a := range r.engine.Rights.Of(c.person) {
		c.Say("/unlink")
		c.Press("Forget " + a.Label)
		c.Press("Forget")
	}
	c.wants(c.PressID(gone), "Nothing was done")
	c.wants(c.Say("/alerts"), "No account is linked")
}

// TestAlertsOff: an operator has turned them off.
func TestAlertsOff(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("marc")
	c.linkParent()
	c.wants(c.Say("/alertes"), "les alertes sont arrêtées")
	c.wants(c.Say("/alertes oui"), "les alertes sont arrêtées")
}
