//go:build goolm

package cryptostore

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"cartable/core/store"

	"maunium.net/go/mautrix/id"
)

// step is what follows from an Olm message that was decrypted: the hash by which its repetition is known,
// the session that moved on, with a first message also the account that used up a one-time key, and what the
// message brought. All of it goes to the disk in one transaction, or nothing: a crash before leaves no trace
// of the message, and the server's repetition of it is decrypted as if for the first time. (Were each written
// at once, a crash between them would lose the room key, since its repetition would be refused.)
//
// The library calls PutOlmHash, then UpdateSession, or AddSession and PutAccount, and then stores the room
// key: PutGroupSession ends the step. Where nothing is stored, the next sync token does. The step also ends
// when something else must not come before it: the session encrypts or is deleted, or keys are added to the
// account. Other writes pass it by. A step that has not ended when the next message is decrypted takes that
// in.
type step struct {
	fresh    *olmHash // the last hash, until its session is put
	first    bool     // the session is new: the next account put is the one without its one-time key
	writes   []func(store.Tx) error
	sessions []olmName // those among the writes
}

// olmName says which session: one with that device.
type olmName struct {
	sender  id.SenderKey
	session id.SessionID
}

// with tells whether the step is of a message from that device.
func (p *step) with(sender id.SenderKey) bool {
	return slices.ContainsFunc(p.sessions, func(n olmName) bool { return n.sender == sender })
}

// olmHash is a message that was decrypted.
type olmHash struct {
	hash     [32]byte
	received time.Time
}

// PutOlmHash notes that a message was decrypted, which begins a step: after a crash the server sends to-device
// messages again, and only the hash tells a repeat from a broken session.
func (s *Store) PutOlmHash(_ context.Context, hash [32]byte, received time.Time) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.settle()
	s.step.fresh = &olmHash{hash, received}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hashes[hash] = received
	return nil
}

// settle puts the last hash among the step's writes, if it is not there yet, and tells whether it was not.
// The caller holds write.
func (s *Store) settle() bool {
	h := s.step.fresh
	s.step.fresh, s.step.first = nil, false
	if h == nil {
		return false
	}
	bucket, value := s.own("hash"), binary.BigEndian.AppendUint64(nil, uint64(h.received.UnixMilli()))
	s.step.writes = append(s.step.writes, func(tx store.Tx) error { return tx.Put(bucket, "", hex.EncodeToString(h.hash[:]), value) })
	return true
}

// GetOlmHash tells when that message was decrypted; the zero time if it was not.
func (s *Store) GetOlmHash(_ context.Context, hash [32]byte) (received time.Time, err error) {
	s.mu.RLock()
	received, waits := s.hashes[hash]
	s.mu.RUnlock()
	if waits {
		return received, nil
	}
	err = s.view(func(tx store.Tx) error {
		value, err := tx.Get(s.own("hash"), "", hex.EncodeToString(hash[:]))
		if err == nil && len(value) == 8 {
			received = hashTime(value)
		}
		return err
	})
	return received, err
}

// DeleteOldOlmHashes forgets the messages decrypted before that time.
func (s *Store) DeleteOldOlmHashes(_ context.Context, before time.Time) error {
	return s.update(func(tx store.Tx) error {
		_, err := drop(tx, s.own("hash"), func(_ string, value []byte) bool {
			return len(value) != 8 || hashTime(value).Before(before)
		})
		return err
	})
}

func hashTime(value []byte) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(value))) }
