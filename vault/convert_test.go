package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"cartable/core/secret"
)

// oldVault is the closed file of a vault of format 1 with more records in three buckets than are written anew at once.
func oldVault(t *testing.T, key Key) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "vault.db")
	h, _, err := newHeader(key, formatPlain)
	must(t, err)
	must(t, create(path, h))
	v, err := Open(path, key)
	must(t, err)
	must(t, v.Update(func(tx Tx) error {
		for _, bucket := range oldBuckets {
			for name, value := range oldRecords(bucket) {
				must(t, tx.Put(bucket, "", name, []byte(value)))
			}
		}
		return nil
	}))
	must(t, v.Close())
	return path
}

var oldBuckets = []string{"a", "b", "c"}

func oldRecords(bucket string) map[string]string {
	records := map[string]string{}
	for i := range 400 {
		records[fmt.Sprint("name ", i)] = strings.Repeat(bucket, i)
	}
	return records
}

// expectRecords wants a vault of that format to hold what oldVault wrote, less what was lost of "a".
func expectRecords(t *testing.T, path string, key Key, format, lost int) *Vault {
	t.Helper()
	v, err := Open(path, key)
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	if v.Format() != format {
		t.Errorf("%s has format %d, want %d", filepath.Base(path), v.Format(), format)
	}
	if losses := v.Losses(); losses != nil {
		t.Errorf("%s has lost %+v", filepath.Base(path), losses)
	}
	for _, bucket := range oldBuckets {
		want := oldRecords(bucket)
		got := list(t, v, bucket)
		if bucket == "a" && lost > 0 {
			if len(got) != len(want)-lost {
				t.Errorf("%d of %d records", len(got), len(want))
			}
		} else if !maps.Equal(got, want) {
			t.Errorf("%s: %d records of %s, want %d", filepath.Base(path), len(got), bucket, len(want))
		}
	}
	return v
}

func mark(v *Vault) error {
	return v.Update(func(tx Tx) error { return tx.Put("mark", "", "copied", nil) })
}

func TestFormat1(t *testing.T) {
	path := oldVault(t, testKey(t, 1))
	v := expectRecords(t, path, testKey(t, 1), formatPlain, 0)
	must(t, v.Update(func(tx Tx) error {
		_, getErr := tx.Get("a", "group", "name 1")
		_, scanErr := tx.Scan("a", "group", func(string, []byte) error { return nil })
		for _, err := range []error{getErr, scanErr, tx.Put("a", "group", "name 1", nil), tx.Delete("a", "group", "name 1"), tx.DeleteGroup("a", "group")} {
			if !errors.Is(err, errNoGroups) {
				t.Errorf("a group: %v", err)
			}
		}
		return nil
	}))
	must(t, v.Rekey(testKey(t, 2)))
	var copied bytes.Buffer
	must(t, v.Backup(&copied, nil))
	must(t, v.Close())
	expectRecords(t, path, testKey(t, 2), formatPlain, 0)
	other := filepath.Join(t.TempDir(), "vault.db")
	must(t, RestoreCopy(&copied, other, testKey(t, 2), mark))
	expectRecords(t, other, testKey(t, 2), formatPlain, 0)
}

