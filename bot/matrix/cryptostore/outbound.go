//go:build goolm

package cryptostore

import (
	"context"
	"fmt"
	"slices"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/id"

	"cartable/core/store"
)

// keptRecipients is for how many sessions of a room it is known who was given the key. Who was may ask
// for it again; 8 sessions are 800 messages with the usual rotation.
const keptRecipients = 8

// outboundRecord is the session that messages to a room are encrypted with. Its Users hide the library's,
// which serve only until the session is shared, and which JSON cannot hold.
type outboundRecord struct {
	crypto.OutboundGroupSession
	Users  *struct{} `json:",omitempty"`
	Pickle []byte
}

// BeginSharing is called before it is read who is in a room, to give them the key of a new session. Should somebody
// come or go, or have other devices, before AddOutboundGroupSession is called, the session is not kept: they would
// have no key of it until it is replaced, after a hundred messages or a week.
func (s *Store) BeginSharing(room id.RoomID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sharing[room] = true
}

// AddOutboundGroupSession keeps the session of its room, instead of the one before, unless it was overtaken; see
// BeginSharing.
func (s *Store) AddOutboundGroupSession(_ context.Context, session *crypto.OutboundGroupSession) error {
	record, err := s.pickleOutbound(session)
	if err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	good, watched := s.sharing[session.RoomID]
	delete(s.sharing, session.RoomID)
	s.mu.Unlock()
	overtaken := watched && !good
	err = s.commit(func(tx store.Tx) error {
		if err := s.noteShared(tx, session.RoomID, session.ID()); err != nil || overtaken {
			return err
		}
		return Put(tx, s.own("outbound"), string(session.RoomID), record)
	})
	if err != nil || overtaken {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbound[session.RoomID] = session
	return nil
}

// UpdateOutboundGroupSession writes the session of its room. One that was removed or replaced meanwhile
// does not come back.
func (s *Store) UpdateOutboundGroupSession(_ context.Context, session *crypto.OutboundGroupSession) error {
	record, err := s.pickleOutbound(session)
	if err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.RLock()
	current := s.outbound[session.RoomID]
	s.mu.RUnlock()
	switch {
	case current == nil:
		return nil
	case current != session && current.ID() != session.ID():
		return nil
	case current != session:
		return errForked
	}
	return s.commit(func(tx store.Tx) error { return Put(tx, s.own("outbound"), string(session.RoomID), record) })
}

func (s *Store) pickleOutbound(session *crypto.OutboundGroupSession) (*outboundRecord, error) {
	pickle, err := session.Internal.Pickle(s.pickleKey)
	if err != nil {
		return nil, fmt.Errorf("matrix: pickle outbound session: %w", err)
	}
	record := &outboundRecord{OutboundGroupSession: *session, Pickle: pickle}
	record.Internal = nil
	return record, nil
}

// GetOutboundGroupSession returns the session of a room, always the same pointer; nil when there is none.
func (s *Store) GetOutboundGroupSession(_ context.Context, room id.RoomID) (*crypto.OutboundGroupSession, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.outbound[room], nil
}

// RemoveOutboundGroupSession makes the next message to the room use a new session, and not one that is being shared.
func (s *Store) RemoveOutboundGroupSession(_ context.Context, room id.RoomID) error {
	s.write.Lock()
	defer s.write.Unlock()
	err := s.commit(func(tx store.Tx) error { return tx.Delete(s.own("outbound"), "", string(room)) })
	if err == nil {
		s.dropOutbound(room)
	}
	return err
}

// dropOutbound drops from memory the session of a room, and whatever is being shared there. The caller holds write.
func (s *Store) dropOutbound(room id.RoomID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.outbound, room)
	if _, watched := s.sharing[room]; watched {
		s.sharing[room] = false
	}
}

func (s *Store) loadOutbound(tx store.Tx) {
	load(s, tx, s.own("outbound"), func(record *outboundRecord) error {
		session := &record.OutboundGroupSession
		session.Users = make(map[crypto.UserDevice]crypto.OGSState)
		session.Internal = olm.NewBlankOutboundGroupSession()
		if err := session.Internal.Unpickle(record.Pickle, s.pickleKey); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.outbound[session.RoomID] = session
		return nil
	})
}

// MarkOutboundGroupSessionShared notes that a device was given the key of a session. The note goes to the
// disk with the next write: the library writes much while it gives out keys, and the session itself last.
func (s *Store) MarkOutboundGroupSessionShared(_ context.Context, user id.UserID, device id.IdentityKey, name id.SessionID) error {
	if !isKey(device) {
		return errKey
	}
	bucket, key := s.sharedBucket(name), string(user)+" "+string(device)
	s.write.Lock()
	defer s.write.Unlock()
	s.late = append(s.late, func(tx store.Tx) error { return tx.Put(bucket, "", key, nil) })
	return nil
}

// IsOutboundGroupSessionShared tells whether a device was given the key of a session, if the session is
// among the last keptRecipients of its room.
func (s *Store) IsOutboundGroupSessionShared(_ context.Context, user id.UserID, device id.IdentityKey, name id.SessionID) (shared bool, err error) {
	if err := s.flushMarks(); err != nil {
		return false, err
	}
	err = s.view(func(tx store.Tx) error {
		value, err := tx.Get(s.sharedBucket(name), "", string(user)+" "+string(device))
		shared = value != nil
		return err
	})
	return shared, err
}

// flushMarks writes what is late, and no step that is under way.
func (s *Store) flushMarks() error {
	s.write.Lock()
	defer s.write.Unlock()
	if len(s.late) == 0 {
		return nil
	}
	return s.commit(func(store.Tx) error { return nil })
}

func (s *Store) sharedBucket(name id.SessionID) string { return s.own("shared") + "." + string(name) }

// noteShared adds a session to the list of those of its room, and forgets who got the oldest.
func (s *Store) noteShared(tx store.Tx, room id.RoomID, name id.SessionID) error {
	bucket := s.own("sharings")
	names, err := Find[[]id.SessionID](tx, bucket, string(room))
	if err != nil {
		return err
	}
	if names == nil {
		names = new([]id.SessionID)
	}
	if slices.Contains(*names, name) {
		return nil
	}
	*names = append(*names, name)
	for len(*names) > keptRecipients {
		if err := tx.DeleteGroup(s.sharedBucket((*names)[0]), ""); err != nil {
			return err
		}
		*names = (*names)[1:]
	}
	return Put(tx, bucket, string(room), names)
}

// dropShared forgets who got the sessions of a room.
func (s *Store) dropShared(tx store.Tx, room id.RoomID) error {
	names, err := Get[[]id.SessionID](tx, s.own("sharings"), string(room))
	if err != nil && !store.Unreadable(err) || err == nil && names == nil {
		return err
	}
	if names != nil {
		for _, name := range *names {
			if err := tx.DeleteGroup(s.sharedBucket(name), ""); err != nil {
				return err
			}
		}
	}
	return tx.Delete(s.own("sharings"), "", string(room))
}
