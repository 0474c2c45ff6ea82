//go:build goolm

package matrixplayer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// WaitFor waits for a message, poll or edit of somebody else with text in it, and gives it. Each event
// answers one wait, and must have come after what the person said last in the room.
func (p *Player) WaitFor(room id.RoomID, text string) *Event {
	p.t.Helper()
	return p.Wait(room, fmt.Sprintf("%q", text), func(e *Event) bool { return says(e, text) })
}

// WaitPoll waits for a poll of somebody else, one of whose answers has text in it.
func (p *Player) WaitPoll(room id.RoomID, text string) *Event {
	p.t.Helper()
	return p.Wait(room, fmt.Sprintf("a poll with %q", text), func(e *Event) bool {
		for _, a := range e.Poll {
			if strings.Contains(a.Text, text) {
				return true
			}
		}
		return false
	})
}

// WaitReaction waits until somebody else has put an emoji under a message.
func (p *Player) WaitReaction(to *Event, emoji string) *Event {
	p.t.Helper()
	return p.Wait(to.Room, "the reaction "+emoji, func(e *Event) bool {
		return e.About == to.ID && strings.TrimSuffix(e.Key, "\ufe0f") == strings.TrimSuffix(emoji, "\ufe0f")
	})
}

// WaitRedacted waits until an event has been deleted.
func (p *Player) WaitRedacted(which id.EventID) {
	p.t.Helper()
	err := p.await(p.t.Context(), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.gone[which]
	})
	if err != nil {
		p.t.Fatalf("%s waits for %s to be deleted: %v", p.name, which, err)
	}
}

// Wait waits for an event of somebody else that match likes; what names it if it does not come.
func (p *Player) Wait(room id.RoomID, what string, match func(*Event) bool) *Event {
	p.t.Helper()
	e, err := p.WaitErr(p.t.Context(), room, match)
	if err != nil {
		p.t.Fatalf("%s waits for %s: %v\nsince the last word there was\n%s", p.name, what, err, p.transcript(room))
	}
	return e
}

// WaitForErr is WaitFor.
func (p *Player) WaitForErr(ctx context.Context, room id.RoomID, text string) (*Event, error) {
	return p.WaitErr(ctx, room, func(e *Event) bool { return says(e, text) })
}

// WaitErr is Wait.
func (p *Player) WaitErr(ctx context.Context, room id.RoomID, match func(*Event) bool) (found *Event, err error) {
	err = p.await(ctx, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, e := range p.events[p.read[room]:] {
			if e.Room == room && e.Sender != p.ID && !e.used && match(e) {
				e.used, found = true, e
				return true
			}
		}
		return false
	})
	return found, err
}

func says(e *Event, text string) bool {
	return (e.Type == event.EventMessage.Type || len(e.Poll) > 0) && strings.Contains(e.Body, text)
}

// Since is what others said and did in the room since the person spoke last.
func (p *Player) Since(room id.RoomID) []*Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.others(room, p.read[room])
}

// Heard is all that others ever said and did in the room.
func (p *Player) Heard(room id.RoomID) []*Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.others(room, 0)
}

func (p *Player) others(room id.RoomID, from int) (heard []*Event) {
	for _, e := range p.events[from:] {
		if e.Room == room && e.Sender != p.ID {
			heard = append(heard, e)
		}
	}
	return heard
}

func (p *Player) transcript(room id.RoomID) string {
	var b strings.Builder
	for _, e := range p.Since(room) {
		fmt.Fprintf(&b, "  %v\n", e)
	}
	return b.String()
}

// await looks each time something was received whether it is done.
func (p *Player) await(ctx context.Context, done func() bool) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-late.C:
			return fmt.Errorf("not within %v", patience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
