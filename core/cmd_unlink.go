package core

import (
	"context"
	"strings"
)

// unlinkAccount is /deconnexion [which]: it asks before it removes anything.
func unlinkAccount(_ context.Context, t *turn, args string) (Reply, error) {
	mine := t.myLinks()
	if len(mine) == 0 {
		return t.plain("unlink.none"), nil
	}
	if wanted := fold(args); wanted != "" {
		var matching []link
		for _, l := range mine {
			if strings.Contains(fold(l.describe()), wanted) {
				matching = append(matching, l)
			}
		}
		if len(matching) == 0 {
			return Reply{}, say("unlink.unknown", "typed", short(args), "command", t.cmd("deconnexion"))
		}
		mine = matching
	}
	r := t.plain("unlink.ask")
	for _, l := range mine {
		r.Choices = append(r.Choices, t.offer(t.p.T("unlink.button", "account", l.describe()), actUnlink, l.ID))
	}
	r.Choices = append(r.Choices, t.runChoice(t.p.T("unlink.keep"), "/annuler"))
	return r, nil
}

// myLinks are those of this chat that the person owns.
func (t *turn) myLinks() []link {
	schools, wallets := t.e.linksOf(t.msg.Chat)
	var mine []link
	for _, a := range schools {
		if a.owner == t.msg.Person {
			mine = append(mine, a.record())
		}
	}
	for _, a := range wallets {
		if a.owner == t.msg.Person {
			mine = append(mine, a.record())
		}
	}
	return mine
}

// describe names an account for its owner: "PRONOTE – CITÉ SCOLAIRE (DUPONT Marc)", "Izly – …3344".
func (l link) describe() string {
	if l.School != nil {
		return "PRONOTE – " + l.School.Account.School + " (" + l.School.Account.Name + ")"
	}
	phone := l.Wallet.Account.Phone
	return "Izly – …" + phone[max(0, len(phone)-4):]
}

// unlink removes a link and all that was stored of it.
func (t *turn) unlink(id string) (Reply, error) {
	var gone link
	for _, l := range t.myLinks() {
		if l.ID == id {
			gone = l
		}
	}
	if gone.ID == "" {
		return t.plain("unlink.already"), nil
	}
	err := t.e.cfg.Store.Update(func(tx Tx) error {
		if err := links.delete(tx, id); err != nil {
			return err
		}
		if err := proposals.deleteWhere(tx, func(p proposal) bool { return p.Link == id && p.State.settled() }); err != nil {
			return err
		}
		return snapshots.deleteWhere(tx, func(s snapshot) bool { return s.Link == id })
	})
	if err != nil {
		return Reply{}, err
	}
	t.e.drop(func(l link) bool { return l.ID == id })
	return t.plain("unlink.done", "account", gone.describe()), nil
}
