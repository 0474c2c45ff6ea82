package view

import (
	"errors"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/wallet"
)

// Summary shows what would be spent. balance is what the wallet holds now; nil stands for the last one that was seen.
func (v View) Summary(o wallet.Order, h wallet.Holder, balance *izly.Balance) chat.Reply {
	r := chat.Reply{Title: v.P.T("topup.title"), Question: question(v, o), Body: []chat.Line{
		{Label: v.P.T("topup.label.amount"), Text: euros(v, o.Amount)},
		{Label: v.P.T("topup.label.card"), Text: o.Card},
	}}
	if o.Fee != 0 {
		r.Body = append(r.Body, chat.Line{Label: v.P.T("topup.label.fee"), Text: euros(v, o.Fee)})
	}
	if balance == nil {
		balance = h.Balance
	}
	if balance != nil {
		r.Body = append(
			r.Body,
			chat.Line{Label: v.P.T("topup.label.before"), Text: euros(v, balance.Main)},
			chat.Line{Label: v.P.T("topup.label.after"), Text: euros(v, balance.Main+o.Amount)},
		)
	}
	r.Body = append(r.Body, chat.Line{Kind: chat.LineNote, Text: v.P.T("topup.nothing_yet", "minutes", orderMinutes)})
	return v.OfWallet(r)
}

// OfWallet says first which wallet a reply is about, where its owner has several.
func (v View) OfWallet(r chat.Reply) chat.Reply {
	if v.Wallet != "" {
		r.Body = append([]chat.Line{{Label: v.P.T("wallet.label"), Text: v.Wallet}}, r.Body...)
	}
	return r
}

// walletBefore says which wallet a sentence is about, where its owner has several.
func (v View) walletBefore(sentence string) string {
	if v.Wallet == "" {
		return sentence
	}
	return v.P.T("wallet.before", "wallet", v.Wallet, "sentence", sentence)
}

// Pay is what the button says that confirms an order: all that the card is charged.
func (v View) Pay(o wallet.Order) string {
	return v.P.T("topup.button.confirm", "amount", euros(v, o.Amount+o.Fee))
}

// question is what the owner of an order decides.
func question(v View, o wallet.Order) string {
	key := "topup.question"
	if o.Fee != 0 {
		key = "topup.question_fee"
	}
	return v.walletBefore(v.P.T(key, "amount", euros(v, o.Amount), "card", o.Card, "fee", euros(v, o.Fee)))
}

// CodeFor asks for the secret code that confirms an order.
func (v View) CodeFor(o wallet.Order) chat.Reply {
	return v.OfWallet(v.Say("topup.code", "amount", euros(v, o.Amount), "cancel", v.Cmd("annuler")))
}

// WhichCard asks with which card to pay instead.
func (v View) WhichCard(o wallet.Order) chat.Reply {
	return v.OfWallet(v.Say("topup.which_card", "amount", euros(v, o.Amount)))
}

const orderMinutes = int(wallet.OrderLife / time.Minute)

// orderKeys tell how an order stands that can no longer be decided on.
var orderKeys = map[wallet.State]string{
	wallet.Preparing:  "topup.state.running",
	wallet.Confirming: "topup.state.running",
	wallet.Done:       "topup.state.done",
	wallet.Refused:    "topup.state.refused",
	wallet.Pending:    "topup.state.pending",
	wallet.Unknown:    "topup.state.unknown",
	wallet.Untraced:   "topup.state.untraced",
	wallet.Unchecked:  "topup.state.unchecked",
	wallet.Failed:     "topup.state.failed",
	wallet.Cancelled:  "topup.state.cancelled",
}

// Order says how an order stands: what a second press is told, and a word that a person types while one is proposed.
func (v View) Order(o wallet.Order) chat.Reply { return v.OfWallet(stand(v, o)) }

func stand(v View, o wallet.Order) chat.Reply {
	key, known := orderKeys[o.State]
	switch {
	case known:
		return v.Say(key, "amount", euros(v, o.Amount), "card", o.Card, "command", v.Cmd("recharger"))
	case o.State != wallet.Proposed:
		return unsure(v, o)
	case o.Open(v.Now):
		return v.Say("topup.how", "amount", euros(v, o.Amount), "confirm", v.Pay(o), "cancel", v.Cmd("annuler"))
	default:
		again := v.Cmd("recharger") + " " + strings.TrimSuffix(o.Amount.Wire(), ".0")
		return v.Say("topup.expired", "minutes", orderMinutes, "command", again)
	}
}

// settledKeys are orderKeys in a few words.
var settledKeys = map[wallet.State]string{
	wallet.Preparing:  "topup.settled.running",
	wallet.Confirming: "topup.settled.running",
	wallet.Done:       "topup.settled.done",
	wallet.Refused:    "topup.settled.refused",
	wallet.Pending:    "topup.settled.pending",
	wallet.Unknown:    "topup.settled.unknown",
	wallet.Untraced:   "topup.settled.check",
	wallet.Unchecked:  "topup.settled.check",
	wallet.Failed:     "topup.settled.failed",
	wallet.Cancelled:  "topup.settled.cancelled",
}

