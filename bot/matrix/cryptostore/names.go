//go:build goolm

package cryptostore

import (
	"encoding/base64"
	"errors"

	"cartable/core/store"

	"maunium.net/go/mautrix/id"
)

// longestName bounds buckets and keys in bytes. Their parts come from strangers: the specification allows names
// of users, rooms and events of up to 255 bytes, and two are joined at most.
const longestName = 512

var (
	// ErrName says that a name is too long to be kept. No record has it.
	ErrName = errors.New("matrix: store: a name that is too long")
	errKey  = errors.New("matrix: store: not a Curve25519 key")
)

// names is a transaction in which nothing has, or is given, a name that is too long: what somebody sends
// must not decide whether the vault can write.
type names struct{ store.Tx }

func (tx names) Get(bucket, group, name string) ([]byte, error) {
	if tooLong(bucket, group, name) {
		return nil, nil
	}
	return tx.Tx.Get(bucket, group, name)
}

func (tx names) Put(bucket, group, name string, value []byte) error {
	if tooLong(bucket, group, name) {
		return ErrName
	}
	return tx.Tx.Put(bucket, group, name, value)
}

func (tx names) Delete(bucket, group, name string) error {
	if tooLong(bucket, group, name) {
		return nil
	}
	return tx.Tx.Delete(bucket, group, name)
}

func (tx names) DeleteGroup(bucket, group string) error {
	if tooLong(bucket, group) {
		return nil
	}
	return tx.Tx.DeleteGroup(bucket, group)
}

func (tx names) Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error) {
	if tooLong(bucket, group) {
		return 0, nil
	}
	return tx.Tx.Scan(bucket, group, fn)
}

// Bounded is a vault in which all transactions are like that, for records of the adapter that have such names too.
func Bounded(v store.Store) store.Store { return bounded{v} }

type bounded struct{ store.Store }

func (v bounded) View(fn func(store.Tx) error) error {
	return v.Store.View(func(tx store.Tx) error { return fn(names{tx}) })
}

func (v bounded) Update(fn func(store.Tx) error) error {
	return v.Store.Update(func(tx store.Tx) error { return fn(names{tx}) })
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
