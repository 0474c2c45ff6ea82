package core

import (
	"encoding/json"
	"errors"
	"fmt"

	"cartable/core/store"
)

// Tx and Store are what keeps the core's records.
type (
	Tx    = store.Tx
	Store = store.Store
)

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
	value, err := tx.Get(t.bucket, "", key)
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
	return tx.Put(t.bucket, "", key, value)
}

func (t table[T]) delete(tx Tx, key string) error { return tx.Delete(t.bucket, "", key) }

// each visits every record that can be read, whatever others are like; the error tells that some cannot.
func (t table[T]) each(tx Tx, fn func(key string, record T) error) error {
	var unreadable error
	damaged, err := tx.All(t.bucket, func(_, key string, value []byte) error {
		var record T
		if err := json.Unmarshal(value, &record); err != nil {
			unreadable = fmt.Errorf("core: record of %s: %w", t.bucket, err)
			return nil
		}
		return fn(key, record)
	})
	if damaged > 0 {
		unreadable = fmt.Errorf("core: %d damaged records of %s", damaged, t.bucket)
	}
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
