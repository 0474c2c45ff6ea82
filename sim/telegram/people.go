package telegram

import (
	"fmt"
	"slices"
)

// User is a person on Telegram (or the bot itself).
type User struct {
	ID       int64
	Name     string
	Language string // language_code of their app, "" for none

	s           *Server
	username    string
	isBot       bool
	blocked     bool // has blocked the bot
	deactivated bool
}

// User returns the person with this id, and makes them on first use.
func (s *Server) User(id int64, name, language string) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[id]; u != nil {
		return u
	}
	u := &User{s: s, ID: id, Name: name, Language: language, username: fmt.Sprintf("user%d", id)}
	s.users[id] = u
	c := s.newChat(id, private, "")
	c.person, c.botStatus = u, isMember
	return u
}

// OtherBot returns a bot that is not ours, to be put in groups.
func (s *Server) OtherBot(id int64, name string) *User {
	u := s.User(id, name, "")
	s.mu.Lock()
	defer s.mu.Unlock()
	u.isBot, u.username = true, name
	return u
}

func (s *Server) newChat(id int64, kind, title string) *chat {
	c := &chat{
		id: id, kind: kind, title: title, botStatus: left, members: map[int64]string{},
		topics: map[int]*topic{}, byID: map[int]*message{}, cursor: map[int64]int64{},
	}
	s.chats[id] = c
	return c
}

// Private is the person's chat with the bot.
func (u *User) Private() *Seat {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return &Seat{s: u.s, user: u, chat: u.s.chats[u.ID]}
}

// Start presses the Start button, or follows a deep link when there is a payload. It lifts a block.
func (u *User) Start(payload string) *Seat {
	p := u.Private()
	if u.setBlocked(false); payload == "" {
		p.Say("/start")
	} else {
		p.Say("/start " + payload)
	}
	return p
}

// Block stops the bot: it can't write to the person any more, and is told.
func (u *User) Block() { u.setBlocked(true) }

// Unblock lets the bot write again, and tells it.
func (u *User) Unblock() { u.setBlocked(false) }

func (u *User) setBlocked(blocked bool) {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	if u.blocked == blocked {
		return
	}
	u.blocked = blocked
	status := isMember
	if blocked {
		status = kicked
	}
	u.s.setBot(u.s.chats[u.ID], u, status, Rights{})
}

// Deactivate deletes the person's account.
func (u *User) Deactivate() {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	u.deactivated = true
}

// Rights are what the bot may do as an administrator.
type Rights struct {
	DeleteMessages bool
	PinMessages    bool
}

// Group is a basic group, or a supergroup with or without topics. A basic group that has migrated goes on
// as the supergroup.
type Group struct {
	s    *Server
	chat *chat
}

// Group makes a basic group with the bot in it; the first person is its owner.
func (s *Server) Group(title string, people ...*User) *Group {
	return s.group(group, title, people)
}

// Supergroup makes a supergroup with the bot in it; the first person is its owner.
func (s *Server) Supergroup(title string, people ...*User) *Group {
	return s.group(supergroup, title, people)
}

// Forum makes a supergroup with topics; those are made by NewTopic.
func (s *Server) Forum(title string, people ...*User) *Group {
	g := s.group(supergroup, title, people)
	s.mu.Lock()
	defer s.mu.Unlock()
	g.chat.forum = true
	return g
}

func (s *Server) group(kind, title string, people []*User) *Group {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.newChat(s.groupID(kind), kind, title)
	by := s.bot
	for i, u := range people {
		c.members[u.ID] = isMember
		c.order = append(c.order, u.ID)
		if i == 0 {
			c.members[u.ID], by = creator, u
		}
	}
	s.join(c, by)
	return &Group{s: s, chat: c}
}

// groupID has the form of real ids: -100... for supergroups.
func (s *Server) groupID(kind string) int64 {
	s.groups++
	if kind == supergroup {
		return -1001700000000 - s.groups
	}
	return -4100000 - s.groups
}

// join brings the bot into the chat, as seen by the bot: my_chat_member and a service message.
func (s *Server) join(c *chat, by *User) {
	s.setBot(c, by, isMember, Rights{})
	s.service(c, by, map[string]any{"new_chat_members": []wireUser{s.bot.wire()}})
}

func (s *Server) service(c *chat, by *User, fields map[string]any) *message {
	m := &message{chat: c, from: by, service: fields}
	s.add(m)
	if c.botInside() {
		m.update = s.push("message", m)
	}
	return m
}

