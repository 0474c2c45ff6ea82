package commands

import (
	"context"
	"errors"
	"strings"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/core/watch"
	"cartable/i18n"
)

func (c alerts) actions() []talk.Action {
	return []talk.Action{
		{Name: watch.ActionOff, Changes: true, Run: c.turn(false)},
		{Name: watch.ActionOn, Changes: true, Run: c.turn(true)},
	}
}

// listed ends the argument of a button below the list, which is shown again then.
const listed = " listed"

// alertWords turn everything on or off. A yes and a no do so too.
var alertWords = map[string]bool{"on": true, "off": false, "tout": true, "rien": false, "all": true, "nothing": false, "none": false}

// alerts is /alertes [oui|non]: what is told unasked, of each account that is at home here.
func (c alerts) alerts(_ context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	on, known := alertWords[talk.Bare(args)]
	switch {
	case !c.Watch.On():
		return t.Say("alerts.server_off"), nil
	case len(c.accounts(t)) == 0:
		return chat.Reply{}, talk.Refuse("alerts.none", "link", t.Cmd("connexion"))
	case strings.TrimSpace(args) == "":
		return c.list(t)
	case talk.Yes(args):
		on = true
	case !known && !talk.No(args):
		return chat.Reply{}, talk.Refuse("alerts.args", "typed", i18n.Short(args), "command", t.Cmd("alertes"))
	}
	for _, a := range c.accounts(t) {
		if err := c.Watch.Turn(a.ID, on, watch.KindsOf(a.Kind)...); err != nil {
			return chat.Reply{}, err
		}
	}
	said := "alerts.turned_off_all"
	if on {
		said = "alerts.turned_on_all"
	}
	return c.after(t, t.Say(said, "command", t.Cmd("alertes")))
}

// accounts are those of which things can be told here.
func (c alerts) accounts(t *talk.Turn) []rights.Account { return c.Rights.Readable(t.Who, "", "") }

// turn is a press that turns one kind of alert of an account on or off.
func (c alerts) turn(on bool) func(context.Context, *talk.Turn, talk.Press) (chat.Reply, error) {
	return func(_ context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
		arg, fromList := strings.CutSuffix(p.Arg, listed)
		kind := watch.Kind(arg)
		a, known := c.Rights.Account(p.Account)
		err := watch.ErrGone
		if known && c.owns(t, a.ID) {
			err = c.Watch.Turn(a.ID, on, kind)
		}
		switch {
		case errors.Is(err, watch.ErrGone):
			return chat.Reply{}, talk.Refuse("error.link_gone", "link", t.Cmd("connexion"))
		case err != nil:
			return chat.Reply{}, err
		}
		said := "alerts.turned_off"
		if on {
			said = "alerts.turned_on"
		}
		r := t.Say(said, "what", c.what(t, a, kind), "command", t.Cmd("alertes"))
		if fromList {
			return c.after(t, r)
		}
		if !on {
			r.Choices = []chat.Choice{t.Offer(t.P.T("alerts.button.again"), watch.ActionOn, string(kind), a.ID)}
		}
		return r, nil
	}
}

// after is the list below a sentence.
func (c alerts) after(t *talk.Turn, r chat.Reply) (chat.Reply, error) {
	list, err := c.list(t)
	if err != nil {
		return chat.Reply{}, err
	}
	list.Body = append(r.Body, list.Body...)
	return list, nil
}

// list says for each account what is told, with a button that changes it.
func (c alerts) list(t *talk.Turn) (chat.Reply, error) {
	r := chat.Reply{Title: t.P.T("alerts.title")}
	accounts := c.accounts(t)
	for _, a := range accounts {
		s, _, err := c.Watch.Subscribed(a.ID)
		if err != nil {
			return chat.Reply{}, err
		}
		if len(accounts) > 1 {
			r.Body = append(r.Body, chat.Line{Kind: chat.LineHeading, Text: c.whose(t, a)})
		}
		for _, k := range watch.KindsOf(a.Kind) {
			state, button, action := "alerts.off", "alerts.button.on", watch.ActionOn
			if s.Has(k) {
				state, button, action = "alerts.on", "alerts.button.off", watch.ActionOff
			}
			r.Body = append(r.Body, chat.Line{Label: c.kind(t, k), Text: t.P.T(state)})
			r.Choices = append(r.Choices, t.Offer(t.P.T(button, "what", c.what(t, a, k)), action, string(k)+listed, a.ID))
		}
	}
	r.Body = append(r.Body, note(t.P.T("alerts.when")))
	return r, nil
}

// what is a kind of alert, and of which account where there are several.
func (c alerts) what(t *talk.Turn, a rights.Account, k watch.Kind) string {
	if len(c.accounts(t)) < 2 {
		return c.kind(t, k)
	}
	return t.P.T("alerts.of", "what", c.kind(t, k), "account", c.whose(t, a))
}

func (c alerts) kind(t *talk.Turn, k watch.Kind) string {
	return t.P.T("alerts.kind."+string(k), "amount", t.P.Euros(int64(watch.LowBalanceBelow)))
}

// whose tells an account from others: by its pupils, or by the holder of a wallet.
func (c alerts) whose(t *talk.Turn, a rights.Account) string {
	if a.Kind == rights.School {
		return c.view(t).Names(c.Family.Pupils([]string{a.ID}))
	}
	holder, _ := c.Wallet.Holder(a.ID)
	return strings.TrimSpace("Izly " + c.view(t).WalletName(holder))
}
