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
		{"the new file", func(_ *Vault, path string) error { _, err := writeKeyFile(path + newSuffix); return err }, false},
		{"the vault", func(v *Vault, path string) error {
			key, err := writeKeyFile(path + newSuffix)
			return errors.Join(err, v.Rekey(key))
		}, true},
		{"the link", func(v *Vault, path string) error {
			key, err := writeKeyFile(path + newSuffix)
			return errors.Join(err, v.Rekey(key), os.Link(path, path+oldSuffix))
		}, true},
		{"all", (*Vault).RekeyFile, true},
	}
	for _, step := range steps {
		dir := t.TempDir()
		path, keyPath := filepath.Join(dir, "vault.db"), filepath.Join(dir, "vault.key")
		old, _, err := LoadOrCreateKeyFile(keyPath, path)
		must(t, err)
		v, err := Open(path, old)
		must(t, err)
		put(t, v, "b", "k", "v")
		must(t, step.stop(v, keyPath))
		must(t, v.Close())

		key, _, err := LoadOrCreateKeyFile(keyPath, path)
		must(t, err)
		v, opened, err := OpenByKeyFile(path, keyPath, key)
		if err != nil {
			t.Errorf("%s: %v", step.name, err)
			continue
		}
		if got := string(get(t, v, "b", "k")); got != "v" || (opened.Encode().Reveal() != old.Encode().Reveal()) != step.done {
			t.Errorf("%s: the vault has %q", step.name, got)
		}
		want := []string{"vault.db", "vault.key", "vault.key" + oldSuffix}
		if !step.done {
			must(t, v.RekeyFile(keyPath))
		}
		expectOnly(t, dir, want...)
		if kept, err := readKeyFile(keyPath + oldSuffix); err != nil || kept.Encode().Reveal() != old.Encode().Reveal() {
			t.Errorf("%s: the old key is lost: %v", step.name, err)
		}
		must(t, v.Close())
	}
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
	must(t, os.WriteFile(keyPath+oldSuffix, nil, 0o600))
	if err := v.RekeyFile(keyPath); err == nil || !strings.Contains(err.Error(), "move it away first") {
		t.Errorf("an older key is there: %v", err)
	}
}

// A key that fits nothing is wrong, whether there is another beside it or not.
func TestOpenByKeyFileRefuses(t *testing.T) {
	v, path := newVault(t)
	must(t, v.Close())
	keyPath := filepath.Join(t.TempDir(), "vault.key")
	if _, _, err := OpenByKeyFile(path, keyPath, testKey(t, 2)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("got %v", err)
	}
	_, err := writeKeyFile(keyPath + newSuffix)
	must(t, err)
	if _, _, err := OpenByKeyFile(path, keyPath, testKey(t, 2)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("with a new one beside it: %v", err)
	}
	if _, err := os.Stat(keyPath); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was made: %v", err)
	}
}
