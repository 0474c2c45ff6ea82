package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/store"
	"cartable/vault"
)

// vaultOf makes a vault that has had a number of steps, and returns its folder.
func vaultOf(t *testing.T, steps int) (data string) {
	t.Helper()
	data = t.TempDir()
	v, _, err := config{data: data}.openVault(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	nothing := store.Step{Do: func(store.Tx) error { return nil }}
	var list []store.Step
	for range steps {
		list = append(list, nothing)
	}
	if err := store.Migrate(v, "core", list); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestANewerVaultIsRefusedAndLeftAlone(t *testing.T) {
	data := vaultOf(t, len(core.Steps())+1)
	before, err := os.ReadFile(filepath.Join(data, "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	err = run(t.Context(), []string{"chat"}, append(elsewhere, "CARTABLE_DATA="+data), strings.NewReader("/aide\n"), &out, &log)
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("got %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(data, "vault.db")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed, %v", err)
	}
}

func TestOldCopiesGoAfterThirtyDays(t *testing.T) {
	c := config{data: t.TempDir()}
	log := slog.New(slog.DiscardHandler)
	old, kept, other := c.oldVaultPath(), filepath.Join(c.data, "vault-before-2.db"), filepath.Join(c.data, "backup.db")
	mine := filepath.Join(c.data, "vault-before-holidays.db")
	now := time.Now()
	for file, age := range map[string]time.Duration{old: copyLife, kept: copyLife - time.Hour, other: 10 * copyLife, mine: 10 * copyLife} {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.dropOldCopies(now, log); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{old: false, kept: true, other: true, mine: true} {
		if _, err := os.Stat(file); (err == nil) != want {
			t.Errorf("%s: there %t, want %t", filepath.Base(file), err == nil, want)
		}
	}
}

func TestACopyIsKeptBeforeAStep(t *testing.T) {
	c := config{data: vaultOf(t, len(core.Steps()))}
	log := slog.New(slog.DiscardHandler)
	v, key, err := c.openVault(log)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	kept := filepath.Join(c.data, "vault-before-2.db")
	if err := c.keepOlder(v, log); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err == nil {
		t.Error("a vault that nothing changes was copied")
	}
	if err := os.WriteFile(kept, []byte("half of a copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // each writes it anew
		if err := c.keepBefore(v, 2, log); err != nil {
			t.Fatal(err)
		}
	}
	twin, err := vault.Open(kept, key)
	if err != nil {
		t.Fatal(err)
	}
	defer twin.Close()
	if err := twin.View(func(tx vault.Tx) error {
		mark, err := tx.Get("matrix", "", "copied")
		if mark == nil {
			t.Error("the copy is not marked as one")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
