package store

import (
	"fmt"
	"strconv"
)

// Step is one change of what is stored, from what the program before it wrote. It reads with types of its own that
// never change, leaves what it cannot read where it is, and has no effect besides its transaction.
type Step struct {
	Name string // for the log
	Do   func(Tx) error
}

// done is the stored record of a step that was had.
type done struct {
	Name string `json:"name"`
}

// schema is grouped by the name of the list; the name is the step's number, from 1. A step whose record cannot be read
// was had all the same.
var schema = Table[done]{Bucket: "schema"}

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
			return schema.Put(tx, name, strconv.Itoa(n+1), done{steps[n].Name})
		}); err != nil {
			return fmt.Errorf("store: migrate %s: step %d, %s: %w", name, n+1, steps[n].Name, err)
		}
	}
	return nil
}

// Pending tells how many of the steps the store has not had. It writes nothing; its errors are Migrate's.
func Pending(s Store, name string, steps []Step) (int, error) {
	had := 0
	err := s.View(func(tx Tx) error {
		had = 0
		damaged, err := tx.Scan(schema.Bucket, name, func(string, []byte) error {
			had++
			return nil
		})
		had += damaged
		return err
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("store: migrate %s: %w", name, err)
	case had > len(steps):
		return 0, fmt.Errorf("store: migrate %s: %w (it has had %d steps, this version knows %d)", name, ErrNewer, had, len(steps))
	}
	return len(steps) - had, nil
}

// Had tells how many steps of each list a store has had, but for those whose records are damaged.
func Had(s Store) (steps map[string]int, err error) {
	err = s.View(func(tx Tx) error {
		steps = map[string]int{}
		_, err := tx.All(schema.Bucket, func(list, _ string, _ []byte) error {
			steps[list]++
			return nil
		})
		return err
	})
	return steps, err
}
