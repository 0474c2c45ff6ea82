// Package storetest has stores for tests of what keeps records: one that runs closures twice, one that fails, and
// one whose records can be damaged. Each stands before a real store. It also has the clock that goes with them.
package storetest

import (
	"errors"

	"cartable/core/store"
)

// Twice is a store that runs each closure of an Update twice, and undoes the first run, as a real one may when what
// is written together fails. A closure with an effect besides its transaction shows.
func Twice(s store.Store) store.Store { return twice{s} }

type twice struct{ store.Store }

var errFirstRun = errors.New("storetest: undone on purpose")

func (s twice) Update(fn func(store.Tx) error) error {
	if err := s.Store.Update(func(tx store.Tx) error {
		_ = fn(tx)
		return errFirstRun
	}); !errors.Is(err, errFirstRun) {
		return err
	}
	return s.Store.Update(fn)
}
