package core

import (
	"context"
	"errors"

	"cartable/core/izly"
	"cartable/core/pronote"
)

// sentence is an error with its own words: a catalogue key and what goes into it.
type sentence struct {
	key  string
	args []any
}

func (s *sentence) Error() string { return "core: " + s.key }

// say makes an error that is told with the sentence of key.
func say(key string, args ...any) error { return &sentence{key, args} }

// errorSentences pairs what the clients report with what people are told: what happened, what still
// works, what to do. The first match counts.
var errorSentences = []struct {
	err error
	key string
}{
	{errLinkGone, "error.link_gone"},
	{pronote.ErrWrongPassword, "error.school.wrong_password"},
	{pronote.ErrTokenRefused, "error.school.token"},
	{pronote.ErrNoToken, "qr.no_token"},
	{pronote.ErrSuspended, "error.school.suspended"},
	{pronote.ErrRateLimited, "error.school.rate_limited"},
	{pronote.ErrSecondFactor, "error.school.second_factor"},
	{pronote.ErrNeedsENT, "error.school.ent"},
	{pronote.ErrBrowserRefused, "error.school.browser"},
	{pronote.ErrNotPronote, "error.school.not_pronote"},
	{pronote.ErrBusy, "error.school.busy"},
	{pronote.ErrUnavailable, "error.school.unavailable"},
	{pronote.ErrDenied, "error.school.denied"},
	{pronote.ErrNotPublished, "error.school.not_published"},
	{pronote.ErrSessionExpired, "error.school.expired"},
	{pronote.ErrNetwork, "error.school.network"},
	{izly.ErrWrongCode, "error.wallet.wrong_code"},
	{izly.ErrBlocked, "error.wallet.blocked"},
	{izly.ErrActivationSent, "error.wallet.activation_sent"},
	{izly.ErrMustEnrol, "error.wallet.enrol"},
	{izly.ErrBadActivation, "error.wallet.bad_activation"},
	{izly.ErrTooOld, "error.wallet.too_old"},
	{izly.ErrSessionExpired, "error.wallet.expired"},
	{izly.ErrNoBalance, "error.wallet.no_balance"},
	{izly.ErrNetwork, "error.wallet.network"},
	{context.DeadlineExceeded, "error.deadline"},
}

// stopSentences tell why a link rests and what ends that.
var stopSentences = map[stopReason]string{
	stoppedWrongPassword: "stopped.wrong_password",
	stoppedSecondFactor:  "stopped.second_factor",
	stoppedNoAccess:      "stopped.no_access",
	stoppedToken:         "stopped.token",
	stoppedWrongCode:     "stopped.wrong_code",
	stoppedRefused:       "stopped.refused",
	stoppedEnrol:         "stopped.enrol",
	stoppedBlocked:       "stopped.blocked",
}

// explain turns an error into what the person is told. An error that has no sentence is logged under a
// reference, and the person gets the reference.
func (t *turn) explain(err error) Reply {
	var own *sentence
	var held *heldError
	var stopped *stoppedError
	var access *pronote.AccessError
	var address *pronote.AddressError
	switch {
	case errors.As(err, &address):
		return t.plain(addressKeys[address.Reason])
	case errors.As(err, &own):
		return t.plain(own.key, own.args...)
	case errors.As(err, &held):
		key := "error.held"
		if held.account {
			key = "error.held_account"
		}
		return t.plain(key, "until", t.until(held.until), "link", t.cmd("connexion"))
	case errors.As(err, &stopped):
		return t.plain(stopSentences[stopped.reason], "school", stopped.school, "link", t.cmd("connexion"))
	}
	if errors.Is(err, pronote.ErrNeedsENT) && t.takesPictures() {
		return t.plain("error.school.ent_picture")
	}
	for _, known := range errorSentences {
		if errors.Is(err, known.err) {
			t.log.Warn("answered with an error", "error", err)
			return t.withServerText(t.plain(known.key, "link", t.cmd("connexion")), err)
		}
	}
	if errors.As(err, &access) {
		return t.plain("error.school.access", "code", int(access.Code), "link", t.cmd("connexion"))
	}
	return t.explainOdd(err)
}

// explainOdd answers for what no caller decides on: an unreadable answer, an unknown refusal, a fault of
// ours.
func (t *turn) explainOdd(err error) Reply {
	var schoolReply *pronote.ReplyError
	var schoolRefusal *pronote.Error
	var walletReply *izly.ReplyError
	var walletStatus *izly.StatusError
	var walletRefusal *izly.Error
	key := ""
	switch {
	case errors.As(err, &schoolReply):
		key = "error.school.reply"
	case errors.As(err, &schoolRefusal):
		key = "error.school.refused"
	case errors.As(err, &walletReply), errors.As(err, &walletStatus):
		key = "error.wallet.reply"
	case errors.As(err, &walletRefusal):
		key = "error.wallet.refused"
	default:
		t.log.Error("unexpected error", "error", err)
		return t.unexpected()
	}
	reference := t.e.newID()[:6]
	t.log.Warn("server not understood", "reference", reference, "error", err)
	return t.withServerText(t.plain(key, "reference", reference), err)
}

// withServerText adds Izly's own sentence to a reply about its refusal.
func (t *turn) withServerText(r Reply, err error) Reply {
	var refused *izly.Error
	if errors.As(err, &refused) && refused.Msg != "" {
		r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.T("error.wallet.says", "text", refused.Msg)})
	}
	return r
}

// unexpected is the answer when something is wrong with the bot itself.
func (t *turn) unexpected() Reply {
	reference := t.e.newID()[:6]
	t.log.Error("told the person that something went wrong", "reference", reference)
	return t.plain("error.unexpected", "reference", reference)
}
