package vault

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"cartable/core/secret"
)

// edit changes the closed file of a vault behind its back, with the engine alone.
func edit(t *testing.T, path string, fn func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(fn))
	must(t, db.Close())
}

// sealedAt reaches a record as it is on disk.
func sealedAt(tx *bbolt.Tx, keys *keyring, bucket, key string) (b *bbolt.Bucket, id, sealed []byte) {
	b = tx.Bucket(recordsBucket).Bucket(keys.bucketID(bucket))
	id = keys.recordID(bucket, "", key)
	return b, id, bytes.Clone(b.Get(id))
}

// damagedVault has the records k1 to k3 in "b" and k1 in "c", changed by fn, and is open again.
func damagedVault(t *testing.T, fn func(tx *bbolt.Tx, keys *keyring) error) *Vault {
	t.Helper()
	v, path := newVault(t)
	for _, key := range []string{"k1", "k2", "k3"} {
		put(t, v, "b", key, "value of "+key)
	}
	put(t, v, "c", "k1", "value of another k1")
	keys := v.keys
	must(t, v.Close())
	edit(t, path, func(tx *bbolt.Tx) error { return fn(tx, keys) })
	return mustOpen(t, path)
}

// expectDamaged wants k1 of "b" to be reported and all other records to be intact.
func expectDamaged(t *testing.T, v *Vault) {
	t.Helper()
	err := v.View(func(tx Tx) error {
		got, err := tx.Get("b", "", "k1")
		if got != nil {
			t.Errorf("got %q from a damaged record", got)
		}
		return err
	})
	if !errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), "k1") {
		t.Errorf("Get: %v", err)
	}
	want := map[string]string{"k2": "value of k2", "k3": "value of k3"}
	must(t, v.View(func(tx Tx) error {
		for name, visit := range visits {
			visited := map[string]string{}
			damaged, err := visit(tx, "b", func(key string, value []byte) error {
				visited[key] = string(value)
				return nil
			})
			if err != nil || damaged != 1 || !maps.Equal(visited, want) {
				t.Errorf("%s: %v, %d damaged, %v", name, visited, damaged, err)
			}
		}
		return nil
	}))
	if got := string(get(t, v, "c", "k1")); got != "value of another k1" {
		t.Errorf("the other bucket has %q", got)
	}
	put(t, v, "b", "k1", "mended") // what is damaged can be written over
	if got := list(t, v, "b"); got["k1"] != "mended" || len(got) != 3 {
		t.Errorf("after Put: %v", got)
	}
}

func TestTamperedRecord(t *testing.T) {
	changes := map[string]func(sealed []byte) []byte{
		"format":     func(b []byte) []byte { b[0]++; return b },
		"nonce":      func(b []byte) []byte { b[1] ^= 1; return b },
		"box":        func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"cut by one": func(b []byte) []byte { return b[:len(b)-1] },
		"cut short":  func(b []byte) []byte { return b[:5] },
		"empty":      func([]byte) []byte { return []byte{} },
		"longer":     func(b []byte) []byte { return append(b, 0) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			expectDamaged(t, damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
				b, id, sealed := sealedAt(tx, keys, "b", "k1")
				return b.Put(id, change(sealed))
			}))
		})
	}
}

func TestMovedRecord(t *testing.T) {
	for _, from := range [][2]string{{"b", "k2"}, {"c", "k1"}} {
		expectDamaged(t, damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
			_, _, other := sealedAt(tx, keys, from[0], from[1])
			b, id, _ := sealedAt(tx, keys, "b", "k1")
			return b.Put(id, other)
		}))
	}
}

func TestBucketInPlaceOfARecord(t *testing.T) {
	v := damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
		b, id, _ := sealedAt(tx, keys, "b", "k1")
		must(t, b.Delete(id))
		_, err := b.CreateBucket(id)
		return err
	})
	err := v.Update(func(tx Tx) error {
		_ = tx.Put("b", "", "k1", nil) // even if the caller forgets it
		return nil
	})
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("Update: %v", err)
	}
	if got := string(get(t, v, "b", "k2")); got != "value of k2" {
		t.Errorf("another record has %q", got)
	}
}

