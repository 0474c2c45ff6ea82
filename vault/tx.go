package vault

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// Tx is a transaction, valid until the function that it was passed to returns; used later it only gives
// errors. It belongs to the goroutine of that function.
//
// It is an alias on purpose. core declares the store that it needs with the same alias of its own, and
// since both names then mean one and the same type, *Vault has the methods that core asks for, without an
// adapter and without an import in either direction.
//
// Any strings of up to 4096 bytes will do as names, the empty one included.
type Tx = interface {
	// Get returns the value, which is the caller's to keep and to change, and never nil if the record
	// exists; nil without an error if it does not. ErrDamaged means that this record is lost.
	Get(bucket, key string) ([]byte, error)

	// Put writes a value of up to 16 MiB, over the existing one (even a damaged one).
	Put(bucket, key string, value []byte) error

	// Delete removes a record. To delete what does not exist is no error.
	Delete(bucket, key string) error

	// Each calls fn for every record of the bucket, in no useful order, and stops at fn's first error.
	// fn sees the bucket as it was when Each was called. Damaged records are left out; when all others
	// have been visited, Each reports them with ErrDamaged.
	Each(bucket string, fn func(key string, value []byte) error) error
}

type transaction struct {
	engine   *bbolt.Tx
	records  *bbolt.Bucket
	keys     *keyring
	writable bool
	dirty    bool  // there is something to commit
	failed   error // of a write, which may have left half of itself: there must be no commit
	ended    bool
}

// end gives up what has not been committed.
func (tx *transaction) end() {
	tx.ended = true
	if tx.engine != nil {
		_ = guard(tx.engine.Rollback) // fails after a commit, which is as well
	}
}

func (tx *transaction) Get(bucket, key string) ([]byte, error) {
	if err := tx.check(false, bucket, key, nil); err != nil {
		return nil, err
	}
	bucketID, id := tx.keys.bucketID(bucket), tx.keys.recordID(bucket, key)
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

func (tx *transaction) Put(bucket, key string, value []byte) error {
	if err := tx.check(true, bucket, key, value); err != nil {
		return err
	}
	sealed := tx.keys.seal(record{bucket, key, value})
	tx.dirty = true
	err := guard(func() error {
		b, err := tx.records.CreateBucketIfNotExists(tx.keys.bucketID(bucket))
		if err != nil {
			return err
		}
		return b.Put(tx.keys.recordID(bucket, key), sealed)
	})
	return tx.wrote("put", err)
}

func (tx *transaction) Delete(bucket, key string) error {
	if err := tx.check(true, bucket, key, nil); err != nil {
		return err
	}
	err := guard(func() error {
		b := tx.records.Bucket(tx.keys.bucketID(bucket))
		if b == nil {
			return nil
		}
		tx.dirty = true
		if err := b.Delete(tx.keys.recordID(bucket, key)); err != nil {
			return err
		}
		if first, _ := b.Cursor().First(); first != nil {
			return nil
		}
		return tx.records.DeleteBucket(tx.keys.bucketID(bucket)) // callers may name buckets after what comes and goes
	})
	return tx.wrote("delete", err)
}

// wrote notes how a write to the engine ended.
func (tx *transaction) wrote(op string, err error) error {
	if err != nil {
		err = fmt.Errorf("vault: %s: %w", op, err)
		tx.failed = err
	}
	return err
}

func (tx *transaction) Each(bucket string, fn func(key string, value []byte) error) error {
	if err := tx.check(false, bucket, "", nil); err != nil {
		return err
	}
	bucketID := tx.keys.bucketID(bucket)
	found, err := collect(tx.records, bucketID)
	damaged := 0
	for _, f := range found {
		r, err := tx.keys.open(bucketID, f.id, f.sealed)
		if err != nil {
			damaged++
			continue
		}
		if err := fn(r.name, r.value); err != nil {
			return err
		}
	}
	if damaged > 0 {
		err = ErrDamaged
	}
	if err != nil {
		return fmt.Errorf("vault: each: %d of %d records cannot be read: %w", damaged, len(found), err)
	}
	return nil
}

type sealedRecord struct{ id, sealed []byte }

// collect copies the records of a bucket, still sealed, so that the caller is free to write. Where the
// engine fails half-way it returns what it has.
func collect(records *bbolt.Bucket, bucketID []byte) (found []sealedRecord, err error) {
	err = guard(func() error {
		b := records.Bucket(bucketID)
		if b == nil {
			return nil // nothing was ever put there
		}
		return b.ForEach(func(id, sealed []byte) error {
			found = append(found, sealedRecord{bytes.Clone(id), bytes.Clone(sealed)})
			return nil
		})
	})
	return found, err
}

// check refuses what the transaction cannot do, before anything is done.
func (tx *transaction) check(write bool, bucket, key string, value []byte) error {
	switch {
	case tx.ended:
		return errEnded
	case write && !tx.writable:
		return errReadOnly
	case len(bucket) > maxName, len(key) > maxName, len(value) > maxValue:
		return errTooLarge
	}
	return nil
}
