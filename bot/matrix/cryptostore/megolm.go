//go:build goolm

package cryptostore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.mau.fi/util/dbutil"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/store"
)

// inboundRecord is a session that room messages are decrypted with.
type inboundRecord struct {
	Session *crypto.InboundGroupSession
	Pickle  []byte
}

// seenIndex says which event a message index was used for.
type seenIndex struct {
	Event     id.EventID
	Timestamp int64
}

// PutGroupSession keeps a session, instead of an older one of that name or of the notice that it is
// withheld. With it ends the step of the message that brought it.
func (s *Store) PutGroupSession(_ context.Context, session *crypto.InboundGroupSession) error {
	pickle, err := session.Internal.Pickle(s.pickleKey)
	if err != nil {
		return fmt.Errorf("matrix: pickle inbound session: %w", err)
	}
	bare := *session
	bare.Internal = nil
	s.write.Lock()
	defer s.write.Unlock()
	commit := s.commit
	if s.step.with(session.SenderKey) {
		commit = s.finish
	}
	return commit(func(tx store.Tx) error {
		if err := s.dropWithheld(tx, session.RoomID, session.ID()); err != nil {
			return err
		}
		return Put(tx, s.own("inbound"), inboundKey(session.RoomID, session.ID()), inboundRecord{&bare, pickle})
	})
}

