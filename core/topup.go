package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
)

// confirmTopUp is a press on Confirmer. Without a kept secret code it asks for it first; the proposal stays
// open meanwhile.
func (t *turn) confirmTopUp(ctx context.Context, id string) (Reply, error) {
	a, p, r, err := t.openProposal(id)
	if a == nil || err != nil {
		return r, err
	}
	if code := a.record().Wallet.Code; code != nil {
		return t.spend(ctx, a, p, code.Text)
	}
	return t.askTopUpCode(a, id, t.plain("topup.code", "amount", t.p.Euros(int64(p.Amount)), "cancel", t.cmd("annuler"))), nil
}

func (t *turn) askTopUpCode(a *walletAccount, id string, r Reply) Reply {
	return t.ask(r, question{expect: ExpectSecret, leave: "cancel.topup", about: []string{id, a.id}, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		code, err := izly.ParseSecretCode(answer)
		if err != nil {
			return t.askTopUpCode(a, id, t.codeForm()), nil
		}
		a, p, r, err := t.openProposal(id)
		if a == nil || err != nil {
			return r, err
		}
		return t.spend(ctx, a, p, code)
	}})
}

// spend takes the proposal through its steps, once. Whoever comes second finds it in another state.
func (t *turn) spend(ctx context.Context, a *walletAccount, p proposal, code secret.Text) (Reply, error) {
	p, moved, err := t.e.move(p.ID, topUpProposed, to(topUpPreparing))
	if err != nil {
		return Reply{}, err
	}
	if !moved {
		return t.proposalState(p.ID)
	}
	var done izly.TopUp
	ordered := false // from here on money may have moved
	err = a.locked(ctx, code, func(w *izly.Wallet, code secret.Text) error {
		prepared, err := a.prepare(ctx, w, code, &p)
		if err != nil {
			return err
		}
		p.State, p.Sent = topUpConfirming, t.e.cfg.Now()
		_, moved, err := t.e.move(p.ID, topUpPreparing, func(stored *proposal) { *stored = p })
		switch {
		case err != nil:
			return err
		case !moved:
			return errLinkGone
		}
		ordered = true
		done, err = w.ConfirmTopUp(ctx, prepared, code)
		return err
	})
	if !ordered {
		return t.notOrdered(ctx, a, p, err)
	}
	return t.ordered(a, p, done, err)
}

// prepare looks at the statement, so that a lost top-up can be found later, and has Izly prepare the top-up.
// Nothing is spent. A session that has expired is renewed on the way.
func (a *walletAccount) prepare(ctx context.Context, w *izly.Wallet, code secret.Text, p *proposal) (izly.TopUp, error) {
	var prepared izly.TopUp
	if err := a.renewing(ctx, w, code, func(w *izly.Wallet) error {
		s, err := w.Statement(ctx)
		p.Known = nil
		for _, op := range s.Operations {
			p.Known = append(p.Known, op.ID)
		}
		return err
	}); err != nil {
		return prepared, err
	}
	prepared, err := w.PrepareTopUp(ctx, p.CardID, p.Amount)
	if err == nil && prepared.Fee != p.Fee {
		p.Fee = prepared.Fee
		return prepared, errFee
	}
	return prepared, err
}

// notOrdered ends a proposal for which nothing was sent that spends.
func (t *turn) notOrdered(ctx context.Context, a *walletAccount, p proposal, cause error) (Reply, error) {
	if _, _, err := t.e.move(p.ID, topUpPreparing, to(topUpFailed)); err != nil {
		return Reply{}, errors.Join(cause, err)
	}
	if errors.Is(cause, errFee) {
		r, err := t.propose(ctx, a, topUpWish{amount: p.Amount, card: p.CardID, fee: p.Fee})
		r.Body = append(t.plain("topup.fee", "fee", t.p.Euros(int64(p.Fee))).Body, r.Body...)
		return r, err
	}
	r := t.walletTrouble(a, cause)
	r.Body = append(r.Body, t.plain("topup.nothing_spent").Body...)
	return r, nil
}

