//go:build goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// sendPatience bounds how long one reply is tried for: a hiccup, no outage. A file may take as long as a request.
const sendPatience = 20 * time.Second

// Send implements chat.Adapter. It blocks until the homeserver has all events of the reply, or has refused one, or
// could not be reached for some seconds. An answer to a message waits then beside that message, in the vault, for the
// server to come back: that is no error. Anything else may be sent again with the same Key, which names its events.
func (a *Adapter) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	patience := sendPatience
	if r.File != nil {
		patience = requestLimit
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l, err := a.connected(limited, nil)
	if err != nil {
		return notReached(err)
	}
	d := &drawing{l: l, room: id.RoomID(to.Chat.ID), to: to, reply: r}
	if err := d.look(limited); err != nil {
		return notReached(err)
	}
	p, err := d.plan(limited)
	if err != nil {
		return notReached(err)
	}
	if err := a.inbox.plan(d.answers, p, to.Key); err != nil {
		return err
	}
	if d.answers == nil { // nobody waits for it
		if err := a.traffic.afterAnswers(ctx); err != nil {
			return notReached(err)
		}
	}
	err = notReached(a.push(ctx, l, p, patience))
	switch {
	case errors.Is(err, chat.ErrNotReached) && d.answers != nil:
		a.inbox.keepUnsent(d.answers)
		a.log.Warn("an answer waits for the homeserver", "error", err)
	case err != nil:
		return err
	}
	if d.withheld {
		return chat.ErrNotPrivate
	}
	return nil
}

// notReached marks what may go another time.
func notReached(err error) error {
	if err == nil || errors.Is(err, chat.ErrChatGone) || !passing(err) && !tokenLost(err) {
		return err
	}
	return fmt.Errorf("%w: %w", chat.ErrNotReached, err)
}

// push delivers a plan, by another connection if the homeserver has forgotten this one.
func (a *Adapter) push(ctx context.Context, l *connection, p *plan, patience time.Duration) error {
	return a.patiently(ctx, patience, func(ctx context.Context) error {
		err := l.deliver(ctx, p)
		for refusedAs(err, mautrix.MUnknownToken) {
			if l, err = a.connected(ctx, l); err != nil {
				return err
			}
			err = l.deliver(ctx, p)
		}
		p.sent = err == nil
		return err
	})
}

// drawing is a reply that becomes a plan.
type drawing struct {
	l         *connection
	room      id.RoomID
	to        chat.Target
	reply     chat.Reply
	answers   *row // nil when nobody asked
	here      bool // whoever asked did so in this room
	encrypted bool
	private   bool
	withheld  bool // others would read it: something else is said
}

// look finds out what the room is like at this moment: who may read the answer may have changed since the
// question.
func (d *drawing) look(ctx context.Context) (err error) {
	a := d.l.a
	if !d.l.isIn(ctx, d.room) && !d.l.isJoined(ctx, d.room) {
		return fmt.Errorf("%w: the bot is not in the room", chat.ErrChatGone)
	}
	if err := d.l.knows(ctx, d.room); err != nil {
		return err
	}
	if d.encrypted, err = a.store.IsEncrypted(ctx, d.room); err != nil {
		return err
	}
	if d.private, err = a.isPrivate(d.room); err != nil {
		return err
	}
	if d.withheld = d.to.Private && !d.private; d.withheld {
		d.reply = chat.Reply{Body: []chat.Line{{Text: d.say(chat.NoticeNotPrivate)}}}
	}
	d.answers = a.inbox.asked(d.to.Answers)
	d.here = d.answers != nil && d.answers.Room == d.room
	return nil
}

