//go:build goolm

package matrix

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/chat"
)

// onEvent takes what people write, vote and react, decrypted. It does not wait for answers: while it runs,
// no keys arrive.
func (l *connection) onEvent(ctx context.Context, evt *event.Event) {
	defer l.a.recovered("event")
	if err := l.accept(ctx, evt); err != nil && l.readAgain(evt, err) {
		return
	}
	if evt.Mautrix.WasEncrypted {
		l.noLongerWaits(evt.ID)
	}
}

// readAgain sees to it that an event which could not be decided on is read again: with the response that it came
// in, or if its key came later at the next connections, some times. It tells whether there is hope.
func (l *connection) readAgain(evt *event.Event, err error) bool {
	hope, waits := !errors.Is(err, cryptostore.ErrName), false
	if hope {
		hope, waits = l.a.inbox.stillWaits(evt.ID)
	}
	l.a.log.Error("message not taken", "error", err, "again", hope)
	if hope && !waits {
		l.a.missed.Store(true)
	}
	return hope
}

// accept decides on an event. With an error it has not, and the event has to be read again.
func (l *connection) accept(ctx context.Context, evt *event.Event) error {
	if evt.Sender == l.me || evt.StateKey != nil || evt.Mautrix.EventSource&event.SourceJoin == 0 {
		return nil
	}
	if known, err := l.a.inbox.has(evt.ID); err != nil || known {
		return err
	}
	if content, ok := evt.Content.Parsed.(*event.ReactionEventContent); ok && evt.Type.Type == event.EventReaction.Type {
		return l.onReaction(ctx, evt, content)
	}
	if evt.Type.Type == event.EventMessage.Type {
		switch content := evt.Content.AsMessage(); {
		case !meantForUs(content):
			return nil
		case content.MsgType == event.MsgVerificationRequest: // which clients may send in clear (matrix-notes §12)
			if content.To == l.me {
				l.declineInRoom(evt)
			}
			return nil
		}
	}
	trust, err := l.judge(ctx, evt)
	switch {
	case err != nil:
		return err
	case trust == refused:
		l.a.counters.refused.Add(1)
		return nil
	case evt.Type.Type == event.EventMessage.Type:
		return l.onMessage(ctx, evt, evt.Content.AsMessage(), trust)
	case evt.Type.Type == event.EventSticker.Type:
		return l.onSticker(ctx, evt, trust)
	default:
		return l.onVote(ctx, evt, trust)
	}
}

// meantForUs leaves out what other bots say and what changes an earlier message.
func meantForUs(content *event.MessageEventContent) bool {
	return content.MsgType != event.MsgNotice && content.RelatesTo.GetReplaceID() == ""
}

// onMessage takes a text or a file.
func (l *connection) onMessage(ctx context.Context, evt *event.Event, content *event.MessageEventContent, trust verdict) error {
	r, err := l.newRow(ctx, evt, trust)
	if err != nil {
		return err
	}
	content.RemoveReplyFallback()
	switch content.MsgType {
	case event.MsgText, event.MsgEmote:
		r.Text = bound(content.Body, chat.MaxText+utf8.UTFMax) // the engine says that a longer text is too long
	case event.MsgImage, event.MsgFile:
		r.Text = bound(content.GetCaption(), chat.MaxText+utf8.UTFMax)
		if r.File = pictureOf(content); r.File == nil {
			r.Sent = chat.SentDocument
		}
		if !r.Private {
			return nil
		}
	default:
		if r.Sent = sentKinds[content.MsgType]; r.Sent == "" || !r.Private {
			return nil
		}
	}
	spoken := !r.Private && !l.addresses(ctx, evt, content, r)
	if r.Named && !l.mayCall(evt.Sender) {
		return nil
	}
	if !r.Private && !spoken {
		r.Title = l.title(ctx, r.Room)
	}
	if trust == changed {
		return l.onChangedIdentity(ctx, evt, r, spoken)
	}
	if secret, err := l.secretAmongOthers(evt, r); err != nil || secret {
		return err
	}
	picked, err := l.pick(evt, r, trust, spoken)
	if err != nil || picked == pickRefuse || picked == pickNone && spoken {
		return err
	}
	return l.a.take(l, r)
}

