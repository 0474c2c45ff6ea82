package vault

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"golang.org/x/crypto/scrypt"

	"cartable/core/secret"
)

// keySize is the size of a raw master key in bytes.
const keySize = 32

// keyKind is how the master key comes about. The values are stored in the header.
type keyKind byte

const (
	kindRaw        keyKind = 1 // 32 random bytes
	kindPassphrase keyKind = 2 // scrypt of a passphrase
)

func (k keyKind) String() string {
	if k == kindPassphrase {
		return "a passphrase"
	}
	return "a key"
}

// fits tells whether a header may hold this kind with this cost.
func (k keyKind) fits(c scryptCost) bool {
	switch k {
	case kindRaw:
		return c == scryptCost{}
	case kindPassphrase:
		return c.logN >= 1 && c.logN <= maxLogN && c.r == scryptR && c.p >= 1 && c.p <= maxP
	}
	return false
}

// scryptCost is N (as its logarithm to base 2), r and p of RFC 7914 §2.
type scryptCost struct{ logN, r, p byte }

// A new passphrase gets N=2^16, r=8, p=2, which the OWASP Password Storage Cheat Sheet lists among its
// equal minima: 64 MiB and well under a second, so that a small board at home can start the bot. A header
// is read before anything is authenticated, so what it asks for is limited to 256 MiB (128·r·N bytes).
const (
	scryptLogN, maxLogN = 16, 18
	scryptP, maxP       = 2, 4
	scryptR             = 8
)

// Key opens a vault: 32 random bytes, or a passphrase. It shows as "[redacted]" through fmt and slog. The
// zero value opens nothing.
type Key struct {
	kind keyKind
	cost scryptCost  // for a new vault; an existing one tells its own
	text secret.Text // the 32 bytes, or the passphrase
}

// NewKey makes a raw key of 32 bytes from random, which is crypto/rand.Reader when nil.
func NewKey(random io.Reader) (Key, error) {
	if random == nil {
		random = rand.Reader
	}
	raw := make([]byte, keySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Key{}, fmt.Errorf("vault: new key: %w", err)
	}
	return Key{kind: kindRaw, text: secret.New(string(raw))}, nil
}

// ParseKey reads what Encode gives: standard base64 with padding, of exactly 32 bytes. Space around it is
// ignored. The error does not quote the text.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	// The decoder skips line breaks within the text; a key has none.
	if err != nil || len(raw) != keySize || strings.ContainsAny(text, "\r\n") {
		return Key{}, errors.New("vault: not a key: " +
			"expected standard base64 of 32 bytes, which is 44 characters ending in \"=\"")
	}
	return Key{kind: kindRaw, text: secret.New(string(raw))}, nil
}

// PassphraseKey is a key that scrypt derives from a passphrase, taken as it is, with a salt and costs that
// are in the header of the vault. Open refuses an empty one.
func PassphraseKey(passphrase secret.Text) Key {
	return Key{kind: kindPassphrase, cost: scryptCost{scryptLogN, scryptR, scryptP}, text: passphrase}
}

// Encode gives a raw key as text for ParseKey; for a passphrase it is empty.
func (k Key) Encode() secret.Text {
	if k.kind != kindRaw {
		return secret.Text{}
	}
	return secret.New(base64.StdEncoding.EncodeToString([]byte(k.text.Reveal())))
}

// Format implements fmt.Formatter: every verb prints "[redacted]".
func (k Key) Format(f fmt.State, verb rune) { k.text.Format(f, verb) }

// LogValue implements slog.LogValuer.
func (k Key) LogValue() slog.Value { return k.text.LogValue() }

// MarshalText refuses, as secret.Text does.
func (k Key) MarshalText() ([]byte, error) { return k.text.MarshalText() }

// check refuses a key with nothing in it.
func (k Key) check() error {
	switch {
	case !k.text.Empty():
		return nil
	case k.kind == kindPassphrase:
		return errors.New("the passphrase is empty")
	}
	return errors.New("no key given")
}

// master returns the bytes that everything is derived from.
func (k Key) master(salt []byte, cost scryptCost) ([]byte, error) {
	if k.kind == kindRaw {
		return []byte(k.text.Reveal()), nil
	}
	master, err := scrypt.Key([]byte(k.text.Reveal()), salt, 1<<cost.logN, int(cost.r), int(cost.p), keySize)
	if err != nil {
		return nil, fmt.Errorf("scrypt: %w", err)
	}
	return master, nil
}
