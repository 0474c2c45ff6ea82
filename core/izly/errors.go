package izly

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// What a caller decides on, with errors.Is. The first five are refusals by the server and come with an
// *Error, which holds the server's own sentence.
var (
	ErrWrongCode      = errors.New("izly: wrong secret code")
	ErrBlocked        = errors.New("izly: account blocked")                        // only its owner can unblock it; never try again
	ErrSessionExpired = errors.New("izly: session expired")                        // Wallet.Renew
	ErrMustEnrol      = errors.New("izly: not enrolled any more")                  // a new SMS
	ErrTooOld         = errors.New("izly: version refused as too old")             // Config.Version
	ErrBadActivation  = errors.New("izly: activation refused")                     // see also *ActivationError
	ErrActivationSent = errors.New("izly: the server sent an SMS, not a session")  // the answer to a Logon was UserData
	ErrOutcomeUnknown = errors.New("izly: whether the top-up was made is unknown") // see *OutcomeError
	ErrNetwork        = errors.New("izly: server not reached")
	ErrNoBalance      = errors.New("izly: the server tells no balance")
	ErrBadSecretCode  = errors.New("izly: a secret code has six digits") // nothing was sent
	ErrBadAmount      = errors.New("izly: amount is not positive")       // nothing was sent
)

// Error is a refusal by the server.
type Error struct {
	Op   string // remote method: "Logon"
	Code int    // 0 when the server gave none
	Prio int    // what the application forgets, 0 to 3; -1 when the server did not say
	// Msg is the server's sentence for the person, in French, bounded. It may hold personal data, so
	// Error leaves it out.
	Msg string

	enrolling bool // the refused call carried an activation code, not a secret code
}

func (e *Error) Error() string { return fmt.Sprintf("izly: %s: refused with code %d", e.Op, e.Code) }

// Is matches the Err… values. A code with a meaning of its own counts for more than the priority, which
// says only what the application forgets.
func (e *Error) Is(target error) bool { return e.kind() == target }

func (e *Error) kind() error {
	switch e.Code {
	case codeBlocked, codeBlockedToo, codeOpposition:
		return ErrBlocked
	case codeTooOld:
		return ErrTooOld
	}
	if e.enrolling {
		return ErrBadActivation
	}
	switch {
	case e.Code == codeWrongCode:
		return ErrWrongCode
	case e.Code == codeExpired, e.Code == codeInvalid, e.Code == codeTokenExpired, e.Code == codeTokenInvalid:
		return ErrSessionExpired
	case e.Code == codeNotRefreshable, e.Code == codeAuthentication && e.Op == opLogon, e.Prio == prioReset:
		return ErrMustEnrol
	case e.Prio == prioFatal && e.Op != opLogon:
		return ErrSessionExpired
	}
	return nil
}

// ReplyError says that an answer could not be understood.
type ReplyError struct {
	Op     string
	Reason string // constant text, nothing of the answer
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("izly: %s: unreadable answer: %s", e.Op, e.Reason)
}

// StatusError is an answer that is no document: a SOAP fault or an HTTP status other than 200.
type StatusError struct {
	Op     string
	Status int
	Fault  bool // a soap:Fault came with it
}

func (e *StatusError) Error() string {
	if e.Fault {
		return fmt.Sprintf("izly: %s: SOAP fault with HTTP status %d", e.Op, e.Status)
	}
	return fmt.Sprintf("izly: %s: HTTP status %d", e.Op, e.Status)
}

// Is matches ErrNetwork for the statuses of gateways, two of which are an operator's own (izly-today
// §1.3), and ErrSessionExpired for a bearer that HTTP refused.
func (e *StatusError) Is(target error) bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout, 998, 999:
		return target == ErrNetwork
	case http.StatusUnauthorized:
		return target == ErrSessionExpired && e.Op != opLogon
	}
	return false
}

// NetworkError says that no whole answer came. It matches ErrNetwork and unwraps to the cause.
type NetworkError struct {
	Op  string
	Err error
}

func (e *NetworkError) Error() string { return fmt.Sprintf("izly: %s: %v", e.Op, e.Err) }

func (e *NetworkError) Unwrap() error { return e.Err }

// Is matches ErrNetwork.
func (e *NetworkError) Is(target error) bool { return target == ErrNetwork }

// networkError strips the URL: that of an activation holds a code.
func networkError(ctx context.Context, op string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err
	}
	return &NetworkError{Op: op, Err: err}
}

// neverSent tells whether err is certain to have come before the request left.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// OutcomeError says that an order left and that its outcome is unknown: only the statement can tell. It
// matches ErrOutcomeUnknown and nothing else. It does not unwrap, so that no cause, such as a session that
// HTTP calls expired, can lead a caller to send the order again.
type OutcomeError struct{ Err error }

func (e *OutcomeError) Error() string { return ErrOutcomeUnknown.Error() + ": " + e.Err.Error() }

// Is matches ErrOutcomeUnknown.
func (e *OutcomeError) Is(target error) bool { return target == ErrOutcomeUnknown }

// MismatchError says that the server prepared something else than was asked for.
type MismatchError struct {
	Field string // "card", "amount", "fee" or "debit"
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("izly: %s: the server prepared another %s", opPrepare, e.Field)
}