// sentKinds are the kinds of message that cannot be read.
var sentKinds = map[event.MessageType]chat.Sent{
	event.MsgAudio: chat.SentVoice, event.MsgVideo: chat.SentVideo, event.MsgLocation: chat.SentPlace,
}

// pictureOf is where the picture of a message is; nil for a file that is none. A file of no type may be one.
func pictureOf(content *event.MessageEventContent) *media {
	kind := content.GetInfo().MimeType
	if content.MsgType == event.MsgFile && kind != "" && kind != "application/octet-stream" && !strings.HasPrefix(kind, "image/") {
		return nil
	}
	return &media{URL: content.URL, File: content.File, Type: kind}
}

// onSticker takes a sticker, which clients send as an event of its own.
func (l *connection) onSticker(ctx context.Context, evt *event.Event, trust verdict) error {
	r, err := l.newRow(ctx, evt, trust)
	if err != nil || !r.Private {
		return err
	}
	r.Sent = chat.SentSticker
	if trust == changed {
		return l.onChangedIdentity(ctx, evt, r, true)
	}
	return l.a.take(l, r)
}

// secretAmongOthers deals with the answer to a question for a secret in a private chat that others have joined
// since: it is deleted and not used, and the question does not stand any more.
func (l *connection) secretAmongOthers(evt *event.Event, r *row) (bool, error) {
	record, _, err := l.a.rooms.get(r.Room)
	if err != nil || r.Private || !record.Direct || record.Person != r.Sender {
		return false, err
	}
	last, err := l.a.offers.last(r.Room)
	if err != nil || last.Expect != chat.ExpectSecret {
		return false, err
	}
	if err := l.a.offers.said(r.Room, "", nil, chat.ExpectNothing); err != nil {
		return false, err
	}
	l.a.background(func(ctx context.Context) {
		if err := l.a.Redact(ctx, r.message(l)); err != nil {
			l.a.log.Warn("message with a secret not deleted", "error", err)
		}
	})
	l.a.answerTrouble(evt, chat.NoticeNotPrivate)
	return true, nil
}

// newRow makes the row of an event. That its sender sent it is only proven by a device which they have signed:
// a homeserver can list any other for them.
func (l *connection) newRow(ctx context.Context, evt *event.Event, trust verdict) (*row, error) {
	private, err := l.isPrivateNow(ctx, evt.RoomID, evt.Sender)
	return &row{
		Event: evt.ID, Room: evt.RoomID, Thread: threadOf(evt), Sender: evt.Sender,
		Name: l.displayName(ctx, evt.RoomID, evt.Sender), Private: private,
		Unverified: trust != trusted,
	}, err
}

// isPrivateNow is isPrivate, also for a room that the vault has no record of, since it is a new one: a room
// for two without a name, to which people must be invited, is a private chat.
func (l *connection) isPrivateNow(ctx context.Context, name id.RoomID, sender id.UserID) (bool, error) {
	if err := l.knows(ctx, name); err != nil && passing(err) {
		return false, err
	}
	_, found, err := l.a.rooms.get(name)
	if err != nil || found {
		if err != nil {
			return false, err
		}
		return l.a.isPrivate(name)
	}
	rules, err := l.a.store.GetJoinRules(ctx, name)
	if err != nil {
		return false, err
	}
	title, err := l.readTitle(ctx, name)
	if err != nil && passing(err) {
		return false, fail("read a room", err)
	}
	unnamed := err == nil && title == ""
	direct := unnamed && rules != nil && rules.JoinRule == event.JoinRuleInvite
	if err := l.a.rooms.change(name, func(r *room) { r.Direct, r.Person = direct, sender }); err != nil {
		return false, err
	}
	return l.a.isPrivate(name)
}

// threadOf is the root of the thread that an event is in; empty for none.
func threadOf(evt *event.Event) id.EventID {
	if content, ok := evt.Content.Parsed.(event.Relatable); ok {
		return content.OptionalGetRelatesTo().GetThreadParent()
	}
	return ""
}

// bound cuts s to at most n bytes, between runes.
func bound(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// codeForm is a typed confirmation.
var codeForm = regexp.MustCompile(`(?i)^\s*[!/]?(?:oui|yes)\s+(\d{4})\s*[.!]?\s*$`)

// typedCode is the code in a typed confirmation; empty when it is none.
func typedCode(text string) string {
	if found := codeForm.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
