//go:build goolm

package e2e

import (
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
	"cartable/e2e/matrixplayer"
)

// newForgedWorld is a world whose bot a homeserver lies to.
func newForgedWorld(t *testing.T) (*world, *liar) {
	t.Helper()
	hs := homeserver.Start(t)
	l := newLiar(t, hs)
	return newWorldOn(t, hs, "CARTABLE_MATRIX_HOMESERVER="+l.URL), l
}

// What the bot logs of an event that it does not believe.
const (
	notFromDevice = "event not obeyed"
	notEncrypted  = "clear event in an encrypted room not obeyed"
)

// ignores lets somebody act as another, whom they know all secrets of, and waits until the bot has refused
// each act for this reason.
func (w *world) ignores(reason string, acts ...func()) {
	w.t.Helper()
	n := w.bot.logged(reason)
	for _, act := range acts {
		act()
	}
	w.bot.waitLogged(reason, n+len(acts))
}

// TestMatrixForged has the homeserver pass Mallory off as Anna, in her private chat, where it hides him. His
// words are encrypted as hers are, but by a device that is not hers.
func TestMatrixForged(t *testing.T) {
	w, liar := newForgedWorld(t)
	anna, mallory := w.Player("anna"), w.Player("mallory")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.linkSchool(anna, room)
	w.linkWallet(anna, room)
	before := w.balance()

	liar.passOff(room, mallory, anna)
	anna.Invite(room, mallory.ID)
	mallory.Join(room)
	anna.WaitMembers(room, mallory.ID)
	says := func(text string) func() { return func() { mallory.Say(room, text) } }
	votes := func(poll *matrixplayer.Event, answer string) func() { return func() { mallory.Vote(poll, answer) } }

	t.Run("commands", func(t *testing.T) {
		anna.Say(room, "!solde")
		anna.WaitFor(room, "Solde") // for the bot they are alone
		w.ignores(notFromDevice, says("!recharger 20"), says("!deconnexion izly"), says("!mesdonnees"))
		anna.WaitFor(room, "un appareil que je ne peux pas reconnaître")
		for _, e := range w.since(anna, room) {
			if len(e.Poll) > 0 || strings.Contains(e.Body, "tout ce qui est gardé") {
				t.Errorf("a forged command was obeyed: %v", e)
			}
		}
	})
	t.Run("top-up", func(t *testing.T) {
		poll, code := propose(t, anna, room, "20")
		w.ignores(notFromDevice, votes(poll, "Payer"), says("oui "+code), votes(poll, "Annuler"))
		w.ignores(notEncrypted,
			func() { mallory.SayInClear(room, "oui "+code) },
			func() { mallory.VoteInClear(poll, "Payer") },
			func() { mallory.SayInClear(room, "!deconnexion izly") })
		mallory.React(poll, "1️⃣")
		mallory.React(summaryOf(t, anna, room, code), "1️⃣")
		anna.WaitFor(room, "ne suffit pas pour confirmer")
		if n := w.answers(anna, room, "effectué"); n != 0 {
			t.Error("a forged confirmation was obeyed")
		}
		w.mustHold(before, "after forged confirmations")

		anna.Vote(poll, "Payer") // nothing of all that has spoilt her own vote
		anna.WaitFor(room, "effectué")
		w.mustHold(before+20_00, "after Anna's own vote")
		if n := w.orders.count(); n != 1 {
			t.Errorf("%d orders were given", n)
		}
	})
	t.Run("erasure", func(t *testing.T) {
		anna.Say(room, "!deconnexion izly")
		poll := anna.WaitPoll(room, "Oublier")
		w.ignores(notFromDevice, votes(poll, "Oublier"))
		anna.Say(room, "!solde")
		anna.WaitFor(room, "Solde")
		anna.Vote(poll, "Oublier")
		anna.WaitFor(room, "C'est oublié")
	})
	t.Run("harmless reaction", func(t *testing.T) {
		anna.Say(room, "!enfant")
		mallory.React(anna.WaitFor(room, "2. Hugo"), "2️⃣")
		anna.WaitFor(room, "Hugo") // a homeserver can do that much, and no more
		anna.Say(room, "!enfant Léa")
		anna.WaitFor(room, "Léa")
	})
	w.mustBeEncrypted(anna, room)
}

// TestMatrixForgedGroup has Mallory, a member of the group, take away what Anna shows there.
func TestMatrixForgedGroup(t *testing.T) {
	w, liar := newForgedWorld(t)
	anna, mallory := w.Player("anna"), w.Player("mallory")
	direct := anna.DM(w.bot.ID)
	anna.WaitFor(direct, "je suis Cartable")
	w.linkSchool(anna, direct)
	group := anna.Group(w.bot.ID, mallory)
	anna.WaitFor(group, "je suis Cartable")
	w.show(anna, direct, group)
	anna.Say(group, "!edt semaine")
	anna.WaitFor(group, "Léa")
	answered := len(w.since(anna, group))

	liar.passOff(group, mallory, anna)
	w.ignores(notFromDevice,
		func() { mallory.Say(group, "!deconnexion") },
		func() { mallory.Say(group, "!notes") },
		func() { mallory.Say(group, "!connexion") })
	w.ignores(notEncrypted, func() { mallory.SayInClear(group, "!deconnexion") })
	anna.WaitFor(group, "un appareil que je ne peux pas reconnaître")
	for _, e := range w.since(anna, group)[answered:] {
		if e.Kind != "" && !strings.Contains(e.Body, "Rien n'a été fait") && !strings.Contains(e.Body, "n'était pas chiffré") {
			t.Errorf("a forged command was obeyed: %v", e)
		}
	}
	anna.Say(group, "!edt semaine")
	anna.WaitFor(group, "Léa")
}

// since is what the bot has said and done in a room since the person spoke last.
func (w *world) since(p *matrixplayer.Player, room id.RoomID) (said []*matrixplayer.Event) {
	for _, e := range p.Since(room) {
		if e.Sender == w.bot.ID {
			said = append(said, e)
		}
	}
	return said
}
