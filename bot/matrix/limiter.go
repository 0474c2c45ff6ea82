//go:build goolm

package matrix

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// limiter bounds how often something is done within an hour, such as saying the same of oneself.
type limiter struct {
	now func() time.Time

	mu   sync.Mutex
	done map[string][]time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, done: make(map[string][]time.Time)}
}

// maxLimited is when the memory of what was done is tidied.
const maxLimited = 1000

// allow tells whether something may be done once more, at most so often within an hour.
func (l *limiter) allow(what string, often int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.done) >= maxLimited {
		for key, times := range l.done {
			if now.Sub(times[len(times)-1]) >= time.Hour {
				delete(l.done, key)
			}
		}
	}
	recent := l.done[what][:0:0]
	for _, at := range l.done[what] {
		if now.Sub(at) < time.Hour {
			recent = append(recent, at)
		}
	}
	if len(recent) >= often {
		return false
	}
	l.done[what] = append(recent, now)
	return true
}

// say tells a room of a trouble, once an hour.
func (a *Adapter) say(room id.RoomID, what chat.Notice, args ...any) {
	if !a.limiter.allow(string(what)+" "+room.String(), 1) {
		return
	}
	a.tell(room, "", "", a.cfg.Core.Words(chatOf(room), what, args...))
}

// maxTroubles bounds how often a person is told of troubles within an hour.
const maxTroubles = 20

// answerTrouble tells a person in a room of a trouble with their event, unless they have very many.
func (a *Adapter) answerTrouble(evt *event.Event, what chat.Notice, args ...any) {
	if !a.limiter.allow("trouble "+evt.Sender.String(), maxTroubles) {
		return
	}
	a.tell(evt.RoomID, threadOf(evt), evt.Sender, a.cfg.Core.Words(chatOf(evt.RoomID), what, args...))
}

// tell says a sentence of the adapter's own, soon.
func (a *Adapter) tell(room id.RoomID, thread id.EventID, to id.UserID, text string) {
	a.background(func(ctx context.Context) {
		l, err := a.connected(ctx, nil)
		if err == nil {
			err = l.notice(ctx, room, thread, to, text)
		}
		if err != nil {
			a.log.Warn("trouble not told", "error", err)
		}
	})
}

// sayTo says a sentence to whoever wrote or pressed.
func (a *Adapter) sayTo(ctx context.Context, l *connection, m chat.Message, text string) error {
	return l.notice(ctx, id.RoomID(m.Chat.ID), id.EventID(m.Thread), id.UserID(m.Person.ID), text)
}

// notice sends a sentence; in a group it is addressed to a person.
func (l *connection) notice(ctx context.Context, room id.RoomID, thread id.EventID, to id.UserID, text string) error {
	content := &event.MessageEventContent{MsgType: event.MsgNotice, Body: text, Mentions: &event.Mentions{}}
	if private, err := l.a.isPrivate(room); to != "" && (err != nil || !private) {
		content = addressed(content, to, l.displayName(ctx, room, to))
	}
	relate(content, thread, "")
	transaction := "cartable-" + rand.Text()
	return l.a.patiently(ctx, sendPatience, func(ctx context.Context) error {
		_, err := l.post(ctx, room, event.EventMessage, content, transaction)
		return err
	})
}
