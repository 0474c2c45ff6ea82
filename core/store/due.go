package store

import "time"

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

// Take removes up to most names whose hour is over, calls fn for each, and tells whether there are more. fn may
// write.
func (d Due) Take(tx Tx, now time.Time, most int, fn func(name string) error) (more bool, err error) {
	marks := Table[mark]{Bucket: d.Bucket}
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
		var names []string
		group := hour.Format(hourForm)
		if _, err := marks.Each(tx, group, func(name string, _ mark) error {
			names = append(names, name)
			return nil
		}); err != nil {
			return false, err
		}
		for i, name := range names {
			if i == most {
				more = true
				break
			}
			if err := fn(name); err != nil {
				return false, err
			}
			if err := marks.Delete(tx, group, name); err != nil {
				return false, err
			}
		}
		if more {
			break
		}
		if most -= len(names); len(names) > 0 {
			if err := marks.DeleteGroup(tx, group); err != nil { // unreadable ones too
				return false, err
			}
		}
		hour = hour.Add(time.Hour)
	}
	if hour.After(first) && known {
		err = d.begin(tx, hour)
	}
	return more || known && hour.Before(end), err
}

// first is the hour that Take begins with. Its error is that it cannot be read.
func (d Due) first(tx Tx) (hour time.Time, known bool, err error) {
	b, known, err := Table[begun]{Bucket: d.Bucket}.Get(tx, "", firstKey)
	return b.Hour, known && err == nil, err
}

func (d Due) begin(tx Tx, hour time.Time) error {
	return Table[begun]{Bucket: d.Bucket}.Put(tx, "", firstKey, begun{hour})
}
