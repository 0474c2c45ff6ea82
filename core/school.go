package core

import (
	"context"
	"errors"
	"sync"
	"time"

	"cartable/core/pronote"
	"cartable/core/secret"
)

// schoolAccount is one linked PRONOTE account: one session, one request in flight.
type schoolAccount struct {
	e     *Engine
	owner PersonID
	id    string

	turnstile chan struct{} // holds one token; whoever has it may use what follows
	session   *pronote.Session
	loggedIn  time.Time // when session did; zero for one that was resumed

	mu  sync.Mutex // guards rec, which is read while a request is in flight
	rec link
}

// stoppedError says that a link rests until its owner acts.
type stoppedError struct {
	reason stopReason
	school string // its name; empty for a wallet
}

func (e *stoppedError) Error() string { return "core: link stopped: " + string(e.reason) }

// LinkSchool logs in and keeps the account for the chat; an earlier link of the same account is
// replaced. It makes the requests of one login, and returns the errors of pronote.Client.Login, or one
// that says to wait when too many logins have failed.
func (e *Engine) LinkSchool(ctx context.Context, chat ChatID, owner PersonID, cr pronote.Credentials) (pronote.Account, error) {
	session, err := e.login(ctx, cr)
	if err != nil {
		return pronote.Account{}, err
	}
	state := session.State()
	l := link{
		ID: e.newID(), Chat: chat, Owner: owner, Created: e.cfg.Now(),
		School: &schoolLink{
			Address: cr.Address, Space: cr.Space,
			Username: secret.Store(secret.New(cr.Username)), Password: secret.Store(cr.Password),
			Account: session.Account(), Login: e.cfg.Now(), State: &state, Used: e.cfg.Now(),
		},
	}
	if err := e.replaceLink(l, l.School.sameAccount); err != nil {
		return pronote.Account{}, err
	}
	return session.Account(), nil
}

// login logs in with a password.
func (e *Engine) login(ctx context.Context, cr pronote.Credentials) (*pronote.Session, error) {
	return e.guardLogin(cr.Address, cr.Space, cr.Username, func() (*pronote.Session, error) {
		return e.cfg.School.Login(ctx, cr)
	})
}

// guardLogin passes the gates of the account and of the host, makes the login, and keeps the gates.
func (e *Engine) guardLogin(address pronote.Address, space pronote.Space, username string, login func() (*pronote.Session, error)) (*pronote.Session, error) {
	if err := e.mayLogin(address, space, username); err != nil {
		return nil, err
	}
	host, account := loginGates(address, space, username)
	session, err := login()
	switch {
	case err == nil:
		return session, errors.Join(e.open(host), e.open(account))
	case errors.Is(err, pronote.ErrSuspended), errors.Is(err, pronote.ErrRateLimited):
		return nil, errors.Join(err, e.hold(host))
	case refusedLogin(err):
		return nil, errors.Join(err, e.fail(account))
	default:
		return nil, err
	}
}

func loginGates(address pronote.Address, space pronote.Space, username string) (host, account string) {
	return gateKey("host", string(address)), gateKey("login", string(address), string(space), username)
}

// mayLogin returns a *heldError while the account or its host is given a rest.
func (e *Engine) mayLogin(address pronote.Address, space pronote.Space, username string) error {
	host, account := loginGates(address, space, username)
	if err := e.pass(host); err != nil {
		return err
	}
	err := e.pass(account)
	if held, ok := errors.AsType[*heldError](err); ok {
		held.account = true
	}
	return err
}

// refusedLogin tells whether the server said no to the account itself.
func refusedLogin(err error) bool { return stopFor(err) != "" }

// stopFor is the reason for which a link must rest after err, or "".
func stopFor(err error) stopReason {
	var access *pronote.AccessError
	switch {
	case errors.Is(err, pronote.ErrWrongPassword):
		return stoppedWrongPassword
	case errors.Is(err, pronote.ErrTokenRefused):
		return stoppedToken
	case errors.Is(err, pronote.ErrSecondFactor):
		return stoppedSecondFactor
	case errors.As(err, &access):
		return stoppedNoAccess
	default:
		return ""
	}
}

// record is a copy of the link as it stands.
func (a *schoolAccount) record() link {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rec
}

// account is what the last login told.
func (a *schoolAccount) account() pronote.Account { return a.record().School.Account }

// do runs fn with an open session. A session that has expired is replaced once; a password that was
// refused is not tried again until the person acts. It blocks while another request of the account runs.
func (a *schoolAccount) do(ctx context.Context, fn func(*pronote.Session) error) error {
	return a.alone(ctx, func() error { return a.withSession(ctx, fn) })
}

