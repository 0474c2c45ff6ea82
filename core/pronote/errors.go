package pronote

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cartable/core/school"
)

// What a login or a request may be refused for; for errors.Is. Those that mean what an error of core/school
// means match that one too. Texts of servers are not kept, because they may hold personal data, but for the one of
// AccessError.
var (
	// ErrSessionExpired says that a new login is needed. Every later call of the session returns it.
	ErrSessionExpired = means("session expired", school.ErrExpired)
	// ErrWrongPassword is returned by Login, only when the server says so.
	ErrWrongPassword = means("wrong user name or password", school.ErrWrongPassword)
	// ErrBadPIN is returned by ParsePIN.
	ErrBadPIN = errors.New("not a PIN of four digits")
	// ErrWrongPIN: the PIN does not unlock the QR code. Nothing was sent.
	ErrWrongPIN = errors.New("wrong PIN")
	// ErrTokenRefused: the server does not take the token, or the one in a QR code: it was used before, is too
	// old, or was revoked. Nothing is wrong with any password.
	ErrTokenRefused = means("token refused", school.ErrTokenRefused)
	// ErrNoToken: the school or the account does without the app.
	ErrNoToken = errors.New("no token given")
	// ErrTokenNotKept: KeepToken failed, so that the new token is lost and the old one may be spent.
	ErrTokenNotKept = errors.New("new token not kept")
	// ErrSecondFactor: the account wants a PIN, a device name or a new password first.
	ErrSecondFactor = means("second authentication step required", school.ErrSecondFactor)
	// ErrRateLimited: too many failed logins or requests; wait.
	ErrRateLimited = means("too many errors, wait", school.ErrPause)
	// ErrSuspended: the server refuses every request from this IP address for some minutes or hours.
	ErrSuspended = means("IP address suspended", school.ErrPause)
	// ErrDenied: the account may not see this.
	ErrDenied = errors.New("access denied")
	// ErrBusy: too many users; try again later.
	ErrBusy = means("site busy", school.ErrBusy)
	// ErrUnavailable: closed or in maintenance.
	ErrUnavailable = means("site unavailable", school.ErrClosed)
	// ErrServer: the server, or one in front of it, has failed (status 500 or 502, for instance).
	ErrServer = means("server error", school.ErrNoAnswer)
	// ErrAnswerLost: the answer to a login by a token or QR code did not come, and the server may have had it: what is
	// good once may be spent. It comes together with a NetworkError.
	ErrAnswerLost = errors.New("answer lost after the token was sent")
	// ErrNeedsENT: the school only lets people in through its regional portal.
	ErrNeedsENT = errors.New("login through a portal required")
	// ErrNotPronote: the address leads to something else.
	ErrNotPronote = errors.New("not a PRONOTE server")
	// ErrNoHost: the name servers know no such host, or one that is on a private network, which is the same to
	// whoever gave the address: nobody learns here which names there are. Nothing was sent to it.
	ErrNoHost = errors.New("no such host")
	// ErrBrowserRefused: the server does not like the browser that this client claims to be.
	ErrBrowserRefused = errors.New("browser refused")
	// ErrNotPublished: the school does not show this screen to the account. Nothing was sent.
	ErrNotPublished = means("not published by the school", school.ErrNotPublished)
	// ErrUnknownPupil and ErrUnknownPeriod: no such key in this session's profile. Nothing was sent.
	ErrUnknownPupil  = means("unknown pupil", school.ErrUnknownPupil)
	ErrUnknownPeriod = means("unknown period", school.ErrUnknownPeriod)
	// ErrBadLogin and ErrBadState: this client cannot read a stored login or session. Nothing was sent.
	ErrBadLogin = errors.New("stored login is of no use")
	ErrBadState = errors.New("stored session is of no use")
	// ErrNetwork matches every NetworkError.
	ErrNetwork = means("network failure", school.ErrNoAnswer)
)

// errPrivate is an ErrNoHost of which the operator's log says more.
var errPrivate = means("host on a private network", ErrNoHost)

// meaning is an error of ours that says more than one of core/school, and matches it.
type meaning struct {
	text string
	as   error
}

func means(text string, as error) error { return &meaning{text, as} }

func (m *meaning) Error() string { return m.text }

// Unwrap gives the error of core/school.
func (m *meaning) Unwrap() error { return m.as }

// Code is the number a server puts in Erreur.G, pronote-today §5.8. All are known from other clients only.
type Code int

