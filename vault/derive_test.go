package vault_test

import (
	"bytes"
	"testing"

	"cartable/core/secret"
	"cartable/vault"
)

func TestDerive(t *testing.T) {
	raw, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]vault.Key{"raw": raw, "passphrase": vault.PassphraseKey(secret.New("correct horse"))} {
		first, err := key.Derive("invitations")
		if err != nil {
			t.Fatal(err)
		}
		again, err := key.Derive("invitations")
		if err != nil || !bytes.Equal(first, again) || len(first) != 32 {
			t.Errorf("%s: the same label gave another key, %v", name, err)
		}
		if other, err := key.Derive("something else"); err != nil || bytes.Equal(first, other) {
			t.Errorf("%s: another label gave the same key, %v", name, err)
		}
		if bytes.Contains(first, []byte(key.Encode().Reveal())) && name == "raw" {
			t.Errorf("%s: the master key shows in a derived one", name)
		}
	}
	if _, err := (vault.Key{}).Derive("invitations"); err == nil {
		t.Error("a key with nothing in it was derived from")
	}
}
