package family

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cartable/core/school"
	"cartable/core/store"
)

// Imported is an account as a version before this package kept it.
type Imported struct {
	Provider school.Provider
	Login    school.Login
	Given    bool          // the school gave Login out; else it is a password
	Previous *school.Login // the token before
	Profile  school.Profile
	State    school.State
	LoggedIn time.Time
	Used     time.Time
	Stopped  StopReason
	Host     ImportedPause // of the server
}

// ImportedPause is what was to be left alone; the zero value is nothing.
type ImportedPause struct {
	Row   int
	Until time.Time
}

// Import keeps an account that a version before this package kept: for the migration.
func Import(tx store.Tx, id string, in Imported) error {
	r := record{
		Provider: in.Provider.Name(), Login: login{in.Login, in.Given}, Profile: in.Profile, State: in.State,
		LoggedIn: in.LoggedIn, Used: in.Used, Stopped: in.Stopped, Generation: 1,
	}
	if in.Previous != nil {
		r.Previous = &login{*in.Previous, true}
	}
	return errors.Join(
		accounts.Put(tx, "", id, r), sames.Put(tx, "", id, same{Same(in.Provider, in.Login)}),
		importPause(tx, pauseOf(in.Provider, in.Login), in.Host),
	)
}

// ImportReading keeps what a school said, a value of core/school; what are the words that name it: "week", the
// pupil's key and the Monday, "grades", the pupil's key and the period's, "homework", the pupil's key and two days.
func ImportReading(tx store.Tx, id string, what []string, at time.Time, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return errors.Join(
		readings.Put(tx, id, strings.Join(what, "\x00"), reading{at, data}),
		due.Note(tx, at.Add(readingLife), dueReadings+"\x00"+id),
	)
}

func importPause(tx store.Tx, name string, in ImportedPause) error {
	if in.Until.IsZero() {
		return nil
	}
	p := pause{Row: in.Row, Until: in.Until}
	return errors.Join(pauses.Put(tx, "", name, p), due.Note(tx, p.Until.Add(pauseLife), duePause+"\x00"+name))
}
