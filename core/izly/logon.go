package izly

import (
	"bytes"
	"context"
	"strings"

	"cartable/core/secret"
	"cartable/core/visible"
)

// maxToken bounds each value of a session.
const maxToken = 8 << 10

// logon calls Logon for user with the arguments that follow smoneyClientType and rooted (seed-izly §III.a).
func (c *Client) logon(ctx context.Context, user string, password arg, more ...arg) (*node, error) {
	args := append([]arg{
		{name: "user", value: user},
		password,
		{name: "smoneyClientType", value: clientType},
		{name: "rooted", value: "0"},
	}, more...)
	return c.soap(ctx, opLogon, secret.Text{}, args...)
}

func password(code secret.Text) arg { return arg{name: "password", value: code.Reveal()} }

// openSession takes a full Logon document into a: session, tokens, bounds, name, balance. HOTP key and
// counter are left to takeSeed. Only SID and token must be there (izly-today §3).
func (c *Client) openSession(a *Account, doc *node) error {
	if doc.name != rootLogon {
		return unexpected(opLogon, doc)
	}
	sid, token := doc.at("SID"), doc.at("OAUTH", "ACCESS_TOKEN")
	if !isToken(sid) || !isToken(token) {
		return &ReplyError{opLogon, "no session in it"}
	}
	a.SessionID, a.AccessToken = stored(sid), stored(token)
	for _, field := range []struct {
		to   *secret.Stored
		text string
	}{
		{&a.RefreshToken, doc.at("OAUTH", "REFRESH_TOKEN")},
		{&a.NSSE, doc.at("NSSE")},
		{&a.QRKey, doc.at("QR_CODE_PRIVATE_KEY")},
		{&a.PublicID, doc.at("USER_PUBLIC_ID")},
	} {
		if isToken(field.text) {
			*field.to = stored(field.text)
		}
	}
	for _, field := range []struct {
		to   *Cents
		text string
	}{{&a.MinTopUp, doc.at("MONEYINMIN")}, {&a.MaxTopUp, doc.at("MONEYINMAX")}} {
		if cents, err := ParseCents(field.text); err == nil && cents >= 0 {
			*field.to = cents
		}
	}
	if first, last := visible.Name(doc.at("FNAME")), visible.Name(doc.at("LNAME")); first+last != "" {
		a.FirstName, a.LastName = first, last
	}
	if b := c.readBalance(doc); b != nil {
		a.Balance = b
	}
	return nil
}

// takeSeed makes the SEED of doc the HOTP key, with a counter of zero, unless it is the key already
// (izly-today §2.3, §2.6). It tells whether the account has a key then.
func takeSeed(a *Account, doc *node) bool {
	had, hadErr := decodeKey(a.HOTPKey.Reveal())
	seed, err := decodeKey(doc.at("SEED"))
	if err != nil {
		return hadErr == nil
	}
	if !bytes.Equal(had, seed) {
		a.HOTPKey, a.Counter = stored(doc.at("SEED")), 0
	}
	return true
}

// isToken tells whether a text can be a value of a session: something that fits in a header.
func isToken(s string) bool {
	visible := func(r rune) bool { return ' ' < r && r <= '~' }
	return s != "" && len(s) <= maxToken && strings.TrimFunc(s, visible) == ""
}
