package core

import (
	"errors"
	"fmt"
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

// adopt makes a stored link usable.
func (e *Engine) adopt(l link) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.School != nil {
		a := &schoolAccount{e: e, owner: l.Owner, id: l.ID, turnstile: make(chan struct{}, 1), rec: l}
		e.schools = append(e.schools, a)
	}
	if l.Wallet != nil {
		a := &walletAccount{e: e, owner: l.Owner, id: l.ID, turnstile: make(chan struct{}, 1), rec: l}
		e.wallets = append(e.wallets, a)
	}
}

// bringLinks moves the links of the person who speaks in private into this chat: where a person can open a
// second private chat, or a new one in place of one that they left, their accounts are where they write. What
// is hearsay moves nothing.
func (t *turn) bringLinks() error {
	if !t.msg.Private || t.msg.Unverified {
		return nil
	}
	var moves []func(ChatID) error
	t.e.mu.Lock()
	for _, a := range t.e.schools {
		if a.owner == t.msg.Person && a.record().Chat != t.msg.Chat {
			moves = append(moves, a.moveTo)
		}
	}
	for _, a := range t.e.wallets {
		if a.owner == t.msg.Person && a.record().Chat != t.msg.Chat {
			moves = append(moves, a.moveTo)
		}
	}
	t.e.mu.Unlock()
	for _, move := range moves {
		if err := move(t.msg.Chat); err != nil && !errors.Is(err, errLinkGone) {
			return err
		}
	}
	return nil
}

// replaceLink stores a new link in place of those of its chat that are the same account.
func (e *Engine) replaceLink(l link, same func(link) bool) error {
	replaced := func(old link) bool { return old.Chat == l.Chat && same(old) }
	if err := e.cfg.Store.Update(func(tx Tx) error {
		if err := inherit(tx, l, replaced); err != nil {
			return err
		}
		return links.put(tx, l.ID, l)
	}); err != nil {
		return fmt.Errorf("core: store link: %w", err)
	}
	e.drop(replaced)
	e.adopt(l)
	return e.loadShowings()
}

// inherit removes the links that l replaces and their readings. It makes their top-ups those of l, so that one
// whose outcome is unknown is still looked up and still stands in the way of another; and l is shown wherever
// they were.
func inherit(tx Tx, l link, replaced func(link) bool) error {
	old := make(map[string]bool)
	_ = links.each(tx, func(id string, other link) error { // one that cannot be read is in nobody's way
		if id != l.ID && replaced(other) {
			old[id] = true
		}
		return nil
	})
	var topUps []proposal
	err := proposals.each(tx, func(_ string, p proposal) error {
		if old[p.Link] {
			p.Link = l.ID
			topUps = append(topUps, p)
		}
		return nil
	})
	for _, p := range topUps {
		err = errors.Join(err, proposals.put(tx, p.ID, p))
	}
	var shown []showing
	err = errors.Join(err, showings.each(tx, func(_ string, s showing) error {
		if old[s.Link] {
			shown = append(shown, s)
		}
		return nil
	}))
	for _, s := range shown {
		was := s.key()
		s.Link = l.ID
		err = errors.Join(err, showings.delete(tx, was), showings.put(tx, s.key(), s))
	}
	for id := range old {
		err = errors.Join(err, links.delete(tx, id))
	}
	return errors.Join(err, snapshots.deleteWhere(tx, func(s snapshot) bool { return old[s.Link] }))
}

// drop forgets the links that match; the store is not touched.
func (e *Engine) drop(match func(link) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var schools []*schoolAccount
	for _, a := range e.schools {
		if !match(a.record()) {
			schools = append(schools, a)
		}
	}
	var wallets []*walletAccount
	for _, a := range e.wallets {
		if !match(a.record()) {
			wallets = append(wallets, a)
		}
	}
	e.schools, e.wallets = schools, wallets
}

// errLinkGone says that the link was removed while it was in use.
var errLinkGone = errors.New("core: the link has been removed")

// keepLink stores a link that is still there; for one that was removed meanwhile it returns errLinkGone.
func (e *Engine) keepLink(l link) error {
	if err := e.cfg.Store.Update(func(tx Tx) error {
		_, found, err := links.get(tx, l.ID)
		switch {
		case err != nil:
			return err
		case !found:
			return errLinkGone
		}
		return links.put(tx, l.ID, l)
	}); err != nil {
		return fmt.Errorf("core: store link: %w", err)
	}
	return nil
}
