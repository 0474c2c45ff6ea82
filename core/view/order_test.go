package view_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/i18n"
)

// order is one of 20,50 € that was sent this morning.
func order(state wallet.State) wallet.Order {
	return wallet.Order{
		ID: "o1", Account: "a1", Amount: 2050, Card: "Carte perso (Visa …4242)", State: state,
		Created: utc(7, 20), Expires: utc(7, 25), Sent: utc(7, 21),
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	seen := wallet.Holder{Balance: &izly.Balance{Main: -100}}
	withFee := order(wallet.Proposed)
	withFee.Fee = 25
	play(t, "summary", []scene{
		{"told", func(v view.View) chat.Reply {
			return v.Summary(order(wallet.Proposed), seen, &izly.Balance{Main: 1234})
		}},
		{"seen", func(v view.View) chat.Reply { return v.Summary(withFee, seen, nil) }},
		{"never seen", func(v view.View) chat.Reply { return v.Summary(withFee, wallet.Holder{}, nil) }},
	})
}

func TestOrder(t *testing.T) {
	t.Parallel()
	var scenes []scene
	for _, state := range constants(t, "wallet", "State") {
		scenes = append(scenes, scene{state, func(v view.View) chat.Reply { return v.Order(order(wallet.State(state))) }})
	}
	open, whole, ends := order(wallet.Proposed), order(wallet.Proposed), order(wallet.Proposed)
	open.Expires, whole.Amount, ends.Expires = tuesday.Add(time.Second), 2000, tuesday
	play(t, "order", append(
		scenes,
		scene{"open", func(v view.View) chat.Reply { return v.Order(open) }},
		scene{"expired, whole euros", func(v view.View) chat.Reply { return v.Order(whole) }},
		scene{"expires now", func(v view.View) chat.Reply { return v.Order(ends) }},
		scene{"state of a later version", func(v view.View) chat.Reply { return v.Order(order("later")) }},
		scene{"not read", func(v view.View) chat.Reply { return v.Order(wallet.Order{}) }},
	))
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	var scenes []scene
	add := func(name string, out wallet.Outcome) {
		scenes = append(scenes, scene{name, func(v view.View) chat.Reply { return v.Outcome(out) }})
	}
	acted := func(state wallet.State, err error) wallet.Outcome {
		return wallet.Outcome{Order: order(state), Acted: true, Err: err}
	}
	broken := errors.New("disk full")
	for _, state := range constants(t, "wallet", "State") {
		add(state, acted(wallet.State(state), nil))
	}
	done := acted(wallet.Done, nil)
	done.Balance = &izly.Balance{Main: 3284}
	fee := acted(wallet.Failed, wallet.ErrFee)
	fee.Fee = 25
	add("done, with a balance", done)
	add("done, not stored", acted(wallet.Done, broken))
	add("refused", acted(wallet.Refused, &izly.Error{Op: "MoneyInCbConfirm", Code: 7, Prio: 2, Msg: "Plafond atteint."}))
	add("refused without a word", acted(wallet.Refused, &izly.Error{Code: 7, Prio: 2}))
	add("wrong code", acted(wallet.Refused, &izly.Error{Code: 105, Prio: 2, Msg: "Code secret incorrect."}))
	add("blocked", acted(wallet.Refused, &izly.Error{Code: 102, Prio: 2}))
	add("lost", acted(wallet.Unknown, &izly.OutcomeError{Err: izly.ErrNetwork}))
	add("fee", fee)
	add("code needed", acted(wallet.Failed, wallet.ErrNeedCode))
	add("refused before it was sent", acted(wallet.Failed, &izly.Error{Code: 7, Prio: 2, Msg: "Carte expirée."}))
	add("not reached", acted(wallet.Failed, &izly.NetworkError{Err: broken}))
	add("not stored before it was sent", acted(wallet.Preparing, broken))
	add("not stored before anything", acted(wallet.Proposed, broken))
	add("not stored after it may have left", acted(wallet.Confirming, broken))
	add("not read", wallet.Outcome{Acted: true, Err: broken})
	add("somebody was there before", wallet.Outcome{Order: order(wallet.Confirming)})
	add("cancelled meanwhile", wallet.Outcome{Order: order(wallet.Cancelled)})
	play(t, "outcome", scenes)
}

// Where an order may have left, nobody is told that nothing happened.
func TestNoGuessAboutMoney(t *testing.T) {
	t.Parallel()
	v := in(t, "fr")
	broken := errors.New("disk full")
	sent := func(err error) chat.Reply {
		return v.Outcome(wallet.Outcome{Order: order(wallet.Confirming), Acted: true, Err: err})
	}
	explained := func(err error) chat.Reply {
		r, _ := v.Error(err, nil)
		return r
	}
	for name, r := range map[string]chat.Reply{
		"not stored":        sent(broken),
		"lost, not stored":  sent(errors.Join(&izly.OutcomeError{Err: izly.ErrNetwork}, broken)),
		"no reason":         sent(nil),
		"not read":          v.Outcome(wallet.Outcome{Acted: true, Err: wallet.ErrLocked}),
		"unknown state":     v.Outcome(wallet.Outcome{Order: order("later"), Acted: true}),
		"lost":              explained(&izly.OutcomeError{Err: izly.ErrNetwork}),
		"lost among others": explained(errors.Join(izly.ErrNetwork, wallet.ErrGone, &izly.OutcomeError{Err: broken})),
		"locked":            explained(errors.Join(izly.ErrNetwork, wallet.ErrLocked)),
		"locked, damaged":   explained(errors.Join(wallet.ErrLocked, wallet.ErrDamaged)),
	} {
		text := render(r)
		if !strings.Contains(text, "de l'argent a pu être débité") || !strings.Contains(text, "l'application Izly") {
			t.Errorf("%s: %s", name, text)
		}
		for _, wrong := range []string{"Rien n'a été", "rien n'a été", "ne sont pas touchés"} {
			if strings.Contains(text, wrong) {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func TestLost(t *testing.T) {
	t.Parallel()
	var scenes []scene
	for _, state := range []wallet.State{wallet.Done, wallet.Refused, wallet.Pending, wallet.Untraced, wallet.Unchecked} {
		scenes = append(scenes, scene{string(state), func(v view.View) chat.Reply { return v.Lost(order(state), wallet.WhySettled) }})
	}
	yesterday := order(wallet.Unknown)
	yesterday.Sent = utc(-1, 59)
	play(t, "lost", append(
		scenes,
		scene{"code needed", func(v view.View) chat.Reply { return v.Lost(order(wallet.Unknown), wallet.WhyNeedCode) }},
		scene{"sent the day before", func(v view.View) chat.Reply { return v.Lost(yesterday, wallet.WhyNeedCode) }},
	))
}

func TestBounds(t *testing.T) {
	t.Parallel()
	show := func(amount, least, most izly.Cents) func(view.View) chat.Reply {
		return func(v view.View) chat.Reply { return v.Bounds(amount, &wallet.BoundsError{Min: least, Max: most}) }
	}
	play(t, "bounds", []scene{
		{"too little", show(500, 1000, 20000)},
		{"too little, no most", show(500, 1000, 0)},
		{"too much, no least", show(50_000, 0, 20_000)},
	})
}

// Where somebody has two wallets, each answer about one says which, once.
func TestOneOfTwoWalletsIsNamed(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Languages {
		v := in(t, lang)
		v.Wallet = "Camille …3344"
		open := order(wallet.Proposed)
		open.Expires = tuesday.Add(time.Minute)
		replies := map[string]chat.Reply{
			"summary":       v.Summary(open, wallet.Holder{}, nil),
			"code":          v.CodeFor(open),
			"card":          v.WhichCard(open),
			"unsettled":     v.Unsettled(order(wallet.Unknown)),
			"lost":          v.Lost(order(wallet.Done), wallet.WhySettled),
			"still lost":    v.Lost(order(wallet.Unknown), wallet.WhyNeedCode),
			"failed":        v.Outcome(wallet.Outcome{Order: order(wallet.Failed), Acted: true, Err: wallet.ErrFee}),
			"second press":  v.Outcome(wallet.Outcome{Order: order(wallet.Done)}),
			"how":           v.Order(open),
			"settled alert": {Body: []chat.Line{{Text: v.Settled(order(wallet.Done))}}},
			"question":      {Body: []chat.Line{{Text: v.Summary(open, wallet.Holder{}, nil).Question}}},
		}
		for _, state := range constants(t, "wallet", "State") {
			replies["outcome "+state] = v.Outcome(wallet.Outcome{Order: order(wallet.State(state)), Acted: true, Err: errors.New("broken")})
		}
		for name, r := range replies {
			if n := strings.Count(render(r), v.Wallet); n != 1 {
				t.Errorf("%s, %s: named %d times:\n%s", lang, name, n, render(r))
			}
		}
		v.Wallet = ""
		if text := render(v.Summary(open, wallet.Holder{}, nil)); strings.Contains(text, v.P.T("wallet.label")) {
			t.Errorf("the only wallet is named:\n%s", text)
		}
	}
}
