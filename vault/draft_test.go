package vault

import (
	"bufio"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// TestNamedDraft is of file systems without files that have no name.
func TestNamedDraft(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	named := func() *draft {
		d := &draft{unlock: lockFolder(dir)}
		must(t, d.create(dir))
		must(t, os.WriteFile(d.path, []byte("content"), 0o600))
		return d
	}
	d := named()
	must(t, d.link(path))
	must(t, d.close())
	expectOnly(t, dir, "file")
	d = named()
	if err := d.link(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	must(t, d.close())
	expectOnly(t, dir, "file")
	d = named()
	must(t, errors.Join(d.giveName(dir), os.Rename(d.name, path), d.close()))
	expectOnly(t, dir, "file")
	if info, err := os.Stat(path); err != nil || exposed(info) {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

// TestSweep removes what was left behind, and nothing else.
func TestSweep(t *testing.T) {
	v, path := newVault(t)
	must(t, v.Close())
	dir := filepath.Dir(path)
	others := []string{".vault-123", ".vault-draft-", ".vault-draft-1.db", ".vault-draft-new", ".vault-token", "vault-draft-1", "vault.db"}
	left := []string{".vault-draft-1", ".vault-draft-18446744073709551615"}
	for _, name := range slices.Concat(others[:6], left) {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	must(t, os.Mkdir(filepath.Join(dir, ".vault-draft-2"), 0o700))
	unlock := lockFolder(dir)
	must(t, mustOpen(t, path).Close())
	if _, err := os.Stat(filepath.Join(dir, left[0])); err != nil {
		t.Errorf("a draft that is being written: %v", err)
	}
	unlock()
	long := time.Now().Add(-2 * staleDraft) // for systems without locks of folders
	for _, name := range left {
		must(t, os.Chtimes(filepath.Join(dir, name), long, long))
	}
	must(t, mustOpen(t, path).Close())
	expectOnly(t, dir, slices.Insert(others, 3, ".vault-draft-2")...)
}

const killedVariable = "VAULT_TEST_KILLED"

// TestKilled kills processes that write keys and copies, at any time: all that is left are files that were meant to be
// there, and the vault opens.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(killedVariable); dir != "" {
		writeUntilKilled(t, dir)
	}
	if runtime.GOOS == "windows" {
		t.Skip("the age of drafts decides here")
	}
	k := newKeyFile(t)
	must(t, k.v.Close())
	dir := filepath.Dir(k.path)
	meant := []string{"vault.db", "vault.key", "vault.key.new", "vault.key.old", "copy.db", "restored.db"}
	for range 20 {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), killedVariable+"="+dir)
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		_, err = bufio.NewReader(out).ReadString('\n')
		time.Sleep(rand.N(60 * time.Millisecond)) // whatever it is doing then
		must(t, errors.Join(err, child.Process.Kill()))
		_ = child.Wait() // was killed
		k.reopen()
		must(t, k.v.Close())
		files, err := os.ReadDir(dir)
		must(t, err)
		for _, file := range files {
			if !slices.Contains(meant, file.Name()) {
				t.Errorf("%s is left", file.Name())
			}
		}
	}
}

// writeUntilKilled changes the key, copies the vault, and restores the copy, again and again.
func writeUntilKilled(t *testing.T, dir string) {
	path, keyPath, copied, restored := filepath.Join(dir, "vault.db"), filepath.Join(dir, "vault.key"), filepath.Join(dir, "copy.db"), filepath.Join(dir, "restored.db")
	os.Stdout.WriteString("ready\n")
	for {
		for _, name := range []string{keyPath + oldSuffix, copied, restored} {
			_ = os.Remove(name) // may not be there
		}
		key, _, err := LoadOrCreateKeyFile(keyPath, path)
		must(t, err)
		v, _, err := OpenByKeyFile(path, keyPath, key, func(error) {})
		must(t, err)
		must(t, v.RekeyFile(keyPath))
		f, err := os.OpenFile(copied, os.O_CREATE|os.O_RDWR, 0o600)
		must(t, err)
		must(t, v.Backup(f, nil))
		_, err = f.Seek(0, 0)
		must(t, errors.Join(err, Restore(f, restored), f.Close(), v.Close()))
	}
}

// TestDraftsHaveNoName while they are written, where the system can.
func TestDraftsHaveNoName(t *testing.T) {
	dir := t.TempDir()
	if file, _ := openUnnamed(dir); file == nil {
		t.Skip("this file system has none")
	} else {
		must(t, file.Close())
	}
	write := func(draft string) error {
		expectOnly(t, dir)
		return os.WriteFile(draft, []byte("content"), 0)
	}
	must(t, install(filepath.Join(dir, "file"), write))
	expectOnly(t, dir, "file")
	must(t, os.Remove(filepath.Join(dir, "file")))
	must(t, replace(filepath.Join(dir, "file"), write, os.Rename))
	if content, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(content) != "content" {
		t.Errorf("got %q, %v", content, err)
	}
	expectOnly(t, dir, "file")
}