// ID is the chat id at present.
func (g *Group) ID() int64 {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	return g.chat.id
}

// As is the person's place in the group; they join if they are not in it.
func (g *Group) As(u *User) *Seat {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if !g.chat.inside(u.ID) {
		g.s.admit(g.chat, u)
	}
	return &Seat{s: g.s, user: u, group: g}
}

// AsAnonymous is the place of an anonymous administrator, whose messages come from the group itself.
func (g *Group) AsAnonymous(u *User) *Seat {
	p := g.As(u)
	p.anonymous = true
	g.Promote(u)
	return p
}

func (s *Server) admit(c *chat, u *User) {
	c.members[u.ID] = isMember
	c.order = append(c.order, u.ID)
	s.service(c, u, map[string]any{"new_chat_members": []wireUser{u.wire()}})
}

// Promote makes a person an administrator.
func (g *Group) Promote(u *User) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if g.chat.members[u.ID] != creator {
		g.chat.members[u.ID] = administrator
	}
	g.s.touch(g.chat)
}

// Leave takes a person out of the group.
func (g *Group) Leave(u *User) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.chat.remove(u.ID)
	g.s.service(g.chat, u, map[string]any{"left_chat_member": u.wire()})
}

// Admin makes the bot an administrator with these rights.
func (g *Group) Admin(r Rights) { g.setBot(administrator, r) }

// NoAdmin makes the bot an ordinary member.
func (g *Group) NoAdmin() { g.setBot(isMember, Rights{}) }

// Kick throws the bot out.
func (g *Group) Kick() { g.setBot(kicked, Rights{}) }

// Return brings a kicked bot back.
func (g *Group) Return() {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.s.join(g.chat, g.s.owner(g.chat))
}

// Mute forbids ordinary members to write; the bot is one unless it is an administrator.
func (g *Group) Mute(on bool) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.chat.botMuted = on
	g.s.touch(g.chat)
}

func (g *Group) setBot(status string, r Rights) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.s.setBot(g.chat, g.s.owner(g.chat), status, r)
}

func (s *Server) owner(c *chat) *User {
	if len(c.order) == 0 {
		return s.bot
	}
	return s.users[c.order[0]]
}

// NewTopic opens a topic and returns its message_thread_id.
func (g *Group) NewTopic(name string) int {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	if !g.chat.forum {
		g.s.conf.Fail("sim/telegram: %s has no topics", g.chat.title)
	}
	m := g.s.service(g.chat, g.s.owner(g.chat), map[string]any{
		"forum_topic_created": map[string]any{"name": name, "icon_color": 7322096},
	})
	m.thread = m.id
	g.chat.topics[m.id] = &topic{name: name}
	return m.id
}

// CloseTopic stops ordinary members from writing in the topic.
func (g *Group) CloseTopic(thread int) { g.topic(thread, func(t *topic) { t.closed = true }) }

// DeleteTopic removes the topic with its messages.
func (g *Group) DeleteTopic(thread int) {
	g.topic(thread, func(t *topic) { t.deleted = true })
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	for _, m := range g.chat.messages {
		if m.thread == thread {
			m.deleted = true
		}
	}
	g.s.touch(g.chat)
}

func (g *Group) topic(thread int, change func(*topic)) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	t := g.chat.topics[thread]
	if t == nil {
		g.s.conf.Fail("sim/telegram: no topic %d", thread)
		return
	}
	change(t)
	g.s.touch(g.chat)
}

// Migrate turns a basic group into a supergroup and returns the old chat id, which refuses from now on.
// The bot gets a service message in each of the two.
func (g *Group) Migrate() (old int64) {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	from := g.chat
	if from.kind != group {
		g.s.conf.Fail("sim/telegram: %s is a supergroup already", from.title)
	}
	to := g.s.newChat(g.s.groupID(supergroup), supergroup, from.title)
	to.order, to.botStatus, to.botRights = slices.Clone(from.order), from.botStatus, from.botRights
	for id, status := range from.members {
		to.members[id] = status
	}
	g.chat = to
	owner := g.s.owner(from)
	g.s.service(from, owner, map[string]any{"migrate_to_chat_id": to.id})
	g.s.service(to, owner, map[string]any{"migrate_from_chat_id": from.id})
	from.migratedTo = to.id
	g.s.touch(from)
	return from.id
}
