package izly

import (
	"time"

	"cartable/core/secret"
)

// Cents is an amount of euros in integer cents.
type Cents int64

// Account is all that must be kept to act for a wallet. Whoever stores one seals it.
type Account struct {
	Phone        string        `json:"phone"` // UID, international: "33611223344"
	HOTPKey      secret.Stored `json:"hotp_key"`
	Counter      uint64        `json:"counter"` // the next value to use
	World        Enrolment     `json:"world"`   // how it was enrolled: EnrolCurrent or EnrolSeed; says where HOTPKey comes from
	SessionID    secret.Stored `json:"sid"`
	AccessToken  secret.Stored `json:"access_token"`
	RefreshToken secret.Stored `json:"refresh_token"`
	NSSE         secret.Stored `json:"nsse"`
	QRKey        secret.Stored `json:"qr_key"`
	PublicID     secret.Stored `json:"public_id"`
	FirstName    string        `json:"first_name"`
	LastName     string        `json:"last_name"`
	MinTopUp     Cents         `json:"min_top_up"` // 0 when the server did not say
	MaxTopUp     Cents         `json:"max_top_up"`
	Balance      *Balance      `json:"balance,omitempty"` // the last one heard
}

// Balance is what the wallet held at some time.
type Balance struct {
	Main Cents     `json:"main"`
	Cash Cents     `json:"cash"`
	At   time.Time `json:"at"` // the server's LUD, French local time; the time of the answer where it gave none
}

// Card is a bank card registered with Izly.
type Card struct {
	ID      string // 32 hexadecimal digits; not the card number
	Label   string // the person's own: "Carte perso"
	Hint    string // masked digits as sent: "XXXX XXXX XXXX 4242"
	Last4   string // last digits found in Hint; may be empty
	Network string // "Visa", "Mastercard", "CB" or empty
	Default bool
}

// Cards is the answer to MoneyInCbCbList.
type Cards struct {
	Cards   []Card
	Steps   []Cents // amounts that the app proposes
	Balance *Balance
}

// OperationStatus is how far an operation got.
type OperationStatus int

// Statuses, from the STATUS values of izly-today §5.1.
const (
	StatusUnknown OperationStatus = iota
	StatusPending
	StatusDone
	StatusFailed
)

// Operation is one line of the statement. TYPE keeps the server's number; see the constants Type….
type Operation struct {
	ID     string
	At     time.Time
	Type   int
	Status OperationStatus
	Credit bool  // money came in
	Amount Cents // never negative
	Fee    Cents
	Party  string // who or what was on the other side; may be empty
	Text   string // message; may be empty
}

// Statement is the answer to GetStatement, newest first.
type Statement struct {
	Operations []Operation
	Balance    *Balance
	// Complete is false when the server counts more operations than it gave, or than the bound on pages
	// let through. A server that does not count, as the seed's, leaves it true.
	Complete bool
}

// TopUp is a top-up that the server has prepared (RMIN) or confirmed (RMINC).
type TopUp struct {
	ID      string
	CardID  string
	Debit   Cents // what the card pays
	Credit  Cents // what the wallet gets
	Fee     Cents
	Balance *Balance // after the operation, when confirmed
	// Redirect is not nil when the bank wants 3-D Secure: the top-up is then not done.
	Redirect *Redirect
}

// Redirect is where a person must go to finish a top-up: RDURL and RDPARAMS of izly-today §7.5, as sent.
// Both fields are secrets of one payment.
type Redirect struct {
	URL    secret.Text
	Params secret.Text
}
