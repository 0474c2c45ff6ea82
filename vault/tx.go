package vault

import (
	"bytes"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// Tx is a transaction, valid until the function that it was passed to returns; used later it only gives
// errors. It belongs to the goroutine of that function.
//
// It is an alias on purpose. Whoever needs a store declares it with the same alias of their own, and since
// both names then mean one and the same type, *Vault has the methods that they ask for, without an adapter
// and without an import in either direction.
//
// Any strings of up to 4096 bytes will do as names, the empty one included. In a vault of format 1, the only
// group is "".
type Tx = interface {
	// Get returns the value, which is the caller's to keep and to change, and never nil if the record
	// exists; nil without an error if it does not. ErrDamaged means that this record is lost.
	Get(bucket, group, name string) ([]byte, error)

	// Put writes a value of up to 16 MiB, over the existing one (even a damaged one).
	Put(bucket, group, name string, value []byte) error

	// Delete removes a record. To delete what does not exist is no error.
	Delete(bucket, group, name string) error

	// DeleteGroup removes every record of a group, those too that are damaged.
	DeleteGroup(bucket, group string) error

	// Scan calls fn for every record of a group, in no useful order, and stops at fn's first error, which it
	// returns. It takes as long as the group is large. fn sees the group as it was when Scan was called, and may
	// write. Damaged records are left out and counted; any other error is that of the store, which has given
	// what it could.
	Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error)

	// All is Scan for all groups of a bucket: for what happens at a start or by the hour, never for a message.
	All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error)
}

type transaction struct {
	engine  *bbolt.Tx // of a View; a batch has its own
	records *bbolt.Bucket
	keys    *keyring
	ended   bool

	batch  *batch // nil: a View
	writes []write
	dirty  bool  // the batch has writes of this one
	failed error // of a write, which may have left half of itself: there must be no commit
	visits []*visit
}

// end gives up the snapshot of a View.
func (tx *transaction) end() {
	tx.ended = true
	if tx.engine != nil {
		_ = guard(tx.engine.Rollback) // nothing was written
	}
}

