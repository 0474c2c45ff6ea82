package outbox

import (
	"context"

	"cartable/core/chat"
)

// lane lets one at a time send to a chat, in the order in which they came.
type lane struct {
	free  chan struct{} // holds one
	users int           // who are in it or wait; guarded by the outbox
}

// enter waits until the chat is the caller's, who must leave it.
func enter(ctx context.Context, o *Outbox, c chat.ChatID) (leave func(), err error) {
	o.mu.Lock()
	l := o.lanes[c]
	if l == nil {
		l = &lane{free: make(chan struct{}, 1)}
		l.free <- struct{}{}
		o.lanes[c] = l
	}
	l.users++
	o.mu.Unlock()
	part := func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(o.lanes, c)
		}
	}
	select {
	case <-l.free:
		return func() { l.free <- struct{}{}; part() }, nil
	case <-ctx.Done():
		part()
		return nil, ctx.Err()
	}
}
