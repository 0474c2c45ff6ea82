//go:build goolm

package matrix

import (
	"context"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core"
)

func risky(choices []offered) bool {
	return slices.ContainsFunc(choices, func(c offered) bool { return c.Risky })
}

// after notes what the choices of a reply stand for, once it has been sent as evt, and then draws their
// buttons: the typed ways work from the first moment and without them.
func (d *delivery) after(ctx context.Context, evt id.EventID, votes bool, err error) error {
	if err != nil {
		return err
	}
	var o *offer
	if len(d.choices) > 0 {
		o = &offer{Room: d.room, Event: evt, Choices: d.choices, Made: d.l.a.cfg.Now()}
		if d.answers != nil {
			o.For = d.answers.Sender
		}
	}
	if err := d.l.a.offers.said(d.room, evt, o, d.reply.Expect); err != nil {
		d.l.a.log.Error("choices not stored", "error", err)
		return nil // the reply itself was sent
	}
	switch {
	case o == nil:
	case votes:
		d.openPoll(ctx, o)
	case !risky(o.Choices):
		d.placeReactions(ctx, o)
	}
	return nil
}

// placeReactions puts the reactions under a message that people then only have to tap.
func (d *delivery) placeReactions(ctx context.Context, o *offer) {
	for _, c := range o.Choices {
		if c.Key == "" {
			continue
		}
		answer, err := d.l.cli.SendReaction(ctx, o.Room, o.Event, c.Key)
		if err != nil {
			d.l.a.log.Warn("reaction not placed", "error", fail("react", err))
			return
		}
		o.Reactions = append(o.Reactions, answer.EventID)
	}
	if err := d.l.a.offers.update(o.Event, func(stored *offer) { stored.Reactions = o.Reactions }); err != nil {
		d.l.a.log.Error("reactions not stored", "error", err)
	}
}

// The names of a poll (MSC3381), as clients know them.
const (
	pollStart = "org.matrix.msc3381.poll.start"
	pollEnd   = "org.matrix.msc3381.poll.end"
	pollKind  = "org.matrix.msc3381.poll.disclosed"
	pollText  = "org.matrix.msc1767.text"
)

// openPoll follows a message with a poll of its choices: votes are encrypted, and clients draw them as
// buttons.
func (d *delivery) openPoll(ctx context.Context, o *offer) {
	question := oneLine(d.reply.Title)
	if question == "" && len(d.reply.Body) > 0 {
		question = oneLine(d.reply.Body[0].Text)
	}
	var answers []map[string]any
	text := []string{question}
	for _, c := range d.reply.Choices {
		if c.Start == "" {
			answers = append(answers, map[string]any{"id": c.ID, pollText: oneLine(c.Label)})
			text = append(text, oneLine(c.Label))
		}
	}
	content := map[string]any{
		pollStart: map[string]any{
			"kind": pollKind, "max_selections": 1, "answers": answers,
			"question": map[string]any{pollText: question, "body": question, "msgtype": "m.text"},
		},
		pollText: strings.Join(text, "\n"), "m.mentions": map[string]any{},
	}
	if d.to.Thread != "" {
		content["m.relates_to"] = (&event.RelatesTo{}).SetThread(id.EventID(d.to.Thread), o.Event)
	}
	poll, err := d.post(ctx, event.EventUnstablePollStart, content)
	if err == nil {
		err = d.l.a.offers.update(o.Event, func(stored *offer) { stored.Poll = poll })
	}
	if err != nil {
		d.l.a.log.Warn("poll not opened", "error", err)
	}
}

// clearOffer takes the choices of a message away before it says something else: its poll is closed, and the
// bot's reactions go.
func (l *link) clearOffer(ctx context.Context, evt id.EventID) error {
	o, err := l.a.offers.remove(evt)
	if err != nil || o == nil {
		return err
	}
	l.a.background(func(ctx context.Context) {
		if o.Poll != "" {
			end := map[string]any{
				"m.relates_to": &event.RelatesTo{Type: event.RelReference, EventID: o.Poll},
				pollEnd:        map[string]any{}, pollText: "✓",
			}
			if _, err := l.post(ctx, o.Room, event.EventUnstablePollEnd, end, o.Poll.String()+"-end"); err != nil {
				l.a.log.Warn("poll not closed", "error", err)
			}
		}
		for _, reaction := range o.Reactions {
			if _, err := l.cli.RedactEvent(ctx, o.Room, reaction, mautrix.ReqRedact{}); err != nil {
				l.a.log.Debug("reaction not taken back", "error", fail("redact", err))
			}
		}
	})
	return nil
}

var (
	_ core.Adapter     = (*Adapter)(nil)
	_ core.Redacter    = (*Adapter)(nil)
	_ core.Presser     = (*Adapter)(nil)
	_ core.ExposedChat = (*Adapter)(nil)
	_ core.Marker      = (*Adapter)(nil)
)
