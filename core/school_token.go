package core

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"cartable/core/pronote"
	"cartable/core/secret"
)

// LinkSchoolByQRCode logs in with the code that PRONOTE shows to link an app, and keeps the account for the
// chat with a token instead of a password; an earlier link of the same account is replaced. It returns the
// errors of pronote.Client.LoginQRCode, or one that says to wait when too many logins have failed.
func (e *Engine) LinkSchoolByQRCode(ctx context.Context, chat ChatID, owner PersonID, code pronote.QRCode, pin secret.Text) (pronote.Account, error) {
	l := link{ID: e.newID(), Chat: chat, Owner: owner, Created: e.cfg.Now()}
	l.School = &schoolLink{Address: code.Address, Space: code.Space}
	keep := func(_ context.Context, t pronote.Token) error { // durable before the session is used
		l.School.Username, l.School.Token = t.Username, &t
		return e.cfg.Store.Update(func(tx Tx) error { return links.put(tx, l.ID, l) })
	}
	session, err := e.guardLogin(code.Address, code.Space, "", func() (*pronote.Session, error) {
		return e.cfg.School.LoginQRCode(ctx, code, pin, keep)
	})
	if err != nil {
		return pronote.Account{}, errors.Join(err, e.cfg.Store.Update(func(tx Tx) error { return links.delete(tx, l.ID) }))
	}
	state := session.State()
	l.School.State, l.School.Account, l.School.Login = &state, session.Account(), e.cfg.Now()
	l.School.Used = e.cfg.Now()
	if err := e.replaceLink(l, func(old link) bool { return old.ID == l.ID || l.School.sameAccount(old) }); err != nil {
		return pronote.Account{}, err
	}
	return session.Account(), nil
}

// sameAccount tells whether another link is of the same PRONOTE account.
func (s *schoolLink) sameAccount(other link) bool {
	o := other.School
	return o != nil && o.Address == s.Address && o.Space == s.Space && o.Username.Reveal() == s.Username.Reveal()
}

// tokenSession logs in with the stored token. The server gives a new one at each login; it is stored before
// the session is used, and the one before it is kept until the new one has worked, in case the server never
// learned that we have it.
func (a *schoolAccount) tokenSession(ctx context.Context) (*pronote.Session, error) {
	rec := a.record().School
	session, err := a.loginToken(ctx, *rec.Token)
	if errors.Is(err, pronote.ErrTokenRefused) && rec.Previous != nil {
		session, err = a.loginToken(ctx, *rec.Previous)
	}
	return session, err
}

func (a *schoolAccount) loginToken(ctx context.Context, token pronote.Token) (*pronote.Session, error) {
	return a.e.guardLogin(token.Address, token.Space, token.Username.Reveal(), func() (*pronote.Session, error) {
		return a.e.cfg.School.LoginToken(ctx, token, func(_ context.Context, next pronote.Token) error {
			return a.change(func(l *schoolLink) { l.Previous, l.Token = &token, &next })
		})
	})
}

// tradePassword replaces the stored password by a token: it asks PRONOTE for the QR code of the person's own
// account and links with it, as their phone would. When that fails the password stays, and the error says why.
func (a *schoolAccount) tradePassword(ctx context.Context) error {
	pin := secret.New(a.e.newPIN())
	var text secret.Text
	if err := a.do(ctx, func(s *pronote.Session) (err error) {
		text, err = s.NewQRCode(ctx, pin)
		return err
	}); err != nil {
		return err
	}
	code, err := pronote.ParseQRCode(text.Reveal(), a.e.cfg.AllowPrivate)
	if err != nil {
		return err
	}
	return a.alone(ctx, func() error {
		session, err := a.e.guardLogin(code.Address, code.Space, "", func() (*pronote.Session, error) {
			return a.e.cfg.School.LoginQRCode(ctx, code, pin, func(_ context.Context, t pronote.Token) error {
				return a.change(func(l *schoolLink) { l.Token = &t })
			})
		})
		if err != nil {
			return errors.Join(err, a.change(func(l *schoolLink) { l.Token = nil }))
		}
		a.session, a.loggedIn = session, a.e.cfg.Now()
		if err := a.change(func(l *schoolLink) { l.Password = secret.Stored{} }); err != nil {
			return err
		}
		return a.keep("")
	})
}

// newPIN makes four random digits.
func (e *Engine) newPIN() string {
	id := e.newID()
	n, _ := strconv.ParseUint(id[:8], 16, 64) // newID gives hexadecimal digits
	return fmt.Sprintf("%04d", n%10000)
}
