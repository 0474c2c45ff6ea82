package vault

import (
	"encoding/binary"

	"go.etcd.io/bbolt"
)

// The engine has no checksums over its pages: where the first bytes of one are damaged, records may be gone as if
// they had never been. So a vault says how many records each of its buckets has, sealed, and how many buckets; each
// commit writes what it has changed of that, and Open counts.
var (
	countsBucket = []byte("counts") // at the top of the file: counts by the names on disk of their buckets
	totalName    = []byte("counts") // in headerBucket: how many counts there are
)

// Loss is a bucket that does not have as many records as it should, as Open has found it.
type Loss struct {
	Bucket string // empty also where nothing is left to tell it
	Want   int    // -1: nobody knows, for the count is lost
	Have   int    // by the names on disk; whether they can be opened is another matter
}

// unknownLoss is of a bucket of which nothing is left.
var unknownLoss = Loss{Want: -1}

// Losses tells what was missing when the vault was opened. What is left can be used. Rekey counts anew, and accepts
// the loss by that. A vault of format 1 has no counts.
func (v *Vault) Losses() []Loss { return v.losses }

// LastChangeLost tells that one of the two heads of the file was damaged when it was opened. If it was that of the last
// transaction, the vault is as it was before that one.
func (v *Vault) LastChangeLost() bool { return v.older }

// change is what a batch makes of a bucket.
type change struct {
	bucket  string
	added   int  // records, less those deleted
	fresh   bool // there was no such bucket
	thinned bool // something was deleted
}

// writeCounts brings the counts up to the changes. One that is missing or cannot be opened stays as it is, so that
// the loss is still seen at the next Open.
func writeCounts(tx *bbolt.Tx, keys *keyring, changes map[string]*change) error {
	if keys.format == formatPlain || !counted(changes) {
		return nil
	}
	counts, first := tx.Bucket(countsBucket), false
	if counts == nil {
		var err error
		if counts, err = tx.CreateBucket(countsBucket); err != nil {
			return err
		}
		first = true
	}
	more := 0
	for id, c := range changes {
		bucketID, n := []byte(id), c.added
		old := counts.Get(bucketID)
		if old != nil {
			_, had, err := keys.openCount(bucketID, old)
			if err != nil {
				continue
			}
			n += had
		}
		var err error
		switch {
		case c.added == 0, old == nil && !c.fresh:
			continue
		case n != 0:
			err = counts.Put(bucketID, keys.sealCount(bucketID, c.bucket, n))
		default:
			err = counts.Delete(bucketID)
		}
		if err != nil {
			return err
		}
		if old == nil {
			more++
		}
		if n == 0 {
			more--
		}
	}
	header := tx.Bucket(headerBucket)
	old := header.Get(totalName)
	if more == 0 || old == nil && !first {
		return nil
	}
	if old != nil {
		_, had, err := keys.openCount(nil, old)
		if err != nil {
			return nil
		}
		more += had
	}
	return header.Put(totalName, keys.sealCount(nil, "", more))
}

// counted tells whether there are more or fewer records after the changes.
func counted(changes map[string]*change) bool {
	for _, c := range changes {
		if c.added != 0 {
			return true
		}
	}
	return false
}

// recount replaces all counts.
func recount(tx *bbolt.Tx, keys *keyring, records map[string]int) error {
	if keys.format == formatPlain {
		return nil
	}
	if tx.Bucket(countsBucket) != nil {
		if err := tx.DeleteBucket(countsBucket); err != nil {
			return err
		}
	}
	if err := tx.Bucket(headerBucket).Delete(totalName); err != nil {
		return err
	}
	changes := map[string]*change{}
	for bucket, n := range records {
		changes[string(keys.bucketID(bucket))] = &change{bucket: bucket, added: n, fresh: true}
	}
	return writeCounts(tx, keys, changes)
}

