//go:build goolm

package matrix

import (
	"encoding/base64"
	"errors"

	"maunium.net/go/mautrix/id"
)

// longestName bounds buckets and keys in bytes. Their parts come from strangers: the specification allows names
// of users, rooms and events of up to 255 bytes, and two are joined at most.
const longestName = 512

var (
	errName = errors.New("matrix: store: a name that is too long")
	errKey  = errors.New("matrix: store: not a Curve25519 key")
)

// names is a transaction in which nothing has, or is given, a name that is too long: what somebody sends
// must not decide whether the vault can write.
type names struct{ Tx }

func (tx names) Get(bucket, key string) ([]byte, error) {
	if tooLong(bucket, key) {
		return nil, nil
	}
	return tx.Tx.Get(bucket, key)
}

func (tx names) Put(bucket, key string, value []byte) error {
	if tooLong(bucket, key) {
		return errName
	}
	return tx.Tx.Put(bucket, key, value)
}

func (tx names) Delete(bucket, key string) error {
	if tooLong(bucket, key) {
		return nil
	}
	return tx.Tx.Delete(bucket, key)
}

func (tx names) Each(bucket string, fn func(key string, value []byte) error) error {
	if tooLong(bucket) {
		return nil
	}
	return tx.Tx.Each(bucket, fn)
}

// bounded is a vault in which all transactions are like that.
type bounded struct{ Vault }

func (v bounded) View(fn func(Tx) error) error {
	return v.Vault.View(func(tx Tx) error { return fn(names{tx}) })
}

func (v bounded) Update(fn func(Tx) error) error {
	return v.Vault.Update(func(tx Tx) error { return fn(names{tx}) })
}

func tooLong(list ...string) bool {
	for _, name := range list {
		if len(name) > longestName {
			return true
		}
	}
	return false
}

// isKey tells whether that can be the identity key of a device: 32 bytes in base64 without padding.
func isKey(key id.IdentityKey) bool {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(string(key))
	return err == nil && len(raw) == 32 && len(key) == 43 // base64 skips line breaks
}
