package pronote

import (
	"bytes"
	"context"
	"crypto/aes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cartable/core/pronote/cipher"
	"cartable/core/secret"
)

// QRCode is what PRONOTE shows to link an app to an account. It is still locked by the PIN that the person
// chose; PRONOTE takes it once, within ten minutes (pronote-today §5.4). ParseQRCode makes it.
type QRCode struct {
	Address Address
	Space   Space

	login, token secret.Text // user name and token, hex of what the PIN encrypts
}

// QRCodeReason says why a text is not a QR code to log in with.
type QRCodeReason string

// The reasons.
const (
	QRCodeTooLong QRCodeReason = "too long"
	QRCodeForeign QRCodeReason = "not PRONOTE's"
	QRCodeAddress QRCodeReason = "of an address that is refused"
	QRCodeSpace   QRCodeReason = "of a space that is not served"
)

// QRCodeError is a QR code of no use. It does not quote the code.
type QRCodeError struct {
	Reason QRCodeReason

	err error
}

func (e *QRCodeError) Error() string { return "pronote: QR code " + string(e.Reason) }

// Unwrap gives the *AddressError behind QRCodeAddress.
func (e *QRCodeError) Unwrap() error { return e.err }

// maxQRCode is above the 2,953 bytes that a QR code can hold, ISO/IEC 18004.
const maxQRCode = 4096

// qrText is the JSON in a QR code. The official client adds avecPageConnexion, which says nothing that
// matters here.
type qrText struct {
	WithPage bool   `json:"avecPageConnexion"`
	Token    string `json:"jeton"`
	Login    string `json:"login"`
	URL      string `json:"url"`
}

// ParseQRCode reads the text of a QR code. Its address may be that of the desktop page or of the app's;
// allowPrivate is as for ParseAddress. Every error is a *QRCodeError.
func ParseQRCode(text string, allowPrivate bool) (QRCode, error) {
	if len(text) > maxQRCode {
		return QRCode{}, &QRCodeError{Reason: QRCodeTooLong}
	}
	var code qrText
	if json.Unmarshal([]byte(text), &code) != nil || !isSealed(code.Login) || !isSealed(code.Token) || code.URL == "" {
		return QRCode{}, &QRCodeError{Reason: QRCodeForeign}
	}
	address, space, err := ParseAddress(code.URL, allowPrivate)
	switch {
	case err != nil:
		return QRCode{}, &QRCodeError{QRCodeAddress, err}
	case space == "":
		return QRCode{}, &QRCodeError{Reason: QRCodeSpace}
	}
	return QRCode{address, space, secret.New(code.Login), secret.New(code.Token)}, nil
}

// isSealed tells whole blocks of the cipher in hex.
func isSealed(text string) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) > 0 && len(b)%aes.BlockSize == 0
}

// pinLength is that of the PIN of a QR code, in digits.
const pinLength = 4

// ParsePIN reads the PIN of a QR code: four digits, blanks around them ignored. Anything else is ErrBadPIN.
func ParsePIN(text string) (secret.Text, error) {
	text = strings.TrimSpace(text)
	if len(text) != pinLength || strings.Trim(text, "0123456789") != "" {
		return secret.Text{}, ErrBadPIN
	}
	return secret.New(text), nil
}

// unlock opens the code with the PIN as key and without IV. Of the wrong PINs, one in some 65,000 slips
// through the padding of both texts; what it makes of them is hardly ever readable.
func (q QRCode) unlock(pin secret.Text) (login, token secret.Text, err error) {
	key := []byte(pin.Reveal())
	a, errLogin := cipher.DecryptHex(key, nil, q.login.Reveal())
	b, errToken := cipher.DecryptHex(key, nil, q.token.Reveal())
	if errLogin != nil || errToken != nil || !isWord(a) || !isWord(b) {
		return secret.Text{}, secret.Text{}, fmt.Errorf("pronote: QR code: %w", ErrWrongPIN)
	}
	return secret.New(string(a)), secret.New(string(b)), nil
}

// isWord tells text that a person or a program could have written on one line.
func isWord(b []byte) bool {
	return len(b) > 0 && utf8.Valid(b) && !bytes.ContainsFunc(b, unicode.IsControl)
}

// NewQRCode asks PRONOTE for the text of a QR code of the session's own account, locked by pin. It is how
// whoever logged in with a password gets a token instead. An account or a school without the app gives
// ErrNoToken.
func (s *Session) NewQRCode(ctx context.Context, pin secret.Text) (secret.Text, error) {
	code, err := s.newCode(ctx, pin)
	if err != nil {
		return secret.Text{}, err
	}
	text, err := json.Marshal(qrText{
		Token: code.token.Reveal(), Login: code.login.Reveal(),
		URL: string(s.root) + "/" + asApp.page(s.space),
	})
	if err != nil {
		return secret.Text{}, fmt.Errorf("pronote: %s: encode: %w", fnAppToken, err)
	}
	return secret.New(string(text)), nil
}

// newCode is NewQRCode without the detour over a text.
func (s *Session) newCode(ctx context.Context, pin secret.Text) (QRCode, error) {
	var reply struct {
		Token text `json:"jeton"`
		Login text `json:"login"`
	}
	err := s.ask(ctx, query{op: fnAppToken, tab: tabHome, data: map[string]any{"code": pin.Reveal()}}, &reply)
	if err != nil {
		return QRCode{}, err
	}
	if !isSealed(string(reply.Token)) || !isSealed(string(reply.Login)) {
		return QRCode{}, fmt.Errorf("pronote: %s: %w", fnAppToken, ErrNoToken)
	}
	return QRCode{s.root, s.space, secret.New(string(reply.Login)), secret.New(string(reply.Token))}, nil
}
