package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// labelDerived is for keys that Derive makes; see seal.go for the vault's own.
const labelDerived = "cartable/vault/v1/derived"

// fixedSalt stands in where there is no salt: two operators with one passphrase would share derived keys, and whoever
// has something made with one can try passphrases on it. It is only for what was made before there were salts.
var fixedSalt = []byte(labelDerived + "/salt")

// Derive makes a key of 32 bytes for another purpose, named by label, from the master key and a salt, which may be nil
// for what was made before there were salts. It needs no vault, so that it also works while another process has the
// vault open; a passphrase takes scrypt's time.
func (k Key) Derive(label string, salt []byte) ([]byte, error) {
	if err := k.check(); err != nil {
		return nil, fmt.Errorf("vault: derive: %w", err)
	}
	costly := salt
	if salt == nil {
		costly = fixedSalt
	}
	master, err := k.master(costly, k.cost)
	if err != nil {
		return nil, fmt.Errorf("vault: derive: %w", err)
	}
	key, err := hkdf.Key(sha256.New, master, salt, string(join(labelDerived, label)), sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("vault: derive: %w", err)
	}
	return key, nil
}
