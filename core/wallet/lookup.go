package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
)

// checkAfter are the times of the looks into the statement for a lost top-up, from the confirmation.
var checkAfter = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

const (
	lookUpIdle  = 10 * time.Minute // until the next LookUp where nothing is due
	lookUpBusy  = time.Second      // where the account is in use
	lookUpAgain = time.Minute      // where the store failed
)

// Tell writes down, in tx, what a person is to be told of an order. It may run twice.
type Tell = func(tx store.Tx, o Order, why Why) error

// Wake is sent a value when there is something to look up before the time that LookUp gave.
func (w *Wallet) Wake() <-chan struct{} { return w.wake }

func wakeUp(w *Wallet) {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// LookUp settles what is due and returns how long until it should be called again: it writes outcomes that could
// not be written, takes up orders that nobody works on, and looks into the statement for those whose answer was
// lost, 1, 5 and 15 minutes after they were sent. tell is called in the transaction that settles an order so, and
// once when the first look failed because the secret code is not kept. It sends nothing that spends. One call at a
// time.
func (w *Wallet) LookUp(ctx context.Context, tell Tell) (next time.Duration) {
	list, err := listAll(w)
	if err != nil {
		w.cfg.Log.Error("top-ups to be looked up not read", "error", err)
		return lookUpAgain
	}
	next = lookUpIdle
	for _, d := range list {
		wait := until(d.at, w.cfg.Now())
		if wait == 0 {
			if ctx.Err() != nil {
				return 0
			}
			wait = lookUp(ctx, w, d.key, tell)
		}
		next = min(next, wait)
	}
	return next
}

// until is how long until something is due. What is further off than anything is ever put off is due now: the clock
// has been set back.
func until(at, now time.Time) time.Duration {
	wait := max(at.Sub(now), 0)
	if wait > checkAfter[len(checkAfter)-1] {
		return 0
	}
	return wait
}

type dueOrder struct {
	key string
	at  time.Time
}

// listDue gives what is to be looked up and when, the earliest first, and how many of that cannot be read.
func listDue(w *Wallet) (list []dueOrder, skipped int, err error) {
	err = w.cfg.Store.View(func(tx store.Tx) (err error) {
		list = nil
		skipped, err = dues.Each(tx, "", func(key string, d due) error {
			list = append(list, dueOrder{key, d.At})
			return nil
		})
		return err
	})
	slices.SortFunc(list, func(a, b dueOrder) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.key, b.key)) })
	return list, skipped, err
}

// listOpen gives the orders that accounts name, as due now. It goes through all accounts.
func listOpen(w *Wallet) (list []dueOrder, err error) {
	err = w.cfg.Store.View(func(tx store.Tx) error {
		list = nil
		_, err := wallets.All(tx, func(_, account string, rec record) error {
			if rec.Open != "" {
				list = append(list, dueOrder{key: key(account, rec.Open)})
			}
			return nil
		})
		return err
	})
	return list, err
}

// listAll is listDue, and where some of that cannot be read what stands in the accounts.
func listAll(w *Wallet) (list []dueOrder, err error) {
	list, skipped, err := listDue(w)
	if err != nil || skipped == 0 {
		return list, err
	}
	open, err := listOpen(w)
	return append(list, open...), err
}

// takeUpAll takes up every order that is due at any time: for the start, when nobody works on any.
// An account or order that cannot be read stays as it is, and what cannot be written now is left to LookUp.
func takeUpAll(w *Wallet) error {
	list, err := listAll(w)
	if err != nil {
		return fmt.Errorf("wallet: read orders: %w", err)
	}
	for _, d := range list {
		if _, err := takeUp(w, d.key, false); err != nil {
			w.cfg.Log.Error("top-up not taken up", "error", err)
		}
	}
	return nil
}

// taken is an order as takeUp left it.
type taken struct {
	Order
	wait time.Duration // until something is due
	look bool          // the statement is to be looked into now
}

// takeUp sees to an order that nobody works on. With look, the next look is written down before it is taken, so
// that a store which fails later does not make us ask Izly again and again.
func takeUp(w *Wallet, key string, look bool) (t taken, err error) {
	w.mu.Lock()
	v, known := w.known[key]
	w.mu.Unlock()
	err = secret.Contain(w.cfg.Log, func() error {
		return w.cfg.Store.Update(func(tx store.Tx) error {
			now := w.cfg.Now()
			t = taken{wait: lookUpIdle}
			o, err := find(tx, key)
			switch {
			case errors.Is(err, ErrGone), errors.Is(err, ErrLocked): // that it is locked stands in the wallet
				return dues.Delete(tx, "", key)
			case err != nil:
				return err
			case o.Open(now):
				t.wait = until(o.Expires, now)
				return nil
			case o.State == Proposed:
				return dues.Delete(tx, "", key)
			case o.State == Unknown:
			case o.State.Settled():
				return end(tx, &o, o.State)
			case known:
				if err := v.write(tx, &o); err != nil || o.State != Unknown {
					return err
				}
			case o.State == Preparing: // nothing was sent that spends
				return end(tx, &o, Failed)
			default:
				o.State, o.NextCheck = Unknown, now
			}
			t.Order, t.wait = o, until(o.NextCheck, now)
			t.look = look && t.wait == 0
			if t.look {
				o.NextCheck = now.Add(lookUpAgain)
			}
			return errors.Join(orders.Put(tx, o.Account, o.ID, o), dues.Put(tx, "", key, due{o.NextCheck}))
		})
	})
	if err == nil && known {
		w.mu.Lock()
		delete(w.known, key)
		w.mu.Unlock()
	}
	return t, err
}

