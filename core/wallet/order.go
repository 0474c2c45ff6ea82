package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/store"
)

// Propose keeps an order that can be confirmed for OrderLife. It takes the place of another that was proposed for
// the account. Nothing is sent. The errors are *BoundsError, *UnsettledError, ErrLocked, ErrGone and those of the
// store.
func (w *Wallet) Propose(_ context.Context, wish Wish) (Order, error) {
	if wish.Amount <= 0 {
		return Order{}, izly.ErrBadAmount
	}
	id, err := store.NewID(w.cfg.Rand)
	if err != nil {
		return Order{}, err
	}
	now := w.cfg.Now()
	o := Order{
		ID: id, Account: wish.Account, Chat: wish.Chat, By: wish.By, Amount: wish.Amount, Fee: wish.Fee,
		CardID: wish.CardID, Card: wish.Card, State: Proposed, Created: now, Expires: now.Add(OrderLife),
	}
	if err := w.cfg.Store.Update(func(tx store.Tx) error {
		rec, err := free(tx, o.Account)
		if err != nil {
			return err
		}
		if low, high := rec.Izly.MinTopUp, rec.Izly.MaxTopUp; int64(o.Amount) < low || high > 0 && int64(o.Amount) > high {
			return &BoundsError{izly.Cents(low), izly.Cents(high)}
		}
		if _, err := takeBack(tx, o.Account, now); err != nil {
			return err
		}
		return errors.Join(
			orders.Put(tx, o.Account, o.ID, o),
			dues.Put(tx, "", o.Key(), due{o.Expires}),
			ages.Note(tx, o.Created.Add(orderKept), o.Key()),
		)
	}); err != nil {
		return Order{}, fmt.Errorf("wallet: propose: %w", err)
	}
	return o, nil
}

// free reads the record of an account whose next order may be confirmed.
func free(tx store.Tx, account string) (record, error) {
	rec, err := load(tx, account)
	if errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrLocked, err)
	}
	if err != nil {
		return record{}, err
	}
	open, found, err := openOrder(tx, account, rec)
	switch {
	case err != nil:
		return record{}, err
	case found:
		return record{}, &UnsettledError{Order: open}
	}
	return rec, nil
}

// openOrder is the order of an account that is under way or whose outcome is not known.
func openOrder(tx store.Tx, account string, rec record) (o Order, found bool, err error) {
	if rec.Locked {
		return Order{}, false, ErrLocked
	}
	if rec.Open == "" {
		return Order{}, false, nil
	}
	o, err = find(tx, key(account, rec.Open))
	if errors.Is(err, ErrGone) { // it was there
		err = ErrLocked
	}
	return o, err == nil && o.State.underWay(), err
}

// find reads an order. The errors are ErrGone, ErrLocked for one that cannot be read, and those of the store.
func find(tx store.Tx, key string) (Order, error) {
	account, id := splitKey(key)
	o, found, err := orders.Get(tx, account, id)
	switch {
	case errors.Is(err, store.ErrUnreadable):
		return Order{}, fmt.Errorf("%w: %w", ErrLocked, err)
	case err != nil:
		return Order{}, err
	case !found:
		return Order{}, ErrGone
	case o.Key() != key || o.State != Proposed && !o.State.underWay() && !o.State.Settled():
		return Order{}, fmt.Errorf("%w: not an order", ErrLocked)
	}
	return o, nil
}

// takeBack cancels what is proposed for an account; taken is true if any of it could still be confirmed.
func takeBack(tx store.Tx, account string, now time.Time) (taken bool, err error) {
	_, err = orders.Each(tx, account, func(_ string, o Order) error {
		if o.State != Proposed {
			return nil
		}
		taken = taken || o.Open(now)
		return end(tx, &o, Cancelled)
	})
	return taken, err
}

// become is the step to a last state, or to Unknown, which is to be looked up.
func (o *Order) become(state State) {
	o.State = state
	if state == Unknown {
		o.NextCheck = o.Sent.Add(checkAfter[0])
	} else {
		o.Known, o.Newest = nil, time.Time{}
	}
}

// end writes such a step.
func end(tx store.Tx, o *Order, state State) error {
	o.become(state)
	if err := orders.Put(tx, o.Account, o.ID, *o); err != nil {
		return err
	}
	if state == Unknown {
		return dues.Put(tx, "", o.Key(), due{o.NextCheck})
	}
	return errors.Join(dues.Delete(tx, "", o.Key()), alter(tx, o.Account, func(rec *record) bool {
		named := rec.Open == o.ID
		if named {
			rec.Open = ""
		}
		return named
	}))
}

