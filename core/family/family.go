package family

import (
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

// Family is the linked school accounts. Its methods may be called from several goroutines. Those with a context
// wait for the account's request in flight, and block while they ask a school.
type Family struct {
	cfg       Config
	providers map[string]school.Provider

	// refreshing is held while the disk is read and the memory replaced, so that an older reading never wins. It is
	// another lock than mu: whoever reads the memory inside a transaction must not wait for the disk.
	refreshing sync.Mutex

	mu       sync.Mutex // guards what follows, the memory
	accounts map[string]*account
	damaged  int
}

// account is one linked account in memory.
type account struct {
	lock chan struct{} // holds one token: whoever has it may ask the school
	rec  record        // as on disk, unless held; guarded by Family.mu
	held bool          // rec is ahead of the disk, which could not be written
}

// ErrGone says that there is no such account, or that it was linked anew while a request for it was in flight. What
// that request wanted to keep is not kept.
var ErrGone = errors.New("family: the account is gone")

// New makes a Family of what is stored. Accounts that cannot be read are left out, see Damaged.
func New(cfg Config) (*Family, error) {
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
	f := &Family{cfg: cfg, providers: make(map[string]school.Provider), accounts: make(map[string]*account)}
	for _, p := range cfg.Providers {
		f.providers[p.Name()] = p
	}
	if err := f.Refresh(); err != nil {
		return nil, fmt.Errorf("family: %w", err)
	}
	if n := f.Damaged(); n > 0 {
		cfg.Log.Warn("family: accounts that cannot be read are left out", "count", n)
	}
	return f, nil
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

// Refresh takes over what is on disk. Whoever has committed a transaction with Forget calls it.
func (f *Family) Refresh() error {
	f.refreshing.Lock()
	defer f.refreshing.Unlock()
	var all map[string]record
	var damaged int
	err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		all = make(map[string]record)
		damaged, err = accounts.Each(tx, "", func(id string, r record) error {
			all[id] = r
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.damaged = damaged
	for id := range f.accounts {
		if _, there := all[id]; !there {
			delete(f.accounts, id)
		}
	}
	for id, r := range all {
		if a := f.accounts[id]; a == nil || !a.held || a.rec.Generation != r.Generation {
			remember(f, id, r)
		}
	}
	return nil
}

// reload is Refresh for one account.
func reload(f *Family, id string) error {
	f.refreshing.Lock()
	defer f.refreshing.Unlock()
	var r record
	var found bool
	err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		r, found, err = accounts.Get(tx, "", id)
		return err
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		return err
	case found:
		remember(f, id, r)
	default:
		delete(f.accounts, id)
	}
	return nil
}

// remember takes a record over. The caller holds mu.
func remember(f *Family, id string, r record) {
	if a := f.accounts[id]; a != nil {
		a.rec, a.held = r, false
		return
	}
	f.accounts[id] = &account{lock: make(chan struct{}, 1), rec: r}
}

// record is a copy of an account's, as it stands.
func (f *Family) record(id string) (record, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.accounts[id]
	if a == nil {
		return record{}, false
	}
	return a.rec, true
}

// change alters the stored record of an account, which must still be of that generation, and then the memory.
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
	return reload(f, id)
}

// alone takes the account's lock; the caller gives it back by release.
func alone(f *Family, ctx context.Context, id string) (release func(), err error) {
	f.mu.Lock()
	a := f.accounts[id]
	f.mu.Unlock()
	if a == nil {
		return nil, ErrGone
	}
	select {
	case a.lock <- struct{}{}:
		return func() { <-a.lock }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Pupils lists those of the accounts, in their order. A pupil that several accounts show (a parent's and its own) is
// there once, by an account that works if one does.
func (f *Family) Pupils(ids []string) []Pupil {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Pupil
	place := make(map[string]int)
	for _, id := range ids {
		a := f.accounts[id]
		if a == nil {
			continue
		}
		for _, p := range a.rec.Profile.Pupils {
			i, twin := place[p.Key]
			switch {
			case !twin:
				place[p.Key] = len(all)
				all = append(all, Pupil{id, p})
			case a.rec.Stopped == "" && f.accounts[all[i].Account].rec.Stopped != "":
				all[i] = Pupil{id, p}
			}
		}
	}
	return all
}

// Profile is what the last login of an account told.
func (f *Family) Profile(id string) (school.Profile, bool) {
	r, known := f.record(id)
	return r.Profile, known
}

// Status tells how an account stands.
func (f *Family) Status(id string) (Status, bool) {
	r, known := f.record(id)
	if !known {
		return Status{}, false
	}
	s := Status{Stopped: r.Stopped, Password: r.keepsPassword(), Read: r.Used}
	if p := f.providers[r.Provider]; p != nil {
		host, own := pauseNames(p, r.Login.Secret)
		s.Paused = pausedUntil(f, host, own)
	}
	return s, true
}

// Damaged counts the accounts that could not be read.
func (f *Family) Damaged() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.damaged
}
