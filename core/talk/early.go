package talk

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"cartable/core/chat"
)

// underWay are the presses that wait in the queue of their chat or are being done, by what would do the same.
type underWay struct {
	mu  sync.Mutex
	all map[pressed]bool
}

// pressed names what one person pressed.
type pressed struct {
	chat   chat.ChatID
	person chat.PersonID
	choice string
}

// begin notes a press. It is false when the same one is under way already.
func (u *underWay) begin(p pressed) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all[p] {
		return false
	}
	u.all[p] = true
	return true
}

func (u *underWay) end(p pressed) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.all, p)
}

// takePress takes a press on a platform that waits for an answer to each. What does not count is refused at once, however
// long the chat's queue is: a press that is void, the second of two, one on what is settled. What counts is answered at
// once and done in its order.
func takePress(t *Talk, a chat.Adapter, m chat.Message, done func()) error {
	p := pressed{m.Chat, m.Person, m.Choice}
	answer := func(text string, then func()) error {
		return t.serial.atOnce(func() {
			defer then()
			ctx, cancel := context.WithTimeout(t.life, busyLimit)
			defer cancel()
			defer survive(t)
			answerPress(ctx, turn(t, a, m), text)
		})
	}
	refused, sure := early(t, a, m)
	switch {
	case !sure:
		return enqueue(t, a, m, "", done)
	case refused != "":
		return answer(refused, done)
	case !t.underWay.begin(p):
		return answer(t.Printer(m.Chat).T("choice.running"), done)
	}
	err := t.serial.do(m.Chat, func() {
		defer t.underWay.end(p)
		if handle(t, a, m, "", true) {
			done()
		}
	})
	if err != nil {
		t.underWay.end(p)
		return busyOr(t, a, m, err, done)
	}
	_ = answer("", func() {}) // the program stops: the person only waits a little longer
	return nil
}

// early looks a press up before its turn comes: the sentence that refuses it, or "" when it counts as things stand. It is
// not sure when that has to wait for its turn.
func early(t *Talk, a chat.Adapter, m chat.Message) (refused string, sure bool) {
	defer survive(t) // the turn of the press has its say then
	known, err := t.cfg.Rights.Admitted(m.Person)
	if err != nil || !known && m.Private {
		return "", false
	}
	turn := turn(t, a, m)
	turn.stranger = !known
	c, found, err := t.choice(m.Chat.Key(), m.Choice)
	if err != nil {
		return "", false
	}
	if refused = refusePress(turn, c, found); refused == "" {
		refused = settled(turn, c)
	}
	return refused, true
}

// survive is deferred: it ends a panic where nothing can be answered.
func survive(t *Talk) {
	if cause := recover(); cause != nil {
		t.cfg.Log.Error("panic", "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
	}
}

// settled tells how what a choice decides on stands, in a few words, when nothing is left to decide.
func settled(t *Turn, c choice) string {
	if action := t.talk.action(c.Action); action.Settled != nil {
		return action.Settled(t, Press{Arg: c.Arg, Account: c.Account})
	}
	return ""
}
