package vault

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
)

// testKey is a raw key made of one repeated byte.
func testKey(t testing.TB, b byte) Key {
	t.Helper()
	key, err := NewKey(strings.NewReader(strings.Repeat(string(rune(b)), keySize)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustOpen(t testing.TB, path string) *Vault {
	t.Helper()
	v, err := Open(path, testKey(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, v.Close()) })
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newVault(t testing.TB) (v *Vault, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "data", "vault.db")
	return mustOpen(t, path), path
}

func put(t testing.TB, v *Vault, bucket, key, value string) {
	t.Helper()
	must(t, v.Update(func(tx Tx) error { return tx.Put(bucket, "", key, []byte(value)) }))
}

func get(t testing.TB, v *Vault, bucket, key string) (value []byte) {
	t.Helper()
	must(t, v.View(func(tx Tx) (err error) {
		value, err = tx.Get(bucket, "", key)
		return err
	}))
	return value
}

// list returns a whole bucket.
func list(t testing.TB, v *Vault, bucket string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, v.View(func(tx Tx) error {
		damaged, err := tx.Scan(bucket, "", func(key string, value []byte) error {
			all[key] = string(value)
			return nil
		})
		if damaged > 0 {
			t.Errorf("%d damaged records", damaged)
		}
		return err
	}))
	return all
}

// store is what those who need one declare: the same alias, and methods that take it.
type store interface {
	View(func(interface {
		Get(bucket, group, name string) ([]byte, error)
		Put(bucket, group, name string, value []byte) error
		Delete(bucket, group, name string) error
		DeleteGroup(bucket, group string) error
		Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error)
		All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error)
	}) error) error
}

var _ store = (*Vault)(nil)

func TestRoundTrip(t *testing.T) {
	v, path := newVault(t)
	large := strings.Repeat("é", 100_000)
	records := map[string]string{"": "no name", "a": "", "b": "value", "c\x00d": large, "é": strings.Repeat("x", padBlock)}
	for key, value := range records {
		put(t, v, "links", key, value)
	}
	put(t, v, "other", "b", "another value")
	must(t, v.Close())

	v = mustOpen(t, path)
	for key, want := range records {
		if got := get(t, v, "links", key); got == nil || string(got) != want {
			t.Errorf("%q: got %.20q (nil: %t), want %.20q", key, got, got == nil, want)
		}
	}
	if got := list(t, v, "links"); !maps.Equal(got, records) {
		t.Errorf("Scan gave %d records, not the %d that were put", len(got), len(records))
	}
	if got := string(get(t, v, "other", "b")); got != "another value" {
		t.Errorf("the other bucket has %q", got)
	}
	put(t, v, "links", "b", "changed")
	must(t, v.Update(func(tx Tx) error {
		return errors.Join(tx.Delete("links", "", "a"), tx.Delete("links", "", "missing"), tx.Delete("no bucket", "", "a"))
	}))
	if got := string(get(t, v, "links", "b")); got != "changed" {
		t.Errorf("after Put: %q", got)
	}
	for _, missing := range [][2]string{{"links", "a"}, {"links", "x"}, {"no bucket", "a"}} {
		if got := get(t, v, missing[0], missing[1]); got != nil {
			t.Errorf("%q exists: %q", missing, got)
		}
	}
	if got := list(t, v, "no bucket"); len(got) != 0 {
		t.Errorf("an absent bucket has %v", got)
	}
}

func TestFolderAndFileAreOursAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing here")
	}
	v, path := newVault(t)
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		must(t, err)
		return info.Mode().Perm()
	}
	if dir, file := mode(filepath.Dir(path)), mode(path); dir != 0o700 || file != 0o600 {
		t.Errorf("created with %o and %o", dir, file)
	}
	must(t, v.Close())
	must(t, os.Chmod(path, 0o644))
	mustOpen(t, path)
	if got := mode(path); got != 0o600 {
		t.Errorf("a looser mode stays: %o", got)
	}
	expectOnly(t, filepath.Dir(path), "vault.db")
}

func TestUpdateRollsBack(t *testing.T) {
	v, _ := newVault(t)
	put(t, v, "b", "k", "before")
	cause := errors.New("cause")
	err := v.Update(func(tx Tx) error {
		must(t, tx.Put("b", "", "k", []byte("after")))
		must(t, tx.Put("b", "", "new", nil))
		if got, err := tx.Get("b", "", "k"); err != nil || string(got) != "after" {
			t.Errorf("a transaction does not see its own write: %q, %v", got, err)
		}
		return cause
	})
	if !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if p := recover(); p != "boom" {
				t.Errorf("fn's panic became %v", p)
			}
		}()
		_ = v.Update(func(tx Tx) error {
			must(t, tx.Delete("b", "", "k"))
			panic("boom")
		})
	}()
	if got := list(t, v, "b"); !maps.Equal(got, map[string]string{"k": "before"}) {
		t.Errorf("after two failures: %v", got)
	}
}

