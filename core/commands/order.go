package commands

import (
	"context"
	"errors"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/rights"
	"cartable/core/secret"
	"cartable/core/talk"
	"cartable/core/tries"
	"cartable/core/view"
	"cartable/core/wallet"
)

// The actions of an order. Their argument is its key.
const (
	actionConfirm = "order.confirm"
	actionCard    = "order.card"
	actionCancel  = "order.cancel"
	actionLooked  = "order.looked" // about the account whose order cannot be read
)

func (c orders) actions() []talk.Action {
	return []talk.Action{
		{Name: actionConfirm, Risky: true, Settled: c.settled, Run: c.confirm},
		{Name: actionCard, Settled: c.settled, Run: c.otherCard},
		{Name: actionCancel, Settled: c.settled, Run: c.cancelOrder},
		{Name: actionLooked, Risky: true, Changes: true, Run: c.looked},
	}
}

// settled says how an order of the one who speaks stands that was decided on. An order that cannot be read, or that has
// only grown old, has its say when the turn of the press comes.
func (c orders) settled(t *talk.Turn, p talk.Press) string {
	o, found, err := c.Wallet.Order(p.Arg)
	if err != nil || !found || o.By != t.Person || t.Unverified || o.State == wallet.Proposed {
		return ""
	}
	return c.viewOf(t, o.Account).Settled(o)
}

// openOrder returns an order that can still be decided on. Otherwise open is false and the reply says what
// happened to it.
func (c orders) openOrder(t *talk.Turn, key string) (o wallet.Order, r chat.Reply, open bool, err error) {
	o, found, err := c.Wallet.Order(key)
	switch {
	case err != nil:
		return o, r, false, err
	case !found:
		return o, t.Say("topup.gone"), false, nil
	case o.By != t.Person:
		return o, t.Say("topup.not_owner"), false, nil
	case t.Unverified && !c.owns(t, o.Account):
		return o, t.Say("topup.gone"), false, nil
	case !o.Open(t.Now):
		return o, c.viewOf(t, o.Account).Order(o), false, nil
	}
	return o, r, true, nil
}

// confirm is a press on the button that pays. Without a kept secret code it asks for it first; the order stays open
// meanwhile.
func (c orders) confirm(ctx context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	o, r, open, err := c.openOrder(t, p.Arg)
	if !open || err != nil {
		return r, err
	}
	status, there := c.Wallet.Status(o.Account)
	switch {
	case !there:
		return chat.Reply{}, wallet.ErrGone
	case status.CodeKept:
		return c.spend(ctx, t, o, secret.Text{})
	}
	return c.askOrderCode(t, o, c.viewOf(t, o.Account).CodeFor(o)), nil
}

func (c orders) askOrderCode(t *talk.Turn, o wallet.Order, r chat.Reply) chat.Reply {
	return t.Ask(t.WarnExposed(r), talk.Question{
		Expect: chat.ExpectSecret, Leave: "cancel.topup", About: []string{o.Key(), o.Account},
		Next: func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
			code, err := izly.ParseSecretCode(answer)
			if err != nil {
				return c.askOrderCode(t, o, codeForm(t)), nil
			}
			o, r, open, err := c.openOrder(t, o.Key())
			if !open || err != nil {
				return r, err
			}
			return c.spend(ctx, t, o, code)
		},
	})
}

// spend confirms an order, once, and says what became of it.
func (c orders) spend(ctx context.Context, t *talk.Turn, o wallet.Order, code secret.Text) (chat.Reply, error) {
	out, err := c.Wallet.Confirm(ctx, o.Key(), t.Person, code)
	if _, held := errors.AsType[*tries.HeldError](err); held {
		return c.nothingSpent(t, o.Account, err), nil
	}
	if err != nil {
		return chat.Reply{}, err
	}
	if out.Acted {
		t.Acted()
	}
	if out.Err != nil {
		t.Log.Warn("top-up not confirmed", "state", string(out.Order.State), "error", out.Err)
	}
	switch {
	case !out.Acted:
		return c.viewOf(t, o.Account).Order(out.Order), nil
	case errors.Is(out.Err, wallet.ErrFee):
		r, err := c.propose(ctx, t, o.Account, topUpWish{amount: o.Amount, card: o.CardID, fee: out.Fee})
		r.Body = append(t.Say("topup.fee", "fee", t.P.Euros(int64(out.Fee))).Body, r.Body...)
		return r, err
	case out.Order.State == wallet.Failed:
		return c.nothingSpent(t, o.Account, out.Err), nil
	}
	return c.viewOf(t, o.Account).Outcome(out), nil
}

