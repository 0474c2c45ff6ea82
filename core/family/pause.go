package family

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"cartable/core/school"
	"cartable/core/store"
	"cartable/core/tries"
)

// pause is the stored record that keeps all requests to one server within what a school tolerates: PRONOTE suspends the
// address of whoever errs too often, for longer each time (pronote-today §5.9). Refused logins are counted by
// core/tries.
type pause struct {
	Row   int       `json:"row,omitempty"`  // pauses in a row that the server wanted
	Since time.Time `json:"since,omitzero"` // when it began; zero in older records
	Until time.Time `json:"until,omitzero"` // nothing is sent before
}

// begin makes it last from now on.
func (p *pause) begin(now time.Time, wait time.Duration) { p.Since, p.Until = now, now.Add(wait) }

// again begins it anew where the clock has been set back to before it began: how much of it is over, nobody knows.
func (p *pause) again(now time.Time) bool {
	back := now.Before(p.Since) && !store.Lasts(p.Since, p.Until.Sub(p.Since), now)
	if back {
		p.begin(now, p.Until.Sub(p.Since))
	}
	return back
}

const (
	mostRefused  = 3 // logins that a person gets refused at an account within an hour
	firstPause   = 5 * time.Minute
	longestPause = 6 * time.Hour
	damagedPause = time.Hour      // of a record that cannot be read
	pauseLife    = 24 * time.Hour // after that a pause that is over counts no more
)

// hostPause names the pause of a server, pauseOf that of a login's.
func hostPause(server string) string { return hash("host", server) }

func pauseOf(p school.Provider, l school.Login) string {
	server, _ := p.Host(l)
	return hostPause(server)
}

// hash makes one name of several texts.
func hash(parts ...string) string { return tries.Name(parts...) }

// MayLink tells whether a person may try a login: the errors are *PausedError and *tries.HeldError. by and among are
// those of Link.
func (f *Family) MayLink(by, provider string, l school.Login, among []string) error {
	p, err := f.provider(provider)
	if err != nil {
		return err
	}
	limits, err := limits(f, by, p, l, among)
	if err != nil {
		return err
	}
	if err := mayAsk(f, pauseOf(p, l)); err != nil {
		return err
	}
	return counts(f).Held(limits...)
}

// limits are those of a login that a person has typed. One of an account that they have linked is not held back by
// what others try.
func limits(f *Family, by string, p school.Provider, l school.Login, among []string) ([]tries.Limit, error) {
	proved, err := f.among(Same(p, l), among)
	server, name := p.Host(l)
	all := tries.Limits(by, server, name, mostRefused, proved != "")
	return append(all, tries.AtServer(by, server, mostRefused)), err
}

func counts(f *Family) tries.Tries { return tries.Tries{Store: f.cfg.Store, Now: f.cfg.Now} }

// mayAsk returns a *PausedError while a pause lasts. One that cannot be read is taken for one of an hour.
func mayAsk(f *Family, name string) error {
	var p pause
	err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		p, _, err = pauses.Get(tx, "", name)
		return err
	})
	if errors.Is(err, store.ErrUnreadable) {
		f.cfg.Log.Warn("family: a pause cannot be read and is taken for one of an hour")
		p, err = changePause(f, name, func(*pause, time.Time) {})
	}
	if err == nil && p.again(f.cfg.Now()) {
		p, err = changePause(f, name, func(p *pause, now time.Time) { p.again(now) })
	}
	if err == nil && f.cfg.Now().Before(p.Until) {
		return &PausedError{Until: p.Until.In(f.cfg.Zone)}
	}
	return err
}

// pausedUntil is the end of a pause; zero when it does not last.
func pausedUntil(f *Family, name string) time.Time {
	var p pause
	now := now(f)
	if err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		p, _, err = pauses.Get(tx, "", name)
		return err
	}); err != nil {
		p.Until = now.Add(damagedPause)
	}
	p.again(now)
	if !p.Until.After(now) {
		return time.Time{}
	}
	return p.Until.In(f.cfg.Zone)
}

// wantsPause makes a pause of five minutes, twice as long each time in a row, with jitter so that several accounts
// do not come back at once. Those who hear of it together count once.
func (f *Family) wantsPause(name string) error {
	jitter := rand.Float64() / 4
	_, err := changePause(f, name, func(p *pause, now time.Time) {
		if p.again(now); now.Before(p.Until) {
			return
		}
		wait := min(firstPause<<min(p.Row, 10), longestPause)
		p.Row++
		p.begin(now, wait+time.Duration(jitter*float64(wait)))
	})
	return err
}

func changePause(f *Family, name string, alter func(*pause, time.Time)) (p pause, err error) {
	now := f.cfg.Now()
	err = f.cfg.Store.Update(func(tx store.Tx) (err error) {
		p, _, err = pauses.Get(tx, "", name)
		switch {
		case errors.Is(err, store.ErrUnreadable):
			p = pause{}
			p.begin(now, damagedPause)
		case err != nil:
			return err
		}
		alter(&p, now)
		return errors.Join(pauses.Put(tx, "", name, p), due.Note(tx, p.Until.Add(pauseLife), duePause+"\x00"+name))
	})
	if err == nil && now.Before(p.Until) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.lasting[name] = p.Until
	}
	return p, err
}

// Pauses counts the pauses of schools that last, and those that could not be read at the last Recount.
func (f *Family) Pauses() int {
	now := f.cfg.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.lasting, func(_ string, until time.Time) bool { return !now.Before(until) })
	return len(f.lasting) + f.unread
}

// recountPauses takes over which pauses last.
func (f *Family) recountPauses() error {
	lasting, unread, now := make(map[string]time.Time), 0, f.cfg.Now()
	if err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		clear(lasting)
		unread, err = pauses.Each(tx, "", func(name string, p pause) error {
			if now.Before(p.Until) {
				lasting[name] = p.Until
			}
			return nil
		})
		return err
	}); err != nil {
		return fmt.Errorf("family: count pauses: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, until := range f.lasting { // one that began meanwhile
		if until.After(lasting[name]) {
			lasting[name] = until
		}
	}
	f.lasting, f.unread = lasting, unread
	return nil
}

// lift forgets pauses that are over: the server has accepted something. A pause that lasts stays, and
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
	if errors.Is(err, store.ErrUnreadable) || found && now.Sub(p.Until) >= pauseLife {
		return pauses.Delete(tx, "", name)
	}
	return err
}
