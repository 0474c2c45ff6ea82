package telegram

import (
	"slices"
	"time"
)

func (s *Server) sendMessage(q *query) (any, error) {
	return s.send(q, func(m *message) error {
		var err error
		if m.text, m.entities, err = q.formatted("text", "entities"); err != nil {
			return err
		}
		switch {
		case m.text == "":
			return badRequest("message text is empty")
		case units(m.text) > maxText:
			return badRequest("message is too long")
		}
		return nil
	})
}

func (s *Server) sendPhoto(q *query) (any, error) {
	return s.sendMedia(q, "photo", maxPhoto)
}

func (s *Server) sendDocument(q *query) (any, error) {
	return s.sendMedia(q, "document", maxDocument)
}

func (s *Server) sendMedia(q *query, kind string, limit int) (any, error) {
	return s.send(q, func(m *message) error {
		var err error
		if m.media, err = s.inputFile(q, kind, limit); err != nil {
			return err
		}
		m.text, m.entities, err = q.caption()
		return err
	})
}

func (q *query) caption() (string, []Entity, error) {
	text, entities, err := q.formatted("caption", "caption_entities")
	if err == nil && units(text) > maxCaption {
		err = badRequest("message caption is too long")
	}
	return text, entities, err
}

// send does what all sending methods share, in Telegram's order: chat, topic, reply, content, buttons.
func (s *Server) send(q *query, content func(*message) error) (any, error) {
	c, err := s.chatOf(q)
	if err != nil {
		return nil, err
	}
	m := &message{
		chat: c, from: s.bot, thread: q.num("message_thread_id"), mode: q.str("parse_mode"),
		silent: q.flag("disable_notification"), protected: q.flag("protect_content"),
	}
	if err := c.topicOpen(m.thread); err != nil {
		return nil, err
	}
	if err := q.reply(m); err != nil {
		return nil, err
	}
	if err := q.preview(m); err != nil {
		return nil, err
	}
	if err := content(m); err != nil {
		return nil, err
	}
	if m.markup, err = q.markup(c, false); err != nil {
		return nil, err
	}
	if c.botMuted && c.botStatus != administrator {
		return nil, badRequest("not enough rights to send text messages to the chat")
	}
	s.add(m)
	return m, nil
}

// topicOpen refuses topics that are not there. A message for the general topic names none.
func (c *chat) topicOpen(thread int) error {
	if thread == 0 {
		return nil
	}
	t := c.topics[thread]
	switch {
	case t == nil || t.deleted:
		return badRequest("message thread not found")
	case t.closed:
		return badRequest("TOPIC_CLOSED")
	}
	return nil
}

func (q *query) reply(m *message) error {
	var to struct {
		MessageID int   `json:"message_id"`
		ChatID    int64 `json:"chat_id"`
		Anyway    bool  `json:"allow_sending_without_reply"`
	}
	if err := q.object("reply_parameters", &to, "can't parse reply parameters JSON object"); err != nil {
		return err
	}
	if to.MessageID == 0 {
		return nil
	}
	target := m.chat.byID[to.MessageID]
	if target == nil || target.deleted || to.ChatID != 0 && to.ChatID != m.chat.id {
		if to.Anyway {
			return nil
		}
		return badRequest("message to be replied not found")
	}
	m.replyTo = to.MessageID
	if m.thread == 0 {
		m.thread = target.thread // a reply stays in its topic
	}
	return nil
}

func (q *query) preview(m *message) error {
	var options struct {
		IsDisabled bool `json:"is_disabled"`
	}
	err := q.object("link_preview_options", &options, "can't parse link preview options JSON object")
	m.noPreview = options.IsDisabled || q.flag("disable_web_page_preview")
	return err
}

var chatActions = []string{
	"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
	"upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}

func (s *Server) sendChatAction(q *query) (any, error) {
	c, err := s.chatOf(q)
	if err != nil {
		return nil, err
	}
	if err := c.topicOpen(q.num("message_thread_id")); err != nil {
		return nil, err
	}
	if !slices.Contains(chatActions, q.str("action")) {
		return nil, badRequest("wrong parameter action in request")
	}
	c.actions = append(c.actions, q.str("action"))
	s.touch(c)
	return true, nil
}

func (s *Server) editMessageText(q *query) (any, error) {
	return s.edit(q, func(m *message) error {
		if m.media != nil || m.service != nil {
			return badRequest("there is no text in the message to edit")
		}
		var err error
		if m.text, m.entities, err = q.formatted("text", "entities"); err != nil {
			return err
		}
		if err := q.preview(m); err != nil {
			return err
		}
		switch {
		case m.text == "":
			return badRequest("message text is empty")
		case units(m.text) > maxText:
			return badRequest("message is too long")
		}
		m.mode = q.str("parse_mode")
		return nil
	})
}

func (s *Server) editMessageCaption(q *query) (any, error) {
	return s.edit(q, func(m *message) error {
		if m.media == nil {
			return badRequest("there is no caption in the message to edit")
		}
		var err error
		m.text, m.entities, err = q.caption()
		m.mode = q.str("parse_mode")
		return err
	})
}

func (s *Server) editMessageReplyMarkup(q *query) (any, error) {
	return s.edit(q, func(*message) error { return nil })
}

// edit applies content and buttons to a copy, and keeps it if anything has changed. An edit without
// reply_markup takes the buttons away.
func (s *Server) edit(q *query, content func(*message) error) (any, error) {
	c, err := s.chatOf(q)
	if err != nil {
		return nil, err
	}
	if !q.has("message_id") {
		return nil, badRequest("message identifier is not specified")
	}
	m := c.byID[q.num("message_id")]
	switch {
	case m == nil || m.deleted:
		return nil, badRequest("message to edit not found")
	case m.from != s.bot || m.service != nil:
		return nil, badRequest("message can't be edited")
	}
	after := *m
	if err := content(&after); err != nil {
		return nil, err
	}
	if after.markup, err = q.markup(c, true); err != nil {
		return nil, err
	}
	if m.same(&after) {
		return nil, badRequest("message is not modified: specified new message content and reply markup are " +
			"exactly the same as a current content and reply markup of the message")
	}
	after.edited = s.conf.Now()
	*m = after
	s.change(m)
	return m, nil
}

func (m *message) same(o *message) bool {
	return m.text == o.text && slices.Equal(m.entities, o.entities) && m.markup.text() == o.markup.text()
}

// text is the canonical form of the buttons: encoding/json sorts the keys.
func (m *markup) text() string {
	if m == nil {
		return ""
	}
	return string(m.raw)
}

const deletable = 48 * time.Hour

// deleteMessage follows the list of the method's documentation: 48 hours, own messages anywhere, those of
// others in private chats, or with the right to delete messages.
func (s *Server) deleteMessage(q *query) (any, error) {
	c, err := s.chatOf(q)
	if err != nil {
		return nil, err
	}
	if !q.has("message_id") {
		return nil, badRequest("message identifier is not specified")
	}
	m := c.byID[q.num("message_id")]
	if m == nil || m.deleted {
		return nil, badRequest("message to delete not found")
	}
	old := s.conf.Now().Sub(m.date) > deletable
	mayAll := c.botStatus == administrator && c.botRights.DeleteMessages
	switch {
	case old && !mayAll:
		return nil, badRequest("message can't be deleted for everyone")
	case m.from != s.bot && c.kind != private && !mayAll:
		return nil, badRequest("message can't be deleted")
	}
	m.deleted = true
	s.change(m)
	return true, nil
}
