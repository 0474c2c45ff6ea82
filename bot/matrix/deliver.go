//go:build goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// plan is a reply on its way: its events and what is to be remembered of it.
type plan struct {
	Name    string            `json:"name"` // of its transactions
	Room    id.RoomID         `json:"room"`
	Thread  id.EventID        `json:"thread,omitempty"`
	Edit    id.EventID        `json:"edit,omitempty"`  // our message that the first event takes the place of
	Close   id.EventID        `json:"close,omitempty"` // our message whose question this answers
	Events  []json.RawMessage `json:"events"`          // the last bears the choices
	Poll    json.RawMessage   `json:"poll,omitempty"`
	Choices []offered         `json:"choices,omitempty"`
	For     id.UserID         `json:"for,omitempty"`
	Expect  chat.Expect       `json:"expect,omitempty"`
	// Withdraws is whose votes it ends; empty for nobody's.
	Withdraws id.UserID `json:"withdraws,omitempty"`
	Private   bool      `json:"private,omitempty"` // nobody else may read it
	Made      time.Time `json:"made"`

	sent  bool         // in this run
	given []id.EventID // of Events, those that the homeserver has taken in this run
}

// deliver sends the events of a plan, and notes what its choices stand for: the typed ways to pick one work
// from then on, and without the poll that follows. What the message offered that it takes the place of is
// gone then. To deliver a plan again changes nothing, as long as the homeserver knows its transactions again.
func (l *connection) deliver(ctx context.Context, p *plan) error {
	for i := len(p.given); i < len(p.Events); i++ {
		evt, err := l.post(ctx, p.Room, event.EventMessage, p.Events[i], fmt.Sprintf("%s-%d", p.Name, i))
		if err != nil {
			return err
		}
		if i == 0 && p.Edit != "" {
			evt = p.Edit
			if err := l.clearOffer(p.Edit, p.Choices); err != nil {
				l.a.log.Warn("old choices not removed", "error", err)
			}
		}
		p.given = append(p.given, evt)
	}
	var last id.EventID
	if len(p.given) > 0 {
		last = p.given[len(p.given)-1]
	}
	var o *offer
	if len(p.Choices) > 0 {
		o = &offer{Room: p.Room, Event: last, Thread: p.Thread, For: p.For, Choices: p.Choices, Made: p.Made}
	}
	if err := l.a.offers.said(p.Room, last, o, p.Expect); err != nil {
		l.a.log.Error("choices not stored", "error", err)
		return nil // the reply itself was sent
	}
	if p.Close != "" {
		if err := l.clearOffer(p.Close, nil); err != nil {
			l.a.log.Warn("old choices not removed", "error", err)
		}
	}
	if p.Withdraws != "" {
		if err := l.withdraw(p.Room, p.Withdraws); err != nil {
			l.a.log.Warn("polls not closed", "error", err)
		}
	}
	if o != nil && p.Poll != nil {
		return l.openPoll(ctx, o, p)
	}
	return nil
}

// openPoll follows a message with a poll of its choices. Where the homeserver does not take it, people type.
func (l *connection) openPoll(ctx context.Context, o *offer, p *plan) error {
	poll, err := l.post(ctx, p.Room, event.EventUnstablePollStart, p.Poll, p.Name+"-poll")
	if _, slow := slowDown(err); slow {
		return err
	}
	if err == nil {
		err = l.a.offers.update(o.Event, func(stored *offer) { stored.Poll = poll })
	}
	if err != nil {
		l.a.log.Warn("poll not opened", "error", err)
	}
	return nil
}

const (
	// maxUnsent is how old an answer may be that is still sent.
	maxUnsent = 24 * time.Hour
	// resendEvery is how often that is tried while the connection is well.
	resendEvery = time.Minute
)

// resend sends the answers that the homeserver has not got: an earlier run was killed over them, or the server
// could not be reached. Where one does not go, those that came after it in its room wait with it. What the server
// slows down comes after its time, and nobody waits for that: one loop of the connection does, and until it ends there
// is nothing else to do.
func (l *connection) resend(ctx context.Context) {
	if l.resending.Load() {
		return
	}
	if wait := l.resendOnce(mautrix.WithMaxRetries(ctx, 0)); wait > 0 && l.resending.CompareAndSwap(false, true) {
		l.a.background(func(ctx context.Context) {
			defer l.resending.Store(false)
			for ; wait > 0 && !l.ended(); wait = l.resendOnce(mautrix.WithMaxRetries(ctx, 0)) {
				select {
				case <-time.After(wait):
				case <-l.life.Done():
					return
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// resendOnce tries each of them once. wait is not 0 when the server slows some down: the time after which it takes the
// next one.
func (l *connection) resendOnce(ctx context.Context) (wait time.Duration) {
	defer l.a.traffic.answering()()
	waits := make(map[id.RoomID]bool)
	var cause error
	for _, r := range l.a.inbox.takeUnsent() {
		if r.answersIn(waits) {
			l.a.inbox.keepUnsent(r)
			continue
		}
		err := notReached(l.finish(ctx, r))
		switch {
		case err == nil:
		case errors.Is(err, chat.ErrNotReached) && l.a.cfg.Now().Sub(r.Plans[0].Made) < maxUnsent:
			cause = err
			if slow, is := slowDown(err); is {
				l.a.traffic.slowed(slow)
				wait = max(wait, slow)
			}
			for _, p := range r.Plans {
				waits[p.Room] = true
			}
			l.a.inbox.keepUnsent(r)
			continue
		default:
			l.a.log.Error("answer given up", "error", err)
		}
		if err := l.a.inbox.done(r, l.a.cfg.Now()); err != nil {
			l.a.log.Error("answered message not noted", "error", err)
		}
	}
	if cause != nil {
		l.a.log.Warn("answers not sent again, tried later", "rooms", len(waits), "error", cause)
	}
	return wait
}

// answersIn tells whether an answer goes to one of the rooms.
func (r *row) answersIn(rooms map[id.RoomID]bool) bool {
	return slices.ContainsFunc(r.Plans, func(p *plan) bool { return rooms[p.Room] })
}

// finish delivers the plans of a row, but for those that others would read now.
func (l *connection) finish(ctx context.Context, r *row) error {
	for _, p := range r.Plans {
		private, err := l.a.isPrivate(p.Room)
		if err != nil {
			return err
		}
		if p.sent || p.Private && !private {
			continue
		}
		if err := l.deliver(ctx, p); err != nil && !errors.Is(err, chat.ErrChatGone) {
			return err
		}
		p.sent = true
	}
	return nil
}
