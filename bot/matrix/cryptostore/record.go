//go:build goolm

package cryptostore

import (
	"encoding/json"
	"errors"
	"fmt"

	"cartable/core/store"
)

// Records here, and those of the adapter beside them, are JSON in the group "". They have no versions: the library
// defines most of them.

// Get reads a record; nil when there is none. For one that cannot be read, store.Unreadable knows the error.
func Get[T any](tx store.Tx, bucket, key string) (*T, error) {
	value, err := tx.Get(bucket, "", key)
	if err != nil || value == nil {
		return nil, err
	}
	return Decode[T](value)
}

// Find is Get for a record that comes again, or whose absence gives nobody more than it: one that cannot be read is
// none, and is written over some day.
func Find[T any](tx store.Tx, bucket, key string) (*T, error) {
	record, err := Get[T](tx, bucket, key)
	if store.Unreadable(err) {
		return nil, nil
	}
	return record, err
}

// Decode reads a record. What is in one that cannot be read stays out of the error.
func Decode[T any](value []byte) (*T, error) {
	record := new(T)
	if json.Unmarshal(value, record) != nil {
		return nil, store.ErrUnreadable
	}
	return record, nil
}

// Put writes a record unless it is there already: most of what servers say is known, and a transaction
// without writes does not wait for the disk.
func Put(tx store.Tx, bucket, key string, record any) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("matrix: record of %s: %w", bucket, err)
	}
	if old, err := tx.Get(bucket, "", key); err == nil && string(old) == string(value) {
		return nil
	}
	return tx.Put(bucket, "", key, value)
}

// Each calls fn for the records of a bucket that can be read, and tells how many cannot.
func Each[T any](tx store.Tx, bucket string, fn func(key string, record *T) error) (lost int, err error) {
	damaged, err := tx.Scan(bucket, "", func(key string, value []byte) error {
		record, err := Decode[T](value)
		if err != nil {
			lost++
			return nil
		}
		return fn(key, record)
	})
	return lost + damaged, err
}

// drop deletes the records of a bucket that match. Damaged ones stay: their names are lost.
func drop(tx store.Tx, bucket string, match func(key string, value []byte) bool) (keys []string, err error) {
	_, err = tx.Scan(bucket, "", func(key string, value []byte) error {
		if !match(key, value) {
			return nil
		}
		keys = append(keys, key)
		return tx.Delete(bucket, "", key)
	})
	return keys, err
}

// dropAll deletes the records of a bucket, damaged ones too, and returns the names of the others.
func dropAll(tx store.Tx, bucket string) (keys []string, err error) {
	_, err = tx.Scan(bucket, "", func(key string, _ []byte) error {
		keys = append(keys, key)
		return nil
	})
	return keys, errors.Join(err, tx.DeleteGroup(bucket, ""))
}
