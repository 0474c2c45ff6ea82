//go:build goolm

package matrix

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"maunium.net/go/mautrix"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/secret"
)

// Homeservers of today hand the login to an authorisation server (the specification's "OAuth 2.0 API"): it gives access
// tokens that live for minutes, and with each a refresh token that is good once, for the next one.

// authority is what is known of the authorisation server.
type authority struct {
	Register string   `json:"registration_endpoint"`
	Device   string   `json:"device_authorization_endpoint"`
	Token    string   `json:"token_endpoint"`
	Revoke   string   `json:"revocation_endpoint"`
	Grants   []string `json:"grant_types_supported"`
}

const (
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
	grantRefresh = "refresh_token"
	scopeClient  = "urn:matrix:client:api:*"
	scopeDevice  = "urn:matrix:client:device:" // and the device's name
	// clientPage says who logs in, to whoever is asked to allow it. The server wants an address with https.
	clientPage = "https://cartable.invalid/"
)

// errNoAuthority says that the homeserver hands its logins to nobody.
var errNoAuthority = errors.New("matrix: the homeserver does not know the login by a code; set CARTABLE_MATRIX_PASSWORD, or CARTABLE_MATRIX_TOKEN")

// authority asks the homeserver which authorisation server it has.
func (a *Adapter) authority(ctx context.Context, cli *mautrix.Client) (authority, error) {
	var found authority
	_, err := cli.MakeRequest(ctx, http.MethodGet, cli.BuildClientURL("v1", "auth_metadata"), nil, &found)
	if statusOf(err) == http.StatusNotFound { // before version 1.15 of the specification
		_, err = cli.MakeRequest(ctx, http.MethodGet, cli.BuildClientURL("unstable", "org.matrix.msc2965", "auth_metadata"), nil, &found)
	}
	switch {
	case statusOf(err) == http.StatusNotFound:
		return found, errNoAuthority
	case err != nil:
		return found, fail("ask who logs in", err)
	}
	for _, address := range []string{found.Register, found.Device, found.Token, found.Revoke} {
		if u, err := url.Parse(address); err != nil || address != "" && (u.Host == "" || u.Scheme != "https" && !strings.HasPrefix(a.cfg.Homeserver, "http:")) {
			return found, errors.New("matrix: the homeserver names an authorisation server without https")
		}
	}
	if found.Token == "" {
		return found, errNoAuthority
	}
	return found, nil
}

func (o authority) config(client string) *oauth2.Config {
	return &oauth2.Config{ClientID: client, Endpoint: oauth2.Endpoint{
		DeviceAuthURL: o.Device, TokenURL: o.Token, AuthStyle: oauth2.AuthStyleInParams,
	}}
}

// refusal is the code with which an authorisation server refused; empty when it did not.
func refusal(err error) string {
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return answer.ErrorCode
	}
	return ""
}

// authFail wraps an error of an authorisation server, without its words.
func authFail(op string, err error) error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok:
		return fail(op, err)
	case oauthCode(answer.ErrorCode):
		return fmt.Errorf("matrix: %s: refused with %s", op, answer.ErrorCode)
	default:
		return fmt.Errorf("matrix: %s: answered with status %d", op, answer.Response.StatusCode)
	}
}

// oauthCode tells whether that looks like a code of RFC 6749 §5.2.
func oauthCode(s string) bool {
	return s != "" && len(s) < 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// tokens adds the access token to requests, and gets another in time. All connections go through one, since a refresh
// token is good once.
type tokens struct {
	a    *Adapter
	base *http.Client // as the settings have it

	mu      sync.Mutex
	session cryptostore.Session  // with OAuth nil, requests stay as they are
	unkept  *cryptostore.Session // what the server has given and the vault has not taken
	found   *authority
}

// renewBefore is how long before its end an access token is given up.
const renewBefore = 30 * time.Second

// use is for the session that requests are made with from now on.
func (t *tokens) use(s cryptostore.Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unkept == nil {
		t.session = s
	}
}

// client is an HTTP client whose requests bear the token.
func (t *tokens) client() *http.Client {
	c := *t.base
	c.Transport = t
	return &c
}

func (t *tokens) transport() http.RoundTripper {
	if t.base.Transport != nil {
		return t.base.Transport
	}
	return http.DefaultTransport
}

// RoundTrip implements http.RoundTripper. A token that the homeserver does not know any more is renewed once.
func (t *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") == "" || !t.renews() {
		return t.transport().RoundTrip(r)
	}
	token, err := t.current(r.Context(), "")
	if err != nil {
		return nil, err
	}
	answer, err := t.transport().RoundTrip(bearing(r, token))
	if err != nil || answer.StatusCode != http.StatusUnauthorized || r.Body != nil && r.GetBody == nil || !forgotten(answer) {
		return answer, err
	}
	next, err := t.current(r.Context(), token)
	if err != nil {
		return nil, errors.Join(err, answer.Body.Close())
	}
	again := bearing(r, next)
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	return t.transport().RoundTrip(again)
}

