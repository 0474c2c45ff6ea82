package store

import "time"

// Portion bounds the work of one transaction that many wait behind: it is over after some records, or after some time.
// What is left is done in another one.
type Portion struct {
	most, done int
	began      time.Time
}

// portionTime is how long one takes, without its commit: what waits for it is not noticed by a person.
const portionTime = 5 * time.Millisecond

// NewPortion begins one of up to most records.
func NewPortion(most int) *Portion { return &Portion{most: most, began: time.Now()} }

// Full tells, before each record, whether to stop. The first one is always done.
func (s *Portion) Full() bool {
	if s.done >= s.most || s.done > 0 && time.Since(s.began) > portionTime {
		return true
	}
	s.done++
	return false
}
