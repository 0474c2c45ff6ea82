package wallet

import (
	"context"
	"errors"
	"fmt"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/tries"
)

// Confirm takes an order through its steps, once: whoever comes second gets the order as it stands. code is what
// the person has typed; where it is empty the kept one serves. With an error nothing has been sent and nothing
// has changed; the Outcome then has the order alone, where it is the person's. The errors are ErrGone, ErrNotYours,
// ErrExpired, ErrNeedCode, izly.ErrBadSecretCode, *tries.HeldError, *UnsettledError, ErrLocked, those of the store, or the
// end of ctx.
// Whatever happens later is in the Outcome.
func (w *Wallet) Confirm(ctx context.Context, key string, by chat.PersonID, code secret.Text) (Outcome, error) {
	if !code.Empty() {
		clean, err := izly.ParseSecretCode(code.Reveal())
		if err != nil {
			return Outcome{}, err
		}
		code = clean
	}
	var o Order
	ready := false
	if err := w.cfg.Store.View(func(tx store.Tx) (err error) {
		o, _, ready, err = w.ready(tx, key, by, code)
		return err
	}); err != nil || !ready { // without a wait for whoever is confirming it
		return Outcome{Order: o}, err
	}
	proposed := o
	unlock, err := w.lock(ctx, o.Account)
	if err != nil {
		return Outcome{Order: proposed}, err
	}
	defer unlock()
	var try *tries.Try // of a typed code: it counts before it leaves
	if !code.Empty() {
		if err := w.cfg.Store.View(func(tx store.Tx) (err error) {
			o, _, ready, err = w.ready(tx, key, by, code)
			return err
		}); err != nil || !ready {
			return Outcome{Order: o}, err
		}
		if try, err = counts(w).Begin(codes(o.Account)); err != nil {
			return Outcome{Order: proposed}, err
		}
	}
	err = w.cfg.Store.Update(func(tx store.Tx) error {
		var rec record
		var err error
		if o, rec, ready, err = w.ready(tx, key, by, code); err != nil || !ready {
			return err
		}
		o.State, rec.Open = Preparing, o.ID
		return errors.Join(
			orders.Put(tx, o.Account, o.ID, o),
			wallets.Put(tx, "", o.Account, rec),
			dues.Put(tx, "", o.Key(), due{w.cfg.Now()}),
		)
	})
	if (err != nil || !ready) && try != nil {
		err = errors.Join(err, try.Back())
	}
	if err != nil {
		return Outcome{Order: proposed}, fmt.Errorf("wallet: confirm: %w", err)
	}
	if !ready {
		return Outcome{Order: o}, nil
	}
	return spend(ctx, w, o, code, try), nil
}

// ready reads an order and its account. It is false when the order is not proposed any more, and the error tells
// why it cannot be confirmed.
func (w *Wallet) ready(tx store.Tx, key string, by chat.PersonID, code secret.Text) (o Order, rec record, ready bool, err error) {
	if o, err = find(tx, key); err != nil {
		return Order{}, rec, false, err
	}
	decided, err := mayDecide(o, by, w.cfg.Now())
	switch {
	case errors.Is(err, ErrNotYours):
		return Order{}, rec, false, err
	case decided || err != nil:
		return o, rec, false, err
	}
	rec, err = free(tx, o.Account)
	if err == nil && code.Empty() && rec.Code == nil {
		err = ErrNeedCode
	}
	return o, rec, err == nil, err
}

// spend prepares and orders, and ends the try of a typed code; the caller holds the account's lock.
func spend(ctx context.Context, w *Wallet, o Order, code secret.Text, try *tries.Try) Outcome {
	out := Outcome{Acted: true}
	var v verdict
	var done izly.TopUp
	sent := false                                               // from here on money may have moved
	var answer error = &izly.OutcomeError{Err: secret.ErrPanic} // to what was sent, unless one comes
	err := secret.Contain(w.cfg.Log, func() error {
		return use(ctx, w, o.Account, code, try != nil, func(s *session) error {
			v.generation = s.generation
			prepared, err := s.prepare(ctx, &o)
			if errors.Is(err, ErrFee) {
				out.Fee = prepared.Fee
			}
			if err != nil {
				return err
			}
			if err := confirming(w, &o); err != nil {
				return err
			}
			sent = true
			answer = call(w, "confirm", func() (err error) {
				done, err = s.izly.ConfirmTopUp(ctx, prepared, s.code)
				return err
			})
			return answer
		})
	})
	if sent {
		v.state, out.Err, out.Balance = outcome(done, answer), answer, done.Balance
		v.wrongCode = errors.Is(answer, izly.ErrWrongCode)
	} else {
		v.state, out.Err = Failed, err
	}
	if err != nil {
		w.cfg.Log.Warn("top-up not confirmed", "state", string(v.state), "error", err)
	}
	settle(w, o.Key(), v)
	if err := countCode(w, o.Account, try, sent, err); err != nil {
		w.cfg.Log.Error("whether a secret code was refused not stored", "error", err)
	}
	o.become(v.state)
	out.Order = o
	return out
}

