package vault

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Backup writes a copy of the vault as it is at this moment, sealed as the vault is and under the same
// key; a key file has to be kept apart. The vault can be used meanwhile; but once it is larger than
// 64 MiB, an Update may wait until w has taken everything.
func (v *Vault) Backup(w io.Writer) error {
	tx, err := v.begin()
	if err != nil {
		return fmt.Errorf("vault: backup: %w", err)
	}
	defer tx.end()
	if _, err := tx.engine.WriteTo(w); err != nil {
		return fmt.Errorf("vault: backup: %w", err)
	}
	return nil
}

// Restore makes a vault at path of what Backup wrote, with mode 0600, on disk when it returns. It needs no
// key, and refuses with ErrForeign or ErrDamaged what is not a whole vault, and with fs.ErrExist to
// overwrite anything; nothing is at path then that was not there before.
func Restore(r io.Reader, path string) error {
	return restore(r, path, func(draft string) error {
		_, err := probe(draft)
		return err
	})
}

// RestoreCopy is Restore for whoever has the key: mark may write to the copy before it is at path. It refuses
// with ErrWrongKey what the key does not open.
func RestoreCopy(r io.Reader, path string, key Key, mark func(*Vault) error) error {
	return restore(r, path, func(draft string) error {
		v, err := open(draft, key)
		if err != nil {
			return err
		}
		return errors.Join(mark(v), v.Close())
	})
}

// restore lets check look at the draft before it is put at path.
func restore(r io.Reader, path string, check func(draft string) error) error {
	err := restoreTo(r, path, check)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%w; move it away first", fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("vault: restore %s: %w", path, err)
	}
	return nil
}

func restoreTo(r io.Reader, path string, check func(draft string) error) error {
	there, err := exists(path)
	if err != nil {
		return err
	}
	if there { // before a long copy; install makes sure
		return fs.ErrExist
	}
	return install(path, func(draft string) error {
		if err := fill(draft, r); err != nil {
			return err
		}
		return check(draft)
	})
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
