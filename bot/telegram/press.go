package telegram

import (
	"context"
	"sync"
	"time"

	"cartable/core/chat"
)

const (
	maxData  = 64  // bytes of the data of a button (InlineKeyboardButton)
	maxAlert = 200 // characters of the answer to a press (answerCallbackQuery)

	answerPatience = 10 * time.Second // what the press does must not wait longer for its answer
)

// presses are the callback queries whose senders wait for an answer, by their names.
type presses struct {
	mu   sync.Mutex
	open map[string]bool
}

func (ps *presses) add(query string) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.open == nil {
		ps.open = make(map[string]bool)
	}
	ps.open[query] = true
}

// take tells whether a press is still to be answered, and leaves that to the caller.
func (ps *presses) take(query string) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	waits := ps.open[query]
	delete(ps.open, query)
	return waits
}

// Answer implements chat.Presser. A press that is too old to be answered is no error.
func (a *Adapter) Answer(ctx context.Context, m chat.Message, text string) error {
	if !a.presses.take(m.Ref) {
		return nil
	}
	return a.answerQuery(ctx, m.Ref, cut(text, maxAlert))
}

func (a *Adapter) answerQuery(ctx context.Context, query, text string) error {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	return a.insist(ctx, func(ctx context.Context) error {
		err := a.api.answerQuery(ctx, query, text)
		if refusedAs(err, "query is too old", "query id is invalid") {
			return nil
		}
		return err
	})
}
