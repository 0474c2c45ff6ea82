package core

import (
	"context"
	"errors"
	"slices"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/i18n"
)

// walletForm is what the dialogue has gathered so far. It lives as long as the dialogue.
type walletForm struct {
	phone string
	code  secret.Text
}

func (t *turn) askPhone() Reply {
	return t.ask(t.plain("link.wallet.phone"), question{expect: ExpectText, leave: leaveLinking, takes: meansPhone, next: func(_ context.Context, t *turn, answer string) (Reply, error) {
		phone, err := izly.ParsePhone(answer)
		if err != nil {
			again := t.askPhone()
			again.Body = append(t.plain("link.wallet.bad_phone", "cancel", t.cmd("annuler")).Body, again.Body...)
			return again, nil
		}
		return t.askLinkCode(walletForm{phone: phone}, t.plain("link.wallet.code")), nil
	}})
}

func meansPhone(_ *turn, answer string) bool {
	_, err := izly.ParsePhone(answer)
	return err == nil
}

// askLinkCode asks for the secret code and has Izly send the SMS.
func (t *turn) askLinkCode(f walletForm, r Reply) Reply {
	return t.ask(r, question{expect: ExpectSecret, leave: leaveLinking, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		code, err := izly.ParseSecretCode(answer)
		if err != nil {
			return t.askLinkCode(f, t.codeForm()), nil
		}
		f.code = code
		uid, err := t.e.cfg.Wallet.RequestActivation(ctx, f.phone, f.code)
		if errors.Is(err, izly.ErrWrongCode) {
			return t.askLinkCode(f, t.withServerText(t.plain("link.wallet.wrong_code", "cancel", t.cmd("annuler")), err)), nil
		}
		if err != nil {
			return Reply{}, err
		}
		f.phone = uid
		return t.askActivation(f, t.plain("link.wallet.activation")), nil
	}})
}

// askActivation asks for the link of the SMS, or its code, and finishes the enrolment.
func (t *turn) askActivation(f walletForm, r Reply) Reply {
	return t.ask(r, question{expect: ExpectSecret, words: true, leave: leaveLinking, next: func(ctx context.Context, t *turn, answer string) (Reply, error) {
		act, err := izly.ParseActivation(answer)
		if err != nil {
			return t.askActivation(f, t.plain("link.wallet.bad_activation", "cancel", t.cmd("annuler"))), nil
		}
		account, err := t.e.LinkWallet(ctx, t.msg.Chat, t.msg.Person, f.phone, act, nil)
		if errors.Is(err, izly.ErrBadActivation) {
			return t.askActivation(f, t.withServerText(t.plain("link.wallet.activation_refused", "cancel", t.cmd("annuler")), err)), nil
		}
		if err != nil {
			return Reply{}, err
		}
		return t.offerShowing(t.linkedWallet(f, account))
	}})
}

// isActivationLink tells whether a text holds the link of Izly's SMS.
func isActivationLink(text string) bool {
	act, err := izly.ParseActivation(text)
	return err == nil && act.Phone != ""
}

// takeActivationLink takes such a link to the question for a secret, or says that nobody asked for it.
func (t *turn) takeActivationLink(ctx context.Context, d *dialogue, text string) (Reply, error) {
	if d.secret() {
		return t.answerDialogue(ctx, d, text)
	}
	t.redact(ctx)
	return t.plain("link.wallet.stray", "link", t.cmd("connexion")), nil
}

// linkedWallet says what the bot can now do, and offers to keep the secret code. The link is complete
// without an answer: the code is then asked for each time.
func (t *turn) linkedWallet(f walletForm, account izly.Account) Reply {
	r := Reply{Title: t.p.T("link.wallet.done")}
	if account.FirstName != "" {
		r.Body = append(r.Body, Line{Label: t.p.T("link.wallet.holder"), Text: account.FirstName + " " + account.LastName})
	}
	r.Body = append(r.Body,
		Line{Text: t.p.T("link.wallet.can", "solde", t.cmd("solde"), "historique", t.cmd("historique"), "recharger", t.cmd("recharger"))},
		Line{Text: t.p.T("link.wallet.keep")})
	r = t.ask(r, question{leave: "link.wallet.not_kept", next: func(_ context.Context, t *turn, answer string) (Reply, error) {
		switch word, c := bare(answer), t.e.parseSaid(answer); {
		case slices.Contains(keepWords, word), word == i18n.Fold(t.p.T("link.wallet.button.keep")):
			return t.keepCode(account.Phone, f.code)
		case c.slash: // the name of no command; the link is complete without an answer
			return t.notACommand(c)
		}
		return t.plain("link.wallet.not_kept"), nil
	}})
	r.Choices = []Choice{
		t.answerChoice(t.p.T("link.wallet.button.ask"), "ask"),
		t.answerChoice(t.p.T("link.wallet.button.keep"), "keep"),
	}
	return r
}

// keepWords are all the words, folded, that have the secret code kept: "ne pas garder" is none of them.
var keepWords = []string{"keep", "garder", "le garder", "oui", "yes"}

// keepCode stores the secret code of a wallet that was linked just now.
func (t *turn) keepCode(phone string, code secret.Text) (Reply, error) {
	for _, a := range t.openWallets() {
		if a.record().Wallet.Account.Phone == phone && a.owner == t.msg.Person {
			kept := secret.Store(code)
			return t.plain("link.wallet.kept"), a.change(func(l *walletLink) { l.Code = &kept })
		}
	}
	return Reply{}, errLinkGone
}
