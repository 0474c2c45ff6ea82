//go:build goolm

package matrixplayer

import (
	"context"
	"fmt"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Say writes a message. Waits look only at what comes after it.
func (p *Player) Say(room id.RoomID, text string) id.EventID {
	p.t.Helper()
	return p.Send(room, event.EventMessage, message(text))
}

// SayErr is Say.
func (p *Player) SayErr(ctx context.Context, room id.RoomID, text string) (id.EventID, error) {
	return p.send(ctx, room, event.EventMessage, message(text))
}

// SayInClear writes an unencrypted message into an encrypted room, as a homeserver could forge one.
func (p *Player) SayInClear(room id.RoomID, text string) id.EventID {
	p.t.Helper()
	return p.Send(room, event.EventMessage, message(text), mautrix.ReqSendEvent{DontEncrypt: true})
}

// Answer writes a message in reply to another.
func (p *Player) Answer(to *Event, text string) id.EventID {
	p.t.Helper()
	m := message(text)
	m.SetReply(to.raw)
	return p.Send(to.Room, event.EventMessage, m)
}

// SayInThread writes a message into the thread that begins with root.
func (p *Player) SayInThread(room id.RoomID, root id.EventID, text string) id.EventID {
	p.t.Helper()
	m := message(text)
	m.RelatesTo = (&event.RelatesTo{}).SetThread(root, root)
	return p.Send(room, event.EventMessage, m)
}

// Change edits a message of the person.
func (p *Player) Change(room id.RoomID, which id.EventID, text string) id.EventID {
	p.t.Helper()
	m := message(text)
	m.SetEdit(which)
	return p.Send(room, event.EventMessage, m)
}

// React puts an emoji under a message, unencrypted as everywhere.
func (p *Player) React(to *Event, emoji string) id.EventID {
	p.t.Helper()
	return p.Send(to.Room, event.EventReaction, &event.ReactionEventContent{
		RelatesTo: event.RelatesTo{Type: event.RelAnnotation, EventID: to.ID, Key: emoji},
	})
}

// Vote votes for the answer of a poll whose text has answer in it.
func (p *Player) Vote(in *Event, answer string) id.EventID {
	p.t.Helper()
	for _, a := range in.Poll {
		if strings.Contains(a.Text, answer) {
			return p.Send(in.Room, event.EventUnstablePollResponse, vote(in, a))
		}
	}
	p.t.Fatalf("%s cannot vote for %q in: %v", p.name, answer, in)
	return ""
}

// VoteInClear is Vote without encryption, as a homeserver could forge it.
func (p *Player) VoteInClear(in *Event, answer string) id.EventID {
	p.t.Helper()
	for _, a := range in.Poll {
		if strings.Contains(a.Text, answer) {
			return p.Send(in.Room, event.EventUnstablePollResponse, vote(in, a), mautrix.ReqSendEvent{DontEncrypt: true})
		}
	}
	p.t.Fatalf("%s cannot vote for %q in: %v", p.name, answer, in)
	return ""
}

func vote(in *Event, a Answer) *event.PollResponseEventContent {
	return &event.PollResponseEventContent{
		RelatesTo: event.RelatesTo{Type: event.RelReference, EventID: in.ID},
		Response:  event.PollResponse{Answers: []string{a.ID}},
	}
}

// Redact deletes an event.
func (p *Player) Redact(room id.RoomID, which id.EventID) {
	p.t.Helper()
	if _, err := p.client.RedactEvent(p.t.Context(), room, which); err != nil {
		p.t.Fatalf("%s deletes %s: %v", p.name, which, err)
	}
}

// Send sends an event of any type. Waits look only at what comes after it.
func (p *Player) Send(room id.RoomID, kind event.Type, content any, extra ...mautrix.ReqSendEvent) id.EventID {
	p.t.Helper()
	sent, err := p.send(p.t.Context(), room, kind, content, extra...)
	if err != nil {
		p.t.Fatalf("%s sends %s: %v", p.name, kind.Type, err)
	}
	return sent
}

func (p *Player) send(ctx context.Context, room id.RoomID, kind event.Type, content any, extra ...mautrix.ReqSendEvent) (id.EventID, error) {
	p.mu.Lock()
	p.read[room] = len(p.events)
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	resp, err := p.client.SendMessageEvent(ctx, room, kind, content, extra...)
	if err != nil {
		return "", fmt.Errorf("send: %w", err)
	}
	return resp.EventID, nil
}

func message(text string) *event.MessageEventContent {
	return &event.MessageEventContent{MsgType: event.MsgText, Body: text, Mentions: &event.Mentions{}}
}
