//go:build goolm

package cryptostore

import (
	"context"
	"crypto/rand"
	"slices"

	"maunium.net/go/mautrix/id"

	"cartable/core/store"
)

// A vault that was put back as it once was brings old Olm state to life: keys are used twice, commands are
// answered again, and the sessions of all partners are broken (matrix-notes §8). Nothing inside the file
// can tell, since all of it is old. The rule is therefore: Olm state serves only the run of history that
// the homeserver has seen last, and a vault of which that is not certain takes a new device.
//
//   - A copy that we make or put back ourselves says so: whoever does it calls MarkCopied on the copy, and
//     New then forgets the device.
//   - For all other ways to put back a file (a snapshot, cp) the homeserver is the witness: the adapter
//     keeps a random epoch in the account data there and renews it at each start, before the first sync,
//     and every hour. A vault that does not know the server's epoch is an old one, and the adapter calls
//     ForgetOlm. It asks at each start, also when it had to log in again, and whatever device the server
//     had the epoch from: the device of an old copy may have been retired since.
//   - A running bot that finds an epoch there which is not its own has been copied, and the copy runs with the
//     same device: it stops (ErrCopied).
//
// What stays unseen is a copy taken from a running bot and put back before the epoch changed, which is less
// than an hour of keys; the cure of broken sessions in matrix-notes §8 is for that.

// epochs is the epoch that the server has confirmed and those that it was offered since: it has one of them,
// and which one is not certain where its answer was lost.
type epochs struct {
	Current string
	Offered []string
}

// keptOffers bounds the epochs that were offered, for a server that never confirms one.
const keptOffers = 16

// EpochKnown tells whether the epoch that the server remembers for the account is one that this vault gave
// out last. If not, the vault is older than what the server has seen: forget the device. All is well when
// the server remembers nothing, and while no epoch of this device was confirmed: a device has not synced
// before, so there is nothing of it to bring back. (The epoch is then that of the device before.)
func (s *Store) EpochKnown(server string) (bool, error) {
	e, err := readMain[epochs](s, keyEpoch)
	if store.Unreadable(err) { // which may have been any: only a device that the server knows nothing of goes on
		return server == "", nil
	}
	return err == nil && (server == "" || e.Current == "" || server == e.Current || slices.Contains(e.Offered, server)), err
}

// NextEpoch makes a new epoch, to be offered to the server. It is on disk when it returns, and known from
// then on beside the others: a crash may come before the server has it or after.
func (s *Store) NextEpoch() (string, error) {
	next := rand.Text()
	err := s.update(func(tx store.Tx) error {
		e, err := Find[epochs](tx, mainBucket, keyEpoch)
		if err != nil {
			return err
		}
		if e == nil {
			e = new(epochs)
		}
		e.Offered = append(e.Offered, next)
		e.Offered = e.Offered[max(0, len(e.Offered)-keptOffers):]
		return Put(tx, mainBucket, keyEpoch, e)
	})
	return next, err
}

// ConfirmEpoch notes that the server has an epoch that it was offered; no other is known any more. It does
// nothing for all others.
func (s *Store) ConfirmEpoch(epoch string) error {
	return s.update(func(tx store.Tx) error {
		e, err := Get[epochs](tx, mainBucket, keyEpoch)
		if err != nil || e == nil || !slices.Contains(e.Offered, epoch) {
			return err
		}
		return Put(tx, mainBucket, keyEpoch, epochs{Current: epoch})
	})
}

// ForgetOlm ends the bot's device in one transaction: Olm account and sessions, Megolm sessions, lists of
// devices, sync token, access token. State and members of rooms go too, since they are as old and come again
// with the first sync, and so do the messages that waited for an answer or a key: they have had it since. What
// stays is which rooms are encrypted, the bot's identity, which signs the next
// device, other people's cross-signing keys, and the journal. The device is listed by Retired until it has
// been deleted from the server. The machine that used the Store must not be used any more.
func (s *Store) ForgetOlm(context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	next := s.device.Load() + 1
	err := s.transact(nil, func(tx store.Tx) error {
		if err := retire(tx); err != nil {
			return err
		}
		for _, key := range []string{keySession, keyEpoch, keyCopied} {
			if err := tx.Delete(mainBucket, "", key); err != nil {
				return err
			}
		}
		s.sweep(tx)
		return Put(tx, mainBucket, keyDevice, next)
	})
	if err != nil {
		return err
	}
	s.device.Store(next)
	s.empty()
	return nil
}

// sweep deletes the device's records. Buckets that only a record names which cannot be read stay, as rubbish that
// nobody finds any more; a write that fails makes the vault refuse the whole transaction.
func (s *Store) sweep(tx store.Tx) {
	keys := func(name string) []string {
		keys, _ := dropAll(tx, s.own(name))
		return keys
	}
	for _, name := range keys("indexed") {
		_, _ = dropAll(tx, s.indexBucket(id.SessionID(name)))
	}
	for _, room := range keys("rooms") {
		_, _ = dropAll(tx, s.membersOf(id.RoomID(room)))
	}
	_, _ = tx.Scan(s.own("sharings"), "", func(room string, _ []byte) error {
		_ = s.dropShared(tx, id.RoomID(room))
		return nil
	})
	for _, name := range []string{"account", "olm", "hash", "inbound", "withheld", "outbound", "sharings", "devices", "outdated", "token"} {
		keys(name)
	}
	for _, bucket := range s.beside {
		_, _ = dropAll(tx, bucket)
	}
}

// retire adds the device of the session to those that are to be deleted from the server. What cannot be read of
// these is found by its name when the bot has logged in again.
func retire(tx store.Tx) error {
	session, err := Find[Session](tx, mainBucket, keySession)
	if err != nil || session == nil || session.DeviceID == "" {
		return err
	}
	retired, err := Find[[]id.DeviceID](tx, mainBucket, keyRetired)
	if err != nil {
		return err
	}
	if retired == nil {
		retired = new([]id.DeviceID)
	}
	return Put(tx, mainBucket, keyRetired, append(*retired, session.DeviceID))
}

// Retired returns the devices that the bot gave up and that the server may still have. They must be deleted
// there, for they go on receiving room keys (matrix-notes §5), and never be used for a login. Swept empties the list.
func (s *Store) Retired() ([]id.DeviceID, error) { return readMain[[]id.DeviceID](s, keyRetired) }
