package family

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"cartable/core/school"
	"cartable/core/store"
)

var (
	// accounts holds the linked accounts: no group, named by ID.
	accounts = store.Table[record]{Bucket: "school_accounts"}
	// sames holds who each account is: no group, named by ID. It stands apart, so that an account whose own record
	// cannot be read is recognised when it is linked again.
	sames = store.Table[same]{Bucket: "school_sames"}
	// candidates holds logins that a school gave out for accounts that are not linked yet: no group, named by chance.
	candidates = store.Table[candidate]{Bucket: "school_candidates"}
	// readings holds what the schools said: grouped by account, named by what it is.
	readings = store.Table[reading]{Bucket: "readings"}
	// pauses holds what must be left alone for a while: no group, named by a hash of the host or the login.
	pauses = store.Table[pause]{Bucket: "pauses"}
	// due holds by the hour what Sweep has to look at: a kind, NUL, and a name.
	due = store.Due{Bucket: "school_due"}
)

// Kinds of names in due.
const (
	dueReadings  = "readings"  // of an account
	dueCandidate = "candidate" // by name
	duePause     = "pause"     // by name
)

// record is a linked account at rest.
type record struct {
	Provider   string         `json:"provider"`
	Login      login          `json:"login"`              // for the next time
	Previous   *login         `json:"previous,omitempty"` // the one before, until Login has worked
	Profile    school.Profile `json:"profile"`            // as of the last login: names work without a request
	State      school.State   `json:"state,omitzero"`     // the open session; a restart does not log in again
	LoggedIn   time.Time      `json:"logged_in,omitzero"` // the last time
	Used       time.Time      `json:"used,omitzero"`      // when the school answered last
	Stopped    StopReason     `json:"stopped,omitempty"`  // not empty: nothing is sent until the owner acts
	Generation int            `json:"generation"`         // rises each time the account is linked
}

// login is one that is kept.
type login struct {
	Secret school.Login `json:"secret"`
	Given  bool         `json:"given,omitempty"` // the school gave it out; else a person did, and it is a password
}

// keepsPassword tells whether a login in the record came from a person.
func (r record) keepsPassword() bool {
	return !r.Login.Given || r.Previous != nil && !r.Previous.Given
}

type same struct {
	Same string `json:"same"`
}

type candidate struct {
	Provider string       `json:"provider"`
	Login    school.Login `json:"login"`
	Since    time.Time    `json:"since"`
}

// candidateLife is how long a candidate stays that a crash has left behind.
const candidateLife = time.Hour

// Forget removes what is stored of an account. Pauses stay: they are the school's, not the account's.
func (f *Family) Forget(tx store.Tx, id string) error {
	return errors.Join(accounts.Delete(tx, "", id), sames.Delete(tx, "", id), readings.DeleteGroup(tx, id))
}

// sweepPortion bounds what one Sweep looks at.
const sweepPortion = 200

// Sweep removes readings, pauses and candidates that are too old, some at a time; more tells that there are others.
func (f *Family) Sweep(tx store.Tx, now time.Time) (more bool, err error) {
	return due.Take(tx, now, sweepPortion, func(name string) error {
		switch kind, name, _ := strings.Cut(name, "\x00"); kind {
		case dueReadings:
			return readings.DeleteIf(tx, name, func(_ string, r reading) bool { return now.Sub(r.At) >= readingLife })
		case dueCandidate:
			return candidates.Delete(tx, "", name)
		case duePause:
			return sweepPause(tx, now, name)
		}
		return nil
	})
}

// Export is what is kept of one account, but for what would open it. Its JSON names are part of what people keep.
type Export struct {
	System   string          `json:"system"`                 // the kind of school system: "pronote"
	Address  string          `json:"address,omitempty"`      // of the school's server
	Login    string          `json:"login,omitempty"`        // the user name there, after the kind of account
	Secrets  []string        `json:"secrets_kept,omitempty"` // their names only: "password", "token", "session"
	LoggedIn time.Time       `json:"logged_in,omitzero"`     // the last time
	Used     time.Time       `json:"used,omitzero"`          // when the school answered last
	Stopped  StopReason      `json:"stopped,omitempty"`      // why nothing is asked any more
	School   *school.Profile `json:"school,omitempty"`       // what the last login told
	Damaged  bool            `json:"damaged,omitempty"`      // something of it cannot be read, and is left out

	// Readings are the names of what the school said, for ExportReading: all of it may be much.
	Readings []string `json:"-"`
}

// ExportReading is one thing that the school said.
type ExportReading struct {
	What  string          `json:"what"` // "week", "grades" or "homework", whose, and of when
	At    time.Time       `json:"at"`
	Value json.RawMessage `json:"value"`
}

// Export gives what is kept of an account, with its times in the school's zone.
func (f *Family) Export(tx store.Tx, id string) (Export, error) {
	var x Export
	r, found, err := accounts.Get(tx, "", id)
	switch {
	case errors.Is(err, store.ErrUnreadable):
		x.Damaged = true
	case err != nil:
		return Export{}, err
	case found:
		x.System, x.School, x.Stopped = r.Provider, &r.Profile, r.Stopped
		if p := f.providers[r.Provider]; p != nil {
			x.Address, x.Login = p.Host(r.Login.Secret)
		}
		x.LoggedIn, x.Used = inZone(r.LoggedIn, f.cfg.Zone), inZone(r.Used, f.cfg.Zone)
		x.Secrets = r.secrets()
	}
	skipped, err := readings.Each(tx, id, func(what string, _ reading) error {
		x.Readings = append(x.Readings, what)
		return nil
	})
	x.Damaged = x.Damaged || skipped > 0
	slices.Sort(x.Readings)
	return x, err
}

// ExportReading gives one of the readings that Export names; it is false where there is none any more.
func (f *Family) ExportReading(id, name string) (x ExportReading, found bool, err error) {
	var r reading
	if err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		r, found, err = store.Legible(readings.Get(tx, id, name))
		return err
	}); err != nil || !found {
		return ExportReading{}, false, err
	}
	return ExportReading{strings.TrimSpace(strings.ReplaceAll(name, "\x00", " ")), r.At.In(f.cfg.Zone), r.Value}, true, nil
}

// secrets names what is kept that opens the account.
func (r record) secrets() []string {
	var names []string
	if r.keepsPassword() {
		names = append(names, "password")
	}
	if r.Login.Given || r.Previous != nil && r.Previous.Given {
		names = append(names, "token")
	}
	if !r.State.Empty() {
		names = append(names, "session")
	}
	return names
}

// inZone leaves the zero time as it is, so that it is left out.
func inZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}
