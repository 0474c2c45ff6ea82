package vault

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"fmt"
)

// The header is the only plaintext of the file. It is one value of fixed size:
//
//	14 bytes  magic
//	1 byte    format
//	1 byte    kind of the key: raw or a passphrase
//	3 bytes   scrypt: log2 N, r, p; zeros for a raw key
//	32 bytes  salt, of scrypt and of the HKDF extraction
//	32 bytes  key check, derived from the key and everything before it
//
// The check tells a wrong key from a damaged file. For a passphrase it also lets a thief of the file test
// guesses, as would any record; scrypt makes each one expensive.
const (
	headerMagic = "cartable-vault"

	formatPlain  = 1 // records have no group
	formatGroups = 2

	saltSize   = 32
	checkSize  = 32
	headerSize = len(headerMagic) + 2 + 3 + saltSize + checkSize
)

type header struct {
	format byte
	kind   keyKind
	cost   scryptCost // zero for a raw key
	salt   [saltSize]byte
	check  [checkSize]byte
}

// newHeader makes the header of a vault for key, and the keyring of that vault.
func newHeader(key Key, format byte) (header, *keyring, error) {
	h := header{format: format, kind: key.kind, cost: key.cost}
	rand.Read(h.salt[:]) // never fails since Go 1.24
	keys, err := h.keyring(key)
	if err != nil {
		return header{}, nil, err
	}
	h.check = h.expected(keys)
	return h, keys, nil
}

// unlock returns the keyring for key, or ErrWrongKey. It takes about a second for a passphrase.
func (h header) unlock(key Key) (*keyring, error) {
	if key.kind != h.kind {
		return nil, fmt.Errorf("%w (it was made with %s, not with %s)", ErrWrongKey, h.kind, key.kind)
	}
	keys, err := h.keyring(key)
	if err != nil {
		return nil, err
	}
	want := h.expected(keys)
	if !hmac.Equal(h.check[:], want[:]) {
		return nil, ErrWrongKey
	}
	return keys, nil
}

func (h header) keyring(key Key) (*keyring, error) {
	master, err := key.master(h.salt[:], h.cost)
	if err != nil {
		return nil, err
	}
	return newKeyring(master, h.salt[:], h.format), nil
}

// expected is the key check that belongs to the rest of the header.
func (h header) expected(keys *keyring) [checkSize]byte {
	return [checkSize]byte(keys.derive(labelCheck, string(h.body())))
}

// body encodes all but the check.
func (h header) body() []byte {
	b := append([]byte(headerMagic), h.format, byte(h.kind), h.cost.logN, h.cost.r, h.cost.p)
	return append(b, h.salt[:]...)
}

func (h header) encode() []byte { return append(h.body(), h.check[:]...) }

// parseHeader is strict: what it accepts, encode gives back.
func parseHeader(b []byte) (header, error) {
	body, ours := bytes.CutPrefix(b, []byte(headerMagic))
	if !ours || len(body) == 0 {
		return header{}, ErrForeign
	}
	switch {
	case body[0] > NewestFormat:
		return header{}, fmt.Errorf("%w (its format is %d, this version knows %d)", ErrNewer, body[0], NewestFormat)
	case body[0] < formatPlain:
		return header{}, ErrDamaged
	}
	if len(b) != headerSize {
		return header{}, ErrDamaged
	}
	h := header{format: body[0], kind: keyKind(body[1]), cost: scryptCost{logN: body[2], r: body[3], p: body[4]}}
	copy(h.salt[:], body[5:])
	copy(h.check[:], body[5+saltSize:])
	if !h.kind.fits(h.cost) {
		return header{}, ErrDamaged
	}
	return h, nil
}
