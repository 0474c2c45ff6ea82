package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"
)

var (
	// ErrUnreadable is a record that cannot be understood: damaged, garbage, of another type, or newer than this
	// program. It concerns that record alone, which can be written over and deleted.
	ErrUnreadable = errors.New("store: a record cannot be read")

	// ErrNewer says that a newer version of the program wrote a record, or the whole vault.
	ErrNewer = errors.New("store: a newer version of this program wrote it; run that one")
)

// Unreadable tells whether an error of a Tx or a Table is of one record, and not of the store: what it is about may be
// written over, deleted or left out.
func Unreadable(err error) bool {
	lost, ok := errors.AsType[interface {
		error
		Unreadable() bool
	}](err)
	return ok && lost.Unreadable() || errors.Is(err, ErrUnreadable)
}

// Legible is for what Table.Get returns where a record that cannot be read is as good as none.
func Legible[T any](record T, found bool, err error) (T, bool, error) {
	if Unreadable(err) {
		var none T
		return none, false, nil
	}
	return record, found, err
}

// Upgrade turns the JSON object of a record of one version into that of the next. It gets nothing that is not an
// object, and its own result is checked. It must not keep or change old.
type Upgrade func(old json.RawMessage) (json.RawMessage, error)

// Table is a bucket of records of one type, which JSON writes as an object. A record holds secrets as secret.Stored:
// the store seals what it is given. An added field with a useful zero needs no upgrade, though a program from before
// it cannot read the records that have it; any other change of the type does.
type Table[T any] struct {
	Bucket   string
	Upgrades []Upgrade // the first is from version 1 to 2; the newest version is one more than there are
}

func (t Table[T]) newest() int { return len(t.Upgrades) + 1 }

// Get tells in its second result whether there is such a record. The errors are ErrUnreadable, for this record, or
// the store's.
func (t Table[T]) Get(tx Tx, group, name string) (record T, found bool, err error) {
	value, err := tx.Get(t.Bucket, group, name)
	if Unreadable(err) {
		err = fmt.Errorf("%w: of %s: %w", ErrUnreadable, t.Bucket, err)
	}
	if err != nil {
		return record, false, err
	}
	if value == nil {
		return record, false, nil
	}
	if record, err = t.decode(value); err != nil {
		return record, false, err
	}
	return record, true, nil
}

// Put writes a record in the newest version, over any that is there.
func (t Table[T]) Put(tx Tx, group, name string, record T) error {
	value, err := t.encode(record)
	if err != nil {
		return err
	}
	return tx.Put(t.Bucket, group, name, value)
}

// Delete is no error when there is no such record.
func (t Table[T]) Delete(tx Tx, group, name string) error { return tx.Delete(t.Bucket, group, name) }

// DeleteGroup removes every record of a group, unreadable ones too.
func (t Table[T]) DeleteGroup(tx Tx, group string) error { return tx.DeleteGroup(t.Bucket, group) }

// Each visits the records of a group that can be read, and tells how many it left out. fn may write; its first error
// ends the visit and is returned.
func (t Table[T]) Each(tx Tx, group string, fn func(name string, record T) error) (skipped int, err error) {
	damaged, err := tx.Scan(t.Bucket, group, func(name string, value []byte) error {
		record, err := t.decode(value)
		if err != nil {
			skipped++
			return nil
		}
		return fn(name, record)
	})
	return skipped + damaged, err
}

// All is Each for the whole bucket, with Tx.All's warning. What takes the longest, to make records of values, is done
// by all processors.
func (t Table[T]) All(tx Tx, fn func(group, name string, record T) error) (skipped int, err error) {
	p := &parcel[T]{table: t, fn: fn}
	damaged, err := tx.All(t.Bucket, p.add)
	if p.failed == nil {
		if failed := p.flush(); err == nil {
			err = failed
		}
	}
	return p.skipped + damaged, err
}

// parcel is values that are made records together.
type parcel[T any] struct {
	table   Table[T]
	fn      func(group, name string, record T) error
	waiting []located
	skipped int
	failed  error // of fn, which is not called again
}

type located struct {
	group, name string
	value       []byte
}

const (
	parcelSize = 512 // values
	atOnce     = 32  // of them that a processor takes
)

func (p *parcel[T]) add(group, name string, value []byte) error {
	if p.waiting = append(p.waiting, located{group, name, value}); len(p.waiting) < parcelSize {
		return nil
	}
	return p.flush()
}

// flush calls fn for the records of what waits, in order.
func (p *parcel[T]) flush() error {
	records, lost := make([]T, len(p.waiting)), make([]error, len(p.waiting))
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for first := 0; first < len(p.waiting); first += atOnce {
		work.Go(func() error {
			for i := first; i < min(first+atOnce, len(p.waiting)); i++ {
				records[i], lost[i] = p.table.decode(p.waiting[i].value)
			}
			return nil
		})
	}
	_ = work.Wait() // none fails
	for i, l := range p.waiting {
		if lost[i] != nil {
			p.skipped++
			continue
		}
		if p.failed = p.fn(l.group, l.name, records[i]); p.failed != nil {
			return p.failed
		}
	}
	p.waiting = p.waiting[:0]
	return nil
}

// DeleteIf removes the records of a group that match. What cannot be read matches nothing.
func (t Table[T]) DeleteIf(tx Tx, group string, match func(name string, record T) bool) error {
	_, err := t.Each(tx, group, func(name string, record T) error {
		if !match(name, record) {
			return nil
		}
		return t.Delete(tx, group, name)
	})
	return err
}

// decode reads a record of any version up to the newest. Its errors do not tell what is in the record.
func (t Table[T]) decode(value []byte) (record T, err error) {
	version, body, err := decodeRecord(value)
	if err != nil {
		return record, fmt.Errorf("%w: of %s", ErrUnreadable, t.Bucket)
	}
	if version > t.newest() {
		return record, fmt.Errorf("%w: of %s: version %d: %w", ErrUnreadable, t.Bucket, version, ErrNewer)
	}
	for ; version < t.newest(); version++ {
		if !json.Valid(body) {
			return record, fmt.Errorf("%w: of %s", ErrUnreadable, t.Bucket)
		}
		if body, err = t.Upgrades[version-1](body); err != nil || !bytes.HasPrefix(body, []byte("{")) {
			return record, fmt.Errorf("%w: of %s: not upgraded from version %d", ErrUnreadable, t.Bucket, version)
		}
	}
	if decodeBody(body, &record) != nil {
		var zero T
		return zero, fmt.Errorf("%w: of %s", ErrUnreadable, t.Bucket)
	}
	return record, nil
}

func (t Table[T]) encode(record T) ([]byte, error) {
	body, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("store: record of %s: %w", t.Bucket, err)
	}
	value := encodeRecord(t.newest(), body)
	if len(value) > maxRecord || !bytes.HasPrefix(body, []byte("{")) {
		return nil, fmt.Errorf("store: record of %s: not an object of at most %d bytes", t.Bucket, maxRecord)
	}
	return value, nil
}
