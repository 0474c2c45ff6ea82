package commands

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/rights"
	"cartable/core/secret"
	"cartable/core/talk"
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
	account, args := c.pickWallet(accounts, args)
	amount, read, card, err := splitTopUp(args)
	if err != nil {
		return c.askAmount(ctx, t, account, amountTrouble(t, err, read))
	}
	if amount == 0 {
		return c.askAmount(ctx, t, account, nil)
	}
	return c.propose(ctx, t, account, topUpWish{amount: amount, card: card})
}

// pickWallet takes a word that names one of several wallets ("…3344" or a first name) out of args.
func (c wallets) pickWallet(accounts []rights.Account, args string) (account, rest string) {
	words := strings.Fields(args)
	for i, word := range words {
		for _, a := range accounts {
			holder, _ := c.Wallet.Holder(a.ID)
			if word == "#"+a.ID || len(accounts) > 1 && namesWallet(holder, word, i > 0) {
				return a.ID, strings.Join(slices.Delete(words, i, i+1), " ")
			}
		}
	}
	return accounts[0].ID, args
}

// namesWallet tells whether a word is the first name of the holder, or, after an amount, the end of the number.
func namesWallet(h wallet.Holder, word string, afterAmount bool) bool {
	return i18n.Fold(word) == i18n.Fold(h.FirstName) ||
		len(word) >= 4 && afterAmount && strings.HasSuffix(h.Phone, strings.TrimPrefix(word, "…"))
}

// splitTopUp reads "20", "20 €", "12,50 euros carte parents". amount is 0 when args is empty; read are the words
// that were taken for it, also when there is something wrong with them.
func splitTopUp(args string) (amount izly.Cents, read, card string, err error) {
	words := strings.Fields(args)
	if len(words) == 0 {
		return 0, "", "", nil
	}
	for n := min(len(words), 4); n > 0; n-- { // "1 000 000 €" is one amount, and "- 20" is negative
		read := strings.Join(words[:n], " ")
		switch amount, err := parseAmount(read); {
		case err == nil:
			return amount, read, strings.Join(words[n:], " "), nil
		case err != errAmountForm:
			return 0, read, "", err
		}
	}
	return 0, args, "", errAmountForm
}

// amountKeys explain what is wrong with an amount.
var amountKeys = map[error]string{
	errAmountForm: "amount.form", errAmountApart: "amount.apart", errAmountDecimals: "amount.decimals",
	errAmountZero: "amount.zero", errAmountHuge: "amount.huge",
}

func amountTrouble(t *talk.Turn, err error, typed string) []chat.Line {
	return t.Say(amountKeys[err], "typed", i18n.Short(typed), "amount", t.P.Decimal(joinApart(typed))).Body
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
	r.Body = append(trouble, r.Body...)
	expect := chat.ExpectText
	if len(list.Steps) > 0 {
		expect = chat.ExpectNothing // so that a number below can be picked as well as an amount be typed
	}
	r = t.Ask(r, talk.Question{
		Expect: expect, Leave: "cancel.amount", Takes: meansAmount,
		Next: func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
			amount, read, card, err := splitTopUp(answer)
			if err != nil {
				return c.askAmount(ctx, t, account, amountTrouble(t, err, read))
			}
			return c.propose(ctx, t, account, topUpWish{amount: amount, card: card})
		},
	})
	for _, step := range list.Steps {
		r.Choices = append(r.Choices, t.AnswerChoice(t.P.Euros(int64(step)), step.Wire()))
	}
	return r, nil
}

// meansAmount tells whether a text surely is an amount: "000150" is a code.
func meansAmount(_ *talk.Turn, answer string) bool {
	_, _, _, err := splitTopUp(answer)
	return err == nil && !strings.HasPrefix(answer, "00")
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
		return c.view(t).Bounds(wish.amount, &wallet.BoundsError{Min: holder.MinTopUp, Max: holder.MaxTopUp}), nil
	}
	switch waiting, found, err := c.Wallet.Unsettled(account); {
	case err != nil:
		return c.walletTrouble(t, account, err), nil
	case found:
		return c.view(t).Unsettled(waiting), nil
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
		return t.Say("topup.no_such_card", "typed", i18n.Short(wish.card), "cards", t.P.List(c.cardNames(t, list.Cards), t.P.T("and"))), nil
	}
	order, err := c.Wallet.Propose(ctx, wallet.Wish{
		Account: account, Chat: t.Chat, By: t.Person, Amount: wish.amount, Fee: wish.fee,
		CardID: card.ID, Card: c.view(t).CardName(card),
	})
	if err != nil {
		return c.notProposed(t, account, wish, err), nil
	}
	r := c.view(t).Summary(order, holder, list.Balance)
	r.Choices = []chat.Choice{t.Offer(t.P.T("topup.button.confirm"), actionConfirm, order.Key(), account)}
	if len(list.Cards) > 1 {
		r.Choices = append(r.Choices, t.Offer(t.P.T("topup.button.card"), actionCard, order.Key(), account))
	}
	r.Choices = append(r.Choices, t.Offer(t.P.T("topup.button.cancel"), actionCancel, order.Key(), account))
	return r, nil
}

// notProposed says why there is nothing to confirm.
func (c wallets) notProposed(t *talk.Turn, account string, wish topUpWish, err error) chat.Reply {
	if waiting, ok := errors.AsType[*wallet.UnsettledError](err); ok {
		return c.view(t).Unsettled(waiting.Order)
	}
	if bounds, ok := errors.AsType[*wallet.BoundsError](err); ok {
		return c.view(t).Bounds(wish.amount, bounds)
	}
	return c.walletTrouble(t, account, err)
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

func (c wallets) cardNames(t *talk.Turn, cards []izly.Card) []string {
	var names []string
	for _, card := range cards {
		names = append(names, c.view(t).CardName(card))
	}
	return names
}
