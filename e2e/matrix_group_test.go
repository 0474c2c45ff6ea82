//go:build goolm

package e2e

import (
	"strings"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/e2e/matrixplayer"
)

// TestMatrixGroup shows the children's timetable in a group, which the bot remembers in the private chat, and takes it
// away again. Reactions pick, and count from the right person only.
func TestMatrixGroup(t *testing.T) {
	w := newWorld(t)
	anna, bob := w.Player("anna"), w.Player("bob")
	direct := anna.DM(w.bot.ID)
	anna.WaitFor(direct, "je suis Cartable")
	w.linkSchool(anna, direct)

	group := anna.Group(w.bot.ID, bob)
	anna.WaitFor(group, "je suis Cartable")
	bob.WaitFor(group, "je suis Cartable")
	bob.Say(group, "!edt")
	bob.WaitFor(group, "Rien de tel n'est montré")

	w.show(anna, direct, group)

	bob.WaitFor(group, "montre ici l'emploi du temps")
	bob.Say(group, "!edt semaine")
	bob.WaitFor(group, "Léa")
	bob.Say(group, "!notes")
	bob.WaitFor(group, "Rien de tel n'est montré")
	bob.Say(group, "!deconnexion")
	bob.WaitFor(group, "Vous ne montrez rien")

	anna.Say(group, "!deconnexion")
	hide := anna.WaitFor(group, "ne plus montrer dans ce groupe")
	seen := bob.WaitFor(group, "ne plus montrer dans ce groupe")
	bob.React(seen, "1️⃣")
	bob.Say(group, "!edt semaine")
	bob.WaitFor(group, "Léa") // still shown
	anna.React(hide, "1️⃣")
	anna.WaitFor(group, "ne montre plus")
	bob.Say(group, "!edt semaine")
	bob.WaitFor(group, "Rien de tel n'est montré")

	bob.Say(group, "edt, on en parle entre nous")
	if n := w.answers(bob, group, "Rien de tel"); n != 0 {
		t.Error("the bot answers what is not for it")
	}
	w.mustBeEncrypted(anna, group)
	w.mustBeEncrypted(bob, group)
}

// show lets a person show the children's timetable in a group, as they are asked to in their private chat.
func (w *world) show(p *matrixplayer.Player, direct, group id.RoomID) {
	w.t.Helper()
	p.Say(group, "!connexion")
	p.WaitFor(group, "!connexion")
	p.Say(direct, "!connexion")
	p.WaitFor(direct, "que vous pouvez montrer dans « Famille »")
	p.Vote(p.WaitPoll(direct, "Cours et devoirs"), "Cours et devoirs")
	p.WaitFor(direct, "C'est montré")
}

// TestMatrixUpgrade moves a group to a new room version: somebody whom the bot would not follow elsewhere invites it
// there, and what Anna showed is shown on.
func TestMatrixUpgrade(t *testing.T) {
	w := newWorld(t)
	anna, bob := w.Player("anna"), w.Player("bob")
	direct := anna.DM(w.bot.ID)
	anna.WaitFor(direct, "je suis Cartable")
	w.linkSchool(anna, direct)
	group := anna.Group(w.bot.ID, bob)
	anna.WaitFor(group, "je suis Cartable")
	w.show(anna, direct, group)
	bob.WaitFor(group, "montre ici l'emploi du temps")

	next := anna.Upgrade(group, "11", bob.ID, w.bot.ID)
	bob.Join(next)
	bob.WaitMembers(next, w.bot.ID)
	w.bot.waitLogged("room followed to its successor", 1)
	bob.Say(next, "!edt semaine")
	bob.WaitFor(next, "Léa")
	w.mustBeEncrypted(bob, next)
}

// TestMatrixNewPrivateChat has Anna leave her private chat and open another: her accounts are there, and answers
// for her alone arrive there. A session that she has not signed brings them nowhere.
func TestMatrixNewPrivateChat(t *testing.T) {
	w := newWorld(t)
	anna, bob := w.Player("anna"), w.Player("bob")
	first := anna.DM(w.bot.ID)
	anna.WaitFor(first, "je suis Cartable")
	w.linkSchool(anna, first)
	group := anna.Group(w.bot.ID, bob)
	anna.WaitFor(group, "je suis Cartable")
	anna.Leave(first)
	w.bot.waitLogged("nobody else is there", 1)

	second := anna.DM(w.bot.ID)
	anna.WaitFor(second, "je suis Cartable")
	anna.Say(second, "!edt semaine")
	anna.WaitFor(second, "Léa")
	anna.Say(group, "!edt semaine")
	anna.WaitFor(group, "en privé")
	anna.WaitFor(second, "Léa")

	stray := anna.SecondDevice(matrixplayer.Options{Unsigned: true}) // as a homeserver can make one up
	third := stray.DM(w.bot.ID)
	stray.WaitFor(third, "je suis Cartable")
	stray.Say(third, "!edt semaine")
	stray.WaitFor(third, "Aucun compte PRONOTE")
}

// TestMatrixEmptyRoom leaves the bot alone in a room.
func TestMatrixEmptyRoom(t *testing.T) {
	w := newWorld(t)
	anna, bob := w.Player("anna"), w.Player("bob")
	group := anna.Group(w.bot.ID, bob)
	anna.WaitFor(group, "je suis Cartable")
	anna.Kick(group, bob.ID)
	bob.WaitLeft(group, bob.ID)
	anna.Leave(group)
	// Whoever has left learns nothing more, so the bot itself is asked.
	direct := anna.DM(w.bot.ID)
	anna.WaitFor(direct, "je suis Cartable")
}

// TestMatrixCrowd lets Bob into Anna's private chat, and has Anna leave it: he reads nothing of hers, neither while
// she is there nor when the bot comes back at his invitation.
func TestMatrixCrowd(t *testing.T) {
	w := newWorld(t)
	anna, bob := w.Player("anna"), w.Player("bob")
	anyone := 0
	room := anna.Create(&mautrix.ReqCreateRoom{
		Preset: "private_chat", IsDirect: true, Invite: []id.UserID{w.bot.ID}, InitialState: []*event.Event{matrixplayer.Encryption()},
		PowerLevelOverride: &event.PowerLevelsEventContent{
			Users: map[id.UserID]int{anna.ID: 100, w.bot.ID: 50}, InvitePtr: &anyone,
		},
	})
	anna.WaitMembers(room, w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	w.linkSchool(anna, room)
	anna.Invite(room, bob.ID)
	anna.WaitFor(room, "Quelqu'un d'autre est maintenant dans ce salon")
	bob.Join(room)
	anna.WaitMembers(room, bob.ID)
	for _, command := range []string{"!notes", "!edt semaine"} {
		anna.Say(room, command)
		anna.WaitFor(room, "Ouvrez une conversation privée")
	}

	anna.Kick(room, w.bot.ID)
	bob.WaitLeft(room, w.bot.ID)
	anna.Leave(room)
	bob.InviteDirect(room, w.bot.ID)
	bob.WaitFor(room, "je suis Cartable")
	bob.Say(room, "edt semaine")
	bob.WaitFor(room, "Aucun compte PRONOTE")
	for _, e := range bob.Heard(room) {
		if strings.Contains(e.Body, "Léa") {
			t.Errorf("bob reads %q", e.Body)
		}
	}
}
