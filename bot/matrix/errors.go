//go:build goolm

package matrix

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/attachment"
	"maunium.net/go/mautrix/crypto/olm"
	"maunium.net/go/mautrix/crypto/ssss"
)

// What ends Run for good: each says what to do.
var (
	// ErrLogin says that the homeserver refused name and password.
	ErrLogin = errors.New("the homeserver refused the login; check CARTABLE_MATRIX_USER and CARTABLE_MATRIX_PASSWORD")
	// ErrNoPassword says that a login is needed and there is no password.
	ErrNoPassword = errors.New("the homeserver wants a login; set CARTABLE_MATRIX_PASSWORD")
	// ErrNoPasswordLogin says that the homeserver takes no passwords.
	ErrNoPasswordLogin = errors.New("the homeserver takes no passwords; log the bot in with `bot matrix login`, which needs a browser once, or set CARTABLE_MATRIX_TOKEN")
	// ErrLoginEnded says that the login of `bot matrix login` is over.
	ErrLoginEnded = errors.New("the homeserver has ended the bot's login; log it in again with `bot matrix login`")
	// ErrToken says that the homeserver does not know the access token of the settings.
	ErrToken = errors.New("the homeserver does not know CARTABLE_MATRIX_TOKEN (any more); make another token there, or log the bot in with `bot matrix login`")
	// ErrTokenAccount says that the token is of somebody else.
	ErrTokenAccount = errors.New("CARTABLE_MATRIX_TOKEN belongs to another account than CARTABLE_MATRIX_USER")
	// ErrTokenDevice says that the token brings no device that the vault can take.
	ErrTokenDevice = errors.New("CARTABLE_MATRIX_TOKEN brings no device of its own: each new vault, and each one that was put back from a copy, " +
		"needs a token of a new login; make one and set it, or use `bot matrix login`")
	// ErrOtherAccount says that the vault belongs to another account or homeserver.
	ErrOtherAccount = errors.New("the vault belongs to another Matrix account or homeserver; use those settings again, or another CARTABLE_DATA. " +
		"If only the address of the homeserver has changed, set CARTABLE_MATRIX_USER to the bot's full name, such as @cartable:example.org, and start it with `bot run`")
	// ErrDeviceTaken says that the server knows other keys under the device's name.
	ErrDeviceTaken = errors.New("the homeserver knows other keys for this bot's device than the vault; is another copy of the bot running? " +
		"Stop it; then log the device out in the account's settings and start again")
	// ErrCopied says that another copy of the vault is in use.
	ErrCopied = errors.New("another copy of this vault is running with the bot's Matrix device; " +
		"stop that one, and then start this one again: it takes a device of its own")
	// ErrIdentityUnknown says that the account has a cross-signing identity whose keys are not at hand.
	ErrIdentityUnknown = errors.New("the account has an encryption identity that this vault does not hold; " +
		"set CARTABLE_MATRIX_RECOVERY_KEY to its recovery key, or give the account a new identity with `bot matrix reset-identity --yes`")
	// ErrRecoveryKey says that the recovery key does not open the identity.
	ErrRecoveryKey = errors.New("CARTABLE_MATRIX_RECOVERY_KEY does not open the account's encryption identity; " +
		"check it, or give the account a new identity with `bot matrix reset-identity --yes`")
	// ErrAuthentication says that the homeserver did not accept the password for a change of keys.
	ErrAuthentication = errors.New("the homeserver did not accept the password for a new encryption identity, and the account is as it was; " +
		"check CARTABLE_MATRIX_PASSWORD, and if you wanted the new identity, ask for it again with `bot matrix reset-identity --yes`")
	// ErrApproval says that the homeserver takes no password for what was asked.
	ErrApproval = errors.New("the homeserver wants this approved by hand, and the account is as it was; if you wanted a new encryption identity, " +
		"allow it in the account's settings there, and within minutes run `bot matrix reset-identity --yes` and `bot run`")
)

// final are those of them that end Run.
var final = []error{
	ErrLogin, ErrNoPassword, ErrNoPasswordLogin, ErrLoginEnded, ErrToken, ErrTokenAccount, ErrTokenDevice,
	ErrOtherAccount, ErrDeviceTaken, ErrCopied, ErrIdentityUnknown, ErrRecoveryKey, ErrAuthentication, ErrApproval,
}

