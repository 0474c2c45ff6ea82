package commands

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/rights"
	"cartable/core/secret"
	"cartable/core/talk"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/i18n"
)

// topUp is /recharger [amount] [card]. It spends nothing: it asks for what is missing and then proposes.
func (c wallets) topUp(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	accounts, err := c.wallets(t)
	if err != nil {
		return chat.Reply{}, err
	}
	accounts = slices.DeleteFunc(accounts, func(a rights.Account) bool { return a.Owner != t.Person })
	if len(accounts) == 0 {
		return t.Say("topup.not_owner"), nil
	}
	q := c.read(t, accounts, "recharger", args)
	return c.wished(ctx, t, cmp.Or(q.Wallet, accounts[0].ID), q)
}

// wished asks for the amount where there is none yet, and proposes what is wished.
func (c wallets) wished(ctx context.Context, t *talk.Turn, account string, q ask.Request) (chat.Reply, error) {
	switch {
	case q.Amount != nil && q.Amount.Err != nil:
		return c.askAmount(ctx, t, account, amountTrouble(t, q.Amount.Err, q.Amount.Said))
	case q.Amount != nil:
		return c.propose(ctx, t, account, topUpWish{amount: izly.Cents(q.Amount.Cents), card: q.Rest})
	case q.Rest != "":
		return c.askAmount(ctx, t, account, amountTrouble(t, ask.ErrAmountForm, q.Rest))
	default:
		return c.askAmount(ctx, t, account, nil)
	}
}

// read reads what stands after a command about wallets.
func (c wallets) read(t *talk.Turn, accounts []rights.Account, command, args string) ask.Request {
	w := ask.World{Now: t.Now, Command: command}
	for _, a := range accounts {
		holder, _ := c.Wallet.Holder(a.ID)
		w.Wallets = append(w.Wallets, ask.Wallet{ID: a.ID, Name: holder.FirstName, Phone: holder.Phone})
	}
	return c.said.Read(args, w)
}

// amountKeys explain what is wrong with an amount.
var amountKeys = map[error]string{
	ask.ErrAmountForm: "amount.form", ask.ErrAmountApart: "amount.apart", ask.ErrAmountDecimals: "amount.decimals",
	ask.ErrAmountZero: "amount.zero", ask.ErrAmountHuge: "amount.huge",
}

func amountTrouble(t *talk.Turn, err error, typed string) []chat.Line {
	apart := ask.JoinApart(typed)
	if errors.Is(err, ask.ErrAmountApart) && apart == "" { // two sums
		err = ask.ErrAmountForm
	}
	return t.Say(amountKeys[err], "typed", i18n.Short(typed), "amount", t.P.Decimal(apart)).Body
}

// askAmount asks for the amount, with the amounts that Izly suggests as buttons.
func (c wallets) askAmount(ctx context.Context, t *talk.Turn, account string, trouble []chat.Line) (chat.Reply, error) {
	list, err := c.Wallet.Cards(ctx, account, secret.Text{})
	switch {
	case errors.Is(err, wallet.ErrNeedCode):
		return c.askCodeFor(t, account, "/recharger #"+account), nil
	case err != nil:
		return c.walletTrouble(t, account, err), nil
	}
	r := t.Say("topup.amount", "cancel", t.Cmd("annuler"))
	if name := c.viewOf(t, account).Wallet; name != "" {
		r = t.Say("topup.amount_of", "wallet", name, "cancel", t.Cmd("annuler"))
	}
	r.Body = append(trouble, r.Body...)
	expect := chat.ExpectText
	if len(list.Steps) > 0 {
		expect = chat.ExpectNothing // so that a number below can be picked as well as an amount be typed
	}
	r = t.Ask(r, talk.Question{
		Expect: expect, Leave: "cancel.amount", Takes: c.meansAmount,
		Next: func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
			return c.wished(ctx, t, account, c.read(t, nil, "recharger", answer))
		},
	})
	for _, step := range list.Steps {
		r.Choices = append(r.Choices, t.AnswerChoice(t.P.Euros(int64(step)), step.Wire()))
	}
	for _, a := range c.Rights.Owned(t.Who) {
		if a.Kind == rights.Wallet && a.ID != account {
			r.Choices = append(r.Choices, t.RunChoice(c.walletName(a.ID), "/recharger #"+a.ID))
		}
	}
	return r, nil
}

