package core

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Tx is one transaction of a Store. It is an alias of an unnamed type, so that a store package can
// declare the same one and fit without importing the core. A Tx is dead once its closure has returned.
type Tx = interface {
	// Get returns nil when there is no such record. The slice is the caller's.
	Get(bucket, key string) ([]byte, error)
	Put(bucket, key string, value []byte) error
	// Delete is no error when there is no such record.
	Delete(bucket, key string) error
	// Each visits the records of a bucket in any order. fn must not change the bucket.
	Each(bucket string, fn func(key string, value []byte) error) error
}

// Store keeps the core's records, sealed and durable. Both methods block on the disk; an Update has
// reached it when it returns nil, and has changed nothing when it returns an error.
type Store interface {
	View(fn func(Tx) error) error
	Update(fn func(Tx) error) error
}

// table is a bucket of records of one type, kept as JSON. The records hold secrets as secret.Stored:
// the store seals what it is given.
type table[T any] struct{ bucket string }

// The core's records, each beside the type it keeps.
var (
	links           = table[link]{"links"}                      // by link ID
	settings        = table[chatSettings]{"chats"}              // by chatKey
	showings        = table[showing]{"showings"}                // by showing.key
	admissions      = table[admission]{"admissions"}            // by personKey
	usedInvitations = table[usedInvitation]{"used_invitations"} // by the invitation's identifier
	choices         = table[choice]{"choices"}                  // by choice ID
	proposals       = table[proposal]{"proposals"}              // by proposal ID
	snapshots       = table[snapshot]{"snapshots"}              // by snapshotKey
	gates           = table[gate]{"gates"}                      // by gateKey
)

// get tells in its second result whether there is such a record.
func (t table[T]) get(tx Tx, key string) (T, bool, error) {
	var record T
	value, err := tx.Get(t.bucket, key)
	if err != nil || value == nil {
		return record, false, err
	}
	if err := json.Unmarshal(value, &record); err != nil {
		return record, false, fmt.Errorf("core: record of %s: %w", t.bucket, err)
	}
	return record, true, nil
}

func (t table[T]) put(tx Tx, key string, record T) error {
	value, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("core: record of %s: %w", t.bucket, err)
	}
	return tx.Put(t.bucket, key, value)
}

func (t table[T]) delete(tx Tx, key string) error { return tx.Delete(t.bucket, key) }

// each visits every record that can be read, whatever others are like; the error tells that some cannot.
func (t table[T]) each(tx Tx, fn func(key string, record T) error) error {
	var unreadable error
	err := tx.Each(t.bucket, func(key string, value []byte) error {
		var record T
		if err := json.Unmarshal(value, &record); err != nil {
			unreadable = fmt.Errorf("core: record of %s: %w", t.bucket, err)
			return nil
		}
		return fn(key, record)
	})
	return errors.Join(err, unreadable)
}

// deleteWhere removes the records that match.
func (t table[T]) deleteWhere(tx Tx, match func(T) bool) error {
	var doomed []string
	err := t.each(tx, func(key string, record T) error {
		if match(record) {
			doomed = append(doomed, key)
		}
		return nil
	})
	for _, key := range doomed {
		if err == nil {
			err = t.delete(tx, key)
		}
	}
	return err
}
