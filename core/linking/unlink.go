package linking

import (
	"context"
	"errors"
	"strings"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/i18n"
)

// unlink is /deconnexion [which]: it asks before it removes anything.
func (l *Linking) unlink(_ context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	if !t.Private {
		return hideInGroup(l, t), nil
	}
	mine := l.cfg.Rights.Owned(t.Who)
	if len(mine) == 0 {
		return t.Say("unlink.none"), nil
	}
	if wanted := i18n.Fold(args); wanted != "" {
		if mine = labelled(mine, wanted); len(mine) == 0 {
			return chat.Reply{}, talk.Refuse("unlink.unknown", "typed", i18n.Short(args), "command", t.Cmd("deconnexion"))
		}
	}
	r := t.Say("unlink.ask")
	var names []string
	for _, a := range mine {
		r.Choices = append(r.Choices, t.Offer(t.P.T("unlink.button", "account", a.Label), actionUnlink, "", a.ID))
		names = append(names, a.Label)
	}
	r.Choices = append(r.Choices, t.Offer(t.P.T("unlink.keep"), actionKeep, "", ""))
	names = append(names, unlinkNothing)
	return t.AskOneOf(r, names, talk.Question{Leave: "unlink.kept", Takes: l.meansUnlink, Next: l.takeUnlink}), nil
}

// unlinkNothing stands for the choice to keep everything.
const unlinkNothing = "non"

// takeUnlink takes words in place of a press. They remove nothing: the name of an account only shortens the list.
func (l *Linking) takeUnlink(ctx context.Context, t *talk.Turn, answer string) (chat.Reply, error) {
	switch {
	case meansUnlinkNothing(t, answer):
		if err := t.Void(actionUnlink); err != nil {
			return chat.Reply{}, err
		}
		return t.Say("unlink.kept"), nil
	case l.meansUnlink(t, answer):
		return l.unlink(ctx, t, answer)
	}
	return t.NotUnderstood(ctx, answer)
}

// meansUnlink tells whether a text names one of the choices of an unlinking.
func (l *Linking) meansUnlink(t *talk.Turn, answer string) bool {
	return meansUnlinkNothing(t, answer) || len(labelled(l.cfg.Rights.Owned(t.Who), i18n.Fold(answer))) > 0
}

func meansUnlinkNothing(t *talk.Turn, answer string) bool {
	return talk.No(answer) || i18n.Fold(answer) == i18n.Fold(t.P.T("unlink.keep"))
}

// labelled are the accounts whose label holds a folded word.
func labelled(accounts []rights.Account, wanted string) []rights.Account {
	var matching []rights.Account
	for _, a := range accounts {
		if wanted != "" && strings.Contains(i18n.Fold(a.Label), wanted) {
			matching = append(matching, a)
		}
	}
	return matching
}

// keep answers the choice to forget no account.
func (*Linking) keep(_ context.Context, t *talk.Turn, _ talk.Press) (chat.Reply, error) {
	return t.Say("unlink.kept"), nil
}

// forget removes an account and all that was kept of it, at its owner's word.
func (l *Linking) forget(ctx context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	a, mine := owned(l, t.Who, p.Account)
	if !mine {
		return t.Say("unlink.already"), nil
	}
	r := t.Say("unlink.done", "account", a.Label)
	if a.Kind == rights.Wallet {
		r.Body = append(r.Body, LostTopUp(t, l.cfg.Wallet, viewOf(l, t), a.ID)...)
	}
	if err := leaveChild(l, t, a.ID); err != nil {
		return chat.Reply{}, err
	}
	if err := l.cfg.Forget(ctx, a.ID); err != nil {
		return chat.Reply{}, err
	}
	return r, nil
}

// LostTopUp says that nobody will look any more for a top-up whose outcome is not known. What cannot be read keeps
// nobody from unlinking.
func LostTopUp(t *talk.Turn, w *wallet.Wallet, v view.View, account string) []chat.Line {
	order, lost, err := w.Unsettled(account)
	switch {
	case errors.Is(err, wallet.ErrGone):
		return nil
	case err != nil:
		t.Log.Warn("unlinked with a top-up that cannot be read", "error", err)
		return t.Say("unlink.lost_unread").Body
	case !lost:
		return nil
	}
	at := order.Sent
	if at.IsZero() { // it is about to be sent
		at = order.Created
	}
	return t.Say("unlink.lost_topup", "amount", t.P.Euros(int64(order.Amount)), "at", v.ClockOrMoment(at)).Body
}

// leaveChild ends the choice of a pupil of an account.
func leaveChild(l *Linking, t *talk.Turn, account string) error {
	for _, pupil := range l.cfg.Family.Pupils([]string{account}) {
		if pupil.Is(t.Prefs().Child) {
			return t.ChangePrefs(func(p *talk.Prefs) { p.Child = "" })
		}
	}
	return nil
}