// meansAmount tells whether a text surely is an amount: "000150" is a code.
func (c wallets) meansAmount(t *talk.Turn, answer string) bool {
	q := c.read(t, nil, "recharger", answer)
	return q.Amount != nil && q.Amount.Err == nil && !strings.HasPrefix(answer, "00")
}

// topUpWish is what a person asks for.
type topUpWish struct {
	amount izly.Cents
	card   string     // as typed, or an ID; empty: the default card
	fee    izly.Cents // that Izly announced
}

// propose checks the wish, reads the cards and the balance, and shows the summary that can be confirmed.
func (c wallets) propose(ctx context.Context, t *talk.Turn, account string, wish topUpWish) (chat.Reply, error) {
	holder, _ := c.Wallet.Holder(account)
	if holder.MinTopUp > 0 && wish.amount < holder.MinTopUp || holder.MaxTopUp > 0 && wish.amount > holder.MaxTopUp {
		bounds := &wallet.BoundsError{Min: holder.MinTopUp, Max: holder.MaxTopUp}
		return c.askAmount(ctx, t, account, c.view(t).Bounds(wish.amount, bounds).Body)
	}
	switch waiting, found, err := c.Wallet.Unsettled(account); {
	case err != nil:
		return c.walletTrouble(t, account, err), nil
	case found:
		return c.viewOf(t, account).Unsettled(waiting), nil
	}
	list, err := c.Wallet.Cards(ctx, account, secret.Text{})
	switch {
	case errors.Is(err, wallet.ErrNeedCode):
		return c.askCodeFor(t, account, "/recharger "+wish.amount.Wire()+" "+wish.card+" #"+account), nil
	case err != nil:
		return c.walletTrouble(t, account, err), nil
	case len(list.Cards) == 0:
		return t.Say("topup.no_card"), nil
	}
	card, ok := pickCard(list.Cards, wish.card)
	if !ok {
		return t.Say("topup.no_such_card", "typed", i18n.Short(wish.card), "cards", c.view(t).CardNames(list.Cards)), nil
	}
	order, err := c.Wallet.Propose(ctx, wallet.Wish{
		Account: account, Chat: t.Chat, By: t.Person, Amount: wish.amount, Fee: wish.fee,
		CardID: card.ID, Card: view.CardName(card),
	})
	if err != nil {
		return c.notProposed(ctx, t, account, wish, err)
	}
	r := c.viewOf(t, account).Summary(order, holder, list.Balance)
	r.Choices = c.decide(t, order, len(list.Cards) > 1)
	return r, nil
}

// decide are the buttons below an order that can be confirmed.
func (c wallets) decide(t *talk.Turn, o wallet.Order, otherCards bool) []chat.Choice {
	list := []chat.Choice{t.Offer(c.view(t).Pay(o), actionConfirm, o.Key(), o.Account)}
	if otherCards {
		list = append(list, t.Offer(t.P.T("topup.button.card"), actionCard, o.Key(), o.Account))
	}
	return append(list, t.Offer(t.P.T("topup.button.cancel"), actionCancel, o.Key(), o.Account))
}

// notProposed says why there is nothing to confirm.
func (c wallets) notProposed(ctx context.Context, t *talk.Turn, account string, wish topUpWish, err error) (chat.Reply, error) {
	if waiting, ok := errors.AsType[*wallet.UnsettledError](err); ok {
		return c.viewOf(t, account).Unsettled(waiting.Order), nil
	}
	if bounds, ok := errors.AsType[*wallet.BoundsError](err); ok {
		return c.askAmount(ctx, t, account, c.view(t).Bounds(wish.amount, bounds).Body)
	}
	return c.walletTrouble(t, account, err), nil
}

// pickCard finds the card that is meant: by ID, by its last digits, by a part of its label that no other
// has; without a word the default one.
func pickCard(cards []izly.Card, wanted string) (izly.Card, bool) {
	word := strings.TrimPrefix(i18n.Fold(wanted), "carte ")
	if word == "" {
		for _, card := range cards {
			if card.Default {
				return card, true
			}
		}
		return cards[0], true
	}
	var labelled []izly.Card
	for _, card := range cards {
		if strings.EqualFold(card.ID, wanted) || card.Last4 != "" && card.Last4 == strings.Trim(word, "….* ") {
			return card, true
		}
		if strings.Contains(i18n.Fold(card.Label), word) {
			labelled = append(labelled, card)
		}
	}
	if len(labelled) != 1 { // one that is not clearly meant must not be charged
		return izly.Card{}, false
	}
	return labelled[0], true
}
