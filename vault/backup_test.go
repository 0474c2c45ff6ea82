package vault

import (
	"bytes"
	"errors"
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
	must(t, v.Backup(during))
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
	if err := v.Backup(writerFunc(full)); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a full disk: %v", err)
	}
	put(t, v, "b", "k", "still works")
	must(t, v.Close())
	if err := v.Backup(io.Discard); !errors.Is(err, errClosed) {
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
