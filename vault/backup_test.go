package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBackupAndRestore(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an Update may wait for the Backup here: see mapSize")
	}
	v, path := newVault(t)
	put(t, v, "b", "k", "before")
	var copied bytes.Buffer
	written := make(chan error)
	during := writerFunc(func(p []byte) (int, error) {
		if copied.Len() == 0 { // in the middle of the backup, and from another goroutine
			go func() {
				written <- v.Update(func(tx Tx) error { return tx.Put("b", "", "k", []byte("after")) })
			}()
			if err := <-written; err != nil {
				return 0, err
			}
		}
		return copied.Write(p)
	})
	must(t, v.Backup(during, nil))
	if got := string(get(t, v, "b", "k")); got != "after" {
		t.Errorf("the vault has %q", got)
	}
	if err := Restore(&copied, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a vault in use: %v", err)
	}

	other := filepath.Join(t.TempDir(), "new folder", "vault.db")
	must(t, Restore(&copied, other))
	if _, err := Open(other, testKey(t, 2)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	w := expectLosses(t, mustOpen(t, other), other)
	if got := list(t, w, "b"); !maps.Equal(got, map[string]string{"k": "before"}) {
		t.Errorf("restored: %v", got)
	}
	put(t, w, "b", "k", "goes on")
	expectOnly(t, filepath.Dir(other), "vault.db")
}

// TestCopiesAreAsLargeAsTheirContent when the vault was a hundred times larger once.
func TestCopiesAreAsLargeAsTheirContent(t *testing.T) {
	v, path := newVault(t)
	must(t, v.Update(func(tx Tx) error {
		for i := range 200 {
			must(t, tx.Put("b", "g", fmt.Sprint(i), make([]byte, 50_000)))
		}
		return errors.Join(tx.Put("b", "", "empty", nil), tx.Put("c", "", "k", []byte("kept")))
	}))
	must(t, v.Update(func(tx Tx) error { return tx.DeleteGroup("b", "g") }))
	mark := func(v *Vault) error {
		return v.Update(func(tx Tx) error { return tx.Put("d", "", "mark", []byte("copy")) })
	}
	dir := t.TempDir()
	copied, relayed, restored, marked := filepath.Join(dir, "copied"), filepath.Join(dir, "relayed"), filepath.Join(dir, "restored"), filepath.Join(dir, "marked")
	must(t, v.Copy(copied, mark))
	if err := v.Copy(copied, mark); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("over a file: %v", err)
	}
	var piped, passed bytes.Buffer
	must(t, v.Backup(&piped, mark))
	must(t, Relay(&passed, bytes.NewReader(piped.Bytes())))
	must(t, os.WriteFile(relayed, passed.Bytes(), 0o600))
	must(t, Restore(bytes.NewReader(piped.Bytes()), restored))
	must(t, RestoreCopy(bytes.NewReader(piped.Bytes()), marked, testKey(t, 1), mark))
	expectOnly(t, dir, "copied", "marked", "relayed", "restored")
	expectOnly(t, filepath.Dir(path), "vault.db")
	for _, file := range []string{copied, relayed, restored, marked} {
		info, err := os.Stat(file)
		must(t, err)
		if most := int64(20 * os.Getpagesize()); info.Size() > most {
			t.Errorf("%s has %d bytes", file, info.Size())
		}
		w := expectLosses(t, mustOpen(t, file), file)
		if string(get(t, w, "c", "k")) != "kept" || string(get(t, w, "d", "mark")) != "copy" || get(t, w, "b", "empty") == nil {
			t.Errorf("%s lacks something", file)
		}
	}
	for _, size := range []int{0, 10, 5000, piped.Len() - 1} {
		if err := Relay(io.Discard, bytes.NewReader(piped.Bytes()[:size])); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "the copy is damaged or cut off") {
			t.Errorf("%d bytes relayed: %v", size, err)
		}
	}
	if err := Relay(writerFunc(func([]byte) (int, error) { return 0, fs.ErrPermission }), &piped); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a writer that fails: %v", err)
	}
}

