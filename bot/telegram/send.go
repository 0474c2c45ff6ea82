package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"cartable/core/chat"
)

const (
	// sendPatience bounds how long one message is tried for.
	sendPatience = 3 * time.Minute
	// maxLost is how often a new message is sent again after an answer that never came. The Bot API has no
	// key by which it could tell that it has had the message already: if the answer was lost on its way
	// back, the person sees the message twice. Edits can be repeated without limit.
	maxLost = 2
)

// outgoing is one message on its way.
type outgoing struct {
	bubble
	chat   int64
	thread int
	edit   int  // the message to be replaced; 0 for a new one
	plain  bool // without markup: Telegram did not accept ours
	photo  bool // the file is shown as a picture and not as a document
}

// Send implements chat.Adapter. It blocks until Telegram has all messages of the reply, or has refused
// one, or could not be reached for some minutes.
func (a *Adapter) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	o, err := a.address(ctx, to, r)
	if err != nil {
		return err
	}
	s, err := a.limiter.enter(ctx, o.chat)
	if err != nil {
		return &Error{Op: "send", Text: "gave up waiting for its turn", cause: err}
	}
	defer s.leave()
	for _, b := range o.bubbles {
		m := &outgoing{bubble: b, chat: o.chat, thread: o.thread, edit: o.edit}
		if m.photo, err = isPhoto(b.file); err != nil {
			return err
		}
		if err := a.deliver(ctx, s, m); err != nil {
			return err
		}
		o.chat, o.edit = m.chat, 0 // it may have migrated
	}
	return nil
}

// delivery is a reply, drawn and addressed.
type delivery struct {
	chat         int64
	thread, edit int
	bubbles      []bubble
}

func (a *Adapter) address(ctx context.Context, to chat.Target, r chat.Reply) (d delivery, err error) {
	if d.chat, err = chatNumber(to.Chat); err != nil {
		return d, err
	}
	if to.Thread != "" {
		if d.thread, err = messageNumber(to.Thread); err != nil {
			return d, err
		}
	}
	if to.Edit != "" && r.File == nil {
		if d.edit, err = messageNumber(to.Edit); err != nil {
			return d, err
		}
	}
	var me botUser
	if hasStart(r.Choices) {
		if me, err = a.whoAmI(ctx); err != nil {
			return d, err
		}
	}
	d.bubbles = render(r, style{username: me.username, asks: d.chat < 0 && d.edit == 0})
	return d, nil
}

// deliver sends one message, paced, and again where that helps.
func (a *Adapter) deliver(ctx context.Context, s *seat, m *outgoing) error {
	ctx, cancel := context.WithTimeout(ctx, sendPatience)
	defer cancel()
	var pause backoff
	lost := 0
	for {
		if err := s.pace(ctx); err != nil {
			return &Error{Op: "send", Text: "gave up waiting for its turn", cause: err}
		}
		err := a.post(ctx, m)
		var e *Error
		if err == nil || !errors.As(err, &e) {
			return err
		}
		switch {
		case e.Code == http.StatusTooManyRequests:
			s.pauseFor(e.RetryAfter + holdMargin)
		case e.MigrateTo != 0 && e.MigrateTo != m.chat:
			if err := a.migrate(m.chat, e.MigrateTo); err != nil {
				a.log.Error("change of a chat not noted", "error", err)
			}
			m.chat = e.MigrateTo
		case e.passing():
			if !e.unsent && m.edit == 0 {
				lost++
			}
			if lost > maxLost || !sleep(ctx, pause.next()) {
				return err
			}
		default:
			done, err := a.refused(ctx, m, e)
			if done {
				return err
			}
		}
	}
}

// refused decides what becomes of a message that Telegram did not accept: done, or changed so that it
// may be.
func (a *Adapter) refused(ctx context.Context, m *outgoing, e *Error) (done bool, err error) {
	switch {
	case e.Code == http.StatusForbidden, refusedAs(e, "chat not found"):
		return true, fmt.Errorf("%w: %w", chat.ErrChatGone, e)
	case m.edit != 0 && refusedAs(e, "message is not modified"):
		return true, nil
	case m.edit != 0 && refusedAs(e, "no text in the message to edit"): // a picture or document with buttons
		if err := a.api.dropButtons(ctx, m.chat, m.edit); err != nil {
			a.log.Warn("old buttons not removed", "error", err)
		}
		m.edit = 0
		return false, nil
	case m.edit != 0 && refusedAs(e, "message to edit not found", "message can't be edited", "message_id_invalid"):
		m.edit = 0
		return false, nil
	case !m.plain && refusedAs(e, "can't parse entities"):
		a.log.Error("a bug: Telegram did not understand the markup, sent without", "error", e)
		m.plain = true
		return false, nil
	}
	return true, e
}

// post makes the one call that a message takes.
func (a *Adapter) post(ctx context.Context, m *outgoing) error {
	text, mode := m.html, models.ParseModeHTML
	if m.plain {
		text, mode = m.text, ""
	}
	switch {
	case m.edit != 0:
		return a.postEdit(ctx, m, text, mode)
	case m.file == nil:
		return a.postText(ctx, m, text, mode)
	}
	return a.postFile(ctx, m, text, mode)
}

func (a *Adapter) postEdit(ctx context.Context, m *outgoing, text string, mode models.ParseMode) error {
	return a.api.typed(ctx, "editMessageText", quickCall, func(ctx context.Context) error {
		_, err := a.api.bot.EditMessageText(ctx, &bot.EditMessageTextParams{
			ChatID: m.chat, MessageID: m.edit, Text: text, ParseMode: mode,
			LinkPreviewOptions: noPreview(), ReplyMarkup: m.markup(),
		})
		return err
	})
}

func (a *Adapter) postText(ctx context.Context, m *outgoing, text string, mode models.ParseMode) error {
	return a.api.typed(ctx, "sendMessage", quickCall, func(ctx context.Context) error {
		_, err := a.api.bot.SendMessage(ctx, &bot.SendMessageParams{
			ChatID: m.chat, MessageThreadID: m.thread, Text: text, ParseMode: mode,
			LinkPreviewOptions: noPreview(), DisableNotification: m.silent, ReplyMarkup: m.markup(),
		})
		return err
	})
}

func noPreview() *models.LinkPreviewOptions {
	return &models.LinkPreviewOptions{IsDisabled: bot.True()}
}

// markup is what goes under the message; a nil interface is left out, which removes the buttons of an
// edited message.
func (m *outgoing) markup() models.ReplyMarkup {
	switch {
	case len(m.rows) > 0:
		return &models.InlineKeyboardMarkup{InlineKeyboard: m.rows}
	case m.asks:
		return &models.ForceReply{ForceReply: true}
	}
	return nil
}

// startLink opens the private chat with the bot and sends it "/start <payload>".
func startLink(username, payload string) string {
	return "https://t.me/" + username + "?start=" + payload
}

func hasStart(choices []chat.Choice) bool {
	for _, c := range choices {
		if c.Start != "" {
			return true
		}
	}
	return false
}