// Settled says in a few words how an order stands that was decided on, for who presses again.
func (v View) Settled(o wallet.Order) string {
	key, known := settledKeys[o.State]
	if !known {
		key = "topup.settled.check"
	}
	return v.walletBefore(v.P.T(key, "amount", euros(v, o.Amount)))
}

// Outcome says what became of a confirmation. Where the order may have left and nobody could note or read what became
// of it, that is what it says.
func (v View) Outcome(out wallet.Outcome) chat.Reply { return v.OfWallet(outcome(v, out)) }

func outcome(v View, out wallet.Outcome) chat.Reply {
	if !out.Acted {
		return stand(v, out.Order)
	}
	amount := euros(v, out.Order.Amount)
	switch out.Order.State {
	case wallet.Done:
		return receipt(v, out)
	case wallet.Pending:
		return v.Say("topup.secure", "amount", amount)
	case wallet.Refused:
		return refusal(v, out)
	case wallet.Unknown:
		return v.Say("topup.unknown", "amount", amount, "history", v.Cmd("historique"))
	case wallet.Confirming:
		return unsure(v, out.Order)
	case wallet.Proposed, wallet.Preparing, wallet.Failed:
		return notSent(v, out)
	default:
		return stand(v, out.Order)
	}
}

// receipt says that the top-up is done, and the new balance when the answer told it.
func receipt(v View, out wallet.Outcome) chat.Reply {
	r := chat.Reply{
		Title: v.P.T("topup.done", "amount", euros(v, out.Order.Amount)),
		Body:  []chat.Line{{Label: v.P.T("topup.label.card"), Text: out.Order.Card}},
	}
	if out.Balance != nil {
		r.Body = append(r.Body, chat.Line{Label: v.P.T("topup.label.now"), Text: euros(v, out.Balance.Main)})
	}
	return r
}

// refusal says that Izly refused the confirmation, and why in its own words.
func refusal(v View, out wallet.Outcome) chat.Reply {
	key := "topup.refused"
	switch {
	case errors.Is(out.Err, izly.ErrWrongCode):
		key = "topup.wrong_code"
	case errors.Is(out.Err, izly.ErrBlocked):
		key = "stopped.blocked"
	}
	r := v.Say(key, "amount", euros(v, out.Order.Amount), "command", v.Cmd("recharger"), "link", v.Cmd("connexion"))
	return v.WithServerText(r, out.Err)
}

// notSent says why nothing was sent that spends.
func notSent(v View, out wallet.Outcome) chat.Reply {
	switch {
	case errors.Is(out.Err, wallet.ErrFee):
		return v.Say("topup.fee", "fee", euros(v, out.Fee))
	case out.Err == nil:
		return stand(v, out.Order)
	}
	r, _ := v.Error(out.Err, nil)
	r.Body = append(r.Body, v.Say("topup.nothing_spent").Body...)
	return r
}

// unsure says that money may have moved. An order that could not be read has no amount.
func unsure(v View, o wallet.Order) chat.Reply {
	if o.Amount == 0 {
		return v.Say("error.wallet.unsure", "history", v.Cmd("historique"))
	}
	return v.Say("topup.unsure", "amount", euros(v, o.Amount), "history", v.Cmd("historique"))
}

// Unsettled says that an order which is under way stands in the way of another.
func (v View) Unsettled(o wallet.Order) chat.Reply {
	key, values := unsettled(v, o)
	return v.OfWallet(v.Say(key, values...))
}

func unsettled(v View, o wallet.Order) (key string, values []any) {
	key = "topup.wait"
	switch {
	case o.Sent.IsZero():
		key = "topup.state.running"
	case !today(v, o.Sent):
		key = "topup.wait_before"
	}
	return key, sent(v, o)
}

// sent are the values of a sentence about an order that was sent.
func sent(v View, o wallet.Order) []any {
	at := o.Sent.In(v.Zone)
	return []any{"amount", euros(v, o.Amount), "day", v.P.FullDate(at), "at", v.P.Clock(at)}
}

// Lost says what is known by now of a top-up whose answer was lost.
func (v View) Lost(o wallet.Order, why wallet.Why) chat.Reply {
	key := "topup.found"
	if !today(v, o.Sent) {
		key = "topup.found_before"
	}
	r := v.Say(key, sent(v, o)...)
	if why == wallet.WhyNeedCode {
		r.Body = append(r.Body, v.Say("topup.need_code", "history", v.Cmd("historique")).Body...)
		return v.OfWallet(r)
	}
	r.Body = append(r.Body, stand(v, o).Body...)
	return v.OfWallet(r)
}

// Bounds says that Izly does not take an amount. A bound that Izly has not told is left out.
func (v View) Bounds(amount izly.Cents, bounds *wallet.BoundsError) chat.Reply {
	key := "topup.bounds"
	switch {
	case bounds.Max == 0:
		key = "topup.bounds_min"
	case bounds.Min == 0:
		key = "topup.bounds_max"
	}
	return v.Say(key, "amount", euros(v, amount), "min", euros(v, bounds.Min), "max", euros(v, bounds.Max))
}
