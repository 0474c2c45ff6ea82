package family

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"cartable/core/school"
	"cartable/core/store"
)

// sessionIdle is the time after which a server has surely ended a session that nobody used (pronote-today §5.7
// says some minutes), so that asking first would only cost a request.
const sessionIdle = time.Hour

// stopFor is the reason for which an account must rest after err, or "".
func stopFor(err error) StopReason {
	switch {
	case errors.Is(err, school.ErrWrongPassword):
		return StoppedWrongPassword
	case errors.Is(err, school.ErrTokenRefused):
		return StoppedToken
	case errors.Is(err, school.ErrSecondFactor):
		return StoppedSecondFactor
	case errors.Is(err, school.ErrNoAccess):
		return StoppedNoAccess
	default:
		return ""
	}
}

// OutOfReach tells whether err says that a school cannot be asked now, rather than that it refused.
func OutOfReach(err error) bool {
	_, paused := errors.AsType[*PausedError](err)
	return paused || errors.Is(err, school.ErrNoAnswer) || errors.Is(err, school.ErrPause) || errors.Is(err, context.DeadlineExceeded)
}

// visit is one turn at a school: whoever makes it holds the account's lock.
type visit struct {
	f        *Family
	id       string
	rec      record // as it was at the beginning
	provider school.Provider

	session  school.Session // nil: none, or one that is dead
	asked    bool           // something may have changed at the school: the record must tell
	loggedIn bool           // session is a new one
	login    login          // with which it was opened, or the one that it gave for the next time
	previous *login         // the one before that
	used     school.Login   // that opened it
}

// begin makes a visit, unless the account or its school rests.
func begin(f *Family, id string) (*visit, error) {
	rec, known, err := f.record(id)
	if err != nil || !known {
		return nil, cmp.Or(err, ErrGone)
	}
	if rec.Stopped != "" {
		return nil, &StoppedError{rec.Stopped, rec.Profile.School}
	}
	p, err := f.provider(rec.Provider)
	if err != nil {
		return nil, err
	}
	if err := mayAsk(f, pauseOf(p, rec.Login.Secret)); err != nil {
		return nil, err
	}
	return &visit{f: f, id: id, rec: rec, provider: p}, nil
}

// errNotStored says that what came of a visit could not be stored; the memory has it until the next one can be.
var errNotStored = errors.New("family: what the school said could not be stored")

// visit runs fn with an open session. One that has expired is replaced once; a login that was refused is not tried
// again until its owner acts. What came of it is stored in one transaction, with also in it when fn had no error;
// the error is errNotStored, with that of fn, when that failed.
func (f *Family) visit(ctx context.Context, id, op string, fn func(school.Session) error, also func(store.Tx) error) error {
	v, err := begin(f, id)
	if err != nil {
		return err
	}
	return v.settle(v.run(ctx, op, fn), also)
}

func (v *visit) run(ctx context.Context, op string, fn func(school.Session) error) error {
	fresh := !v.resume()
	if fresh {
		if err := v.logIn(ctx); err != nil {
			return err
		}
	}
	err := v.ask(op, fn)
	if errors.Is(err, school.ErrExpired) && !fresh {
		v.session = nil
		if err = v.logIn(ctx); err == nil {
			err = v.ask(op, fn)
		}
	}
	if errors.Is(err, school.ErrExpired) {
		v.session = nil
	}
	return err
}

// resume takes up the stored session, if that is worth a try.
func (v *visit) resume() bool {
	if v.rec.State.Empty() || v.f.cfg.Now().Sub(v.rec.Used) > sessionIdle {
		return false
	}
	session, err := v.provider.Resume(v.rec.State)
	if err != nil {
		v.f.cfg.Log.Warn("family: stored session not usable", "error", err)
		return false
	}
	v.session, v.asked = session, true
	return true
}

func (v *visit) ask(op string, fn func(school.Session) error) error {
	began := time.Now()
	err := fn(v.session)
	v.f.cfg.Observe(op, time.Since(began), err)
	if errors.Is(err, school.ErrPause) {
		err = errors.Join(err, v.f.wantsPause(pauseOf(v.provider, v.rec.Login.Secret)))
	}
	return err
}

// logIn opens a session with the kept login, or with the one before it: where that is a token, the school may never
// have learned that we have the next one.
func (v *visit) logIn(ctx context.Context) error {
	err := v.try(ctx, v.rec.Login)
	if errors.Is(err, school.ErrTokenRefused) && v.rec.Previous != nil {
		err = v.try(ctx, *v.rec.Previous)
	}
	return err
}

// try opens a session. A login that the school gives for the next time is stored before the session is used, and
// l with it, until that one has worked.
func (v *visit) try(ctx context.Context, l login) error {
	if err := mayAsk(v.f, pauseOf(v.provider, l.Secret)); err != nil {
		return err
	}
	v.asked = true
	next, previous := l, (*login)(nil)
	session, err := open(v.f, ctx, v.provider, l.Secret, func(given school.Login) error {
		next, previous = login{given, true}, &l
		return change(v.f, v.id, v.rec.Generation, func(_ store.Tx, r *record) error {
			r.Login, r.Previous = next, previous
			return nil
		})
	})
	if err != nil {
		return err
	}
	v.session, v.loggedIn, v.login, v.previous, v.used = session, true, next, previous, l.Secret
	return nil
}

