package linking_test

import (
	"errors"
	"fmt"
	"testing"

	"cartable/core/linking"
	"cartable/core/pronote"
	"cartable/core/view"
	"cartable/i18n"
)

// TestSentences pairs each error of PRONOTE with what people are told, in whatever it is wrapped.
func TestSentences(t *testing.T) {
	catalog, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	v := view.View{P: catalog.Printer("fr"), Cmd: func(name string) string { return "/" + name }, Reference: "0815"}
	rooms := linking.New(linking.Config{})
	link, reference := []any{"link", "/connexion"}, []any{"reference", "0815"}
	for _, tt := range []struct {
		err      error
		pictures bool
		key      string
		args     []any
	}{
		{&pronote.AddressError{Reason: pronote.AddressEmpty}, true, "address.empty", nil},
		{&pronote.AddressError{Reason: pronote.AddressTooLong}, true, "address.not_url", nil},
		{&pronote.AddressError{Reason: pronote.AddressNotURL}, true, "address.not_url", nil},
		{&pronote.AddressError{Reason: pronote.AddressNotHTTPS}, true, "address.not_https", nil},
		{&pronote.AddressError{Reason: pronote.AddressUserInfo}, true, "address.user_info", nil},
		{&pronote.AddressError{Reason: pronote.AddressNoHost}, true, "address.no_host", nil},
		{&pronote.AddressError{Reason: pronote.AddressPrivate}, true, "address.private", nil},
		{&pronote.AddressError{Reason: pronote.AddressTooFar}, true, "address.too_far", nil},
		{&pronote.AddressError{Reason: pronote.AddressElsewhere}, true, "address.elsewhere", nil},
		{pronote.ErrWrongPassword, true, "error.school.wrong_password", link},
		{&pronote.AccessError{Code: pronote.AccessWrongPassword}, true, "error.school.wrong_password", link},
		{pronote.ErrServer, true, "error.school.server", nil},
		{fmt.Errorf("x: %w: %w", pronote.ErrAnswerLost, pronote.ErrNetwork), true, "error.school.answer_lost", link},
		{&pronote.AccessError{Code: pronote.AccessBlocked}, true, "error.school.access", []any{"code", 6, "link", "/connexion"}},
		{pronote.ErrTokenRefused, true, "error.school.token", link},
		{pronote.ErrNoToken, true, "qr.no_token", link},
		{pronote.ErrSuspended, true, "error.school.suspended", nil},
		{pronote.ErrRateLimited, true, "error.school.rate_limited", nil},
		{pronote.ErrSecondFactor, true, "error.school.second_factor", link},
		{pronote.ErrNeedsENT, true, "error.school.ent_picture", nil},
		{pronote.ErrNeedsENT, false, "error.school.ent", nil},
		{pronote.ErrBrowserRefused, true, "error.school.browser", nil},
		{pronote.ErrNotPronote, true, "error.school.not_pronote", link},
		{pronote.ErrBusy, true, "error.school.busy", nil},
		{pronote.ErrUnavailable, true, "error.school.unavailable", nil},
		{pronote.ErrDenied, true, "error.school.denied", nil},
		{pronote.ErrNotPublished, true, "error.school.not_published", nil},
		{pronote.ErrSessionExpired, true, "error.school.expired", nil},
		{pronote.ErrNoHost, true, "address.nowhere", nil},
		{&pronote.NetworkError{Op: "page"}, true, "error.school.network", nil},
		{&pronote.ReplyError{Op: "page", What: "not one"}, true, "error.school.reply", reference},
		{&pronote.Error{Op: "Authentification", Code: 4711}, true, "error.school.refused", reference},
	} {
		want := plain(v.P.T(tt.key, tt.args...))
		for _, err := range []error{tt.err, fmt.Errorf("pronote: login: %w", tt.err), errors.Join(errors.New("other"), tt.err)} {
			r, known := v.Error(err, rooms.Sentences(tt.pictures))
			if got := render(r); !known || got != want+"\n" {
				t.Errorf("%s, pictures %t: got\n%s\nwant\n%s", tt.key, tt.pictures, got, want)
			}
		}
	}
	if _, known := v.Error(pronote.ErrTokenNotKept, rooms.Sentences(true)); known {
		t.Error("an error of ours has a sentence of PRONOTE's")
	}
}
