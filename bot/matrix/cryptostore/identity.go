//go:build goolm

package cryptostore

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"

	"cartable/core/secret"
	"cartable/core/store"
)

// Session is what the bot is logged in with; the zero value means that it is not.
type Session struct {
	Homeserver  string
	UserID      id.UserID
	DeviceID    id.DeviceID
	AccessToken secret.Stored
	Sweep       bool   `json:",omitempty"` // the account may have devices of a vault that was lost
	OAuth       *OAuth `json:",omitempty"` // nil: the access token is good until the homeserver forgets it
}

// OAuth is what the next access token is got with.
type OAuth struct {
	Client  string        // how the authorisation server calls the bot
	Refresh secret.Stored // good once
	End     time.Time     // of the access token; zero: it has none
	Ended   bool          `json:",omitempty"` // the server has refused to give another
}

// Identity is what the bot can sign its devices with, and what brings that back if the vault is lost. The
// zero value means that there is none. It shows as "[redacted]"; JSON has it in clear, for the vault.
type Identity struct {
	Seeds        crypto.CrossSigningSeeds  // of the cross-signing keys, 32 bytes each
	RecoveryKey  secret.Stored             // 12 groups of 4, as the operator sees it
	Recoverable  bool                      // the server has the seeds, sealed with the recovery key
	ResetAllowed bool                      // the operator wants new keys in the place of the published ones
	Next         *crypto.CrossSigningSeeds `json:",omitempty"` // of new keys, until the server has taken them
}

// Empty tells whether there are no keys to sign with.
func (i Identity) Empty() bool { return len(i.Seeds.MasterKey) == 0 }

// Format implements fmt.Formatter: the seeds' own type would print them.
func (Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// LogValue implements slog.LogValuer.
func (Identity) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Session returns what the bot is logged in with.
func (s *Store) Session() (Session, error) { return readMain[Session](s, keySession) }

// Peek reads what the bot is logged in with without opening a Store, and tells whether the vault is marked as a copy:
// to open a Store on one changes it.
func Peek(v store.Store) (session Session, copied bool, err error) {
	err = v.View(func(tx store.Tx) error {
		mark, err := tx.Get(mainBucket, "", keyCopied)
		if err != nil {
			return err
		}
		copied = mark != nil
		found, err := Get[Session](tx, mainBucket, keySession)
		if found != nil {
			session = *found
		}
		return err
	})
	return session, copied, err
}

// SetSession keeps what the bot is logged in with.
func (s *Store) SetSession(session Session) error { return setMain(s, keySession, session) }

// Swept notes that of the devices before this one none is left on the server.
func (s *Store) Swept() error {
	return s.update(func(tx store.Tx) error {
		session, err := Get[Session](tx, mainBucket, keySession)
		if err == nil && session != nil && session.Sweep {
			session.Sweep = false
			err = Put(tx, mainBucket, keySession, session)
		}
		if err != nil {
			return err
		}
		return Put(tx, mainBucket, keyRetired, []id.DeviceID(nil))
	})
}

// Identity returns the bot's cross-signing identity.
func (s *Store) Identity() (Identity, error) { return readMain[Identity](s, keyIdentity) }

// SetIdentity keeps the bot's cross-signing identity. It must be on disk before the keys are published.
func (s *Store) SetIdentity(identity Identity) error { return setMain(s, keyIdentity, identity) }

// PickleKey returns the key that the library wants for pickles. It is random, and lies in the vault beside
// what it encrypts: the secrecy is the vault's. The slice is the caller's.
func (s *Store) PickleKey() []byte { return bytes.Clone(s.pickleKey) }

// readMain reads one of the single records; the zero value when there is none.
func readMain[T any](s *Store, key string) (record T, err error) {
	err = s.view(func(tx store.Tx) error {
		found, err := Get[T](tx, mainBucket, key)
		if found != nil {
			record = *found
		}
		return err
	})
	return record, err
}

func setMain[T any](s *Store, key string, record T) error {
	return s.update(func(tx store.Tx) error { return Put(tx, mainBucket, key, record) })
}

// prepare reads the number of the device and the pickle key, which it makes the first time, and tells
// whether the vault is marked as a copy.
func (s *Store) prepare() (copied bool, err error) {
	err = s.update(func(tx store.Tx) error {
		number, err := Get[uint64](tx, mainBucket, keyDevice)
		if err != nil {
			return err
		}
		if number != nil {
			s.device.Store(*number)
		}
		mark, err := tx.Get(mainBucket, "", keyCopied)
		if err != nil {
			return err
		}
		copied = mark != nil
		if s.pickleKey, err = tx.Get(mainBucket, "", keyPickle); err != nil || s.pickleKey != nil {
			return err
		}
		s.pickleKey = make([]byte, 32)
		_, _ = rand.Read(s.pickleKey) // never fails
		return tx.Put(mainBucket, "", keyPickle, s.pickleKey)
	})
	return copied, err
}