// open makes a login and notes a pause that the server wants.
func open(f *Family, ctx context.Context, p school.Provider, l school.Login, keep func(school.Login) error) (school.Session, error) {
	began := time.Now()
	session, err := p.Open(ctx, l, func(_ context.Context, next school.Login) error { return keep(next) })
	f.cfg.Observe("login", time.Since(began), err)
	if errors.Is(err, school.ErrPause) {
		err = errors.Join(err, f.wantsPause(pauseOf(p, l)))
	}
	return session, err
}

// settle stores what came of a visit.
func (v *visit) settle(err error, also func(store.Tx) error) error {
	if !v.asked {
		return err
	}
	now := v.f.cfg.Now()
	gone := false
	stored := v.f.cfg.Store.Update(func(tx store.Tx) error {
		if err := v.lift(tx, now, err); err != nil {
			return err
		}
		r, found, getErr := accounts.Get(tx, "", v.id)
		if getErr != nil {
			return getErr
		}
		if gone = !found || r.Generation != v.rec.Generation; gone {
			return nil
		}
		v.apply(&r, now, err)
		if err == nil && also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return accounts.Put(tx, "", v.id, r)
	})
	switch {
	case errors.Is(stored, store.ErrUnreadable): // damage, which a later write does not mend
		return errors.Join(err, stored)
	case stored != nil:
		v.hold(now, err)
		return errors.Join(err, fmt.Errorf("%w: %w", errNotStored, stored))
	}
	v.f.written(v.id)
	if gone {
		return errors.Join(err, ErrGone)
	}
	return err
}

// hold keeps what came of a visit in memory alone, so that a full disk makes nobody log in anew for each request, nor
// repeat a login that was refused.
func (v *visit) hold(now time.Time, err error) {
	r, known, unread := v.f.record(v.id)
	if unread != nil || !known || r.Generation != v.rec.Generation {
		return
	}
	v.apply(&r, now, err)
	v.f.mu.Lock()
	defer v.f.mu.Unlock()
	v.f.held[v.id] = r
}

// lift forgets the pauses of a school that has answered well.
func (v *visit) lift(tx store.Tx, now time.Time, err error) error {
	if v.loggedIn {
		return lift(tx, now, pauseOf(v.provider, v.used))
	}
	if err != nil {
		return nil
	}
	return lift(tx, now, pauseOf(v.provider, v.rec.Login.Secret))
}

// apply makes the record tell what came of the visit. A session that is dead is not kept as one that lives.
func (v *visit) apply(r *record, now time.Time, err error) {
	r.Stopped, r.State = stopFor(err), school.State{}
	if v.session != nil {
		r.State, r.Profile = atRest(v.session), v.session.Profile()
	}
	if v.loggedIn {
		r.Login, r.Previous, r.LoggedIn = v.login, v.previous, now
	}
	if v.loggedIn || err == nil {
		r.Used = now
	}
}

// atRest is the state of a session, unless it is larger than what is kept: the next request logs in then.
func atRest(s school.Session) school.State {
	if state := s.State(); len(state.Reveal()) <= maxReading {
		return state
	}
	return school.State{}
}

// yearPause is how often a school whose year is over is asked for the next one.
const yearPause = 12 * time.Hour

// ThisYear is the pupil as this school year knows it: once the year that the last login told is over, it logs in
// again, since only a login tells of the next one. At most one such login in twelve hours works. A school that is
// out of reach leaves the pupil as it was.
func (f *Family) ThisYear(ctx context.Context, p Pupil) (Pupil, error) {
	if err := renewYear(f, ctx, p.Account); err != nil && !OutOfReach(err) {
		return p, err
	}
	profile, _ := f.Profile(p.Account)
	for _, now := range profile.Pupils {
		if now.Key == p.Key {
			p.Pupil = now
		}
	}
	return p, nil
}

func renewYear(f *Family, ctx context.Context, id string) error {
	if r, known, err := f.record(id); err != nil || !known || !yearOver(f, r) {
		return err
	}
	release, err := alone(f, ctx, id)
	if err != nil {
		return err
	}
	defer release()
	r, known, err := f.record(id)
	if err != nil || !known || !yearOver(f, r) {
		return err // or another request has seen to it
	}
	v, err := begin(f, id)
	if err != nil {
		return err
	}
	v.resume() // so that it is kept when the login fails
	return v.settle(v.logIn(ctx), nil)
}

// yearOver tells whether a login might tell of another year.
func yearOver(f *Family, r record) bool {
	now, last := now(f), r.Profile.LastDay
	return !last.IsZero() && now.After(last.AddDate(0, 0, 1)) && r.Stopped == "" && now.Sub(r.LoggedIn) >= yearPause
}
