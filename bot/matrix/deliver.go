//go:build goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core"
)

// plan is a reply on its way: its events and what is to be remembered of it.
type plan struct {
	Name    string            `json:"name"` // of its transactions
	Room    id.RoomID         `json:"room"`
	Edit    id.EventID        `json:"edit,omitempty"`  // our message that the first event takes the place of
	Close   id.EventID        `json:"close,omitempty"` // our message whose question this answers
	Events  []json.RawMessage `json:"events"`          // the last bears the choices
	Poll    json.RawMessage   `json:"poll,omitempty"`
	Choices []offered         `json:"choices,omitempty"`
	For     id.UserID         `json:"for,omitempty"`
	Expect  core.Expect       `json:"expect,omitempty"`
	Private bool              `json:"private,omitempty"`
	Made    time.Time         `json:"made"`
}

// deliver sends the events of a plan, and notes what its choices stand for: the typed ways to pick one work
// from then on, and without the buttons that follow. To deliver a plan again changes nothing.
func (l *link) deliver(ctx context.Context, p *plan) error {
	var last id.EventID
	for i, content := range p.Events {
		edit := i == 0 && p.Edit != ""
		if edit {
			if err := l.clearOffer(p.Edit, p.Choices); err != nil {
				l.a.log.Warn("old choices not removed", "error", err)
			}
		}
		evt, err := l.post(ctx, p.Room, event.EventMessage, content, fmt.Sprintf("%s-%d", p.Name, i))
		if err != nil {
			return err
		}
		if last = evt; edit {
			last = p.Edit
		}
	}
	var o *offer
	if len(p.Choices) > 0 {
		o = &offer{Room: p.Room, Event: last, For: p.For, Choices: p.Choices, Made: p.Made}
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
	switch {
	case o == nil:
	case p.Poll != nil:
		l.openPoll(ctx, o, p)
	case !risky(o.Choices):
		l.placeReactions(ctx, o)
	}
	return nil
}

// openPoll follows a message with a poll of its choices.
func (l *link) openPoll(ctx context.Context, o *offer, p *plan) {
	poll, err := l.post(ctx, p.Room, event.EventUnstablePollStart, p.Poll, p.Name+"-poll")
	if err == nil {
		err = l.a.offers.update(o.Event, func(stored *offer) { stored.Poll = poll })
	}
	if err != nil {
		l.a.log.Warn("poll not opened", "error", err)
	}
}

// finish sends once more what was on its way when an earlier run ended.
func (l *link) finish(ctx context.Context, r *row) {
	ctx, cancel := context.WithTimeout(ctx, sendPatience)
	defer cancel()
	for _, p := range r.Plans {
		if private, err := l.a.isPrivate(p.Room); err != nil || p.Private && !private {
			continue // somebody has joined meanwhile
		}
		if err := l.deliver(ctx, p); err != nil && !errors.Is(err, core.ErrChatGone) {
			l.a.log.Warn("answer not sent again, tried at the next start", "error", err)
			return
		}
	}
	if err := l.a.inbox.done(r, l.a.cfg.Now()); err != nil {
		l.a.log.Error("answered message not noted", "error", err)
	}
}