func TestConvert(t *testing.T) {
	passphrase := PassphraseKey(secret.New("une phrase"))
	passphrase.cost.logN = 4
	for _, key := range []Key{testKey(t, 1), passphrase} {
		path := oldVault(t, key)
		kept := filepath.Join(filepath.Dir(path), "old.db")
		if lost, err := Convert(path, key, kept, mark); err != nil || lost != 0 {
			t.Fatalf("%d lost, %v", lost, err)
		}
		expectOnly(t, filepath.Dir(path), "old.db", "vault.db")
		v := expectRecords(t, path, key, formatGroups, 0)
		if got := list(t, v, "mark"); len(got) != 0 {
			t.Errorf("the new vault is marked: %v", got)
		}
		must(t, v.Update(func(tx Tx) error { return tx.Put("a", "group", "name", []byte("value")) }))
		must(t, v.Close())
		copied := expectRecords(t, kept, key, formatPlain, 0)
		if got := list(t, copied, "mark"); len(got) != 1 {
			t.Errorf("the copy is not marked: %v", got)
		}
		before, err := os.ReadFile(path)
		must(t, err)
		if lost, err := Convert(path, key, kept, mark); err != nil || lost != 0 {
			t.Errorf("once more: %d lost, %v", lost, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("converting a new vault changed it, %v", err)
		}
	}
}

func TestConvertLeavesDamagedRecords(t *testing.T) {
	path := oldVault(t, testKey(t, 1))
	v := mustOpen(t, path)
	keys := v.keys
	must(t, v.Close())
	edit(t, path, func(tx *bbolt.Tx) error {
		for _, name := range []string{"name 1", "name 2"} {
			b, id, sealed := sealedAt(tx, keys, "a", name)
			must(t, b.Put(id, sealed[1:]))
		}
		return nil
	})
	kept := path + ".old"
	if lost, err := Convert(path, testKey(t, 1), kept, mark); err != nil || lost != 2 {
		t.Fatalf("%d lost, %v", lost, err)
	}
	converted := expectRecords(t, path, testKey(t, 1), formatGroups, 2)
	if word := list(t, converted, LostBucket); !maps.Equal(word, map[string]string{LostName: `1 {"records":2}`}) {
		t.Errorf("word of it: %v", word)
	}
	must(t, mustOpen(t, kept).View(func(tx Tx) error {
		damaged, err := tx.Scan("a", "", func(string, []byte) error { return nil })
		if damaged != 2 {
			t.Errorf("the copy has %d damaged records", damaged)
		}
		return err
	}))
}

// TestConvertFails at each step, and leaves the vault as it was.
func TestConvertFails(t *testing.T) {
	broken := errors.New("broken")
	full := &fs.PathError{Op: "rename", Path: "draft", Err: syscall.ENOSPC}
	path := oldVault(t, testKey(t, 1))
	kept := filepath.Join(filepath.Dir(path), "old.db")
	before, err := os.ReadFile(path)
	must(t, err)
	unchanged := func(what string) {
		t.Helper()
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the vault changed, %v", what, err)
		}
	}
	if _, err := Convert(path, testKey(t, 2), kept, mark); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	unchanged("another key")
	if _, err := Convert(path, testKey(t, 1), kept, func(*Vault) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a mark that fails: %v", err)
	}
	unchanged("a mark that fails")
	if _, err := Convert(path, testKey(t, 1), kept, func(*Vault) error { return full }); !errors.Is(err, ErrNoRoom) {
		t.Errorf("a full disk: %v", err)
	}
	unchanged("a full disk")
	expectOnly(t, filepath.Dir(path), "vault.db")

	must(t, os.WriteFile(kept, []byte("precious"), 0o600))
	if _, err := Convert(path, testKey(t, 1), kept, mark); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("over a file: %v", err)
	}
	unchanged("over a file")
	must(t, os.Remove(kept))
	must(t, os.WriteFile(kept, before, 0o600))
	if _, err := Convert(path, testKey(t, 1), kept, mark); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another copy of the same vault: %v", err)
	}
	must(t, os.Remove(kept))

	if _, err := convert(path, testKey(t, 1), kept, mark, func(string, string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a rename that fails: %v", err)
	}
	unchanged("a rename that fails")
	expectOnly(t, filepath.Dir(path), "old.db", "vault.db")
	marks := 0
	if lost, err := Convert(path, testKey(t, 1), kept, func(v *Vault) error { marks++; return mark(v) }); err != nil || lost != 0 || marks != 0 {
		t.Errorf("after that: %d lost, %d marks, %v", lost, marks, err)
	}
	expectRecords(t, path, testKey(t, 1), formatGroups, 0)
	expectRecords(t, kept, testKey(t, 1), formatPlain, 0)
}

