package commands

import (
	"context"
	"errors"
	"strings"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/rights"
	"cartable/core/secret"
	"cartable/core/talk"
	"cartable/core/wallet"
	"cartable/i18n"
)

// Operations that /historique shows when it is not told how many, and at the most.
const (
	historyDefault = 10
	historyMost    = 50
)

// balance is /solde: every wallet of the chat.
func (c wallets) balance(ctx context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	return c.eachWallet(t, "balance.title", "/solde", func(account string) ([]chat.Line, error) {
		b, err := c.Wallet.Balance(ctx, account, secret.Text{})
		if err != nil {
			return nil, err
		}
		return c.view(t).Balance(b), nil
	})
}

// history is /historique [number of operations].
func (c wallets) history(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	most := historyDefault
	q := c.read(t, nil, "historique", args)
	switch {
	case q.Rest != "" || q.Number > historyMost || q.Number == 0 && strings.ContainsAny(args, "0123456789"):
		return chat.Reply{}, talk.Refuse("history.args", "typed", i18n.Short(args), "most", historyMost, "command", t.Cmd("historique"))
	case q.Number > 0:
		most = q.Number
	}
	return c.eachWallet(t, "history.title", strings.TrimSpace("/historique "+args), func(account string) ([]chat.Line, error) {
		s, err := c.Wallet.Statement(ctx, account, secret.Text{})
		if err != nil {
			return nil, err
		}
		return c.view(t).Statement(s, most, historyMost), nil
	})
}

// eachWallet asks every wallet of the chat. One that does not answer loses none of the others. line is the command,
// to run again once a code was given.
func (c wallets) eachWallet(t *talk.Turn, title, line string, ask func(account string) ([]chat.Line, error)) (chat.Reply, error) {
	accounts, err := c.wallets(t)
	if err != nil {
		return chat.Reply{}, err
	}
	r := chat.Reply{Title: t.P.T(title)}
	for _, a := range accounts {
		lines, err := ask(a.ID)
		switch {
		case errors.Is(err, wallet.ErrNeedCode):
			return c.askCodeFor(t, a.ID, line), nil
		case err != nil && len(accounts) == 1:
			return c.walletTrouble(t, a.ID, err), nil
		case err != nil:
			lines = t.Explain(err).Body
		}
		if len(accounts) > 1 || c.Rights.OfSeveral(a.ID) {
			r.Body = append(r.Body, chat.Line{Kind: chat.LineHeading, Text: c.walletName(a.ID)})
		}
		r.Body = append(r.Body, lines...)
	}
	return r, nil
}

// wallets are those of this chat; none is an error with a sentence.
func (c wallets) wallets(t *talk.Turn) ([]rights.Account, error) {
	accounts := c.Rights.Readable(t.Who, rights.Wallet, rights.WalletPage)
	if len(accounts) == 0 {
		return nil, talk.Refuse("wallet.none", "link", t.Cmd("connexion"))
	}
	return accounts, nil
}

// walletTrouble explains an error; when a newly typed secret code can help, it offers to take one, and when an
// order cannot be read, to say that one has looked.
func (c wallets) walletTrouble(t *talk.Turn, account string, err error) chat.Reply {
	r := c.viewOf(t, account).OfWallet(t.Explain(err))
	if !t.Private {
		return r
	}
	if errors.Is(err, wallet.ErrLocked) {
		r.Choices = append(r.Choices, t.Offer(t.P.T("topup.button.looked"), actionLooked, "", account))
		return r
	}
	if status, _ := c.Wallet.Status(account); status.Stopped == wallet.StoppedWrongCode {
		const pressed = "code"
		r = t.Ask(r, talk.Question{
			Leave: "cancel.code", About: []string{account}, Takes: talk.OnlyPressed,
			Next: func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
				if answer != pressed { // only a button was offered, so this is an ordinary message
					return t.NotUnderstood(ctx, answer)
				}
				return c.askCode(t, account, "/solde"), nil
			},
		})
		r.Choices = append(r.Choices, t.AnswerChoice(t.P.T("code.button"), pressed))
	}
	return r
}

// askCodeFor asks for the secret code where that can be done: with it the session is renewed and line runs again.
func (c wallets) askCodeFor(t *talk.Turn, account, line string) chat.Reply {
	if !t.Private {
		return t.Say("code.private_only")
	}
	return c.askCode(t, account, line)
}

func (c wallets) askCode(t *talk.Turn, account, line string) chat.Reply {
	ask := t.Say("code.ask", "wallet", c.walletName(account), "cancel", t.Cmd("annuler"))
	return t.Ask(t.WarnExposed(ask), talk.Question{
		Expect: chat.ExpectSecret, Leave: "cancel.code", About: []string{account},
		Next: func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
			code, err := izly.ParseSecretCode(answer)
			if err != nil {
				again := c.askCode(t, account, line)
				again.Body = append(codeForm(t).Body, again.Body...)
				return again, nil
			}
			if err := c.Wallet.Unlock(ctx, account, code); err != nil {
				return c.walletTrouble(t, account, err), nil
			}
			return t.Run(ctx, line)
		},
	})
}

// codeForm says that something is no secret code.
func codeForm(t *talk.Turn) chat.Reply { return t.Say("code.form", "cancel", t.Cmd("annuler")) }