// TestReadOnly opens a vault that cannot be written to, in a folder that cannot be, and changes nothing.
func TestReadOnly(t *testing.T) {
	v, path := newVault(t)
	put(t, v, "b", "k", "v")
	put(t, v, "b", "k", "v2") // leaves a free page
	file, free, err := v.Size()
	must(t, err)
	if _, err := OpenReadOnly(path, testKey(t, 1)); !errors.Is(err, ErrLocked) {
		t.Errorf("beside a writer: %v", err)
	}
	must(t, v.Close())
	dir := filepath.Dir(path)
	must(t, errors.Join(os.Chmod(path, 0o400), os.Chmod(dir, 0o500)))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) // so that it can be removed
	before, err := os.Stat(path)
	must(t, err)
	for range 2 { // at once
		v, err := OpenReadOnly(path, testKey(t, 1))
		must(t, err)
		defer func() { must(t, v.Close()) }()
		if got := string(get(t, v, "b", "k")); got != "v2" {
			t.Errorf("got %q", got)
		}
		if size, unused, err := v.Size(); err != nil || size != file || unused != free || unused == 0 {
			t.Errorf("%d bytes, %d free, %v; want %d, %d", size, unused, err, file, free)
		}
		if err := v.Update(func(tx Tx) error { return tx.Put("b", "", "k", nil) }); err == nil {
			t.Error("written to")
		}
		var copied bytes.Buffer
		must(t, v.Backup(&copied, func(v *Vault) error {
			return v.Update(func(tx Tx) error { return tx.Put("b", "", "mark", nil) })
		}))
		w, err := OpenCopy(&copied, dir, testKey(t, 1))
		must(t, err)
		if got := string(get(t, w, "b", "k")); got != "v2" || get(t, w, "b", "mark") == nil {
			t.Errorf("the copy has %q", got)
		}
		must(t, errors.Join(w.Close(), w.Close()))
		must(t, v.Copy(filepath.Join(t.TempDir(), "copy.db"), func(*Vault) error { return nil }))
	}
	if _, err := OpenReadOnly(path, testKey(t, 2)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := OpenReadOnly(filepath.Join(dir, "none"), testKey(t, 1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no vault: %v", err)
	}
	if after, err := os.Stat(path); err != nil || after.ModTime() != before.ModTime() || after.Mode() != before.Mode() {
		t.Errorf("the file has changed: %v", err)
	}
	expectOnly(t, dir, "vault.db")
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), draftPrefix+"*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestRestoreCopy writes to the copy before it is in its place, and leaves nothing there when that fails.
func TestRestoreCopy(t *testing.T) {
	_, whole := filledVault(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "vault.db")
	mark := func(v *Vault) error {
		return v.Update(func(tx Tx) error { return tx.Put("b", "", "mark", []byte("copy")) })
	}
	broken := errors.New("broken")
	if err := RestoreCopy(bytes.NewReader(whole), path, testKey(t, 1), func(*Vault) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a mark that fails: %v", err)
	}
	if err := RestoreCopy(bytes.NewReader(whole), path, testKey(t, 2), mark); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	expectOnly(t, dir)
	must(t, RestoreCopy(bytes.NewReader(whole), path, testKey(t, 1), mark))
	if got := string(get(t, mustOpen(t, path), "b", "mark")); got != "copy" {
		t.Errorf("the mark is %q", got)
	}
	if err := RestoreCopy(bytes.NewReader(whole), path, testKey(t, 1), mark); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a vault: %v", err)
	}
}

func TestBackupFails(t *testing.T) {
	v, _ := newVault(t)
	full := func([]byte) (int, error) { return 0, errors.New("no space left") }
	if err := v.Backup(writerFunc(full), nil); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a full disk: %v", err)
	}
	put(t, v, "b", "k", "still works")
	must(t, v.Close())
	if err := v.Backup(io.Discard, nil); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	_, whole := filledVault(t)
	broken := errors.New("broken pipe")
	for _, tt := range []struct {
		name string
		from io.Reader
		want error
	}{
		{"nothing", strings.NewReader(""), ErrDamaged},
		{"text", strings.NewReader(strings.Repeat("hello", 1<<14)), ErrForeign},
		{"cut off", bytes.NewReader(whole[:len(whole)-1]), ErrDamaged},
		{"failed reader", io.MultiReader(bytes.NewReader(whole[:5000]), iotest.ErrReader(broken)), broken},
	} {
		dir := t.TempDir()
		if err := Restore(tt.from, filepath.Join(dir, "vault.db")); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		expectOnly(t, dir)
	}
}

// TestClaim puts a copy where there are no links, and overwrites nothing there either.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	draft, path := filepath.Join(dir, "draft"), filepath.Join(dir, "copy.db")
	must(t, os.WriteFile(draft, []byte("a vault"), 0o600))
	must(t, claim(draft, path))
	expectOnly(t, dir, "copy.db")

	must(t, os.WriteFile(draft, []byte("another"), 0o600))
	if err := claim(draft, path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "a vault" {
		t.Errorf("the file has %q, %v", got, err)
	}
	must(t, os.Remove(draft))
	must(t, os.Remove(path))
	if err := claim(draft, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a draft: %v", err)
	}
	expectOnly(t, dir)
}

// expectOnly wants a folder to hold these files and no drafts.
func expectOnly(t *testing.T, dir string, names ...string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	must(t, err)
	if len(files) != len(names) {
		t.Errorf("the folder has %v", files)
	}
	for i := range min(len(files), len(names)) {
		if files[i].Name() != names[i] {
			t.Errorf("the folder has %v", files)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