// lookUp sees to one order that is due and returns how long until it is again.
func lookUp(ctx context.Context, w *Wallet, key string, tell Tell) (wait time.Duration) {
	account, _ := splitKey(key)
	unlock, free := tryLock(w, account)
	if !free {
		return lookUpBusy
	}
	defer unlock()
	t, err := takeUp(w, key, true)
	if err != nil {
		w.cfg.Log.Error("top-up not taken up", "error", err)
		return lookUpAgain
	}
	if !t.look {
		return t.wait
	}
	var state State
	cause := secret.Contain(w.cfg.Log, func() (err error) {
		state, err = search(ctx, w, t.Order)
		return err
	})
	if cause != nil && ctx.Err() != nil { // not a look
		return lookUpAgain
	}
	if cause != nil {
		w.cfg.Log.Warn("lost top-up not looked up", "error", cause)
	}
	err = secret.Contain(w.cfg.Log, func() (err error) {
		wait, err = looked(w, key, state, cause, tell)
		return err
	})
	if err != nil {
		w.cfg.Log.Error("outcome of a top-up not stored", "error", err)
		return lookUpAgain
	}
	return wait
}

// search reads the statement. state is empty when there is no trace of the top-up. The caller holds the lock.
func search(ctx context.Context, w *Wallet, o Order) (state State, err error) {
	err = use(ctx, w, o.Account, secret.Text{}, false, func(s *session) error {
		statement, err := ask(ctx, s, "statement", (*izly.Wallet).Statement)
		if err == nil {
			state = trace(o, statement)
		}
		return err
	})
	return state, err
}

// looked writes what a look has found, or why it found nothing, and what the person is told.
func looked(w *Wallet, key string, found State, cause error, tell Tell) (wait time.Duration, err error) {
	now := w.cfg.Now()
	err = w.cfg.Store.Update(func(tx store.Tx) error {
		wait = lookUpIdle
		o, err := find(tx, key)
		if errors.Is(err, ErrGone) { // the account has been removed
			return nil
		}
		if err != nil || o.State != Unknown {
			return err
		}
		o.Checks++
		state := found
		if last := o.Checks >= len(checkAfter); state == "" && last && cause != nil {
			state = Unchecked
		} else if state == "" && last {
			state = Untraced
		}
		if state != "" {
			if err := end(tx, &o, state); err != nil {
				return err
			}
			return tell(tx, o, WhySettled)
		}
		wait = checkAfter[o.Checks] - checkAfter[o.Checks-1]
		o.NextCheck = now.Add(wait)
		if err := errors.Join(orders.Put(tx, o.Account, o.ID, o), dues.Put(tx, "", key, due{o.NextCheck})); err != nil {
			return err
		}
		if o.Checks == 1 && errors.Is(cause, ErrNeedCode) { // the person can help in time for the next look
			return tell(tx, o, WhyNeedCode)
		}
		return nil
	})
	return wait, err
}

// remember notes what there is before the top-up, for trace.
func (o *Order) remember(s izly.Statement) {
	o.Known, o.Newest = nil, time.Time{}
	for _, op := range s.Operations {
		o.Known = append(o.Known, nameOf(op))
		if op.At.After(o.Newest) {
			o.Newest = op.At
		}
	}
}

// trace finds the top-up of an order in a statement: one that was not there before, and that is not older than the
// newest that was, for older ones come into sight where a line is gone. Izly's clock alone says what is older. The state is empty
// when there is no trace.
func trace(o Order, s izly.Statement) State {
	known := make(map[string]int)
	for _, name := range o.Known {
		known[name]++
	}
	for _, op := range s.Operations {
		name := nameOf(op)
		if known[name] > 0 {
			known[name]--
			continue
		}
		if op.ID == "" && known[""] > 0 { // 0.1 did not note what is said of one without
			continue
		}
		topUp := op.Type == izly.TypeTopUp || op.Type == izly.TypeCashTopUp || op.Type == izly.TypeBankTopUp
		older := !op.At.IsZero() && op.At.Before(o.Newest)
		if !topUp || !op.Credit || op.Amount != o.Amount || older {
			continue
		}
		switch op.Status {
		case izly.StatusFailed:
			return Refused
		case izly.StatusPending:
			return Pending
		default:
			return Done
		}
	}
	return ""
}

// nameOf tells operations apart: the ID, or what is said of one without. Those that are alike have one name.
func nameOf(op izly.Operation) string {
	if op.ID != "" {
		return op.ID
	}
	return fmt.Sprintf("%s %d %d %s", op.At.UTC().Format(time.RFC3339), op.Type, op.Amount, op.Party)
}
