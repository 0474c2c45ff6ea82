package store

import (
	"errors"
	"time"
)

// Due notes by when something has to be looked at, so that nobody has to go through everything to find it: names
// by the hour, in a bucket of its own.
type Due struct{ Bucket string }

// mark is the stored record of a name: there is nothing to say of it.
type mark struct{}

// begun is the stored record of the hour that Take begins with.
type begun struct {
	Hour time.Time `json:"hour"`
}

const (
	hourForm = "2006010215"
	firstKey = "first"              // name, in no group, of the hour that Take begins with
	maxHours = 24 * 30              // hours that one Take looks at; each is a seek
	farBack  = maxHours * time.Hour // where Take begins when it does not know
)

func hourOf(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }

// Note notes that name is to be looked at once the hour of at is over. To note it again writes nothing.
func (d Due) Note(tx Tx, at time.Time, name string) error {
	marks := Table[mark]{Bucket: d.Bucket}
	hour := hourOf(at)
	group := hour.Format(hourForm)
	if _, noted, err := marks.Get(tx, group, name); err == nil && noted {
		return nil
	}
	first, known, err := d.first(tx)
	if err == nil && (!known || hour.Before(first)) { // an unreadable one is left to Take: there may be earlier names
		if err := d.begin(tx, hour); err != nil {
			return err
		}
	}
	return marks.Put(tx, group, name, mark{})
}

// Drop takes back what was noted.
func (d Due) Drop(tx Tx, at time.Time, name string) error {
	return tx.Delete(d.Bucket, hourOf(at).Format(hourForm), name)
}

// Take removes names whose hour is over, calls fn for each, and tells whether there are more. It takes up to most of
// them, fewer when they take longer than a portion may: others wait to write meanwhile. fn may write.
func (d Due) Take(tx Tx, now time.Time, most int, fn func(name string) error) (more bool, err error) {
	portion := NewPortion(most)
	first, known, lost := d.first(tx)
	if !known {
		first = hourOf(now.Add(-farBack))
	}
	known = known || lost != nil // it is written anew
	hour, end := first, hourOf(now)
	for range maxHours {
		if !hour.Before(end) {
			break
		}
		if more, err = d.takeHour(tx, hour.Format(hourForm), portion, fn); err != nil {
			return false, err
		}
		if more {
			break
		}
		hour = hour.Add(time.Hour)
	}
	if hour.After(first) && known {
		err = d.begin(tx, hour)
	}
	return more || known && hour.Before(end), err
}

// takeHour takes the names of an hour until the portion is full; more says that others are left.
func (d Due) takeHour(tx Tx, hour string, portion *Portion, fn func(name string) error) (more bool, err error) {
	marks := Table[mark]{Bucket: d.Bucket}
	for taken := false; ; taken = true {
		names, err := firstNames(tx, d.Bucket, hour, namesAtOnce)
		if err != nil {
			return false, err
		}
		for _, name := range names {
			if portion.Full() {
				return true, nil
			}
			if err := errors.Join(fn(name), marks.Delete(tx, hour, name)); err != nil {
				return false, err
			}
		}
		switch {
		case len(names) == namesAtOnce:
		case taken || len(names) > 0:
			return false, marks.DeleteGroup(tx, hour) // unreadable ones too
		default:
			return false, nil
		}
	}
}

// namesAtOnce is how many names are read before any is taken.
const namesAtOnce = 32

var errEnough = errors.New("store: enough")

// firstNames are some names of a group that can be read, up to most.
func firstNames(tx Tx, bucket, group string, most int) (names []string, err error) {
	_, err = Table[mark]{Bucket: bucket}.Each(tx, group, func(name string, _ mark) error {
		if names = append(names, name); len(names) == most {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return names, err
}

// first is the hour that Take begins with. Its error is that it cannot be read.
func (d Due) first(tx Tx) (hour time.Time, known bool, err error) {
	b, known, err := Table[begun]{Bucket: d.Bucket}.Get(tx, "", firstKey)
	return b.Hour, known && err == nil, err
}

func (d Due) begin(tx Tx, hour time.Time) error {
	return Table[begun]{Bucket: d.Bucket}.Put(tx, "", firstKey, begun{hour})
}
