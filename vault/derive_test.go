package vault_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"cartable/core/secret"
	"cartable/vault"
)

func TestDerive(t *testing.T) {
	raw, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	salt := bytes.Repeat([]byte{7}, vault.SaltSize)
	for name, key := range map[string]vault.Key{"raw": raw, "passphrase": vault.PassphraseKey(secret.New("correct horse"))} {
		first, err := key.Derive("invitations", salt)
		if err != nil {
			t.Fatal(err)
		}
		again, err := key.Derive("invitations", salt)
		if err != nil || !bytes.Equal(first, again) || len(first) != 32 {
			t.Errorf("%s: the same label gave another key, %v", name, err)
		}
		if other, err := key.Derive("something else", salt); err != nil || bytes.Equal(first, other) {
			t.Errorf("%s: another label gave the same key, %v", name, err)
		}
		for other, salt := range map[string][]byte{"another salt": bytes.Repeat([]byte{8}, vault.SaltSize), "no salt": nil} {
			if derived, err := key.Derive("invitations", salt); err != nil || bytes.Equal(first, derived) {
				t.Errorf("%s: %s gave the same key, %v", name, other, err)
			}
		}
		if bytes.Contains(first, []byte(key.Encode().Reveal())) && name == "raw" {
			t.Errorf("%s: the master key shows in a derived one", name)
		}
	}
	if _, err := (vault.Key{}).Derive("invitations", salt); err == nil {
		t.Error("a key with nothing in it was derived from")
	}
}

// TestDeriveWithoutASalt gives what it gave before there were salts: codes that were handed out stay good.
func TestDeriveWithoutASalt(t *testing.T) {
	raw, err := vault.ParseKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	if err != nil {
		t.Fatal(err)
	}
	for want, key := range map[string]vault.Key{
		"f379683742360a2da06cb622d4d65f921720bc9c26494f05aa601b24f52b56ec": raw, "bfd8656288b9d2857e70daa7afcda0ba7bb3c71ede50b019f35db16dee7b5032": vault.PassphraseKey(secret.New("correct horse")),
	} {
		if got, err := key.Derive("invitations", nil); err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%x, %v, want %s", got, err, want)
		}
	}
}
