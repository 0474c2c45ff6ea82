package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// TestRekeyFileInterrupted stops a change of the key file after each of its steps: the vault opens, and the
// change can be made.
func TestRekeyFileInterrupted(t *testing.T) {
	steps := []struct {
		name string
		stop func(v *Vault, path string) error // does the steps up to there
		done bool                              // the vault has the new key
	}{
		{"before", func(*Vault, string) error { return nil }, false},
		{"the copy", func(_ *Vault, path string) error { return keepOld(path) }, false},
		{"the new file", func(_ *Vault, path string) error {
			_, err := writeKeyFile(path + newSuffix)
			return errors.Join(keepOld(path), err)
		}, false},
		{"the vault", func(v *Vault, path string) error {
			key, err := writeKeyFile(path + newSuffix)
			return errors.Join(keepOld(path), err, v.Rekey(key))
		}, true},
		{"the vault, without a copy", func(v *Vault, path string) error {
			key, err := writeKeyFile(path + newSuffix)
			return errors.Join(err, v.Rekey(key))
		}, true},
		{"all", (*Vault).RekeyFile, true},
	}
	for _, step := range steps {
		k := newKeyFile(t)
		must(t, step.stop(k.v, k.path))
		opened, misplaced := k.reopen()
		if misplaced != nil || (opened.Encode().Reveal() != k.first.Encode().Reveal()) != step.done {
			t.Errorf("%s: another key than expected, %v", step.name, misplaced)
		}
		if !step.done {
			must(t, k.v.RekeyFile(k.path))
		}
		expectOnly(t, filepath.Dir(k.path), "vault.db", "vault.key", "vault.key"+oldSuffix)
		k.expectOld()
	}
}

// keyFile is a vault with one record whose key is in a file beside it.
type keyFile struct {
	t     *testing.T
	v     *Vault
	path  string // of the key file
	first Key
}

func newKeyFile(t *testing.T) *keyFile {
	t.Helper()
	k := &keyFile{t: t, path: filepath.Join(t.TempDir(), "vault.key")}
	var err error
	k.first, _, err = LoadOrCreateKeyFile(k.path, k.vault())
	must(t, err)
	k.v, err = Open(k.vault(), k.first)
	must(t, err)
	t.Cleanup(func() { _ = k.v.Close() })
	put(t, k.v, "b", "k", "v")
	return k
}

func (k *keyFile) vault() string { return filepath.Join(filepath.Dir(k.path), "vault.db") }

// reopen is what the next start does. The record must be there.
func (k *keyFile) reopen() (opened Key, misplaced error) {
	k.t.Helper()
	must(k.t, k.v.Close())
	key, _, err := LoadOrCreateKeyFile(k.path, k.vault())
	must(k.t, err)
	k.v, opened, err = OpenByKeyFile(k.vault(), k.path, key, func(err error) { misplaced = err })
	must(k.t, err)
	if got := string(get(k.t, k.v, "b", "k")); got != "v" {
		k.t.Errorf("the vault has %q", got)
	}
	return opened, misplaced
}

// expectOld wants the first key to be kept for older backups.
func (k *keyFile) expectOld() {
	k.t.Helper()
	if kept, err := readKeyFile(k.path + oldSuffix); err != nil || kept.Encode().Reveal() != k.first.Encode().Reveal() {
		k.t.Errorf("the old key is lost: %v", err)
	}
}

// TestRekeyFileThatCannotBeReplaced, as one that is mounted into the folder by itself: nothing is changed.
func TestRekeyFileThatCannotBeReplaced(t *testing.T) {
	k := newKeyFile(t)
	busy := errors.New("device or resource busy")
	err := k.v.rekeyFile(k.path, func(string, string) error { return busy })
	if !errors.Is(err, busy) || !strings.Contains(err.Error(), "nothing is changed") {
		t.Errorf("rekey: %v", err)
	}
	expectOnly(t, filepath.Dir(k.path), "vault.db", "vault.key")
	if opened, misplaced := k.reopen(); misplaced != nil || opened.Encode().Reveal() != k.first.Encode().Reveal() {
		t.Errorf("another key opened the vault, %v", misplaced)
	}
}

// TestNewKeyMisplaced: the vault is sealed anew when the new key turns out not to get into its place. It opens
// all the same, and puts that right once it can be.
func TestNewKeyMisplaced(t *testing.T) {
	k := newKeyFile(t)
	broken := errors.New("input/output error")
	err := k.v.rekeyFile(k.path, func(from, to string) error {
		if from == k.path+newSuffix {
			return broken
		}
		return os.Rename(from, to)
	})
	if advice := "is in " + k.path + newSuffix + " now; move it to " + k.path; !errors.Is(err, broken) || !strings.Contains(err.Error(), advice) {
		t.Errorf("rekey: %v", err)
	}
	k.expectOld()
	kept := k.path + ".kept"
	must(t, os.Rename(k.path+oldSuffix, kept))
	must(t, os.Mkdir(k.path+oldSuffix, 0o700)) // in the way
	if _, misplaced := k.reopen(); misplaced == nil || !strings.Contains(misplaced.Error(), "move it to "+k.path) {
		t.Errorf("opened, and told %v", misplaced)
	}
	must(t, os.Remove(k.path+oldSuffix))
	must(t, os.Rename(kept, k.path+oldSuffix))
	if _, misplaced := k.reopen(); misplaced != nil {
		t.Errorf("the way is free: %v", misplaced)
	}
	expectOnly(t, filepath.Dir(k.path), "vault.db", "vault.key", "vault.key"+oldSuffix)
	k.expectOld()
}

func TestRekeyFileRefuses(t *testing.T) {
	v := damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
		b, id, sealed := sealedAt(tx, keys, "b", "k1")
		return b.Put(id, sealed[1:])
	})
	keyPath := filepath.Join(t.TempDir(), "vault.key")
	must(t, os.WriteFile(keyPath, []byte(testKey(t, 1).Encode().Reveal()), 0o600))
	if err := v.RekeyFile(keyPath); !errors.Is(err, ErrDamaged) {
		t.Errorf("a damaged record: %v", err)
	}
	if kept, err := readKeyFile(keyPath); err != nil || kept.Encode().Reveal() != testKey(t, 1).Encode().Reveal() {
		t.Errorf("the key file was changed: %v", err)
	}
	must(t, os.WriteFile(keyPath+oldSuffix, []byte(testKey(t, 2).Encode().Reveal()), 0o600))
	if err := v.RekeyFile(keyPath); err == nil || !strings.Contains(err.Error(), "move it away first") {
		t.Errorf("an older key is there: %v", err)
	}
}

// A key that fits nothing is wrong, whether there is another beside it or not.
func TestOpenByKeyFileRefuses(t *testing.T) {
	misplaced := func(err error) { t.Errorf("misplaced: %v", err) }
	v, path := newVault(t)
	must(t, v.Close())
	keyPath := filepath.Join(t.TempDir(), "vault.key")
	if _, _, err := OpenByKeyFile(path, keyPath, testKey(t, 2), misplaced); !errors.Is(err, ErrWrongKey) {
		t.Errorf("got %v", err)
	}
	_, err := writeKeyFile(keyPath + newSuffix)
	must(t, err)
	if _, _, err := OpenByKeyFile(path, keyPath, testKey(t, 2), misplaced); !errors.Is(err, ErrWrongKey) {
		t.Errorf("with a new one beside it: %v", err)
	}
	if _, err := os.Stat(keyPath); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was made: %v", err)
	}
}
