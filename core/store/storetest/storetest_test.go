package storetest_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/vault"
)

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	key, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func get(t *testing.T, s store.Store) (value string, err error) {
	t.Helper()
	err = s.View(func(tx store.Tx) error {
		got, err := tx.Get("b", "g", "n")
		value = string(got)
		return err
	})
	return value, err
}

func add(tx store.Tx) error {
	old, err := tx.Get("b", "g", "n")
	if err != nil {
		return err
	}
	return tx.Put("b", "g", "n", append(old, 'x'))
}

func TestTwice(t *testing.T) {
	s := storetest.Twice(newVault(t))
	runs := 0
	if err := s.Update(func(tx store.Tx) error { runs++; return add(tx) }); err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	if got, err := get(t, s); got != "x" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	broken := errors.New("broken")
	if err := s.Update(func(tx store.Tx) error { return errors.Join(add(tx), broken) }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got, _ := get(t, s); got != "x" {
		t.Errorf("got %q", got)
	}
}

// TestTwiceTogether has many write at once, whose second runs are committed together and whose first are undone
// among them.
func TestTwiceTogether(t *testing.T) {
	s := storetest.Twice(newVault(t))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 10 {
				if err := s.Update(add); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got, err := get(t, s); len(got) != 160 || err != nil {
		t.Errorf("160 writes made %d, %v", len(got), err)
	}
}

func TestFaulty(t *testing.T) {
	f := &storetest.Faulty{Store: newVault(t)}
	swallows := func(tx store.Tx) error { _ = add(tx); return nil }
	f.FailWrite(2)
	for i, want := range []error{nil, storetest.ErrFault, nil} {
		if err := f.Update(swallows); !errors.Is(err, want) {
			t.Errorf("write %d: %v", i+1, err)
		}
	}
	if got, _ := get(t, f); got != "xx" || !f.Failed() {
		t.Errorf("got %q", got)
	}
	f.FailCommit(1)
	if err := f.Update(func(store.Tx) error { return errors.New("of the closure") }); errors.Is(err, storetest.ErrFault) {
		t.Error("an Update that fails by itself was counted")
	}
	for i, want := range []error{storetest.ErrFault, nil} {
		if err := f.Update(add); !errors.Is(err, want) {
			t.Errorf("commit %d: %v", i+1, err)
		}
	}
	if got, _ := get(t, f); got != "xxx" {
		t.Errorf("got %q", got)
	}
	f.FailWrite(2)
	if err := f.Update(func(tx store.Tx) error { return errors.Join(tx.Delete("b", "g", "n"), tx.DeleteGroup("b", "g")) }); !errors.Is(err, storetest.ErrFault) {
		t.Errorf("got %v", err)
	}
	f.FailCommit(100)
	if f.Failed() {
		t.Error("what has not happened yet has failed")
	}
}

func TestDamageable(t *testing.T) {
	d := storetest.Damageable{Store: newVault(t)}
	if err := d.Update(add); err != nil {
		t.Fatal(err)
	}
	if err := d.Damage("b", "g", "n"); err != nil {
		t.Fatal(err)
	}
	if got, err := get(t, d); got != "" || err == nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := d.View(func(tx store.Tx) error {
		n, err := tx.Scan("b", "g", func(string, []byte) error { t.Error("visited"); return nil })
		m, alsoErr := tx.All("b", func(string, string, []byte) error { t.Error("visited"); return nil })
		if n != 1 || m != 1 {
			t.Errorf("%d and %d damaged", n, m)
		}
		return errors.Join(err, alsoErr)
	}); err != nil {
		t.Error(err)
	}
	if err := d.Update(func(tx store.Tx) error { return tx.Put("b", "g", "n", nil) }); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, d); err != nil {
		t.Errorf("written over: %v", err)
	}
}
