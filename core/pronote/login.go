package pronote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"cartable/core/secret"
)

// ivLength is that of the IV material which the client makes, pronote-today §2.2.
const ivLength = 16

// Login opens a session with a password: one page and four requests, none of which is ever repeated. It
// blocks for as long as the server takes. The errors are those of errors.go; ErrWrongPassword only means
// what it says.
func (c *Client) Login(ctx context.Context, cr Credentials) (*Session, error) {
	if cr.Space != SpacePupil && cr.Space != SpaceParent {
		return nil, errors.New("pronote: login: no such space")
	}
	u, err := url.Parse(string(cr.Address))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("pronote: login: %w", &AddressError{AddressNotURL})
	}
	s, key, err := c.open(ctx, cr.Address, cr.Space, newTransport(c, u.Hostname()))
	if err != nil {
		return nil, err
	}
	if err := s.agree(ctx, key); err != nil {
		return nil, err
	}
	if err := s.authenticate(ctx, cr); err != nil {
		return nil, err
	}
	if err := s.meetFamily(ctx); err != nil {
		return nil, err
	}
	c.log.InfoContext(ctx, "pronote: logged in", "dialect", s.link.dialect.name,
		"version", s.school.Version, "children", len(s.family.Pupils))
	return s, nil
}

// open asks for the page of the space, for which the server makes a session (seed-pronote, Session creation
// step 1). key is for the IV and may be nil.
func (c *Client) open(ctx context.Context, address Address, space Space, t *transport) (s *Session, key *rsaKey, err error) {
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
		link: link{
			dialect: p.dialect,
			codec:   codec{Encrypt: p.dialect.encrypts(p.start), Compress: p.dialect.compresses(p.start)},
			space:   p.start["a"],
			id:      secret.New(p.start["h"]),
			next:    1,
		},
	}
	c.log.DebugContext(ctx, "pronote: page", "dialect", p.dialect.name, "encrypt", s.link.codec.Encrypt,
		"compress", s.link.codec.Compress, "rsa", key != nil, "bytes", len(a.body))
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
func (p page) key() (*rsaKey, error) {
	modulus, exponent := p.start["MR"], p.start["ER"]
	switch {
	case modulus != "":
	case p.start.flag("http"):
		modulus, exponent = fixedModulus, fixedExponent
	default:
		return nil, nil
	}
	key, err := parseRSAKey(modulus, exponent)
	return &key, err
}

// agree tells the server our IV and learns about the school. The request still goes under the zero IV, its
// answer comes under the new one, pronote-today §2.2.
func (s *Session) agree(ctx context.Context, key *rsaKey) error {
	material := make([]byte, ivLength)
	if _, err := io.ReadFull(s.client.rand, material); err != nil {
		return fmt.Errorf("pronote: %s: random source: %w", fnParameters, err)
	}
	id, err := uuid(s.client.rand, key, material)
	if err != nil {
		return fmt.Errorf("pronote: %s: %w", fnParameters, err)
	}
	r, err := s.seal(fnParameters, s.secured(query{data: map[string]any{"Uuid": id, "identifiantNav": nil}}))
	if err != nil {
		return err
	}
	s.link.iv = secret.New(string(material))
	payload, err := s.exchange(ctx, r, false)
	if err != nil {
		return err
	}
	var reply parametersReply
	if err := decodePayload(fnParameters, payload, &reply); err != nil {
		return err
	}
	if s.school, err = reply.school(s.client.loc); err != nil {
		return &ReplyError{fnParameters, err.Error()}
	}
	s.family.Members = bool(reply.AvecMembre)
	return nil
}

// identification is the answer to the request of that name, pronote-today §5.1.
type identification struct {
	Alea        text   `json:"alea"`
	LowerName   number `json:"modeCompLog"`
	LowerSecret number `json:"modeCompMdp"`
	Challenge   text   `json:"challenge"`
}

// authentication is the answer to the last step, pronote-today §5.2.
type authentication struct {
	Access     *number `json:"Acces"`
	Key        text    `json:"cle"`
	Name       text    `json:"libelleUtil"`
	TwoFactors text    `json:"actionsDoubleAuth"`
}

// authenticate solves the server's challenge with the password and takes over the session's key
// (seed-pronote, Login; pronote-today §2.5 to §2.7).
func (s *Session) authenticate(ctx context.Context, cr Credentials) error {
	username := strings.TrimSpace(cr.Username)
	var id identification
	err := s.loginStep(ctx, fnIdentification, map[string]any{
		"genreConnexion":                   0,
		"genreEspace":                      json.Number(s.link.space),
		"identifiant":                      username,
		"pourENT":                          false,
		"enConnexionAuto":                  false,
		"demandeConnexionAuto":             false,
		"demandeConnexionAppliMobile":      false,
		"demandeConnexionAppliMobileJeton": false,
		"enConnexionAppliMobile":           false,
		"uuidAppliMobile":                  "",
		"loginTokenSAV":                    "",
	}, &id)
	if err != nil {
		return err
	}
	if id.Challenge == "" {
		return &ReplyError{fnIdentification, "no challenge"}
	}
	key := loginKey(username, cr.Password.Reveal(), string(id.Alea), id.LowerName.N > 0, id.LowerSecret.N > 0)
	iv := []byte(s.link.iv.Reveal())
	var auth authentication
	err = s.loginStep(ctx, fnAuthentication, map[string]any{
		"connexion": 0,
		"challenge": solve(key, iv, string(id.Challenge)),
		"espace":    json.Number(s.link.space),
	}, &auth)
	if err != nil {
		return err
	}
	return s.admit(auth, key, iv)
}

// admit reads the outcome of a login.
func (s *Session) admit(auth authentication, key, iv []byte) error {
	switch {
	case auth.Access != nil:
		return &AccessError{AccessCode(auth.Access.N)}
	case auth.Key == "": // also a refusal, pronote-today §5.2, but not one that names the password
		return &AccessError{AccessNone}
	}
	plain, err := decryptHex(key, iv, string(auth.Key))
	if err != nil {
		return &ReplyError{fnAuthentication, "session key cannot be decrypted"}
	}
	material, err := sessionKey(string(plain))
	if err != nil {
		return &ReplyError{fnAuthentication, err.Error()}
	}
	actions, err := decodeDomain(string(auth.TwoFactors))
	if err != nil || len(actions) > 0 {
		return fmt.Errorf("pronote: %s: %w", fnAuthentication, ErrSecondFactor)
	}
	s.link.key = secret.New(string(material))
	s.family.Holder = auth.Name.clean()
	return nil
}

// loginStep is a request that must not be repeated, since a server counts attempts.
func (s *Session) loginStep(ctx context.Context, op string, data, out any) error {
	payload, err := s.call(ctx, op, s.secured(query{data: data}), false)
	if err != nil {
		return err
	}
	return decodePayload(op, payload, out)
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
	family, err := reply.family(s.school, isParentSpace(s.link.space), midnight(s.client.now(), s.client.loc))
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
