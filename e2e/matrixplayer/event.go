//go:build goolm

package matrixplayer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// Event is something that was said or done in a room, as a person's client understood it.
type Event struct {
	ID     id.EventID
	Room   id.RoomID
	Sender id.UserID
	Type   string            // "m.room.message", "m.reaction"
	Kind   event.MessageType // "m.text", "m.notice"
	Body   string            // of an edit: the new text; of a poll: its question
	HTML   string
	Poll   []Answer // what can be voted for, when it is a poll
	Key    string   // of a reaction

	Replaces id.EventID // the message that this is an edit of
	About    id.EventID // the event that a reaction, vote or end of a poll is about
	ReplyTo  id.EventID
	Thread   id.EventID // the root

	Encrypted bool          // on its way here
	Trust     id.TrustState // in the device that it came from, when encrypted
	At        time.Time     // when it could be read
	Failure   error         // why it could not; then nothing but ID, Room and Sender is known

	raw  *event.Event
	used bool // by a wait
}

// Answer is one that a poll offers.
type Answer struct{ ID, Text string }

func (e *Event) String() string {
	switch {
	case e.Failure != nil:
		return fmt.Sprintf("%s: not readable: %v", e.Sender, e.Failure)
	case e.Key != "":
		return fmt.Sprintf("%s: reacts with %s", e.Sender, e.Key)
	}
	text := fmt.Sprintf("%s: [%s %s] %s", e.Sender, e.Type, e.Kind, e.Body)
	for _, a := range e.Poll {
		text += fmt.Sprintf(" (%s: %s)", a.ID, a.Text)
	}
	return text
}

// hear takes what the homeserver tells. Encrypted events come once more when they have been decrypted.
func (p *Player) hear(_ context.Context, evt *event.Event) {
	const aside = event.SourceToDevice | event.SourceAccountData | event.SourceEphemeral | event.SourcePresence
	p.mu.Lock()
	defer p.mu.Unlock()
	if evt.Mautrix.EventSource&aside == 0 && evt.Type != event.EventEncrypted && evt.StateKey == nil {
		if evt.Type == event.EventRedaction {
			p.gone[evt.Redacts] = true
			p.gone[evt.Content.AsRedaction().Redacts] = true
		}
		p.events = append(p.events, understand(evt))
	}
	p.tell()
}

// hearNothing takes an event that could not be decrypted.
func (p *Player) hearNothing(evt *event.Event, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, &Event{ID: evt.ID, Room: evt.RoomID, Sender: evt.Sender, At: time.Now(), Failure: err, raw: evt})
	p.tell()
}

// tell wakes all that wait. The caller holds mu.
func (p *Player) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func understand(evt *event.Event) *Event {
	e := &Event{
		ID: evt.ID, Room: evt.RoomID, Sender: evt.Sender, Type: evt.Type.Type, At: time.Now(),
		Encrypted: evt.Mautrix.WasEncrypted, Trust: evt.Mautrix.TrustState, raw: evt,
	}
	if m, ok := evt.Content.Parsed.(*event.MessageEventContent); ok {
		e.Replaces = m.RelatesTo.GetReplaceID()
		e.ReplyTo = m.RelatesTo.GetReplyTo()
		e.Thread = m.RelatesTo.GetThreadParent()
		if m.NewContent != nil {
			m = m.NewContent
		}
		e.Kind, e.Body, e.HTML = m.MsgType, m.Body, m.FormattedBody
		return e
	}
	var other struct {
		RelatesTo event.RelatesTo `json:"m.relates_to"`
		Poll      *poll           `json:"org.matrix.msc3381.poll.start"`
		Stable    *poll           `json:"m.poll"`
	}
	if json.Unmarshal(evt.Content.VeryRaw, &other) != nil {
		return e // the test sees an event without content
	}
	e.About, e.Key, e.Thread = other.RelatesTo.EventID, other.RelatesTo.Key, other.RelatesTo.GetThreadParent()
	if other.Poll == nil {
		other.Poll = other.Stable
	}
	if other.Poll != nil {
		e.Body = other.Poll.Question.String()
		for _, a := range other.Poll.Answers {
			e.Poll = append(e.Poll, Answer{cmp.Or(a.ID, a.StableID), a.String()})
		}
	}
	return e
}

// poll is a poll on the wire (MSC3381), under its unstable and its stable names.
type poll struct {
	Question pollText `json:"question"`
	Answers  []struct {
		ID       string `json:"id"`
		StableID string `json:"m.id"`
		pollText
	} `json:"answers"`
}

type pollText struct {
	Unstable string `json:"org.matrix.msc1767.text"`
	Stable   []struct {
		Body string `json:"body"`
	} `json:"m.text"`
}

func (t pollText) String() string {
	if t.Unstable == "" && len(t.Stable) > 0 {
		return t.Stable[0].Body
	}
	return t.Unstable
}
