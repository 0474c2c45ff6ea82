package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"go.etcd.io/bbolt"
)

// lockTimeout is how long Open waits for the file's lock: long enough for a predecessor that is just
// closing, short enough to say clearly that there is another process.
const lockTimeout = time.Second

// mapSize is the address space taken for the file at once. To map it anew, an Update has to wait for all
// Views, a Backup to a slow disk among them; up to this size it never has to. Windows would make the file
// itself that large.
func mapSize() int {
	if runtime.GOOS == "windows" {
		return 0
	}
	return 64 << 20
}

// The two buckets at the top of the file. Those of the callers are inside recordsBucket, with hidden names.
var (
	headerBucket  = []byte("header")
	headerName    = []byte("v")
	recordsBucket = []byte("records")
)

// create makes an empty vault with header h.
func create(path string, h header) error {
	return install(path, func(draft string) error { return writeEmpty(draft, h) })
}

func writeEmpty(path string, h header) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket(recordsBucket); err != nil {
			return err
		}
		b, err := tx.CreateBucket(headerBucket)
		if err != nil {
			return err
		}
		return b.Put(headerName, h.encode())
	})
}

// probe looks at a file without writing to it: is it a vault, and are all of its pages in order? No key is needed.
func probe(path string) error {
	db, _, err := openToRead(path)
	if err != nil {
		return err
	}
	return db.Close()
}

// openToRead opens a vault to read and looks at all of its pages, which the engine itself would trust.
func openToRead(path string) (*bbolt.DB, survey, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, survey{}, err
	case !info.Mode().IsRegular():
		return nil, survey{}, ErrForeign
	case info.Size() == 0: // create never leaves this behind, and bbolt would make an empty vault of it
		return nil, survey{}, fmt.Errorf("%w (the file is empty)", ErrDamaged)
	}
	db, file, err := openEngineFile(path, bbolt.Options{ReadOnly: true}) // which does not look at pages yet
	if err != nil {
		return nil, survey{}, err
	}
	found, err := inspect(db, file)
	if err != nil {
		_ = db.Close() // only read from
		return nil, survey{}, err
	}
	return db, found, nil
}

// inspect goes through the pages of a file that the engine has opened to read, and therewith locked.
func inspect(db *bbolt.DB, file *os.File) (survey, error) {
	info, err := file.Stat()
	if err != nil {
		return survey{}, err
	}
	found, err := walkPages(file, info.Size())
	if err != nil {
		return survey{}, fmt.Errorf("%w (%w)", ErrPages, err)
	}
	_, err = readHeader(db)
	return found, err
}

// openSound opens a vault to write after a look at its pages.
func openSound(path string) (*bbolt.DB, survey, error) {
	const tries = 3
	for range tries {
		db, found, err := openToRead(path)
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			return nil, survey{}, err
		}
		db, err = openEngine(path, bbolt.Options{InitialMmapSize: mapSize()})
		if err != nil {
			return nil, survey{}, err
		}
		last, err := lastTransaction(db)
		if err == nil && last == found.txid {
			return db, found, nil
		}
		_ = db.Close() // nothing was written
		if err != nil {
			return nil, survey{}, err
		}
	}
	return nil, survey{}, ErrLocked // others write to it in between
}

// lastTransaction is the number of the last transaction.
func lastTransaction(db *bbolt.DB) (number uint64, err error) {
	err = guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			number = uint64(tx.ID())
			return nil
		})
	})
	return number, err
}

// openEngine opens an existing file and never creates one.
func openEngine(path string, options bbolt.Options) (*bbolt.DB, error) {
	db, _, err := openEngineFile(path, options)
	return db, err
}

// openEngineFile also returns the file that the engine has open, which it closes.
func openEngineFile(path string, options bbolt.Options) (db *bbolt.DB, file *os.File, err error) {
	options.Timeout = lockTimeout
	options.OpenFile = func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
		file, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
		return file, err
	}
	err = guard(func() error {
		db, err = bbolt.Open(path, 0o600, &options)
		return err
	})
	if err == nil && replaced(path, file) {
		_ = db.Close() // nothing was written
		return nil, nil, ErrLocked
	}
	return db, file, err
}

// replaced tells whether another file is at path by now: Convert put it there while its lock was waited for.
func replaced(path string, file *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return true
	}
	ours, err := file.Stat()
	return err != nil || !os.SameFile(there, ours)
}

// readHeader finds and parses the header.
func readHeader(db *bbolt.DB) (h header, err error) {
	err = guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			b := tx.Bucket(headerBucket)
			if b == nil {
				return ErrForeign
			}
			if h, err = parseHeader(b.Get(headerName)); err != nil {
				return err
			}
			if tx.Bucket(recordsBucket) == nil {
				return ErrDamaged
			}
			return nil
		})
	})
	return h, err
}

// tighten takes the file from other users. Values are sealed, so that a looser mode (a restored copy has
// one easily) has given nothing away but sizes and times, and is mended rather than refused.
func tighten(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !exposed(info) {
		return nil
	}
	return os.Chmod(path, 0o600)
}

// exists tells whether there is anything at path.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
