package izly

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// codeLength and otpLength are the lengths of a secret code and of an OTP (izly-today §2.1 and §2.5).
const (
	codeLength = 6
	otpLength  = 28
)

// mac is base64url, padded, of HMAC-SHA1: the spelling of every proof in this protocol.
func mac(key, message []byte) string {
	h := hmac.New(sha1.New, key)
	h.Write(message)
	return base64.URLEncoding.EncodeToString(h.Sum(nil))
}

// otp is the one-time password of a counter (izly-today §2.5).
func otp(key []byte, counter uint64) string {
	return mac(key, binary.BigEndian.AppendUint64(nil, counter))
}

// printOf signs a top-up. The key k is password+OTP or the bare OTP (izly-today §7.2); engagement is empty
// or ends the text.
func printOf(phone, sid, card, amount, k, engagement string) string {
	fields := []string{phone, sid, card, amount, k}
	if engagement != "" {
		fields = append(fields, engagement)
	}
	return mac([]byte(k), []byte(strings.Join(fields, ",")))
}

// counter is the server's side of the one-time passwords of one device.
type counter struct {
	key  []byte
	next uint64 // lowest value not used yet
}

// find looks for given among the values [next, next+window].
func (c *counter) find(given string, window int) (n uint64, ok bool) {
	for i := range uint64(window) + 1 {
		if given == otp(c.key, c.next+i) {
			return c.next + i, true
		}
	}
	return 0, false
}

// accept uses the value up when find finds it.
func (c *counter) accept(given string, window int) bool {
	n, ok := c.find(given, window)
	if ok {
		c.next = n + 1
	}
	return ok
}

// replayed tells whether given was good once. It looks back a hundred values.
func (c *counter) replayed(given string) bool {
	for i := uint64(1); i <= min(c.next, 100); i++ {
		if given == otp(c.key, c.next-i) {
			return true
		}
	}
	return false
}
