package family

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"time"

	"cartable/core/school"
	"cartable/core/store"
)

// pause is the stored record that keeps the logins of one account, or all requests to one server, within what a
// school tolerates: PRONOTE suspends the address of whoever errs too often, for longer each time (pronote-today
// §5.9).
type pause struct {
	Failures []time.Time `json:"failures,omitempty"` // refused logins of the last hour
	Row      int         `json:"row,omitempty"`      // pauses in a row that the server wanted
	Until    time.Time   `json:"until,omitzero"`     // nothing is sent before
}

const (
	maxFailures   = 3
	failureWindow = time.Hour
	firstPause    = 5 * time.Minute
	longestPause  = 6 * time.Hour
	damagedPause  = time.Hour      // of a record that cannot be read
	pauseLife     = 24 * time.Hour // after that a pause that is over counts no more
)

// pauseNames are the names of the pauses that a login must pass: its server's, and its own.
func pauseNames(p school.Provider, l school.Login) (host, own string) {
	server, name := p.Host(l)
	return hostPause(server), hash("login", server, name)
}

func hostPause(server string) string { return hash("host", server) }

// hash makes one name of several texts.
func hash(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MayLogin returns a *PausedError while an account or its school is given a rest.
func (f *Family) MayLogin(provider string, l school.Login) error {
	p, err := f.provider(provider)
	if err != nil {
		return err
	}
	return f.mayLogin(p, l)
}

func (f *Family) mayLogin(p school.Provider, l school.Login) error {
	host, own := pauseNames(p, l)
	if err := f.mayAsk(host); err != nil {
		return err
	}
	err := f.mayAsk(own)
	if paused, ok := errors.AsType[*PausedError](err); ok {
		paused.Account = true
	}
	return err
}

// mayAsk returns a *PausedError while a pause lasts. One that cannot be read is taken for one of an hour.
func (f *Family) mayAsk(name string) error {
	var p pause
	err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		p, _, err = pauses.Get(tx, "", name)
		return err
	})
	if errors.Is(err, store.ErrUnreadable) {
		f.cfg.Log.Warn("family: a pause cannot be read and is taken for one of an hour")
		p, err = f.changePause(name, func(*pause, time.Time) {})
	}
	if err == nil && f.cfg.Now().Before(p.Until) {
		return &PausedError{Until: p.Until.In(f.cfg.Zone)}
	}
	return err
}

// pausedUntil is the end of the longer of two pauses; zero when neither lasts.
func (f *Family) pausedUntil(host, own string) time.Time {
	var until time.Time
	now := f.now()
	for _, name := range []string{host, own} {
		var p pause
		if err := f.cfg.Store.View(func(tx store.Tx) (err error) {
			p, _, err = pauses.Get(tx, "", name)
			return err
		}); err != nil {
			p.Until = now.Add(damagedPause)
		}
		if p.Until.After(now) && p.Until.After(until) {
			until = p.Until.In(f.cfg.Zone)
		}
	}
	return until
}

// refused counts a refused login. The third within an hour makes a pause, until the first is an hour old.
func (f *Family) refused(name string) error {
	_, err := f.changePause(name, func(p *pause, now time.Time) {
		var recent []time.Time
		for _, at := range p.Failures {
			if now.Sub(at) < failureWindow {
				recent = append(recent, at)
			}
		}
		p.Failures = append(recent, now)
		if len(p.Failures) >= maxFailures {
			p.Until = p.Failures[0].Add(failureWindow)
		}
	})
	return err
}

// wantsPause makes a pause of five minutes, twice as long each time in a row, with jitter so that several accounts
// do not come back at once. Those who hear of it together count once.
func (f *Family) wantsPause(name string) error {
	jitter := rand.Float64() / 4
	_, err := f.changePause(name, func(p *pause, now time.Time) {
		if now.Before(p.Until) {
			return
		}
		wait := min(firstPause<<min(p.Row, 10), longestPause)
		p.Row++
		p.Until = now.Add(wait + time.Duration(jitter*float64(wait)))
	})
	return err
}

func (f *Family) changePause(name string, alter func(*pause, time.Time)) (p pause, err error) {
	now := f.cfg.Now()
	err = f.cfg.Store.Update(func(tx store.Tx) (err error) {
		p, _, err = pauses.Get(tx, "", name)
		switch {
		case errors.Is(err, store.ErrUnreadable):
			p = pause{Until: now.Add(damagedPause)}
		case err != nil:
			return err
		}
		alter(&p, now)
		return errors.Join(pauses.Put(tx, "", name, p), due.Note(tx, p.end().Add(pauseLife), duePause+"\x00"+name))
	})
	return p, err
}

// end is when the pause, or the last failure, was.
func (p pause) end() time.Time {
	end := p.Until
	for _, at := range p.Failures {
		end = later(end, at)
	}
	return end
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lift forgets pauses that are over, and failures: the server has accepted something. A pause that lasts stays, and
// so does one that cannot be read: the request that was accepted may be older.
func lift(tx store.Tx, now time.Time, names ...string) error {
	for _, name := range names {
		p, found, err := pauses.Get(tx, "", name)
		switch {
		case errors.Is(err, store.ErrUnreadable):
		case err != nil:
			return err
		case found && !now.Before(p.Until):
			if err := pauses.Delete(tx, "", name); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweepPause removes a pause that counts no more.
func sweepPause(tx store.Tx, now time.Time, name string) error {
	p, found, err := pauses.Get(tx, "", name)
	if errors.Is(err, store.ErrUnreadable) || found && now.Sub(p.end()) >= pauseLife {
		return pauses.Delete(tx, "", name)
	}
	return err
}
