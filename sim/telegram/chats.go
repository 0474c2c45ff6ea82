package telegram

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

const (
	private    = "private"
	group      = "group"
	supergroup = "supergroup"
)

// Statuses of a member ("ChatMember").
const (
	creator       = "creator"
	administrator = "administrator"
	isMember      = "member"
	left          = "left"
	kicked        = "kicked"
)

// chat is one conversation. Everything in it is guarded by the server's lock.
type chat struct {
	id         int64
	kind       string
	title      string
	person     *User // of a private chat
	known      bool  // private: the person wrote first, or gave the bot leave to
	botStatus  string
	botRights  Rights
	botMuted   bool
	members    map[int64]string // status by user id, without the bot
	order      []int64          // members as they came
	forum      bool
	topics     map[int]*topic
	migratedTo int64
	nextID     int // supergroups count by themselves
	messages   []*message
	byID       map[int]*message
	cursor     map[int64]int64 // by person: the revision of their last act here
	actions    []string        // chat actions of the bot
	changed    signal
}

type topic struct {
	name    string
	closed  bool
	deleted bool
}

// message is a message as it is now.
type message struct {
	id         int
	chat       *chat
	thread     int
	from       *User
	senderChat *chat // an anonymous administrator speaks as the group
	date       time.Time
	edited     time.Time
	text       string // or the caption
	entities   []Entity
	media      *media
	markup     *markup
	mode       string
	replyTo    int
	silent     bool
	protected  bool
	noPreview  bool
	deleted    bool
	service    map[string]any // the fields of a service message
	extra      map[string]any // fields that the message has besides
	revision   int64          // of the last change
	update     int64          // a person's message: the update that told the bot, 0 if none did
}

type wireUser struct {
	ID           int64  `json:"id"`
	IsBot        bool   `json:"is_bot"`
	FirstName    string `json:"first_name"`
	Username     string `json:"username,omitempty"`
	LanguageCode string `json:"language_code,omitempty"`
}

