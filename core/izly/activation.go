package izly

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"cartable/core/secret"
)

// Activation is what the SMS brings.
type Activation struct {
	Phone string // from the link; empty for a bare code
	Code  secret.Text
}

// ActivationReason says what is wrong with an activation.
type ActivationReason string

// Reasons of an ActivationError.
const (
	ActivationMissing    ActivationReason = "no link and no code in the text"
	ActivationUnclear    ActivationReason = "several words could be the code"
	ActivationOtherPhone ActivationReason = "the link is for another phone number"
	ActivationBadKey     ActivationReason = "the code is not base64"
	ActivationExpired    ActivationReason = "the link has been used or has expired"
)

// ActivationError is an activation that was not sent. It matches ErrBadActivation.
type ActivationError struct{ Reason ActivationReason }

func (e *ActivationError) Error() string { return "izly: activation: " + string(e.Reason) }

// Is matches ErrBadActivation.
func (e *ActivationError) Is(target error) bool { return target == ErrBadActivation }

var (
	// The link of the SMS, its host left out: requests go to Config.SiteURL only (izly-today §2.2).
	activationLink = regexp.MustCompile(`(?i)/tools/activation/(\+?[0-9]{1,20})/([^\s/?#"'<>]+)`)
	// Codes are base64 in the seed's world; digits, letters and "_" have been seen (izly-today §2.1). A "/"
	// would not fit in the link.
	activationCode = regexp.MustCompile(`^[0-9A-Za-z_+=-]{4,128}$`)
)

// maxActivation bounds the text that is searched, in bytes: an SMS is shorter.
const maxActivation = 4096

// ParseActivation finds the activation in a text that a person pasted: the link of the SMS, the whole
// SMS, or the code alone. The error is an *ActivationError.
func ParseActivation(text string) (Activation, error) {
	if len(text) > maxActivation {
		return Activation{}, &ActivationError{ActivationMissing}
	}
	if m := activationLink.FindStringSubmatch(text); m != nil {
		return linkActivation(strings.TrimPrefix(m[1], "+"), m[2])
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`"'«»<>()[]`, r) })
	var codes []string
	for _, word := range words {
		if word = strings.TrimRight(word, ".,;:!?"); activationCode.MatchString(word) && (len(words) == 1 || looksRandom(word)) {
			codes = append(codes, word)
		}
	}
	switch len(codes) {
	case 0:
		return Activation{}, &ActivationError{ActivationMissing}
	case 1:
		return Activation{Code: secret.New(codes[0])}, nil
	}
	return Activation{}, &ActivationError{ActivationUnclear}
}

func linkActivation(phone, code string) (Activation, error) {
	code, err := url.PathUnescape(strings.TrimRight(code, ".,;:!)»]"))
	if err != nil || !activationCode.MatchString(code) || !isPhone(phone) {
		return Activation{}, &ActivationError{ActivationMissing}
	}
	return Activation{Phone: phone, Code: secret.New(code)}, nil
}

// looksRandom tells a code from the words of a sentence: it has a digit and a letter.
func looksRandom(word string) bool {
	return strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, unicode.IsLetter)
}
