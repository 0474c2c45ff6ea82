package view

import (
	"strconv"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/wallet"
)

// WalletName tells a wallet from others: whose it is and the end of its number.
func WalletName(h wallet.Holder) string {
	phone := h.Phone
	if len(phone) > 4 {
		phone = "…" + phone[len(phone)-4:]
	}
	return strings.TrimSpace(h.FirstName + " " + phone)
}

// LinkedWallet says what the bot can now do.
func (v View) LinkedWallet(h wallet.Holder) chat.Reply {
	r := chat.Reply{Title: v.P.T("link.wallet.done")}
	if h.FirstName != "" {
		r.Body = append(r.Body, chat.Line{Label: v.P.T("link.wallet.holder"), Text: strings.TrimSpace(h.FirstName + " " + h.LastName)})
	}
	r.Body = append(r.Body, chat.Line{Text: v.P.T("link.wallet.can",
		"solde", v.Cmd("solde"), "historique", v.Cmd("historique"), "recharger", v.Cmd("recharger"))})
	return r
}

// Balance is what a wallet holds, as Izly has just said, and when it was changed last.
func (v View) Balance(b izly.Balance) []chat.Line {
	lines := []chat.Line{{Label: v.P.T("balance.main"), Text: euros(v, b.Main)}}
	if b.Cash != 0 {
		lines = append(lines, chat.Line{Label: v.P.T("balance.cash"), Text: euros(v, b.Cash)})
	}
	at := b.At.In(v.Zone)
	note := v.P.T("balance.now", "day", v.P.FullDate(at), "time", v.P.Clock(at))
	if v.Now.Sub(at).Abs() < time.Minute { // Izly told no date
		note = v.P.T("balance.undated")
	}
	return append(lines, chat.Line{Kind: chat.LineNote, Text: note})
}

// Statement is up to most operations, the newest first, and where the others are: mostEver is how many a person
// may ask for.
func (v View) Statement(s izly.Statement, most, mostEver int) []chat.Line {
	if len(s.Operations) == 0 {
		return []chat.Line{{Text: v.P.T("history.none")}}
	}
	var lines []chat.Line
	for _, op := range s.Operations[:min(most, len(s.Operations))] {
		lines = append(lines, v.Operation(op))
	}
	switch left := len(s.Operations) - most; {
	case left > 0 && most < mostEver:
		command := v.Cmd("historique") + " " + strconv.Itoa(min(len(s.Operations), mostEver))
		lines = append(lines, chat.Line{Kind: chat.LineNote, Text: v.P.N("history.more", left, "command", command)})
	case left > 0 || !s.Complete:
		lines = append(lines, chat.Line{Kind: chat.LineNote, Text: v.P.T("history.older")})
	}
	return lines
}

// Operation is "12/01 18:02  +20,00 € · Rechargement · Carte perso".
func (v View) Operation(op izly.Operation) chat.Line {
	sign := "−"
	if op.Credit {
		sign = "+"
	}
	at := op.At.In(v.Zone)
	parts := []string{sign + euros(v, op.Amount), operationKind(v, op), op.Party, op.Text}
	switch op.Status {
	case izly.StatusPending:
		parts = append(parts, v.P.T("history.pending"))
	case izly.StatusFailed:
		parts = append(parts, v.P.T("history.failed"))
	}
	if op.Fee != 0 {
		parts = append(parts, v.P.T("history.fee", "fee", euros(v, op.Fee)))
	}
	return chat.Line{Label: v.P.ShortDate(at) + " " + v.P.Clock(at), Text: joinParts(parts...)}
}

// operationKeys name the TYPE values that a student meets (izly-today §5.1).
var operationKeys = map[int]string{
	0: "operation.received", 1: "operation.payment", 2: "operation.topup", 3: "operation.transfer",
	6: "operation.refund", 7: "operation.online", 8: "operation.terminal", 9: "operation.fee",
	10: "operation.topup_refund", 13: "operation.promotion", 14: "operation.refund", 18: "operation.payment",
	19: "operation.refund", 20: "operation.payment", 21: "operation.refund", 24: "operation.topup",
	26: "operation.topup", 29: "operation.adjustment", 30: "operation.adjustment",
}

func operationKind(v View, op izly.Operation) string {
	if key := operationKeys[op.Type]; key != "" {
		return v.P.T(key)
	}
	if op.Credit {
		return v.P.T("operation.credit")
	}
	return v.P.T("operation.debit")
}

// CardName is "Carte perso (Visa …4242)".
func CardName(c izly.Card) string {
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

// CardNames lists cards for a sentence.
func (v View) CardNames(cards []izly.Card) string {
	var names []string
	for _, c := range cards {
		names = append(names, CardName(c))
	}
	return list(v, names)
}
