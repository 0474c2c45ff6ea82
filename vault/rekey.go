package vault

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// Rekey seals everything again for another key, in one transaction: when it fails or the process dies, the
// old key still opens the vault, and all of it. It waits for its turn like an Update, may take about a
// second for scrypt, and keeps new transactions waiting while it writes to disk. It must not be called
// from within a transaction.
//
// A record that cannot be read cannot be sealed again, and Rekey would lose it: it refuses with ErrDamaged
// instead. What the old key had sealed stays in the unused parts of the file until they are used again.
func (v *Vault) Rekey(key Key) error {
	if err := v.rekey(key); err != nil {
		return fmt.Errorf("vault: rekey: %w", err)
	}
	return nil
}

func (v *Vault) rekey(key Key) error {
	if err := key.check(); err != nil {
		return err
	}
	h, fresh, err := newHeader(key, byte(v.Format()))
	if err != nil {
		return err
	}
	v.line.enter(true)
	defer v.line.leave()
	b := v.newBatch()
	if err := b.ready(); err != nil {
		return err
	}
	defer b.rollback()
	err = guard(func() error {
		count, err := reseal(b.records, v.keys, fresh)
		if err != nil {
			return err
		}
		if err := recount(b.engine, fresh, count); err != nil {
			return err
		}
		return b.engine.Bucket(headerBucket).Put(headerName, h.encode())
	})
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := guard(b.engine.Commit); err != nil {
		return err
	}
	v.keys = fresh
	return nil
}

// reseal moves every bucket to its new name with its records sealed by fresh, and counts them.
func reseal(records *bbolt.Bucket, old, fresh *keyring) (count map[string]int, err error) {
	var buckets [][]byte // all of them before the first change
	err = records.ForEachBucket(func(id []byte) error {
		buckets = append(buckets, append([]byte(nil), id...))
		return nil
	})
	if err != nil {
		return nil, err
	}
	count = map[string]int{}
	for _, id := range buckets {
		if err := resealBucket(records, id, old, fresh, count); err != nil {
			return nil, err
		}
	}
	return count, nil
}

func resealBucket(records *bbolt.Bucket, bucketID []byte, old, fresh *keyring, count map[string]int) error {
	found, _, err := collect(records, bucketID, nil, nil, 0, true)
	if err != nil {
		return err
	}
	if err := records.DeleteBucket(bucketID); err != nil {
		return err
	}
	for _, f := range found {
		r, err := old.open(bucketID, f.id, f.sealed)
		if err != nil {
			return err
		}
		b, err := records.CreateBucketIfNotExists(fresh.bucketID(r.bucket))
		if err != nil {
			return err
		}
		if err := b.Put(fresh.recordID(r.bucket, r.group, r.name), fresh.seal(r)); err != nil {
			return err
		}
		count[r.bucket]++
	}
	return nil
}
