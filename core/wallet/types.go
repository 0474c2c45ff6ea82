// Package wallet keeps the linked Izly accounts, and takes each top-up through all its steps, once. Above it
// nobody sees a counter of one-time passwords or changes the state of an order. It knows no commands, no buttons
// and no words.
package wallet

import (
	"errors"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/store"
)

// Order is one top-up, from its summary to its end. Each step is written before it is taken, so that whatever
// happens no step is taken twice:
//
//	proposed → preparing → confirming → done | refused | pending (3-D Secure) | unknown
//	proposed → cancelled;  preparing → failed (nothing was sent that spends)
//	unknown → done | refused | pending | untraced | unchecked
type Order struct {
	ID      string        `json:"id"`
	Account string        `json:"account"`
	Chat    chat.ChatID   `json:"chat"` // where it was proposed
	By      chat.PersonID `json:"by"`   // the only one who may confirm or cancel it
	Amount  izly.Cents    `json:"amount"`
	Fee     izly.Cents    `json:"fee"` // that the summary showed
	CardID  string        `json:"card_id"`
	Card    string        `json:"card"` // as people know it: "Carte perso (…4242)"
	State   State         `json:"state"`
	Created time.Time     `json:"created"`
	Expires time.Time     `json:"expires"`

	// What finds the top-up in the statement when the answer to the confirmation was lost.
	Sent      time.Time `json:"sent,omitzero"`
	Known     []string  `json:"known,omitempty"` // the operations there were before, see nameOf
	Newest    time.Time `json:"newest,omitzero"` // when the newest of them was, by Izly's clock; zero: nobody knows
	Checks    int       `json:"checks,omitempty"`
	NextCheck time.Time `json:"next_check,omitzero"`
}

// Open tells whether the order can be confirmed at a time.
func (o Order) Open(at time.Time) bool {
	return o.State == Proposed && store.Lasts(o.Created, o.Expires.Sub(o.Created), at)
}

// Key names the order for Confirm and Cancel, and in the argument of a choice.
func (o Order) Key() string { return key(o.Account, o.ID) }

func key(account, id string) string { return account + "/" + id }

func splitKey(key string) (account, id string) {
	account, id, _ = strings.Cut(key, "/")
	return account, id
}

// State is how far an order got.
type State string

// The states.
const (
	Proposed   State = "proposed"
	Preparing  State = "preparing"
	Confirming State = "confirming" // the order has been or is about to be sent
	Done       State = "done"
	Refused    State = "refused"   // by Izly
	Pending    State = "pending"   // the bank wants the person, or works on it
	Unknown    State = "unknown"   // the answer was lost
	Untraced   State = "untraced"  // not in the statement
	Unchecked  State = "unchecked" // the statement could not be read
	Failed     State = "failed"    // before anything that spends was sent
	Cancelled  State = "cancelled"
)

// Settled tells whether nothing more happens to the order by itself.
func (s State) Settled() bool {
	switch s {
	case Done, Refused, Pending, Untraced, Unchecked, Failed, Cancelled:
		return true
	default:
		return false
	}
}

// underWay tells whether money may move or have moved without anybody knowing.
func (s State) underWay() bool { return s == Preparing || s == Confirming || s == Unknown }

// OrderLife is how long a summary may be confirmed.
const OrderLife = 5 * time.Minute

// StopReason says why an account rests until its owner acts: each is a refusal that must not be repeated by itself.
type StopReason string

// The reasons.
const (
	StoppedWrongCode StopReason = "wrong_code" // Izly refused the secret code
	StoppedRefused   StopReason = "refused"    // Izly refused to renew the session
	StoppedEnrol     StopReason = "enrol"      // Izly wants a new activation by SMS
	StoppedBlocked   StopReason = "blocked"    // Izly says that the account is blocked
)

// StoppedError says that an account rests until its owner acts. Nothing was sent.
type StoppedError struct{ Reason StopReason }

func (e *StoppedError) Error() string { return "wallet: account stopped: " + string(e.Reason) }

// Holder is what is known of an account without asking Izly.
type Holder struct {
	FirstName, LastName string
	Phone               string
	Balance             *izly.Balance // the last one that was seen; nil for none
	MinTopUp, MaxTopUp  izly.Cents    // 0: Izly has told none
}

// Linked is what linking has made.
type Linked struct {
	Account string // its ID
	Known   bool   // it was linked before and keeps its ID
	Holder  Holder
	Same    string // equal for the same Izly account, whoever links it, and for no other
}

// Status tells how an account stands.
type Status struct {
	Stopped  StopReason // "": it is in use
	CodeKept bool       // the secret code is kept
}

// Wish is what a person asks for.
type Wish struct {
	Account string
	Chat    chat.ChatID
	By      chat.PersonID
	Amount  izly.Cents
	Fee     izly.Cents // that the summary shows
	CardID  string
	Card    string // as people know it
}

// Outcome is what became of a confirmation. Whether money has moved or may have is the state of its order: Done,
// Pending (not yet) or Unknown. It is what came back from Izly even where that could not be written yet.
type Outcome struct {
	Order   Order         // as it stands
	Acted   bool          // false: somebody was there before, or it can no longer be decided on; nothing was done now
	Balance *izly.Balance // after the top-up, where the answer told it
	Err     error         // what came back, or why nothing was sent
	// Fee is what Izly announces, when that is another fee than the summary showed: nothing was spent, and the
	// order has failed with ErrFee.
	Fee izly.Cents
}

var (
	// ErrGone: the account has been removed, or there is no such order.
	ErrGone = errors.New("wallet: gone")
	// ErrNeedCode: the session must be renewed and the secret code is not kept: the person has to be asked.
	ErrNeedCode = errors.New("wallet: the secret code is needed")
	// ErrFee: Izly announced a fee that the summary did not show.
	ErrFee = errors.New("wallet: another fee was announced")
	// ErrNotYours: the order is somebody else's.
	ErrNotYours = errors.New("wallet: the order is somebody else's")
	// ErrExpired: the summary is too old to be confirmed.
	ErrExpired = errors.New("wallet: the order has expired")
	// ErrLocked: a record of an order, or the one that names the order under way, cannot be read, so that nobody
	// knows whether money is under way: see Looked. It comes with ErrDamaged where it is the second.
	ErrLocked = errors.New("wallet: an order cannot be read")
	// ErrDamaged: the record of the account cannot be read. Linking the account again writes over it.
	ErrDamaged = errors.New("wallet: the account cannot be read")
	// ErrRelinked: the account was linked again while a call was under way; what that call brought is not kept.
	ErrRelinked = errors.New("wallet: linked again meanwhile")
)

// UnsettledError refuses a top-up while another is under way or its outcome is not known. The time at which that
// one was sent is zero as long as it is being prepared.
type UnsettledError struct{ Order Order }

func (e *UnsettledError) Error() string { return "wallet: another top-up is not settled" }

// BoundsError refuses an amount that Izly does not take.
type BoundsError struct{ Min, Max izly.Cents }

func (e *BoundsError) Error() string { return "wallet: amount out of bounds" }

// Why says why a person is told of a lost top-up.
type Why string

// The reasons to tell.
const (
	WhySettled  Why = "settled"   // its outcome is known, or given up
	WhyNeedCode Why = "need_code" // the person can help in time for the next look
)
