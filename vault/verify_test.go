package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

func TestVerify(t *testing.T) {
	v, path := newVault(t)
	must(t, v.Update(func(tx Tx) error {
		return errors.Join(tx.Put("a", "g", "1", []byte("value")), tx.Put("a", "", "2", nil), tx.Put("b", "g", "1", []byte("x")), tx.Put("b", "h", "2", nil))
	}))
	b, id := v.keys.bucketID("b"), v.keys.recordID("b", "h", "2")
	c := v.keys.bucketID("c")
	must(t, v.Update(func(tx Tx) error { return tx.Put("c", "", "all damaged", nil) }))
	must(t, v.Close())
	edit(t, path, func(tx *bbolt.Tx) error {
		records := tx.Bucket(recordsBucket)
		first, _ := records.Bucket(c).Cursor().First()
		return errors.Join(records.Bucket(b).Put(id, []byte("garbage")), records.Bucket(c).Put(bytes.Clone(first), nil))
	})
	before, err := os.ReadFile(path)
	must(t, err)
	v = mustOpen(t, path)
	var visited []string
	report, err := v.Verify(func(bucket, group, name string, value []byte) error {
		visited = append(visited, strings.Join([]string{bucket, group, name, string(value)}, "/"))
		return nil
	})
	must(t, err)
	slices.Sort(visited)
	if want := []string{"a//2/", "a/g/1/value", "b/g/1/x"}; !slices.Equal(visited, want) {
		t.Errorf("visited %q", visited)
	}
	want := []BucketReport{{"a", 2, 5, 0, false}, {"b", 1, 1, 1, false}, {"c", 0, 0, 1, false}}
	if !slices.Equal(report.Buckets, want) {
		t.Errorf("found %+v, want %+v", report.Buckets, want)
	}
	if report.File <= 0 || report.Free <= 0 || report.Free >= report.File {
		t.Errorf("%d of %d bytes are free", report.Free, report.File)
	}
	stop := errors.New("stop")
	if _, err := v.Verify(func(string, string, string, []byte) error { return stop }); err != stop {
		t.Errorf("got %v", err)
	}
	must(t, v.Close())
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Error("the file has changed")
	}
	if _, err := v.Verify(nil); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestVerifyFormat1(t *testing.T) {
	v := expectRecords(t, oldVault(t, testKey(t, 1)), testKey(t, 1), formatPlain, 0)
	report, err := v.Verify(func(bucket, group, name string, value []byte) error {
		if want := oldRecords(bucket)[name]; group != "" || string(value) != want {
			t.Errorf("%s of %s has %d bytes, want %d", name, bucket, len(value), len(want))
		}
		return nil
	})
	must(t, err)
	for i, b := range report.Buckets {
		if b.Bucket != oldBuckets[i] || b.Records != len(oldRecords(b.Bucket)) || b.Damaged != 0 || b.CutOff {
			t.Errorf("found %+v", b)
		}
	}
	if len(report.Buckets) != len(oldBuckets) {
		t.Errorf("found %d buckets", len(report.Buckets))
	}
}

// TestVerifyTakesTheMemoryOfOneRecord where the vault has thousands.
func TestVerifyTakesTheMemoryOfOneRecord(t *testing.T) {
	v, _ := newVault(t)
	value := bytes.Repeat([]byte("x"), 10_000)
	must(t, v.Update(func(tx Tx) error {
		for i := range 3000 {
			must(t, tx.Put("b", "g", fmt.Sprint(i), value))
		}
		return nil
	}))
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	most, seen := uint64(0), 0
	_, err := v.Verify(func(string, string, string, []byte) error {
		if seen++; seen%500 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
		return nil
	})
	must(t, err)
	if most > before.HeapAlloc+1<<20 {
		t.Errorf("%d bytes more were held", most-before.HeapAlloc)
	}
}
