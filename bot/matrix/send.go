//go:build goolm

package matrix

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core"
)

// sendPatience bounds how long one reply is tried for.
const sendPatience = 3 * time.Minute

// delivery is a reply on its way.
type delivery struct {
	l         *link
	room      id.RoomID
	to        core.Target
	reply     core.Reply
	answers   *row // nil when nobody asked
	encrypted bool
	private   bool
	choices   []offered
}

// Send implements core.Adapter. It blocks until the homeserver has all events of the reply, or has refused
// one, or could not be reached for some minutes.
func (a *Adapter) Send(ctx context.Context, to core.Target, r core.Reply) error {
	ctx, cancel := context.WithTimeout(ctx, sendPatience)
	defer cancel()
	l, err := a.connected(ctx)
	if err != nil {
		return err
	}
	d := &delivery{l: l, room: id.RoomID(to.Chat.ID), to: to, reply: r}
	if err := d.look(ctx); err != nil {
		return err
	}
	return d.send(ctx)
}

// look finds out what the room is like at this moment: who may read the answer may have changed since the
// question.
func (d *delivery) look(ctx context.Context) (err error) {
	a := d.l.a
	if !d.l.isIn(ctx, d.room) {
		return fmt.Errorf("%w: the bot is not in the room", core.ErrChatGone)
	}
	if d.encrypted, err = a.store.IsEncrypted(ctx, d.room); err != nil {
		return err
	}
	if d.private, err = a.isPrivate(d.room); err != nil {
		return err
	}
	record, _, err := a.rooms.get(d.room)
	if err != nil {
		return err
	}
	if record.Private && !d.private {
		d.reply = core.Reply{Body: []core.Line{{Text: a.cfg.Core.Words(d.to.Chat, core.TroubleNotPrivate)}}}
	}
	d.answers, _ = a.inbox.peek(d.room)
	return nil
}

// send sends what the reply consists of: a file, its text, and what makes its choices easy to pick.
func (d *delivery) send(ctx context.Context) error {
	d.choices = prepare(d.reply.Choices)
	votes := d.encrypted && risky(d.choices)
	parts := render(d.reply, legend{choices: d.choices, votes: votes, bot: d.l.me, say: d.say})
	if d.reply.File != nil {
		caption := (*event.MessageEventContent)(nil)
		if len(parts) == 1 {
			caption, parts = parts[0], nil
		}
		evt, err := d.sendFile(ctx, caption)
		if err != nil || len(parts) == 0 {
			return d.after(ctx, evt, votes, err)
		}
	}
	edit := id.EventID(d.to.Edit)
	if d.reply.File != nil {
		edit = ""
	}
	var last id.EventID
	for i, content := range parts {
		if i > 0 {
			edit = ""
		}
		evt, err := d.sendPart(ctx, content, edit)
		if err != nil {
			return err
		}
		last = evt
	}
	return d.after(ctx, last, votes, nil)
}

func (d *delivery) say(what core.Trouble, args ...any) string {
	return d.l.a.cfg.Core.Words(d.to.Chat, what, args...)
}

// sendPart sends one text, or puts it in the place of an earlier one, whose name it then returns.
func (d *delivery) sendPart(ctx context.Context, content *event.MessageEventContent, edit id.EventID) (id.EventID, error) {
	d.dress(content)
	if edit != "" {
		if err := d.l.clearOffer(ctx, edit); err != nil {
			d.l.a.log.Warn("old choices not removed", "error", err)
		}
		content.RelatesTo = nil
		content.SetEdit(edit)
	}
	evt, err := d.post(ctx, event.EventMessage, content)
	if edit != "" {
		return edit, err
	}
	return evt, err
}

// dress says to whom a message speaks and how loudly: answers are notices, which make no sound and which
// other bots do not answer; what nobody asked for is heard.
func (d *delivery) dress(content *event.MessageEventContent) {
	if d.answers == nil && !d.reply.Silent && content.MsgType == event.MsgNotice {
		content.MsgType = event.MsgText
	}
	var answers id.EventID
	if d.answers != nil && !d.private {
		if !d.answers.Made && d.answers.Choice == "" {
			answers = d.answers.Event
		}
		content.Mentions.Add(d.answers.Sender)
	}
	relate(content, id.EventID(d.to.Thread), answers)
}

// post sends one event. The transaction is named after the message that it answers, so that an answer which
// is given again after a crash does not appear twice.
func (d *delivery) post(ctx context.Context, kind event.Type, content any) (id.EventID, error) {
	transaction := ""
	if r, n := d.l.a.inbox.head(d.room); r != nil {
		transaction = fmt.Sprintf("%s-%d", r.Event, n)
	}
	return d.l.post(ctx, d.room, kind, content, transaction)
}

// post sends one event, encrypted where the room is.
func (l *link) post(ctx context.Context, room id.RoomID, kind event.Type, content any, transaction string) (id.EventID, error) {
	if err := l.knows(ctx, room); err != nil {
		return "", err
	}
	answer, err := l.cli.SendMessageEvent(ctx, room, kind, content, mautrix.ReqSendEvent{TransactionID: escapeTransaction(transaction)})
	switch {
	case refusedAs(err, mautrix.MForbidden) || statusOf(err) == http.StatusNotFound:
		if !l.isJoined(ctx, room) {
			return "", fmt.Errorf("%w: %w", core.ErrChatGone, fail("send", err))
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
// would take an encrypted room for one that is not.
func (l *link) knows(ctx context.Context, room id.RoomID) error {
	create, err := l.a.store.GetCreate(ctx, room)
	if err != nil || create != nil {
		return err
	}
	_, err = l.cli.State(ctx, room)
	return fail("read a room", err)
}

// isJoined asks the homeserver whether the bot is in a room.
func (l *link) isJoined(ctx context.Context, room id.RoomID) bool {
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

// sendFile uploads a file, encrypted where the room is, and sends it with a text for those who do not see it.
func (d *delivery) sendFile(ctx context.Context, caption *event.MessageEventContent) (id.EventID, error) {
	f := d.reply.File
	content := &event.MessageEventContent{
		MsgType: event.MsgFile, Body: f.Name, FileName: f.Name, Mentions: &event.Mentions{},
		Info: &event.FileInfo{MimeType: f.Type, Size: len(f.Data)},
	}
	if strings.HasPrefix(f.Type, "image/") {
		content.MsgType = event.MsgImage
	}
	if caption != nil && caption.Body != "" {
		content.Body, content.Format, content.FormattedBody = caption.Body, caption.Format, caption.FormattedBody
	}
	data, mediaType := f.Data, f.Type
	var sealed *attachment.EncryptedFile
	if d.encrypted {
		data, mediaType = append([]byte(nil), f.Data...), "application/octet-stream"
		sealed = attachment.NewEncryptedFile()
		sealed.EncryptInPlace(data)
	}
	upload, err := d.l.cli.UploadBytes(ctx, data, mediaType)
	if err != nil {
		return "", fail("upload a file", err)
	}
	if sealed != nil {
		content.File = &event.EncryptedFileInfo{EncryptedFile: *sealed, URL: upload.ContentURI.CUString()}
	} else {
		content.URL = upload.ContentURI.CUString()
	}
	d.dress(content)
	return d.post(ctx, event.EventMessage, content)
}

func refusedNotFound(err error) bool { return refusedAs(err, mautrix.MNotFound) }
