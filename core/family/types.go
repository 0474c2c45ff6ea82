// Package family keeps the linked school accounts: it logs in, rests when it must, reads, and remembers what it
// read. It knows no chats, no commands, no words and no protocol.
package family

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"cartable/core/school"
)

// Pupil is one pupil of one linked account.
type Pupil struct {
	Account string // ID of the account
	// Host is the server that says so, as the account's login names it. Another one may claim the same pupil.
	Host string
	// Apart tells the pupil from others of the same name; empty where there is none. Whoever lists pupils sets it.
	Apart string
	school.Pupil
}

// Ref names the pupil, as told by this server, in records and buttons.
func (p Pupil) Ref() string {
	host := sha256.Sum256([]byte(p.Host))
	return p.Key + refGap + hex.EncodeToString(host[:4])
}

// refGap stands in a Ref after the pupil's Key.
const refGap = "."

// Is tells whether ref is the pupil's. Older records have the Key in its place, whoever tells of the pupil.
func (p Pupil) Is(ref string) bool { return ref == p.Ref() || ref == p.Key }

// RefKey is the Key in a Ref.
func RefKey(ref string) string {
	key, _, _ := strings.Cut(ref, refGap)
	return key
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

// PausedError says that nothing was sent, to give the school's server a rest.
type PausedError struct{ Until time.Time }

func (e *PausedError) Error() string { return "family: paused until " + e.Until.Format(time.TimeOnly) }

// Status tells how an account stands.
type Status struct {
	Stopped  StopReason // "": it is in use
	Password bool       // a password is kept; else a token
	Read     time.Time  // when the school last answered; zero for never
	Paused   time.Time  // nothing is sent before; zero for no pause
}
