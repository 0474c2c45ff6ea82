package core

import (
	"slices"
	"strings"
	"time"

	"cartable/core/izly"
	"cartable/i18n"
)

// proposal is the stored record of one top-up, from the summary to its end. Each step is written before it
// is taken, so that whatever happens no step is taken twice:
//
//	proposed → preparing → confirming → done | refused | pending (3-D Secure) | unknown
//	proposed → cancelled;  preparing → failed (nothing was sent that spends);  unknown → done | refused | pending | untraced | unchecked
type proposal struct {
	ID      string        `json:"id"`
	Link    string        `json:"link"`
	Chat    ChatID        `json:"chat"`
	Owner   PersonID      `json:"owner"` // the only one who may confirm
	Amount  izly.Cents    `json:"amount"`
	Fee     izly.Cents    `json:"fee"` // that the summary showed
	CardID  string        `json:"card_id"`
	Card    string        `json:"card"` // as people know it: "Carte perso (…4242)"
	State   proposalState `json:"state"`
	Created time.Time     `json:"created"`
	Expires time.Time     `json:"expires"`

	// What finds the top-up in the statement when the answer to the confirmation was lost.
	Sent      time.Time `json:"sent,omitzero"`
	Known     []string  `json:"known,omitempty"` // IDs of the operations there were before
	Checks    int       `json:"checks,omitempty"`
	NextCheck time.Time `json:"next_check,omitzero"`
}

// proposalState is how far a top-up got.
type proposalState string

const (
	topUpProposed   proposalState = "proposed"
	topUpPreparing  proposalState = "preparing"
	topUpConfirming proposalState = "confirming" // the order has been or is about to be sent
	topUpDone       proposalState = "done"
	topUpRefused    proposalState = "refused"   // by Izly
	topUpPending    proposalState = "pending"   // the bank wants the person, or works on it
	topUpUnknown    proposalState = "unknown"   // the answer was lost
	topUpUntraced   proposalState = "untraced"  // not in the statement
	topUpUnchecked  proposalState = "unchecked" // the statement could not be read
	topUpFailed     proposalState = "failed"    // before anything that spends was sent
	topUpCancelled  proposalState = "cancelled"
)

// proposalLife is how long a summary may be confirmed.
const proposalLife = 5 * time.Minute

// checkAfter are the pauses before each look into the statement for a lost top-up, from the confirmation.
var checkAfter = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// settled tells whether nothing more happens to the proposal.
func (s proposalState) settled() bool {
	switch s {
	case topUpDone, topUpRefused, topUpPending, topUpUntraced, topUpUnchecked, topUpFailed, topUpCancelled:
		return true
	default:
		return false
	}
}

// proposal reads one; found is false when it is not there (any more).
func (e *Engine) proposal(id string) (p proposal, found bool, err error) {
	err = e.cfg.Store.View(func(tx Tx) (err error) {
		p, found, err = proposals.get(tx, id)
		return err
	})
	return p, found, err
}

// move changes a proposal in one transaction if it is in state from; moved is false, and the proposal is as
// it stands, when it is not. That is what makes a double tap, a replay and a second process harmless.
func (e *Engine) move(id string, from proposalState, change func(*proposal)) (p proposal, moved bool, err error) {
	err = e.cfg.Store.Update(func(tx Tx) error {
		moved = false
		var found bool
		if p, found, err = proposals.get(tx, id); err != nil || !found || p.State != from {
			return err
		}
		change(&p)
		moved = true
		return proposals.put(tx, id, p)
	})
	return p, moved && err == nil, err
}

// to is the simplest change.
func to(state proposalState) func(*proposal) {
	return func(p *proposal) { p.State = state }
}

// waitingProposal is what the person could confirm in this chat now, or nil.
func (t *turn) waitingProposal() (*proposal, error) {
	var waiting *proposal
	err := t.e.cfg.Store.View(func(tx Tx) error {
		return proposals.each(tx, func(_ string, p proposal) error {
			if p.Chat == t.msg.Chat && p.Owner == t.msg.Person && p.State == topUpProposed && t.e.cfg.Now().Before(p.Expires) {
				waiting = &p
			}
			return nil
		})
	})
	return waiting, err
}

// consents are the words, folded, with which people agree.
var consents = []string{"oui", "yes", "ok", "d accord", "confirmer", "confirme", "confirm"}

// isRefusal tells whether a text only says no.
func isRefusal(text string) bool {
	word := bare(text)
	return word == "non" || word == "no"
}

// isConsent tells whether a text only says yes.
func isConsent(text string) bool { return slices.Contains(consents, bare(text)) }

// bare is a folded text without the marks around it.
func bare(text string) string { return strings.Trim(i18n.Fold(text), " !?.,") }

// wordOnProposal answers a yes or a no, written as a word, while a proposal waits: a no takes it back, a yes
// spends nothing and is told how to confirm.
func (t *turn) wordOnProposal(c call) (r Reply, meant bool, err error) {
	word := c.name + " " + c.args
	if !t.msg.Private || !isRefusal(word) && !isConsent(word) {
		return Reply{}, false, nil
	}
	p, err := t.waitingProposal()
	switch {
	case err != nil || p == nil:
		return Reply{}, false, err
	case isRefusal(word):
		r, err = t.cancelTopUp(p.ID)
		return r, true, err
	}
	return t.plain("topup.how", "amount", t.p.Euros(int64(p.Amount)), "confirm", t.p.T("topup.button.confirm"), "cancel", t.cmd("annuler")), true, nil
}

// takeBackProposals cancels what the person has not yet confirmed in this chat.
func (t *turn) takeBackProposals() (taken bool, err error) {
	now := t.e.cfg.Now()
	err = t.e.cfg.Store.Update(func(tx Tx) error {
		taken = false
		var open []proposal
		err := proposals.each(tx, func(_ string, p proposal) error {
			if p.Chat == t.msg.Chat && p.Owner == t.msg.Person && p.State == topUpProposed {
				open = append(open, p)
			}
			return nil
		})
		for _, p := range open {
			taken = taken || now.Before(p.Expires)
			p.State = topUpCancelled
			if err == nil {
				err = proposals.put(tx, p.ID, p)
			}
		}
		return err
	})
	return taken, err
}
