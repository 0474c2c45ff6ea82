//go:build goolm

package e2e

import (
	"testing"

	"cartable/e2e/matrixplayer"
)

// TestMatrixSecondDevice lets a person carry on at another device, and read on the first.
func TestMatrixSecondDevice(t *testing.T) {
	w := newWorld(t)
	anna := w.Player("anna")
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	second := anna.SecondDevice(matrixplayer.Options{})
	second.WaitMembers(room, w.bot.ID)
	anna.Say(room, "!aide")
	anna.WaitFor(room, "Ce que je sais faire")
	second.WaitFor(room, "Ce que je sais faire")
	second.Say(room, "!annuler")
	second.WaitFor(room, "rien à annuler")
	anna.WaitFor(room, "rien à annuler")
	w.mustBeEncrypted(anna, room)
}

// TestMatrixSignedOnly talks from a client that gives its keys to no device which its owner has not signed.
func TestMatrixSignedOnly(t *testing.T) {
	w := newWorld(t)
	anna := matrixplayer.New(t, w.hs, "anna", matrixplayer.Options{SignedOnly: true})
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	anna.Say(room, "!aide")
	anna.WaitFor(room, "Ce que je sais faire")
	w.mustBeEncrypted(anna, room)

	w.bot.stop()
	w.bot.start()
	anna.Say(room, "!annuler")
	anna.WaitFor(room, "rien à annuler")
	w.mustBeEncrypted(anna, room)
}

// TestMatrixUnsignedPerson talks as a person who never set cross-signing up.
func TestMatrixUnsignedPerson(t *testing.T) {
	w := newWorld(t)
	anna := matrixplayer.New(t, w.hs, "anna", matrixplayer.Options{Unsigned: true})
	room := anna.DM(w.bot.ID)
	anna.WaitFor(room, "je suis Cartable")
	anna.Say(room, "!aide")
	anna.WaitFor(room, "Ce que je sais faire")
}

// TestMatrixNewcomer brings a person into a group that the bot talks in: they read what comes after.
func TestMatrixNewcomer(t *testing.T) {
	w := newWorld(t)
	anna, bob := w.Player("anna"), w.Player("bob")
	group := anna.Group(w.bot.ID)
	anna.Say(group, "!aide")
	anna.WaitFor(group, "Ce que je sais faire")
	anna.Invite(group, bob.ID)
	bob.Join(group)
	anna.WaitMembers(group, bob.ID)
	anna.Say(group, "!aide")
	bob.WaitFor(group, "Ce que je sais faire")
	bob.Say(group, "!annuler")
	bob.WaitFor(group, "rien à annuler")
	anna.WaitFor(group, "rien à annuler")
}
