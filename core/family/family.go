package family

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"cartable/core/school"
	"cartable/core/store"
)

// Config is what a Family is made of. Store is required.
type Config struct {
	Store     store.Store
	Providers []school.Provider
	Now       func() time.Time // default time.Now
	Rand      io.Reader        // default crypto/rand
	Log       *slog.Logger     // default none
	Zone      *time.Location   // of the schools; default UTC
	// Observe is told of each call to a school: what it was for, how long it took, and its error. Default none.
	Observe func(op string, took time.Duration, err error)
}

// Family is the linked school accounts. It keeps no copies of records in memory: what it tells is read when it is
// asked, so that no method without a transaction may be called within one. Its methods may be called from several
// goroutines. Those with a context wait for the account's request in flight, and block while they ask a school.
type Family struct {
	cfg       Config
	providers map[string]school.Provider

	mu      sync.Mutex // guards what follows; nobody who holds it uses the store
	locks   map[string]*lock
	held    map[string]record    // those that are ahead of the disk, which could not be written
	lasting map[string]time.Time // pauses, until when
	damaged int                  // accounts that could not be read
	unread  int                  // pauses
}

// lock is one account's: a school is asked one thing after the other.
type lock struct {
	turn  chan struct{} // holds one value while somebody may ask
	users int           // who has it or waits for it; under Family.mu
}

// ErrGone says that there is no such account, or that it was linked anew while a request for it was in flight. What
// that request wanted to keep is not kept.
var ErrGone = errors.New("family: the account is gone")

// New makes a Family of what is stored, and reads nothing yet.
func New(cfg Config) *Family {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, time.Duration, error) {}
	}
	f := &Family{cfg: cfg, providers: make(map[string]school.Provider), locks: make(map[string]*lock), held: make(map[string]record), lasting: make(map[string]time.Time)}
	for _, p := range cfg.Providers {
		f.providers[p.Name()] = p
	}
	return f
}

// now is the time at the schools.
func now(f *Family) time.Time { return f.cfg.Now().In(f.cfg.Zone) }

func (f *Family) provider(name string) (school.Provider, error) {
	p, known := f.providers[name]
	if !known {
		return nil, fmt.Errorf("family: no provider %q", name)
	}
	return p, nil
}

// Recount counts the accounts that cannot be read, and the pauses that last. It goes through all of them, which is nothing for the way of a
// message.
func (f *Family) Recount() error {
	damaged := 0
	if err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		damaged, err = accounts.Each(tx, "", func(string, record) error { return nil })
		return err
	}); err != nil {
		return fmt.Errorf("family: count: %w", err)
	}
	f.mu.Lock()
	before := f.damaged
	f.damaged = damaged
	f.mu.Unlock()
	if damaged > before {
		f.cfg.Log.Warn("family: accounts that cannot be read are left out", "count", damaged)
	}
	return f.recountPauses()
}

// record is an account's, as it stands. One that cannot be read is as good as none. The error is the store's.
func (f *Family) record(id string) (r record, known bool, err error) {
	if err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		r, known, err = store.Legible(accounts.Get(tx, "", id))
		return err
	}); err != nil {
		return record{}, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if ahead, is := f.held[id]; is && known && ahead.Generation == r.Generation {
		return ahead, true, nil
	}
	return r, known, nil
}

// written says that the disk has what is known of an account.
func (f *Family) written(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.held, id)
}

// peek is record for who tells what is known.
func (f *Family) peek(id string) (record, bool) {
	r, known, err := f.record(id)
	if err != nil {
		f.cfg.Log.Error("family: account not read", "error", err)
	}
	return r, known
}

// change alters the record of an account, which must still be of that generation.
func change(f *Family, id string, generation int, alter func(tx store.Tx, r *record) error) error {
	if err := f.cfg.Store.Update(func(tx store.Tx) error {
		r, found, err := accounts.Get(tx, "", id)
		switch {
		case err != nil:
			return err
		case !found || r.Generation != generation:
			return ErrGone
		}
		if err := alter(tx, &r); err != nil {
			return err
		}
		return accounts.Put(tx, "", id, r)
	}); err != nil {
		return err
	}
	f.written(id)
	return nil
}

// alone takes the account's lock; the caller gives it back by release.
func alone(f *Family, ctx context.Context, id string) (release func(), err error) {
	if _, known, err := f.record(id); err != nil || !known {
		return nil, cmp.Or(err, ErrGone)
	}
	f.mu.Lock()
	l := f.locks[id]
	if l == nil {
		l = &lock{turn: make(chan struct{}, 1)}
		f.locks[id] = l
	}
	l.users++
	f.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; leave(f, id, l) }, nil
	case <-ctx.Done():
		leave(f, id, l)
		return nil, context.Cause(ctx)
	}
}

func leave(f *Family, id string, l *lock) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(f.locks, id)
	}
}

// hostOf names the server of an account. Where the login does not tell, it is a server of its own.
func hostOf(f *Family, id string, r record) string {
	if p := f.providers[r.Provider]; p != nil {
		if host, _ := p.Host(r.Login.Secret); host != "" {
			return host
		}
	}
	return id
}

// Pupils lists those of the accounts, in their order. A pupil that several accounts of one server show (a parent's and
// its own) is there once, by an account that works if one does. Whom another server calls the same stands apart:
// anybody can run one that claims to have the pupils of a school.
func (f *Family) Pupils(ids []string) []Pupil {
	type claim struct{ host, key string }
	var all []Pupil
	place, works := make(map[claim]int), make(map[string]bool)
	for _, id := range ids {
		r, known := f.peek(id)
		if !known {
			continue
		}
		works[id] = r.Stopped == ""
		host := hostOf(f, id, r)
		for _, p := range r.Profile.Pupils {
			i, twin := place[claim{host, p.Key}]
			switch {
			case !twin:
				place[claim{host, p.Key}] = len(all)
				all = append(all, Pupil{Account: id, Host: host, Pupil: p})
			case works[id] && !works[all[i].Account]:
				all[i] = Pupil{Account: id, Host: host, Pupil: p}
			}
		}
	}
	return all
}

// Profile is what the last login of an account told.
func (f *Family) Profile(id string) (school.Profile, bool) {
	r, known := f.peek(id)
	return r.Profile, known
}

// Status tells how an account stands.
func (f *Family) Status(id string) (Status, bool) {
	r, known := f.peek(id)
	if !known {
		return Status{}, false
	}
	s := Status{Stopped: r.Stopped, Password: r.keepsPassword(), Read: r.Used}
	if p := f.providers[r.Provider]; p != nil {
		s.Paused = pausedUntil(f, pauseOf(p, r.Login.Secret))
	}
	return s, true
}

// Damaged counts the accounts that could not be read at the last Recount.
func (f *Family) Damaged() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.damaged
}
