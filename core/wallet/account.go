package wallet

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/tries"
)

// Config is what a Wallet is made of. Store and Client are required.
type Config struct {
	Store  store.Store
	Client *izly.Client

	Now  func() time.Time // default time.Now
	Rand io.Reader        // default crypto/rand
	Log  *slog.Logger     // default: nothing is logged
	// Observe is told of each call to Izly: "request_activation", "activate", "renew", "balance", "statement",
	// "cards", "prepare" or "confirm". Default: nobody is.
	Observe func(op string, took time.Duration, err error)
}

// Wallet is the linked accounts and their orders. It keeps no copies of records in memory: what it tells is read
// when it is asked. Its methods may be used by several goroutines.
type Wallet struct {
	cfg  Config
	wake chan struct{}

	mu      sync.Mutex // guards what follows
	locks   map[string]*lock
	known   map[string]verdict // by Order.Key: what could not be written when it became known
	stops   map[string]held    // by account: why it rests, where that could not be written
	damaged int
}

// New settles what a crash left between two steps. It sends nothing.
func New(cfg Config) (*Wallet, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, time.Duration, error) {}
	}
	w := &Wallet{cfg: cfg, wake: make(chan struct{}, 1), locks: map[string]*lock{}, known: map[string]verdict{}, stops: map[string]held{}}
	if err := takeUpAll(w); err != nil {
		return nil, err
	}
	return w, nil
}

// Recount counts what cannot be read, and has the orders looked up that accounts name as open and of which the record
// of when to do that is lost. It goes through all records, which is nothing for the way of a message.
func (w *Wallet) Recount() error {
	damaged := 0
	var lost []string
	err := w.cfg.Store.View(func(tx store.Tx) error {
		damaged, lost = 0, nil
		accounts, err := wallets.All(tx, func(_, account string, rec record) error {
			if rec.Open == "" {
				return nil
			}
			_, found, err := store.Legible(dues.Get(tx, "", key(account, rec.Open)))
			if !found {
				lost = append(lost, account)
			}
			return err
		})
		if err != nil {
			return err
		}
		topUps, err := orders.All(tx, func(string, string, Order) error { return nil })
		damaged = accounts + topUps
		return err
	})
	if err != nil {
		return fmt.Errorf("wallet: read records: %w", err)
	}
	w.mu.Lock()
	w.damaged = damaged
	w.mu.Unlock()
	return lookUpLost(w, lost)
}