// GetGroupSession returns a copy of the session; nil when there is none. When it is withheld, the stored
// *event.RoomKeyWithheldEventContent is the error.
func (s *Store) GetGroupSession(_ context.Context, room id.RoomID, name id.SessionID) (*crypto.InboundGroupSession, error) {
	var record *inboundRecord
	var notice *event.RoomKeyWithheldEventContent
	err := s.view(func(tx store.Tx) (err error) {
		record, err = s.inbound(tx, room, name)
		if err == nil && record == nil {
			notice, err = s.withheld(tx, room, name)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case record != nil:
		return s.unpickle(record)
	case notice != nil:
		return nil, notice
	}
	return nil, nil
}

func (s *Store) inbound(tx store.Tx, room id.RoomID, name id.SessionID) (*inboundRecord, error) {
	record, err := Get[inboundRecord](tx, s.own("inbound"), inboundKey(room, name))
	if err != nil || record == nil || record.Session == nil {
		return nil, err
	}
	return record, nil
}

func (s *Store) unpickle(record *inboundRecord) (*crypto.InboundGroupSession, error) {
	session := record.Session
	session.Internal = olm.NewBlankInboundGroupSession()
	if err := session.Internal.Unpickle(record.Pickle, s.pickleKey); err != nil {
		return nil, fmt.Errorf("matrix: unpickle inbound session: %w", err)
	}
	return session, nil
}

func inboundKey(room id.RoomID, name id.SessionID) string { return string(room) + " " + string(name) }

// RedactGroupSession deletes a session and what is known of its messages.
func (s *Store) RedactGroupSession(_ context.Context, room id.RoomID, name id.SessionID, _ string) error {
	return s.update(func(tx store.Tx) error {
		record, err := s.inbound(tx, room, name)
		if err != nil && !store.Unreadable(err) || err == nil && record == nil {
			return err
		}
		if err := tx.Delete(s.own("inbound"), "", inboundKey(room, name)); err != nil {
			return err
		}
		return s.dropIndices(tx, name)
	})
}

// RedactGroupSessions deletes the sessions of a room, of a sending device or, given both, of a device in
// a room, and returns their names.
func (s *Store) RedactGroupSessions(_ context.Context, room id.RoomID, sender id.SenderKey, _ string) ([]id.SessionID, error) {
	if room == "" && sender == "" {
		return nil, errors.New("matrix: redact sessions: neither room nor sender given")
	}
	return s.redact(func(have *crypto.InboundGroupSession, _ id.SessionID) bool {
		return (room == "" || have.RoomID == room) && (sender == "" || have.SenderKey == sender)
	})
}

// usualAge is how long a session is used where neither its sender nor its room says (the specification's
// default of rotation_period_ms).
const usualAge = 7 * 24 * time.Hour

// RedactExpiredGroupSessions deletes the sessions that are twice as old as their sender was going to use
// them for, and returns their names.
func (s *Store) RedactExpiredGroupSessions(context.Context) ([]id.SessionID, error) {
	now := time.Now()
	return s.redact(func(have *crypto.InboundGroupSession, _ id.SessionID) bool {
		age := time.Duration(have.MaxAge) * time.Millisecond
		if age <= 0 {
			age = usualAge
		}
		return !have.IsScheduled && !have.ReceivedAt.IsZero() && have.ReceivedAt.Add(2*age).Before(now)
	})
}

// RedactOutdatedGroupSessions deletes the sessions of which it is not known when they came, and returns
// their names.
func (s *Store) RedactOutdatedGroupSessions(context.Context) ([]id.SessionID, error) {
	return s.redact(func(have *crypto.InboundGroupSession, _ id.SessionID) bool { return have.ReceivedAt.IsZero() })
}

// redact deletes the sessions that match, with their indices, in one transaction.
func (s *Store) redact(match func(*crypto.InboundGroupSession, id.SessionID) bool) (names []id.SessionID, err error) {
	bucket := s.own("inbound")
	err = s.update(func(tx store.Tx) error {
		names = nil
		_, err := drop(tx, bucket, func(key string, value []byte) bool {
			record, err := Decode[inboundRecord](value)
			if err != nil || record.Session == nil {
				return false
			}
			name := id.SessionID(key[len(record.Session.RoomID)+1:])
			if !match(record.Session, name) {
				return false
			}
			names = append(names, name)
			return true
		})
		for _, name := range names {
			if err == nil {
				err = s.dropIndices(tx, name)
			}
		}
		return err
	})
	return names, err
}

// GetGroupSessionsForRoom returns the sessions of a room.
func (s *Store) GetGroupSessionsForRoom(_ context.Context, room id.RoomID) dbutil.RowIter[*crypto.InboundGroupSession] {
	return s.sessions(func(have *crypto.InboundGroupSession) bool { return have.RoomID == room })
}

// GetAllGroupSessions returns all sessions.
func (s *Store) GetAllGroupSessions(context.Context) dbutil.RowIter[*crypto.InboundGroupSession] {
	return s.sessions(func(*crypto.InboundGroupSession) bool { return true })
}

// GetGroupSessionsWithoutKeyBackupVersion returns the sessions that are not in that key backup.
func (s *Store) GetGroupSessionsWithoutKeyBackupVersion(_ context.Context, version id.KeyBackupVersion) dbutil.RowIter[*crypto.InboundGroupSession] {
	return s.sessions(func(have *crypto.InboundGroupSession) bool { return have.KeyBackupVersion != version })
}

func (s *Store) sessions(match func(*crypto.InboundGroupSession) bool) dbutil.RowIter[*crypto.InboundGroupSession] {
	var found []*crypto.InboundGroupSession
	err := s.view(func(tx store.Tx) error {
		_, err := Each(tx, s.own("inbound"), func(_ string, record *inboundRecord) error {
			if record.Session == nil || !match(record.Session) {
				return nil
			}
			if session, err := s.unpickle(record); err == nil {
				found = append(found, session)
			}
			return nil
		})
		return err
	})
	return dbutil.NewSliceIterWithError(found, err)
}

// ValidateMessageIndex tells whether a message of that session and index may be that event: whether it is
// the first with this index, which is noted, or the very same again. Anything else is a replay. Without
// event and time it only asks whether the index is new.
func (s *Store) ValidateMessageIndex(_ context.Context, name id.SessionID, eventID id.EventID, index uint, timestamp int64) (valid bool, err error) {
	bucket, key := s.indexBucket(name), strconv.FormatUint(uint64(index), 10)
	claim := seenIndex{eventID, timestamp}
	err = s.update(func(tx store.Tx) error {
		seen, err := Get[seenIndex](tx, bucket, key)
		valid = err == nil && (seen == nil || *seen == claim)
		if err != nil || seen != nil || claim == (seenIndex{}) {
			return err
		}
		if err := tx.Put(s.own("indexed"), "", string(name), nil); err != nil {
			return err
		}
		return Put(tx, bucket, key, claim)
	})
	return valid && err == nil, err
}

// indexBucket has the indices of one session; the bucket "indexed" lists the sessions that have any.
func (s *Store) indexBucket(name id.SessionID) string { return s.own("index") + "." + string(name) }

func (s *Store) dropIndices(tx store.Tx, name id.SessionID) error {
	if err := tx.DeleteGroup(s.indexBucket(name), ""); err != nil {
		return err
	}
	return tx.Delete(s.own("indexed"), "", string(name))
}
