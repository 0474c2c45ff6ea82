package vault

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"

	"go.etcd.io/bbolt"
)

// Where Convert leaves word of records that it could not write anew.
const (
	LostBucket = "converted"
	LostName   = "lost"
)

// Convert brings the vault at path to the newest format; one that has it already is left alone. It writes a new
// file beside the old one, with every record in the group "", and puts it in the place of the old one, of which
// a copy is then at kept; mark may write to that copy before, and should have no effect besides. Nothing else may
// be at kept: the error then matches fs.ErrExist. The key stays the same.
//
// A crash leaves the old file or the new one at path, whole, and may leave the copy: Convert can be called again.
// Records that are damaged cannot be written anew: lost tells how many there were, the new file has a record LostName
// of them in LostBucket, and the copy has them as they are. A file of which more is damaged is refused with ErrDamaged, a
// disk without room for two more of these files with ErrNoRoom; the vault is then as it was.
func Convert(path string, key Key, kept string, mark func(*Vault) error) (lost int, err error) {
	lost, err = convert(path, key, kept, mark, os.Rename)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s is there already; move it away first: %w", kept, err)
	}
	if outOfRoom(err) {
		err = fmt.Errorf("%w: %w", ErrNoRoom, err)
	}
	if err != nil {
		return 0, fmt.Errorf("vault: convert %s: %w", path, err)
	}
	return lost, nil
}

// convert holds the lock of the old file until the new one is in its place. A test gives it another rename.
func convert(path string, key Key, kept string, mark func(*Vault) error, rename func(from, to string) error) (lost int, err error) {
	v, err := open(path, key)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if v.Format() == NewestFormat {
		return 0, nil
	}
	done, err := v.hasKept(kept)
	if err != nil {
		return 0, err
	}
	err = replace(path, func(draft string) error {
		if lost, err = v.rewrite(draft, key); err != nil || done {
			return err
		}
		return v.keep(kept, mark)
	}, func(draft, path string) error {
		if runtime.GOOS == "windows" { // where an open file cannot be replaced
			if err := v.Close(); err != nil {
				return err
			}
		}
		return rename(draft, path)
	})
	return lost, err
}

// rewrite makes an empty draft a vault of the newest format with what can be read of v, on disk when it returns.
func (v *Vault) rewrite(draft string, key Key) (lost int, err error) {
	h, keys, err := newHeader(key, NewestFormat)
	if err != nil {
		return 0, err
	}
	if err := writeEmpty(draft, h); err != nil {
		return 0, err
	}
	db, err := openEngine(draft, bbolt.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.NoSync = true // nobody needs half of a draft
	tx, err := v.begin()
	if err != nil {
		return 0, err
	}
	defer tx.end()
	w := rewriter{to: db, keys: keys, count: map[string]int{}}
	err = guard(func() error {
		return tx.records.ForEachBucket(func(id []byte) error { return w.bucket(tx, id) })
	})
	if err == nil {
		w.leaveWord()
		err = w.flush()
	}
	if err == nil {
		err = db.Update(func(to *bbolt.Tx) error { return recount(to, keys, w.count) })
	}
	if err == nil {
		err = db.Sync()
	}
	return w.lost, err
}

// rewriter seals records anew, and writes many of them at once.
type rewriter struct {
	to    *bbolt.DB
	keys  *keyring
	count map[string]int // of records by bucket
	lost  int

	waiting []record
	size    int // of their values
}

const (
	rewriteCount = 1000
	rewriteSize  = 16 << 20
)

func (w *rewriter) bucket(tx *transaction, id []byte) error {
	found, _, err := collect(tx.records, id, nil, nil, 0, false)
	if err != nil {
		return err
	}
	for _, f := range found {
		r, err := tx.keys.open(id, f.id, f.sealed)
		if err != nil {
			w.lost++
			continue
		}
		w.waiting = append(w.waiting, r)
		w.count[r.bucket]++
		if w.size += len(r.value); w.size < rewriteSize && len(w.waiting) < rewriteCount {
			continue
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	return nil
}

// leaveWord tells whoever reads the new file that it lacks records.
func (w *rewriter) leaveWord() {
	if w.lost > 0 {
		w.waiting = append(w.waiting, record{bucket: LostBucket, name: LostName, value: fmt.Appendf(nil, `1 {"records":%d}`, w.lost)})
		w.count[LostBucket]++
	}
}

func (w *rewriter) flush() error {
	err := w.to.Update(func(tx *bbolt.Tx) error {
		for _, r := range w.waiting {
			b, err := tx.Bucket(recordsBucket).CreateBucketIfNotExists(w.keys.bucketID(r.bucket))
			if err != nil {
				return err
			}
			if err := b.Put(w.keys.recordID(r.bucket, r.group, r.name), w.keys.seal(r)); err != nil {
				return err
			}
		}
		return nil
	})
	w.waiting, w.size = w.waiting[:0], 0
	return err
}

// copyName is what a kept copy has beside its header: the number of the last transaction of the original. By that
// a conversion that was cut off knows its own copy again.
var copyName = []byte("copy of")

// keep makes a marked copy of v at kept.
func (v *Vault) keep(kept string, mark func(*Vault) error) error {
	last, err := v.last()
	if err != nil {
		return err
	}
	return install(kept, func(draft string) error {
		return v.copyInto(draft, func(c *Vault) error {
			if err := mark(c); err != nil {
				return err
			}
			return guard(func() error {
				return c.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(headerBucket).Put(copyName, last) })
			})
		})
	})
}

// hasKept tells whether the copy of v as it is now is at kept. Anything else there is fs.ErrExist.
func (v *Vault) hasKept(kept string) (bool, error) {
	there, err := exists(kept)
	if err != nil || !there {
		return false, err
	}
	db, err := openEngine(kept, bbolt.Options{ReadOnly: true})
	if err != nil {
		return false, fmt.Errorf("%w (%w)", fs.ErrExist, err)
	}
	defer db.Close() // only read from
	theirs, err := readHeader(db)
	if err != nil {
		return false, fmt.Errorf("%w (%w)", fs.ErrExist, err)
	}
	ours, err := readHeader(v.db)
	if err != nil {
		return false, err
	}
	last, err := v.last()
	if err != nil {
		return false, err
	}
	same := false
	err = guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			same = theirs == ours && string(tx.Bucket(headerBucket).Get(copyName)) == string(last)
			return nil
		})
	})
	if err == nil && !same {
		err = fs.ErrExist
	}
	return same, err
}

// last numbers the last transaction.
func (v *Vault) last() ([]byte, error) {
	number, err := lastTransaction(v.db)
	return binary.BigEndian.AppendUint64(nil, number), err
}

// outOfRoom tells whether the disk, or the share of it that one may use, is full.
func outOfRoom(err error) bool {
	const windowsFull, windowsHandleFull = syscall.Errno(112), syscall.Errno(39)
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		runtime.GOOS == "windows" && (errors.Is(err, windowsFull) || errors.Is(err, windowsHandleFull))
}