// findLosses compares the counts with how many records there are by the names on disk of their buckets.
func findLosses(db *bbolt.DB, keys *keyring, have map[string]int) (found []Loss) {
	if keys.format == formatPlain {
		return nil
	}
	err := guard(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			c := counter{tx: tx, records: tx.Bucket(recordsBucket), keys: keys, have: have, seen: map[string]bool{}}
			err := c.compare()
			if err == nil {
				err = c.findUncounted()
			}
			if err == nil {
				err = c.findGone()
			}
			found = c.found
			return err
		})
	})
	if err != nil {
		found = append(found, unknownLoss)
	}
	return found
}

type counter struct {
	tx      *bbolt.Tx
	records *bbolt.Bucket
	keys    *keyring
	have    map[string]int // records

	seen  map[string]bool // the buckets that have a count, or should
	found []Loss
}

// compare goes through the counts.
func (c *counter) compare() error {
	counts := c.tx.Bucket(countsBucket)
	if counts == nil {
		return nil // nothing was ever written, or findUncounted sees it
	}
	return counts.ForEach(func(bucketID, sealed []byte) error {
		c.seen[string(bucketID)] = true
		bucket, want, err := c.keys.openCount(bucketID, sealed)
		if err != nil {
			bucket, want = c.name(bucketID), -1
		}
		if have := c.have[string(bucketID)]; have != want {
			c.found = append(c.found, Loss{bucket, want, have})
		}
		return nil
	})
}

// findUncounted finds the buckets with records that have no count.
func (c *counter) findUncounted() error {
	return c.records.ForEachBucket(func(bucketID []byte) error {
		if c.seen[string(bucketID)] {
			return nil
		}
		if have := c.have[string(bucketID)]; have > 0 {
			c.seen[string(bucketID)] = true
			c.found = append(c.found, Loss{c.name(bucketID), -1, have})
		}
		return nil
	})
}

// findGone compares the number of counts: the others see nothing of a bucket that is gone together with its count.
func (c *counter) findGone() error {
	sealed := c.tx.Bucket(headerBucket).Get(totalName)
	if sealed == nil && len(c.seen) == 0 {
		return nil // a new vault
	}
	_, total, err := c.keys.openCount(nil, sealed)
	if err != nil {
		return err
	}
	for range total - len(c.seen) {
		c.found = append(c.found, unknownLoss)
	}
	return nil
}

// name finds the name of a bucket in one of its records, "" if the first ones cannot be opened.
func (c *counter) name(bucketID []byte) (name string) {
	const tries = 100
	_ = guard(func() error { // there may be nothing to find
		bucket := c.records.Bucket(bucketID)
		if bucket == nil {
			return nil
		}
		cursor := bucket.Cursor()
		id, sealed := cursor.First()
		for range tries {
			if r, err := c.keys.open(bucketID, id, sealed); err == nil {
				name = r.bucket
				return nil
			}
			id, sealed = cursor.Next()
		}
		return nil
	})
	return name
}

// sealCount encrypts a count with the name of its bucket: those of a lost one are told by that. Its key is bound to
// the bucket, or to nothing for the number of counts.
func (k *keyring) sealCount(bucketID []byte, bucket string, n int) []byte {
	plain := binary.BigEndian.AppendUint64(appendField(nil, bucket), uint64(n))
	return k.box(plain, k.countKey(bucketID))
}

func (k *keyring) openCount(bucketID, sealed []byte) (bucket string, n int, err error) {
	plain, err := k.unbox(sealed, k.countKey(bucketID))
	if err != nil {
		return "", 0, err
	}
	name, rest, ok := cutField(plain)
	if !ok || len(rest) < 8 {
		return "", 0, ErrDamaged
	}
	return string(name), int(binary.BigEndian.Uint64(rest)), nil
}

func (k *keyring) countKey(bucketID []byte) *[32]byte {
	return (*[32]byte)(k.derive(labelCount, string(bucketID)))
}