// Order reads an order by its key; found is false when it is not there (any more). The error is ErrLocked for one
// that cannot be read.
func (w *Wallet) Order(key string) (o Order, found bool, err error) {
	err = w.cfg.Store.View(func(tx store.Tx) (err error) {
		o, err = find(tx, key)
		return err
	})
	if errors.Is(err, ErrGone) {
		return Order{}, false, nil
	}
	return o, err == nil, err
}

// Proposed is what could be confirmed now for an account.
func (w *Wallet) Proposed(account string) (proposed Order, found bool, err error) {
	now := w.cfg.Now()
	err = w.cfg.Store.View(func(tx store.Tx) error {
		proposed, found = Order{}, false
		_, err := orders.Each(tx, account, func(_ string, o Order) error {
			if o.Open(now) {
				proposed, found = o, true
			}
			return nil
		})
		return err
	})
	return proposed, found, err
}

// Unsettled is the order of an account that is under way or whose outcome is not known. The error is ErrLocked
// where nobody knows whether there is one.
func (w *Wallet) Unsettled(account string) (o Order, found bool, err error) {
	err = w.cfg.Store.View(func(tx store.Tx) error {
		rec, err := load(tx, account)
		if errors.Is(err, ErrDamaged) {
			err = fmt.Errorf("%w: %w", ErrLocked, err)
		}
		if err == nil {
			o, found, err = openOrder(tx, account, rec)
		}
		return err
	})
	if err != nil || !found {
		return Order{}, false, err
	}
	return o, true, nil
}

// Cancel takes a proposed order back. Without an error the order is as it stands, and cancelled is true when this
// call has cancelled it. The errors are ErrGone, ErrNotYours, ErrExpired, ErrLocked and those of the store.
func (w *Wallet) Cancel(key string, by chat.PersonID) (o Order, cancelled bool, err error) {
	now := w.cfg.Now()
	err = w.cfg.Store.Update(func(tx store.Tx) error {
		cancelled = false
		var err error
		if o, err = find(tx, key); err != nil {
			return err
		}
		if decided, err := mayDecide(o, by, now); decided || err != nil {
			return err
		}
		cancelled = true
		return end(tx, &o, Cancelled)
	})
	if err != nil {
		return Order{}, false, fmt.Errorf("wallet: cancel: %w", err)
	}
	return o, cancelled, nil
}

// mayDecide tells whether a person may confirm or cancel an order; decided is true when it is not proposed any more.
func mayDecide(o Order, by chat.PersonID, now time.Time) (decided bool, err error) {
	switch {
	case o.By != by:
		return false, ErrNotYours
	case o.State != Proposed:
		return true, nil
	case !o.Open(now):
		return false, ErrExpired
	}
	return false, nil
}

// CancelAll takes back what is proposed for an account; taken is true if any of it could still be confirmed.
func (w *Wallet) CancelAll(account string) (taken bool, err error) {
	now := w.cfg.Now()
	err = w.cfg.Store.Update(func(tx store.Tx) (err error) {
		taken, err = takeBack(tx, account, now)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("wallet: cancel: %w", err)
	}
	return taken, nil
}

// Looked is the word of an account's owner that they have looked in Izly's application what became of an order
// that cannot be read: what cannot be read is removed, and top-ups are possible again. An account whose own record
// cannot be read has to be linked again first (ErrDamaged).
func (w *Wallet) Looked(account string) error {
	if err := w.cfg.Store.Update(func(tx store.Tx) error {
		rec, err := load(tx, account)
		if err != nil {
			return err
		}
		var ids []string
		if _, err := tx.Scan(orders.Bucket, account, func(id string, _ []byte) error {
			ids = append(ids, id)
			return nil
		}); err != nil {
			return err
		}
		if rec.Open != "" { // the names of some that cannot be read are lost
			ids = append(ids, rec.Open)
		}
		for _, id := range ids {
			_, err := find(tx, key(account, id))
			switch {
			case errors.Is(err, ErrLocked), errors.Is(err, ErrGone):
				if err := errors.Join(orders.Delete(tx, account, id), dues.Delete(tx, "", key(account, id))); err != nil {
					return err
				}
				if id == rec.Open {
					rec.Open = ""
				}
			case err != nil:
				return err
			}
		}
		rec.Locked = false
		return wallets.Put(tx, "", account, rec)
	}); err != nil {
		return fmt.Errorf("wallet: looked: %w", err)
	}
	return nil
}
