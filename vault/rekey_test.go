package vault

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"cartable/core/secret"
)

func TestRekey(t *testing.T) {
	v, path := newVault(t)
	want := map[string]string{}
	for i := range 100 {
		want[fmt.Sprint("k", i)] = fmt.Sprint("value ", i)
	}
	for _, bucket := range []string{"a", "b"} {
		must(t, v.Update(func(tx Tx) error {
			for key, value := range want {
				must(t, tx.Put(bucket, "", key, []byte(value)))
			}
			return nil
		}))
	}
	passphrase := PassphraseKey(secret.New("une phrase"))
	passphrase.cost.logN = 4
	for _, key := range []Key{testKey(t, 2), passphrase, testKey(t, 1)} {
		must(t, v.Rekey(key))
		put(t, v, "a", "k1", "value 1") // the open vault goes on with the new key
		if a, b := list(t, v, "a"), list(t, v, "b"); !maps.Equal(a, want) || !maps.Equal(b, want) {
			t.Fatalf("before the restart: %d and %d records", len(a), len(b))
		}
		must(t, v.Close())
		if _, err := Open(path, testKey(t, 3)); !errors.Is(err, ErrWrongKey) {
			t.Errorf("another key: %v", err)
		}
		var err error
		v, err = Open(path, key)
		must(t, err)
		if a, b := list(t, v, "a"), list(t, v, "b"); !maps.Equal(a, want) || !maps.Equal(b, want) {
			t.Fatalf("after the restart: %d and %d records", len(a), len(b))
		}
		if losses := v.Losses(); losses != nil {
			t.Errorf("lost: %+v", losses)
		}
	}
	if err := v.Rekey(Key{}); err == nil {
		t.Error("an empty key was accepted")
	}
	must(t, v.Close())
	if _, err := Open(path, testKey(t, 2)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the key of before: %v", err)
	}
	if err := v.Rekey(testKey(t, 2)); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRekeyRefusesToLoseARecord(t *testing.T) {
	v := damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
		b, id, sealed := sealedAt(tx, keys, "b", "k1")
		return b.Put(id, sealed[1:])
	})
	if err := v.Rekey(testKey(t, 2)); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	expectDamaged(t, v) // and all else as before
}

// TestRekeyInUse has readers and writers while the key changes: each must find the keys of what it sees.
func TestRekeyInUse(t *testing.T) {
	v, _ := newVault(t)
	put(t, v, "b", "k", "v")
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 50 {
				if err := v.View(func(tx Tx) error { return expectV(tx) }); err != nil {
					t.Errorf("View: %v", err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				err := v.Update(func(tx Tx) error {
					return errors.Join(expectV(tx), tx.Put("b", "", "k", []byte("v")))
				})
				if err != nil {
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	for i := range 20 {
		if err := v.Rekey(testKey(t, byte(i+1))); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

func expectV(tx Tx) error {
	value, err := tx.Get("b", "", "k")
	if err == nil && string(value) != "v" {
		return fmt.Errorf("got %q", value)
	}
	return err
}
