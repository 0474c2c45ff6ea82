package vault

import (
	"bytes"
	"path/filepath"
	"strconv"
	"testing"
)

// TestSize grows with what is stored, and tells what was freed.
func TestSize(t *testing.T) {
	key, err := NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Open(filepath.Join(t.TempDir(), "vault.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	size := func() (file, free int64) {
		t.Helper()
		file, free, err := v.Size()
		if err != nil {
			t.Fatal(err)
		}
		return file, free
	}
	empty, _ := size()
	for _, do := range []func(tx Tx, name string) error{
		func(tx Tx, name string) error { return tx.Put("b", "", name, bytes.Repeat([]byte("x"), 8000)) },
		func(tx Tx, name string) error { return tx.Delete("b", "", name) },
	} {
		if err := v.Update(func(tx Tx) error {
			for n := range 100 {
				if err := do(tx, strconv.Itoa(n)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	file, free := size()
	if file < empty+100*8000 || free < 90*8000 || free > file {
		t.Errorf("grew from %d to %d bytes, of which %d are free", empty, file, free)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.Size(); err == nil {
		t.Error("a closed vault has a size")
	}
}