func (tx *transaction) Get(bucket, group, name string) ([]byte, error) {
	if err := tx.check(false, bucket, group, name, nil); err != nil {
		return nil, err
	}
	bucketID, id := tx.keys.bucketID(bucket), tx.keys.recordID(bucket, group, name)
	var sealed []byte
	err := guard(func() error {
		if b := tx.records.Bucket(bucketID); b != nil {
			sealed = bytes.Clone(b.Get(id))
		}
		return nil
	})
	if err == nil && sealed == nil {
		return nil, nil
	}
	var r record
	if err == nil {
		r, err = tx.keys.open(bucketID, id, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: get: %w", err)
	}
	return r.value, nil
}

func (tx *transaction) Put(bucket, group, name string, value []byte) error {
	if err := tx.check(true, bucket, group, name, value); err != nil {
		return err
	}
	sealed := tx.keys.seal(record{bucket, group, name, value})
	return tx.write("put", write{bucket, tx.keys.bucketID(bucket), tx.keys.recordID(bucket, group, name), sealed})
}

func (tx *transaction) Delete(bucket, group, name string) error {
	if err := tx.check(true, bucket, group, name, nil); err != nil {
		return err
	}
	return tx.write("delete", write{bucket, tx.keys.bucketID(bucket), tx.keys.recordID(bucket, group, name), nil})
}

func (tx *transaction) DeleteGroup(bucket, group string) error {
	if err := tx.check(true, bucket, group, "", nil); err != nil {
		return err
	}
	bucketID := tx.keys.bucketID(bucket)
	found, _, err := collect(tx.records, bucketID, tx.keys.groupID(bucket, group), nil, 0, true)
	if err != nil {
		return tx.failure("delete group", err)
	}
	for _, f := range found {
		if err := tx.write("delete group", write{bucket, bucketID, f.id, nil}); err != nil {
			return err
		}
	}
	return nil
}

// write makes a change in the batch, to be kept when the closure succeeds.
func (tx *transaction) write(op string, w write) error {
	for _, v := range tx.visits { // it sees the bucket as it was
		if bytes.Equal(v.bucketID, w.bucketID) {
			v.collect(0)
		}
	}
	changed := true // if the engine fails half-way
	err := guard(func() (err error) {
		changed, err = tx.batch.write(w)
		return err
	})
	tx.dirty = tx.dirty || changed
	if err != nil {
		return tx.failure(op, err)
	}
	if changed {
		tx.writes = append(tx.writes, w)
	}
	return nil
}

func (tx *transaction) failure(op string, err error) error {
	tx.failed = fmt.Errorf("vault: %s: %w", op, err)
	return tx.failed
}

func (tx *transaction) Scan(bucket, group string, fn func(name string, value []byte) error) (damaged int, err error) {
	if err := tx.check(false, bucket, group, "", nil); err != nil {
		return 0, err
	}
	return tx.visit("scan", bucket, tx.keys.groupID(bucket, group), func(r record) error {
		if r.group != group {
			return nil
		}
		return fn(r.name, r.value)
	})
}

func (tx *transaction) All(bucket string, fn func(group, name string, value []byte) error) (damaged int, err error) {
	if err := tx.check(false, bucket, "", "", nil); err != nil {
		return 0, err
	}
	return tx.visit("all", bucket, nil, func(r record) error { return fn(r.group, r.name, r.value) })
}

// visit calls fn for the records of a bucket whose names on disk have a prefix, a portion after the other.
func (tx *transaction) visit(op, bucket string, prefix []byte, fn func(record) error) (damaged int, err error) {
	v := &visit{tx: tx, bucketID: tx.keys.bucketID(bucket), prefix: prefix, more: true}
	tx.visits = append(tx.visits, v)
	defer func() { tx.visits = slices.DeleteFunc(tx.visits, func(other *visit) bool { return other == v }) }()
	for v.collect(scanPortion); len(v.found) > 0; v.collect(scanPortion) {
		found := v.found
		v.found = nil
		for _, f := range found {
			var r record
			err := guard(func() (err error) { // a record that was not copied is in the file
				r, err = tx.keys.open(v.bucketID, f.id, f.sealed)
				return err
			})
			if err != nil {
				damaged++
				continue
			}
			if err := fn(r); err != nil {
				return damaged, err
			}
		}
	}
	if v.failed != nil {
		return damaged, fmt.Errorf("vault: %s: %w", op, v.failed)
	}
	return damaged, nil
}

// scanPortion is how many records are found, and copied by who is going to write, before any is used.
const scanPortion = 64

// visit is one way through a bucket that has not ended.
type visit struct {
	tx               *transaction
	bucketID, prefix []byte
	last             []byte // of those that were found
	found            []sealedRecord
	more             bool // there may be others
	failed           error
}

// collect finds up to most more records, unless some were found that have not been used; 0 stands for all.
func (v *visit) collect(most int) {
	if most > 0 && len(v.found) > 0 || !v.more {
		return
	}
	found, more, err := collect(v.tx.records, v.bucketID, v.prefix, v.last, most, v.tx.batch != nil)
	v.found, v.more, v.failed = append(v.found, found...), more, err
	if len(found) > 0 {
		v.last = found[len(found)-1].id
	}
}

type sealedRecord struct{ id, sealed []byte }

// collect finds up to most records of a bucket, still sealed, whose names on disk have a prefix and come after one; 0
// stands for all. Who is going to write needs copies of them. Where the engine fails half-way it returns what it has.
func collect(records *bbolt.Bucket, bucketID, prefix, after []byte, most int, copies bool) (found []sealedRecord, more bool, err error) {
	err = guard(func() error {
		b := records.Bucket(bucketID)
		if b == nil {
			return nil // nothing was ever put there
		}
		c := b.Cursor()
		from := prefix
		if after != nil {
			from = after
		}
		id, sealed := c.Seek(from)
		if after != nil && bytes.Equal(id, after) {
			id, sealed = c.Next()
		}
		for ; id != nil && bytes.HasPrefix(id, prefix); id, sealed = c.Next() {
			if most > 0 && len(found) == most {
				more = true
				return nil
			}
			if after != nil && bytes.Compare(id, after) <= 0 {
				return ErrDamaged // they are in order, or it would never end
			}
			after = id
			if copies {
				id, sealed = bytes.Clone(id), bytes.Clone(sealed)
			}
			found = append(found, sealedRecord{id, sealed})
		}
		return nil
	})
	return found, more && err == nil, err
}

// check refuses what the transaction cannot do, before anything is done.
func (tx *transaction) check(write bool, bucket, group, name string, value []byte) error {
	switch {
	case tx.ended:
		return errEnded
	case write && tx.batch == nil:
		return errReadOnly
	case len(bucket) > maxName, len(group) > maxName, len(name) > maxName, len(value) > maxValue:
		return errTooLarge
	case group != "" && tx.keys.format == formatPlain:
		return errNoGroups
	}
	return nil
}