func TestMovedToAnotherBucketWithItsName(t *testing.T) {
	v := damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
		_, id, sealed := sealedAt(tx, keys, "c", "k1")
		b, _, _ := sealedAt(tx, keys, "b", "k1")
		return b.Put(id, sealed)
	})
	must(t, v.View(func(tx Tx) error {
		damaged, err := tx.All("b", func(_, _ string, value []byte) error {
			if string(value) == "value of another k1" {
				t.Error("a record of another bucket was accepted")
			}
			return nil
		})
		if damaged != 1 {
			t.Errorf("%d damaged", damaged)
		}
		return err
	}))
}

// TestDeleteGroupTakesDamagedRecords also of a kind that no Put writes over.
func TestDeleteGroupTakesDamagedRecords(t *testing.T) {
	v := damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
		b, id, sealed := sealedAt(tx, keys, "b", "k1")
		must(t, b.Put(id, sealed[1:]))
		_, id, _ = sealedAt(tx, keys, "b", "k2")
		must(t, b.Delete(id))
		_, err := b.CreateBucket(id)
		return err
	})
	must(t, v.Update(func(tx Tx) error { return tx.DeleteGroup("b", "") }))
	must(t, v.View(func(tx Tx) error {
		damaged, err := tx.All("b", func(_, name string, _ []byte) error { t.Errorf("%q is left", name); return nil })
		if damaged != 0 {
			t.Errorf("%d damaged records are left", damaged)
		}
		return err
	}))
	if got := string(get(t, v, "c", "k1")); got != "value of another k1" {
		t.Errorf("the other bucket has %q", got)
	}
}

const filled = 200 // records of filledVault: several pages of them

// filledVault is the closed file of a vault of many records, without the space that the engine reserves
// at its end, and its bytes.
func filledVault(t *testing.T) (path string, content []byte) {
	t.Helper()
	v, path := newVault(t)
	must(t, v.Update(func(tx Tx) error {
		for i := range filled {
			must(t, tx.Put("b", "", fmt.Sprint("k", i), []byte("value")))
		}
		return nil
	}))
	must(t, v.Close())
	var used int64
	edit(t, path, func(tx *bbolt.Tx) error { used = tx.Size(); return nil })
	must(t, os.Truncate(path, used))
	content, err := os.ReadFile(path)
	must(t, err)
	return path, content
}

func TestTruncatedFile(t *testing.T) {
	path, whole := filledVault(t)
	for _, size := range []int{0, 1, 1000, 4096, 8192, 12288, len(whole) / 2, len(whole) - 4096} {
		must(t, os.WriteFile(path, whole[:size], 0o600))
		_, err := Open(path, testKey(t, 1))
		// Of what is shorter than the first page nobody can tell what it was.
		if !errors.Is(err, ErrDamaged) && (size >= 4096 || !errors.Is(err, ErrForeign)) {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
		if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, whole[:size]) {
			t.Errorf("cut to %d bytes: Open changed the file", size)
		}
	}
	must(t, os.WriteFile(path, whole, 0o600))
	if got := list(t, mustOpen(t, path), "b"); len(got) != filled {
		t.Errorf("the whole file has %d records", len(got))
	}
}

// TestFileCutOffWhileOpen has the engine read where there is no file any more, which is a fault of memory.
func TestFileCutOffWhileOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a mapped file cannot be cut off here")
	}
	path, whole := filledVault(t)
	v := mustOpen(t, path)
	must(t, os.Truncate(path, 2*int64(os.Getpagesize())))
	if err := useAll(t, v); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	must(t, os.WriteFile(path, whole, 0o600)) // the open vault is none the worse for it
	if err := useAll(t, v); err != nil {
		t.Errorf("after the file came back: %v", err)
	}
}

