package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// Backup writes a copy of the vault as it is at this moment, sealed as the vault is and under the same key; a key file has
// to be kept apart. The copy has the size of its content: what was deleted or overwritten is not in it. mark may write to
// the copy before, nil for nothing.
//
// The copy is made in the folder of the vault, or in that for temporary files where the first cannot be written to, and
// takes its own size there until Backup returns. The vault can be used meanwhile; but once it is larger than 64 MiB, an
// Update may wait until the copy is made.
func (v *Vault) Backup(w io.Writer, mark func(*Vault) error) error {
	if err := v.backup(w, mark); err != nil {
		return fmt.Errorf("vault: backup: %w", err)
	}
	return nil
}

func (v *Vault) backup(w io.Writer, mark func(*Vault) error) (err error) {
	d, err := newScratch(filepath.Dir(v.db.Path()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := v.copyInto(d.path, mark); err != nil {
		return err
	}
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// Copy is Backup to a new file with mode 0600, on disk when it returns. It refuses with fs.ErrExist to overwrite
// anything; nothing is at path then that was not there before.
func (v *Vault) Copy(path string, mark func(*Vault) error) error {
	err := toNew(path, func(draft string) error { return v.copyInto(draft, mark) })
	if err != nil {
		return fmt.Errorf("vault: copy to %s: %w", path, err)
	}
	return nil
}

// copyInto writes a copy into an empty file.
func (v *Vault) copyInto(path string, mark func(*Vault) error) error {
	v.mu.RLock() // the keys are those of the copy
	defer v.mu.RUnlock()
	if err := v.compact(path); err != nil || mark == nil {
		return err
	}
	db, err := openEngine(path, bbolt.Options{})
	if err != nil {
		return err
	}
	c := &Vault{db: db, keys: v.keys}
	if err := errors.Join(mark(c), c.Close()); err != nil {
		return err
	}
	return trim(path)
}

// compact writes every record to an empty file, one after the other.
func (v *Vault) compact(path string) error {
	const together = 1 << 20                                                               // bytes of a transaction
	to, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, NoSync: true}) // nobody needs half of it
	if err != nil {
		return err
	}
	err = guard(func() error { return bbolt.Compact(to, v.db, together) })
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	return trim(path)
}

// trim cuts off what the engine keeps at the end of a file for later, durably.
func trim(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	var m meta
	if err == nil {
		m, err = readMeta(f, info.Size())
	}
	if err == nil {
		err = f.Truncate(int64(m.pages) * m.pageSize)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// Relay passes on what Backup wrote and makes sure that it has come to its end. The error matches ErrDamaged if not.
func Relay(w io.Writer, r io.Reader) error {
	var heads bytes.Buffer // a page may be this large
	const most = mostPageSize + pageHeaderSize + metaSize
	head, err := io.CopyN(io.MultiWriter(w, &heads), r, most)
	rest := int64(0)
	if err == nil {
		rest, err = io.Copy(w, r)
	}
	if err == nil || errors.Is(err, io.EOF) {
		_, err = readMeta(bytes.NewReader(heads.Bytes()), head+rest)
	}
	if err != nil {
		return fmt.Errorf("vault: relay: %w", aboutCopy(err))
	}
	return nil
}

// Restore makes a vault at path of what Backup wrote, with mode 0600, on disk when it returns. It needs no
// key, and refuses with ErrForeign or ErrDamaged what is not a whole vault, and with fs.ErrExist to
// overwrite anything; nothing is at path then that was not there before.
func Restore(r io.Reader, path string) error {
	return restore(r, path, probe)
}

// RestoreCopy is Restore for whoever has the key: mark may write to the copy before it is at path. It refuses
// with ErrWrongKey what the key does not open.
func RestoreCopy(r io.Reader, path string, key Key, mark func(*Vault) error) error {
	return restore(r, path, func(draft string) error {
		v, err := open(draft, key)
		if err != nil {
			return err
		}
		if err := errors.Join(mark(v), v.Close()); err != nil {
			return err
		}
		return trim(draft)
	})
}

// restore lets check look at the draft before it is put at path.
func restore(r io.Reader, path string, check func(draft string) error) error {
	err := toNew(path, func(draft string) error {
		if err := fill(draft, r); err != nil {
			return err
		}
		return check(draft)
	})
	if err != nil {
		return fmt.Errorf("vault: restore %s: %w", path, aboutCopy(err))
	}
	return nil
}

// aboutCopy says of damage that it is not in the vault.
func aboutCopy(err error) error {
	if damage, ok := errors.AsType[*PageDamage](err); ok {
		return fmt.Errorf("%w (%w)", errBadCopy, damage)
	}
	return err
}

// toNew lets write make a file at path, where nothing may be.
func toNew(path string, write func(draft string) error) error {
	there, err := exists(path)
	if err == nil && there { // before a long copy; install makes sure
		err = fs.ErrExist
	}
	if err == nil {
		err = install(path, write)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; move it away first", fs.ErrExist)
	}
	return err
}

// OpenCopy opens what Backup wrote, to be read. Until it is closed it takes its size of the folder dir, or of that for
// temporary files. The errors are those of Restore and OpenReadOnly.
func OpenCopy(r io.Reader, dir string, key Key) (*Vault, error) {
	d, err := newScratch(dir)
	if err != nil {
		return nil, fmt.Errorf("vault: open a copy: %w", err)
	}
	v := (*Vault)(nil)
	if err = fill(d.path, r); err == nil {
		v, err = openReadOnly(d.path, key)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: open a copy: %w", errors.Join(aboutCopy(err), d.close()))
	}
	v.scratch = d
	return v, nil
}

// fill writes all of r to a file that is there, durably.
func fill(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}
