package store

import "time"

// setBack is how far a clock may be corrected backwards without ending what it has begun.
const setBack = time.Minute

// Lasts tells whether what began at a time and lives for a while still does. Where the clock has been set back to before
// it began, nobody knows how long it has been there: it is over.
func Lasts(began time.Time, life time.Duration, now time.Time) bool {
	age := now.Sub(began)
	return age >= -setBack && age < life
}