// TestOverwrittenPages damages the pages of the engine itself, which must neither end the process nor
// give wrong values.
func TestOverwrittenPages(t *testing.T) {
	_, whole := filledVault(t)
	page := os.Getpagesize()
	refused := 0
	for at := 2 * page; at < len(whole); at += page {
		for _, fill := range []byte{0x00, 0x7f, 0xff} {
			broken := bytes.Clone(whole)
			copy(broken[at:], bytes.Repeat([]byte{fill}, page))
			path := filepath.Join(t.TempDir(), "vault.db")
			must(t, os.WriteFile(path, broken, 0o600))
			v, err := Open(path, testKey(t, 1))
			if err == nil {
				err = useAll(t, v)
				must(t, v.Close())
			}
			if err != nil {
				refused++
			}
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
				t.Errorf("page %d filled with %#x: %v", at/page, fill, err)
			}
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}

// useAll reads and writes a vault of filledVault and returns the errors.
func useAll(t *testing.T, v *Vault) error {
	readErr := v.View(func(tx Tx) error {
		damaged, err := tx.Scan("b", "", func(_ string, value []byte) error {
			if string(value) != "value" {
				t.Errorf("wrong value %q", value)
			}
			return nil
		})
		if damaged > 0 {
			err = ErrDamaged
		}
		return err
	})
	writeErr := v.Update(func(tx Tx) error {
		for i := range filled {
			if err := tx.Put("b", "", fmt.Sprint("k", i), []byte("value")); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(readErr, writeErr)
}

func TestForeignFile(t *testing.T) {
	files := map[string]func(path string){
		"text":    func(path string) { must(t, os.WriteFile(path, []byte("hello"), 0o644)) },
		"large":   func(path string) { must(t, os.WriteFile(path, bytes.Repeat([]byte("hello"), 1<<14), 0o644)) },
		"folder":  func(path string) { must(t, os.Mkdir(path, 0o755)) },
		"another": func(path string) { edit(t, path, func(*bbolt.Tx) error { return nil }) },
		"other header": func(path string) {
			edit(t, path, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket(headerBucket)
				must(t, err)
				return b.Put(headerName, []byte("another program"))
			})
		},
		"newer format": func(path string) {
			must(t, create(path, header{format: NewestFormat, kind: kindRaw}))
			edit(t, path, func(tx *bbolt.Tx) error {
				return tx.Bucket(headerBucket).Put(headerName, []byte(headerMagic+"\x03 and what we cannot know"))
			})
		},
	}
	for name, write := range files {
		path := filepath.Join(t.TempDir(), "vault.db")
		write(path)
		before, _ := os.ReadFile(path) // fails for the folder
		want := ErrForeign
		if name == "newer format" {
			want = ErrNewer
		}
		if _, err := Open(path, testKey(t, 1)); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: Open changed the file", name)
		}
	}
}

func TestWrongKeyLosesNothing(t *testing.T) {
	path, before := filledVault(t)
	for _, key := range []Key{testKey(t, 2), PassphraseKey(secret.New("a passphrase"))} {
		if _, err := Open(path, key); !errors.Is(err, ErrWrongKey) {
			t.Errorf("got %v", err)
		}
	}
	for _, key := range []Key{{}, PassphraseKey(secret.New(""))} {
		if _, err := Open(path, key); err == nil {
			t.Error("an empty key was accepted")
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Error("a wrong key changed the file")
	}
	if got := list(t, mustOpen(t, path), "b"); len(got) != filled {
		t.Errorf("%d records are left", len(got))
	}
}

// TestSecondProcess starts the test binary again, which finds the file locked.
func TestSecondProcess(t *testing.T) {
	const variable = "VAULT_TEST_OPEN"
	if path := os.Getenv(variable); path != "" {
		_, err := Open(path, testKey(t, 1))
		fmt.Printf("locked: %t\n", errors.Is(err, ErrLocked))
		return
	}
	v, path := newVault(t)
	second := exec.Command(os.Args[0], "-test.run=^TestSecondProcess$")
	second.Env = append(os.Environ(), variable+"="+path)
	out, err := second.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "locked: true") {
		t.Errorf("the second process says %q, %v", out, err)
	}
	if _, err := Open(path, testKey(t, 1)); !errors.Is(err, ErrLocked) {
		t.Errorf("a second Open in this process: %v", err)
	}
	put(t, v, "b", "k", "still works")
}

func TestFileTellsNothing(t *testing.T) {
	v, path := newVault(t)
	words := []string{"telegram:1234567", "proposals-bucket", "motdepasse-très-secret"}
	put(t, v, words[1], words[0], words[2])
	put(t, v, words[1], words[0], words[2]) // again, so that the file has the freed page of the first
	master := testKey(t, 1).text.Reveal()
	must(t, v.Close())
	content, err := os.ReadFile(path)
	must(t, err)
	for _, word := range append(words, master) {
		if bytes.Contains(content, []byte(word)) {
			t.Errorf("%q is in the file", word)
		}
	}
	if dump := fmt.Sprintf("%v %+v %#v", v, v, testKey(t, 1)); strings.Contains(dump, string(v.keys.root)) || strings.Contains(dump, master) {
		t.Error("a dump shows keys")
	}
}
