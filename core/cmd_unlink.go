package core

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cartable/i18n"
)

// unlinkAccount is /deconnexion [which]: it asks before it removes anything.
func unlinkAccount(_ context.Context, t *turn, args string) (Reply, error) {
	if !t.msg.Private {
		return t.hideInGroup(), nil
	}
	mine := t.provenOwned()
	if len(mine) == 0 {
		return t.plain("unlink.none"), nil
	}
	if wanted := i18n.Fold(args); wanted != "" {
		matching := described(mine, wanted)
		if len(matching) == 0 {
			return Reply{}, say("unlink.unknown", "typed", i18n.Short(args), "command", t.cmd("deconnexion"))
		}
		mine = matching
	}
	r := t.plain("unlink.ask")
	var names []string
	for _, l := range mine {
		r.Choices = append(r.Choices, t.offer(t.p.T("unlink.button", "account", l.describe()), actUnlink, l.ID))
		names = append(names, l.describe())
	}
	r.Choices = append(r.Choices, t.offer(t.p.T("unlink.keep"), actUnlink, ""))
	names = append(names, unlinkNothing)
	return t.askOneOf(r, names, question{leave: "unlink.kept", takes: meansUnlink, next: takeUnlink}), nil
}

// unlinkNothing stands for the choice to keep everything.
const unlinkNothing = "non"

// takeUnlink takes words in place of a press. They remove nothing: the name of an account only shortens the list.
func takeUnlink(ctx context.Context, t *turn, answer string) (Reply, error) {
	switch {
	case t.meansUnlinkNothing(answer):
		return t.plain("unlink.kept"), nil
	case meansUnlink(t, answer):
		return unlinkAccount(ctx, t, answer)
	}
	return t.notACommand(t.e.parseSaid(answer))
}

// meansUnlink tells whether a text names one of the choices of an unlinking.
func meansUnlink(t *turn, answer string) bool {
	return t.meansUnlinkNothing(answer) || len(described(t.provenOwned(), i18n.Fold(answer))) > 0
}

func (t *turn) meansUnlinkNothing(answer string) bool {
	return isRefusal(answer) || i18n.Fold(answer) == i18n.Fold(t.p.T("unlink.keep"))
}

// described are the accounts whose description holds a folded word.
func described(accounts []link, wanted string) []link {
	var matching []link
	for _, l := range accounts {
		if wanted != "" && strings.Contains(i18n.Fold(l.describe()), wanted) {
			matching = append(matching, l)
		}
	}
	return matching
}

// describe names an account for its owner: "PRONOTE – CITÉ SCOLAIRE (DUPONT Marc)", "Izly – …3344".
func (l link) describe() string {
	if l.School != nil {
		return "PRONOTE – " + l.School.Account.School + " (" + l.School.Account.Name + ")"
	}
	phone := l.Wallet.Account.Phone
	return "Izly – …" + phone[max(0, len(phone)-4):]
}

// unlink removes a link and all that was stored of it; no ID is the choice to keep everything.
func (t *turn) unlink(id string) (Reply, error) {
	if id == "" {
		return t.plain("unlink.kept"), nil
	}
	var gone link
	for _, l := range t.provenOwned() {
		if l.ID == id {
			gone = l
		}
	}
	if gone.ID == "" {
		return t.plain("unlink.already"), nil
	}
	lost, err := t.e.unsettledTopUp(id)
	if err != nil {
		return Reply{}, err
	}
	if err := t.e.cfg.Store.Update(func(tx Tx) error { return t.erase(tx, gone) }); err != nil {
		return Reply{}, err
	}
	t.e.drop(func(l link) bool { return l.ID == id })
	if err := t.e.loadShowings(); err != nil {
		return Reply{}, err
	}
	r := t.plain("unlink.done", "account", gone.describe())
	if lost != nil {
		r.Body = append(r.Body, Line{Text: t.p.T("unlink.lost_topup", "amount", t.p.Euros(int64(lost.Amount)), "at", t.clockOrMoment(lost.Sent))})
	}
	return r, nil
}

// erase removes the records of a link: what was read, top-ups, the buttons that lead to them, and the choice
// of one of its children.
func (t *turn) erase(tx Tx, l link) error {
	about := []string{l.ID}
	err := errors.Join(
		links.delete(tx, l.ID),
		proposals.each(tx, func(_ string, p proposal) error {
			if p.Link == l.ID {
				about = append(about, p.ID)
			}
			return nil
		}),
		proposals.deleteWhere(tx, func(p proposal) bool { return p.Link == l.ID }),
		snapshots.deleteWhere(tx, func(s snapshot) bool { return s.Link == l.ID }),
		showings.deleteWhere(tx, func(s showing) bool { return s.Link == l.ID }),
	)
	if l.School != nil {
		for _, child := range l.School.Account.Children {
			about = append(about, "#"+child.Key)
			if t.settings.Child == child.Key {
				err = errors.Join(err, t.changeSettingsIn(tx, func(s *chatSettings) { s.Child = "" }))
			}
		}
	}
	return errors.Join(err, choices.deleteWhere(tx, func(c choice) bool {
		return c.Person == l.Owner && slices.ContainsFunc(about, func(s string) bool { return strings.Contains(c.Arg, s) })
	}))
}
