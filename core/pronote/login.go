package pronote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"cartable/core/pronote/cipher"
	"cartable/core/secret"
)

// ivLength is that of the IV material which the client makes, pronote-today §2.2.
const ivLength = 16

// attempt is a login in one of the ways, with what the server has given for the next one so far.
type attempt struct {
	way     way
	address Address
	space   Space

	username  secret.Text
	secret    secret.Text // the password or the token
	device    secret.Text // of an app
	navigator secret.Text // identifiantNav, pronote-today §4.6
	keep      KeepToken   // nil for a password
}

// Login opens a session with a password: one page and four requests, none of which is ever repeated. It
// blocks for as long as the server takes. The errors are those of errors.go; ErrWrongPassword only means
// what it says.
func (c *Client) Login(ctx context.Context, cr Credentials) (*Session, error) {
	return c.enter(ctx, &attempt{
		way: byPassword, address: cr.Address, space: cr.Space,
		username: secret.New(strings.TrimSpace(cr.Username)), secret: cr.Password,
	})
}

// enter makes the requests of a login.
func (c *Client) enter(ctx context.Context, a *attempt) (*Session, error) {
	if a.space != SpacePupil && a.space != SpaceParent {
		return nil, errors.New("pronote: login: no such space")
	}
	u, err := url.Parse(string(a.address))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("pronote: login: %w", &AddressError{AddressNotURL})
	}
	s, key, err := c.open(ctx, a.address, a.space, newTransport(c, u.Hostname(), a.way.guise))
	if err != nil {
		return nil, err
	}
	if err := s.agree(ctx, key, a); err != nil {
		return nil, err
	}
	if err := s.authenticate(ctx, a); err != nil {
		return nil, err
	}
	if err := s.meetFamily(ctx); err != nil {
		return nil, err
	}
	c.log.InfoContext(ctx, "pronote: logged in", "way", a.way.name, "dialect", s.channel.dialect.name,
		"version", s.establishment.Version, "pupils", len(s.family.Pupils))
	return s, nil
}

// open asks for the page of the space, for which the server makes a session (seed-pronote, Session creation
// step 1). key is for the IV and may be nil.
func (c *Client) open(ctx context.Context, address Address, space Space, t *transport) (s *Session, key *cipher.RSAKey, err error) {
	a, err := t.openPage(ctx, address, space)
	if err != nil {
		return nil, nil, err
	}
	p, err := readPage(a.status, a.server, string(a.body))
	if err != nil {
		return nil, nil, fmt.Errorf("pronote: %s: %w", opPage, err)
	}
	if key, err = p.key(); err != nil {
		return nil, nil, &ReplyError{opPage, err.Error()}
	}
	s = &Session{
		client: c, transport: t, root: rootOf(a.url), space: space,
		busy: make(chan struct{}, 1),
		channel: channel{
			dialect: p.dialect,
			codec:   cipher.Codec{Encrypt: p.dialect.encrypts(p.start), Compress: p.dialect.compresses(p.start)},
			space:   p.start["a"],
			id:      secret.New(p.start["h"]),
			next:    1,
		},
	}
	c.log.DebugContext(ctx, "pronote: page", "dialect", p.dialect.name, "encrypt", s.channel.codec.Encrypt,
		"compress", s.channel.codec.Compress, "rsa", key != nil, "bytes", len(a.body))
	return s, key, nil
}

// rootOf is the folder of the page at which redirects ended.
func rootOf(page *url.URL) Address {
	folder, _ := cutPage(page.Path)
	root := url.URL{Scheme: page.Scheme, Host: page.Host, Path: folder}
	return Address(root.String())
}

// key is the one to which the IV is encrypted: the page's own, the fixed one for pages with the http flag, or
// none, pronote-today §1.4.
func (p page) key() (*cipher.RSAKey, error) {
	modulus, exponent := p.start["MR"], p.start["ER"]
	switch {
	case modulus != "":
	case p.start.flag("http"):
		modulus, exponent = cipher.FixedModulus, cipher.FixedExponent
	default:
		return nil, nil
	}
	key, err := cipher.ParseRSAKey(modulus, exponent)
	return &key, err
}

// agree tells the server our IV and the device that it may know, and learns about the school. The request
// still goes under the zero IV, its answer comes under the new one, pronote-today §2.2.
func (s *Session) agree(ctx context.Context, key *cipher.RSAKey, a *attempt) error {
	material := make([]byte, ivLength)
	if _, err := io.ReadFull(s.client.rand, material); err != nil {
		return fmt.Errorf("pronote: %s: random source: %w", fnParameters, err)
	}
	id, err := cipher.UUID(s.client.rand, key, material)
	if err != nil {
		return fmt.Errorf("pronote: %s: %w", fnParameters, err)
	}
	data := map[string]any{"Uuid": id, "identifiantNav": nil}
	if !a.navigator.Empty() {
		data["identifiantNav"] = a.navigator.Reveal()
	}
	r, err := s.seal(fnParameters, s.secured(query{data: data}))
	if err != nil {
		return err
	}
	s.channel.iv = secret.New(string(material))
	payload, err := s.exchange(ctx, r, false)
	if err != nil {
		return err
	}
	var reply parametersReply
	if err := decodePayload(fnParameters, payload, &reply); err != nil {
		return err
	}
	if s.establishment, err = reply.establishment(s.client.loc); err != nil {
		return &ReplyError{fnParameters, err.Error()}
	}
	s.family.Members = bool(reply.AvecMembre)
	if n := len(reply.Navigator); n > 0 && n <= maxKept {
		a.navigator = secret.New(string(reply.Navigator))
	}
	return nil
}

// meetFamily asks whom the account is about. It is the first request under the session's key, and its secured
// part is empty (seed-pronote, ParametresUtilisateur).
func (s *Session) meetFamily(ctx context.Context) error {
	var reply userReply
	payload, err := s.call(ctx, fnUser, s.secured(query{}), false)
	if err != nil {
		return err
	}
	if err := decodePayload(fnUser, payload, &reply); err != nil {
		return err
	}
	family, err := reply.family(s.establishment, isParentSpace(s.channel.space), midnight(s.client.now(), s.client.loc))
	if err != nil {
		return &ReplyError{fnUser, err.Error()}
	}
	family.Members = family.Members || s.family.Members
	if family.Holder == "" {
		family.Holder = s.family.Holder
	}
	s.family = family
	return nil
}
