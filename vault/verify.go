package vault

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// Report is what Verify has found.
type Report struct {
	Buckets    []BucketReport // by name
	File, Free int64          // see Size
}

// BucketReport is of one bucket that has records.
type BucketReport struct {
	Bucket  string // empty also where nothing is left to tell it
	Records int    // that can be opened
	Bytes   int64  // of their values
	Damaged int    // that cannot
	CutOff  bool   // the engine could not go on: there may be more
}

// Verify opens every record as they are at this moment, calls visit for each, and writes nothing. It takes the time
// of that and the memory of one record, while the file keeps its old pages. Damage is in the report; the error is
// visit's own, which ends it, or that of starting.
func (v *Vault) Verify(visit func(bucket, group, name string, value []byte) error) (Report, error) {
	report, err := v.verify(visit)
	if err != nil {
		return Report{}, err
	}
	if report.File, report.Free, err = v.Size(); err != nil {
		return Report{}, err
	}
	slices.SortFunc(report.Buckets, func(a, b BucketReport) int { return cmp.Compare(a.Bucket, b.Bucket) })
	return report, nil
}

func (v *Vault) verify(visit func(bucket, group, name string, value []byte) error) (report Report, err error) {
	tx, err := v.begin()
	if err != nil {
		return Report{}, fmt.Errorf("vault: verify: %w", err)
	}
	defer tx.end()
	bucketIDs, cutOff := tx.bucketIDs()
	for _, bucketID := range bucketIDs {
		found, err := tx.verifyBucket(bucketID, visit)
		if err != nil {
			return Report{}, err
		}
		if found.Records+found.Damaged > 0 || found.CutOff {
			report.Buckets = append(report.Buckets, found)
		}
	}
	if cutOff {
		report.Buckets = append(report.Buckets, BucketReport{CutOff: true})
	}
	return report, nil
}

// bucketIDs are the names on disk of the buckets, as many as can be found.
func (tx *transaction) bucketIDs() (ids [][]byte, cutOff bool) {
	err := guard(func() error {
		return tx.records.ForEachBucket(func(id []byte) error {
			ids = append(ids, bytes.Clone(id))
			return nil
		})
	})
	return ids, err != nil
}

func (tx *transaction) verifyBucket(bucketID []byte, visit func(bucket, group, name string, value []byte) error) (found BucketReport, err error) {
	found.Bucket = tx.nameByCount(bucketID)
	w := walk{records: tx.records, bucketID: bucketID}
	for {
		id, sealed, err := w.next()
		if err != nil {
			found.CutOff = true
		}
		if err != nil || id == nil {
			return found, nil
		}
		var r record
		err = guard(func() (err error) { // what is opened is in the file
			r, err = tx.keys.open(bucketID, id, sealed)
			return err
		})
		if err != nil {
			found.Damaged++
			continue
		}
		found.Bucket = r.bucket
		found.Records++
		found.Bytes += int64(len(r.value))
		if err := visit(r.bucket, r.group, r.name, r.value); err != nil {
			return found, err
		}
	}
}

// nameByCount is the name of a bucket by its count, for one of which no record can be opened.
func (tx *transaction) nameByCount(bucketID []byte) (name string) {
	_ = guard(func() error { // else there is none
		if counts := tx.engine.Bucket(countsBucket); counts != nil {
			name, _, _ = tx.keys.openCount(bucketID, counts.Get(bucketID))
		}
		return nil
	})
	return name
}

// walk goes from record to record of a bucket. The engine is left between the steps, so that what is done there may
// panic.
type walk struct {
	records  *bbolt.Bucket
	bucketID []byte
	cursor   *bbolt.Cursor
}

// next returns nil after the last record.
func (w *walk) next() (id, sealed []byte, err error) {
	err = guard(func() error {
		if w.cursor != nil {
			id, sealed = w.cursor.Next()
			return nil
		}
		w.cursor = w.records.Bucket(w.bucketID).Cursor()
		id, sealed = w.cursor.First()
		return nil
	})
	return id, sealed, err
}
