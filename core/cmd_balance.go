package core

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/i18n"
)

// Operations that /historique shows when it is not told how many, and at the most.
const (
	historyDefault = 10
	historyMost    = 50
)

// balance is /solde: every wallet of the chat.
func balance(ctx context.Context, t *turn, args string) (Reply, error) {
	wallets, err := t.wallets()
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Title: t.p.T("balance.title")}
	for _, a := range wallets {
		var b izly.Balance
		err := a.do(ctx, secret.Text{}, func(w *izly.Wallet) (err error) {
			b, err = w.Balance(ctx)
			return err
		})
		if again, asked := t.askCodeFor(err, a, "/solde"); asked {
			return again, nil
		}
		if err != nil {
			if len(wallets) == 1 {
				return t.walletTrouble(a, err), nil
			}
			r.Body = append(r.Body, t.walletHeading(a, len(wallets))...)
			r.Body = append(r.Body, t.explain(err).Body...)
			continue
		}
		r.Body = append(r.Body, t.walletHeading(a, len(wallets))...)
		r.Body = append(r.Body, t.balanceLines(b)...)
	}
	return r, nil
}

func (t *turn) balanceLines(b izly.Balance) []Line {
	lines := []Line{{Label: t.p.T("balance.main"), Text: t.p.Euros(int64(b.Main))}}
	if b.Cash != 0 {
		lines = append(lines, Line{Label: t.p.T("balance.cash"), Text: t.p.Euros(int64(b.Cash))})
	}
	at := b.At.In(t.e.cfg.Location)
	return append(lines, Line{Kind: LineNote, Text: t.p.T("balance.at", "day", t.p.FullDate(at), "time", t.p.Clock(at))})
}

// history is /historique [number of operations].
func history(ctx context.Context, t *turn, args string) (Reply, error) {
	most := historyDefault
	if args = strings.TrimSpace(args); args != "" {
		n, err := strconv.Atoi(args)
		if err != nil || n < 1 || n > historyMost {
			return Reply{}, say("history.args", "typed", i18n.Short(args), "most", historyMost, "command", t.cmd("historique"))
		}
		most = n
	}
	wallets, err := t.wallets()
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Title: t.p.T("history.title")}
	for _, a := range wallets {
		var s izly.Statement
		err := a.do(ctx, secret.Text{}, func(w *izly.Wallet) (err error) {
			s, err = w.Statement(ctx)
			return err
		})
		if again, asked := t.askCodeFor(err, a, "/historique "+args); asked {
			return again, nil
		}
		if err != nil && len(wallets) == 1 {
			return t.walletTrouble(a, err), nil
		}
		r.Body = append(r.Body, t.walletHeading(a, len(wallets))...)
		if err != nil {
			r.Body = append(r.Body, t.explain(err).Body...)
			continue
		}
		r.Body = append(r.Body, t.operationLines(s, most)...)
	}
	return r, nil
}

func (t *turn) operationLines(s izly.Statement, most int) []Line {
	if len(s.Operations) == 0 {
		return []Line{{Text: t.p.T("history.none")}}
	}
	var lines []Line
	for _, op := range s.Operations[:min(most, len(s.Operations))] {
		lines = append(lines, t.operationLine(op))
	}
	switch left := len(s.Operations) - most; {
	case left > 0 && most < historyMost:
		command := t.cmd("historique") + " " + strconv.Itoa(min(len(s.Operations), historyMost))
		lines = append(lines, Line{Kind: LineNote, Text: t.p.N("history.more", left, "command", command)})
	case left > 0 || !s.Complete:
		lines = append(lines, Line{Kind: LineNote, Text: t.p.T("history.older")})
	}
	return lines
}

// operationLine is "12/01 18:02  +20,00 € · Rechargement · Carte perso".
func (t *turn) operationLine(op izly.Operation) Line {
	sign := "−"
	if op.Credit {
		sign = "+"
	}
	at := op.At.In(t.e.cfg.Location)
	parts := []string{sign + t.p.Euros(int64(op.Amount)), t.operationKind(op), op.Party, op.Text}
	switch op.Status {
	case izly.StatusPending:
		parts = append(parts, t.p.T("history.pending"))
	case izly.StatusFailed:
		parts = append(parts, t.p.T("history.failed"))
	}
	if op.Fee != 0 {
		parts = append(parts, t.p.T("history.fee", "fee", t.p.Euros(int64(op.Fee))))
	}
	return Line{Label: t.p.ShortDate(at) + " " + t.p.Clock(at), Text: joinParts(parts)}
}

