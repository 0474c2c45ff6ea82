//go:build goolm

package matrixplayer

import (
	"testing"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
)

// TestTalk lets people talk to each other in an encrypted room, as they will to the bot.
func TestTalk(t *testing.T) {
	hs := homeserver.Start(t)
	anna, bob := New(t, hs, "anna", Options{}), New(t, hs, "bob", Options{SignedOnly: true})
	room := anna.Group(bob.ID, bob)

	said := anna.Say(room, "salut bob")
	heard := bob.WaitFor(room, "salut")
	if heard.ID != said || heard.Sender != anna.ID || !heard.Encrypted || heard.Trust != id.TrustStateCrossSignedTOFU || heard.Kind != event.MsgText {
		t.Errorf("bob heard %+v", heard)
	}
	bob.React(heard, "✅")
	bob.Answer(heard, "salut anna")
	answer := anna.WaitFor(room, "salut anna")
	anna.WaitReaction(&Event{ID: said, Room: room}, "✅")
	if answer.ReplyTo != said || !answer.Encrypted {
		t.Errorf("anna heard %+v", answer)
	}
	anna.SayInClear(room, "en clair")
	if bob.WaitFor(room, "en clair").Encrypted {
		t.Error("a clear message counts as encrypted")
	}
	anna.Change(room, said, "bonsoir bob")
	if edit := bob.WaitFor(room, "bonsoir"); edit.Replaces != said || edit.Body != "bonsoir bob" {
		t.Errorf("bob heard %+v", edit)
	}
	anna.SayInThread(room, said, "au fait")
	if in := bob.WaitFor(room, "au fait"); in.Thread != said {
		t.Errorf("bob heard %+v", in)
	}
	bob.SendFile(room, event.MsgFile, "cartable.json", []byte("secret"))
	if got := anna.Open(anna.WaitFor(room, "cartable.json")); string(got) != "secret" {
		t.Errorf("anna reads %q", got)
	}
	anna.Redact(room, said)
	bob.WaitRedacted(said)
}

// TestVote lets one person vote in the poll of another.
func TestVote(t *testing.T) {
	hs := homeserver.Start(t)
	anna, bob := New(t, hs, "anna", Options{}), New(t, hs, "bob", Options{})
	room := anna.Group(bob.ID, bob)
	text := func(s string) map[string]any { return map[string]any{"org.matrix.msc1767.text": s} }
	yes, no := text("Oui"), text("Non")
	yes["id"], no["id"] = "y", "n"
	anna.Send(room, event.EventUnstablePollStart, map[string]any{
		"org.matrix.msc3381.poll.start": map[string]any{
			"kind": "org.matrix.msc3381.poll.disclosed", "max_selections": 1, "question": text("On y va ?"), "answers": []any{yes, no},
		},
	})
	poll := bob.WaitPoll(room, "Oui")
	if poll.Body != "On y va ?" || !poll.Encrypted {
		t.Errorf("bob sees %v", poll)
	}
	bob.Vote(poll, "Non")
	vote := anna.Wait(room, "a vote", func(e *Event) bool { return e.About == poll.ID })
	answers := vote.raw.Content.Parsed.(*event.PollResponseEventContent).Response.Answers
	if len(answers) != 1 || answers[0] != "n" || !vote.Encrypted {
		t.Errorf("anna sees %v in %v", answers, vote)
	}
}

// TestDevices lets a person read on a second device, and hides keys from devices that nobody has signed.
func TestDevices(t *testing.T) {
	hs := homeserver.Start(t)
	anna := New(t, hs, "anna", Options{SignedOnly: true})
	bob := New(t, hs, "bob", Options{})
	room := anna.Group(bob.ID, bob)
	second := bob.SecondDevice(Options{})
	stray := bob.SecondDevice(Options{Unsigned: true})
	second.WaitMembers(room, anna.ID)
	stray.WaitMembers(room, anna.ID)

	bob.Say(room, "me voici") // anna learns of the devices
	anna.WaitFor(room, "me voici")
	anna.Say(room, "pour tous tes appareils")
	second.WaitFor(room, "pour tous")
	bob.WaitFor(room, "pour tous")
	stray.Wait(room, "something unreadable", func(e *Event) bool { return e.Failure != nil })
}
