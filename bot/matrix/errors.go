//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"maunium.net/go/mautrix"
)

// What ends Run for good: each says what to do.
var (
	// ErrLogin says that the homeserver refused name and password.
	ErrLogin = errors.New("the homeserver refused the login; check CARTABLE_MATRIX_USER and CARTABLE_MATRIX_PASSWORD")
	// ErrNoPassword says that a login is needed and there is no password.
	ErrNoPassword = errors.New("the homeserver wants a login; set CARTABLE_MATRIX_PASSWORD")
	// ErrOtherAccount says that the vault belongs to another account or homeserver.
	ErrOtherAccount = errors.New("the vault belongs to another Matrix account; use that account's settings again, or another CARTABLE_DATA")
	// ErrDeviceTaken says that the server knows other keys under the device's name.
	ErrDeviceTaken = errors.New("the homeserver knows other keys for this bot's device than the vault; is another copy of the bot running? " +
		"Stop it; then log the device out in the account's settings and start again")
	// ErrIdentityUnknown says that the account has a cross-signing identity whose keys are not at hand.
	ErrIdentityUnknown = errors.New("the account has an encryption identity that this vault does not hold; " +
		"set CARTABLE_MATRIX_RECOVERY_KEY to its recovery key, or give the account a new identity with `bot matrix reset-identity`")
	// ErrRecoveryKey says that the recovery key does not open the identity.
	ErrRecoveryKey = errors.New("CARTABLE_MATRIX_RECOVERY_KEY does not open the account's encryption identity; " +
		"check it, or give the account a new identity with `bot matrix reset-identity`")
	// ErrAuthentication says that the homeserver did not accept the password for a change of keys.
	ErrAuthentication = errors.New("the homeserver did not accept the password for a change of the encryption identity; check CARTABLE_MATRIX_PASSWORD")
)

// lasting tells whether trying again cannot help.
func lasting(err error) bool {
	for _, e := range []error{ErrLogin, ErrNoPassword, ErrOtherAccount, ErrDeviceTaken, ErrIdentityUnknown, ErrRecoveryKey, ErrAuthentication} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Error is a call that did not succeed. It holds neither an address nor the server's words: they name rooms
// and people, and may hold a token.
type Error struct {
	Op   string
	Code string // such as "M_FORBIDDEN"; empty when the server said nothing
	HTTP int    // status; 0 when there was no answer

	cause error // for errors.Is; not printed
}

func (e *Error) Error() string {
	switch {
	case e.Code != "":
		return fmt.Sprintf("matrix: %s: refused with %s (%d)", e.Op, e.Code, e.HTTP)
	case e.HTTP != 0:
		return fmt.Sprintf("matrix: %s: answered with status %d", e.Op, e.HTTP)
	default:
		return fmt.Sprintf("matrix: %s: %s", e.Op, kind(e.cause))
	}
}

// Unwrap lets errors.Is find the server's code and the end of a context.
func (e *Error) Unwrap() error { return e.cause }

// fail wraps an error of the library.
func fail(op string, err error) error {
	var ours *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours), lasting(err):
		return err
	}
	e := &Error{Op: op, cause: err}
	if answer, ok := errors.AsType[mautrix.HTTPError](err); ok {
		if answer.RespError != nil {
			e.Code = answer.RespError.ErrCode
		}
		if answer.Response != nil {
			e.HTTP = answer.Response.StatusCode
		}
	}
	return e
}

// kind describes what went wrong without the address that it went wrong with.
func kind(err error) string {
	var address *url.Error
	var network *net.OpError
	switch {
	case err == nil:
		return "failed"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long"
	case errors.As(err, &network):
		return "no connection: " + network.Op + " failed"
	case errors.As(err, &address):
		return "no connection"
	}
	return innermost(err).Error() // what is wrapped around it may name people and rooms
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// refusedAs tells whether the server refused with one of these codes.
func refusedAs(err error, codes ...mautrix.RespError) bool {
	for _, code := range codes {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// statusOf is the HTTP status of a refusal, 0 for none.
func statusOf(err error) int {
	if answer, ok := errors.AsType[mautrix.HTTPError](err); ok && answer.Response != nil {
		return answer.Response.StatusCode
	}
	return 0
}

// passing tells whether the same call may succeed later.
func passing(err error) bool {
	status := statusOf(err)
	return !lasting(err) && (status == 0 || status == http.StatusTooManyRequests || status >= 500)
}