// alone runs fn when no other request of the account is in flight.
func (a *schoolAccount) alone(ctx context.Context, fn func() error) error {
	select {
	case a.turnstile <- struct{}{}:
		defer func() { <-a.turnstile }()
		return fn()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (a *schoolAccount) withSession(ctx context.Context, fn func(*pronote.Session) error) error {
	if s := a.record().School; s.Stopped != "" {
		return &stoppedError{s.Stopped, s.Account.School}
	}
	fresh, err := a.openSession(ctx)
	if err != nil {
		return err
	}
	err = fn(a.session)
	if errors.Is(err, pronote.ErrSessionExpired) && !fresh {
		if err = a.newSession(ctx); err != nil {
			return err
		}
		err = fn(a.session)
	}
	if errors.Is(err, pronote.ErrSuspended) || errors.Is(err, pronote.ErrRateLimited) {
		err = errors.Join(err, a.e.hold(gateKey("host", string(a.record().School.Address))))
	}
	return errors.Join(err, a.keep(stopFor(err)))
}

// sessionIdle is the time after which a server has surely ended a session that nobody used (pronote-today §5.7
// says some minutes), so that asking first would only cost a request.
const sessionIdle = time.Hour

// openSession resumes the stored session or logs in; fresh tells that it has just logged in.
func (a *schoolAccount) openSession(ctx context.Context) (fresh bool, err error) {
	rec := a.record().School
	if err := a.e.pass(gateKey("host", string(rec.Address))); err != nil {
		return false, err
	}
	if a.e.cfg.Now().Sub(rec.Used) > sessionIdle {
		return true, a.newSession(ctx)
	}
	if a.session != nil {
		return false, nil
	}
	if rec.State != nil {
		if a.session, err = a.e.cfg.School.Resume(*rec.State); err == nil {
			return false, nil
		}
		a.e.logger(a.record().Chat).Warn("stored session not usable", "error", err)
	}
	return true, a.newSession(ctx)
}

// newSession logs in with the stored token, or the stored password.
func (a *schoolAccount) newSession(ctx context.Context) error {
	a.session = nil
	session, err := a.passwordOrToken(ctx)
	if err != nil {
		return errors.Join(err, a.keep(stopFor(err)))
	}
	a.session, a.loggedIn = session, a.e.cfg.Now()
	return nil
}

func (a *schoolAccount) passwordOrToken(ctx context.Context) (*pronote.Session, error) {
	rec := a.record().School
	if rec.Token != nil {
		return a.tokenSession(ctx)
	}
	return a.e.login(ctx, pronote.Credentials{
		Address: rec.Address, Space: rec.Space, Username: rec.Username.Reveal(), Password: rec.Password.Text,
	})
}

// yearPause is how often a school whose year is over is asked for the next one.
const yearPause = 12 * time.Hour

// renewYear logs in again when the school year that the last login told is over, since only a login tells of
// the next one. At most one login in twelve hours.
func (a *schoolAccount) renewYear(ctx context.Context) error {
	return a.alone(ctx, func() error {
		rec, now := a.record().School, a.e.now()
		over := now.After(rec.Account.LastDay.AddDate(0, 0, 1))
		if !over || rec.Stopped != "" || now.Sub(rec.Login) < yearPause {
			return nil
		}
		if err := a.newSession(ctx); err != nil {
			return err
		}
		return a.keep("")
	})
}

// keep stores the session as it stands, and why the link rests if it must.
func (a *schoolAccount) keep(stop stopReason) error {
	return a.change(func(l *schoolLink) {
		l.Stopped, l.State = stop, nil
		if a.session == nil {
			return
		}
		state := a.session.State()
		l.State, l.Account, l.Used = &state, a.session.Account(), a.e.cfg.Now()
		if !a.loggedIn.IsZero() {
			l.Login = a.loggedIn
		}
	})
}

// change stores a changed copy of the link, durably, and then uses it.
func (a *schoolAccount) change(alter func(*schoolLink)) error {
	return a.changeLink(func(l *link) {
		updated := *l.School
		alter(&updated)
		l.School = &updated
	})
}

// moveTo makes the link one of another private chat of its owner's.
func (a *schoolAccount) moveTo(chat ChatID) error {
	return a.changeLink(func(l *link) { l.Chat = chat })
}

func (a *schoolAccount) changeLink(alter func(*link)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.rec
	alter(&rec)
	if err := a.e.keepLink(rec); err != nil {
		return err
	}
	a.rec = rec
	return nil
}
