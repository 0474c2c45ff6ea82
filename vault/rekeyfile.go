package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// While the key of a vault changes, the new one is in a file beside the old one's; afterwards the old one is
// kept, for it opens older backups.
const newSuffix, oldSuffix = ".new", ".old"

// RekeyFile is Rekey for a vault whose key is in the file at path: it makes a new one there and keeps the old
// one in path+".old", which must not exist. Whatever happens meanwhile, one of the files opens the vault:
// OpenByKeyFile finds it and finishes what was begun.
func (v *Vault) RekeyFile(path string) error {
	if err := v.rekeyFile(path); err != nil {
		return fmt.Errorf("vault: rekey: %w", err)
	}
	return nil
}

func (v *Vault) rekeyFile(path string) error {
	switch there, err := exists(path + oldSuffix); {
	case err != nil:
		return err
	case there:
		return fmt.Errorf("%s is there already; move it away first, to the backups that it opens", path+oldSuffix)
	}
	key, err := readKeyFile(path + newSuffix) // of an attempt that came to nothing
	if errors.Is(err, fs.ErrNotExist) {
		key, err = writeKeyFile(path + newSuffix)
	}
	if err != nil {
		return fmt.Errorf("key file %s: %w", path+newSuffix, err)
	}
	if err := v.rekey(key); err != nil {
		return err
	}
	return promote(path)
}

// promote puts the new key in the place of the old one, of which a link stays. It can be repeated.
func promote(path string) error {
	if err := os.Link(path, path+oldSuffix); err != nil && !sameFile(path, path+oldSuffix) {
		return err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func sameFile(one, other string) bool {
	a, err := os.Stat(one)
	b, otherErr := os.Stat(other)
	return err == nil && otherErr == nil && os.SameFile(a, b)
}

// OpenByKeyFile opens a vault with key, which was read from the file at keyPath, or with the new key beside it
// if a RekeyFile was interrupted; then that is finished. It returns the key that opened the vault.
func OpenByKeyFile(path, keyPath string, key Key) (*Vault, Key, error) {
	v, err := Open(path, key)
	if !errors.Is(err, ErrWrongKey) {
		return v, key, err
	}
	fresh, noKey := readKeyFile(keyPath + newSuffix)
	if noKey != nil {
		return nil, Key{}, err // about the key that should have fitted
	}
	if v, err = Open(path, fresh); err != nil {
		return nil, Key{}, err
	}
	if err := promote(keyPath); err != nil {
		return nil, Key{}, errors.Join(fmt.Errorf("vault: key file %s: %w", keyPath, err), v.Close())
	}
	return v, fresh, nil
}
