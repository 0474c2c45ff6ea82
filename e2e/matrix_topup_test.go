//go:build goolm

package e2e

import (
	"regexp"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"cartable/e2e/matrixplayer"
)

// rich is a person with a linked wallet in a direct chat.
func rich(t *testing.T) (w *world, anna *matrixplayer.Player, room id.RoomID) {
	t.Helper()
	w = newWorld(t)
	anna = w.Player("anna")
	room = anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.linkWallet(anna, room)
	return w, anna, room
}

var typedCode = regexp.MustCompile(`oui (\w+)`)

// propose asks for a top-up and gives its poll, and the code that confirms it in words.
func propose(t *testing.T, anna *matrixplayer.Player, room id.RoomID, euros string) (poll *matrixplayer.Event, code string) {
	t.Helper()
	anna.Say(room, "!recharger "+euros)
	poll = anna.WaitPoll(room, "Payer")
	summary := anna.Wait(room, "a code to type", func(e *matrixplayer.Event) bool { return typedCode.MatchString(e.Body) })
	return poll, typedCode.FindStringSubmatch(summary.Body)[1]
}

// summaryOf is the message that a code confirms: reactions belong under it, if they counted.
func summaryOf(t *testing.T, anna *matrixplayer.Player, room id.RoomID, code string) *matrixplayer.Event {
	t.Helper()
	for _, e := range anna.Heard(room) {
		if strings.Contains(e.Body, "oui "+code) {
			return e
		}
	}
	t.Fatalf("no message has the code %s", code)
	return nil
}

// waitPollEnd waits until a poll is closed.
func waitPollEnd(anna *matrixplayer.Player, poll *matrixplayer.Event) {
	anna.Wait(poll.Room, "the end of the poll", func(e *matrixplayer.Event) bool {
		return strings.HasSuffix(e.Type, "poll.end") && e.About == poll.ID
	})
}

// TestMatrixTopUpVote spends by a vote, once however often it is repeated.
func TestMatrixTopUpVote(t *testing.T) {
	w, anna, room := rich(t)
	before := w.balance()
	poll, code := propose(t, anna, room, "20")
	w.mustHold(before, "before the vote")
	anna.Vote(poll, "Payer")
	anna.WaitFor(room, "effectué")
	w.mustHold(before+20_00, "after the vote")

	waitPollEnd(anna, poll)
	if !strings.Contains(poll.Body, "20,00") || !strings.Contains(poll.Body, "4242") {
		t.Errorf("the poll asks %q, and names neither amount nor card", poll.Body)
	}
	anna.Vote(poll, "Payer")
	anna.WaitFor(room, "rechargés, une seule fois")
	anna.Say(room, "oui "+code)
	anna.WaitFor(room, "rechargés, une seule fois")
	w.mustHold(before+20_00, "after voting twice")

	poll, _ = propose(t, anna, room, "20")
	anna.Say(room, "!annuler")
	anna.WaitFor(room, "annulé")
	waitPollEnd(anna, poll)
	w.mustBeEncrypted(anna, room)
}

// TestMatrixTopUpTyped spends by a typed code, and not by a wrong one.
func TestMatrixTopUpTyped(t *testing.T) {
	w, anna, room := rich(t)
	before := w.balance()
	_, code := propose(t, anna, room, "12,50")
	wrong := "0000"
	if code == wrong {
		wrong = "1111"
	}
	anna.Say(room, "oui "+wrong)
	anna.WaitFor(room, "Ce code ne confirme rien")
	w.mustHold(before, "after a wrong code")
	anna.SayInClear(room, "oui "+code)
	if n := w.answers(anna, room, "effectué"); n != 0 {
		t.Error("a code in clear was obeyed")
	}
	w.mustHold(before, "after a code in clear")
	anna.Say(room, "oui "+code)
	anna.WaitFor(room, "effectué")
	w.mustHold(before+12_50, "after the code")
	anna.Say(room, "oui "+code)
	anna.WaitFor(room, "rechargés, une seule fois")
	w.mustHold(before+12_50, "after the code twice")
}

// TestMatrixTopUpNot does all that must not spend.
func TestMatrixTopUpNot(t *testing.T) {
	w, anna, room := rich(t)
	before := w.balance()

	t.Run("reaction", func(t *testing.T) {
		poll, code := propose(t, anna, room, "20")
		summary := summaryOf(t, anna, room, code)
		for _, emoji := range []string{"✅", "1️⃣", "👍"} {
			anna.React(poll, emoji)
			anna.React(summary, emoji)
		}
		anna.Say(room, "!solde")
		anna.WaitFor(room, "Solde")
		w.mustHold(before, "after reactions")
	})
	t.Run("vote in clear", func(t *testing.T) {
		poll, _ := propose(t, anna, room, "20")
		anna.VoteInClear(poll, "Payer")
		anna.Say(room, "!solde")
		anna.WaitFor(room, "Solde")
		w.mustHold(before, "after a vote in clear")
	})
	t.Run("cancelled", func(t *testing.T) {
		poll, code := propose(t, anna, room, "20")
		anna.Vote(poll, "Annuler")
		anna.WaitFor(room, "annulé")
		anna.Vote(poll, "Payer")
		anna.Say(room, "oui "+code)
		anna.Say(room, "!solde")
		anna.WaitFor(room, "Solde")
		w.mustHold(before, "after a vote against")
	})
	t.Run("unsigned device", func(t *testing.T) {
		stray := anna.SecondDevice(matrixplayer.Options{Unsigned: true})
		stray.WaitMembers(room, w.bot.ID)
		stray.Say(room, "!aide")
		stray.WaitFor(room, "Ce que je sais faire")
		stray.Say(room, "!recharger 20")
		stray.Wait(room, "a code to type", func(e *matrixplayer.Event) bool { return typedCode.MatchString(e.Body) })
		poll := stray.WaitPoll(room, "Payer")
		stray.Vote(poll, "Payer")
		stray.WaitFor(room, "pas signée")
		w.mustHold(before, "after the vote of an unsigned device")
	})
	t.Run("somebody else", func(t *testing.T) {
		poll, code := propose(t, anna, room, "20")
		bob := w.Player("bob")
		anna.Invite(room, bob.ID)
		bob.Join(room)
		bob.Vote(poll, "Payer")
		bob.Say(room, "oui "+code)
		bob.Say(room, "!aide")
		bob.WaitFor(room, "Ce que je sais faire")
		w.mustHold(before, "after the vote of somebody else")
	})
}
