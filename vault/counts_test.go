package vault

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// TestDamagedCounts has counts that cannot be gone through, which stops nobody from writing.
func TestDamagedCounts(t *testing.T) {
	v, path := newVault(t)
	want := []Loss{unknownLoss}
	for i := range 50 { // so that the counts have pages of their own
		put(t, v, fmt.Sprintf("b%02d", i), "k", "value")
		want = append(want, Loss{fmt.Sprintf("b%02d", i), -1, 1})
	}
	at := 0
	must(t, v.db.View(func(tx *bbolt.Tx) error { at = int(tx.Bucket(countsBucket).Root()); return nil }))
	v = expectLosses(t, v, path)
	must(t, v.Close())
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte{0xff, 0xff}, int64(at*os.Getpagesize())+8)
	must(t, errors.Join(err, f.Close()))

	v = expectLosses(t, mustOpen(t, path), path, want...)
	put(t, v, "b07", "k", "another value")
	put(t, v, "b50", "k", "value")
	if got := string(get(t, v, "b07", "k")); got != "another value" {
		t.Errorf("got %q", got)
	}
	expectLosses(t, v, path, append(want, Loss{"b50", -1, 1})...)
}

// TestDamagedPageHeaders overwrites bytes of the header of one page of the engine, which has no checksum. Whatever
// opens then, and goes through its records without an error, has all of them or says what is lost.
func TestDamagedPageHeaders(t *testing.T) {
	v, path := newVault(t)
	rng := rand.New(rand.NewPCG(3, 4))
	model := map[spot]string{}
	for range 40 { // some pages of all kinds, free ones too
		must(t, v.Update(func(tx Tx) error {
			for range 40 {
				mutate(t, tx, rng, model)
			}
			for range 10 {
				at := spot{"large", fmt.Sprint("group", rng.IntN(9)), fmt.Sprint(rng.IntN(1000))}
				model[at] = "value"
				must(t, tx.Put(at.bucket, at.group, at.name, []byte("value")))
			}
			return nil
		}))
	}
	used := 0
	must(t, v.db.View(func(tx *bbolt.Tx) error { used = int(tx.Size()); return nil }))
	must(t, v.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	whole = whole[:used]
	page, refused, failed, told, harmless := os.Getpagesize(), 0, 0, 0, 0
	for range damagedFiles {
		broken := bytes.Clone(whole)
		header := broken[rng.IntN(len(whole)/page)*page:][:16]
		switch rng.IntN(3) {
		case 0: // any one byte
			header[rng.IntN(len(header))] = byte(rng.Uint32())
		case 1: // how many there are on the page
			binary.NativeEndian.PutUint16(header[10:], uint16(rng.IntN(100)))
		default: // the kind of the page, or a zero
			binary.NativeEndian.PutUint16(header[8:], []uint16{0, 1, 2, 4, 16}[rng.IntN(5)])
		}
		path := filepath.Join(t.TempDir(), "vault.db") // a new one: see openEngine
		must(t, os.WriteFile(path, broken, 0o600))
		v, err := Open(path, testKey(t, 1))
		if err != nil {
			refused++
			continue
		}
		missing, err := missingOf(v, model)
		switch {
		case len(v.Losses()) > 0:
			told++
		case err != nil:
			failed++
		case missing > 0:
			t.Errorf("%d of %d records are gone without a word: header % x", missing, len(model), header)
		default:
			harmless++
		}
		must(t, v.Close())
		must(t, os.Remove(path))
	}
	t.Logf("%d files: %d refused, %d tell of a loss, %d fail later, %d have everything", damagedFiles, refused, told, failed, harmless)
	if told == 0 || harmless == 0 {
		t.Error("the damage is not of all kinds")
	}
}

const damagedFiles = 300

// missingOf counts what cannot be found any more.
func missingOf(v *Vault, model map[spot]string) (missing int, err error) {
	err = v.View(func(tx Tx) error {
		found := map[spot]string{}
		for _, bucket := range []string{"bucket0", "bucket1", "bucket2", "large"} {
			damaged, err := tx.All(bucket, func(group, name string, value []byte) error {
				found[spot{bucket, group, name}] = string(value)
				return nil
			})
			if damaged > 0 {
				err = ErrDamaged
			}
			if err != nil {
				return err
			}
		}
		for at, value := range model {
			got, err := tx.Get(at.bucket, at.group, at.name)
			if err != nil {
				return err
			}
			if got == nil || string(got) != value || found[at] != value {
				missing++
			}
		}
		return nil
	})
	return missing, err
}

// BenchmarkOpen is of a vault with 300,000 records.
func BenchmarkOpen(b *testing.B) {
	const records = 300_000
	v, path := newVault(b)
	bucketID, sealed := v.keys.bucketID("b"), v.keys.seal(record{value: make([]byte, 100)})
	rng := rand.New(rand.NewPCG(1, 2))
	for range records / 10_000 { // as if they had been sealed one by one
		must(b, v.Update(func(tx Tx) error {
			for range 10_000 {
				id := make([]byte, groupSize+32)
				for i := 0; i < len(id); i += 8 {
					binary.NativeEndian.PutUint64(id[i:], rng.Uint64())
				}
				must(b, tx.(*transaction).write("put", write{"b", bucketID, id, sealed}))
			}
			return nil
		}))
	}
	must(b, v.Close())
	for b.Loop() {
		v, err := Open(path, testKey(b, 1))
		must(b, err)
		if losses := v.Losses(); len(losses) > 0 {
			b.Fatal(losses)
		}
		must(b, v.Close())
	}
}
