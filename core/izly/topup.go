package izly

import (
	"context"
	"errors"

	"cartable/core/secret"
	"cartable/core/visible"
)

// PrepareTopUp asks the server to prepare a top-up (seed-izly §III.f). Nothing is debited and no one-time
// password is used. A server that prepares another card or amount, or a debit that is not the amount with its
// fee, gives a *MismatchError; one that names none of them is believed, since the seed says nothing of the answer
// but that it is no refusal.
func (w *Wallet) PrepareTopUp(ctx context.Context, cardID string, amount Cents) (TopUp, error) {
	if amount <= 0 {
		return TopUp{}, ErrBadAmount
	}
	end, err := w.begin(ctx)
	if err != nil {
		return TopUp{}, err
	}
	defer end()
	doc, err := w.send(ctx, opPrepare,
		arg{name: "cardId", value: cardID}, arg{name: "amount", value: amount.Wire()})
	if err != nil {
		return TopUp{}, err
	}
	if doc.name == rootUserData || doc.name == rootLogon {
		return TopUp{}, unexpected(opPrepare, doc)
	}
	w.hear(ctx, w.c.readBalance(doc))
	t := TopUp{CardID: cardID, Credit: amount}
	if err := t.read(doc); err != nil {
		return TopUp{}, &ReplyError{opPrepare, "an amount in it is none"}
	}
	switch {
	case doc.at("DEB") == "":
		t.Debit = t.Credit + t.Fee
	case doc.at("COM") == "":
		t.Fee = t.Debit - t.Credit
	}
	if err := t.differs(cardID, amount); err != nil {
		return TopUp{}, err
	}
	return t, nil
}

// differs compares a prepared top-up with what was asked for (izly-today §7.1). A debit without the fee is let
// through, for the person is shown the higher sum; a fee above the amount is not believed.
func (t TopUp) differs(cardID string, amount Cents) error {
	switch {
	case t.CardID != cardID:
		return &MismatchError{"card"}
	case t.Credit != amount:
		return &MismatchError{"amount"}
	case t.Fee < 0 || t.Fee > amount:
		return &MismatchError{"fee"}
	case t.Debit < t.Credit || t.Debit > t.Credit+t.Fee:
		return &MismatchError{"debit"}
	}
	return nil
}

// ConfirmTopUp orders a prepared top-up (seed-izly §III.g): the bank card is debited. The counter is
// stored as used first, and the order is sent once.
//
// A TopUp with a Redirect is not done: the bank wants the person (3-D Secure). An *Error is a refusal, and
// ErrNetwork means that the order never left. A lost, late or unreadable answer is an *OutcomeError.
func (w *Wallet) ConfirmTopUp(ctx context.Context, prepared TopUp, code secret.Text) (TopUp, error) {
	if err := checkCode(code); err != nil {
		return TopUp{}, err
	}
	if prepared.Credit <= 0 {
		return TopUp{}, ErrBadAmount
	}
	end, err := w.begin(ctx)
	if err != nil {
		return TopUp{}, err
	}
	defer end()
	if err := w.checkSession(opConfirm); err != nil {
		return TopUp{}, err
	}
	otp, err := w.spend(ctx)
	if err != nil {
		return TopUp{}, err
	}
	doc, err := w.send(ctx, opConfirm, w.confirmArgs(prepared, code.Reveal(), otp)...)
	if err != nil {
		return TopUp{}, outcome(err)
	}
	return w.confirmed(ctx, prepared, doc)
}

func (w *Wallet) confirmArgs(t TopUp, code, otp string) []arg {
	a := w.Account()
	passOTP := code + otp
	key := passOTP
	if w.c.cfg.Print == PrintSeed {
		key = otp
	}
	amount := t.Credit.Wire()
	return []arg{
		{name: "cardId", value: t.CardID},
		{name: "amount", value: amount},
		{name: "passOTP", value: passOTP},
		{name: "print", value: signPrint(a.Phone, a.SessionID.Reveal(), t.CardID, amount, key)},
	}
}

// outcome sorts what can go wrong with an order: refused, never sent, or unknown.
func outcome(err error) error {
	var refused *Error
	if errors.As(err, &refused) || neverSent(err) {
		return err
	}
	return &OutcomeError{err}
}

// confirmed reads the answer to an order, RMINC (izly-today §7.4), and adopts its session id, which replaces
// the old one at once. The seed names no answer, only that a refusal is the document E: whatever else comes is
// a success, except the answers to other requests.
func (w *Wallet) confirmed(ctx context.Context, t TopUp, doc *node) (TopUp, error) {
	switch doc.name {
	case rootUserData, rootLogon, rootPrepared:
		return TopUp{}, outcome(unexpected(opConfirm, doc))
	}
	balance := w.c.readBalance(doc)
	err := w.change(ctx, func(a *Account) {
		if sid := doc.at("SID"); isToken(sid) {
			a.SessionID = stored(sid)
		}
		if balance != nil {
			a.Balance = balance
		}
	})
	if err != nil {
		// The money has moved, which counts for more than a session that a restart will have to renew.
		w.c.cfg.Log.Warn("izly session not stored after a top-up", "err", err)
	}
	address, params := doc.at("RDURL"), doc.at("RDPARAMS")
	switch {
	case address != "" && params != "":
		t.Redirect = &Redirect{URL: secret.New(address), Params: secret.New(params)}
	case address != "" || params != "":
		return TopUp{}, outcome(&ReplyError{opConfirm, "half a redirection"})
	}
	if done := t; done.read(doc) == nil {
		t = done
	}
	t.Balance = balance
	return t, nil
}

// read takes the fields of RMIN and RMINC that are there.
func (t *TopUp) read(doc *node) error {
	t.ID = visible.Line(doc.at("ID"))
	if id := doc.at("CID"); id != "" {
		t.CardID = id
	}
	for _, field := range []struct {
		to   *Cents
		text string
	}{{&t.Debit, doc.at("DEB")}, {&t.Credit, doc.at("CRED")}, {&t.Fee, doc.at("COM")}} {
		if field.text == "" {
			continue
		}
		cents, err := ParseCents(field.text)
		if err != nil {
			return err
		}
		*field.to = cents
	}
	return nil
}