// plan makes the events of the reply, and what is to be remembered of it.
func (d *drawing) plan(ctx context.Context) (*plan, error) {
	choices := prepare(d.reply.Choices)
	p := &plan{
		Room: d.room, Thread: id.EventID(d.to.Thread), Edit: id.EventID(d.to.Edit), Choices: choices, Expect: d.reply.Expect,
		Private: d.to.Private && !d.withheld, Made: d.l.a.cfg.Now(),
	}
	if d.answers != nil {
		p.For = d.answers.Sender
	}
	if d.answers != nil && d.answers.Confirms {
		p.Close = d.answers.Carrier
	}
	if d.answers != nil && d.reply.Withdraws {
		p.Withdraws = d.answers.Sender
	}
	votes := d.encrypted && risky(choices)
	drawn := legend{choices: choices, votes: votes, bot: d.l.me, say: d.say}
	var parts []*event.MessageEventContent
	d.reply, parts = bounded(d.reply, drawn)
	if d.reply.File != nil {
		p.Edit = ""
		var caption *event.MessageEventContent
		if len(parts) == 1 {
			caption, parts = parts[0], nil
		}
		file, err := d.file(ctx, caption)
		if err != nil {
			return nil, err
		}
		parts = append([]*event.MessageEventContent{file}, parts...)
	}
	for i, content := range parts {
		d.dress(content)
		if i == 0 && p.Edit != "" {
			content.RelatesTo = nil
			content.SetEdit(p.Edit)
		}
		raw, err := json.Marshal(content)
		if err != nil {
			return nil, fmt.Errorf("matrix: draw a reply: %w", err)
		}
		p.Events = append(p.Events, raw)
	}
	if votes {
		raw, err := json.Marshal(d.poll())
		if err != nil {
			return nil, fmt.Errorf("matrix: draw a poll: %w", err)
		}
		p.Poll = raw
	}
	return p, nil
}

func (d *drawing) say(what chat.Notice, args ...any) string {
	return d.l.a.cfg.Core.Words(d.to.Chat, what, args...)
}

// dress says to whom a message speaks and how loudly: answers are notices, which make no sound and which
// other bots do not answer; what nobody asked for there is heard.
func (d *drawing) dress(content *event.MessageEventContent) {
	if !d.here && !d.reply.Silent && content.MsgType == event.MsgNotice {
		content.MsgType = event.MsgText
	}
	var answers id.EventID
	if d.here && !d.private {
		if !d.answers.Made && d.answers.Choice == "" {
			answers = d.answers.Event
		}
		content.Mentions.Add(d.answers.Sender)
	}
	relate(content, id.EventID(d.to.Thread), answers)
}

// post sends one event, encrypted where the room is.
func (l *connection) post(ctx context.Context, room id.RoomID, kind event.Type, content any, transaction string) (id.EventID, error) {
	if err := l.knows(ctx, room); err != nil {
		return "", err
	}
	answer, err := l.cli.SendMessageEvent(ctx, room, kind, content, mautrix.ReqSendEvent{TransactionID: escapeTransaction(transaction)})
	switch {
	case refusedAs(err, mautrix.MForbidden) || statusOf(err) == http.StatusNotFound:
		if !l.isJoined(ctx, room) {
			return "", fmt.Errorf("%w: %w", chat.ErrChatGone, fail("send", err))
		}
		return "", fail("send", err)
	case err != nil:
		return "", fail("send", err)
	}
	return answer.EventID, nil
}

// escapeTransaction keeps to letters that every server takes in a path.
func escapeTransaction(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, s)
}

// knows makes sure that the state of a room is known, before anything is said there: without it the bot
// would take an encrypted room for one that is not, and a private chat for one that others are in.
func (l *connection) knows(ctx context.Context, room id.RoomID) error {
	create, err := l.a.store.GetCreate(ctx, room)
	if err != nil {
		return err
	}
	_, lost, err := l.a.store.PresentIn(room)
	if err != nil {
		return err
	}
	all, err := l.a.store.HasFetchedMembers(ctx, room)
	if err != nil || all && create != nil && lost == 0 && l.isIn(ctx, room) {
		return err
	}
	_, err = l.readState(ctx, room)
	return err
}

// isJoined asks the homeserver whether the bot is in a room.
func (l *connection) isJoined(ctx context.Context, room id.RoomID) bool {
	answer, err := l.cli.JoinedRooms(ctx)
	if err != nil {
		return true // not known to be gone
	}
	for _, joined := range answer.JoinedRooms {
		if joined == room {
			return true
		}
	}
	return false
}
