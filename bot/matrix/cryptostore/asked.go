//go:build goolm

package cryptostore

import (
	"context"

	"cartable/core/store"

	"maunium.net/go/mautrix/id"
)

// moments are places in the order in which questions about a user's devices were asked and news of them came.
type moments struct {
	changed  uint64 // when the last news came
	answered uint64 // when the question was asked whose answer is kept
}

// askedKey is the key of AskedNow in a context.
type askedKey struct{}

// AskedNow returns a context for questions about devices that are asked from now on. The answer to a slow one may
// come after news of the same user, or after the answer to a later question: by the context PutDevices, PutCrossSigningKey
// and DropSignaturesByKey, which are given it with the answer, know how old that is. Without one they take it for new.
func (s *Store) AskedNow(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return context.WithValue(ctx, askedKey{}, s.tick())
}

// tick counts on. The caller holds mu.
func (s *Store) tick() uint64 {
	s.ticks++
	return s.ticks
}

// asked returns when the question was asked that a context belongs to, and what has happened to that user's list.
func (s *Store) asked(ctx context.Context, user id.UserID) (at uint64, last moments) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := ctx.Value(askedKey{}).(uint64)
	if !known {
		at = s.tick()
	}
	return at, s.lists[user]
}

// updateUnlessOld is update for what an answer about a user brings, unless PutDevices has kept a later one.
func (s *Store) updateUnlessOld(ctx context.Context, user id.UserID, fn func(store.Tx) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	if asked, last := s.asked(ctx, user); asked < last.answered {
		return nil
	}
	return s.commit(fn)
}

// noteChanged notes that there is news of these users' devices.
func (s *Store) noteChanged(users []id.UserID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.tick()
	for _, user := range users {
		if tooLong(string(user)) {
			continue // nothing is kept of them
		}
		last := s.lists[user]
		last.changed = now
		s.lists[user] = last
	}
}

// endSharing has sessions that are being shared at this moment shared once more: the devices that were given them may
// not be all.
func (s *Store) endSharing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for room := range s.sharing {
		s.sharing[room] = false
	}
}
