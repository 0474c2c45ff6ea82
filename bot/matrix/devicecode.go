//go:build goolm

package matrix

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
)

// DeviceCode is what the operator does to let the bot in.
type DeviceCode struct {
	Page string    // address to open in a browser
	Code string    // to type there
	Ends time.Time // when it is of no more use; zero: not known
}

// What keeps Login from its end, and what to do.
var (
	ErrNoDeviceCode = errors.New("matrix: the homeserver's login gives no codes to programs; set CARTABLE_MATRIX_TOKEN instead")
	ErrDenied       = errors.New("matrix: the login was declined in the browser; the bot is not logged in")
	ErrCodeExpired  = errors.New("matrix: the code was not used in time; run the command again")
	ErrOtherLogin   = errors.New("matrix: somebody else is logged in in that browser, not the account of CARTABLE_MATRIX_USER; log out there, or use a private window, and run the command again")
)

// Login logs the bot in at a homeserver whose logins go through a browser (RFC 8628, MSC4341), and keeps what it is given
// in the vault. show is called once, with what the operator is to do; Login then waits until that is done, or until the
// code has expired. A device that the vault has already stays the same.
func Login(ctx context.Context, cfg Config, show func(DeviceCode) error) error {
	a, err := New(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	before, err := a.store.Session()
	if err != nil {
		return err
	}
	if before.UserID != "" && !sameUser(before.UserID, a.cfg.User) {
		return a.otherAccount(before)
	}
	cli, err := a.bareClient(a.tokens.base)
	if err != nil {
		return err
	}
	found, err := a.authority(ctx, cli)
	if err != nil {
		return err
	}
	if found.Device == "" || found.Register == "" || len(found.Grants) > 0 && !slices.Contains(found.Grants, grantDevice) {
		return ErrNoDeviceCode
	}
	client, err := a.register(ctx, found)
	if err != nil {
		return err
	}
	device := before.DeviceID
	if account, err := a.store.GetAccount(ctx); err != nil {
		return err
	} else if account == nil || device == "" {
		device = id.DeviceID(rand.Text()[:12])
	}
	config := found.config(client)
	config.Scopes = []string{scopeClient, scopeDevice + device.String()}
	token, err := a.waitForCode(ctx, config, show)
	if err != nil {
		return err
	}
	cli.AccessToken = token.AccessToken
	who, err := cli.Whoami(ctx)
	switch {
	case err != nil:
		return fail("ask who we are", err)
	case !sameUser(who.UserID, a.cfg.User) || before.UserID != "" && who.UserID != before.UserID:
		a.revoke(ctx, found, client, token)
		return ErrOtherLogin
	case who.DeviceID != device:
		a.revoke(ctx, found, client, token)
		return errors.New("matrix: the homeserver gave the bot another device than it asked for")
	}
	return a.store.SetSession(a.withTokens(cryptostore.Session{
		Homeserver: a.cfg.Homeserver, UserID: who.UserID, DeviceID: device, Sweep: device != before.DeviceID || before.Sweep,
	}, client, token))
}

// waitForCode gets a code, shows it, and waits until it is used. A connection that is lost meanwhile is no harm.
func (a *Adapter) waitForCode(ctx context.Context, config *oauth2.Config, show func(DeviceCode) error) (*oauth2.Token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, a.tokens.base)
	code, err := config.DeviceAuth(ctx)
	if err != nil {
		return nil, authFail("ask for a code", err)
	}
	if page, err := url.Parse(code.VerificationURI); err != nil || page.Host == "" || page.Scheme != "https" && page.Scheme != "http" {
		return nil, errors.New("matrix: ask for a code: the server names no page")
	}
	if err := show(DeviceCode{Page: code.VerificationURI, Code: code.UserCode, Ends: code.Expiry}); err != nil {
		return nil, err
	}
	for {
		token, err := config.DeviceAccessToken(ctx, code)
		switch refused := refusal(err); {
		case err == nil && token.RefreshToken == "" && !token.Expiry.IsZero():
			return nil, errors.New("matrix: the homeserver gave a login that cannot be renewed; set CARTABLE_MATRIX_TOKEN instead")
		case err == nil:
			return token, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case refused == "access_denied":
			return nil, ErrDenied
		case refused == "expired_token", errors.Is(err, context.DeadlineExceeded) && !code.Expiry.IsZero() && !time.Now().Before(code.Expiry):
			return nil, ErrCodeExpired
		case refused != "":
			return nil, authFail("wait for the code", err)
		}
		select { // no answer, or none that says anything
		case <-time.After(longBackoff / 10):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// register tells the authorisation server what wants to log in, and returns how it calls that (RFC 7591).
func (a *Adapter) register(ctx context.Context, found authority) (client string, err error) {
	var answer struct {
		Client string `json:"client_id"`
	}
	err = a.ask(ctx, found.Register, map[string]any{
		"client_name": deviceName, "client_uri": clientPage, "application_type": "native", "token_endpoint_auth_method": "none",
		"grant_types": []string{grantDevice, grantRefresh}, "response_types": []string{}, "redirect_uris": []string{},
	}, &answer)
	if err == nil && answer.Client == "" {
		err = errors.New("matrix: introduce the bot: no name was given")
	}
	return answer.Client, err
}

// ask posts JSON to the authorisation server.
func (a *Adapter) ask(ctx context.Context, address string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("matrix: introduce the bot: bad address")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.tokens.base.Do(request)
	if err != nil {
		return fail("introduce the bot", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	switch {
	case err != nil:
		return errors.New("matrix: introduce the bot: cut off")
	case response.StatusCode/100 != 2:
		var refused struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(data, &refused) == nil && oauthCode(refused.Error) {
			return fmt.Errorf("matrix: introduce the bot: refused with %s", refused.Error)
		}
		return fmt.Errorf("matrix: introduce the bot: answered with status %d", response.StatusCode)
	case json.Unmarshal(data, answer) != nil:
		return errors.New("matrix: introduce the bot: unreadable answer")
	}
	return nil
}

// revoke gives a login back that is of no use. That it fails is no harm: its access token ends within minutes.
func (a *Adapter) revoke(ctx context.Context, found authority, client string, token *oauth2.Token) {
	if found.Revoke == "" {
		return
	}
	form := url.Values{"client_id": {client}, "token": {token.RefreshToken}, "token_type_hint": {grantRefresh}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, found.Revoke, bytes.NewBufferString(form.Encode()))
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		var response *http.Response
		if response, err = a.tokens.base.Do(request); err == nil {
			err = response.Body.Close()
		}
	}
	if err != nil {
		a.log.Warn("login not given back", "error", fail("revoke", err))
	}
}
