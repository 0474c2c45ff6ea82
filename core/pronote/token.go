package pronote

import (
	"context"
	"errors"
	"fmt"
	"io"

	"cartable/core/secret"
)

// Token is what an app keeps to log in without a password, pronote-today §5.5. It works once: every login
// with it gives the next one. Its JSON holds secrets in clear and belongs in sealed storage.
type Token struct {
	Address   Address       `json:"address"`
	Space     Space         `json:"space"`
	Username  secret.Stored `json:"username"`
	Secret    secret.Stored `json:"secret"`    // stands in for the password
	Device    secret.Stored `json:"device"`    // the UUID to which the server binds it
	Navigator secret.Stored `json:"navigator"` // identifiantNav, by which the server knows the device; may be empty
}

// KeepToken stores the token for the next login and returns nil when it is durable. The one before is spent
// by then; it is worth keeping only until the new one has worked. ctx is not cancelled when the login's is,
// because what is not stored here is lost.
type KeepToken func(ctx context.Context, t Token) error

// LoginQRCode opens a session with a QR code, as an app of its own: one page and four requests, none of
// which is ever repeated. keep is called between the third and the fourth. ErrWrongPIN means that nothing
// was sent; ErrTokenRefused, that the code was used before or is too old; ErrNoToken, that the server let
// the app in but gave it no token.
//
// The code is spent by the third request. If that one's answer is lost, the account needs a new code. If a
// later one fails, the kept token is good: go on with LoginToken.
//
// Where the server wants a second factor of the new device, it is asked again at once with the kept token,
// since some servers then know the device (pronote-today §5.6): two pages, seven requests and two calls of
// keep. ErrSecondFactor is what remains; the kept token is good then too.
func (c *Client) LoginQRCode(ctx context.Context, q QRCode, pin secret.Text, keep KeepToken) (*Session, error) {
	username, token, err := q.unlock(pin)
	if err != nil {
		return nil, err
	}
	device, err := newUUID(c.rand)
	if err != nil {
		return nil, fmt.Errorf("pronote: login: random source: %w", err)
	}
	a := attempt{
		way: byQRCode, address: q.Address, space: q.Space,
		username: username, secret: token, device: device, keep: keep,
	}
	s, err := c.enter(ctx, &a)
	if errors.Is(err, ErrSecondFactor) {
		a.way = byToken
		s, err = c.enter(ctx, &a)
	}
	return s, err
}

// LoginToken opens a session with the token of an earlier login. It makes the requests of LoginQRCode and
// calls keep at the same moment, unless the server gives no new token: then t goes on. A refused token gives
// ErrTokenRefused: it was used before, or its owner has removed the device.
//
// After a *NetworkError of Authentification that was Sent, nobody knows whether the server has spent t and
// made another one that is lost. t may be tried once more; ErrTokenRefused then says that it is gone.
func (c *Client) LoginToken(ctx context.Context, t Token, keep KeepToken) (*Session, error) {
	if t.Secret.Empty() || t.Device.Empty() {
		return nil, errors.New("pronote: login: no token")
	}
	return c.enter(ctx, &attempt{
		way: byToken, address: t.Address, space: t.Space, username: t.Username.Text, secret: t.Secret.Text,
		device: t.Device.Text, navigator: t.Navigator.Text, keep: keep,
	})
}

// renew makes the attempt's token the one that an answer holds, and has it kept.
func (a *attempt) renew(ctx context.Context, token text) error {
	switch {
	case a.keep == nil:
		return nil
	case len(token) > maxKept:
		return &ReplyError{fnAuthentication, "token too long"}
	case token == "" && a.way.asksToken:
		return fmt.Errorf("pronote: %s: %w", fnAuthentication, ErrNoToken)
	case token == "":
		return nil
	}
	a.secret = secret.New(string(token))
	err := a.keep(ctx, Token{
		Address: a.address, Space: a.space, Username: secret.Store(a.username), Secret: secret.Store(a.secret),
		Device: secret.Store(a.device), Navigator: secret.Store(a.navigator),
	})
	if err != nil {
		return fmt.Errorf("pronote: login: %w: %w", ErrTokenNotKept, err)
	}
	return nil
}

// newUUID is a random one, RFC 9562 §5.4.
func newUUID(random io.Reader) (secret.Text, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return secret.Text{}, err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return secret.New(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])), nil
}
