package linking

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/talk"
	"cartable/core/wallet"
	"cartable/i18n"
)

// walletForm is what the dialogue has gathered so far. It lives as long as the dialogue.
type walletForm struct {
	phone string // as typed, then as Izly knows it
	code  secret.Text
}

func askPhone(l *Linking, t *talk.Turn) chat.Reply {
	q := question(chat.ExpectText, l.takePhone)
	q.Takes, q.Phone = meansPhone, true
	return t.Ask(t.Say("link.wallet.phone"), q)
}

func meansPhone(_ *talk.Turn, answer string) bool {
	phone, _ := splitPhone(answer)
	_, err := izly.ParsePhone(phone)
	return err == nil
}

// splitPhone reads a number behind which the secret code may stand.
func splitPhone(answer string) (phone, code string) {
	if _, err := izly.ParsePhone(answer); err == nil {
		return answer, ""
	}
	answer = strings.TrimSpace(answer)
	at := strings.LastIndexByte(answer, ' ')
	if at < 0 {
		return answer, ""
	}
	if _, err := izly.ParsePhone(answer[:at]); err != nil && strings.Trim(answer[at+1:], "0123456789") != "" {
		return answer, ""
	}
	return answer[:at], answer[at+1:]
}

func (l *Linking) takePhone(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
	number, code := splitPhone(answer)
	if code != "" {
		t.Redact(ctx)
	}
	phone, err := izly.ParsePhone(number)
	if err != nil {
		return after(t.Say("link.wallet.bad_phone", "cancel", t.Cmd("annuler")), askPhone(l, t)), nil
	}
	f := walletForm{phone: phone}
	if code != "" {
		return takeLinkCode(l, ctx, t, f, code)
	}
	return askLinkCode(l, t, f, t.Say("link.wallet.code")), nil
}

// askLinkCode asks for the secret code and has Izly send the SMS.
func askLinkCode(l *Linking, t *talk.Turn, f walletForm, r chat.Reply) chat.Reply {
	return t.Ask(t.WarnExposed(r), question(chat.ExpectSecret, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		return takeLinkCode(l, ctx, t, f, answer)
	}))
}

func takeLinkCode(l *Linking, ctx context.Context, t *talk.Turn, f walletForm, answer string) (chat.Reply, error) {
	code, err := izly.ParseSecretCode(answer)
	if err != nil {
		return askLinkCode(l, t, f, t.Say("code.form", "cancel", t.Cmd("annuler"))), nil
	}
	f.code = code
	among, err := l.cfg.Rights.IDs(t.Who)
	if err != nil {
		return chat.Reply{}, err
	}
	uid, err := l.cfg.Wallet.RequestActivation(ctx, t.Person.Key(), f.phone, f.code, among)
	if errors.Is(err, izly.ErrWrongCode) {
		if held := l.cfg.Wallet.MayLink(t.Person.Key(), f.phone, among); held != nil {
			t.AwaitSecret() // people try once more
			return after(viewOf(l, t).WithServerText(t.Say("link.wallet.held"), err), t.Explain(held)), nil
		}
		again := viewOf(l, t).WithServerText(t.Say("link.wallet.wrong_code", "cancel", t.Cmd("annuler")), err)
		return askLinkCode(l, t, f, again), nil
	}
	if err != nil {
		return chat.Reply{}, err
	}
	f.phone = uid
	return askActivation(l, t, f, t.Say("link.wallet.activation")), nil
}

// askActivation asks for the link of the SMS, or its code, and ends the enrolment.
func askActivation(l *Linking, t *talk.Turn, f walletForm, r chat.Reply) chat.Reply {
	q := question(chat.ExpectSecret, func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		act, err := izly.ParseActivation(answer)
		if err != nil {
			return askActivation(l, t, f, t.Say("link.wallet.bad_activation", "cancel", t.Cmd("annuler"))), nil
		}
		linked, err := l.Wallet(ctx, t.Who, f.phone, act)
		if errors.Is(err, izly.ErrBadActivation) {
			again := viewOf(l, t).WithServerText(t.Say("link.wallet.activation_refused", "cancel", t.Cmd("annuler")), err)
			return askActivation(l, t, f, again), nil
		}
		if err != nil {
			return chat.Reply{}, err
		}
		return offerShowing(l, t, linkedWallet(l, t, f.code, linked))
	})
	q.Words = true
	return t.Ask(r, q)
}

// activations takes the link of Izly's SMS, wherever it is pasted.
type activations struct{ *Linking }

// Secret implements talk.Interceptor: such a link activates an account.
func (activations) Secret(text string) bool {
	act, err := izly.ParseActivation(text)
	return err == nil && act.Phone != ""
}

// Harmless implements talk.Interceptor.
func (activations) Harmless(string) bool { return false }

// Before implements talk.Interceptor: a link that no question for a secret waits for is not used.
func (a activations) Before(ctx context.Context, t *talk.Turn) (r chat.Reply, taken bool, err error) {
	if !a.Secret(t.Msg.Text) || t.WaitsForSecret() {
		return chat.Reply{}, false, nil
	}
	t.Redact(ctx)
	return t.Say("link.wallet.stray", "link", t.Cmd("connexion")), true, nil
}

// Else implements talk.Interceptor.
func (activations) Else(context.Context, *talk.Turn) (r chat.Reply, taken bool, err error) {
	return chat.Reply{}, false, nil
}

// linkedWallet says what the bot can now do, and offers to keep the secret code. The account is linked without an
// answer: the code is then asked for each time.
func linkedWallet(l *Linking, t *talk.Turn, code secret.Text, linked wallet.Linked) chat.Reply {
	t.Acted()
	r := viewOf(l, t).LinkedWallet(linked.Holder)
	r.Body = append(append(r.Body, alertsLine(l, t)...), chat.Line{Text: t.P.T("link.wallet.keep")})
	return askToKeep(l, t, code, linked.Account, r)
}

// askToKeep makes r the question whether to keep the secret code. It offers two things, so that "oui" says neither.
func askToKeep(l *Linking, t *talk.Turn, code secret.Text, account string, r chat.Reply) chat.Reply {
	r = t.Ask(r, talk.Question{Leave: "link.wallet.not_kept", Next: func(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
		switch word := talk.Bare(answer); {
		case slices.Contains(keepWords, word), word == i18n.Fold(t.P.T("link.wallet.button.keep")):
			return t.Say("link.wallet.kept"), l.cfg.Wallet.KeepCode(account, &code)
		case talk.Yes(answer):
			return askToKeep(l, t, code, account, t.Say("link.wallet.keep_or_ask")), nil
		case strings.HasPrefix(answer, "/"), strings.HasPrefix(answer, "!"): // the name of no command
			return t.NotUnderstood(ctx, answer)
		}
		return t.Say("link.wallet.not_kept"), nil
	}})
	r.Choices = []chat.Choice{
		t.AnswerChoice(t.P.T("link.wallet.button.ask"), "ask"),
		t.AnswerChoice(t.P.T("link.wallet.button.keep"), "keep"),
	}
	return r
}

// keepWords are all the words, folded, that have the secret code kept: "ne pas garder" is none of them.
var keepWords = []string{
	"keep", "keep it", "yes keep it", "garder", "le garder", "garde", "garde le", "gardez le", "oui garder", "oui garde le", "oui gardez le",
}
