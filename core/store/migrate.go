package store

import "fmt"

// Step is one change of what is stored, from what the program before it wrote. It reads with types of its own that
// never change, leaves what it cannot read where it is, and has no effect besides its transaction.
type Step struct {
	Name string // for the log
	Do   func(Tx) error
}

// progress says how many steps of a list were had.
type progress struct {
	Steps int `json:"steps"`
}

// schema is by the name of the list.
var schema = Table[progress]{Bucket: "schema"}

// Migrate does the steps of the list of that name that the store has not had, each in a transaction together with
// its number. A list only ever grows at its end, and an empty store has them all, on nothing. If the store has had
// more steps than there are, the error is ErrNewer and nothing is written.
func Migrate(s Store, name string, steps []Step) error {
	pending, err := Pending(s, name, steps)
	if err != nil {
		return err
	}
	for n := len(steps) - pending; n < len(steps); n++ {
		if err := s.Update(func(tx Tx) error {
			if err := steps[n].Do(tx); err != nil {
				return err
			}
			return schema.Put(tx, "", name, progress{Steps: n + 1})
		}); err != nil {
			return fmt.Errorf("store: migrate %s: step %d, %s: %w", name, n+1, steps[n].Name, err)
		}
	}
	return nil
}

// Pending tells how many of the steps the store has not had. It writes nothing; its errors are Migrate's.
func Pending(s Store, name string, steps []Step) (int, error) {
	var had progress
	err := s.View(func(tx Tx) (err error) {
		had, _, err = schema.Get(tx, "", name)
		return err
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("store: migrate %s: %w", name, err)
	case had.Steps < 0:
		return 0, fmt.Errorf("store: migrate %s: %w", name, ErrUnreadable)
	case had.Steps > len(steps):
		return 0, fmt.Errorf("store: migrate %s: %w (it has had %d steps, this version knows %d)", name, ErrNewer, had.Steps, len(steps))
	}
	return len(steps) - had.Steps, nil
}

// Had tells how many steps of each list a store has had, and how many lists have lost their number.
func Had(s Store) (steps map[string]int, skipped int, err error) {
	steps = map[string]int{}
	err = s.View(func(tx Tx) (err error) {
		skipped, err = schema.All(tx, func(_, name string, p progress) error {
			steps[name] = p.Steps
			return nil
		})
		return err
	})
	return steps, skipped, err
}