// The codes this client acts on.
const (
	CodeNone           Code = 0 // the softer form of an error, which has no number
	CodeDenied         Code = 3
	CodePageExpired    Code = 8
	CodeSessionExpired Code = 10
	CodePageExpired4   Code = 11
	CodePageExpired6   Code = 13
	CodePageExpired7   Code = 14
	CodeStaleObject    Code = 20
	CodeOldObject      Code = 22
	CodeTooMany        Code = 25
)

// Error is a refusal by the server in the answer to a request. Where the meaning is known it also matches
// one of the values above.
type Error struct {
	Op   string // remote function, e.g. "Authentification"
	Code Code

	kind error
}

func (e *Error) Error() string {
	if e.kind != nil {
		return fmt.Sprintf("pronote: %s: refused with code %d: %v", e.Op, e.Code, e.kind)
	}
	return fmt.Sprintf("pronote: %s: refused with code %d", e.Op, e.Code)
}

// Unwrap gives the meaning of the refusal, nil when it is unknown.
func (e *Error) Unwrap() error { return e.kind }

// refusal makes an Error of a code and of the text that came with it, which is only looked at: the same
// words are sent with different codes, pronote-today §5.8.
func refusal(op string, code Code, text string) *Error {
	e := &Error{Op: op, Code: code}
	switch {
	case strings.Contains(text, "La page a expir"):
		e.kind = ErrSessionExpired
	case strings.Contains(text, "Votre adresse IP "):
		e.kind = ErrSuspended
	case strings.Contains(text, "Vous avez d\u00e9pass"):
		e.kind = ErrRateLimited
	default:
		e.kind = codeKinds[code]
	}
	return e
}

var codeKinds = map[Code]error{
	CodeDenied:         ErrDenied,
	CodePageExpired:    ErrSessionExpired,
	CodeSessionExpired: ErrSessionExpired,
	CodePageExpired4:   ErrSessionExpired,
	CodePageExpired6:   ErrSessionExpired,
	CodePageExpired7:   ErrSessionExpired,
	CodeStaleObject:    ErrSessionExpired, // its objects are those of another session
	CodeOldObject:      ErrSessionExpired,
	CodeTooMany:        ErrRateLimited,
}

// AccessCode is the reason for which a server refuses a login, pronote-today §5.2.
type AccessCode int

// The reasons. AccessNone stands for a refusal without a reason.
const (
	AccessNone          AccessCode = 0
	AccessWrongPassword AccessCode = 1
	AccessWrongSpace    AccessCode = 2 // no authorisation for this space
	AccessClass         AccessCode = 3
	AccessNoResource    AccessCode = 4 // nobody is linked to the account
	AccessConnection    AccessCode = 5 // connection error
	AccessBlocked       AccessCode = 6
	AccessHelper        AccessCode = 7
	AccessHelperAlone   AccessCode = 8
	AccessMessage       AccessCode = 9 // the server gives a text instead
	AccessAccountClosed AccessCode = 10
)

// AccessError is a refused login. It matches school.ErrNoAccess, or ErrWrongPassword where the reason is
// AccessWrongPassword.
type AccessError struct {
	Code AccessCode

	said string
}

// Said is the server's own sentence for the person, on one line of at most visible.MaxLine characters; often empty. It
// is for the person alone: Error, and so the log, is without it.
func (e *AccessError) Said() string { return e.said }

func (e *AccessError) Error() string {
	return fmt.Sprintf("pronote: %s: access refused for reason %d", fnAuthentication, e.Code)
}

// Unwrap gives what the reason means.
func (e *AccessError) Unwrap() error {
	if e.Code == AccessWrongPassword {
		return ErrWrongPassword
	}
	return school.ErrNoAccess
}

// ReplyError is an answer that cannot be read or does not hang together. It names what is wrong and never
// holds content.
type ReplyError struct {
	Op   string // remote function, or "page"
	What string // "order number does not match"
}

func (e *ReplyError) Error() string { return "pronote: " + e.Op + ": " + e.What }

// unreadable makes a ReplyError of a decoding error, whose own text may quote the input.
func unreadable(op string, err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && typed.Field != "" {
		return &ReplyError{op, "unexpected type in field " + typed.Field}
	}
	return &ReplyError{op, "data of an unexpected type"}
}

// NetworkError is a request that got no answer. It matches ErrNetwork, and does not hold the URL, which
// carries the session.
type NetworkError struct {
	Op   string
	Sent bool // the server may have received the request

	err error
}

func (e *NetworkError) Error() string { return "pronote: " + e.Op + ": " + e.err.Error() }

// Unwrap gives the cause.
func (e *NetworkError) Unwrap() error { return e.err }

// Is makes it match ErrNetwork and school.ErrNoAnswer.
func (e *NetworkError) Is(target error) bool { return errors.Is(ErrNetwork, target) }