// ordered ends a proposal whose confirmation has been sent. err is what came back.
func (t *turn) ordered(a *walletAccount, p proposal, done izly.TopUp, err error) (Reply, error) {
	amount := t.p.Euros(int64(p.Amount))
	var refused *izly.Error
	var state proposalState
	var r Reply
	switch {
	case err == nil && done.Redirect != nil:
		state, r = topUpPending, t.plain("topup.secure", "amount", amount)
	case err == nil:
		state, r = topUpDone, t.receipt(p, done)
	case errors.As(err, &refused):
		state, r = topUpRefused, t.refusal(a, amount, refused)
	case errors.Is(err, izly.ErrOutcomeUnknown):
		state, r = topUpUnknown, t.plain("topup.unknown", "amount", amount, "history", t.cmd("historique"))
	default: // it never left: the counter could not be stored, or no connection came about
		state, r = topUpFailed, t.explain(err)
		r.Body = append(r.Body, t.plain("topup.nothing_spent").Body...)
	}
	if err != nil {
		t.log.Warn("top-up not confirmed", "state", string(state), "error", err)
	}
	_, _, moveErr := t.e.move(p.ID, topUpConfirming, func(stored *proposal) {
		stored.State = state
		if state == topUpUnknown {
			stored.NextCheck = stored.Sent.Add(checkAfter[0])
		} else {
			stored.Known = nil
		}
	})
	if state == topUpUnknown {
		t.e.wakeWatch()
	}
	if moveErr != nil {
		t.log.Error("outcome of a top-up not stored", "error", moveErr) // at the next start it counts as unknown
	}
	return r, nil
}

// receipt says that the top-up is done, and the new balance when the answer told it.
func (t *turn) receipt(p proposal, done izly.TopUp) Reply {
	r := Reply{Title: t.p.T("topup.done", "amount", t.p.Euros(int64(p.Amount)))}
	r.Body = []Line{{Label: t.p.T("topup.label.card"), Text: p.Card}}
	if done.Balance != nil {
		r.Body = append(r.Body, Line{Label: t.p.T("topup.label.now"), Text: t.p.Euros(int64(done.Balance.Main))})
	}
	return r
}

// refusal says that Izly refused the confirmation, and why in its own words. A kept code that is wrong is
// forgotten.
func (t *turn) refusal(a *walletAccount, amount string, refused *izly.Error) Reply {
	key := "topup.refused"
	switch {
	case errors.Is(refused, izly.ErrWrongCode):
		key = "topup.wrong_code"
		if err := a.change(func(l *walletLink) { l.Code = nil }); err != nil {
			t.log.Error("wrong code not forgotten", "error", err)
		}
	case errors.Is(refused, izly.ErrBlocked):
		key = "stopped.blocked"
	}
	return t.withServerText(t.plain(key, "amount", amount, "command", t.cmd("recharger"), "link", t.cmd("connexion")), refused)
}

// unsettledTopUp returns a top-up of the link whose outcome is being found out, or nil.
func (e *Engine) unsettledTopUp(linkID string) (*proposal, error) {
	var waiting *proposal
	err := e.cfg.Store.View(func(tx Tx) error {
		return proposals.each(tx, func(_ string, p proposal) error {
			if p.Link == linkID && (p.State == topUpUnknown || p.State == topUpConfirming) {
				waiting = &p
			}
			return nil
		})
	})
	return waiting, err
}

// trace finds the top-up of p in a statement. state is empty when there is no trace.
func trace(p proposal, s izly.Statement) proposalState {
	const skew = 10 * time.Minute // between the server's clock and ours
	for _, op := range s.Operations {
		topUp := op.Type == izly.TypeTopUp || op.Type == izly.TypeCashTopUp || op.Type == izly.TypeBankTopUp
		if !topUp || !op.Credit || op.Amount != p.Amount || slices.Contains(p.Known, op.ID) || op.At.Before(p.Sent.Add(-skew)) {
			continue
		}
		switch op.Status {
		case izly.StatusFailed:
			return topUpRefused
		case izly.StatusPending:
			return topUpPending
		default:
			return topUpDone
		}
	}
	return ""
}