// TestConvertKnowsItsOwnCopy of an attempt that was cut off, and does not take it for one when the vault has been
// used since.
func TestConvertKnowsItsOwnCopy(t *testing.T) {
	path := oldVault(t, testKey(t, 1))
	kept := filepath.Join(filepath.Dir(path), "old.db")
	cut := errors.New("cut off")
	if _, err := convert(path, testKey(t, 1), kept, mark, func(string, string) error { return cut }); !errors.Is(err, cut) {
		t.Fatal(err)
	}
	v := mustOpen(t, path)
	put(t, v, "later", "k", "v")
	must(t, v.Close())
	if _, err := Convert(path, testKey(t, 1), kept, mark); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a copy of before: %v", err)
	}
	expectRecords(t, path, testKey(t, 1), formatPlain, 0)
}

func TestConvertRefusesADamagedFile(t *testing.T) {
	_, whole := filledVault(t)
	path := filepath.Join(t.TempDir(), "vault.db")
	must(t, os.WriteFile(path, whole, 0o600))
	edit(t, path, func(tx *bbolt.Tx) error { // its records are as damaged as its pages
		h := header{format: formatPlain, kind: kindRaw}
		keys, err := h.keyring(testKey(t, 1))
		must(t, err)
		h.check = h.expected(keys)
		return tx.Bucket(headerBucket).Put(headerName, h.encode())
	})
	broken, err := os.ReadFile(path)
	must(t, err)
	page := os.Getpagesize()
	refused := 0
	for at := 2 * page; at < len(broken); at += page {
		damaged := bytes.Clone(broken)
		copy(damaged[at:], bytes.Repeat([]byte{0x7f}, page))
		path := filepath.Join(t.TempDir(), "vault.db") // a new one: see openEngine
		must(t, os.WriteFile(path, damaged, 0o600))
		if _, err := Convert(path, testKey(t, 1), path+".old", mark); err == nil {
			continue
		} else if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
			t.Errorf("page %d: %v", at/page, err)
		}
		refused++
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, damaged) {
			t.Errorf("page %d: the vault changed", at/page)
		}
		expectOnly(t, filepath.Dir(path), "vault.db")
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}

// TestConvertDies starts the test binary again and has it end in the middle of a conversion.
func TestConvertDies(t *testing.T) {
	const variable = "VAULT_TEST_CONVERT"
	die := func() { os.Exit(0) } // nothing is closed, removed or synced
	if where, path, dies := strings.Cut(os.Getenv(variable), " "); dies {
		_, err := convert(path, testKey(t, 1), path+".old", func(v *Vault) error {
			must(t, mark(v))
			if where == "mark" {
				die()
			}
			return nil
		}, func(from, to string) error {
			if where == "before" {
				die()
			}
			must(t, os.Rename(from, to))
			die()
			return nil
		})
		t.Fatal(err)
	}
	for where, format := range map[string]int{"mark": formatPlain, "before": formatPlain, "after": formatGroups} {
		path := oldVault(t, testKey(t, 1))
		second := exec.Command(os.Args[0], "-test.run=^TestConvertDies$")
		second.Env = append(os.Environ(), variable+"="+where+" "+path)
		if out, err := second.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", where, err, out)
		}
		must(t, expectRecords(t, path, testKey(t, 1), format, 0).Close())
		if lost, err := Convert(path, testKey(t, 1), path+".old", mark); err != nil || lost != 0 {
			t.Errorf("%s: %d lost, %v", where, lost, err)
		}
		expectRecords(t, path, testKey(t, 1), formatGroups, 0)
		expectRecords(t, path+".old", testKey(t, 1), formatPlain, 0)
	}
}

// TestReplacedFile is what Open finds when it has waited for a conversion: the file that it opened is not the vault
// any more.
func TestReplacedFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be replaced here")
	}
	path := oldVault(t, testKey(t, 1))
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	if replaced(path, file) {
		t.Error("a file that is there counts as replaced")
	}
	_, err = Convert(path, testKey(t, 1), path+".old", mark)
	must(t, err)
	if !replaced(path, file) {
		t.Error("the old file counts as there")
	}
}
