package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestRescue saves everything but one page, into a file that opens and can be written to.
func TestRescue(t *testing.T) {
	path, whole := filledVault(t)
	dir := t.TempDir()
	to := filepath.Join(dir, "rescued.db")
	page, saved := os.Getpagesize(), 0
	for at := 2 * page; at < len(whole); at += page {
		broken := bytes.Clone(whole)
		copy(broken[at:], bytes.Repeat([]byte{0x7f}, page))
		must(t, os.WriteFile(path, broken, 0o600))
		if v, err := Open(path, testKey(t, 1)); !errors.Is(err, ErrPages) {
			must(t, err) // a free page
			must(t, v.Close())
			continue
		}
		damaged, err := Rescue(path, to)
		if errors.Is(err, ErrDamaged) {
			expectOnly(t, dir) // the page that leads to the header
			continue
		}
		must(t, err)
		if len(damaged) == 0 || damaged[0].Page != uint64(at/page) {
			t.Errorf("page %d: damaged are %v", at/page, damaged)
		}
		if _, err := Rescue(path, to); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a file: %v", err)
		}
		v := mustOpen(t, to)
		got := list(t, v, "b")
		if losses := v.Losses(); len(got) < filled && (len(losses) != 1 || losses[0] != Loss{"b", filled, len(got)}) {
			t.Errorf("page %d: %d records, and %v", at/page, len(got), losses)
		}
		saved += len(got)
		put(t, v, "b", "k1", "value")
		must(t, v.Close())
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, broken) {
			t.Errorf("page %d: the vault was changed, %v", at/page, err)
		}
		must(t, os.Remove(to))
	}
	if saved < filled {
		t.Errorf("%d records were saved in all", saved)
	}
	expectOnly(t, filepath.Dir(path), "vault.db")
}

// TestRescueAllDespiteTheFreeList has lost nothing.
func TestRescueAllDespiteTheFreeList(t *testing.T) {
	path, whole := filledVault(t)
	m, err := readMeta(bytes.NewReader(whole), int64(len(whole)))
	must(t, err)
	binary.NativeEndian.PutUint16(whole[int64(m.freelist)*m.pageSize+8:], 0xff)
	must(t, os.WriteFile(path, whole, 0o600))
	v, damaged, err := OpenRescued(path, testKey(t, 1))
	must(t, err)
	defer func() { must(t, v.Close()) }()
	if got := list(t, v, "b"); len(got) != filled || len(v.Losses()) != 0 || len(damaged) != 1 || damaged[0].Page != m.freelist {
		t.Errorf("%d records, %v, %v", len(got), v.Losses(), damaged)
	}
	if _, _, err := OpenRescued(path, testKey(t, 2)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	expectOnly(t, filepath.Dir(path), "vault.db")
}
