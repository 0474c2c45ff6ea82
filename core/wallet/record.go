package wallet

import (
	"errors"
	"fmt"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
)

// record is what is kept of a linked account.
type record struct {
	Izly    state          `json:"izly"`
	Code    *secret.Stored `json:"code,omitempty"`    // the secret code, when the person chose to have it kept
	Stopped StopReason     `json:"stopped,omitempty"` // not empty: nothing is sent until the person acts
	// Open is the ID of the order that is under way or whose outcome is not known; empty for none. No other can
	// be confirmed then. It stands here so that money does not rest on a search through the orders.
	Open string `json:"open,omitempty"`
	// Locked tells that this record took the place of an unreadable one, which may have named an order.
	Locked bool `json:"locked,omitempty"`
	// Generation is another one each time the account is linked.
	Generation string `json:"generation"`
}

// state is an izly.Account at rest, with names of its own.
type state struct {
	Phone        string        `json:"phone"`
	HOTPKey      secret.Stored `json:"hotp_key"`
	Counter      uint64        `json:"counter"`
	World        string        `json:"world"`
	SessionID    secret.Stored `json:"sid"`
	AccessToken  secret.Stored `json:"access_token"`
	RefreshToken secret.Stored `json:"refresh_token"`
	NSSE         secret.Stored `json:"nsse"`
	QRKey        secret.Stored `json:"qr_key"`
	PublicID     secret.Stored `json:"public_id"`
	FirstName    string        `json:"first_name"`
	LastName     string        `json:"last_name"`
	MinTopUp     int64         `json:"min_top_up"`
	MaxTopUp     int64         `json:"max_top_up"`
	Balance      *balance      `json:"balance,omitempty"`
}

type balance struct {
	Main int64     `json:"main"`
	Cash int64     `json:"cash"`
	At   time.Time `json:"at"`
}

func newState(a izly.Account) state {
	s := state{
		Phone: a.Phone, HOTPKey: a.HOTPKey, Counter: a.Counter, World: string(a.World),
		SessionID: a.SessionID, AccessToken: a.AccessToken, RefreshToken: a.RefreshToken,
		NSSE: a.NSSE, QRKey: a.QRKey, PublicID: a.PublicID,
		FirstName: a.FirstName, LastName: a.LastName, MinTopUp: int64(a.MinTopUp), MaxTopUp: int64(a.MaxTopUp),
	}
	if b := a.Balance; b != nil {
		s.Balance = &balance{int64(b.Main), int64(b.Cash), b.At}
	}
	return s
}

func (s state) account() izly.Account {
	a := izly.Account{
		Phone: s.Phone, HOTPKey: s.HOTPKey, Counter: s.Counter, World: izly.Enrolment(s.World),
		SessionID: s.SessionID, AccessToken: s.AccessToken, RefreshToken: s.RefreshToken,
		NSSE: s.NSSE, QRKey: s.QRKey, PublicID: s.PublicID,
		FirstName: s.FirstName, LastName: s.LastName, MinTopUp: izly.Cents(s.MinTopUp), MaxTopUp: izly.Cents(s.MaxTopUp),
	}
	if b := s.Balance; b != nil {
		a.Balance = &izly.Balance{Main: izly.Cents(b.Main), Cash: izly.Cents(b.Cash), At: b.At}
	}
	return a
}

func (s state) holder() Holder {
	a := s.account()
	return Holder{a.FirstName, a.LastName, a.Phone, a.Balance, a.MinTopUp, a.MaxTopUp}
}

// due is when the look-up has to see to an order.
type due struct {
	At time.Time `json:"at"`
}

// phone tells which Izly account a record is of, for when the record itself cannot be read.
type phone struct {
	Same string `json:"same"`
}

var (
	wallets = store.Table[record]{Bucket: "wallets"}       // group "", name: account
	phones  = store.Table[phone]{Bucket: "wallets_phones"} // group "", name: account
	orders  = store.Table[Order]{Bucket: "orders"}         // group: account, name: ID
	dues    = store.Table[due]{Bucket: "orders_due"}       // group "", name: Order.Key of one that is proposed or not settled
	ages    = store.Due{Bucket: "orders_ages"}             // Order.Key of one that is to be looked at by Sweep
)

// load reads the record of an account. The errors are ErrGone, ErrDamaged and those of the store.
func load(tx store.Tx, account string) (record, error) {
	rec, found, err := wallets.Get(tx, "", account)
	switch {
	case errors.Is(err, store.ErrUnreadable):
		return record{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	case err != nil:
		return record{}, err
	case !found:
		return record{}, ErrGone
	case rec.Izly.Phone == "" || rec.Generation == "":
		return record{}, fmt.Errorf("%w: not an account", ErrDamaged)
	}
	return rec, nil
}

// alter changes the record of an account where there is one that can be read, if fn says that it has changed it.
func alter(tx store.Tx, account string, fn func(*record) bool) error {
	rec, err := load(tx, account)
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrDamaged):
		return nil
	case err != nil || !fn(&rec):
		return err
	}
	return wallets.Put(tx, "", account, rec)
}

// change alters the record of an account that is still of a generation; of another one it changes nothing.
func change(w *Wallet, account, generation string, alter func(*record)) error {
	if err := w.cfg.Store.Update(func(tx store.Tx) error {
		rec, err := load(tx, account)
		switch {
		case err != nil:
			return err
		case rec.Generation != generation:
			return ErrRelinked
		}
		alter(&rec)
		return wallets.Put(tx, "", account, rec)
	}); err != nil {
		return fmt.Errorf("wallet: keep account: %w", err)
	}
	return nil
}
