package telegram

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"cartable/core/store"
)

const (
	// seenIDs is how many ids of updates are remembered. Telegram sends an update twice when it missed our
	// word that we have it: at most the last batch of 100, or what the webhook had under way.
	seenIDs = 512
	// maxWaiting bounds the updates that are stored and not yet handled; then no more are taken.
	maxWaiting = 5000
)

// inbox keeps the updates that have been taken and not yet handled. Its rows are in the bucket
// "telegram.<bot id>.inbox" by their order of arrival: the ids of updates are no order, as Telegram
// starts them anew after a quiet week.
type inbox struct {
	store store.Store
	state string // bucket of the bot's other records
	rows  string // bucket of the updates

	mu      sync.Mutex // guards what follows; held for memory only
	next    uint64
	waiting int
	seen    []int64 // a ring: the oldest is at position oldest
	oldest  int
	handled []uint64 // rows to be removed by whoever holds commit
	freed   chan struct{}

	commit sync.Mutex // held while rows are removed
}

// row is one update in the store.
type row struct {
	seq uint64
	raw json.RawMessage
}

// openInbox reads what is in the store. With an error, which tells of damaged records, the inbox is usable.
func openInbox(s store.Store, botID string) (*inbox, error) {
	b := &inbox{
		store: s, state: "telegram." + botID, rows: "telegram." + botID + ".inbox",
		freed: make(chan struct{}, 1),
	}
	seen, seenErr := b.record("seen")
	for len(seen) >= 8 && len(b.seen) < seenIDs {
		b.seen = append(b.seen, int64(binary.BigEndian.Uint64(seen)))
		seen = seen[8:]
	}
	rows, rowsErr := b.load()
	b.waiting = len(rows)
	if b.waiting > 0 {
		b.next = rows[len(rows)-1].seq + 1
	}
	return b, errors.Join(seenErr, rowsErr)
}

// record reads one of the bot's other records; nil when there is none.
func (b *inbox) record(key string) (value []byte, err error) {
	err = b.store.View(func(tx store.Tx) error {
		value, err = tx.Get(b.state, "", key)
		return err
	})
	return value, err
}

func (b *inbox) setRecord(key string, value []byte) error {
	return b.store.Update(func(tx store.Tx) error { return tx.Put(b.state, "", key, value) })
}

// load reads the rows that wait, oldest first. With an error, those are left out that cannot be read.
func (b *inbox) load() ([]row, error) {
	var rows []row
	damaged := 0
	err := b.store.View(func(tx store.Tx) (err error) {
		rows = nil
		damaged, err = tx.Scan(b.rows, "", func(key string, value []byte) error {
			if seq, err := strconv.ParseUint(key, 10, 64); err == nil {
				rows = append(rows, row{seq, value})
			}
			return nil
		})
		return err
	})
	if err == nil && damaged > 0 {
		err = fmt.Errorf("%d updates are damaged", damaged)
	}
	slices.SortFunc(rows, func(x, y row) int { return cmp.Compare(x.seq, y.seq) })
	return rows, err
}

// known tells whether the update was stored before. Only the last seenIDs are remembered.
func (b *inbox) known(id int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.seen, id)
}

// put stores updates in one transaction and gives them their places, in order. The caller makes sure
// that none is known and that no other put runs.
func (b *inbox) put(ids []int64, raws []json.RawMessage) ([]row, error) {
	b.mu.Lock()
	seen, oldest, next := slices.Clone(b.seen), b.oldest, b.next
	b.mu.Unlock()
	for _, id := range ids {
		if len(seen) < seenIDs {
			seen = append(seen, id)
			continue
		}
		seen[oldest] = id
		oldest = (oldest + 1) % seenIDs
	}
	rows := make([]row, len(raws))
	for i, raw := range raws {
		rows[i] = row{next + uint64(i), raw}
	}
	err := b.store.Update(func(tx store.Tx) error {
		for _, r := range rows {
			if err := tx.Put(b.rows, "", strconv.FormatUint(r.seq, 10), r.raw); err != nil {
				return err
			}
		}
		return tx.Put(b.state, "", "seen", encodeIDs(seen, oldest))
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen, b.oldest, b.next = seen, oldest, next+uint64(len(raws))
	b.waiting += len(rows)
	return rows, nil
}

// encodeIDs writes a ring from its oldest on.
func encodeIDs(seen []int64, oldest int) []byte {
	text := make([]byte, 0, 8*len(seen))
	for i := range seen {
		text = binary.BigEndian.AppendUint64(text, uint64(seen[(oldest+i)%len(seen)]))
	}
	return text
}

// remove forgets a row that has been handled, and returns once that is on the disk. Several that wait
// share one transaction.
func (b *inbox) remove(seq uint64) error {
	b.mu.Lock()
	b.handled = append(b.handled, seq)
	b.mu.Unlock()
	b.commit.Lock()
	defer b.commit.Unlock()
	b.mu.Lock()
	doomed := b.handled
	b.handled = nil
	b.mu.Unlock()
	if len(doomed) == 0 { // the one before us took ours along
		return nil
	}
	err := b.store.Update(func(tx store.Tx) error {
		for _, seq := range doomed {
			if err := tx.Delete(b.rows, "", strconv.FormatUint(seq, 10)); err != nil {
				return err
			}
		}
		return nil
	})
	b.mu.Lock()
	b.waiting -= len(doomed)
	b.mu.Unlock()
	select {
	case b.freed <- struct{}{}:
	default:
	}
	return err
}

// full tells whether too many updates wait to be handled.
func (b *inbox) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waiting >= maxWaiting
}
