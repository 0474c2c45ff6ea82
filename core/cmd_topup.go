package core

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/i18n"
)

// topUp is /recharger [amount] [card]. It spends nothing: it asks for what is missing and then proposes.
func topUp(ctx context.Context, t *turn, args string) (Reply, error) {
	wallets, err := t.wallets()
	if err != nil {
		return Reply{}, err
	}
	wallets = slices.DeleteFunc(wallets, func(a *walletAccount) bool { return a.owner != t.msg.Person })
	if len(wallets) == 0 {
		return t.plain("topup.not_owner"), nil
	}
	wallet, args := pickWallet(wallets, args)
	amount, read, card, err := splitTopUp(args)
	if err != nil {
		return t.askAmount(ctx, wallet, t.amountTrouble(err, read))
	}
	if amount == 0 {
		return t.askAmount(ctx, wallet, nil)
	}
	return t.propose(ctx, wallet, topUpWish{amount: amount, card: card})
}

// pickWallet takes a word that names one of several wallets ("…3344" or a first name) out of args.
func pickWallet(wallets []*walletAccount, args string) (*walletAccount, string) {
	words := strings.Fields(args)
	for i, word := range words {
		for _, a := range wallets {
			account := a.record().Wallet.Account
			if word == "#"+a.id || len(wallets) > 1 && (i18n.Fold(word) == i18n.Fold(account.FirstName) || len(word) >= 4 && i > 0 && strings.HasSuffix(account.Phone, strings.TrimPrefix(word, "…"))) {
				return a, strings.Join(append(append([]string{}, words[:i]...), words[i+1:]...), " ")
			}
		}
	}
	return wallets[0], args
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

func (t *turn) amountTrouble(err error, typed string) []Line {
	return t.plain(amountKeys[err], "typed", i18n.Short(typed), "amount", t.p.Decimal(joinApart(typed))).Body
}

// askAmount asks for the amount, with the amounts that Izly suggests as buttons.
func (t *turn) askAmount(ctx context.Context, a *walletAccount, trouble []Line) (Reply, error) {
	var list izly.Cards
	err := a.do(ctx, secret.Text{}, func(w *izly.Wallet) (err error) {
		list, err = w.Cards(ctx)
		return err
	})
	if again, asked := t.askCodeFor(err, a, "/recharger #"+a.id); asked {
		return again, nil
	}
	if err != nil {
		return t.walletTrouble(a, err), nil
	}
	r := t.plain("topup.amount", "cancel", t.cmd("annuler"))
	r.Body = append(trouble, r.Body...)
	expect := ExpectText
	if len(list.Steps) > 0 {
		expect = ExpectNothing // so that a number below can be picked as well as an amount be typed
	}
	r = t.ask(r, question{expect: expect, leave: "cancel.amount", takes: meansAmount, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		amount, read, card, err := splitTopUp(answer)
		if err != nil {
			return t.askAmount(ctx, a, t.amountTrouble(err, read))
		}
		return t.propose(ctx, a, topUpWish{amount: amount, card: card})
	}})
	for _, step := range list.Steps {
		r.Choices = append(r.Choices, t.answerChoice(t.p.Euros(int64(step)), step.Wire()))
	}
	return r, nil
}

// meansAmount tells whether a text surely is an amount: "000150" is a code.
func meansAmount(_ *turn, answer string) bool {
	_, _, _, err := splitTopUp(answer)
	return err == nil && !strings.HasPrefix(answer, "00")
}

// topUpWish is what a person asks for.
type topUpWish struct {
	amount izly.Cents
	card   string     // as typed, or an ID; empty: the default card
	fee    izly.Cents // that the server announced
}

