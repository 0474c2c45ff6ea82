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
	timer    *time.Timer
	stop     context.CancelFunc // nil until the timer has fired
	left     bool
}

// typing notes that a message is being handled, until the returned function is called, once.
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
		t = new(typist)
		a.work.Add(1)
		t.timer = time.AfterFunc(ts.after, func() { // only a slow message costs a goroutine
			defer a.work.Done()
			a.typeIn(t, where)
		})
		if ts.at == nil {
			ts.at = make(map[place]*typist)
		}
		ts.at[where] = t
	}
	t.messages++
	return func() { a.quiet(t, where) }
}

func (a *Adapter) quiet(t *typist, where place) {
	ts := &a.typists
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.messages--; t.messages > 0 {
		return
	}
	delete(ts.at, where)
	t.left = true
	if t.timer.Stop() {
		a.work.Done() // its function will not
	}
	if t.stop != nil {
		t.stop()
	}
}

// begin gives the context of a typist whose timer has fired; false if there is nothing left to type for.
func (ts *typists) begin(life context.Context, t *typist) (context.Context, bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.left {
		return nil, false
	}
	var ctx context.Context
	ctx, t.stop = context.WithTimeout(life, typeMost)
	return ctx, true
}

// typeIn shows that the bot is at work until the messages are handled, or for typeMost. What fails is
// left: the answer will tell.
func (a *Adapter) typeIn(t *typist, where place) {
	ctx, ok := a.typists.begin(a.life, t)
	if !ok {
		return
	}
	defer t.stop()
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
