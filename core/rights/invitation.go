package rights

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"
)

// Invitations makes codes that admit one person each. A code proves itself, so that it can be made without
// the store, which a running bot holds: an identifier, an expiry and their HMAC under a key of the operator.
// That it is used once is kept in the store.
type Invitations struct {
	key   []byte
	older []OlderKey
}

// OlderKey is one that codes were made with before. They are good until a time.
type OlderKey struct {
	Key   []byte
	Until time.Time
}

// NewInvitations takes a key of at least 32 bytes that is used for nothing else, and those that it has replaced.
func NewInvitations(key []byte, older ...OlderKey) *Invitations {
	return &Invitations{key: key, older: older}
}

const (
	invitationLife = 7 * 24 * time.Hour

	invitationID  = 8  // bytes
	invitationMAC = 10 // bytes: 80 bits are too many to guess by writing to a bot
	invitationLen = ((invitationID+4+invitationMAC)*8 + 4) / 5
)

// invitationLetters leave out those that look alike; they fit a Telegram deep link.
const invitationLetters = "abcdefghjkmnpqrstuvwxyz023456789"

var invitationCode = base32.NewEncoding(invitationLetters).WithPadding(base32.NoPadding)

// Make returns a new code, good for a week.
func (v *Invitations) Make(now time.Time, random io.Reader) (string, error) {
	body := make([]byte, invitationID+4, invitationID+4+invitationMAC)
	if _, err := io.ReadFull(random, body[:invitationID]); err != nil {
		return "", fmt.Errorf("rights: invitation: %w", err)
	}
	binary.BigEndian.PutUint32(body[invitationID:], uint32(now.Add(invitationLife).Unix()))
	return invitationCode.EncodeToString(append(body, mac(v.key, body)...)), nil
}

func mac(key, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("cartable invitation v1"))
	h.Write(body)
	return h.Sum(nil)[:invitationMAC]
}

// check returns the identifier of a code that is ours and has not expired.
func (v *Invitations) check(code string, now time.Time) (id string, ok bool) {
	if v == nil || !looksLikeInvitation(code) {
		return "", false
	}
	raw, err := invitationCode.DecodeString(strings.ToLower(code))
	if err != nil {
		return "", false
	}
	body, proof := raw[:invitationID+4], raw[invitationID+4:]
	expiry := time.Unix(int64(binary.BigEndian.Uint32(body[invitationID:])), 0)
	good := hmac.Equal(proof, mac(v.key, body))
	for _, k := range v.older {
		good = good || now.Before(k.Until) && hmac.Equal(proof, mac(k.Key, body))
	}
	if !good || !now.Before(expiry) {
		return "", false
	}
	return invitationCode.EncodeToString(body[:invitationID]), true
}

// looksLikeInvitation tells a code from other words, without saying whether it is good.
func looksLikeInvitation(word string) bool {
	if len(word) != invitationLen {
		return false
	}
	for _, r := range strings.ToLower(word) {
		if !strings.ContainsRune(invitationLetters, r) {
			return false
		}
	}
	return true
}
