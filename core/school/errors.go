package school

import (
	"errors"
	"fmt"
)

// What a school may answer, for errors.Is: callers decide on these. A provider's own errors match them where
// they mean the same, and say more.
var (
	// ErrExpired: the session is over; a new login is needed.
	ErrExpired = errors.New("school: session expired")
	// ErrWrongPassword: the school says that the user name or the password is wrong.
	ErrWrongPassword = errors.New("school: wrong user name or password")
	// ErrTokenRefused: the school does not take the token that stands for a password.
	ErrTokenRefused = errors.New("school: token refused")
	// ErrSecondFactor: the account wants something done in the school's own app first.
	ErrSecondFactor = errors.New("school: second authentication step required")
	// ErrNoAccess: the school refuses the account for another reason.
	ErrNoAccess = errors.New("school: access refused")
	// ErrPause: the school wants to be left alone for a while.
	ErrPause = errors.New("school: wants a pause")
	// ErrNoAnswer: the school cannot be asked now. Nothing was refused.
	ErrNoAnswer = errors.New("school: no answer")
	// ErrBusy and ErrClosed say why there is none: too many people, or the school has closed its site for a while. They
	// match ErrNoAnswer.
	ErrBusy   = fmt.Errorf("school: busy: %w", ErrNoAnswer)
	ErrClosed = fmt.Errorf("school: closed: %w", ErrNoAnswer)
	// ErrNotPublished: the school does not show this page to the account.
	ErrNotPublished = errors.New("school: not published")
	// ErrNotOffered: this kind of school has no such page.
	ErrNotOffered = errors.New("school: not offered")
	// ErrUnknownPupil and ErrUnknownPeriod: the account has no such key. Nothing was sent.
	ErrUnknownPupil  = errors.New("school: unknown pupil")
	ErrUnknownPeriod = errors.New("school: unknown period")
)
