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
// one in path+".old", where no other key may be. Whatever happens meanwhile, one of the files opens the vault:
// OpenByKeyFile finds it and finishes what was begun.
func (v *Vault) RekeyFile(path string) error {
	if err := v.rekeyFile(path, os.Rename); err != nil {
		return fmt.Errorf("vault: rekey: %w", err)
	}
	return nil
}

// rekeyFile does whatever may fail before it seals the vault anew. A test gives it another rename.
func (v *Vault) rekeyFile(path string, rename func(from, to string) error) error {
	if err := rehearse(path, rename); err != nil {
		return err
	}
	if err := keepOld(path); err != nil {
		return err
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
	return promote(path, rename)
}

// rehearse puts a copy of the key file in its place, as promote does with the new one.
func rehearse(path string, rename func(from, to string) error) error {
	key, err := readKeyFile(path)
	if err == nil {
		err = replace(path, key.write, rename)
	}
	if err != nil {
		return fmt.Errorf("nothing is changed, for the key file %s cannot be replaced; where it is mounted by itself, mount its folder instead: %w", path, err)
	}
	return nil
}

// keepOld makes a copy of the key file, unless an earlier attempt has made it.
func keepOld(path string) error {
	key, err := readKeyFile(path)
	if err != nil {
		return fmt.Errorf("key file %s: %w", path, err)
	}
	err = install(path+oldSuffix, key.write)
	if errors.Is(err, fs.ErrExist) {
		kept, other := readKeyFile(path + oldSuffix)
		if other == nil && kept.Encode().Reveal() == key.Encode().Reveal() {
			return nil
		}
		return fmt.Errorf("%s is there already; move it away first, to the backups that it opens", path+oldSuffix)
	}
	return err
}

// promote puts the new key in the place of the old one, of which a copy stays. It can be repeated.
func promote(path string, rename func(from, to string) error) error {
	err := keepOld(path)
	if err == nil {
		err = rename(path+newSuffix, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("the key of the vault is in %s now; move it to %s, which could not be done: %w", path+newSuffix, path, err)
	}
	return nil
}

// OpenByKeyFile opens a vault with key, which was read from the file at keyPath, or with the new key beside it
// if a RekeyFile was interrupted; then that is finished. Where the new key cannot be put in its place the vault
// is open all the same, and misplaced is told what to do. It returns the key that opened the vault.
func OpenByKeyFile(path, keyPath string, key Key, misplaced func(error)) (*Vault, Key, error) {
	v, used, fresh, err := openByEither(keyPath, key, func(key Key) (*Vault, error) { return Open(path, key) })
	if fresh {
		if err := promote(keyPath, os.Rename); err != nil {
			misplaced(err)
		}
	}
	return v, used, err
}

// OpenReadOnlyByKeyFile is OpenReadOnly with whatever key OpenByKeyFile would take. It finishes nothing.
func OpenReadOnlyByKeyFile(path, keyPath string, key Key) (*Vault, error) {
	v, _, _, err := openByEither(keyPath, key, func(key Key) (*Vault, error) { return OpenReadOnly(path, key) })
	return v, err
}

// openByEither opens with key, or else with the new one beside the file at keyPath; then that is fresh.
func openByEither(keyPath string, key Key, open func(Key) (*Vault, error)) (v *Vault, used Key, fresh bool, err error) {
	v, err = open(key)
	if !errors.Is(err, ErrWrongKey) {
		return v, key, false, err
	}
	other, noKey := readKeyFile(keyPath + newSuffix)
	if noKey != nil {
		return nil, Key{}, false, err // about the key that should have fitted
	}
	if v, err = open(other); err != nil {
		return nil, Key{}, false, err
	}
	return v, other, true, nil
}
