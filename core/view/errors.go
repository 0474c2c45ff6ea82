package view

import (
	"context"
	"errors"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/school"
	"cartable/core/tries"
	"cartable/core/wallet"
)

// Sentence pairs an error with what people are told: what happened, what still works, what to do.
type Sentence struct {
	// Is is what the error matches. Where that is not enough, As tells whether the sentence is the error's, and
	// gives it its values, as pairs.
	Is  error
	As  func(err error) (values []any, ok bool)
	Key string
}

func (s Sentence) tells(err error) ([]any, bool) {
	if s.As != nil {
		return s.As(err)
	}
	return nil, errors.Is(err, s.Is)
}

// sentences are those of the errors that carry nothing to be told. The first match counts: a top-up whose outcome is
// not known comes before all that says that nothing was charged.
var sentences = []Sentence{
	{Is: izly.ErrOutcomeUnknown, Key: "error.wallet.unsure"},
	{As: isLockedByDamage, Key: "error.wallet.damaged_locked"},
	{Is: wallet.ErrLocked, Key: "error.wallet.locked"},
	{Is: wallet.ErrDamaged, Key: "error.wallet.damaged"},
	{Is: wallet.ErrRelinked, Key: "error.gone"},
	{Is: wallet.ErrGone, Key: "error.link_gone"},
	{Is: family.ErrGone, Key: "error.gone"},
	{Is: wallet.ErrNeedCode, Key: "error.wallet.need_code"},
	{Is: wallet.ErrNotYours, Key: "topup.not_owner"},
	{Is: wallet.ErrExpired, Key: "topup.expired"},
	{Is: school.ErrWrongPassword, Key: "error.school.wrong_password"},
	{Is: school.ErrTokenRefused, Key: "error.school.token"},
	{Is: school.ErrSecondFactor, Key: "error.school.second_factor"},
	{Is: school.ErrNotPublished, Key: "error.school.not_published"},
	{Is: school.ErrNotOffered, Key: "error.school.not_offered"},
	{Is: school.ErrUnknownPupil, Key: "error.school.unknown_pupil"},
	{Is: school.ErrUnknownPeriod, Key: "error.school.unknown_period"},
	{Is: school.ErrNoAccess, Key: "error.school.no_access"},
	{Is: school.ErrExpired, Key: "error.school.expired"},
	{Is: school.ErrPause, Key: "error.school.pause"},
	{Is: school.ErrBusy, Key: "error.school.busy"},
	{Is: school.ErrClosed, Key: "error.school.unavailable"},
	{Is: school.ErrNoAnswer, Key: "error.school.network"},
	{Is: izly.ErrWrongCode, Key: "error.wallet.wrong_code"},
	{Is: izly.ErrBlocked, Key: "error.wallet.blocked"},
	{Is: izly.ErrActivationSent, Key: "error.wallet.activation_sent"},
	{Is: izly.ErrMustEnrol, Key: "error.wallet.enrol"},
	{Is: izly.ErrBadActivation, Key: "error.wallet.bad_activation"},
	{Is: izly.ErrTooOld, Key: "error.wallet.too_old"},
	{Is: izly.ErrSessionExpired, Key: "error.wallet.expired"},
	{Is: izly.ErrNoBalance, Key: "error.wallet.no_balance"},
	{Is: izly.ErrBadSecretCode, Key: "error.wallet.code_form"},
	{Is: izly.ErrBadAmount, Key: "amount.zero"},
	{Is: izly.ErrNetwork, Key: "error.wallet.network"},
	{Is: context.DeadlineExceeded, Key: "error.deadline"},
	// What no caller decides on.
	{As: isA[*izly.PhoneError], Key: "error.wallet.phone"},
	{As: isA[*izly.MismatchError], Key: "error.wallet.mismatch"},
	{As: isA[*izly.ReplyError], Key: "error.wallet.reply"},
	{As: isA[*izly.StatusError], Key: "error.wallet.reply"},
	{As: isA[*izly.Error], Key: "error.wallet.refused"},
}

