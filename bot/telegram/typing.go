package telegram

import (
	"context"
	"sync"
	"time"
)

const (
	typeAfter = 700 * time.Millisecond  // a handler that takes longer shows that the bot is at work
	typeEvery = 4500 * time.Millisecond // Telegram shows it for 5 s (sendChatAction)
	typeMost  = 3 * time.Minute
)

// typists show "typing…" in the chats whose messages take their time, one for each chat and topic.
type typists struct {
	after, every time.Duration

	mu sync.Mutex
	at map[place]*typist
}

type place struct {
	chat   int64
	thread int
}

type typist struct {
	messages int // that are being handled
	stop     context.CancelFunc
}

// typing notes that a message is being handled, until the returned function is called, more often if
// need be.
func (a *Adapter) typing(m *message) (quiet func()) {
	where := place{chat: m.Chat.ID}
	if m.InTopic {
		where.thread = m.Thread
	}
	ts := &a.typists
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.at[where]
	if t == nil {
		t = a.startTypist(where)
		if ts.at == nil {
			ts.at = make(map[place]*typist)
		}
		ts.at[where] = t
	}
	t.messages++
	var once sync.Once
	return func() { once.Do(func() { ts.leave(where, t) }) }
}

func (ts *typists) leave(where place, t *typist) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.messages--; t.messages == 0 {
		t.stop()
		delete(ts.at, where)
	}
}

// startTypist begins to wait; only a slow message costs a goroutine.
func (a *Adapter) startTypist(where place) *typist {
	ctx, cancel := context.WithCancel(a.life)
	a.work.Add(1)
	timer := time.AfterFunc(a.typists.after, func() {
		defer a.work.Done()
		a.typeIn(ctx, where)
	})
	return &typist{stop: func() {
		cancel()
		if timer.Stop() {
			a.work.Done()
		}
	}}
}

// typeIn shows that the bot is at work until ctx ends, or for typeMost. What fails is left: the answer
// will tell.
func (a *Adapter) typeIn(ctx context.Context, where place) {
	ctx, cancel := context.WithTimeout(ctx, typeMost)
	defer cancel()
	for {
		if ctx.Err() != nil || a.api.chatAction(ctx, where.chat, where.thread) != nil {
			return
		}
		if !sleep(ctx, a.typists.every) {
			return
		}
	}
}

// sleep waits for d and reports true, or false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
