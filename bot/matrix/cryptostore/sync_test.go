//go:build goolm

package cryptostore

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"cartable/core/store"

	"maunium.net/go/mautrix/id"
)

// The rules of matrix-notes §6.

func TestTokenIsTheOneBefore(t *testing.T) {
	r := newStoreRig(t)
	token := func() string { return value[string](t)(r.HandledUpTo(bob)) }
	equal(t, token(), "")
	for _, step := range []struct{ save, want string }{{"1", ""}, {"2", "1"}, {"2", "2"}, {"3", "2"}} {
		noError(t, r.SaveNextBatch(background, bob, step.save))
		equal(t, token(), step.want)
	}
	r.kill() // while the response with token 3 is being handled
	equal(t, token(), "2")
	noError(t, r.SaveNextBatch(background, bob, "3"))
	equal(t, token(), "2")
	noError(t, r.Flush(background))
	equal(t, token(), "2")
	noError(t, r.Commit(background))
	equal(t, token(), "3")
	noError(t, r.Commit(background))
	r.kill()
	equal(t, token(), "3")
	equal(t, value[string](t)(r.LoadNextBatch(background, alice)), "")
}

func TestFailedTokenIsTriedAgain(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.SaveNextBatch(background, bob, "1"))
	r.fault.broken.Store(true)
	if r.SaveNextBatch(background, bob, "2") == nil || r.Commit(background) == nil {
		t.Fatal("no error")
	}
	r.fault.broken.Store(false)
	noError(t, r.Commit(background))
	equal(t, value[string](t)(r.LoadNextBatch(background, bob)), "1")
}

// A client that starts anew asks for what was not handled to its end, and what it then reads says nothing of
// that.
func TestTokenOfAFailedResponseIsTakenBack(t *testing.T) {
	r := newStoreRig(t)
	for _, token := range []string{"1", "2"} {
		noError(t, r.SaveNextBatch(background, bob, token))
	}
	equal(t, value[string](t)(r.LoadNextBatch(background, bob)), "1") // the handling of 2 panicked
	noError(t, r.SaveNextBatch(background, bob, "3"))
	equal(t, value[string](t)(r.HandledUpTo(bob)), "1")
	r.TakeBack(bob)
	noError(t, r.Commit(background))
	equal(t, value[string](t)(r.HandledUpTo(bob)), "1")
}

func TestNoTokenIsRefused(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.SaveNextBatch(background, bob, "1"))
	if err := r.SaveNextBatch(background, bob, ""); !errors.Is(err, errNoToken) {
		t.Errorf("got %v", err)
	}
	noError(t, r.Commit(background))
	equal(t, value[string](t)(r.LoadNextBatch(background, bob)), "1")
}

func TestFilterIsNotKept(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.SaveFilterID(background, bob, "7"))
	equal(t, value[string](t)(r.LoadFilterID(background, bob)), "")
}

func TestJournal(t *testing.T) {
	r := newStoreRig(t)
	equal(t, value[bool](t)(r.Handled("$1")), false)
	noError(t, r.MarkHandled("$1", time.Now()))
	writes := r.fault.writes.Load()
	noError(t, r.MarkHandled("$1", time.Now()))
	equal(t, r.fault.writes.Load(), writes)
	r.kill()
	equal(t, value[bool](t)(r.Handled("$1")), true)
	equal(t, value[bool](t)(r.Handled("$2")), false)
}

func TestHandledIsOneStep(t *testing.T) {
	r := newStoreRig(t)
	remove := func(tx store.Tx) error { return tx.Delete("matrix.test", "", "row") }
	there := func() (there bool) {
		noError(t, r.view(func(tx store.Tx) error {
			row, err := tx.Get("matrix.test", "", "row")
			there = row != nil
			return err
		}))
		return there
	}
	for range 2 { // the second time the event is known
		noError(t, r.update(func(tx store.Tx) error { return tx.Put("matrix.test", "", "row", nil) }))
		noError(t, r.MarkHandled("$1", time.Now(), remove))
		equal(t, there(), false)
	}
	noError(t, r.update(func(tx store.Tx) error { return tx.Put("matrix.test", "", "row", nil) }))
	err := r.MarkHandled("$2", time.Now(), remove, func(store.Tx) error { return errBroken })
	equal(t, errors.Is(err, errBroken), true)
	equal(t, there(), true)
	equal(t, value[bool](t)(r.Handled("$2")), false)
}

func TestJournalIsBounded(t *testing.T) {
	j := newJournal()
	evt := func(i uint64) id.EventID { return id.EventID("$" + strconv.FormatUint(i, 10)) }
	for i := range uint64(3*journalSize + 5) {
		j.note(j.next, evt(i))
		if i >= journalSize {
			if j.handled[markOf(evt(i-journalSize))] {
				t.Fatalf("%d is still known after %d", i-journalSize, i)
			}
		}
		if !j.handled[markOf(evt(i-min(i, journalSize-1)))] {
			t.Fatalf("forgot too much at %d", i)
		}
	}
	equal(t, len(j.handled), journalSize)
	equal(t, len(j.ring), journalSize)
}

// The records are read back in any order, and some of the old round lie among those of the new.
func TestJournalSurvivesARound(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.update(func(tx store.Tx) error {
		for place := uint64(journalSize - 2); place < journalSize+1; place++ {
			evt := id.EventID("$" + strconv.FormatUint(place, 10))
			key := strconv.FormatUint(place%journalSize, 10)
			if err := Put(tx, journalBucket, key, journalRecord{Place: place, Event: evt}); err != nil {
				return err
			}
		}
		return nil
	}))
	r.kill()
	noError(t, r.MarkHandled("$new", time.Now()))
	equal(t, r.journal.next, journalSize+2)
	r.kill()
	for _, evt := range []id.EventID{"$8190", "$8191", "$8192", "$new"} {
		equal(t, value[bool](t)(r.Handled(evt)), true)
	}
}
