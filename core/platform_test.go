package core_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"cartable/core/chat"
)

// platform is a pretend platform with several people, their private chats with the bot, and groups.
type platform struct {
	t *testing.T
	r *rig

	mu      sync.Mutex
	replies map[chat.ChatID][]chat.Reply
	alerts  []string // answers to presses that did not count
	gone    map[chat.ChatID]bool
	crowded map[chat.ChatID]bool // private chats that others have joined
	edits   []string             // IDs of messages that were replaced
	deleted []string             // IDs of people's messages
	serial  int

	answered int // presses, those that count as well
}

func (r *rig) platform() *platform {
	return &platform{t: r.t, r: r, replies: make(map[chat.ChatID][]chat.Reply), gone: make(map[chat.ChatID]bool), crowded: make(map[chat.ChatID]bool)}
}

func (p *platform) Name() string                            { return "test" }
func (p *platform) Run(context.Context, chat.Handler) error { return nil }

func (p *platform) Send(_ context.Context, to chat.Target, r chat.Reply) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone[to.Chat] {
		return chat.ErrChatGone
	}
	if to.Private && p.crowded[to.Chat] {
		return chat.ErrNotPrivate
	}
	p.replies[to.Chat] = append(p.replies[to.Chat], r)
	if to.Edit != "" {
		p.edits = append(p.edits, to.Edit)
	}
	return nil
}

func (p *platform) Redact(_ context.Context, m chat.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deleted = append(p.deleted, m.ID)
	return nil
}

func (p *platform) Answer(_ context.Context, _ chat.Message, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered++
	if text != "" {
		p.alerts = append(p.alerts, strings.ReplaceAll(text, "\u00a0", " "))
	}
	return nil
}

// seat is one person in one chat.
type seat struct {
	p      *platform
	chat   chat.ChatID
	person chat.PersonID
	title  string // of the group; empty in private
}

func person(name string) chat.PersonID { return chat.PersonID{Platform: "test", ID: name} }

func (p *platform) private(name string) seat {
	return seat{p: p, chat: chat.ChatID{Platform: "test", ID: name}, person: person(name)}
}

func (p *platform) group(title, name string) seat {
	return seat{p: p, chat: chat.ChatID{Platform: "test", ID: "group " + title}, person: person(name), title: title}
}

// deliver hands a message over, waits until it is dealt with, and returns what is new in each chat.
func (s seat) deliver(m chat.Message) map[chat.ChatID]string {
	s.p.t.Helper()
	s.p.mu.Lock()
	before := make(map[chat.ChatID]int)
	for where, replies := range s.p.replies {
		before[where] = len(replies)
	}
	s.p.serial++
	m.ID = fmt.Sprint(s.p.serial)
	s.p.mu.Unlock()
	m.Chat, m.Person, m.Name, m.Title, m.Private = s.chat, s.person, s.person.ID, s.title, s.title == ""
	done := make(chan struct{})
	if err := s.p.r.engine.Handler(s.p)(m, func() { close(done) }); err != nil {
		s.p.t.Fatal(err)
	}
	<-done
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	said := make(map[chat.ChatID]string)
	for where, replies := range s.p.replies {
		for _, r := range replies[before[where]:] {
			said[where] += render(r)
		}
	}
	return said
}

// say returns what is answered in the chat itself.
func (s seat) say(text string) string {
	s.p.t.Helper()
	return s.deliver(chat.Message{Text: text})[s.chat]
}

// sayAll returns what is answered in every chat.
func (s seat) sayAll(text string) map[chat.ChatID]string {
	s.p.t.Helper()
	return s.deliver(chat.Message{Text: text})
}

// choice finds a button, the newest first.
func (s seat) choice(label string) chat.Choice {
	s.p.t.Helper()
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	replies := s.p.replies[s.chat]
	for i := len(replies) - 1; i >= 0; i-- {
		for _, c := range replies[i].Choices {
			if strings.Contains(strings.ReplaceAll(c.Label, "\u00a0", " "), label) {
				return c
			}
		}
	}
	s.p.t.Fatalf("no button %q in %q", label, s.chat.ID)
	return chat.Choice{}
}

func (s seat) press(label string) string {
	s.p.t.Helper()
	return s.deliver(chat.Message{Choice: s.choice(label).ID})[s.chat]
}

// has fails unless text holds every part.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

// lacks fails if text holds one of the parts.
func lacks(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q in:\n%s", part, text)
		}
	}
}