func isA[E error](err error) ([]any, bool) {
	_, is := errors.AsType[E](err)
	return nil, is
}

// isLockedByDamage tells an account that must be linked again before its owner can say that they have looked.
func isLockedByDamage(err error) ([]any, bool) {
	return nil, errors.Is(err, wallet.ErrLocked) && errors.Is(err, wallet.ErrDamaged)
}

// familyStops and walletStops tell why an account rests and what ends that.
var (
	familyStops = map[family.StopReason]string{
		family.StoppedWrongPassword: "stopped.wrong_password",
		family.StoppedSecondFactor:  "stopped.second_factor",
		family.StoppedNoAccess:      "stopped.no_access",
		family.StoppedToken:         "stopped.token",
	}
	walletStops = map[wallet.StopReason]string{
		wallet.StoppedWrongCode: "stopped.wrong_code",
		wallet.StoppedRefused:   "stopped.refused",
		wallet.StoppedEnrol:     "stopped.enrol",
		wallet.StoppedBlocked:   "stopped.blocked",
	}
)

// Error says what an error means to people. own are the sentences of what this package does not know, such as the
// errors of one school system; they are tried first. Where no sentence fits, known is false and the reply says no more
// than that something went wrong. The caller logs the error with v.Reference in both cases, for sentences may tell it.
func (v View) Error(err error, own []Sentence) (r chat.Reply, known bool) {
	key, values := sentence(v, err, own)
	if known = key != ""; !known {
		key = "error.unexpected"
	}
	return v.WithServerText(v.Say(key, append(usual(v), values...)...), err), known
}

// usual are the values that a sentence about an error may have.
func usual(v View) []any {
	return []any{
		"reference", v.Reference, "minutes", orderMinutes, "link", v.Cmd("connexion"), "notes", v.Cmd("notes"),
		"balance", v.Cmd("solde"), "history", v.Cmd("historique"), "command", v.Cmd("recharger"),
	}
}

// sentence finds the key of an error's sentence and what goes into it beside what is usual; "" without a sentence.
func sentence(v View, err error, own []Sentence) (key string, values []any) {
	for _, s := range own {
		if values, ok := s.tells(err); ok {
			return s.Key, values
		}
	}
	if e, ok := errors.AsType[*family.PausedError](err); ok {
		return "error.held", []any{"until", v.Until(e.Until)}
	}
	if e, ok := errors.AsType[*tries.HeldError](err); ok {
		key = "error.held_person"
		if e.Own {
			key = "error.held_account"
		}
		return key, []any{"until", v.Until(e.Until)}
	}
	if e, ok := errors.AsType[*family.StoppedError](err); ok {
		return familyStops[e.Reason], []any{"school", e.School}
	}
	if e, ok := errors.AsType[*wallet.StoppedError](err); ok {
		return walletStops[e.Reason], nil
	}
	if e, ok := errors.AsType[*wallet.UnsettledError](err); ok {
		return unsettled(v, e.Order)
	}
	for _, s := range sentences {
		if values, ok := s.tells(err); ok {
			return s.Key, values
		}
	}
	return "", nil
}

// WithServerText adds Izly's own sentence to a reply about its refusal.
func (v View) WithServerText(r chat.Reply, err error) chat.Reply {
	if refused, ok := errors.AsType[*izly.Error](err); ok && refused.Msg != "" {
		r.Body = append(r.Body, chat.Line{Kind: chat.LineNote, Text: v.P.T("error.wallet.says", "text", refused.Msg)})
	}
	return r
}

// Unreadable says that a damaged record stands in the way. account is how its owner knows it; "" for a record of the
// chat, or where that is not known either.
func (v View) Unreadable(account string) chat.Reply {
	if account == "" {
		return v.Say("error.unreadable_here", "link", v.Cmd("connexion"))
	}
	return v.Say("error.unreadable", "account", account, "link", v.Cmd("connexion"))
}
