package wallet

import (
	"context"
	"errors"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/tries"
)

// Balance asks Izly for the balance. Like Statement and Cards it renews a session that has expired, once, with
// code, or with the kept one where that is empty; without any it returns ErrNeedCode.
func (w *Wallet) Balance(ctx context.Context, account string, code secret.Text) (izly.Balance, error) {
	return read(ctx, w, account, code, "balance", (*izly.Wallet).Balance)
}

// Statement asks Izly for the operations.
func (w *Wallet) Statement(ctx context.Context, account string, code secret.Text) (izly.Statement, error) {
	return read(ctx, w, account, code, "statement", (*izly.Wallet).Statement)
}

// Cards asks Izly for the bank cards.
func (w *Wallet) Cards(ctx context.Context, account string, code secret.Text) (izly.Cards, error) {
	return read(ctx, w, account, code, "cards", (*izly.Wallet).Cards)
}

// Unlock takes a code that the person has typed: it ends the stop that a wrong one began, and renews a session
// that has expired.
func (w *Wallet) Unlock(ctx context.Context, account string, code secret.Text) error {
	if code.Empty() {
		return ErrNeedCode
	}
	_, err := w.Balance(ctx, account, code) // any call that tells whether the session holds
	if errors.Is(err, izly.ErrNoBalance) {
		return nil
	}
	return err
}

// calling is a method of izly.Wallet that changes nothing.
type calling[T any] = func(*izly.Wallet, context.Context) (T, error)

// read makes a call that changes nothing.
func read[T any](ctx context.Context, w *Wallet, account string, code secret.Text, op string, fn calling[T]) (value T, err error) {
	unlock, err := w.lock(ctx, account)
	if err != nil {
		return value, err
	}
	defer unlock()
	err = use(ctx, w, account, code, false, func(s *session) (err error) {
		value, err = ask(ctx, s, op, fn)
		return err
	})
	return value, err
}

// ask makes a call that changes nothing, and makes it once more after a renewal when the session has expired.
func ask[T any](ctx context.Context, s *session, op string, fn calling[T]) (value T, err error) {
	call := func() error {
		return call(s.w, op, func() (err error) {
			value, err = fn(s.izly, ctx)
			return err
		})
	}
	if err = call(); !errors.Is(err, izly.ErrSessionExpired) {
		return value, err
	}
	if err = s.renew(ctx); err != nil {
		return value, err
	}
	err = call()
	return value, err
}

// session is an account in use by whoever holds its lock.
type session struct {
	w          *Wallet
	izly       *izly.Wallet
	account    string
	generation string
	code       secret.Text // typed, or else the kept one; may be empty
	typed      bool
	counted    bool // the code counts already: see Confirm
}

// use gives fn the account; the caller holds its lock. An account that is stopped is refused, except that a code
// which the person has just typed may end the stop that a wrong one began. counted tells that the typed code counts as
// refused until the caller says how it ended.
func use(ctx context.Context, w *Wallet, account string, typed secret.Text, counted bool, fn func(*session) error) error {
	var rec record
	if err := w.cfg.Store.View(func(tx store.Tx) (err error) {
		rec, err = load(tx, account)
		return err
	}); err != nil {
		return err
	}
	hold(w, account, &rec)
	s := &session{w: w, account: account, generation: rec.Generation, code: typed, typed: !typed.Empty(), counted: counted}
	if typed.Empty() && rec.Code != nil {
		s.code = rec.Code.Text
	}
	s.izly = w.cfg.Client.Open(rec.Izly.account(), func(_ context.Context, a izly.Account) error {
		return s.change(func(r *record) { r.Izly = newState(a) })
	})
	switch {
	case rec.Stopped == "":
	case rec.Stopped == StoppedWrongCode && !typed.Empty():
		if err := s.renew(ctx); err != nil {
			return err
		}
	default:
		return &StoppedError{Reason: rec.Stopped}
	}
	err := fn(s)
	if reason := stopFor(err, false); reason != "" {
		err = errors.Join(err, s.stop(reason))
	}
	return err
}

