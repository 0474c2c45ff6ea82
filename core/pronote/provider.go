package pronote

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"cartable/core/school"
	"cartable/core/secret"
)

// Provider is PRONOTE as a kind of school system.
type Provider struct{ client *Client }

var _ school.Provider = Provider{}

// NewProvider makes one whose sessions are the client's.
func NewProvider(c *Client) Provider { return Provider{c} }

// Name implements school.Provider.
func (Provider) Name() string { return "pronote" }

// login is what a school.Login holds: one of the three ways in. Its names are stored.
type login struct {
	Version  int            `json:"version"`
	Kind     loginKind      `json:"kind"`
	Password *passwordLogin `json:"password,omitempty"`
	QRCode   *qrLogin       `json:"qr_code,omitempty"`
	Token    *Token         `json:"token,omitempty"`
}

type loginKind string

const (
	kindPassword loginKind = "password"
	kindQRCode   loginKind = "qr_code"
	kindToken    loginKind = "token"
)

// loginVersion changes with login.
const loginVersion = 1

type passwordLogin struct {
	Address  Address       `json:"address"`
	Space    Space         `json:"space"`
	Username secret.Stored `json:"username"`
	Password secret.Stored `json:"password"`
}

type qrLogin struct {
	Address Address       `json:"address"`
	Space   Space         `json:"space"`
	Login   secret.Stored `json:"login"` // sealed by the PIN, like Token
	Token   secret.Stored `json:"token"`
	PIN     secret.Stored `json:"pin"`
}

// PasswordLogin makes a login of what a person types.
func PasswordLogin(cr Credentials) school.Login {
	return login{Kind: kindPassword, Password: &passwordLogin{
		Address: cr.Address, Space: cr.Space,
		Username: secret.Store(secret.New(cr.Username)), Password: secret.Store(cr.Password),
	}}.sealed()
}

// QRLogin makes a login of a QR code and its PIN. It works once.
func QRLogin(code QRCode, pin secret.Text) school.Login {
	return login{Kind: kindQRCode, QRCode: &qrLogin{
		Address: code.Address, Space: code.Space,
		Login: secret.Store(code.login), Token: secret.Store(code.token), PIN: secret.Store(pin),
	}}.sealed()
}

// TokenLogin makes a login of a token. It works once, and each login with it gives the next.
func TokenLogin(t Token) school.Login { return login{Kind: kindToken, Token: &t}.sealed() }

func (l login) sealed() school.Login {
	l.Version = loginVersion
	b, _ := json.Marshal(l) // cannot fail: it holds nothing but texts
	return school.Login{Stored: secret.Store(secret.New(string(b)))}
}

// readLogin returns ErrBadLogin for what this client cannot read.
func readLogin(stored school.Login) (login, error) {
	var l login
	if json.Unmarshal([]byte(stored.Reveal()), &l) != nil || l.Version != loginVersion {
		return login{}, ErrBadLogin
	}
	switch {
	case l.Kind == kindPassword && l.Password != nil:
	case l.Kind == kindQRCode && l.QRCode != nil:
	case l.Kind == kindToken && l.Token != nil:
	default:
		return login{}, ErrBadLogin
	}
	return l, nil
}

func (l qrLogin) code() QRCode { return QRCode{l.Address, l.Space, l.Login.Text, l.Token.Text} }

// Host implements school.Provider. The account is made of the space and of the user name, whose case does not
// matter to PRONOTE; a QR code tells it when the PIN is right.
func (Provider) Host(stored school.Login) (host, account string) {
	l, err := readLogin(stored)
	if err != nil {
		return "", ""
	}
	var address Address
	var space Space
	var username secret.Text
	switch l.Kind {
	case kindPassword:
		address, space, username = l.Password.Address, l.Password.Space, l.Password.Username.Text
	case kindQRCode:
		address, space = l.QRCode.Address, l.QRCode.Space
		username, _, _ = l.QRCode.code().unlock(l.QRCode.PIN.Text)
	case kindToken:
		address, space, username = l.Token.Address, l.Token.Space, l.Token.Username.Text
	}
	name := strings.ToLower(strings.TrimSpace(username.Reveal()))
	if name == "" {
		return string(address), ""
	}
	return string(address), string(space) + "/" + name
}

// Open implements school.Provider: it is Client.Login, LoginQRCode or LoginToken. keep is called for the last two. A
// login that this client cannot read is ErrBadLogin.
func (p Provider) Open(ctx context.Context, stored school.Login, keep func(ctx context.Context, next school.Login) error) (school.Session, error) {
	l, err := readLogin(stored)
	if err != nil {
		return nil, fmt.Errorf("pronote: login: %w", err)
	}
	keepToken := func(ctx context.Context, t Token) error { return keep(ctx, TokenLogin(t)) }
	var s *Session
	switch l.Kind {
	case kindPassword:
		s, err = p.client.Login(ctx, Credentials{
			Address: l.Password.Address, Space: l.Password.Space,
			Username: l.Password.Username.Reveal(), Password: l.Password.Password.Text,
		})
	case kindQRCode:
		s, err = p.client.LoginQRCode(ctx, l.QRCode.code(), l.QRCode.PIN.Text, keepToken)
	case kindToken:
		s, err = p.client.LoginToken(ctx, *l.Token, keepToken)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Resume implements school.Provider: it is Client.Resume.
func (p Provider) Resume(st school.State) (school.Session, error) {
	s, err := p.client.Resume(st)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Token implements school.Session: it asks for the QR code of the session's own account, as the person would do
// for their phone. An account or a school without the app gives ErrNoToken.
func (s *Session) Token(ctx context.Context) (school.Login, error) {
	pin, err := newPIN(s.client.rand)
	if err != nil {
		return school.Login{}, fmt.Errorf("pronote: %s: random source: %w", fnAppToken, err)
	}
	code, err := s.newCode(ctx, pin)
	if err != nil {
		return school.Login{}, err
	}
	return QRLogin(code, pin), nil
}

// newPIN makes four random digits.
func newPIN(random io.Reader) (secret.Text, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return secret.Text{}, err
	}
	return secret.New(fmt.Sprintf("%04d", binary.BigEndian.Uint64(b[:])%10000)), nil
}

// Close implements school.Session: it logs out, which is one request, and every later call returns
// ErrSessionExpired. A token stays good.
func (s *Session) Close(ctx context.Context) error {
	_, err := s.call(ctx, fnLogout, s.secured(query{tab: tabHome}), false)
	s.end()
	return err
}
