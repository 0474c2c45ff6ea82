//go:build goolm

package e2e

import (
	"slices"
	"testing"
	"time"

	"cartable/e2e/homeserver"
	"cartable/e2e/matrixplayer"
)

// reading is how long somebody takes to read an answer and to write the next message.
const reading = 6 * time.Second

// TestMatrixLimits is an evening of a family on a homeserver with Synapse's default limits: no answer meets one of them.
// How long they take is logged.
func TestMatrixLimits(t *testing.T) {
	hs := homeserver.Start(t)
	limits := homeserver.Limit(t, hs)
	w := newWorldOn(t, hs, "CARTABLE_MATRIX_HOMESERVER="+limits.URL)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")

	var took []time.Duration
	step := func(what string, do func(), wait func() *matrixplayer.Event) *matrixplayer.Event {
		t.Helper()
		limits.Pass(reading)
		before, _ := limits.Count("message")
		sent := time.Now()
		do()
		e := wait()
		after, _ := limits.Count("message")
		took = append(took, e.At.Sub(sent))
		t.Logf("%-40s %6v, events until then: %d", what, e.At.Sub(sent).Round(10*time.Millisecond), after-before)
		return e
	}
	say := func(text, answer string) *matrixplayer.Event {
		t.Helper()
		return step(text[:min(len(text), 24)], func() { anna.Say(room, text) }, func() *matrixplayer.Event { return anna.WaitFor(room, answer) })
	}
	say("!connexion", "Quel compte")
	say("1", "adresse de votre PRONOTE")
	say(w.site, "identifiant PRONOTE")
	say(w.parent.Username, "mot de passe")
	say(w.parent.Password, "Compte PRONOTE relié")
	list := say("!edt semaine", "Léa")
	step("a tap on 1️⃣", func() { anna.React(list, "1️⃣") }, func() *matrixplayer.Event {
		return anna.Wait(room, "an edit", func(e *matrixplayer.Event) bool { return e.Replaces == list.ID })
	})
	say("!enfant", "2. Hugo")
	say("hugo", "Hugo")
	say("!notes", "Moyenne")
	say("!devoirs", "Hugo")
	say("!connexion izly", "numéro de téléphone")
	say(w.purse.Phone, "code secret")
	say(w.purse.SecretCode, "SMS")
	sms := w.wallet.SMS(w.purse.Phone)
	say(sms[len(sms)-1], "Compte Izly relié")
	say("le garder", "gardé chiffré")
	say("!solde", "Solde")
	poll := step("!recharger 20", func() { anna.Say(room, "!recharger 20") }, func() *matrixplayer.Event { return anna.WaitPoll(room, "Payer") })
	step("a vote", func() { anna.Vote(poll, "Payer") }, func() *matrixplayer.Event { return anna.WaitFor(room, "effectué") })
	say("!solde", "Solde")
	say("!aide", "Ce que je sais faire")

	let, denied := limits.Count("message")
	slices.Sort(took)
	t.Logf("%d answers: half of them within %v, the longest %v; %d events, %d refused for now", len(took), took[len(took)/2], took[len(took)-1], let, denied)
	if denied > 0 {
		t.Errorf("%d events met a limit", denied)
	}
	if most := len(took) + 10; let > most { // polls and their ends, deleted secrets, the greeting, name and picture
		t.Errorf("%d events for %d answers; want %d at most", let, len(took), most)
	}
}
