package telegram

import (
	"slices"
	"strings"
)

// Seat is one person's place in one chat: what they do there.
type Seat struct {
	s         *Server
	user      *User
	chat      *chat  // a private chat
	group     *Group // or a group
	thread    int
	anonymous bool
}

// In is the same person's place in a topic.
func (p *Seat) In(thread int) *Seat {
	in := *p
	in.thread = thread
	return &in
}

// ChatID is the id of the chat, as the bot sees it.
func (p *Seat) ChatID() int64 {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.room().id
}

func (p *Seat) room() *chat {
	if p.group != nil {
		return p.group.chat
	}
	return p.chat
}

// Say writes a message.
func (p *Seat) Say(text string) Message { return p.write(&message{text: text}) }

// SayWith writes a message that has more fields than a text, e.g. a forward_origin of a kind that no library
// knows yet.
func (p *Seat) SayWith(text string, fields map[string]any) Message {
	return p.write(&message{text: text, extra: fields})
}

// Reply answers a message.
func (p *Seat) Reply(to int, text string) Message { return p.write(&message{text: text, replyTo: to}) }

// SendPhoto sends a JPEG or PNG picture, which the bot gets in several sizes.
func (p *Seat) SendPhoto(data []byte, caption ...string) Message {
	p.s.mu.Lock()
	m := p.s.files.photo(data)
	p.s.mu.Unlock()
	if m == nil {
		p.s.conf.Fail("sim/telegram: an app sends only pictures as a photo; use SendDocument")
		return Message{}
	}
	return p.write(&message{media: m, text: strings.Join(caption, "\n")})
}

// SendDocument sends a file of any kind.
func (p *Seat) SendDocument(name string, data []byte, caption ...string) Message {
	p.s.mu.Lock()
	m := p.s.files.document(name, data)
	p.s.mu.Unlock()
	return p.write(&message{media: m, text: strings.Join(caption, "\n")})
}

func (p *Seat) write(m *message) Message {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	c := p.room()
	if p.user.blocked && c.kind == private {
		p.s.conf.Fail("sim/telegram: %s has blocked the bot and can't write to it", p.user.Name)
		return Message{}
	}
	c.cursor[p.user.ID] = p.s.revision
	c.known = true
	m.chat, m.from, m.thread = c, p.user, p.thread
	if p.anonymous {
		m.senderChat = c
	}
	m.text = clean(m.text)
	m.entities = detect(m.text)
	p.s.add(m)
	if p.s.heard(m) {
		m.update = p.s.push("message", m)
	}
	return m.snapshot()
}

// heard says whether the bot gets a message: in groups, privacy mode lets commands and replies to the bot
// through, and an administrator hears everything.
func (s *Server) heard(m *message) bool {
	c := m.chat
	switch {
	case !c.botInside() || m.from.isBot:
		return false
	case c.kind == private || s.conf.NoPrivacy || c.botStatus == administrator:
		return true
	}
	if reply := c.byID[m.replyTo]; reply != nil && reply.from == s.bot {
		return true
	}
	if len(m.entities) == 0 || m.entities[0].Type != "bot_command" || m.entities[0].Offset != 0 {
		return false
	}
	_, name, addressed := strings.Cut(m.text[:m.entities[0].Length], "@") // a command is ASCII
	return !addressed || strings.EqualFold(name, s.conf.BotUsername)
}

// Edit changes the text of one of the person's own messages and returns it; its Update is the edit's.
func (p *Seat) Edit(id int, text string) Message {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	m := p.own(id)
	if m == nil {
		return Message{}
	}
	p.room().cursor[p.user.ID] = p.s.revision
	m.text, m.edited = clean(text), p.s.conf.Now()
	m.entities = detect(m.text)
	p.s.change(m)
	if p.s.heard(m) {
		m.update = p.s.push("edited_message", m)
	}
	return m.snapshot()
}

// Delete removes one of the person's own messages. Telegram does not tell bots.
func (p *Seat) Delete(id int) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if m := p.own(id); m != nil {
		m.deleted = true
		p.s.change(m)
	}
}

func (p *Seat) own(id int) *message {
	m := p.room().byID[id]
	if m == nil || m.from != p.user || m.deleted {
		p.s.conf.Fail("sim/telegram: %s has no message %d here", p.user.Name, id)
		return nil
	}
	return m
}

// Press presses the button whose text contains label, on the latest message that has one.
func (p *Seat) Press(label string) *Press {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for _, m := range slices.Backward(p.visible()) {
		if b, ok := m.button(label); ok {
			return p.press(m, b)
		}
	}
	p.s.conf.Fail("sim/telegram: no button %q to press; %s", label, p.transcript())
	return &Press{s: p.s}
}

// PressOn presses a button of one message.
func (p *Seat) PressOn(id int, label string) *Press {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if m := p.room().byID[id]; m != nil && !m.deleted {
		if b, ok := m.button(label); ok {
			return p.press(m, b)
		}
	}
	p.s.conf.Fail("sim/telegram: message %d has no button %q; %s", id, label, p.transcript())
	return &Press{s: p.s}
}

// PressData sends a press that no button of the message need have any more, as an app that shows an old
// state does, or a forged one. The message may even be deleted.
func (p *Seat) PressData(id int, data string) *Press {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	m := p.room().byID[id]
	if m == nil {
		p.s.conf.Fail("sim/telegram: there was never a message %d", id)
		return &Press{s: p.s}
	}
	return p.press(m, Button{Kind: "callback_data", Data: data})
}

func (p *Seat) press(m *message, b Button) *Press {
	if b.Kind != "callback_data" {
		p.s.conf.Fail("sim/telegram: the button %q tells the bot nothing: it is a %s", b.Text, b.Kind)
		return &Press{s: p.s}
	}
	p.room().cursor[p.user.ID] = p.s.revision
	return p.s.press(p.user, m, b.Data)
}

func (m *message) button(label string) (Button, bool) {
	if m.markup == nil {
		return Button{}, false
	}
	for _, row := range m.markup.inline {
		for _, b := range row {
			if strings.Contains(b.Text, label) {
				return b, true
			}
		}
	}
	return Button{}, false
}

// Menu is the list of commands that the person's app shows here.
func (p *Seat) Menu() []Command {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return slices.Clone(p.s.menuFor(p.room(), p.user))
}

// Actions are the chat actions of the bot so far, e.g. "typing".
func (p *Seat) Actions() []string {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return slices.Clone(p.room().actions)
}

// Description is the text that the person's app shows before the first message.
func (u *User) Description() string {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return fallback(u.s.profile.description, u.Language)
}

// ShortDescription is the text on the bot's profile.
func (u *User) ShortDescription() string {
	u.s.mu.Lock()
	defer u.s.mu.Unlock()
	return fallback(u.s.profile.short, u.Language)
}