// countCode notes what err says of the secret code of a confirmation. try is that of a typed code. A refused one stays as it
// was written before it left.
func countCode(w *Wallet, account string, try *tries.Try, sent bool, err error) error {
	wrong := errors.Is(err, izly.ErrWrongCode)
	return secret.Contain(w.cfg.Log, func() error {
		switch {
		case try == nil && wrong && sent: // what was not sent was a renewal, which has noted it
			return counts(w).Note(codes(account))
		case try == nil || wrong:
			return nil
		case err == nil:
			return w.cfg.Store.Update(try.Worked)
		default:
			return try.Back()
		}
	})
}

// prepare looks at the statement, so that a lost top-up can be found later, and has Izly prepare the top-up.
// Nothing is spent. A session that has expired is renewed on the way.
func (s *session) prepare(ctx context.Context, o *Order) (izly.TopUp, error) {
	statement, err := ask(ctx, s, "statement", (*izly.Wallet).Statement)
	if err != nil {
		return izly.TopUp{}, err
	}
	o.remember(statement)
	var prepared izly.TopUp
	if err := call(s.w, "prepare", func() (err error) {
		prepared, err = s.izly.PrepareTopUp(ctx, o.CardID, o.Amount)
		return err
	}); err != nil {
		return izly.TopUp{}, err
	}
	if prepared.Fee != o.Fee {
		return prepared, ErrFee
	}
	return prepared, nil
}

// confirming writes that the order is about to be sent.
func confirming(w *Wallet, o *Order) error {
	sent := w.cfg.Now()
	if err := w.cfg.Store.Update(func(tx store.Tx) error {
		stored, err := find(tx, o.Key())
		switch {
		case err != nil:
			return err
		case stored.State != Preparing:
			return ErrGone
		}
		stored.State, stored.Sent, stored.Known, stored.Newest = Confirming, sent, o.Known, o.Newest
		return orders.Put(tx, stored.Account, stored.ID, stored)
	}); err != nil {
		return fmt.Errorf("wallet: confirm: %w", err)
	}
	o.State, o.Sent = Confirming, sent
	return nil
}

// outcome is what the answer to an order says.
func outcome(done izly.TopUp, err error) State {
	var refused *izly.Error
	switch {
	case err == nil && done.Redirect != nil:
		return Pending
	case err == nil:
		return Done
	case errors.As(err, &refused):
		return Refused
	case errors.Is(err, izly.ErrOutcomeUnknown):
		return Unknown
	default: // it never left: the counter could not be stored, or no connection came about
		return Failed
	}
}

// verdict is what became of an order that was preparing or confirming.
type verdict struct {
	state      State
	wrongCode  bool   // the secret code of the generation is worth nothing
	generation string // of the account then
}

// write ends an order that is preparing or confirming.
func (v verdict) write(tx store.Tx, o *Order) error {
	if err := end(tx, o, v.state); err != nil || !v.wrongCode {
		return err
	}
	return alter(tx, o.Account, func(rec *record) bool {
		rec.Code = nil
		return rec.Generation == v.generation
	})
}

// settle writes what became of an order. What cannot be written now is written by the next LookUp that can.
func settle(w *Wallet, key string, v verdict) {
	err := secret.Contain(w.cfg.Log, func() error {
		return w.cfg.Store.Update(func(tx store.Tx) error {
			o, err := find(tx, key)
			if errors.Is(err, ErrGone) { // the account has been removed
				return nil
			}
			if err != nil {
				return err
			}
			return v.write(tx, &o)
		})
	})
	if err != nil {
		w.cfg.Log.Error("outcome of a top-up not stored", "error", err)
		w.mu.Lock()
		w.known[key] = v
		w.mu.Unlock()
	}
	if err != nil || v.state == Unknown {
		wakeUp(w)
	}
}