type wireChat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	Username  string `json:"username,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	IsForum   bool   `json:"is_forum,omitempty"`
}

func (u *User) wire() wireUser {
	return wireUser{ID: u.ID, IsBot: u.isBot, FirstName: u.Name, Username: u.username, LanguageCode: u.Language}
}

func (c *chat) wire() wireChat {
	w := wireChat{ID: c.id, Type: c.kind, Title: c.title, IsForum: c.forum}
	if c.person != nil {
		w.FirstName, w.Username = c.person.Name, c.person.username
	}
	return w
}

// MarshalJSON writes the message as the Bot API shows it ("Message").
func (m *message) MarshalJSON() ([]byte, error) {
	w := map[string]any{"message_id": m.id, "chat": m.chat.wire(), "date": m.date.Unix(), "from": m.from.wire()}
	if m.senderChat != nil {
		w["from"], w["sender_chat"] = anonymous, m.senderChat.wire()
	}
	set := func(name string, v any, really bool) {
		if really {
			w[name] = v
		}
	}
	set("message_thread_id", m.thread, m.thread != 0)
	set("is_topic_message", true, m.thread != 0)
	set("edit_date", m.edited.Unix(), !m.edited.IsZero())
	set("has_protected_content", true, m.protected)
	if reply := m.chat.byID[m.replyTo]; reply != nil && !reply.deleted {
		first := *reply
		first.replyTo = 0 // "will not contain further reply_to_message fields"
		w["reply_to_message"] = &first
	}
	if m.markup != nil && m.markup.raw != nil {
		w["reply_markup"] = m.markup.raw
	}
	switch {
	case m.media != nil:
		m.media.describe(w)
		set("caption", m.text, m.text != "")
		set("caption_entities", m.entities, len(m.entities) > 0)
	default:
		set("text", m.text, m.text != "")
		set("entities", m.entities, len(m.entities) > 0)
	}
	maps.Copy(w, m.service)
	maps.Copy(w, m.extra)
	return json.Marshal(w)
}

// anonymous is GroupAnonymousBot, the sender that stands for an anonymous administrator.
var anonymous = wireUser{ID: 1087968824, IsBot: true, FirstName: "Group", Username: "GroupAnonymousBot"}

// add puts a new message into its chat. The lock is held.
func (s *Server) add(m *message) {
	if m.chat.kind == supergroup {
		m.chat.nextID++
		m.id = m.chat.nextID
	} else {
		s.nextID++
		m.id = s.nextID
	}
	m.date = s.conf.Now()
	m.revision = s.revision + 1
	m.chat.messages = append(m.chat.messages, m)
	m.chat.byID[m.id] = m
	s.touch(m.chat)
}

// change marks a message as changed. The lock is held.
func (s *Server) change(m *message) {
	m.revision = s.revision + 1
	s.touch(m.chat)
}

// chatOf finds the chat of a call and says what Telegram says when the bot may not write there.
func (s *Server) chatOf(q *query) (*chat, error) {
	if !q.has("chat_id") {
		return nil, badRequest("chat_id is empty")
	}
	c := s.chats[q.chatID()]
	switch {
	case c == nil:
		return nil, badRequest("chat not found")
	case c.migratedTo != 0:
		return nil, &apiError{
			Code: 400, MigrateTo: c.migratedTo,
			Description: "Bad Request: group chat was upgraded to a supergroup chat",
		}
	case c.kind == private:
		return c, s.privateAccess(c)
	case c.botStatus == kicked:
		return nil, forbidden("bot was kicked from the " + c.kind + " chat")
	case c.botStatus == left:
		return nil, forbidden("bot is not a member of the " + c.kind + " chat")
	}
	return c, nil
}

func (s *Server) privateAccess(c *chat) error {
	switch {
	case c.person.deactivated:
		return forbidden("user is deactivated")
	case c.person.blocked:
		return forbidden("bot was blocked by the user")
	case c.known:
		return nil
	case s.seen(c.person):
		return forbidden("bot can't initiate conversation with a user")
	}
	return badRequest("chat not found")
}

// seen reports whether the bot shares a group with the person, so that it knows that they exist.
func (s *Server) seen(u *User) bool {
	for _, c := range s.chats {
		if c.kind != private && c.inside(u.ID) && c.botInside() {
			return true
		}
	}
	return false
}

func (c *chat) inside(user int64) bool {
	status, ok := c.members[user]
	return ok && status != left && status != kicked
}

func (c *chat) botInside() bool { return c.botStatus != left && c.botStatus != kicked }

func (s *Server) getMe(*query) (any, error) {
	return struct {
		wireUser
		CanJoinGroups           bool `json:"can_join_groups"`
		CanReadAllGroupMessages bool `json:"can_read_all_group_messages"`
		SupportsInlineQueries   bool `json:"supports_inline_queries"`
	}{s.bot.wire(), true, s.conf.NoPrivacy, false}, nil
}

func (s *Server) getChat(q *query) (any, error) {
	c, err := s.chatOf(q)
	if err != nil {
		return nil, err
	}
	return struct {
		wireChat
		AccentColorID     int             `json:"accent_color_id"`
		MaxReactionCount  int             `json:"max_reaction_count"`
		AcceptedGiftTypes map[string]bool `json:"accepted_gift_types"`
	}{c.wire(), 0, 11, map[string]bool{}}, nil
}

func (s *Server) getChatMember(q *query) (any, error) {
	c, err := s.chatOf(q)
	if err != nil {
		return nil, err
	}
	u := s.users[int64(q.num("user_id"))]
	switch {
	case u == nil:
		return nil, badRequest("PARTICIPANT_ID_INVALID")
	case u == s.bot:
		return c.botMember(u), nil
	}
	status, ok := c.members[u.ID]
	switch {
	case c.kind == private && c.person == u:
		status = isMember
	case !ok:
		status = left
	}
	rights := Rights{}
	if status == administrator {
		rights = Rights{DeleteMessages: true, PinMessages: true}
	}
	return memberJSON(u, status, rights), nil
}

func (s *Server) leaveChat(q *query) (any, error) {
	c, err := s.chatOf(q)
	if err != nil {
		return nil, err
	}
	if c.kind == private {
		return nil, badRequest("chat not found")
	}
	s.setBot(c, s.bot, left, Rights{})
	return true, nil
}

func (c *chat) botMember(bot *User) map[string]any { return memberJSON(bot, c.botStatus, c.botRights) }

// memberJSON writes one of the ChatMember types with the fields that are always there.
func memberJSON(u *User, status string, r Rights) map[string]any {
	m := map[string]any{"status": status, "user": u.wire()}
	switch status {
	case creator:
		m["is_anonymous"] = false
	case kicked:
		m["until_date"] = 0
	case administrator:
		for _, name := range []string{
			"can_be_edited", "is_anonymous", "can_manage_video_chats", "can_restrict_members",
			"can_promote_members", "can_change_info", "can_post_stories", "can_edit_stories", "can_delete_stories",
		} {
			m[name] = false
		}
		m["can_manage_chat"], m["can_invite_users"] = true, true
		m["can_delete_messages"], m["can_pin_messages"] = r.DeleteMessages, r.PinMessages
	}
	return m
}

// setBot changes the bot's place in a chat and tells it by my_chat_member. The lock is held.
func (s *Server) setBot(c *chat, by *User, status string, r Rights) {
	before := c.botMember(s.bot)
	c.botStatus, c.botRights = status, r
	s.push("my_chat_member", map[string]any{
		"chat": c.wire(), "from": by.wire(), "date": s.conf.Now().Unix(),
		"old_chat_member": before, "new_chat_member": c.botMember(s.bot),
	})
	s.touch(c)
}

func (c *chat) remove(user int64) {
	c.members[user] = left
	c.order = slices.DeleteFunc(c.order, func(id int64) bool { return id == user })
}
