//go:build goolm

package matrix

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

func risky(choices []offered) bool {
	return slices.ContainsFunc(choices, func(c offered) bool { return c.Risky })
}

// The names of a poll (MSC3381), as clients know them.
const (
	pollStart = "org.matrix.msc3381.poll.start"
	pollEnd   = "org.matrix.msc3381.poll.end"
	pollKind  = "org.matrix.msc3381.poll.disclosed"
	pollText  = "org.matrix.msc1767.text"
)

// poll follows a message with its choices: votes are encrypted, and clients draw them as buttons.
func (d *drawing) poll() map[string]any {
	question := oneLine(cmp.Or(d.reply.Question, d.reply.Title))
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

// clearOffer takes the choices of a message away when it says something else, with next ones, or when they are decided,
// and closes its poll. Risky ones are remembered: who types their code again is told what became of it.
func (l *connection) clearOffer(evt id.EventID, next []offered) error {
	o, err := l.a.offers.byEvent(evt)
	if err != nil || o == nil || len(next) > 0 && o.place(next[0].ID) >= 0 { // it says so already
		return err
	}
	if risky(o.Choices) {
		return l.settle(o)
	}
	_, err = l.a.offers.remove(evt)
	return err
}

// settle notes that risky choices are decided.
func (l *connection) settle(o *offer) error {
	err := l.a.offers.update(o.Event, func(stored *offer) { stored.Settled = true })
	if err == nil && o.Poll != "" {
		l.closePoll(o)
	}
	return err
}

// withdraw closes the polls that a person was asked to vote in.
func (l *connection) withdraw(room id.RoomID, from id.UserID) error {
	private, err := l.a.isPrivate(room)
	if err != nil {
		return err
	}
	list, err := l.a.offers.voted(room)
	for _, o := range list {
		if private || o.For == from {
			err = errors.Join(err, l.settle(o))
		}
	}
	return err
}

// closePoll shows, after the answers, that a poll takes no more votes.
func (l *connection) closePoll(o *offer) {
	end := map[string]any{
		"m.relates_to": &event.RelatesTo{Type: event.RelReference, EventID: o.Poll},
		pollEnd:        map[string]any{}, pollText: "✓",
	}
	l.a.rest("close a poll", func(ctx context.Context) error {
		_, err := l.post(ctx, o.Room, event.EventUnstablePollEnd, end, o.Poll.String()+"-end")
		return err
	})
}

var (
	_ chat.Adapter     = (*Adapter)(nil)
	_ chat.Redacter    = (*Adapter)(nil)
	_ chat.Presser     = (*Adapter)(nil)
	_ chat.ExposedChat = (*Adapter)(nil)
	_ chat.Marker      = (*Adapter)(nil)
)
