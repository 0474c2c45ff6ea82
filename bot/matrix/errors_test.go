//go:build goolm

package matrix

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"

	"cartable/vault"
)

// TestErrorsNameNobody looks at what is made of errors that name people, rooms and devices, as the library's do.
func TestErrorsNameNobody(t *testing.T) {
	const named = "device SECRET of @secret:example.org in !secret:example.org"
	refusal := func(code string) error {
		return mautrix.HTTPError{
			Response:  &http.Response{StatusCode: http.StatusForbidden},
			RespError: &mautrix.RespError{ErrCode: code, Err: named, StatusCode: http.StatusForbidden},
		}
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("didn't find created outbound session for " + named), "failed (*errors.errorString)"},
		{fmt.Errorf("failed for %s: %w", named, crypto.ErrNoSessionFound), crypto.ErrNoSessionFound.Error()},
		{fmt.Errorf("%w: %s", crypto.ErrSignatureUploadFail, named), crypto.ErrSignatureUploadFail.Error()},
		{fmt.Errorf("of %s: %w", named, context.DeadlineExceeded), "took too long"},
		{fmt.Errorf("of %s: %w", named, fmt.Errorf("vault: get: %w", vault.ErrDamaged)), "vault: get: the vault is damaged"},
		{fmt.Errorf("of %s: %w", named, errors.New("matrix: store: a sentence of ours")), "matrix: store: a sentence of ours"},
		{refusal("M_FORBIDDEN"), "refused with M_FORBIDDEN (403)"},
		{refusal(named), "answered with status 403"},
	} {
		text := fail("try", tt.err).Error()
		if !strings.Contains(text, tt.want) || strings.Contains(strings.ToLower(text), "secret") {
			t.Errorf("%v\nbecame %s", tt.err, text)
		}
	}
	if err := newRig(t).store.ResetMasterKeyTOFU(t.Context(), "@secret:example.org", "x"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the store says %v", err)
	}
}

// TestLibraryLog lets of the library's log the sentence through, and none of what it is about.
func TestLibraryLog(t *testing.T) {
	var out bytes.Buffer
	log := libraryLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.Warn().Err(errors.New("of @secret:example.org")).Str("user_id", "@secret:example.org").Str("body", "secret").Msg("Failed to do it")
	log.Debug().Msg("secret")
	if text := out.String(); !strings.Contains(text, "Failed to do it") || strings.Contains(text, "secret") {
		t.Errorf("logged %s", text)
	}
}

// TestPanicNamesNothing has a listener of the library's stumble over what somebody wrote.
func TestPanicNamesNothing(t *testing.T) {
	r := newRig(t)
	l, err := r.connectOnce()
	noError(t, err)
	l.sync.OnSync(func(context.Context, *mautrix.RespSync, string) bool { panic("secret words of @secret:example.org") })
	err = fail("sync", l.sync.ProcessResponse(t.Context(), &mautrix.RespSync{}, "secret-token"))
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "panic") {
		t.Errorf("says %v", err)
	}
}
