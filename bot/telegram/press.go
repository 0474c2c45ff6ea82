package telegram

import (
	"context"
	"slices"
	"sync"
	"time"

	"cartable/core/chat"
)

const (
	maxData  = 64  // bytes of the data of a button (InlineKeyboardButton)
	maxAlert = 200 // characters of the answer to a press (answerCallbackQuery)

	answerPatience = 10 * time.Second // what the press does must not wait longer for its answer
)

// press is a callback query whose sender waits for an answer.
type press struct {
	key   pressKey
	query string
}

// pressKey is what the core knows of a press. Two presses may have the same; a chat's are handled in
// order, so the older is meant.
type pressKey struct {
	message, choice string
	chat            chat.ChatID
	person          chat.PersonID
}

// presses are those that nobody has answered yet.
type presses struct {
	mu   sync.Mutex
	open map[pressKey][]*press
}

func (ps *presses) add(m chat.Message, query string) *press {
	p := &press{pressKey{m.ID, m.Choice, m.Chat, m.Person}, query}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.open == nil {
		ps.open = make(map[pressKey][]*press)
	}
	ps.open[p.key] = append(ps.open[p.key], p)
	return p
}

// next takes the oldest press that a message of the core stands for; nil when it has been answered.
func (ps *presses) next(m chat.Message) *press {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	waiting := ps.open[pressKey{m.ID, m.Choice, m.Chat, m.Person}]
	if len(waiting) == 0 {
		return nil
	}
	oldest := waiting[0]
	ps.remove(oldest)
	return oldest
}

// drop takes one press and tells whether it was still to be answered.
func (ps *presses) drop(p *press) bool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.remove(p)
}

func (ps *presses) remove(p *press) bool {
	waiting := ps.open[p.key]
	i := slices.Index(waiting, p)
	if i < 0 {
		return false
	}
	if waiting = slices.Delete(waiting, i, i+1); len(waiting) > 0 {
		ps.open[p.key] = waiting
	} else {
		delete(ps.open, p.key)
	}
	return true
}

// Answer implements chat.Presser. A press that is too old to be answered is no error.
func (a *Adapter) Answer(ctx context.Context, m chat.Message, text string) error {
	p := a.presses.next(m)
	if p == nil {
		return nil
	}
	return a.answerQuery(ctx, p.query, cut(text, maxAlert))
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
