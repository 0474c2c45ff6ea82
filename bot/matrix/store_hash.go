//go:build goolm

package matrix

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// olmHash is a message that was decrypted.
type olmHash struct {
	hash     [32]byte
	received time.Time
}

// PutOlmHash notes that a message was decrypted, so that its repetition is known as one: after a crash the
// server sends to-device messages again, and only the hash tells a repeat from a broken session.
//
// The hash, the session that moved on and what the message brought are one step. So the hash waits for its
// session, which is the next that is put, and both go to the disk with the write that follows, in one
// transaction: the room key mostly, at the latest the next sync token. A crash before leaves no trace of
// the message, and its repetition is decrypted as if for the first time. (Were each written at once, a
// crash between them would lose the room key, since its repetition would be refused.)
func (s *Store) PutOlmHash(_ context.Context, hash [32]byte, received time.Time) error {
	s.write.Lock()
	defer s.write.Unlock()
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = &olmHash{hash, received}
	return nil
}

// settle puts the last hash among the late writes, if it is not there yet. The caller holds write.
func (s *Store) settle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.fresh
	if h == nil {
		return false
	}
	s.fresh = nil
	s.hashes[h.hash] = h.received
	bucket, value := s.own("hash"), binary.BigEndian.AppendUint64(nil, uint64(h.received.UnixMilli()))
	s.late = append(s.late, func(tx Tx) error { return tx.Put(bucket, hex.EncodeToString(h.hash[:]), value) })
	return true
}

// GetOlmHash tells when that message was decrypted; the zero time if it was not.
func (s *Store) GetOlmHash(_ context.Context, hash [32]byte) (received time.Time, err error) {
	s.mu.RLock()
	received, waits := s.hashes[hash]
	if s.fresh != nil && s.fresh.hash == hash {
		received, waits = s.fresh.received, true
	}
	s.mu.RUnlock()
	if waits {
		return received, nil
	}
	err = s.view(func(tx Tx) error {
		value, err := tx.Get(s.own("hash"), hex.EncodeToString(hash[:]))
		if err == nil && len(value) == 8 {
			received = hashTime(value)
		}
		return err
	})
	return received, err
}

// DeleteOldOlmHashes forgets the messages decrypted before that time.
func (s *Store) DeleteOldOlmHashes(_ context.Context, before time.Time) error {
	return s.update(func(tx Tx) error {
		_, err := drop(tx, s.own("hash"), func(_ string, value []byte) bool {
			return len(value) != 8 || hashTime(value).Before(before)
		})
		return err
	})
}

func hashTime(value []byte) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(value))) }
