package vault

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/bbolt"
)

// Updates that wait are committed together, for the disk is what takes the time. The engine's transaction goes from
// one waiting goroutine to the next, each runs its own closure in it, and who finds nobody waiting commits for all.
// There is no timer: an Update that comes alone is committed at once.
//
// The engine can undo a transaction only as a whole. So each batch keeps the writes of the closures that succeeded,
// sealed as they are, and makes them again when one after them has failed with writes of its own.

// The bounds of a batch. Who comes after them is in the next one.
const (
	maxTogether     = 128
	maxTogetherSize = 16 << 20 // sealed bytes
)

// batch is what is committed at once. It belongs to whoever has the turn.
type batch struct {
	vault   *Vault
	engine  *bbolt.Tx // nil: not begun, or undone
	records *bbolt.Bucket
	changes map[string]*change // by the names on disk of the buckets

	joined int // closures
	kept   []write
	size   int // of what is kept

	over chan struct{} // closed after the commit
	err  error         // of the commit, for all
}

// write is one change of a record. Its slices are not changed any more.
type write struct {
	bucket       string
	bucketID, id []byte
	sealed       []byte // nil: delete
}

func (v *Vault) newBatch() *batch { return &batch{vault: v, over: make(chan struct{})} }

// run runs fn in its turn and gives the turn to the next, whatever becomes of fn. bound says that what it returns
// counts only if the batch is committed: fn has written, or may have seen what is not on disk yet.
func (b *batch) run(fn func(Tx) error) (bound bool, err error) {
	defer b.next()
	if err := b.ready(); err != nil {
		return b.err != nil, fmt.Errorf("vault: begin: %w", err)
	}
	tx := &transaction{records: b.records, keys: b.vault.keys, batch: b}
	kept := false
	defer func() {
		tx.ended = true
		if tx.dirty && !kept {
			b.rollback()
		}
	}()
	bound = len(b.kept) > 0
	if err := fn(tx); err != nil {
		return bound, err
	}
	if tx.failed != nil {
		return bound, tx.failed
	}
	for _, w := range tx.writes {
		b.size += len(w.sealed)
	}
	b.kept = append(b.kept, tx.writes...)
	kept = true
	return bound || tx.dirty, nil
}

// ready begins the engine's transaction, with the writes that were undone together with another's.
func (b *batch) ready() error {
	if b.engine != nil || b.err != nil {
		return b.err
	}
	b.changes = map[string]*change{}
	err := guard(func() (err error) {
		if b.engine, err = b.vault.db.Begin(true); err != nil {
			return err
		}
		if b.records = b.engine.Bucket(recordsBucket); b.records == nil {
			return ErrDamaged
		}
		for _, w := range b.kept {
			if _, err := b.write(w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.rollback()
	}
	if len(b.kept) > 0 {
		b.err = err
	}
	return err
}

// write makes a change in the engine's transaction and tells whether it was one.
func (b *batch) write(w write) (changed bool, err error) {
	bucket := b.records.Bucket(w.bucketID)
	if bucket == nil && w.sealed == nil {
		return false, nil
	}
	c := b.changes[string(w.bucketID)]
	if c == nil {
		c = &change{bucket: w.bucket, fresh: bucket == nil}
		b.changes[string(w.bucketID)] = c
	}
	if bucket == nil {
		if bucket, err = b.records.CreateBucket(w.bucketID); err != nil {
			return true, err
		}
	}
	id, old := bucket.Cursor().Seek(w.id)
	there := bytes.Equal(id, w.id)
	switch {
	case w.sealed != nil:
		if !there {
			c.added++
		}
		return true, bucket.Put(w.id, w.sealed)
	case !there:
		return false, nil
	}
	c.added--
	c.thinned = true
	if old == nil { // a bucket where a record should be
		return true, bucket.DeleteBucket(w.id)
	}
	return true, bucket.Delete(w.id)
}

// next hands the turn on, or commits for all who were in the batch.
func (b *batch) next() {
	b.joined++
	if b.err == nil && b.joined < maxTogether && b.size < maxTogetherSize && b.vault.line.pass(b) {
		return
	}
	if len(b.kept) > 0 && b.ready() == nil {
		b.err = b.commit()
	}
	b.rollback()
	close(b.over)
	b.vault.line.leave()
}

func (b *batch) commit() error {
	return guard(func() error {
		if err := b.tidy(); err != nil {
			return err
		}
		if err := writeCounts(b.engine, b.vault.keys, b.changes); err != nil {
			return err
		}
		return b.engine.Commit()
	})
}

// tidy removes the buckets that have become empty: callers may name buckets after what comes and goes.
func (b *batch) tidy() error {
	for bucketID, c := range b.changes {
		if !c.thinned {
			continue
		}
		if first, _ := b.records.Bucket([]byte(bucketID)).Cursor().First(); first != nil {
			continue
		}
		if err := b.records.DeleteBucket([]byte(bucketID)); err != nil {
			return err
		}
	}
	return nil
}

// rollback gives up what has not been committed.
func (b *batch) rollback() {
	if b.engine != nil {
		_ = guard(b.engine.Rollback) // fails after a commit, which is as well
		b.engine = nil
	}
}

// line lets writers go one at a time, in the order in which they came.
type line struct {
	mu      sync.Mutex
	busy    bool
	waiting []waiter
}

type waiter struct {
	alone bool
	turn  chan *batch // takes one without waiting
}

// enter waits for the turn. It returns the batch to join, nil to begin one; alone never gets another's.
func (l *line) enter(alone bool) *batch {
	l.mu.Lock()
	if !l.busy {
		l.busy = true
		l.mu.Unlock()
		return nil
	}
	w := waiter{alone: alone, turn: make(chan *batch, 1)}
	l.waiting = append(l.waiting, w)
	l.mu.Unlock()
	return <-w.turn
}

// pass gives the turn and the batch to the next who would join it, if there is one.
func (l *line) pass(b *batch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 || l.waiting[0].alone {
		return false
	}
	l.wake(b)
	return true
}

// leave gives the turn to the next, if there is one.
func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy = len(l.waiting) > 0; l.busy {
		l.wake(nil)
	}
}

func (l *line) wake(b *batch) {
	l.waiting[0].turn <- b
	l.waiting = slices.Delete(l.waiting, 0, 1)
}