func bearing(r *http.Request, token string) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// maxRefusal bounds an answer that is read to find out why it is one, in bytes.
const maxRefusal = 64 << 10

// forgotten tells whether the homeserver does not know the token, and not something else. The answer can be read again.
func forgotten(answer *http.Response) bool {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var said struct {
		Code string `json:"errcode"`
	}
	return err == nil && json.Unmarshal(body, &said) == nil && said.Code == mautrix.MUnknownToken.ErrCode
}

// renews tells whether tokens come from an authorisation server.
func (t *tokens) renews() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session.OAuth != nil
}

// current is a token that is good for a while, and not the one that the homeserver does not know. A new one is in the
// vault, with the refresh token that came with it, before it is used.
func (t *tokens) current(ctx context.Context, useless string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unkept == nil {
		token, end := t.session.AccessToken.Reveal(), t.session.OAuth.End
		if token != useless && (end.IsZero() || t.a.cfg.Now().Before(end.Add(-renewBefore))) {
			return token, nil
		}
		if err := t.renew(ctx); err != nil {
			return "", err
		}
	}
	if err := t.keep(*t.unkept); err != nil {
		return "", fmt.Errorf("matrix: the new login is not kept: %w", err)
	}
	t.session, t.unkept = *t.unkept, nil
	return t.session.AccessToken.Reveal(), nil
}

// keep writes the tokens of a session beside what the vault has of it.
func (t *tokens) keep(s cryptostore.Session) error {
	kept, err := t.a.store.Session()
	if err != nil {
		return err
	}
	kept.AccessToken, kept.OAuth = s.AccessToken, s.OAuth
	return t.a.store.SetSession(kept)
}

// renew gets the next tokens. What is refused is not asked again, not even after a restart. The caller holds mu.
func (t *tokens) renew(ctx context.Context) error {
	if t.session.OAuth.Ended {
		return ErrLoginEnded
	}
	// Whoever began the request may give up; the answer must not be lost by that.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestLimit)
	defer cancel()
	if t.found == nil {
		cli, err := t.a.bareClient(t.base)
		if err != nil {
			return err
		}
		found, err := t.a.authority(ctx, cli)
		if err != nil {
			return err
		}
		t.found = &found
	}
	held := *t.session.OAuth
	source := t.found.config(held.Client).TokenSource(context.WithValue(ctx, oauth2.HTTPClient, t.base), &oauth2.Token{RefreshToken: held.Refresh.Reveal()})
	token, err := source.Token()
	next := t.session
	switch code := refusal(err); {
	case code == "invalid_grant", code == "invalid_client", code == "unauthorized_client":
		held.Ended = true
		next.OAuth = &held
		t.session = next
		return errors.Join(ErrLoginEnded, t.keep(next))
	case err != nil:
		t.found = nil // it may have moved
		return authFail("renew the login", err)
	}
	next = t.a.withTokens(next, held.Client, token)
	t.unkept = &next
	return nil
}

// withTokens is a session with what the authorisation server has given.
func (a *Adapter) withTokens(s cryptostore.Session, client string, token *oauth2.Token) cryptostore.Session {
	s.AccessToken = secret.Store(secret.New(token.AccessToken))
	s.OAuth = &cryptostore.OAuth{Client: client, Refresh: secret.Store(secret.New(token.RefreshToken))}
	if !token.Expiry.IsZero() {
		s.OAuth.End = a.cfg.Now().Add(time.Until(token.Expiry))
	}
	return s
}
