package telegram

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// Message is a message as a person sees it at one moment.
type Message struct {
	ID        int
	ChatID    int64
	Thread    int    // message_thread_id, 0 outside of topics
	From      string // first name of the sender
	FromBot   bool   // sent by our bot
	Text      string // what is read: without tags; of a photo or document, the caption
	Entities  []Entity
	Mode      string     // parse_mode that the bot sent it with
	Buttons   [][]Button // inline buttons
	Keys      [][]Button // reply keyboard that came with it
	Photo     *File
	Document  *File
	ReplyTo   int
	Date      time.Time
	Edited    bool
	Deleted   bool
	Silent    bool  // disable_notification
	Protected bool  // protect_content
	NoPreview bool  // link previews are off
	Service   bool  // joined, migrated, topic opened
	Update    int64 // of a person's message: the update by which the bot was told; 0 if it was not
}

// Commands are what a person can tap in the message: Telegram makes that of every command in a text, whoever wrote it and
// wherever it stands, but for those within the address of a page.
func (m Message) Commands() []string {
	var list []string
	text, end := utf16.Encode([]rune(m.Text)), 0
	for _, e := range detect(m.Text) {
		switch {
		case e.Type == "url":
			end = e.Offset + e.Length
		case e.Type == "bot_command" && e.Offset >= end:
			list = append(list, string(utf16.Decode(text[e.Offset:e.Offset+e.Length])))
		}
	}
	return list
}

// File is what came with a message.
type File struct {
	ID   string // file_id
	Name string
	Data []byte
}

func (m *message) snapshot() Message {
	v := Message{
		ID: m.id, ChatID: m.chat.id, Thread: m.thread, From: m.from.Name, FromBot: m.from == m.from.s.bot,
		Text: m.text, Entities: slices.Clone(m.entities), Mode: m.mode, ReplyTo: m.replyTo, Date: m.date,
		Edited: !m.edited.IsZero(), Deleted: m.deleted, Silent: m.silent, Protected: m.protected,
		NoPreview: m.noPreview, Service: m.service != nil, Update: m.update,
	}
	if m.markup != nil {
		v.Buttons, v.Keys = m.markup.inline, m.markup.keys
	}
	if m.media != nil {
		f := m.media.best()
		file := &File{ID: f.id, Name: f.name, Data: f.data}
		if m.media.kind == "photo" {
			v.Photo = file
		} else {
			v.Document = file
		}
	}
	return v
}

// Labels returns the texts of the inline buttons, row by row.
func (m Message) Labels() []string {
	var labels []string
	for _, row := range m.Buttons {
		for _, b := range row {
			labels = append(labels, b.Text)
		}
	}
	return labels
}

// HTML writes the text with its entities as tags again, for golden files.
func (m Message) HTML() string {
	return renderHTML(m.Text, m.Entities)
}

// visible are the messages that are there now, of the topic if the seat is in one. The lock is held.
func (p *Seat) visible() []*message {
	var seen []*message
	for _, m := range p.room().messages {
		if !m.deleted && (p.thread == 0 || m.thread == p.thread) {
			seen = append(seen, m)
		}
	}
	return seen
}

// Messages is what the person sees now, oldest first.
func (p *Seat) Messages() []Message {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return snapshots(p.visible())
}

// History is Messages with what has been deleted since, and of all topics.
func (p *Seat) History() []Message {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return snapshots(p.room().messages)
}

func snapshots(messages []*message) []Message {
	var views []Message
	for _, m := range messages {
		views = append(views, m.snapshot())
	}
	return views
}

// WaitFor waits for a message of the bot with this text, sent or edited since the person's last act
// (writing, pressing) in this chat.
func (p *Seat) WaitFor(text string) Message {
	m, err := p.Wait(context.Background(), func(m Message) bool { return strings.Contains(m.Text, text) })
	if err != nil {
		p.fail(fmt.Sprintf("a message with %q", text))
	}
	return m
}

// WaitUntil waits for a message of the bot that match accepts, sent or edited since the person's last act.
func (p *Seat) WaitUntil(match func(Message) bool) Message {
	m, err := p.Wait(context.Background(), match)
	if err != nil {
		p.fail("a message")
	}
	return m
}

// Wait is WaitUntil for goroutines other than the test's own: it returns an error after Config.Wait, or
// when ctx is done.
func (p *Seat) Wait(ctx context.Context, match func(Message) bool) (Message, error) {
	var found Message
	err := p.s.wait(ctx.Done(), p.changed, func() bool {
		since := p.room().cursor[p.user.ID]
		for _, m := range p.visible() {
			if m.from != p.s.bot || m.service != nil || m.revision <= since {
				continue
			}
			if found = m.snapshot(); match(found) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return Message{}, err
	}
	return found, nil
}

// changed is the signal of the chat as it is now: a group may migrate while somebody waits in it.
func (p *Seat) changed() *signal { return &p.room().changed }

// WaitSeen waits until what the person sees is accepted, whoever wrote it and whenever.
func (p *Seat) WaitSeen(what string, accept func([]Message) bool) {
	if err := p.s.wait(nil, p.changed, func() bool { return accept(snapshots(p.visible())) }); err != nil {
		p.fail(what)
	}
}

// WaitDeleted waits until a message is gone.
func (p *Seat) WaitDeleted(id int) {
	err := p.s.wait(nil, p.changed, func() bool { m := p.room().byID[id]; return m != nil && m.deleted })
	if err != nil {
		p.fail(fmt.Sprintf("the end of message %d", id))
	}
}

func (p *Seat) fail(what string) {
	p.s.mu.Lock()
	text := p.transcript()
	p.s.mu.Unlock()
	p.s.conf.Fail("sim/telegram: %s waited in vain for %s; %s", p.user.Name, what, text)
}

// transcript is what the person sees, for messages of failed tests. The lock is held.
func (p *Seat) transcript() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s sees:\n", p.user.Name)
	seen := snapshots(p.visible())
	for _, m := range seen[max(0, len(seen)-12):] {
		fmt.Fprintf(&b, "  %d %s: %s", m.ID, m.From, m.Text)
		for _, label := range m.Labels() {
			fmt.Fprintf(&b, " [%s]", label)
		}
		b.WriteString("\n")
	}
	return b.String()
}
