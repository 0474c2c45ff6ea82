package izly

import (
	"crypto/hmac"
	"crypto/sha1" // the protocol's choice, not ours
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

var errKey = errors.New("izly: key is not base64")

// decodeKey gives the bytes of an HOTP key. The seed's clients use the standard alphabet, the application
// the URL-safe one without insisting on padding, so both are taken (izly-today §2.5).
func decodeKey(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	key, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, errKey // the cause would quote the text
	}
	return key, nil
}

// otp is the one-time password for a value of the counter: HMAC-SHA1 of its eight big-endian bytes, all
// of it, 28 characters with the padding (seed-izly §III.b; izly-today §2.5).
func otp(key []byte, counter uint64) string {
	return mac(key, binary.BigEndian.AppendUint64(nil, counter))
}

// signPrint is the argument "print" of MoneyInCbConfirm. key is the OTP alone or passOTP, as PrintMode
// says; it is both the last field of the text and the key of the signature (izly-today §7.2).
func signPrint(phone, sessionID, cardID, amount, key string) string {
	text := strings.Join([]string{phone, sessionID, cardID, amount, key}, ",")
	return mac([]byte(key), []byte(text))
}

func mac(key, message []byte) string {
	h := hmac.New(sha1.New, key)
	h.Write(message)
	return base64.URLEncoding.EncodeToString(h.Sum(nil))
}
