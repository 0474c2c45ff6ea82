package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// labelDerived is for keys that Derive makes; see seal.go for the vault's own.
const labelDerived = "cartable/vault/v1/derived"

// derivedSalt stands in for the salt of a vault where a passphrase has to give the same key without one: it
// is fixed, so that two operators with one passphrase would share derived keys.
var derivedSalt = []byte(labelDerived + "/salt")

// Derive makes a key of 32 bytes for another purpose, named by label, from the master key. It needs no vault,
// so that it also works while another process has the vault open; a passphrase takes scrypt's time.
func (k Key) Derive(label string) ([]byte, error) {
	if err := k.check(); err != nil {
		return nil, fmt.Errorf("vault: derive: %w", err)
	}
	master, err := k.master(derivedSalt, k.cost)
	if err != nil {
		return nil, fmt.Errorf("vault: derive: %w", err)
	}
	key, err := hkdf.Key(sha256.New, master, nil, string(join(labelDerived, label)), sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("vault: derive: %w", err)
	}
	return key, nil
}
