//go:build goolm

package matrix

import (
	"cmp"
	"slices"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/store"
)

// waitingBucket keeps encrypted events whose keys have not come yet, by event: a stop must not lose them.
const waitingBucket = "matrix.waiting"

// wait stores an encrypted event until its key is there.
func (b *inbox) wait(evt *event.Event, complain func(string, ...any)) {
	b.mu.Lock()
	known := b.waits[evt.ID]
	b.waits[evt.ID] = true
	b.mu.Unlock()
	if known {
		return
	}
	if err := b.vault.Update(func(tx store.Tx) error { return cryptostore.Put(tx, waitingBucket, evt.ID.String(), evt) }); err != nil {
		complain("encrypted event not stored", "error", err)
	}
}

// stillWaits tells what is to become of an event that could not be decided on: in its second result whether it is
// one that waited for its key, and in the first whether it is worth to be tried once more.
func (b *inbox) stillWaits(evt id.EventID) (hope, waits bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.waits[evt] {
		return true, false
	}
	b.failures[evt]++
	return b.failures[evt] < maxTries, true
}

// stillSealed tells whether an event waits for its key.
func (b *inbox) stillSealed(evt id.EventID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waits[evt]
}

// noLongerWaits removes an encrypted event that was read or given up.
func (b *inbox) noLongerWaits(evt id.EventID) error {
	b.mu.Lock()
	known := b.waits[evt]
	delete(b.waits, evt)
	delete(b.failures, evt)
	b.mu.Unlock()
	if !known {
		return nil
	}
	return b.vault.Update(func(tx store.Tx) error { return tx.Delete(waitingBucket, "", evt.String()) })
}

// waiting are the encrypted events that an earlier connection left, and how many cannot be read.
func (b *inbox) waiting() (events []*event.Event, lost int, err error) {
	err = b.vault.View(func(tx store.Tx) (err error) {
		lost, err = cryptostore.Each(tx, waitingBucket, func(_ string, evt *event.Event) error {
			events = append(events, evt)
			return nil
		})
		return err
	})
	slices.SortFunc(events, func(x, y *event.Event) int { return cmp.Compare(x.Timestamp, y.Timestamp) })
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, evt := range events {
		b.waits[evt.ID] = true
	}
	return events, lost, err
}
