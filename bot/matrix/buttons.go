//go:build goolm

package matrix

import (
	"context"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

func risky(choices []offered) bool {
	return slices.ContainsFunc(choices, func(c offered) bool { return c.Risky })
}

// placeReactions puts the reactions under a message that people then only have to tap.
func (l *connection) placeReactions(ctx context.Context, o *offer) {
	var placed []id.EventID
	for _, c := range o.Choices {
		if c.Key == "" {
			continue
		}
		answer, err := l.cli.SendReaction(ctx, o.Room, o.Event, c.Key)
		if err != nil && !refusedAs(err, errDuplicateReaction) {
			l.a.log.Warn("reaction not placed", "error", fail("react", err))
			break
		}
		if err == nil {
			placed = append(placed, answer.EventID)
		}
	}
	current := false
	err := l.a.offers.update(o.Event, func(stored *offer) {
		if current = stored.Made.Equal(o.Made); current {
			stored.Reactions = append(stored.Reactions, placed...)
		}
	})
	if err != nil {
		l.a.log.Error("reactions not stored", "error", err)
	} else if !current { // somebody was faster
		l.takeBackReactions(ctx, o.Room, placed)
	}
}

func (l *connection) takeBackReactions(ctx context.Context, room id.RoomID, placed []id.EventID) {
	for _, reaction := range placed {
		if _, err := l.cli.RedactEvent(ctx, room, reaction, mautrix.ReqRedact{}); err != nil {
			l.a.log.Debug("reaction not taken back", "error", fail("redact", err))
		}
	}
}

// errDuplicateReaction says that a reaction is there already, from before a crash.
var errDuplicateReaction = mautrix.RespError{ErrCode: "M_DUPLICATE_ANNOTATION"}

// The names of a poll (MSC3381), as clients know them.
const (
	pollStart = "org.matrix.msc3381.poll.start"
	pollEnd   = "org.matrix.msc3381.poll.end"
	pollKind  = "org.matrix.msc3381.poll.disclosed"
	pollText  = "org.matrix.msc1767.text"
)

// poll follows a message with its choices: votes are encrypted, and clients draw them as buttons.
func (d *drawing) poll() map[string]any {
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
		content["m.relates_to"] = (&event.RelatesTo{}).SetThread(id.EventID(d.to.Thread), id.EventID(d.to.Thread))
	}
	return content
}

// clearOffer takes the choices of a message away before it says something else, with next ones: its poll is
// closed, and the bot's reactions go.
func (l *connection) clearOffer(evt id.EventID, next []offered) error {
	o, err := l.a.offers.byEvent(evt)
	if err != nil || o == nil || len(next) > 0 && o.place(next[0].ID) >= 0 { // it says so already
		return err
	}
	if o, err = l.a.offers.remove(evt); err != nil || o == nil {
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
		l.takeBackReactions(ctx, o.Room, o.Reactions)
	})
	return nil
}

var (
	_ chat.Adapter     = (*Adapter)(nil)
	_ chat.Redacter    = (*Adapter)(nil)
	_ chat.Presser     = (*Adapter)(nil)
	_ chat.ExposedChat = (*Adapter)(nil)
	_ chat.Marker      = (*Adapter)(nil)
)
