// Package vault is the encrypted store: one file, in which every value is sealed under a key of its own
// and every name is hidden. It knows nothing of what a value means.
//
// Whoever has the file and not the key learns how many buckets and records there are, which records of a bucket
// are of one group, and their sizes in steps of 64 bytes, and cannot change, swap, move or remove a record
// unnoticed (see Losses). What cannot be noticed, for lack of anything outside of the file to compare with, is that
// a record or count, or the whole file, was put back as it once was. Deleted and overwritten values stay in the
// file, sealed, until their space is used again.
package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"go.etcd.io/bbolt"
)

// Vault is an open store. Its methods may be called from several goroutines.
type Vault struct {
	db   *bbolt.DB
	line line // of those who write

	mu   sync.RWMutex // held by Rekey from its commit to the change of keys; who has the turn to write reads without it
	keys *keyring     // a pointer: fmt prints its address when a Vault is dumped

	losses  []Loss // found by Open, as is the next
	older   bool
	free    int64  // bytes, of a vault that is open to read
	scratch *draft // the file of one that is a copy
}

// Open opens the vault at path and creates it where there is nothing, with mode 0600 (and its folder with
// 0700). An existing vault with a looser mode is tightened to 0600. Drafts that a killed process left beside it are removed.
//
// It waits for about a second for the file's lock, and for about as long again for scrypt if key is a
// passphrase, and goes through all pages of the file. The errors are ErrWrongKey, ErrForeign, ErrNewer, ErrLocked,
// ErrDamaged and ErrPages, or the operating
// system's; none of them has changed the file. A vault of an older format opens too, see Convert.
func Open(path string, key Key) (*Vault, error) {
	v, err := open(path, key)
	if err != nil {
		return nil, fmt.Errorf("vault: open %s: %w", path, err)
	}
	sweep(filepath.Dir(path))
	return v, nil
}

func open(path string, key Key) (*Vault, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	made, keys, err := createIfMissing(path, key)
	if err != nil {
		return nil, err
	}
	db, found, err := openSound(path)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(db)
	if err == nil && h != made {
		keys, err = h.unlock(key)
	}
	if err == nil {
		err = tighten(path)
	}
	if err != nil {
		_ = db.Close() // nothing was written
		return nil, err
	}
	return &Vault{db: db, keys: keys, losses: findLosses(db, keys, found.records), older: found.headLost}, nil
}

// OpenReadOnly opens a vault to be read, which may be on a disk that cannot be written to. Several processes can do so
// at once. Its errors are those of Open, and that there is no vault; an Update fails.
func OpenReadOnly(path string, key Key) (*Vault, error) {
	v, err := openReadOnly(path, key)
	if err != nil {
		return nil, fmt.Errorf("vault: open %s: %w", path, err)
	}
	return v, nil
}

func openReadOnly(path string, key Key) (*Vault, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	db, found, err := openToRead(path)
	if err != nil {
		return nil, err
	}
	h, err := readHeader(db)
	var keys *keyring
	if err == nil {
		keys, err = h.unlock(key)
	}
	if err != nil {
		_ = db.Close() // only read from
		return nil, err
	}
	v := &Vault{db: db, keys: keys, losses: findLosses(db, keys, found.records), older: found.headLost}
	v.free = found.free * found.pageSize
	return v, nil
}

// createIfMissing returns the header and keyring of the vault that it made, if it did, so that scrypt need
// not run again.
func createIfMissing(path string, key Key) (h header, keys *keyring, err error) {
	there, err := exists(path)
	if err != nil || there {
		return header{}, nil, err
	}
	if h, keys, err = newHeader(key, NewestFormat); err == nil {
		err = create(path, h)
	}
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return header{}, nil, nil
	}
	if err != nil {
		return header{}, nil, fmt.Errorf("create: %w", err)
	}
	return h, keys, nil
}

// NewestFormat is the format of a new vault.
const NewestFormat = formatGroups

// Format is the format of the file: NewestFormat, or 1 where records have no group and Convert has not been called.
func (v *Vault) Format() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return int(v.keys.format)
}

// Close waits for the open transactions and releases the file. Closing again does nothing.
func (v *Vault) Close() error {
	v.line.enter(true)
	defer v.line.leave()
	err := v.db.Close()
	if v.scratch != nil {
		err = errors.Join(err, v.scratch.close())
		v.scratch = nil
	}
	if err != nil {
		return fmt.Errorf("vault: close: %w", err)
	}
	return nil
}

// View runs fn with a snapshot that can only be read. Views run beside each other and beside an Update.
// The error is fn's own, or that of starting. Neither here nor in Update may fn start another
// transaction: they could wait for each other for ever.
func (v *Vault) View(fn func(Tx) error) error {
	tx, err := v.begin()
	if err != nil {
		return fmt.Errorf("vault: begin: %w", err)
	}
	defer tx.end()
	return fn(tx)
}

// Update runs fn with the right to write; one at a time, others wait, and are then committed together. When it
// returns nil, the writes are on disk, all of them; when fn fails or panics, or one of its writes failed, none is
// made, and those of the others are. The error is fn's own, or that of starting, writing or committing; a commit
// that fails is the error of all who were in it.
//
// fn may be run more than once, and only the last run counts: it must have no effect besides its transaction. It
// must not wait for a goroutine that may itself be in an Update, as for a lock that is held around one: the other
// may be waiting for fn, to be committed with it.
func (v *Vault) Update(fn func(Tx) error) error {
	b := v.line.enter(false)
	if b == nil {
		b = v.newBatch()
	}
	bound, err := b.run(fn)
	if !bound {
		return err
	}
	<-b.over
	if b.err != nil {
		return fmt.Errorf("vault: commit: %w", b.err)
	}
	return err
}

// begin starts a transaction that reads, with the keys of what it sees.
func (v *Vault) begin() (*transaction, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	tx := &transaction{keys: v.keys}
	err := guard(func() (err error) {
		if tx.engine, err = v.db.Begin(false); err != nil {
			return err
		}
		if tx.records = tx.engine.Bucket(recordsBucket); tx.records == nil {
			return ErrDamaged
		}
		return nil
	})
	if err != nil {
		tx.end()
		return nil, err
	}
	return tx, nil
}