// lasting tells whether trying again cannot help.
func lasting(err error) bool { return lastingCause(err) != nil }

// lastingCause is what in an error cannot be helped by trying again; nil for nothing.
func lastingCause(err error) error {
	for _, e := range final {
		if errors.Is(err, e) {
			return e
		}
	}
	return nil
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
	case errors.As(err, &ours):
		return err
	}
	if cause := lastingCause(err); cause != nil {
		if _, library := errors.AsType[*url.Error](err); library { // whose words name rooms
			return fmt.Errorf("matrix: %w", cause)
		}
		return err
	}
	e := &Error{Op: op, cause: err}
	if answer, ok := errors.AsType[mautrix.HTTPError](err); ok {
		if answer.RespError != nil && codeShape.MatchString(answer.RespError.ErrCode) {
			e.Code = answer.RespError.ErrCode
		}
		if answer.Response != nil {
			e.HTTP = answer.Response.StatusCode
		}
	}
	return e
}

// codeShape is what a code of the specification looks like. Anything else would be the server's words.
var codeShape = regexp.MustCompile(`^[A-Z][A-Z0-9_.]{0,63}$`)

// kind describes what went wrong without the address that it went wrong with. The library's errors name people,
// devices and rooms; so only what is known to be harmless is told, and of the rest the type.
func kind(err error) string {
	var address *url.Error
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case err == nil:
		return "failed"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.Is(err, context.DeadlineExceeded):
		return "took too long"
	case errors.As(err, &certificate):
		return "no connection: the certificate is not accepted"
	case errors.As(err, &network):
		return "no connection: " + network.Op + " failed"
	case errors.As(err, &address):
		return "no connection"
	}
	for _, known := range harmless {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if text := inner.Error(); strings.HasPrefix(text, "matrix: ") || strings.HasPrefix(text, "vault: ") {
			return text // our own sentences, which name nobody
		}
		err = inner
	}
	return fmt.Sprintf("failed (%T)", err)
}

// harmless are errors whose text says only what happened.
var harmless = []error{
	io.ErrUnexpectedEOF, io.EOF,
	mautrix.ErrResponseTooLong, mautrix.ErrBodyReadReachedLimit,
	crypto.ErrNoSessionFound, crypto.ErrGroupSessionWithheld, crypto.ErrDuplicateMessageIndex, crypto.ErrWrongRoom, crypto.ErrDeviceKeyMismatch,
	crypto.ErrRatchetError, crypto.ErrCorruptedMegolmPayload, crypto.ErrIncorrectEncryptedContentType, crypto.ErrUnsupportedAlgorithm,
	crypto.ErrNoGroupSession, crypto.ErrSessionNotShared, crypto.ErrSessionExpired,
	crypto.ErrSelfSigningKeyNotCached, crypto.ErrCrossSigningPubkeysNotCached, crypto.ErrSignatureUploadFail,
	crypto.ErrUserNotInQueryResponse, crypto.ErrDeviceNotInQueryResponse, crypto.ErrMismatchingSigningKey, crypto.ErrInvalidKeySignature,
	ssss.ErrNoDefaultKeyID, ssss.ErrNotEncryptedForKey, ssss.ErrKeyDataMACMismatch, ssss.ErrIncorrectSSSSKey, ssss.ErrInvalidRecoveryKey,
	ssss.ErrCorruptedKeyMetadata, ssss.ErrUnverifiableKey,
	attachment.ErrHashMismatch, attachment.ErrUnsupportedVersion, attachment.ErrUnsupportedAlgorithm, attachment.ErrInvalidKey,
	attachment.ErrInvalidInitVector, attachment.ErrInvalidHash,
	olm.ErrBadMAC, olm.ErrBadSignature, olm.ErrBadMessageFormat, olm.ErrUnknownMessageIndex, olm.ErrInputToSmall,
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

// tokenLost tells whether the server does not know our token any more.
func tokenLost(err error) bool { return refusedAs(err, mautrix.MUnknownToken, mautrix.MMissingToken) }

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
	return !lasting(err) && !errors.Is(err, errFile) && (status == 0 || status == http.StatusTooManyRequests || status >= 500)
}