// stop lets the account rest. What cannot be written is kept in memory: nothing that was refused is sent again.
func (s *session) stop(reason StopReason) error {
	err := s.change(func(r *record) { rest(r, reason) })
	if err != nil && !errors.Is(err, ErrRelinked) && !errors.Is(err, ErrGone) {
		s.w.mu.Lock()
		s.w.stops[s.account] = held{s.generation, reason}
		s.w.mu.Unlock()
	}
	return err
}

func rest(r *record, reason StopReason) {
	r.Stopped = reason
	if reason == StoppedWrongCode {
		r.Code = nil // the kept code is worth nothing
	}
}

// held is why an account of a generation rests, as it could not be written.
type held struct {
	generation string
	reason     StopReason
}

// hold makes a record that was read tell what could not be written of it.
func hold(w *Wallet, account string, rec *record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if h, is := w.stops[account]; is && h.generation == rec.Generation {
		rest(rec, h.reason)
	}
}

func (s *session) change(alter func(*record)) error {
	return change(s.w, s.account, s.generation, alter)
}

// renew asks once for a new session. Whatever the server refuses, the account rests until the person acts: real
// accounts have been blocked by retries.
func (s *session) renew(ctx context.Context) error {
	if s.code.Empty() {
		return ErrNeedCode
	}
	err := s.tryCode(func() error {
		return call(s.w, "renew", func() error { return s.izly.Renew(ctx, s.code) })
	})
	if err == nil {
		s.w.mu.Lock()
		delete(s.w.stops, s.account)
		s.w.mu.Unlock()
		return s.change(func(r *record) { r.Stopped = "" })
	}
	if reason := stopFor(err, true); reason != "" {
		return errors.Join(err, s.stop(reason))
	}
	return err
}

// codes is the limit of the secret codes of an account that is linked.
func codes(account string) tries.Limit {
	return tries.Limit{Name: tries.Name("code", account), Most: mostTyped, Within: time.Hour, Own: true}
}

// tryCode counts refused codes. Those before hold back what is typed, never the code that is kept.
func (s *session) tryCode(renew func() error) error {
	if s.counted {
		return renew()
	}
	limit := codes(s.account)
	if s.typed {
		try, err := counts(s.w).Begin(limit)
		if err != nil {
			return err
		}
		return ended(s.w, try, renew())
	}
	err := renew()
	if errors.Is(err, izly.ErrWrongCode) {
		err = errors.Join(err, counts(s.w).Note(limit))
	}
	return err
}

// stopFor is the reason for which an account must rest after err, or "".
func stopFor(err error, renewing bool) StopReason {
	var refused *izly.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, izly.ErrBlocked):
		return StoppedBlocked
	case errors.Is(err, izly.ErrMustEnrol), errors.Is(err, izly.ErrActivationSent):
		return StoppedEnrol
	case renewing && errors.Is(err, izly.ErrWrongCode):
		return StoppedWrongCode
	case renewing && errors.As(err, &refused):
		return StoppedRefused
	default:
		return ""
	}
}

// lock is one account's: calls are made one after the other.
type lock struct {
	turn  chan struct{} // holds one value while somebody uses the account
	users int           // who has it or waits for it; under Wallet.mu
}

// lock waits until nobody else uses the account.
func (w *Wallet) lock(ctx context.Context, account string) (unlock func(), err error) {
	w.mu.Lock()
	l := w.locks[account]
	if l == nil {
		l = &lock{turn: make(chan struct{}, 1)}
		w.locks[account] = l
	}
	l.users++
	w.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return func() { <-l.turn; leave(w, account, l) }, nil
	case <-ctx.Done():
		leave(w, account, l)
		return nil, context.Cause(ctx)
	}
}

// tryLock is lock for who does not wait.
func tryLock(w *Wallet, account string) (unlock func(), free bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.locks[account] != nil {
		return nil, false
	}
	l := &lock{turn: make(chan struct{}, 1), users: 1}
	l.turn <- struct{}{}
	w.locks[account] = l
	return func() { <-l.turn; leave(w, account, l) }, true
}

func leave(w *Wallet, account string, l *lock) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(w.locks, account)
	}
}

// call makes one call to Izly and tells Config.Observe of it.
func call(w *Wallet, op string, fn func() error) error {
	err, start := secret.ErrPanic, w.cfg.Now()
	defer func() { w.cfg.Observe(op, w.cfg.Now().Sub(start), err) }()
	err = fn()
	return err
}
