package family

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cartable/core/school"
	"cartable/core/store"
)

// reading is the stored record of something that a school said.
type reading struct {
	At    time.Time       `json:"at"`
	Value json.RawMessage `json:"value"` // of core/school
}

// Fresh is the age up to which a reading does for somebody who asks: again within a minute costs no request.
const Fresh = time.Minute

const (
	day         = 24 * time.Hour
	readingLife = 14 * day
	maxReading  = 256 << 10 // bytes; more is given to whoever asks, and not stored
)

// Week reads the week that day is in, or takes a reading that is younger than age. When the school is out of reach
// it is an older one, with the reason. The errors are *StoppedError, *PausedError, ErrGone, those of core/school and
// of the provider, and the store's.
func (f *Family) Week(ctx context.Context, p Pupil, day time.Time, age time.Duration) (Reading[school.Week], error) {
	return read(ctx, f, p.Account, weekName(p, day), age, func(s school.Session) (school.Week, error) {
		return s.Week(ctx, p.Key, day)
	})
}

// Grades reads a period, as Week does; an empty key means the present one.
func (f *Family) Grades(ctx context.Context, p Pupil, period string, age time.Duration) (Reading[school.Grades], error) {
	return read(ctx, f, p.Account, []string{"grades", p.Key, period}, age, func(s school.Session) (school.Grades, error) {
		return s.Grades(ctx, p.Key, period)
	})
}

// Homework reads what is due between two days, both included, as Week does.
func (f *Family) Homework(ctx context.Context, p Pupil, from, to time.Time, age time.Duration) (Reading[[]school.Homework], error) {
	what := []string{"homework", p.Key, from.Format(time.DateOnly), to.Format(time.DateOnly)}
	return read(ctx, f, p.Account, what, age, func(s school.Session) ([]school.Homework, error) {
		return s.Homework(ctx, p.Key, from, to)
	})
}

// weekName says what a week is: the first text is also what Observe is told.
func weekName(p Pupil, on time.Time) []string {
	return []string{"week", p.Key, school.Monday(on).Format(time.DateOnly)}
}

// read gives what is stored, if it is young enough, or what fetch gets from the school, and stores that together
// with the session that it came from. What cannot be stored is given all the same.
func read[T any](ctx context.Context, f *Family, id string, what []string, age time.Duration, fetch func(school.Session) (T, error)) (Reading[T], error) {
	name := strings.Join(what, "\x00")
	if _, known, err := f.record(id); err != nil || !known {
		return Reading[T]{}, cmp.Or(err, ErrGone)
	}
	if r, found, err := stored[T](f, id, name); err != nil || found && younger(f, r.At, age) {
		return r, err
	}
	fresh, err := ask(ctx, f, id, what[0], name, age, fetch)
	if err != nil && OutOfReach(err) {
		if r, found, _ := stored[T](f, id, name); found {
			r.Stale = err
			return r, nil
		}
	}
	return fresh, err
}

// ask is read once the account's lock is to be taken.
func ask[T any](ctx context.Context, f *Family, id, op, name string, age time.Duration, fetch func(school.Session) (T, error)) (Reading[T], error) {
	release, err := alone(f, ctx, id)
	if err != nil {
		return Reading[T]{}, err
	}
	defer release()
	if r, found, err := stored[T](f, id, name); err != nil || found && younger(f, r.At, age) {
		return r, err // somebody has asked the same meanwhile
	}
	fresh, read := Reading[T]{At: now(f)}, false
	err = f.visit(ctx, id, op, func(s school.Session) (err error) {
		fresh.Value, err = fetch(s)
		read = err == nil
		return err
	}, func(tx store.Tx) error { return keepReading(tx, id, name, fresh) })
	if read && errors.Is(err, errNotStored) {
		f.cfg.Log.Error("family: a reading is shown that could not be stored", "error", err)
		return fresh, nil
	}
	if err != nil {
		return Reading[T]{}, err
	}
	return fresh, nil
}

// younger tells whether a reading of that time is younger than age. One of the future is not: the clock was wrong.
func younger(f *Family, at time.Time, age time.Duration) bool {
	d := f.cfg.Now().Sub(at)
	return d >= 0 && d < age
}

// stored finds a reading. One that cannot be read is as good as none.
func stored[T any](f *Family, id, name string) (r Reading[T], found bool, err error) {
	err = f.cfg.Store.View(func(tx store.Tx) (err error) {
		r, found, err = storedIn[T](tx, id, name)
		return err
	})
	if found {
		r.At = r.At.In(f.cfg.Zone)
	}
	return r, found, err
}

func storedIn[T any](tx store.Tx, id, name string) (r Reading[T], found bool, err error) {
	rec, found, err := readings.Get(tx, id, name)
	switch {
	case errors.Is(err, store.ErrUnreadable):
		return r, false, nil
	case err != nil || !found:
		return r, false, err
	}
	if json.Unmarshal(rec.Value, &r.Value) != nil { // of another version of the program
		return Reading[T]{}, false, nil
	}
	r.At = rec.At
	return r, true, nil
}

func keepReading[T any](tx store.Tx, id, name string, r Reading[T]) error {
	value, err := json.Marshal(r.Value)
	if err != nil || len(value) > maxReading {
		return err
	}
	return errors.Join(
		readings.Put(tx, id, name, reading{r.At, value}),
		due.Note(tx, r.At.Truncate(day).Add(day+readingLife), dueReadings+"\x00"+id), // once a day and account
	)
}
