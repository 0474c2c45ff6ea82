package izly

import (
	"strings"
	"unicode"

	"cartable/core/secret"
)

// PhoneReason says what is wrong with a phone number.
type PhoneReason string

// Reasons of a PhoneError.
const (
	PhoneEmpty   PhoneReason = "empty"
	PhoneLetters PhoneReason = "something other than digits and separators"
	PhoneShort   PhoneReason = "too few digits"
	PhoneLong    PhoneReason = "too many digits"
	PhoneCountry PhoneReason = "no country code and not a French number"
)

// PhoneError says why a text is not a phone number. It does not quote the text.
type PhoneError struct{ Reason PhoneReason }

func (e *PhoneError) Error() string { return "izly: phone number: " + string(e.Reason) }

// Digits of an international number (ITU-T E.164 §6); a French one has exactly eleven with its 33.
const (
	minPhone    = 8
	maxPhone    = 15
	frenchPhone = 11
)

// ParsePhone reads a phone number as people write it, "06 11 22 33 44" or "+33 (0)6.11.22.33.44", and
// gives the form of the protocol: "33611223344" (izly-today §2.1). Numbers of other countries keep their
// code. The error is a *PhoneError.
func ParsePhone(text string) (string, error) {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	digits, plus := strings.CutPrefix(text, "+")
	digits, err := phoneDigits(digits)
	if err != nil {
		return "", err
	}
	international, doubleZero := strings.CutPrefix(digits, "00")
	switch {
	case plus || doubleZero:
		digits = international
	case strings.HasPrefix(digits, "0"):
		digits = "33" + digits[1:]
	case !strings.HasPrefix(digits, "33"):
		return "", &PhoneError{PhoneCountry}
	}
	if rest, french := strings.CutPrefix(digits, "33"); french {
		return checkFrench(strings.TrimPrefix(rest, "0")) // "+33 (0)6…"
	}
	switch {
	case len(digits) < minPhone:
		return "", &PhoneError{PhoneShort}
	case len(digits) > maxPhone:
		return "", &PhoneError{PhoneLong}
	case digits[0] == '0':
		return "", &PhoneError{PhoneCountry}
	}
	return digits, nil
}

func checkFrench(rest string) (string, error) {
	switch n := frenchPhone - len("33"); {
	case len(rest) < n:
		return "", &PhoneError{PhoneShort}
	case len(rest) > n:
		return "", &PhoneError{PhoneLong}
	case rest[0] == '0':
		return "", &PhoneError{PhoneCountry}
	}
	return "33" + rest, nil
}

// phoneDigits drops what people put between digits.
func phoneDigits(text string) (string, error) {
	var digits strings.Builder
	for _, r := range text {
		switch {
		case '0' <= r && r <= '9':
			digits.WriteRune(r)
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), strings.ContainsRune("./()", r), unicode.Is(unicode.Cf, r):
		default:
			return "", &PhoneError{PhoneLetters}
		}
	}
	if digits.Len() == 0 {
		return "", &PhoneError{PhoneEmpty}
	}
	return digits.String(), nil
}

// isPhone tells whether a text from the server can be a UID.
func isPhone(s string) bool {
	return isDigits(s) && minPhone <= len(s) && len(s) <= maxPhone
}

const secretCodeDigits = 6

// ParseSecretCode reads the six digits of the secret code (seed-izly §I.a); spaces are forgiven. The
// error is ErrBadSecretCode.
func ParseSecretCode(text string) (secret.Text, error) {
	code := strings.Join(strings.Fields(text), "")
	if !isDigits(code) || len(code) != secretCodeDigits {
		return secret.Text{}, ErrBadSecretCode
	}
	return secret.New(code), nil
}

// checkCode refuses before anything is sent or spent: wrong codes block accounts.
func checkCode(code secret.Text) error {
	if clean, err := ParseSecretCode(code.Reveal()); err != nil || clean.Reveal() != code.Reveal() {
		return ErrBadSecretCode
	}
	return nil
}
