package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrToken matches, with errors.Is, the error of Run that says that Telegram knows no such bot: the token
// is wrong or was revoked. Trying again is of no use.
var ErrToken = errors.New("telegram: the token was refused")

// Error is a call of the Bot API that failed. Its text holds neither the token nor an address.
type Error struct {
	Op         string        // the method, e.g. "sendMessage"
	Code       int           // error_code of the answer or status of a page that is none; 0: no answer
	Text       string        // Telegram's description or the network's error, at most 300 runes
	RetryAfter time.Duration // with Code 429
	MigrateTo  int64         // the new chat id of a group that became a supergroup, or 0

	unsent bool  // nothing was written to Telegram: nothing can have happened
	cause  error // the context's error, if that is what it was
}

func (e *Error) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("telegram: %s: %s", e.Op, e.Text)
	}
	return fmt.Sprintf("telegram: %s: %d %s", e.Op, e.Code, e.Text)
}

// Unwrap gives context.Canceled or context.DeadlineExceeded when the call's context ended it.
func (e *Error) Unwrap() error { return e.cause }

// Is matches ErrToken: 401 is a revoked token, 404 one that never was, or a file that is no more.
func (e *Error) Is(target error) bool {
	return target == ErrToken && e.Op != opDownload && (e.Code == http.StatusUnauthorized || e.Code == http.StatusNotFound)
}

// passing tells whether the same call may work later: a lost connection, or a server that is down. A
// page that is no answer of the Bot API has the code of a gateway.
func (e *Error) passing() bool { return e.Code == 0 || e.Code >= 500 }

const maxErrorText = 300 // runes

// urlForm is anything like a URL, up to white space or a quote.
var urlForm = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*`)

// fail is the way by which every error leaves the client: it takes out addresses and the token, and
// keeps of the causes only the context's, because the others might print either.
func (c *api) fail(op string, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	e := &Error{Op: op}
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			e.cause = cause
		}
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	e.Text = c.clean(err.Error())
	return e
}

// clean takes addresses and the token out of a text and cuts it.
func (c *api) clean(text string) string {
	text = urlForm.ReplaceAllString(text, "[address]")
	token := c.token.Reveal()
	_, key, _ := strings.Cut(token, ":")
	text = strings.NewReplacer(token, "[token]", key, "[token]").Replace(text)
	return cut(strings.ToValidUTF8(text, "�"), maxErrorText)
}

// cut shortens s to at most n runes, the last of which then tells that there was more.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// refusedAs tells whether err is a 400 whose description has one of the words.
func refusedAs(err error, words ...string) bool {
	var e *Error
	if !errors.As(err, &e) || e.Code != http.StatusBadRequest {
		return false
	}
	text := strings.ToLower(e.Text)
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