func TestMisuseGivesErrors(t *testing.T) {
	v, _ := newVault(t)
	put(t, v, "b", "k", "v")
	var view, update Tx
	must(t, v.View(func(tx Tx) error {
		view = tx
		if err := tx.Put("b", "", "k", nil); !errors.Is(err, errReadOnly) {
			t.Errorf("Put in a View: %v", err)
		}
		if err := tx.Delete("b", "", "k"); !errors.Is(err, errReadOnly) {
			t.Errorf("Delete in a View: %v", err)
		}
		if err := tx.DeleteGroup("b", ""); !errors.Is(err, errReadOnly) {
			t.Errorf("DeleteGroup in a View: %v", err)
		}
		return nil
	}))
	must(t, v.Update(func(tx Tx) error {
		update = tx
		if err := tx.Put("b", "", "k", make([]byte, maxValue+1)); !errors.Is(err, errTooLarge) {
			t.Errorf("too large a value: %v", err)
		}
		if err := tx.Put("b", "", strings.Repeat("k", maxName+1), nil); !errors.Is(err, errTooLarge) {
			t.Errorf("too long a name: %v", err)
		}
		if err := tx.Put("b", strings.Repeat("g", maxName+1), "k", nil); !errors.Is(err, errTooLarge) {
			t.Errorf("too long a group: %v", err)
		}
		return tx.Put("b", "", "k", []byte("w"))
	}))
	for _, tx := range []Tx{view, update} {
		_, getErr := tx.Get("b", "", "k")
		_, scanErr := tx.Scan("b", "", func(string, []byte) error { return nil })
		_, allErr := tx.All("b", func(string, string, []byte) error { return nil })
		for _, err := range []error{getErr, scanErr, allErr, tx.DeleteGroup("b", ""), tx.Put("b", "", "k", nil), tx.Delete("b", "", "k")} {
			if !errors.Is(err, errEnded) {
				t.Errorf("after the end: %v", err)
			}
		}
	}
	must(t, v.Close())
	if err := v.View(func(Tx) error { return nil }); !errors.Is(err, errClosed) {
		t.Errorf("View after Close: %v", err)
	}
	if err := v.Update(func(Tx) error { return nil }); !errors.Is(err, errClosed) {
		t.Errorf("Update after Close: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	v, _ := newVault(t)
	put(t, v, "b", "sum", "\x00")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				err := v.Update(func(tx Tx) error {
					n, err := tx.Get("b", "", "sum")
					if err != nil {
						return err
					}
					return tx.Put("b", "", "sum", []byte{n[0] + 1})
				})
				if err != nil {
					t.Error(err)
				}
				if err := v.View(func(tx Tx) error { _, err := tx.Get("b", "", "sum"); return err }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := get(t, v, "b", "sum"); got[0] != 40 {
		t.Errorf("40 increments made %d", got[0])
	}
}

func BenchmarkGet(b *testing.B) {
	v, _ := newVault(b)
	put(b, v, "b", "k", strings.Repeat("x", 1000))
	b.ReportAllocs()
	must(b, v.View(func(tx Tx) error {
		for b.Loop() {
			if _, err := tx.Get("b", "", "k"); err != nil {
				return err
			}
		}
		return nil
	}))
}

// BenchmarkPut measures a transaction of one write, disk included.
func BenchmarkPut(b *testing.B) {
	v, _ := newVault(b)
	value := []byte(strings.Repeat("x", 1000))
	b.ReportAllocs()
	for b.Loop() {
		must(b, v.Update(func(tx Tx) error { return tx.Put("b", "", "k", value) }))
	}
}

// TestEmptyBuckets leaves nothing of a bucket whose last record is deleted: callers name buckets after what
// comes and goes.
func TestEmptyBuckets(t *testing.T) {
	v, path := newVault(t)
	buckets := func(want int) {
		t.Helper()
		must(t, v.Close())
		got := 0
		edit(t, path, func(tx *bbolt.Tx) error {
			return tx.Bucket(recordsBucket).ForEachBucket(func([]byte) error { got++; return nil })
		})
		if v = mustOpen(t, path); got != want {
			t.Errorf("the file has %d buckets, want %d", got, want)
		}
	}
	remove := func(bucket, key string) {
		t.Helper()
		must(t, v.Update(func(tx Tx) error { return tx.Delete(bucket, "", key) }))
	}
	put(t, v, "a", "1", "x")
	put(t, v, "b", "1", "x")
	put(t, v, "b", "2", "x")
	remove("b", "1")
	remove("b", "none")
	buckets(2)
	remove("b", "2")
	buckets(1)
	must(t, v.Update(func(tx Tx) error { // emptied and filled again, under way
		return errors.Join(tx.Delete("a", "", "1"), tx.Put("a", "", "2", []byte("y")), tx.Delete("a", "", "1"), tx.Put("b", "", "3", nil), tx.Delete("b", "", "3"))
	}))
	if got := list(t, v, "a"); !maps.Equal(got, map[string]string{"2": "y"}) {
		t.Errorf("left: %v", got)
	}
	buckets(1)
	must(t, v.Update(func(tx Tx) error { return tx.DeleteGroup("a", "") }))
	buckets(0)
}