// lookUpLost makes the open orders of accounts due, unless they are.
func lookUpLost(w *Wallet, accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	defer wakeUp(w)
	err := w.cfg.Store.Update(func(tx store.Tx) error {
		for _, account := range accounts {
			rec, found, err := store.Legible(wallets.Get(tx, "", account))
			if err != nil {
				return err
			}
			if !found || rec.Open == "" {
				continue
			}
			if err := makeDue(tx, key(account, rec.Open), w.cfg.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("wallet: look up: %w", err)
	}
	return nil
}

// makeDue makes an order due now, if nothing that can be read says when it is.
func makeDue(tx store.Tx, key string, now time.Time) error {
	_, found, err := store.Legible(dues.Get(tx, "", key))
	if err != nil || found {
		return err
	}
	return dues.Put(tx, "", key, due{now})
}

// Damaged is how many records could not be read at the last Recount.
func (w *Wallet) Damaged() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.damaged
}

// RequestActivation has Izly send an SMS, at the word of a person, who is by. It gives the phone number as Izly knows
// it, which Link wants. among are the accounts of the same person. The errors are *tries.HeldError and those of
// izly.Client.RequestActivation.
func (w *Wallet) RequestActivation(ctx context.Context, by, phone string, code secret.Text, among []string) (uid string, err error) {
	try, err := begin(w, by, phone, among, mostForeign)
	if err != nil {
		return "", err
	}
	err = call(w, "request_activation", func() error {
		uid, err = w.cfg.Client.RequestActivation(ctx, phone, code)
		return err
	})
	return uid, ended(w, try, err)
}

// MayLink tells whether a person may try to link a phone's account: its errors are *tries.HeldError and the store's.
func (w *Wallet) MayLink(by, phone string, among []string) error {
	limits, err := limits(w, by, phone, among, mostForeign)
	if err != nil {
		return err
	}
	return counts(w).Held(limits...)
}

// limits are those of a phone that a person has typed. One whose account they have linked is not held back by what
// others try.
func limits(w *Wallet, by, phone string, among []string, most int) ([]tries.Limit, error) {
	proved := false
	err := w.cfg.Store.View(func(tx store.Tx) error {
		proved = false
		for _, account := range among {
			p, _, err := store.Legible(phones.Get(tx, "", account))
			if err != nil {
				return err
			}
			proved = proved || p.Same == Same(phone)
		}
		return nil
	})
	if proved {
		most = mostCodes
	}
	return tries.Limits(by, "izly", phone, most, proved), err
}

// Izly blocks an account after a number of wrong codes in a row that nobody knows (izly-today, the practical warning
// below the list of errors).
const (
	mostCodes   = 3 // within an hour, of an account that the person has linked
	mostForeign = 2 // of another, which may be somebody else's
	mostTyped   = 2 // of one that is in use: at services of this kind it is often the third in a row that blocks
)

func counts(w *Wallet) tries.Tries { return tries.Tries{Store: w.cfg.Store, Now: w.cfg.Now} }

func begin(w *Wallet, by, phone string, among []string, most int) (*tries.Try, error) {
	limits, err := limits(w, by, phone, among, most)
	if err != nil {
		return nil, err
	}
	return counts(w).Begin(limits...)
}

// ended notes how a try ended: what did not leave, and what got no answer, was not refused.
func ended(w *Wallet, try *tries.Try, err error) error {
	if err == nil {
		return w.cfg.Store.Update(try.Worked)
	}
	if _, refused := errors.AsType[*izly.Error](err); refused {
		return err
	}
	return errors.Join(err, try.Back())
}

// Link ends an activation at the word of a person, who is by, and keeps the account, without a secret code. One of among, which are accounts of the
// same person, that is the same Izly account keeps its ID and its orders; what is under way with its old session
// can keep nothing any more. also is in the same transaction and may run twice. The errors are
// *tries.HeldError, those of izly.Client.Activate, of also and of the store.
func (w *Wallet) Link(
	ctx context.Context, by, uid string, act izly.Activation, among []string, also func(store.Tx, Linked) error,
) (Linked, error) {
	fresh, err := store.NewID(w.cfg.Rand)
	if err != nil {
		return Linked{}, err
	}
	generation, err := store.NewID(w.cfg.Rand)
	if err != nil {
		return Linked{}, err
	}
	try, err := begin(w, by, uid, among, mostCodes) // the secret code was right
	if err != nil {
		return Linked{}, err
	}
	var active *izly.Wallet
	if err := ended(w, try, call(w, "activate", func() (err error) {
		// Nobody could use the account before the transaction below, so nothing is kept before. The one-time
		// password that may leave is made of the code of an SMS that works once.
		active, err = w.cfg.Client.Activate(ctx, uid, act, func(context.Context, izly.Account) error { return nil })
		return err
	})); err != nil {
		return Linked{}, err
	}
	s := newState(active.Account())
	var linked Linked
	if err := w.cfg.Store.Update(func(tx store.Tx) error {
		linked = Linked{Account: fresh, Holder: s.holder(), Same: Same(s.Phone)}
		rec := record{Izly: s, Generation: generation}
		for _, account := range among {
			known, err := inherit(tx, account, linked.Same, &rec)
			if err != nil {
				return err
			}
			if known {
				linked.Account, linked.Known = account, true
				break
			}
		}
		if err := errors.Join(
			wallets.Put(tx, "", linked.Account, rec),
			phones.Put(tx, "", linked.Account, phone{linked.Same}),
		); err != nil {
			return err
		}
		return also(tx, linked)
	}); err != nil {
		return Linked{}, fmt.Errorf("wallet: link: %w", err)
	}
	return linked, nil
}

// Same is what tells one Izly account from another.
func Same(phone string) string {
	sum := sha256.Sum256([]byte("izly\x00" + phone))
	return hex.EncodeToString(sum[:])
}

// inherit tells whether an account is the one that is linked now. Then rec takes over what is known of its orders.
func inherit(tx store.Tx, account, linked string, rec *record) (known bool, err error) {
	old, err := load(tx, account)
	switch {
	case errors.Is(err, ErrGone):
		return false, nil
	case errors.Is(err, ErrDamaged):
		return inheritDamaged(tx, account, linked, rec)
	case err != nil || Same(old.Izly.Phone) != linked:
		return false, err
	}
	rec.Open, rec.Locked = old.Open, old.Locked
	return true, nil
}

// inheritDamaged is inherit for a record that cannot be read. Only the person can tell whether it named an order
// that cannot be read either.
func inheritDamaged(tx store.Tx, account, linked string, rec *record) (known bool, err error) {
	p, _, err := phones.Get(tx, "", account)
	if err != nil && !errors.Is(err, store.ErrUnreadable) || p.Same != linked {
		return false, err
	}
	rec.Locked = true
	_, err = orders.Each(tx, account, func(id string, o Order) error {
		if o.State.underWay() {
			rec.Open = id
		}
		return nil
	})
	return true, err
}

// KeepCode keeps the secret code of an account, or forgets it when code is nil.
func (w *Wallet) KeepCode(account string, code *secret.Text) error {
	var kept *secret.Stored
	if code != nil {
		clean, err := izly.ParseSecretCode(code.Reveal())
		if err != nil {
			return err
		}
		stored := secret.Store(clean)
		kept = &stored
	}
	if err := w.cfg.Store.Update(func(tx store.Tx) error {
		rec, err := load(tx, account)
		if err != nil {
			return err
		}
		rec.Code = kept
		return wallets.Put(tx, "", account, rec)
	}); err != nil {
		return fmt.Errorf("wallet: keep code: %w", err)
	}
	return nil
}

// Holder tells what is known of an account. It is false where there is no such account or none that can be read.
func (w *Wallet) Holder(account string) (Holder, bool) {
	rec, ok := peek(w, account)
	return rec.Izly.holder(), ok
}

// HolderIn is Holder within a transaction.
func HolderIn(tx store.Tx, account string) (Holder, bool) {
	rec, err := load(tx, account)
	return rec.Izly.holder(), err == nil
}

// Status tells how an account stands; it is false where Holder is.
func (w *Wallet) Status(account string) (Status, bool) {
	rec, ok := peek(w, account)
	return Status{Stopped: rec.Stopped, CodeKept: rec.Code != nil}, ok
}

func peek(w *Wallet, account string) (rec record, ok bool) {
	err := w.cfg.Store.View(func(tx store.Tx) (err error) {
		rec, err = load(tx, account)
		return err
	})
	if err != nil && !errors.Is(err, ErrGone) {
		w.cfg.Log.Error("wallet account unreadable", "error", err)
	}
	hold(w, account, &rec)
	return rec, err == nil
}
