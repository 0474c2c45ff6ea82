package wallet

import (
	"errors"
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
)

const (
	orderKept = 48 * time.Hour // an order that is settled or was never confirmed, from its proposal
	portion   = 200            // records that one Sweep looks at
)

// Sweep removes orders that were proposed 48 hours ago or earlier, some of them at a time, and never one that is under
// way, whose outcome is not known, or that keeps an account locked. more tells that there are others.
func (w *Wallet) Sweep(tx store.Tx, now time.Time) (more bool, err error) {
	return ages.Take(tx, now, portion, func(key string) error { return sweep(tx, key, now) })
}

// sweep removes one order, or puts it off for an hour.
func sweep(tx store.Tx, key string, now time.Time) error {
	o, err := find(tx, key)
	switch {
	case errors.Is(err, ErrGone):
		return nil
	case errors.Is(err, ErrLocked):
		open, err := isOpen(tx, key)
		if open || err != nil {
			return errors.Join(err, ages.Note(tx, now.Add(time.Hour), key))
		}
	case err != nil:
		return err
	case o.State.underWay():
		return ages.Note(tx, now.Add(time.Hour), key)
	}
	account, id := splitKey(key)
	return errors.Join(orders.Delete(tx, account, id), dues.Delete(tx, "", key))
}

// isOpen tells whether an account names an order as its open one, or may have done so.
func isOpen(tx store.Tx, key string) (bool, error) {
	account, id := splitKey(key)
	rec, err := load(tx, account)
	switch {
	case errors.Is(err, ErrGone):
		return false, nil
	case errors.Is(err, ErrDamaged):
		return true, nil
	}
	return rec.Open == id || rec.Locked, err
}

// Forget removes all that is kept of an account.
func (w *Wallet) Forget(tx store.Tx, account string) error {
	rec, err := load(tx, account)
	if err != nil && !errors.Is(err, ErrGone) && !errors.Is(err, ErrDamaged) {
		return err
	}
	if _, err := orders.Each(tx, account, func(_ string, o Order) error {
		return errors.Join(dues.Delete(tx, "", o.Key()), ages.Drop(tx, o.Created.Add(orderKept), o.Key()))
	}); err != nil {
		return err
	}
	return errors.Join(
		dues.Delete(tx, "", key(account, rec.Open)),
		orders.DeleteGroup(tx, account),
		phones.Delete(tx, "", account),
		wallets.Delete(tx, "", account),
	)
}

// ImportedOrders are those of an account that Import keeps.
type ImportedOrders struct {
	List []Order
	Lost bool // others could not be read, perhaps of this account: it is locked until its owner has looked, see Looked
}

// Import keeps an account, and its orders, that a version before this package kept: for the migration.
func Import(tx store.Tx, account string, a izly.Account, code *secret.Stored, stopped StopReason, list ImportedOrders) error {
	rec := record{Izly: newState(a), Code: code, Stopped: stopped, Generation: account, Locked: list.Lost}
	for _, o := range list.List {
		o.Account = account
		err := errors.Join(orders.Put(tx, account, o.ID, o), ages.Note(tx, o.Created.Add(orderKept), o.Key()))
		switch {
		case o.State.underWay():
			if rec.Open == "" || o.State != Preparing { // one that may have been sent comes first
				rec.Open = o.ID
			}
			err = errors.Join(err, dues.Put(tx, "", o.Key(), due{o.NextCheck}))
		case o.State == Proposed:
			err = errors.Join(err, dues.Put(tx, "", o.Key(), due{o.Expires}))
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(wallets.Put(tx, "", account, rec), phones.Put(tx, "", account, phone{Same(a.Phone)}))
}

// MoveChat makes the orders of a chat that can still be confirmed or are not settled those of another; for the
// others it does not matter any more. They are looked for among those of some accounts.
func (w *Wallet) MoveChat(tx store.Tx, old, to chat.ChatID, accounts []string) error {
	for _, account := range accounts {
		if _, err := orders.Each(tx, account, func(_ string, o Order) error {
			if o.Chat != old || o.State != Proposed && !o.State.underWay() {
				return nil
			}
			o.Chat = to
			return orders.Put(tx, o.Account, o.ID, o)
		}); err != nil {
			return err
		}
	}
	return nil
}

// Export is what is kept of an account, but for what would open it. Its names are part of what people keep. Times
// are in UTC, amounts in cents.
type Export struct {
	Phone      string         `json:"phone,omitempty"`
	Holder     string         `json:"holder,omitempty"`
	Balance    *ExportBalance `json:"balance,omitempty"`
	Secrets    []string       `json:"secrets_kept_encrypted"` // their names only
	TopUps     []ExportTopUp  `json:"topups,omitempty"`
	Unreadable int            `json:"unreadable,omitempty"` // records that cannot be read
}

// ExportBalance is the last balance that Izly told.
type ExportBalance struct {
	At   time.Time  `json:"at"`
	Main izly.Cents `json:"main_cents"`
	Cash izly.Cents `json:"cash_cents"`
}

// ExportTopUp is one order.
type ExportTopUp struct {
	At     time.Time  `json:"at"`
	Cents  izly.Cents `json:"cents"`
	Card   string     `json:"card"`
	Status State      `json:"status"`
}

// Export gathers what is kept of an account.
func (w *Wallet) Export(tx store.Tx, account string) (Export, error) {
	x := Export{Secrets: []string{}}
	rec, err := load(tx, account)
	switch {
	case errors.Is(err, ErrGone):
	case errors.Is(err, ErrDamaged):
		x.Unreadable++
	case err != nil:
		return Export{}, err
	default:
		h := rec.Izly.holder()
		x.Phone, x.Holder = h.Phone, strings.TrimSpace(h.FirstName+" "+h.LastName)
		if b := h.Balance; b != nil {
			x.Balance = &ExportBalance{b.At.UTC(), b.Main, b.Cash}
		}
		x.Secrets = append(x.Secrets, "one-time password key", "session")
		if rec.Code != nil {
			x.Secrets = append(x.Secrets, "secret code")
		}
	}
	skipped, err := orders.Each(tx, account, func(_ string, o Order) error {
		x.TopUps = append(x.TopUps, ExportTopUp{o.Created.UTC(), o.Amount, o.Card, o.State})
		return nil
	})
	x.Unreadable += skipped
	slices.SortFunc(x.TopUps, func(a, b ExportTopUp) int { return a.At.Compare(b.At) })
	return x, err
}