// nothingSpent tells why an order was not sent.
func (c orders) nothingSpent(t *talk.Turn, account string, err error) chat.Reply {
	r := c.walletTrouble(t, account, err)
	r.Body = append(r.Body, t.Say("topup.nothing_spent").Body...)
	return r
}

// otherCard takes an order back and offers the cards for a new one.
func (c orders) otherCard(ctx context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	o, r, open, err := c.openOrder(t, p.Arg)
	if !open || err != nil {
		return r, err
	}
	list, err := c.Wallet.Cards(ctx, o.Account, secret.Text{})
	switch {
	case errors.Is(err, wallet.ErrNeedCode):
		return c.askCodeFor(t, o.Account, "/recharger "+o.Amount.Wire()+" #"+o.Account), nil
	case err != nil:
		return c.walletTrouble(t, o.Account, err), nil
	}
	if _, _, err := c.Wallet.Cancel(o.Key(), t.Person); err != nil {
		return chat.Reply{}, err
	}
	r = c.viewOf(t, o.Account).WhichCard(o)
	var cards []string
	for _, card := range list.Cards {
		r.Choices = append(r.Choices, t.RunChoice(view.CardName(card), "/recharger "+o.Amount.Wire()+" "+card.ID+" #"+o.Account))
		cards = append(cards, card.ID)
	}
	return t.AskOneOf(r, cards, talk.Question{
		Leave: "cancel.topup",
		Takes: func(_ *talk.Turn, answer string) bool {
			_, is := pickCard(list.Cards, answer)
			return is
		},
		Next: func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
			return c.propose(ctx, t, o.Account, topUpWish{amount: o.Amount, card: answer})
		},
	}), nil
}

// cancelOrder takes an order back.
func (c orders) cancelOrder(_ context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	o, r, open, err := c.openOrder(t, p.Arg)
	if !open || err != nil {
		return r, err
	}
	o, cancelled, err := c.Wallet.Cancel(o.Key(), t.Person)
	switch {
	case err != nil:
		return chat.Reply{}, err
	case !cancelled:
		return c.viewOf(t, o.Account).Order(o), nil
	}
	return t.Say("cancel.topup"), nil
}

// looked is the word of an owner who has looked in the app what became of an order that cannot be read.
func (c orders) looked(_ context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	if !c.owns(t, p.Account) {
		return chat.Reply{}, wallet.ErrGone
	}
	if err := c.Wallet.Looked(p.Account); err != nil {
		return chat.Reply{}, err
	}
	return t.Say("topup.looked", "command", t.Cmd("recharger")), nil
}

// owns tells whether the one who speaks may touch an account.
func (c services) owns(t *talk.Turn, account string) bool {
	for _, a := range c.Rights.Owned(t.Who) {
		if a.ID == account {
			return true
		}
	}
	return false
}

// orderWords answers a yes, written as a word, while an order waits for its confirmation.
type orderWords struct{ orders }

// Secret tells that no text is one.
func (orderWords) Secret(string) bool { return false }

// Harmless tells that a yes or a no is no secret.
func (orderWords) Harmless(text string) bool { return talk.Yes(text) || talk.No(text) }

// Before takes nothing.
func (orderWords) Before(context.Context, *talk.Turn) (r chat.Reply, taken bool, err error) {
	return r, false, nil
}

// Else answers what is no request, while an order waits, or says what the button does when something was said in between: it
// spends nothing, and is told how to confirm.
func (c orderWords) Else(_ context.Context, t *talk.Turn) (r chat.Reply, taken bool, err error) {
	o, found, err := c.proposed(t)
	if err != nil || !found {
		return r, false, err
	}
	read := c.said.Read(t.Msg.Text, ask.World{Now: t.Now})
	if (t.Commanded() || read.Command != "") && !talk.Says(t.Msg.Text, c.view(t).Pay(o)) {
		return r, false, nil
	}
	r = c.viewOf(t, o.Account).Order(o)
	r.Choices = c.decide(t, o, false)
	return r, true, nil
}

// proposed is what the person could confirm in this chat now.
func (c orders) proposed(t *talk.Turn) (o wallet.Order, found bool, err error) {
	for _, a := range c.Rights.Owned(t.Who) {
		if a.Kind != rights.Wallet {
			continue
		}
		o, found, err := c.Wallet.Proposed(a.ID)
		if err != nil || found && o.By == t.Person && o.Chat == t.Chat {
			return o, found, err
		}
	}
	return o, false, nil
}
