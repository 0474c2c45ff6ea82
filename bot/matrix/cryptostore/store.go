//go:build goolm

package cryptostore

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"

	"cartable/core/store"
)

// Store keeps all that the bot must know again after a restart: its device with all Olm and Megolm state,
// what it knows of other people's devices and of rooms, how far it has read, and what it has handled.
// It is the crypto.Store, the state store and the sync store of mautrix at once. Its methods may be called
// from several goroutines and block on the disk only; of their contexts they look at nothing but AskedNow.
//
// There is one pointer for each Olm session and for each outbound Megolm session, for as long as the Store
// lives: the crypto machine fetches a session, waits for a lock and then uses it, and two copies of one
// session would use a key twice (matrix-notes §4).
//
// Writes have reached the disk when the method returns, with two exceptions: what follows from a decrypted
// Olm message is written together, see step, and who was given a room key is written a little late, see
// MarkOutboundGroupSessionShared.
//
// Names that come from outside are bounded, see names.
type Store struct {
	vault      store.Store
	log        *slog.Logger
	beside     []string      // buckets of the caller's that ForgetOlm empties
	pickleKey  []byte        // never changes; inside the vault it only serves the library's interface
	device     atomic.Uint64 // number of the bot's device, part of the names of its buckets
	unreadable int           // records that were left out by New

	write sync.Mutex             // held over each write, from its checks to the change of what is in memory
	late  []func(store.Tx) error // writes that wait for the next one, in order; guarded by write
	step  step                   // guarded by write

	mu       sync.RWMutex // guards what follows; held for memory only
	account  *crypto.OlmAccount
	olm      map[id.SenderKey]map[id.SessionID]*olmEntry
	hashes   map[[32]byte]time.Time // those of the step
	outbound map[id.RoomID]*crypto.OutboundGroupSession
	moves    map[id.RoomID]int
	sharing  map[id.RoomID]bool   // where a session is being shared; false once it is overtaken
	pending  map[id.UserID]string // sync tokens of responses that are being handled
	ticks    uint64               // counts questions about devices, and news of them
	lists    map[id.UserID]moments
	journal  journal
}

var (
	_ crypto.Store       = (*Store)(nil)
	_ crypto.StateStore  = (*Store)(nil)
	_ mautrix.StateStore = (*Store)(nil)
	_ mautrix.SyncStore  = (*Store)(nil)
)

// Buckets of records that outlive the bot's device, beside mainBucket. All others are named by Store.own.
const (
	encryptedBucket = "matrix.encrypted" // rooms of which it was ever said that they are encrypted
	crossBucket     = "matrix.cross"     // cross-signing keys by user
	signatureBucket = "matrix.signature" // by signed user and key
	secretBucket    = "matrix.secret"    // by name
	journalBucket   = "matrix.journal"   // by place in the ring
)

// Keys of mainBucket.
const (
	keyPickle   = "pickle"
	keyDevice   = "device"
	keySession  = "session"
	keyIdentity = "identity"
	keyRetired  = "retired"
	keyEpoch    = "epoch"
)

// New reads from v what has to be in memory. If v was marked as a copy (MarkCopied), all that belongs
// to the device of the original is forgotten first, as by ForgetOlm. A log of nil discards. beside are buckets of
// the caller's whose records, all in the group "", go with the device.
func New(v store.Store, log *slog.Logger, beside ...string) (*Store, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Store{vault: v, log: log, beside: beside, lists: make(map[id.UserID]moments)}
	s.empty()
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("matrix: open store: %w", err)
	}
	return s, nil
}

// empty clears what is in memory of the device. The caller holds write, or is alone.
func (s *Store) empty() {
	s.late, s.step = nil, step{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = nil
	s.olm = make(map[id.SenderKey]map[id.SessionID]*olmEntry)
	s.hashes = make(map[[32]byte]time.Time)
	s.outbound = make(map[id.RoomID]*crypto.OutboundGroupSession)
	s.moves = make(map[id.RoomID]int)
	s.sharing = make(map[id.RoomID]bool)
	s.pending = make(map[id.UserID]string)
}

func (s *Store) open() error {
	copied, err := s.prepare()
	if err == nil && copied {
		err = s.ForgetOlm(context.Background())
	}
	if err != nil {
		return err
	}
	return s.view(func(tx store.Tx) error {
		s.loadOlm(tx)
		s.loadOutbound(tx)
		s.loadJournal(tx)
		return s.loadAccount(tx)
	})
}

// load calls fn for each record of a bucket and counts what cannot be read. Nothing that is loaded so is
// worth refusing to start: sessions are made anew when they are missing, and none is used twice.
func load[T any](s *Store, tx store.Tx, bucket string, fn func(*T) error) {
	lost, err := Each(tx, bucket, func(_ string, record *T) error {
		if fn(record) != nil {
			s.unreadable++
		}
		return nil
	})
	s.unreadable += lost
	if err != nil {
		s.unreadable++
	}
}

// Unreadable tells how many records could not be read when the Store was opened, at least. It belongs in
// the log.
func (s *Store) Unreadable() int { return s.unreadable }

// view and update wrap nothing: the vault's errors say what they are about.
func (s *Store) view(fn func(store.Tx) error) error {
	return s.vault.View(func(tx store.Tx) error { return fn(names{tx}) })
}

func (s *Store) update(fn func(store.Tx) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.commit(fn)
}

// commit writes what is late and then what fn does, in one transaction. The caller holds write.
func (s *Store) commit(fn func(store.Tx) error) error {
	err := s.transact(s.late, fn)
	if err == nil {
		s.late = nil
	}
	return err
}

// finish is commit for a write that ends the step. A hash whose session is still to come stays. The caller
// holds write.
func (s *Store) finish(fn func(store.Tx) error) error {
	err := s.transact(slices.Concat(s.late, s.step.writes), fn)
	if err != nil {
		return err
	}
	s.late, s.step = nil, step{fresh: s.step.fresh}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.hashes)
	if h := s.step.fresh; h != nil {
		s.hashes[h.hash] = h.received
	}
	return nil
}

// transact writes what was put off and then what fn does. A write that was put off and is refused for what
// it is would be refused for ever, and all others with it: it is given up.
func (s *Store) transact(putOff []func(store.Tx) error, fn func(store.Tx) error) error {
	var refused []error
	err := s.vault.Update(func(tx store.Tx) error {
		refused = nil
		for _, w := range putOff {
			if err := w(names{tx}); err != nil {
				refused = append(refused, err)
			}
		}
		return fn(names{tx})
	})
	if err != nil {
		return err
	}
	for _, cause := range refused {
		s.log.Error("record given up", "error", cause)
	}
	return nil
}

// own names a bucket of the bot's present device. A new device has new names, so that nothing of the old
// one can come back, not even where it could not be deleted.
func (s *Store) own(name string) string {
	return "matrix." + strconv.FormatUint(s.device.Load(), 10) + "." + name
}
