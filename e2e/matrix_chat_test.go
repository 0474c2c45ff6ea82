//go:build goolm

package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"

	"cartable/e2e/matrixplayer"
)

// TestMatrixDirect is a family's first evening with the bot: the invitation, both accounts, every command.
func TestMatrixDirect(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.linkSchool(anna, room)
	w.linkWallet(anna, room)

	for _, talk := range []struct{ say, hear string }{
		{"!edt semaine", "Léa"},
		{"emploi du temps demain", "Léa"},
		{"/notes", "Moyenne"},
		{"!devoirs", "Léa"},
		{"!enfant Hugo", "Hugo"},
		{"!edt", "Hugo"},
		{"!solde", "Solde"},
		{"!historique", "€"},
		{"!langue en", "English"},
		{"!balance", "Balance"},
		{"!langue fr", "français"},
		{"!confidentialite", "chiffr"},
		{"!annuler", "choix restés ouverts ne valent plus"}, // those of the linking
		{"!annuler", "rien à annuler"},
		{"!aide", "!recharger"},
		{"!edit", "!edt"},
	} {
		anna.Say(room, talk.say)
		answer := anna.Wait(room, talk.hear+" after "+talk.say, func(e *matrixplayer.Event) bool {
			return strings.Contains(strings.ToLower(e.Body), strings.ToLower(talk.hear))
		})
		if answer.Encrypted && strings.Contains(answer.HTML, "<script") {
			t.Errorf("%s: %v", talk.say, answer)
		}
	}
	anna.Say(room, "!mesdonnees")
	file := anna.WaitFor(room, "pour un programme")
	if page := string(anna.Open(anna.WaitFor(room, "tout ce qui est gardé"))); !strings.Contains(page, "<h1>Ce que Cartable garde de vous</h1>") {
		t.Errorf("the page of /mesdonnees is %.200s", page)
	}
	var export struct{ Accounts []struct{ Kind string } }
	if err := json.Unmarshal(anna.Open(file), &export); err != nil || len(export.Accounts) != 2 {
		t.Errorf("the file of /mesdonnees has %+v, %v", export, err)
	}
	anna.Say(room, "!deconnexion izly")
	anna.Vote(anna.WaitPoll(room, "Oublier"), "Oublier")
	anna.WaitFor(room, "C'est oublié")
	w.mustBeEncrypted(anna, room)
	if broken := append(w.school.Violations(), w.wallet.Violations()...); len(broken) > 0 {
		t.Errorf("violations: %q", broken)
	}
}

// TestMatrixThread has the bot answer in the thread it was spoken to in, and not at all to an edit.
func TestMatrixThread(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	root := anna.Say(room, "!aide")
	anna.WaitFor(room, "Ce que je sais faire")
	anna.SayInThread(room, root, "!confidentialite")
	if e := anna.WaitFor(room, "chiffr"); e.Thread != root {
		t.Errorf("the answer to a word in a thread is in thread %q: %v", e.Thread, e)
	}
	anna.Say(room, "!annuler")
	if e := anna.WaitFor(room, "rien à annuler"); e.Thread != "" {
		t.Errorf("the answer to a word outside is in thread %q: %v", e.Thread, e)
	}
	said := anna.Say(room, "!annuler")
	anna.WaitFor(room, "rien à annuler")
	anna.Change(room, said, "!aide")
	if n := w.answers(anna, room, "Ce que je sais faire"); n != 0 {
		t.Error("an edited message was obeyed")
	}
}

// TestMatrixClear sends commands in clear into an encrypted room: the homeserver could have made them up.
func TestMatrixClear(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	anna.SayInClear(room, "!aide")
	if n := w.answers(anna, room, "Ce que je sais faire"); n != 0 {
		t.Error("a command in clear was obeyed in an encrypted room")
	}
}

// TestMatrixVerification asks the bot to compare emojis, in clear and encrypted: it declines in the way that ends the
// dialogue of the app, and does not complain that the request was in clear.
func TestMatrixVerification(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	for _, clear := range []bool{true, false} {
		request := &event.MessageEventContent{
			MsgType: event.MsgVerificationRequest, Body: "Anna asks to verify your keys", To: w.bot.ID, FromDevice: "ANNA",
			Methods: []event.VerificationMethod{event.VerificationMethodSAS},
		}
		asked := anna.Send(room, event.EventMessage, request, mautrix.ReqSendEvent{DontEncrypt: clear})
		anna.Wait(room, "a refusal", func(e *matrixplayer.Event) bool {
			return e.Type == event.InRoomVerificationCancel.Type && e.About == asked && e.Encrypted
		})
	}
	anna.Say(room, "!annuler")
	anna.WaitFor(room, "rien à annuler")
	for _, e := range anna.Heard(room) {
		if strings.Contains(e.Body, "n'était pas chiffré") {
			t.Errorf("the bot said %q", e.Body)
		}
	}
}

// TestMatrixPlain talks in a room without encryption.
func TestMatrixPlain(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.PlainDM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	anna.Say(room, "!aide")
	if e := anna.WaitFor(room, "Ce que je sais faire"); e.Encrypted {
		t.Errorf("encrypted: %v", e)
	}
	anna.Say(room, "!connexion pronote")
	anna.WaitFor(room, "pas chiffrés de bout en bout")
}
