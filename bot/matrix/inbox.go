//go:build goolm

package matrix

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"maunium.net/go/mautrix/id"
)

const inboxBucket = "matrix.inbox" // by event

// inbox keeps the rows that have been taken and not answered yet.
type inbox struct {
	vault Vault
	store *Store

	mu     sync.Mutex
	next   uint64
	known  map[id.EventID]bool
	waits  map[id.EventID]bool  // encrypted events that are stored
	queues map[id.RoomID][]*row // handed over, in order: the core is at the first of each
}

func newInbox(v Vault, s *Store) *inbox {
	return &inbox{vault: v, store: s, known: make(map[id.EventID]bool), waits: make(map[id.EventID]bool), queues: make(map[id.RoomID][]*row)}
}

// has tells whether the event was taken before.
func (b *inbox) has(evt id.EventID) (bool, error) {
	b.mu.Lock()
	known := b.known[evt]
	b.mu.Unlock()
	if known {
		return true, nil
	}
	return b.store.Handled(evt)
}

// put stores a row, with what else comes of its event in the same transaction.
func (b *inbox) put(r *row, also func(Tx) error) error {
	b.mu.Lock()
	r.Seq = b.next
	b.next++
	b.mu.Unlock()
	err := b.vault.Update(func(tx Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return put(tx, inboxBucket, r.Event.String(), r)
	})
	if err == nil {
		b.mu.Lock()
		b.known[r.Event] = true
		b.mu.Unlock()
	}
	return err
}

// load reads the rows that an earlier run left, in order.
func (b *inbox) load() ([]*row, error) {
	var rows []*row
	err := b.vault.View(func(tx Tx) error {
		return tx.Each(inboxBucket, func(_ string, value []byte) error {
			if r, err := decode[row](inboxBucket, value); err == nil {
				rows = append(rows, r)
			}
			return nil
		})
	})
	slices.SortFunc(rows, func(x, y *row) int { return cmp.Compare(x.Seq, y.Seq) })
	b.mu.Lock()
	defer b.mu.Unlock()
	rows = slices.DeleteFunc(rows, func(r *row) bool { return b.known[r.Event] }) // of this run
	for _, r := range rows {
		b.known[r.Event] = true
		b.next = max(b.next, r.Seq+1)
	}
	return rows, err
}

// enqueue says that a row is handed over.
func (b *inbox) enqueue(r *row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queues[r.Room] = append(b.queues[r.Room], r)
}

// head is the row of a room that is being answered, nil when what is said there answers nothing.
func (b *inbox) head(room id.RoomID) *row {
	b.mu.Lock()
	defer b.mu.Unlock()
	if queue := b.queues[room]; len(queue) > 0 {
		return queue[0]
	}
	return nil
}

// plan stores an answer before it is sent. Its events are named after the message that it answers, so that
// the homeserver knows them again when they are sent once more.
func (b *inbox) plan(r *row, p *plan) error {
	if r == nil {
		p.Name = "cartable-" + rand.Text()
		return nil
	}
	b.mu.Lock()
	p.Name = fmt.Sprintf("%s-%d", r.Event, len(r.Plans))
	r.Plans = append(r.Plans, p)
	stored := *r
	stored.Plans = slices.Clone(r.Plans)
	b.mu.Unlock()
	return b.vault.Update(func(tx Tx) error { return put(tx, inboxBucket, r.Event.String(), stored) })
}

// dequeue takes a row back that was handed over.
func (b *inbox) dequeue(r *row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(b.queues[r.Room]), func(other *row) bool { return other == r })
	if len(rest) == 0 {
		delete(b.queues, r.Room)
		return
	}
	b.queues[r.Room] = rest
}

// done notes that a row has been answered.
func (b *inbox) done(r *row, at time.Time) error {
	remove := func(tx Tx) error { return tx.Delete(inboxBucket, r.Event.String()) }
	err := error(nil)
	if r.Made {
		err = b.vault.Update(remove)
	} else {
		err = b.store.MarkHandled(r.Event, at, remove)
	}
	if err == nil {
		b.mu.Lock()
		delete(b.known, r.Event)
		b.mu.Unlock()
	}
	return err
}

// take stores a row and hands it to the core.
func (a *Adapter) take(ctx context.Context, l *link, r *row) { a.takeWith(ctx, l, r, nil) }

func (a *Adapter) takeWith(ctx context.Context, l *link, r *row, also func(Tx) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, err := a.inbox.has(r.Event); err != nil || known {
		return
	}
	if err := a.rooms.change(r.Room, func(record *room) { record.Private = r.Private }); err != nil {
		a.log.Error("room not noted", "error", err)
	}
	if err := a.inbox.put(r, also); err != nil {
		a.log.Error("message not stored", "error", err)
		return
	}
	a.hand(l, r)
}

// replay hands over what an earlier run left, or an earlier connection did not get to hand over.
func (a *Adapter) replay(ctx context.Context, l *link) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rows, err := a.inbox.load()
	if err != nil {
		a.log.Error("some waiting messages cannot be read", "error", err)
	}
	if len(rows) > 0 {
		a.log.Info("messages waited to be handled", "count", len(rows))
	}
	for _, r := range rows {
		if len(r.Plans) > 0 {
			l.finish(ctx, r)
			continue
		}
		a.hand(l, r)
	}
	l.retryWaiting()
}

// hand passes a row to the core, which answers in its own time. The caller holds mu.
func (a *Adapter) hand(l *link, r *row) {
	if a.handle == nil {
		return // the row waits for the next start
	}
	stopTyping := a.attend(l, r)
	a.inbox.enqueue(r)
	err := a.handle(r.message(l), func() {
		a.inbox.dequeue(r)
		stopTyping()
		if err := a.inbox.done(r, a.cfg.Now()); err != nil {
			a.log.Error("answered message not noted", "error", err)
		}
	})
	if err != nil { // the core is shutting down
		a.inbox.dequeue(r)
		stopTyping()
		return
	}
	a.counters.messages.Add(1)
}
