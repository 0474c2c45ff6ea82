//go:build goolm

package matrix

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/store"
)

const inboxBucket = "matrix.inbox" // by event

// inbox keeps the rows that have been taken and not answered yet.
type inbox struct {
	vault store.Store
	store *cryptostore.Store

	mu       sync.Mutex
	next     uint64
	known    map[id.EventID]bool
	waits    map[id.EventID]bool // encrypted events that are stored
	failures map[id.EventID]int  // of those, to decide on them
	open     map[id.EventID]*row // handed over: the core is at them
	unsent   []*row              // whose answers the homeserver has not got
}

func newInbox(v store.Store, s *cryptostore.Store) *inbox {
	return &inbox{vault: v, store: s, known: make(map[id.EventID]bool), waits: make(map[id.EventID]bool), failures: make(map[id.EventID]int), open: make(map[id.EventID]*row)}
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

// put stores a row.
func (b *inbox) put(r *row) error {
	b.mu.Lock()
	r.Seq = b.next
	b.next++
	b.mu.Unlock()
	err := b.vault.Update(func(tx store.Tx) error { return cryptostore.Put(tx, inboxBucket, r.Event.String(), r) })
	if err == nil {
		b.mu.Lock()
		b.known[r.Event] = true
		b.mu.Unlock()
	}
	return err
}

// load reads the rows that an earlier run left, in order, and tells how many cannot be read.
func (b *inbox) load() (rows []*row, lost int, err error) {
	err = b.vault.View(func(tx store.Tx) (err error) {
		lost, err = cryptostore.Each(tx, inboxBucket, func(_ string, r *row) error {
			rows = append(rows, r)
			return nil
		})
		return err
	})
	slices.SortFunc(rows, func(x, y *row) int { return cmp.Compare(x.Seq, y.Seq) })
	b.mu.Lock()
	defer b.mu.Unlock()
	rows = slices.DeleteFunc(rows, func(r *row) bool { return b.known[r.Event] }) // of this run
	for _, r := range rows {
		b.known[r.Event] = true
		b.next = max(b.next, r.Seq+1)
	}
	return rows, lost, err
}

// asked is the row that has that name and is being answered; nil for none.
func (b *inbox) asked(ref string) *row {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[id.EventID(ref)]
}

// begin says that a row is handed over.
func (b *inbox) begin(r *row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[r.Event] = r
}

// takeBack says that a row was not taken.
func (b *inbox) takeBack(r *row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, r.Event)
}

// keepUnsent lets a row wait whose answer could not be sent.
func (b *inbox) keepUnsent(r *row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !r.unsent {
		r.unsent = true
		b.unsent = append(b.unsent, r)
	}
}

// takeUnsent returns the rows that wait so, and lets none wait.
func (b *inbox) takeUnsent() []*row {
	b.mu.Lock()
	defer b.mu.Unlock()
	var ready, busy []*row
	for _, r := range b.unsent {
		if b.open[r.Event] != nil { // the core has more to say
			busy = append(busy, r)
			continue
		}
		r.unsent = false
		ready = append(ready, r)
	}
	b.unsent = busy
	return ready
}

// plan stores an answer before it is sent. Its events are named after its key, or else after the message that it
// answers, so that the homeserver knows them again when they are sent once more.
func (b *inbox) plan(r *row, p *plan, key string) error {
	p.Name = "cartable-" + cmp.Or(key, rand.Text())
	if r == nil {
		return nil
	}
	b.mu.Lock()
	if key == "" {
		p.Name = fmt.Sprintf("%s-%d", r.Event, len(r.Plans))
	}
	r.Plans = append(r.Plans, p)
	stored := *r
	stored.Plans = slices.Clone(r.Plans)
	b.mu.Unlock()
	return b.vault.Update(func(tx store.Tx) error { return cryptostore.Put(tx, inboxBucket, r.Event.String(), stored) })
}

// answered notes that the core is done with a row, and that the row is, unless an answer waits to be sent.
func (b *inbox) answered(r *row, at time.Time) error {
	b.mu.Lock()
	delete(b.open, r.Event)
	unsent := r.unsent
	b.mu.Unlock()
	if unsent {
		return nil
	}
	return b.done(r, at)
}

// done notes that nothing more comes of a row.
func (b *inbox) done(r *row, at time.Time) error {
	remove := func(tx store.Tx) error { return tx.Delete(inboxBucket, "", r.Event.String()) }
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

// take stores a row and hands it to the core, unless it is one too many of a person. When it returns an error the row
// is not stored: its event has to come again.
func (a *Adapter) take(l *connection, r *row) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, err := a.inbox.has(r.Event); err != nil || known {
		return err
	}
	if !r.Made && !a.cfg.Core.Takes(r.message(l)) {
		a.counters.flood.Add(1)
		return nil
	}
	if err := a.inbox.put(r); err != nil {
		return err
	}
	a.hand(l, r, false)
	return nil
}

// replay hands over what an earlier run left, or an earlier connection did not get to hand over. Answers that
// were on their way wait until it is known who is in their rooms now.
func (a *Adapter) replay(l *connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rows, lost, err := a.inbox.load()
	if err != nil || lost > 0 {
		a.log.Error("some waiting messages cannot be read", "count", lost, "error", err)
	}
	if len(rows) > 0 {
		a.log.Info("messages waited to be handled", "count", len(rows))
	}
	for _, r := range rows {
		if len(r.Plans) > 0 {
			a.inbox.keepUnsent(r)
			continue
		}
		a.hand(l, r, true)
	}
	l.retryWaiting()
}

// hand passes a row to the core, which answers in its own time. The row may be one that an earlier run has left. The
// caller holds mu.
func (a *Adapter) hand(l *connection, r *row, left bool) {
	if a.handle == nil {
		return // the row waits for the next start
	}
	stopTyping := a.attend(l, r)
	a.inbox.begin(r)
	m := r.message(l)
	if left {
		m.Left = r.Event.String()
	}
	err := a.handle(m, func() {
		stopTyping()
		if err := a.inbox.answered(r, a.cfg.Now()); err != nil {
			a.log.Error("answered message not noted", "error", err)
		}
	})
	if err != nil { // the core is shutting down
		a.inbox.takeBack(r)
		stopTyping()
		return
	}
	a.counters.messages.Add(1)
}
