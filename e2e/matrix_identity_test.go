//go:build goolm

package e2e

import (
	"regexp"
	"strings"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"cartable/e2e/matrixplayer"
)

// TestMatrixVerify asks the operator's commands what people's clients think of the bot.
func TestMatrixVerify(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.bot.stop()
	report := w.bot.mustRun("matrix", "verify")
	for _, line := range []string{`keys published +yes`, `identity held +yes`, `device signed +yes`, `one-time keys +[1-9]`} {
		if !regexp.MustCompile(line).MatchString(report) {
			t.Errorf("no %q in\n%s", line, report)
		}
	}
	w.bot.start()
	anna.Say(room, "!aide")
	anna.WaitFor(room, "Ce que je sais faire")
}

// TestMatrixLostVault loses everything but the recovery key. Without it the bot refuses to start, rather than
// show everybody another identity; with it, a client that trusts signed devices only carries on.
func TestMatrixLostVault(t *testing.T) {
	w := newWorld(t)
	anna := matrixplayer.New(t, w.hs, "anna", matrixplayer.Options{SignedOnly: true})
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.bot.stop()
	key := strings.TrimSpace(w.bot.mustRun("matrix", "recovery-key"))
	if len(strings.Fields(key)) != 12 {
		t.Fatal("the recovery key has not 12 groups")
	}
	w.bot.loseVault()
	if out, err := w.bot.run("run"); err == nil || !strings.Contains(out, "CARTABLE_MATRIX_RECOVERY_KEY") {
		t.Errorf("without the recovery key: %v\n%s", err, out)
	}
	w.bot.env = append(w.bot.env, "CARTABLE_MATRIX_RECOVERY_KEY="+key)
	w.bot.secrets = append(w.bot.secrets, key)
	w.bot.start()
	w.bot.waitConnected()
	w.carryOn(anna, room, "!aide", "Ce que je sais faire")
	anna.Say(room, "!annuler")
	anna.WaitFor(room, "rien à annuler")
	w.mustBeEncrypted(anna, room)
}

// TestMatrixLoggedOut has somebody log all devices of the bot's account out. The bot logs in again as the
// same device, and no message is lost.
func TestMatrixLoggedOut(t *testing.T) {
	w := newWorld(t)
	anna := matrixplayer.New(t, w.hs, "anna", matrixplayer.Options{SignedOnly: true})
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	client, err := mautrix.NewClient(w.hs.URL, "", "")
	if err == nil {
		_, err = client.Login(t.Context(), &mautrix.ReqLogin{
			Type: mautrix.AuthTypePassword, Password: botPassword, StoreCredentials: true,
			Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: "cartable"},
		})
	}
	if err == nil {
		_, err = client.LogoutAll(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	w.carryOn(anna, room, "!aide", "Ce que je sais faire")
	anna.Say(room, "!annuler")
	anna.WaitFor(room, "rien à annuler")
	w.mustBeEncrypted(anna, room)
}

// carryOn says something to a bot that has a new device or new keys. The first word may have been for the
// device that is no more; nobody can read it then, and the bot asks for it again.
func (w *world) carryOn(p *matrixplayer.Player, room id.RoomID, say, want string) {
	w.t.Helper()
	p.Say(room, say)
	answer := p.Wait(room, "an answer or an apology", func(e *matrixplayer.Event) bool {
		return strings.Contains(e.Body, want) || strings.Contains(e.Body, "Renvoyez-le")
	})
	if !strings.Contains(answer.Body, want) {
		w.t.Log("the first word could not be read, and the bot said so")
		p.Say(room, say)
		p.WaitFor(room, want)
	}
}

var invitation = regexp.MustCompile(`start (inv_\S+)`)

// TestMatrixInvitation lets nobody in without a code, and gives no stranger a bot for their group.
func TestMatrixInvitation(t *testing.T) {
	w := newWorld(t, "CARTABLE_ACCESS=invite", "CARTABLE_ADMINS=matrix:@anna:localhost")
	anna, bob := w.Player("anna"), w.Player("bob")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	anna.Say(room, "!inviter")
	code := invitation.FindStringSubmatch(anna.WaitFor(room, "start inv_").Body)[1]

	direct := bob.DM(w.bot.ID)
	bob.WaitFor(direct, "Ce bot est privé")
	bob.Say(direct, "!connexion")
	bob.WaitFor(direct, "Ce bot est privé")
	group := bob.Create(&mautrix.ReqCreateRoom{Preset: "private_chat"})
	bob.Invite(group, w.bot.ID)
	bob.WaitLeft(group, w.bot.ID)
	bob.Say(direct, "!start "+code)
	bob.WaitFor(direct, "je suis Cartable")
	bob.Invite(group, w.bot.ID)
	bob.WaitMembers(group, w.bot.ID)
}
