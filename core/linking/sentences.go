package linking

import (
	"errors"

	"cartable/core/pronote"
	"cartable/core/view"
)

// addressKeys explain what is wrong with an address.
var addressKeys = map[pronote.AddressReason]string{
	pronote.AddressEmpty:     "address.empty",
	pronote.AddressTooLong:   "address.not_url",
	pronote.AddressNotURL:    "address.not_url",
	pronote.AddressNotHTTPS:  "address.not_https",
	pronote.AddressUserInfo:  "address.user_info",
	pronote.AddressNoHost:    "address.no_host",
	pronote.AddressPrivate:   "address.private",
	pronote.AddressTooFar:    "address.too_far",
	pronote.AddressElsewhere: "address.elsewhere",
}

// Sentences are those of the errors that only PRONOTE reports, or on which it says more than core/school can. The
// first match counts. pictures tells whether the person who reads can send any.
func (*Linking) Sentences(pictures bool) []view.Sentence {
	portal := "error.school.ent"
	if pictures {
		portal = "error.school.ent_picture"
	}
	list := make([]view.Sentence, 0, len(addressKeys)+len(errorSentences)+1)
	for reason, key := range addressKeys {
		list = append(list, view.Sentence{As: addressIs(reason), Key: key})
	}
	list = append(list, view.Sentence{Is: pronote.ErrNeedsENT, Key: portal})
	return append(list, errorSentences...)
}

var errorSentences = []view.Sentence{
	{Is: pronote.ErrNoToken, Key: "qr.no_token"},
	{Is: pronote.ErrSuspended, Key: "error.school.suspended"},
	{Is: pronote.ErrRateLimited, Key: "error.school.rate_limited"},
	{Is: pronote.ErrBrowserRefused, Key: "error.school.browser"},
	{Is: pronote.ErrNotPronote, Key: "error.school.not_pronote"},
	{Is: pronote.ErrNoHost, Key: "address.nowhere"},
	{Is: pronote.ErrAnswerLost, Key: "error.school.answer_lost"},
	{Is: pronote.ErrServer, Key: "error.school.server"},
	{Is: pronote.ErrDenied, Key: "error.school.denied"},
	{As: explainedAccess, Key: "error.school.access_says"},
	{As: refusedAccess, Key: "error.school.access"},
	// What no caller decides on.
	{As: unreadableReply, Key: "error.school.reply"},
	{As: unknownRefusal, Key: "error.school.refused"},
}

func addressIs(reason pronote.AddressReason) func(error) ([]any, bool) {
	return func(err error) ([]any, bool) {
		address, is := errors.AsType[*pronote.AddressError](err)
		return nil, is && address.Reason == reason
	}
}

// refusedAccess tells a login that was refused for another reason than its password.
func refusedAccess(err error) ([]any, bool) {
	access, is := errors.AsType[*pronote.AccessError](err)
	if !is || errors.Is(err, pronote.ErrWrongPassword) {
		return nil, false
	}
	return []any{"code", int(access.Code)}, true
}

// explainedAccess tells one for which the server gives its reason in a sentence.
func explainedAccess(err error) ([]any, bool) {
	access, is := errors.AsType[*pronote.AccessError](err)
	if !is || access.Said() == "" || errors.Is(err, pronote.ErrWrongPassword) {
		return nil, false
	}
	return []any{"text", access.Said()}, true
}

func unreadableReply(err error) ([]any, bool) {
	_, is := errors.AsType[*pronote.ReplyError](err)
	return nil, is
}

// unknownRefusal tells a refusal whose meaning is not known.
func unknownRefusal(err error) ([]any, bool) {
	refusal, is := errors.AsType[*pronote.Error](err)
	return nil, is && refusal.Unwrap() == nil
}
