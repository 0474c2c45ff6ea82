package izly

import (
	"slices"
	"strings"
	"time"
)

// Account is what a person needs to log in.
type Account struct {
	Phone      string // international: "33611223344"
	SecretCode string // six digits
	Name       string
}

// Operation is one line of a wallet's statement. Amounts are cents.
type Operation struct {
	ID        int64
	At        time.Time
	Type      int // izly-today §5.1, TYPE
	Direction int // 1 credit, 2 debit
	Status    int // its meaning depends on Type
	Debit     int64
	Credit    int64
	Party     string
	Text      string
}

// Types, directions and statuses of operations (izly-today §5.1).
const (
	typeReceived = 0
	typeTopUp    = 2
	typeRefund   = 6
	typeTerminal = 8

	directionCredit = 1
	directionDebit  = 2

	statusPending = 0 // of types 2 and 3, and 8 as far as is known
	statusDone    = 1
	statusFailed  = 2
	statusP2PDone = 3 // of types 0, 1, 4 and 5
)

// moved is what the operation did to the balance.
func (o Operation) moved() int64 {
	switch {
	case o.Type == typeTopUp && o.Status != statusDone:
		return 0
	case o.Direction == directionCredit:
		return o.Credit
	}
	return -o.Debit
}

// Card is a registered bank card.
type Card struct {
	ID      string // 32 hexadecimal digits
	Label   string
	Hint    string // "XXXX XXXX XXXX 4242"
	Network int    // 0 Mastercard, 1 Visa, 2 CB
	Default bool
}

// account is one wallet and what the server knows of its owner's device.
type account struct {
	Account
	first, last string
	email       string
	userID      int64

	failures int // wrong codes and OTPs in a row
	blocked  bool

	balance    int64
	updated    time.Time
	operations []Operation // oldest first
	cards      []Card

	links      []string    // every SMS
	activation *activation // the newest SMS's code, while it is good
	device     *device
	prepared   *preparation
	challenges map[string]*challenge // 3-D Secure in progress, by RDPARAMS

	askActivation bool // the next refresh asks for a new SMS
}

func (a *account) card(id string) (Card, bool) {
	i := slices.IndexFunc(a.cards, func(c Card) bool { return c.ID == id })
	if i < 0 {
		return Card{}, false
	}
	return a.cards[i], true
}

// find knows an account by phone or e-mail, as Logon does (izly-today §2.1). It is nil when there is none.
func (s *Server) find(user string) *account {
	for _, a := range s.accounts {
		if user == a.Phone || strings.EqualFold(user, a.email) {
			return a
		}
	}
	return nil
}

// Accounts lists the wallets, for whoever wants to log in.
func (s *Server) Accounts() []Account {
	list := make([]Account, len(s.accounts))
	for i, a := range s.accounts {
		list[i] = a.Account
	}
	return list
}

// SMS lists the activation links sent to a phone, oldest first.
func (s *Server) SMS(phone string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.find(phone); a != nil {
		return slices.Clone(a.links)
	}
	return nil
}

// Balance is what the wallet of a phone holds, in cents.
func (s *Server) Balance(phone string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.find(phone); a != nil {
		return a.balance
	}
	return 0
}

// Operations is the whole statement of a phone, newest first.
func (s *Server) Operations(phone string) []Operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.find(phone)
	if a == nil {
		return nil
	}
	list := slices.Clone(a.operations)
	slices.Reverse(list)
	return list
}

// Cards lists the bank cards of a phone.
func (s *Server) Cards(phone string) []Card {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.find(phone); a != nil {
		return slices.Clone(a.cards)
	}
	return nil
}