// operationKeys name the TYPE values that a student meets (izly-today §5.1).
var operationKeys = map[int]string{
	0: "operation.received", 1: "operation.payment", 2: "operation.topup", 3: "operation.transfer",
	6: "operation.refund", 7: "operation.online", 8: "operation.terminal", 9: "operation.fee",
	10: "operation.topup_refund", 13: "operation.promotion", 14: "operation.refund", 18: "operation.payment",
	19: "operation.refund", 20: "operation.payment", 21: "operation.refund", 24: "operation.topup",
	26: "operation.topup", 29: "operation.adjustment", 30: "operation.adjustment",
}

func (t *turn) operationKind(op izly.Operation) string {
	if key := operationKeys[op.Type]; key != "" {
		return t.p.T(key)
	}
	if op.Credit {
		return t.p.T("operation.credit")
	}
	return t.p.T("operation.debit")
}

// wallets are those of this chat; none is an error with a sentence.
func (t *turn) wallets() ([]*walletAccount, error) {
	wallets := t.openWallets()
	if len(wallets) == 0 {
		return nil, say("wallet.none", "link", t.cmd("connexion"))
	}
	return wallets, nil
}

// walletName tells a wallet from others: whose it is and the end of its number.
func (a *walletAccount) walletName() string {
	account := a.record().Wallet.Account
	phone := account.Phone
	if len(phone) > 4 {
		phone = "…" + phone[len(phone)-4:]
	}
	return strings.TrimSpace(account.FirstName + " " + phone)
}

// walletHeading names the wallet when there are several.
func (t *turn) walletHeading(a *walletAccount, wallets int) []Line {
	if wallets < 2 {
		return nil
	}
	return []Line{{Kind: LineHeading, Text: a.walletName()}}
}

// walletTrouble explains an error; when a newly typed secret code can help, it offers to take one.
func (t *turn) walletTrouble(a *walletAccount, err error) Reply {
	r := t.explain(err)
	if a.record().Wallet.Stopped == stoppedWrongCode && t.msg.Private {
		const pressed = "code"
		r = t.ask(r, question{leave: "cancel.code", about: []string{a.id}, takes: takesNoWords, next: func(_ context.Context, t *turn, answer string) (Reply, error) {
			if answer != pressed { // only a button was offered, so this is an ordinary message
				return t.notACommand(t.e.parseSaid(answer))
			}
			return t.askCode(a, "/solde"), nil
		}})
		r.Choices = append(r.Choices, t.answerChoice(t.p.T("code.button"), pressed))
	}
	return r
}

// askCodeFor asks for the secret code when err says that it is needed; with it the session is renewed
// and line runs again.
func (t *turn) askCodeFor(err error, a *walletAccount, line string) (Reply, bool) {
	if !errors.Is(err, errNeedCode) {
		return Reply{}, false
	}
	if !t.msg.Private {
		return t.plain("code.private_only"), true
	}
	return t.askCode(a, line), true
}

func (t *turn) askCode(a *walletAccount, line string) Reply {
	ask := t.plain("code.ask", "wallet", a.walletName(), "cancel", t.cmd("annuler"))
	return t.ask(ask, question{expect: ExpectSecret, leave: "cancel.code", about: []string{a.id}, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		code, err := izly.ParseSecretCode(answer)
		if err != nil {
			again := t.askCode(a, line)
			again.Body = append(t.codeForm().Body, again.Body...)
			return again, nil
		}
		if err := a.do(ctx, code, func(w *izly.Wallet) error {
			_, err := w.Balance(ctx) // any call that tells whether the session holds
			if errors.Is(err, izly.ErrNoBalance) {
				return nil
			}
			return err
		}); err != nil {
			return t.walletTrouble(a, err), nil
		}
		return t.runLine(ctx, line)
	}})
}

// codeForm says that something is no secret code.
func (t *turn) codeForm() Reply { return t.plain("code.form", "cancel", t.cmd("annuler")) }