// propose checks the wish, reads the cards and the balance, and shows the summary that can be confirmed.
func (t *turn) propose(ctx context.Context, a *walletAccount, wish topUpWish) (Reply, error) {
	account := a.record().Wallet.Account
	if account.MinTopUp > 0 && wish.amount < account.MinTopUp || account.MaxTopUp > 0 && wish.amount > account.MaxTopUp {
		return t.plain("topup.bounds", "amount", t.p.Euros(int64(wish.amount)), "min", t.p.Euros(int64(account.MinTopUp)),
			"max", t.p.Euros(int64(account.MaxTopUp)), "command", t.cmd("recharger")), nil
	}
	if waiting, err := t.e.unsettledTopUp(a.id); err != nil || waiting != nil {
		if err != nil {
			return Reply{}, err
		}
		return t.plain("topup.wait", "amount", t.p.Euros(int64(waiting.Amount)), "at", t.p.Clock(waiting.Sent.In(t.e.cfg.Location))), nil
	}
	var list izly.Cards
	err := a.do(ctx, secret.Text{}, func(w *izly.Wallet) (err error) {
		list, err = w.Cards(ctx)
		return err
	})
	if again, asked := t.askCodeFor(err, a, "/recharger "+wish.amount.Wire()+" "+wish.card+" #"+a.id); asked {
		return again, nil
	}
	if err != nil {
		return t.walletTrouble(a, err), nil
	}
	if len(list.Cards) == 0 {
		return t.plain("topup.no_card"), nil
	}
	card, ok := pickCard(list.Cards, wish.card)
	if !ok {
		return t.plain("topup.no_such_card", "typed", i18n.Short(wish.card), "cards", t.p.List(cardNames(list.Cards), t.p.T("and"))), nil
	}
	p := proposal{
		ID: t.e.newID(), Link: a.id, Chat: t.msg.Chat, Owner: t.msg.Person,
		Amount: wish.amount, Fee: wish.fee, CardID: card.ID, Card: cardName(card), State: topUpProposed,
		Created: t.e.cfg.Now(), Expires: t.e.cfg.Now().Add(proposalLife),
	}
	if _, err := t.takeBackProposals(); err != nil {
		return Reply{}, err
	}
	if err := t.e.cfg.Store.Update(func(tx Tx) error { return proposals.put(tx, p.ID, p) }); err != nil {
		return Reply{}, err
	}
	return t.summary(a, p, list), nil
}

// summary shows what would be spent, and the buttons.
func (t *turn) summary(a *walletAccount, p proposal, list izly.Cards) Reply {
	r := Reply{Title: t.p.T("topup.title")}
	r.Body = []Line{
		{Label: t.p.T("topup.label.amount"), Text: t.p.Euros(int64(p.Amount))},
		{Label: t.p.T("topup.label.card"), Text: p.Card},
	}
	if p.Fee != 0 {
		r.Body = append(r.Body, Line{Label: t.p.T("topup.label.fee"), Text: t.p.Euros(int64(p.Fee))})
	}
	balance := list.Balance
	if balance == nil {
		balance = a.record().Wallet.Account.Balance
	}
	if balance != nil {
		r.Body = append(
			r.Body,
			Line{Label: t.p.T("topup.label.before"), Text: t.p.Euros(int64(balance.Main))},
			Line{Label: t.p.T("topup.label.after"), Text: t.p.Euros(int64(balance.Main + p.Amount))},
		)
	}
	r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.T("topup.nothing_yet", "minutes", int(proposalLife.Minutes()))})
	r.Choices = []Choice{t.offer(t.p.T("topup.button.confirm"), actTopUp, p.ID)}
	if len(list.Cards) > 1 {
		r.Choices = append(r.Choices, t.offer(t.p.T("topup.button.card"), actTopUpCard, p.ID))
	}
	r.Choices = append(r.Choices, t.offer(t.p.T("topup.button.cancel"), actTopUpCancel, p.ID))
	return r
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

// cardName is "Carte perso (Visa …4242)".
func cardName(c izly.Card) string {
	name := c.Label
	if name == "" {
		name = "CB"
	}
	detail := c.Network
	if c.Last4 != "" {
		detail = strings.TrimSpace(detail + " …" + c.Last4)
	}
	if detail == "" {
		return name
	}
	return name + " (" + detail + ")"
}

func cardNames(cards []izly.Card) []string {
	var names []string
	for _, c := range cards {
		names = append(names, cardName(c))
	}
	return names
}

