//go:build goolm

package cryptostore

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"strconv"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/core/store"
)

var errNoToken = errors.New("matrix: the homeserver answered a sync without a token")

// SaveFilterID keeps nothing: a filter that was changed by a new version has to be uploaded anew.
func (s *Store) SaveFilterID(context.Context, id.UserID, string) error { return nil }

// LoadFilterID returns "" always.
func (s *Store) LoadFilterID(context.Context, id.UserID) (string, error) { return "", nil }

// SaveNextBatch is called by the client before it handles a response, with the token after it. So what is
// written is the token before: the response with that one has been handled. The new one waits for the next
// call or for Commit, and a crash repeats one response (matrix-notes §6).
//
// A response without a token is none: the error makes the client give it up. Were it to go on, it would ask
// for what it asks at its very first start, and take all messages since for old ones.
func (s *Store) SaveNextBatch(_ context.Context, user id.UserID, token string) error {
	if token == "" {
		return errNoToken
	}
	s.write.Lock()
	defer s.write.Unlock()
	s.settle()
	s.mu.RLock()
	handled := s.pending[user]
	s.mu.RUnlock()
	err := s.finish(func(tx store.Tx) error {
		if handled == "" {
			return nil
		}
		return putText(tx, s.own("token"), string(user), handled)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[user] = token
	return nil
}

// LoadNextBatch returns the token to go on from; "" when there is none. The client calls it once, before it
// reads: a token that is still pending then is of a response that was not handled to its end.
func (s *Store) LoadNextBatch(_ context.Context, user id.UserID) (string, error) {
	s.TakeBack(user)
	return s.HandledUpTo(user)
}

// HandledUpTo is the token up to which all is handled.
func (s *Store) HandledUpTo(user id.UserID) (string, error) {
	var token []byte
	err := s.view(func(tx store.Tx) (err error) {
		token, err = tx.Get(s.own("token"), "", string(user))
		if store.Unreadable(err) { // as at the very first start: what was said meanwhile is lost, but not the rest
			s.log.Error("the place in the homeserver's news cannot be read")
			err = nil
		}
		return err
	})
	return string(token), err
}

// TakeBack forgets the token of the response that is being handled, which failed: it is asked for again.
func (s *Store) TakeBack(user id.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, user)
}

// Commit writes all that waits, the newest sync token included. It is for a clean stop: when the client no
// longer syncs, and the last response has been handled.
func (s *Store) Commit(context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.settle()
	s.mu.RLock()
	handled := maps.Clone(s.pending)
	s.mu.RUnlock()
	err := s.finish(func(tx store.Tx) error {
		for user, token := range handled {
			if err := putText(tx, s.own("token"), string(user), token); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.pending)
	return nil
}

// Flush writes what waits for the next write, but no sync token.
func (s *Store) Flush(context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.settle()
	if len(s.late) == 0 && len(s.step.writes) == 0 {
		return nil
	}
	return s.finish(func(store.Tx) error { return nil })
}

// putText is put for what is text already.
func putText(tx store.Tx, bucket, key, value string) error {
	if old, err := tx.Get(bucket, "", key); err == nil && old != nil && string(old) == value {
		return nil
	}
	return tx.Put(bucket, "", key, []byte(value))
}

// journalSize is how many handled events are remembered. A crash repeats one response of the server: the
// last 50 events of each room at most, so this serves some 150 busy rooms.
const journalSize = 8192

// journal is a ring of the events that were handled; its records are kept by their places. It takes all its
// memory at once.
type journal struct {
	handled map[eventMark]bool
	ring    []eventMark // by place modulo journalSize, places being counted from the first event ever
	next    uint64
}

// eventMark stands for an event, whose name may be of any length.
type eventMark [16]byte

func markOf(evt id.EventID) eventMark {
	sum := sha256.Sum256([]byte(evt))
	return eventMark(sum[:])
}

func newJournal() journal {
	return journal{handled: make(map[eventMark]bool, journalSize), ring: make([]eventMark, journalSize)}
}

type journalRecord struct {
	Place uint64
	Event id.EventID
	At    time.Time
}

// Handled tells whether the event was handled, as far back as the journal goes.
func (s *Store) Handled(evt id.EventID) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.journal.handled[markOf(evt)], nil
}

// MarkHandled notes that an event was handled, so that it is not handled again when the server repeats it,
// and does in the same transaction what else belongs to that step. The journal holds the last journalSize
// events; one that is in it keeps its place.
func (s *Store) MarkHandled(evt id.EventID, at time.Time, also ...func(store.Tx) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.RLock()
	place := s.journal.next
	known := s.journal.handled[markOf(evt)]
	s.mu.RUnlock()
	if known && len(also) == 0 {
		return nil
	}
	err := s.commit(func(tx store.Tx) error {
		for _, do := range also {
			if err := do(tx); err != nil {
				return err
			}
		}
		if known {
			return nil
		}
		return Put(tx, journalBucket, strconv.FormatUint(place%journalSize, 10), journalRecord{place, evt, at.UTC()})
	})
	if err != nil || known {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal.note(place, evt)
	return nil
}

// note puts an event at its place, over the one that was there a round ago.
func (j *journal) note(place uint64, evt id.EventID) {
	at, mark := place%journalSize, markOf(evt)
	delete(j.handled, j.ring[at])
	j.ring[at], j.handled[mark] = mark, true
	j.next = max(j.next, place+1)
}

func (s *Store) loadJournal(tx store.Tx) {
	j := newJournal()
	load(s, tx, journalBucket, func(r *journalRecord) error {
		j.note(r.Place, r.Event)
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = j
}
