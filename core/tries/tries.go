// Package tries counts the logins that were refused, so that nobody guesses for long, nobody has an account blocked,
// and no person keeps another out. It knows neither people nor logins: what is counted has an opaque name.
package tries

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"cartable/core/store"
)

// Limit is how many refusals of one thing are too many.
type Limit struct {
	Name   string // of what is counted, as Name makes it
	Most   int
	Within time.Duration
	Own    bool // what is counted is one login: one that works forgives what was refused before
}

// Name makes one name of several texts, which it hides.
func Name(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// HeldError says that nothing was sent, because too much was refused before.
type HeldError struct {
	Until time.Time
	Own   bool // it is this login that was refused; else the person asked for too many
}

func (e *HeldError) Error() string { return "tries: held until " + e.Until.Format(time.TimeOnly) }

// record is the refusals of one thing that may still count. It guards: one that cannot be read counts as full.
type record struct {
	At    []time.Time `json:"at"`    // oldest first
	Until time.Time   `json:"until"` // from then on it counts no more
}

var (
	records = store.Table[record]{Bucket: "tries"} // group: none; name: Limit.Name
	due     = store.Due{Bucket: "tries_due"}       // the names of records that end
)

// Tries is what is counted in a store. The zero value is of no use.
type Tries struct {
	Store store.Store
	Now   func() time.Time
}

// Try is a login that is being tried. Until it is known how it ends it counts as refused, so that neither a crash
// nor two at once give more tries than there are.
type Try struct {
	tries  Tries
	limits []Limit
	at     time.Time
}

// Held is nil, or a *HeldError with the longest of the limits that are reached.
func (t Tries) Held(limits ...Limit) error {
	var held *HeldError
	err := t.Store.View(func(tx store.Tx) (err error) {
		_, held, err = look(tx, t.Now(), limits)
		return err
	})
	return told(held, err)
}

// Begin notes a try, unless a limit is reached: then it returns a *HeldError. Of the Try the caller says how it ended
// with Back or Worked; one that was refused stays as it is.
func (t Tries) Begin(limits ...Limit) (*Try, error) {
	now := t.Now()
	var held *HeldError
	err := t.Store.Update(func(tx store.Tx) (err error) {
		held, err = note(tx, now, limits, false)
		return err
	})
	return &Try{t, limits, now}, told(held, err)
}

// Note notes a refusal of what no limit holds back.
func (t Tries) Note(limits ...Limit) error {
	return told(nil, t.Store.Update(func(tx store.Tx) error {
		_, err := note(tx, t.Now(), limits, true)
		return err
	}))
}

// note writes what counts now, and a refusal more, unless a limit is reached and it is not always to be noted.
func note(tx store.Tx, now time.Time, limits []Limit, always bool) (held *HeldError, err error) {
	all, held, err := look(tx, now, limits)
	if err != nil {
		return nil, err
	}
	for i, r := range all {
		if held == nil || always {
			r.add(now, limits[i].Within)
		}
		if err := put(tx, limits[i].Name, r); err != nil {
			return nil, err
		}
	}
	return held, nil
}

func told(held *HeldError, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("tries: %w", err)
	case held != nil:
		return held
	}
	return nil
}

// look reads what counts now, in the order of the limits, and finds the longest that is reached.
func look(tx store.Tx, now time.Time, limits []Limit) (all []record, held *HeldError, err error) {
	for _, l := range limits {
		r, _, err := records.Get(tx, "", l.Name)
		if errors.Is(err, store.ErrUnreadable) {
			r, err = record{}, nil
			for range l.Most {
				r.add(now, l.Within)
			}
		}
		if err != nil {
			return nil, nil, err
		}
		r.At = slices.DeleteFunc(r.At, func(at time.Time) bool { return now.Sub(at).Abs() >= l.Within })
		all = append(all, r)
		if len(r.At) < l.Most {
			continue
		}
		until := r.At[len(r.At)-l.Most].Add(l.Within)
		if held == nil || until.After(held.Until) {
			held = &HeldError{until, l.Own}
		}
	}
	return all, held, nil
}

func (r *record) add(at time.Time, within time.Duration) {
	r.At = append(r.At, at)
	slices.SortFunc(r.At, time.Time.Compare) // the clock may have been set back
	if end := at.Add(within); end.After(r.Until) {
		r.Until = end
	}
}

func put(tx store.Tx, name string, r record) error {
	if len(r.At) == 0 {
		return records.Delete(tx, "", name)
	}
	return errors.Join(records.Put(tx, "", name, r), due.Note(tx, r.Until, name))
}

// Back takes a try back: it was not refused.
func (t *Try) Back() error {
	return told(nil, t.tries.Store.Update(func(tx store.Tx) error { return t.end(tx, false) }))
}

// Worked is Back for a login that worked, in the transaction that keeps what came of it. It also forgives what was
// refused of that login before.
func (t *Try) Worked(tx store.Tx) error { return t.end(tx, true) }

func (t *Try) end(tx store.Tx, worked bool) error {
	for _, l := range t.limits {
		r, _, err := store.Legible(records.Get(tx, "", l.Name)) // an unreadable one is full, and stays so
		if err != nil {
			return err
		}
		at := slices.IndexFunc(r.At, t.at.Equal)
		if at < 0 {
			continue
		}
		r.At = slices.Delete(r.At, at, at+1)
		if worked && l.Own {
			r.At = nil
		}
		if err := put(tx, l.Name, r); err != nil {
			return err
		}
	}
	return nil
}

// sweepPortion bounds what one Sweep looks at.
const sweepPortion = 200

// Sweep removes what counts no more, some of it at a time. more tells that there is more.
func Sweep(tx store.Tx, now time.Time) (more bool, err error) {
	return due.Take(tx, now, sweepPortion, func(name string) error {
		r, found, err := records.Get(tx, "", name)
		if errors.Is(err, store.ErrUnreadable) || found && !now.Before(r.Until) { // else it is due later once more
			return records.Delete(tx, "", name)
		}
		return err
	})
}

// mostPerson is how many refusals within an hour are too many for one person, whatever the logins.
const mostPerson = 6

const (
	hour    = time.Hour
	quarter = 15 * time.Minute
)

// Limits are those of a login at a server that a person has typed; an empty login is one that is not known. most is
// how many refusals within an hour are too many of this person for this login; twice as many are too many of all people
// for it, for the server may block it.
//
// With proved, the person has linked this very login before: then others' tries do not hold it back. A login that is
// kept and works is not typed, and has no limit.
func Limits(person, server, login string, most int, proved bool) []Limit {
	all := []Limit{
		{Name: Name("person and login", person, server, login), Most: most, Within: hour, Own: true},
		{Name: Name("person", person), Most: mostPerson, Within: hour},
	}
	if login != "" && !proved {
		all = append(all, Limit{Name: Name("login", server, login), Most: 2 * most, Within: hour, Own: true})
	}
	return all
}

// AtServer is the limit of a person at a server that suspends the bot's address after some refusals, which keeps
// everybody out: most are too many within a quarter of an hour, whatever the logins.
func AtServer(person, server string, most int) Limit {
	return Limit{Name: Name("person and server", person, server), Most: most, Within: quarter}
}
