package vault

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
)

// expectLosses opens a vault again and wants these, in any order.
func expectLosses(t *testing.T, v *Vault, path string, want ...Loss) *Vault {
	t.Helper()
	must(t, v.Close())
	v = mustOpen(t, path)
	got := slices.SortedFunc(slices.Values(v.Losses()), func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Want, b.Want))
	})
	if !slices.Equal(got, want) {
		t.Errorf("losses: %+v, want %+v", got, want)
	}
	return v
}

func TestLosses(t *testing.T) {
	counts := func(tx *bbolt.Tx) *bbolt.Bucket { return tx.Bucket(countsBucket) }
	for what, tt := range map[string]struct {
		harm func(tx *bbolt.Tx, keys *keyring) error
		want []Loss
	}{
		"none": {func(*bbolt.Tx, *keyring) error { return nil }, nil},
		"a record": {func(tx *bbolt.Tx, keys *keyring) error {
			b, id, _ := sealedAt(tx, keys, "b", "k1")
			return b.Delete(id)
		}, []Loss{{"b", 3, 2}}},
		"a record too many": {func(tx *bbolt.Tx, keys *keyring) error {
			b, _, sealed := sealedAt(tx, keys, "b", "k1")
			return b.Put([]byte("another"), sealed)
		}, []Loss{{"b", 3, 4}}},
		"a bucket": {func(tx *bbolt.Tx, keys *keyring) error {
			return tx.Bucket(recordsBucket).DeleteBucket(keys.bucketID("b"))
		}, []Loss{{"b", 3, 0}}},
		"a count": {func(tx *bbolt.Tx, keys *keyring) error { return counts(tx).Delete(keys.bucketID("b")) }, []Loss{{"b", -1, 3}}},
		"a count overwritten": {func(tx *bbolt.Tx, keys *keyring) error {
			return counts(tx).Put(keys.bucketID("b"), bytes.Repeat([]byte{2}, minSealed))
		}, []Loss{{"b", -1, 3}}},
		"a count of another bucket": {func(tx *bbolt.Tx, keys *keyring) error {
			return counts(tx).Put(keys.bucketID("b"), bytes.Clone(counts(tx).Get(keys.bucketID("c"))))
		}, []Loss{{"b", -1, 3}}},
		"a bucket with its count": {func(tx *bbolt.Tx, keys *keyring) error {
			return errors.Join(counts(tx).Delete(keys.bucketID("b")), tx.Bucket(recordsBucket).DeleteBucket(keys.bucketID("b")))
		}, []Loss{{"", -1, 0}}},
		"a bucket, and its count is overwritten": {func(tx *bbolt.Tx, keys *keyring) error {
			return errors.Join(counts(tx).Put(keys.bucketID("b"), nil), tx.Bucket(recordsBucket).DeleteBucket(keys.bucketID("b")))
		}, []Loss{{"", -1, 0}}},
		"all counts": {func(tx *bbolt.Tx, _ *keyring) error { return tx.DeleteBucket(countsBucket) }, []Loss{{"b", -1, 3}, {"c", -1, 1}}},
		"all records": {func(tx *bbolt.Tx, _ *keyring) error {
			err := tx.DeleteBucket(recordsBucket)
			_, again := tx.CreateBucket(recordsBucket)
			return errors.Join(err, again)
		}, []Loss{{"b", 3, 0}, {"c", 1, 0}}},
		"the total": {func(tx *bbolt.Tx, _ *keyring) error { return tx.Bucket(headerBucket).Delete(totalName) }, []Loss{{"", -1, 0}}},
		"a total of a bucket": {func(tx *bbolt.Tx, keys *keyring) error {
			return tx.Bucket(headerBucket).Put(totalName, bytes.Clone(counts(tx).Get(keys.bucketID("c"))))
		}, []Loss{{"", -1, 0}}},
	} {
		t.Run(what, func(t *testing.T) {
			v := damagedVault(t, tt.harm)
			path := v.db.Path()
			v = expectLosses(t, v, path, tt.want...)
			put(t, v, "b", "another", "value") // none of what is done afterwards hides it
			put(t, v, "d", "k", "value")
			must(t, v.Update(func(tx Tx) error {
				return errors.Join(tx.Delete("b", "", "another"), tx.Delete("d", "", "k"))
			}))
			v = expectLosses(t, v, path, tt.want...)
			if what == "a record too many" {
				return // which cannot be opened
			}
			must(t, v.Rekey(testKey(t, 1)))
			expectLosses(t, v, path)
		})
	}
}
