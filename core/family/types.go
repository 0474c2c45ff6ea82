// Package family keeps the linked school accounts: it logs in, rests when it must, reads, and remembers what it
// read. It knows no chats, no commands, no words and no protocol.
package family

import (
	"time"

	"cartable/core/school"
)

// Pupil is one pupil of one linked account.
type Pupil struct {
	Account string // ID of the account
	school.Pupil
}

// Reading is a value with the time when the school gave it.
type Reading[T any] struct {
	Value T
	At    time.Time
	Stale error // not nil: the value is an old one, because of this
}

// StopReason says why an account rests until its owner acts: each is a refusal that must not be repeated by itself.
type StopReason string

// The reasons.
const (
	StoppedWrongPassword StopReason = "wrong_password" // the school refused the stored password
	StoppedToken         StopReason = "token"          // it refused the stored token
	StoppedSecondFactor  StopReason = "second_factor"  // it wants something done in its own app
	StoppedNoAccess      StopReason = "no_access"      // it refuses the account for another reason
)

// StoppedError says that an account rests until its owner acts. Nothing was sent.
type StoppedError struct {
	Reason StopReason
	School string // its name
}

func (e *StoppedError) Error() string { return "family: account stopped: " + string(e.Reason) }

// PausedError says that nothing was sent, to give the school's server a rest, or one account.
type PausedError struct {
	Until   time.Time
	Account bool // only this account's logins rest
}

func (e *PausedError) Error() string { return "family: paused until " + e.Until.Format(time.TimeOnly) }

// Status tells how an account stands.
type Status struct {
	Stopped  StopReason // "": it is in use
	Password bool       // a password is kept; else a token
	Read     time.Time  // when the school last answered; zero for never
	Paused   time.Time  // nothing is sent before; zero for no pause
}
