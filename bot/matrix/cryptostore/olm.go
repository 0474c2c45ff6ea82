//go:build goolm

package cryptostore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cartable/core/store"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/id"
)

// errForked means that a session is not the one that the store gave out: two copies of one ratchet.
var errForked = errors.New("matrix: store: a second copy of a session")

// accountRecord is the Olm account, olmRecord an Olm session: the library's own fields, and its Internal
// pickled.
type accountRecord struct {
	Account crypto.OlmAccount
	Pickle  []byte
}

type olmRecord struct {
	Sender  id.SenderKey
	Session crypto.OlmSession
	Pickle  []byte
}

// olmEntry has copies of what the machine changes in the session under a lock of its own.
type olmEntry struct {
	session   *crypto.OlmSession
	id        id.SessionID
	created   time.Time
	decrypted time.Time
}

// PutAccount writes the account: at once, since the machine makes it durable so before its keys leave for the
// server, unless it belongs to a step.
func (s *Store) PutAccount(_ context.Context, account *crypto.OlmAccount) error {
	pickle, err := account.Internal.Pickle(s.pickleKey)
	if err != nil {
		return fmt.Errorf("matrix: pickle account: %w", err)
	}
	record := accountRecord{Account: *account, Pickle: pickle}
	record.Account.Internal = nil
	s.write.Lock()
	defer s.write.Unlock()
	bucket := s.own("account")
	write := func(tx store.Tx) error { return Put(tx, bucket, "", record) }
	if s.step.first {
		s.step.first = false
		s.step.writes = append(s.step.writes, write)
	} else if err := s.finish(write); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = account
	return nil
}

// GetAccount returns the account, always the same pointer; nil when there is none.
func (s *Store) GetAccount(context.Context) (*crypto.OlmAccount, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.account, nil
}

func (s *Store) loadAccount(tx store.Tx) error {
	record, err := Get[accountRecord](tx, s.own("account"), "")
	if err != nil || record == nil {
		return err
	}
	account := &record.Account
	account.Internal = olm.NewBlankAccount()
	if err := account.Internal.Unpickle(record.Pickle, s.pickleKey); err != nil {
		return fmt.Errorf("unpickle account: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = account
	return nil
}

func (s *Store) loadOlm(tx store.Tx) {
	load(s, tx, s.own("olm"), func(record *olmRecord) error {
		session := &record.Session
		session.Internal = olm.NewBlankSession()
		if err := session.Internal.Unpickle(record.Pickle, s.pickleKey); err != nil {
			return err
		}
		s.remember(record.Sender, session)
		return nil
	})
}

// remember puts a session into memory, or notes the times of one that is there.
func (s *Store) remember(sender id.SenderKey, session *crypto.OlmSession) {
	e := &olmEntry{session, session.ID(), session.CreationTime, session.LastDecryptedTime}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.olm[sender] == nil {
		s.olm[sender] = make(map[id.SessionID]*olmEntry)
	}
	s.olm[sender][e.id] = e
}

// AddSession keeps a new session: one that a first message made, or one to encrypt with, which the library may
// add while another goroutine decrypts.
func (s *Store) AddSession(_ context.Context, sender id.SenderKey, session *crypto.OlmSession) error {
	s.write.Lock()
	defer s.write.Unlock()
	if !isKey(sender) {
		return errKey
	}
	if e := s.findOlm(sender, session.ID()); e != nil && e.session != session {
		return errForked
	}
	decrypted := session.Internal.HasReceivedMessage() && s.settle()
	err := s.putOlm(sender, session, decrypted)
	if decrypted {
		s.step.first = err == nil
	}
	return err
}

// UpdateSession writes a session that was added before. One that was deleted meanwhile stays deleted.
func (s *Store) UpdateSession(_ context.Context, sender id.SenderKey, session *crypto.OlmSession) error {
	s.write.Lock()
	defer s.write.Unlock()
	decrypted := s.settle()
	e := s.findOlm(sender, session.ID())
	if e == nil {
		return nil
	}
	if e.session != session {
		return errForked
	}
	return s.putOlm(sender, session, decrypted)
}

// putOlm writes a session as it is now, or makes it part of the step when it has just decrypted a message. A
// session that encrypts must be on the disk before the message leaves. The caller holds write.
func (s *Store) putOlm(sender id.SenderKey, session *crypto.OlmSession, decrypted bool) error {
	pickle, err := session.Internal.Pickle(s.pickleKey)
	if err != nil {
		return fmt.Errorf("matrix: pickle Olm session: %w", err)
	}
	record := olmRecord{sender, *session, pickle}
	record.Session.Internal = nil
	bucket, key := s.own("olm"), olmKey(sender, session.ID())
	write := func(tx store.Tx) error { return Put(tx, bucket, key, record) }
	if decrypted {
		s.step.writes = append(s.step.writes, write)
		s.step.sessions = append(s.step.sessions, olmName{sender, session.ID()})
	} else if err := s.after(olmName{sender, session.ID()}, write); err != nil {
		return err
	}
	s.remember(sender, session)
	return nil
}

// after writes what concerns a session: not before the step, where the session is part of it. The caller
// holds write.
func (s *Store) after(session olmName, write func(store.Tx) error) error {
	if slices.Contains(s.step.sessions, session) {
		return s.finish(write)
	}
	return s.commit(write)
}

// DeleteSession deletes a session, or does nothing when there is none.
func (s *Store) DeleteSession(_ context.Context, sender id.SenderKey, session *crypto.OlmSession) error {
	s.write.Lock()
	defer s.write.Unlock()
	name := session.ID()
	err := s.after(olmName{sender, name}, func(tx store.Tx) error { return tx.Delete(s.own("olm"), "", olmKey(sender, name)) })
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.olm[sender], name)
	return nil
}

func (s *Store) findOlm(sender id.SenderKey, name id.SessionID) *olmEntry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.olm[sender][name]
}

func olmKey(sender id.SenderKey, name id.SessionID) string {
	return string(sender) + " " + string(name)
}

// HasSession tells whether there is a session with that device.
func (s *Store) HasSession(_ context.Context, sender id.SenderKey) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.olm[sender]) > 0
}

// GetSessions returns the sessions with a device, the one that decrypted last first.
func (s *Store) GetSessions(_ context.Context, sender id.SenderKey) (crypto.OlmSessionList, error) {
	entries := s.sessionsWith(sender)
	list := make(crypto.OlmSessionList, len(entries))
	for i, e := range entries {
		list[i] = e.session
	}
	return list, nil
}

// GetLatestSession returns the session to encrypt with, that is the first of GetSessions; nil when there is
// none.
func (s *Store) GetLatestSession(_ context.Context, sender id.SenderKey) (*crypto.OlmSession, error) {
	entries := s.sessionsWith(sender)
	if len(entries) == 0 {
		return nil, nil
	}
	return entries[0].session, nil
}

// GetNewestSessionCreationTS tells when the youngest session with a device was made; the zero time when
// there is none.
func (s *Store) GetNewestSessionCreationTS(_ context.Context, sender id.SenderKey) (newest time.Time, err error) {
	for _, e := range s.sessionsWith(sender) {
		if e.created.After(newest) {
			newest = e.created
		}
	}
	return newest, nil
}

// sessionsWith returns entries that nobody changes any more: remember replaces them.
func (s *Store) sessionsWith(sender id.SenderKey) []*olmEntry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	entries := make([]*olmEntry, 0, len(s.olm[sender]))
	for _, e := range s.olm[sender] {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b *olmEntry) int {
		return cmp.Or(b.decrypted.Compare(a.decrypted), cmp.Compare(b.id, a.id))
	})
	return entries
}
