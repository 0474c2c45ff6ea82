package izly

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"cartable/core/secret"
)

// RequestActivation asks for an SMS with an activation link (seed-izly §III.a). It gives the phone number
// as the server knows it, which Activate wants.
func (c *Client) RequestActivation(ctx context.Context, phone string, code secret.Text) (uid string, err error) {
	if err := checkCode(code); err != nil {
		return "", err
	}
	doc, err := c.logon(ctx, phone, password(code))
	if err != nil {
		return "", err
	}
	if doc.name != rootUserData {
		// A session without an activation would have no key for one-time passwords.
		return "", &ReplyError{opLogon, "no activation was started"}
	}
	if uid = doc.at("UID"); isPhone(uid) {
		return uid, nil
	}
	return phone, nil
}

// Activate ends an enrolment with what the SMS brought and opens a session. phone is RequestActivation's.
// keep has stored the account when it returns.
//
// Where the code itself is the HOTP key, an account without a session is stored before the code leaves;
// if the answer to it is lost, that account can be opened and renewed. Until Activate returns nil, keep
// should therefore not overwrite an account that still works. ErrBadActivation says that the code
// was refused or could not be sent; an *ActivationError tells why in the second case.
func (c *Client) Activate(ctx context.Context, phone string, act Activation, keep Keep) (*Wallet, error) {
	if act.Phone != "" && act.Phone != phone {
		return nil, &ActivationError{ActivationOtherPhone}
	}
	if !activationCode.MatchString(act.Code.Reveal()) {
		return nil, &ActivationError{ActivationMissing}
	}
	if c.cfg.Enrolment != EnrolSeed {
		user, actCode, err := c.openLink(ctx, phone, act.Code)
		switch {
		case err == nil:
			return c.activateCurrent(ctx, user, actCode, keep)
		case c.cfg.Enrolment == EnrolCurrent:
			return nil, err
		case ctx.Err() != nil:
			return nil, networkError(ctx, opSite, err)
		}
		c.cfg.Log.Debug("izly activation link gave no code", "err", err)
	}
	return c.activateSeed(ctx, phone, act.Code, keep)
}

// activateSeed sends a one-time password made of the code, which stays the HOTP key (seed-izly §III.b).
func (c *Client) activateSeed(ctx context.Context, phone string, code secret.Text, keep Keep) (*Wallet, error) {
	if _, err := decodeKey(code.Reveal()); err != nil {
		return nil, &ActivationError{ActivationBadKey}
	}
	w := c.Open(Account{Phone: phone, World: EnrolSeed, HOTPKey: secret.Store(code)}, keep)
	otp, err := w.spend(ctx)
	if err != nil {
		return nil, err
	}
	return w.activated(ctx, arg{name: "password"}, arg{name: "passOTP", value: otp})
}

// activateCurrent sends the site's code and takes the HOTP key from the answer (izly-today §2.3).
func (c *Client) activateCurrent(ctx context.Context, phone string, actCode secret.Text, keep Keep) (*Wallet, error) {
	w := c.Open(Account{Phone: phone, World: EnrolCurrent}, keep)
	return w.activated(ctx, arg{name: "password", null: true}, arg{name: "actCode", value: actCode.Reveal()})
}

// activated makes the Logon that ends an enrolment.
func (w *Wallet) activated(ctx context.Context, password, proof arg) (*Wallet, error) {
	a := w.Account()
	doc, err := w.c.logon(ctx, a.Phone, password, proof)
	if refused := (*Error)(nil); errors.As(err, &refused) {
		refused.enrolling = true
	}
	if err != nil {
		return nil, err
	}
	if err := w.c.openSession(&a, doc); err != nil {
		return nil, err
	}
	if a.World == EnrolCurrent && !takeSeed(&a, doc) {
		return nil, &ReplyError{opLogon, "no key for one-time passwords in it"}
	}
	if uid := doc.at("UID"); isPhone(uid) {
		a.Phone = uid
	}
	if err := w.change(ctx, func(to *Account) { *to = a }); err != nil {
		return nil, err
	}
	return w, nil
}

// openLink opens the link of an SMS on Config.SiteURL and gives what it redirects to,
// izly://SBSCR/<phone>/<actCode> (izly-today §2.3). No redirection is followed.
func (c *Client) openLink(ctx context.Context, phone string, code secret.Text) (user string, actCode secret.Text, err error) {
	ctx, cancel := context.WithTimeout(ctx, siteTimeout)
	defer cancel()
	address := c.cfg.SiteURL + "/tools/Activation/" + url.PathEscape(phone) + "/" + url.PathEscape(code.Reveal())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", secret.Text{}, &NetworkError{opSite, errSite}
	}
	req.Header.Set("User-Agent", siteUserAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		// net/http's error may quote the address or the header Location: both hold a code.
		return "", secret.Text{}, &NetworkError{opSite, errors.Join(errSite, context.Cause(ctx))}
	}
	defer resp.Body.Close()
	c.cfg.Log.Debug("izly call", "op", opSite, "status", resp.StatusCode)
	user, actCode, ok := parseLocation(resp.Header.Get("Location"))
	if !ok {
		return "", secret.Text{}, &ActivationError{ActivationExpired}
	}
	return user, actCode, nil
}

var errSite = errors.New("site not reached")

func parseLocation(location string) (phone string, actCode secret.Text, ok bool) {
	const scheme = "izly://sbscr/"
	if len(location) > maxToken || len(location) < len(scheme) || !strings.EqualFold(location[:len(scheme)], scheme) {
		return "", secret.Text{}, false
	}
	phone, code, _ := strings.Cut(location[len(scheme):], "/")
	code, err := url.PathUnescape(strings.TrimRight(code, "/"))
	if err != nil || !isPhone(phone) || !isToken(code) {
		return "", secret.Text{}, false
	}
	return phone, secret.New(code), true
}