// otherCard takes a proposal back and offers the cards for a new one.
func (t *turn) otherCard(ctx context.Context, id string) (Reply, error) {
	a, p, r, err := t.openProposal(id)
	if a == nil || err != nil {
		return r, err
	}
	var list izly.Cards
	if err := a.do(ctx, secret.Text{}, func(w *izly.Wallet) (err error) {
		list, err = w.Cards(ctx)
		return err
	}); err != nil {
		if again, asked := t.askCodeFor(err, a, "/recharger "+p.Amount.Wire()+" #"+a.id); asked {
			return again, nil
		}
		return t.walletTrouble(a, err), nil
	}
	if _, _, err := t.e.move(id, topUpProposed, to(topUpCancelled)); err != nil {
		return Reply{}, err
	}
	r = t.plain("topup.which_card", "amount", t.p.Euros(int64(p.Amount)))
	var ids []string
	for _, card := range list.Cards {
		r.Choices = append(r.Choices, t.runChoice(cardName(card), "/recharger "+p.Amount.Wire()+" "+card.ID+" #"+a.id))
		ids = append(ids, card.ID)
	}
	meansCard := func(_ *turn, answer string) bool {
		_, is := pickCard(list.Cards, answer)
		return is
	}
	return t.askOneOf(r, ids, question{leave: "cancel.topup", takes: meansCard, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		return t.propose(ctx, a, topUpWish{amount: p.Amount, card: answer})
	}}), nil
}

// cancelTopUp takes a proposal back.
func (t *turn) cancelTopUp(id string) (Reply, error) {
	a, _, r, err := t.openProposal(id)
	if a == nil || err != nil {
		return r, err
	}
	_, moved, err := t.e.move(id, topUpProposed, to(topUpCancelled))
	if err != nil {
		return Reply{}, err
	}
	if !moved {
		return t.proposalState(id)
	}
	return t.plain("cancel.topup"), nil
}

// openProposal returns a proposal that can still be decided on, with its wallet. Otherwise the wallet is nil
// and the reply says what happened to it.
func (t *turn) openProposal(id string) (*walletAccount, proposal, Reply, error) {
	p, found, err := t.e.proposal(id)
	switch {
	case err != nil:
		return nil, p, Reply{}, err
	case !found:
		return nil, p, t.plain("topup.gone"), nil
	case p.Owner != t.msg.Person:
		return nil, p, t.plain("topup.not_owner"), nil
	case p.State != topUpProposed:
		r, err := t.proposalState(id)
		return nil, p, r, err
	case !t.e.cfg.Now().Before(p.Expires):
		return nil, p, t.plain("topup.expired", "minutes", int(proposalLife.Minutes()), "command", t.cmd("recharger")+" "+strings.TrimSuffix(p.Amount.Wire(), ".0")), nil
	}
	if a := t.e.wallet(p.Link); a != nil {
		return a, p, Reply{}, nil
	}
	return nil, p, Reply{}, errLinkGone
}

// stateKeys tell a second press what became of the first.
var stateKeys = map[proposalState]string{
	topUpPreparing: "topup.state.running", topUpConfirming: "topup.state.running",
	topUpDone: "topup.state.done", topUpRefused: "topup.state.refused", topUpPending: "topup.state.pending",
	topUpUnknown: "topup.state.unknown", topUpUntraced: "topup.state.untraced", topUpUnchecked: "topup.state.unchecked",
	topUpFailed: "topup.state.failed", topUpCancelled: "topup.state.cancelled", topUpProposed: "topup.gone",
}

func (t *turn) proposalState(id string) (Reply, error) {
	p, found, err := t.e.proposal(id)
	if err != nil {
		return Reply{}, err
	}
	if !found {
		return t.plain("topup.gone"), nil
	}
	return t.plain(stateKeys[p.State], "amount", t.p.Euros(int64(p.Amount)), "card", p.Card, "command", t.cmd("recharger")), nil
}

// errFee says that the server announced a fee which the summary did not show.
var errFee = errors.New("core: the server announced another fee")
