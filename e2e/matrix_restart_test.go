//go:build goolm

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"
)

// TestMatrixCrash kills the bot between a proposal and its confirmation. What happens meanwhile is
// answered after the restart, once.
func TestMatrixCrash(t *testing.T) {
	w, anna, room := rich(t)
	before := w.balance()
	poll, _ := propose(t, anna, room, "20")
	w.bot.kill()

	carol := w.Player("carol")
	invited := make(chan id.RoomID, 1)
	go func() { // it returns when the bot has joined
		direct, err := carol.DMErr(t.Context(), w.bot.ID)
		if err != nil {
			t.Errorf("carol opens a chat: %v", err)
		}
		invited <- direct
	}()
	anna.Vote(poll, "Payer")
	w.bot.start()
	anna.WaitFor(room, "effectué")
	w.mustHold(before+20_00, "after a vote while the bot was down")
	carol.WaitFor(<-invited, "je suis Cartable")

	w.bot.kill()
	w.bot.start()
	anna.Say(room, "!solde")
	anna.WaitFor(room, "Solde")
	if n := w.answers(anna, room, "effectué"); n != 0 {
		t.Errorf("the vote was answered %d times more after a restart", n)
	}
	w.mustHold(before+20_00, "after another restart")
	w.mustBeEncrypted(anna, room)
}

// TestMatrixCrashSpending kills the bot while the wallet takes the order: nobody knows then whether it was
// taken, and it must not be sent again.
func TestMatrixCrashSpending(t *testing.T) {
	w, anna, room := rich(t)
	before := w.balance()
	poll, _ := propose(t, anna, room, "20")
	taken := w.orders.hold()
	anna.Vote(poll, "Payer")
	select {
	case <-taken:
	case <-time.After(30 * time.Second):
		t.Fatal("no order came")
	}
	w.bot.kill()
	w.mustHold(before+20_00, "when the order was taken")
	w.bot.start()
	anna.WaitFor(room, "a bien été fait, une seule fois") // the statement shows it
	anna.Vote(poll, "Payer")
	anna.Say(room, "!solde")
	anna.WaitFor(room, "Solde")
	if n := w.orders.count(); n != 1 {
		t.Errorf("the order was sent %d times", n)
	}
	w.mustHold(before+20_00, "in the end")
}

// TestMatrixMidway kills the bot again and again while commands arrive. None is lost, and none is answered
// twice.
func TestMatrixMidway(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	for i := range 4 {
		anna.Say(room, "!annuler")
		time.Sleep(time.Duration(i) * 40 * time.Millisecond) // no wait for something: a moment to strike at
		w.bot.kill()
		w.bot.start()
		anna.WaitFor(room, "rien à annuler")
		if n := w.answers(anna, room, "rien à annuler"); n != 1 {
			t.Errorf("round %d: answered %d times", i, n)
		}
	}
}

// TestMatrixHomeserverRestart pulls the plug of the homeserver.
func TestMatrixHomeserverRestart(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.hs.Kill()
	w.hs.Restart()
	anna.Say(room, "!aide")
	anna.WaitFor(room, "Ce que je sais faire")
	if n := w.answers(anna, room, "Ce que je sais faire"); n != 1 {
		t.Errorf("answered %d times", n)
	}
}

// TestMatrixRestored puts an old copy of the bot's data beside its living account, as a restored backup
// does. The bot takes a new device, and people carry on.
func TestMatrixRestored(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.linkWallet(anna, room)
	w.bot.stop()
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(w.bot.Data)); err != nil {
		t.Fatal(err)
	}
	w.bot.start()
	for range 3 {
		anna.Say(room, "!solde")
		anna.WaitFor(room, "Solde")
	}
	w.bot.stop()
	w.bot.loseVault()
	copyFile(t, filepath.Join(old, "vault.db"), filepath.Join(w.bot.Data, "vault.db"))
	w.bot.start()
	w.bot.waitConnected()
	w.carryOn(anna, room, "!solde", "Solde")
	for range 3 {
		anna.Say(room, "!solde")
		anna.WaitFor(room, "Solde")
	}
	w.mustBeEncrypted(anna, room)
	for _, e := range anna.Heard(room) {
		if strings.Contains(e.Body, "Quelqu'un d'autre") {
			t.Errorf("nobody came, and the bot said %q", e.Body)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
