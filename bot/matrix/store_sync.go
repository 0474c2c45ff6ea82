//go:build goolm

package matrix

import (
	"context"
	"maps"
	"strconv"
	"time"

	"maunium.net/go/mautrix/id"
)

// SaveFilterID keeps nothing: a filter that was changed by a new version has to be uploaded anew.
func (s *Store) SaveFilterID(context.Context, id.UserID, string) error { return nil }

// LoadFilterID returns "" always.
func (s *Store) LoadFilterID(context.Context, id.UserID) (string, error) { return "", nil }

// SaveNextBatch is called by the client before it handles a response, with the token after it. So what is
// written is the token before: the response with that one has been handled. The new one waits for the next
// call or for Commit, and a crash repeats one response (matrix-notes §6).
func (s *Store) SaveNextBatch(_ context.Context, user id.UserID, token string) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.RLock()
	handled := s.pending[user]
	s.mu.RUnlock()
	err := s.commit(func(tx Tx) error {
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

// LoadNextBatch returns the token to go on from; "" when there is none.
func (s *Store) LoadNextBatch(_ context.Context, user id.UserID) (string, error) {
	var token []byte
	err := s.view(func(tx Tx) (err error) {
		token, err = tx.Get(s.own("token"), string(user))
		return err
	})
	return string(token), err
}

// Commit writes all that waits, the newest sync token included. It is for a clean stop: when the client no
// longer syncs, and the last response has been handled.
func (s *Store) Commit(context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.RLock()
	handled := maps.Clone(s.pending)
	s.mu.RUnlock()
	err := s.commit(func(tx Tx) error {
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
func (s *Store) Flush(context.Context) error { return s.flush() }

// putText is put for what is text already.
func putText(tx Tx, bucket, key, value string) error {
	if old, err := tx.Get(bucket, key); err == nil && old != nil && string(old) == value {
		return nil
	}
	return tx.Put(bucket, key, []byte(value))
}

// journalSize is how many handled events are remembered. A crash repeats one response of the server: the
// last 50 events of each room at most, so this serves some 150 busy rooms.
const journalSize = 8192

// journal is a ring of the events that were handled; its records are kept by their places.
type journal struct {
	places map[id.EventID]uint64 // counted from the first event ever
	ring   map[uint64]id.EventID // by place modulo journalSize
	next   uint64
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
	_, handled := s.journal.places[evt]
	return handled, nil
}

// MarkHandled notes that an event was handled, so that it is not handled again when the server repeats it,
// and does in the same transaction what else belongs to that step. The journal holds the last journalSize
// events; one that is in it keeps its place.
func (s *Store) MarkHandled(evt id.EventID, at time.Time, also ...func(Tx) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.RLock()
	place := s.journal.next
	_, known := s.journal.places[evt]
	s.mu.RUnlock()
	if known && len(also) == 0 {
		return nil
	}
	err := s.commit(func(tx Tx) error {
		for _, do := range also {
			if err := do(tx); err != nil {
				return err
			}
		}
		if known {
			return nil
		}
		return put(tx, journalBucket, strconv.FormatUint(place%journalSize, 10), journalRecord{place, evt, at.UTC()})
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
	delete(j.places, j.ring[place%journalSize])
	j.ring[place%journalSize] = evt
	j.places[evt] = place
	j.next = max(j.next, place+1)
}

func (s *Store) loadJournal(tx Tx) {
	j := journal{places: make(map[id.EventID]uint64), ring: make(map[uint64]id.EventID)}
	load(s, tx, journalBucket, func(r *journalRecord) error {
		j.note(r.Place, r.Event)
		return nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = j
}
