package telegram

import (
	"os"
	"path/filepath"
	"testing"

	"cartable/vault"
)

// TestAnOldVaultIsRead opens what version 0.1 wrote, converted. Its README says what is in it.
func TestAnOldVaultIsRead(t *testing.T) {
	const folder = "../../core/testdata/vaults/"
	read := func(name string) []byte {
		content, err := os.ReadFile(folder + name)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	key, err := vault.ParseKey(string(read("0.1.key")))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vault.db")
	if err := os.WriteFile(path, read("0.1.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Convert(path, key, path+".old", func(*vault.Vault) error { return nil }); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(path, key)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	b, err := openInbox(v, "110201543")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := b.load()
	if err != nil || len(rows) != 2 || b.waiting != 2 {
		t.Errorf("%d updates wait, %v", len(rows), err)
	}
	for id, known := range map[int64]bool{700: true, 702: true, 703: false} {
		if b.known(id) != known {
			t.Errorf("update %d known: %t", id, !known)
		}
	}
	if kept, err := b.record("webhook secret"); err != nil || len(kept) == 0 {
		t.Errorf("the webhook's secret: %d bytes, %v", len(kept), err)
	}
}
