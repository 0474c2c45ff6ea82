package core

import (
	"time"

	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/secret"
)

// link is a stored record: an account, attached to a chat by its owner. Exactly one of School and
// Wallet is set.
type link struct {
	ID      string      `json:"id"`
	Chat    ChatID      `json:"chat"`
	Owner   PersonID    `json:"owner"`
	Created time.Time   `json:"created"`
	School  *schoolLink `json:"school,omitempty"`
	Wallet  *walletLink `json:"wallet,omitempty"`
}

// schoolLink is what is kept of a PRONOTE account.
type schoolLink struct {
	Address  pronote.Address `json:"address"`
	Space    pronote.Space   `json:"space"`
	Username secret.Stored   `json:"username"`
	Password secret.Stored   `json:"password"`           // empty where there is a token
	Token    *pronote.Token  `json:"token,omitempty"`    // for the next login
	Previous *pronote.Token  `json:"previous,omitempty"` // until Token has worked
	Account  pronote.Account `json:"account"`            // as of the last login: names work without a request
	Login    time.Time       `json:"login,omitzero"`     // when that was
	State    *pronote.State  `json:"state,omitempty"`    // the open session; a restart does not log in again
	Used     time.Time       `json:"used,omitzero"`      // when the session was used last
	Stopped  stopReason      `json:"stopped,omitempty"`  // not empty: nothing is sent until the person acts
}

// walletLink is what is kept of an Izly account.
type walletLink struct {
	Account izly.Account   `json:"account"`
	Code    *secret.Stored `json:"code,omitempty"`    // the secret code, when the person chose to have it kept
	Stopped stopReason     `json:"stopped,omitempty"` // not empty: nothing is sent until the person acts
}

// stopReason says why a link rests until its owner acts.
type stopReason string

// The reasons, each a refusal that must not be repeated by itself.
const (
	stoppedWrongPassword stopReason = "wrong_password" // PRONOTE refused the stored password
	stoppedToken         stopReason = "token"          // PRONOTE refused the stored token
	stoppedWrongCode     stopReason = "wrong_code"     // Izly refused the secret code
	stoppedRefused       stopReason = "refused"        // Izly refused to renew the session
	stoppedEnrol         stopReason = "enrol"          // Izly wants a new activation by SMS
	stoppedBlocked       stopReason = "blocked"        // Izly says that the account is blocked
	stoppedSecondFactor  stopReason = "second_factor"  // PRONOTE wants something done in its own app
	stoppedNoAccess      stopReason = "no_access"      // PRONOTE refuses the account for another reason
)

// wallet returns the account of a link, or nil when it has been removed.
func (e *Engine) wallet(linkID string) *walletAccount {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.wallets {
		if a.id == linkID {
			return a
		}
	}
	return nil
}
