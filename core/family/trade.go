package family

import (
	"cmp"
	"context"
	"errors"

	"cartable/core/school"
	"cartable/core/store"
)

// Trade replaces the password of an account by a token, as the school gives one to its own app. When that fails the
// password stays, and the error says why; an account without a password is left alone.
func (f *Family) Trade(ctx context.Context, id string) error {
	release, err := alone(f, ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if r, known, err := f.record(id); err != nil || known && !r.keepsPassword() {
		return err
	}
	var token school.Login
	if err := f.visit(ctx, id, "token", func(s school.Session) (err error) {
		token, err = s.Token(ctx)
		return err
	}, nil); err != nil {
		return err
	}
	before, known, err := f.record(id)
	if err != nil || !known {
		return cmp.Or(err, ErrGone)
	}
	p, err := f.provider(before.Provider)
	if err != nil {
		return err
	}
	return takeToken(f, ctx, id, p, before, token)
}

// takeToken logs in with a token. Until that has worked the login before stands beside it, so that a crash loses
// neither.
func takeToken(f *Family, ctx context.Context, id string, p school.Provider, before record, token school.Login) error {
	if err := mayAsk(f, pauseOf(p, token)); err != nil {
		return err
	}
	next, stored := login{token, true}, false
	keep := func(given school.Login) error {
		next, stored = login{given, true}, true
		return change(f, id, before.Generation, func(_ store.Tx, r *record) error {
			r.Login, r.Previous = next, &before.Login
			return nil
		})
	}
	session, err := open(f, ctx, p, token, keep)
	switch {
	case err != nil && !stored:
		return err
	case err != nil:
		return errors.Join(err, change(f, id, before.Generation, func(_ store.Tx, r *record) error {
			r.Login, r.Previous = before.Login, before.Previous
			return nil
		}))
	}
	now := f.cfg.Now()
	return change(f, id, before.Generation, func(tx store.Tx, r *record) error {
		r.Login, r.Previous = next, nil
		r.State, r.Profile, r.LoggedIn, r.Used, r.Stopped = atRest(session), session.Profile(), now, now, ""
		return lift(tx, now, pauseOf(p, token))
	})
}

// Logout ends the open session of an account that is about to be forgotten. It takes a few seconds at most and
// promises nothing: a school ends sessions by itself.
func (f *Family) Logout(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	release, err := alone(f, ctx, id)
	if err != nil {
		return
	}
	defer release()
	v, err := begin(f, id)
	if err != nil || !v.resume() {
		return
	}
	f.close(ctx, v.session)
	if err := change(f, id, v.rec.Generation, func(_ store.Tx, r *record) error {
		r.State = school.State{}
		return nil
	}); err != nil {
		f.cfg.Log.Warn("family: logout not noted", "error", err)
	}
}
