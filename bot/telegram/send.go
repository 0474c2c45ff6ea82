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
	// sendPatience bounds how long one message is tried for, and how long a wish of Telegram to wait is heeded: a
	// hiccup, no outage. Whoever sends later than that is the outbox.
	sendPatience = 20 * time.Second
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

	lost  int // answers
	pause backoff
}

// Send implements chat.Adapter. It blocks until Telegram has all messages of the reply, or has refused one, or
// could not be reached for some seconds. What Telegram has of a reply that has a Key is not sent again with it.
func (a *Adapter) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	d, err := a.address(ctx, to, r)
	if err != nil {
		return notReached(err)
	}
	s, err := a.limiter.enter(ctx, d.chat)
	if err != nil {
		return notReached(waitedInVain(err))
	}
	defer s.leave()
	for i := a.begun.take(to.Key); i < len(d.bubbles); i++ {
		m := &outgoing{bubble: d.bubbles[i], chat: d.chat, thread: d.thread}
		if i == 0 {
			m.edit = d.edit
		}
		if m.photo, err = isPhoto(m.file); err != nil {
			return err
		}
		if err := notReached(a.deliver(ctx, s, m)); err != nil {
			if errors.Is(err, chat.ErrNotReached) {
				a.begun.keep(to.Key, i)
			}
			return err
		}
		d.chat = m.chat // it may have migrated
	}
	return nil
}

func waitedInVain(err error) *Error {
	return &Error{Op: "send", Text: "gave up waiting for its turn", cause: err}
}

// notReached marks what may go another time: Telegram, or the bot's place there, and not the reply, is the reason.
func notReached(err error) error {
	var e *Error
	if errors.As(err, &e) && (e.passing() || e.Code == http.StatusTooManyRequests || errors.Is(e, ErrToken)) {
		return fmt.Errorf("%w: %w", chat.ErrNotReached, err)
	}
	return err
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
	r = bounded(r)
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

// deliver sends one message, paced, and again where that helps within sendPatience; a file may take its time.
func (a *Adapter) deliver(ctx context.Context, s *seat, m *outgoing) error {
	if err := s.pace(ctx, sendPatience); err != nil {
		return waitedInVain(err)
	}
	limit := sendPatience
	if m.file != nil {
		limit = fileCall
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		again, err := a.attempt(ctx, s, m)
		if !again {
			return err
		}
		late := s.pace(ctx, sendPatience)
		switch {
		case late != nil && err != nil:
			return err
		case late != nil:
			return waitedInVain(late)
		}
	}
}

// attempt makes one call, and tells whether another may succeed where it did not.
func (a *Adapter) attempt(ctx context.Context, s *seat, m *outgoing) (again bool, err error) {
	err = a.post(ctx, m)
	var e *Error
	if err == nil || !errors.As(err, &e) {
		return false, err
	}
	switch {
	case e.Code == http.StatusTooManyRequests:
		s.pauseFor(e.RetryAfter + holdMargin)
		return true, err
	case e.MigrateTo != 0 && e.MigrateTo != m.chat:
		if err := a.migrate(m.chat, e.MigrateTo); err != nil {
			a.log.Error("change of a chat not noted", "error", err)
		}
		m.chat = e.MigrateTo
		return true, nil
	case e.passing():
		if !e.unsent && m.edit == 0 {
			m.lost++
		}
		return m.lost <= maxLost && sleep(ctx, m.pause.next()), err
	}
	done, err := a.refused(ctx, m, e)
	return !done, err
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
