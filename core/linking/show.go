package linking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/i18n"
)

// What an account is shown with. Grades are shown only if its owner says so.
var (
	schoolPages = []rights.Page{rights.Timetable, rights.Homework}
	gradesPages = []rights.Page{rights.Timetable, rights.Homework, rights.Grades}
	walletPages = []rights.Page{rights.WalletPage}
)

// offer is the argument of a button that shows an account in a group. It is stored.
type offer struct {
	Group   chat.ChatID   `json:"group"` // as it was called then
	Account string        `json:"account"`
	Pages   []rights.Page `json:"pages"`
}

// origin is the argument of a link that leads from a group into private. It is stored.
type origin struct {
	Group chat.ChatID `json:"group"` // as it was called then
	Title string      `json:"title,omitempty"`
}

// argument writes what a button carries: values that always can be written.
func argument(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("linking: argument of a choice: %T", value))
	}
	return string(text)
}

// linkInGroup is /connexion in a group: accounts are linked in private and shown here.
func linkInGroup(l *Linking, t *talk.Turn) chat.Reply {
	r := t.Say("group.link", "name", t.Name())
	start := t.OfferStart(t.P.T("group.button.link"), actionFromGroup, argument(origin{t.Chat, t.Msg.Title}))
	if !t.Unverified { // else the homeserver could have said it, to have accounts shown where it reads along
		start.Instead = chat.Plain(t.Cmd("connexion"))
	}
	if r.Choices = showChoices(l, t, t.Chat); len(r.Choices) > 0 {
		r.Body = append(r.Body, t.Say("group.show_here").Body...)
		r.Question = t.P.T("group.question", "group", groupName(t, t.Msg.Title))
	}
	r.Choices = append(r.Choices, start)
	return r
}

// fromRemembered is what the bot remembers of the group that somebody came from who types the command in private.
func fromRemembered(l *Linking, t *talk.Turn) (from origin, came bool, err error) {
	p, came, err := t.Came(actionFromGroup)
	if !came || err != nil {
		return from, false, err
	}
	from, err = rememberOrigin(l, t, p.Arg)
	return from, err == nil, err
}

// rememberOrigin notes for which group an account is linked.
func rememberOrigin(l *Linking, t *talk.Turn, argument string) (from origin, err error) {
	if err := json.Unmarshal([]byte(argument), &from); err != nil {
		return from, errors.New("linking: argument of a choice unreadable")
	}
	if from.Group, err = l.cfg.Current(from.Group); err != nil {
		return from, err
	}
	return from, t.ChangePrefs(func(s *talk.Prefs) { s.ShowIn, s.ShowInTitle = &from.Group, from.Title })
}

// fromGroup goes on in private for who came from a group to link an account, or to show one.
func (l *Linking) fromGroup(_ context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	from, err := rememberOrigin(l, t, p.Arg)
	if err != nil {
		return chat.Reply{}, err
	}
	return askKindFor(l, t, from), nil
}

// askKindFor offers what the person could show in the group that they came from, and asks what to link.
func askKindFor(l *Linking, t *talk.Turn, from origin) chat.Reply {
	r := askKind(l, t)
	if show := showChoices(l, t, from.Group); len(show) > 0 {
		r = after(t.Say("group.have_links", "group", groupName(t, from.Title)), r)
		r.Choices = append(show, r.Choices...)
		r.Question = t.P.T("group.question", "group", groupName(t, from.Title))
	}
	return r
}

func groupName(t *talk.Turn, title string) string {
	if title = strings.Join(strings.Fields(title), " "); title != "" {
		return "« " + i18n.Short(title) + " »"
	}
	return t.P.T("group.the_group")
}

// alertsLine says how it is chosen what the bot tells of.
func alertsLine(l *Linking, t *talk.Turn) []chat.Line {
	if !l.cfg.Alerts {
		return nil
	}
	return t.Say("link.alerts", "alerts", t.Cmd("alertes")).Body
}

// offerShowing adds to the reply after a linking the buttons that lead back to the group it was for.
func offerShowing(l *Linking, t *talk.Turn, r chat.Reply) (chat.Reply, error) {
	prefs := t.Prefs()
	if prefs.ShowIn == nil {
		return r, nil
	}
	group, err := l.cfg.Current(*prefs.ShowIn)
	if err != nil {
		return r, err
	}
	if err := t.ChangePrefs(func(p *talk.Prefs) { p.ShowIn, p.ShowInTitle = nil, "" }); err != nil {
		return r, err
	}
	r.Body = append(r.Body, t.Say("group.offer", "group", groupName(t, prefs.ShowInTitle)).Body...)
	r.Choices = append(r.Choices, showChoices(l, t, group)...)
	r.Question = t.P.T("group.question", "group", groupName(t, prefs.ShowInTitle))
	return r, nil
}

// showChoices are buttons that show the person's accounts in a group.
func showChoices(l *Linking, t *talk.Turn, group chat.ChatID) []chat.Choice {
	shown := shownIn(l, group)
	var list []chat.Choice
	for _, a := range l.cfg.Rights.Owned(t.Who) {
		add := func(key string, pages []rights.Page) {
			list = append(list, t.Offer(t.P.T(key, "account", a.Name), actionShow, argument(offer{group, a.ID, pages}), a.ID))
		}
		switch {
		case shown[a.ID]:
		case a.Kind == rights.Wallet:
			add("group.button.show_wallet", walletPages)
		default:
			add("group.button.show", schoolPages)
			add("group.button.show_grades", gradesPages)
		}
	}
	return list
}

// shownIn are the accounts that are shown in a group.
func shownIn(l *Linking, group chat.ChatID) map[string]bool {
	shown := make(map[string]bool)
	for _, g := range l.cfg.Rights.Shown(group) {
		shown[g.Account] = true
	}
	return shown
}

// show shows an account in a group, at its owner's word.
func (l *Linking) show(ctx context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	var o offer
	if err := json.Unmarshal([]byte(p.Arg), &o); err != nil {
		return chat.Reply{}, errors.New("linking: argument of a choice unreadable")
	}
	group, err := l.cfg.Current(o.Group)
	if err != nil {
		return chat.Reply{}, err
	}
	a, mine := owned(l, t.Who, o.Account)
	if !mine {
		return chat.Reply{}, gone(t)
	}
	if shownIn(l, group)[a.ID] { // by the button beside this one, maybe with less
		return t.Say("group.shown_already", "unlink", t.Cmd("deconnexion"), "link", t.Cmd("connexion")), nil
	}
	if err := l.cfg.Rights.Show(t.Who, rights.Grant{Group: group, Account: a.ID, Pages: o.Pages}); err != nil {
		return chat.Reply{}, orGone(t, err)
	}
	say := func(there *talk.Turn) chat.Reply {
		return there.Say(showsKey(a, o.Pages), "name", there.Name(), "account", a.Name, "unlink", there.Cmd("deconnexion"))
	}
	if group == t.Chat {
		return say(t), nil
	}
	if err := t.Announce(ctx, group, say); err != nil {
		t.Log.Warn("account shown in a group that was not told", "error", err)
		return t.Say("group.shown_unsaid"), nil
	}
	return t.Say("group.shown"), nil
}

// showsKey says what a group can now see.
func showsKey(a rights.Account, pages []rights.Page) string {
	switch {
	case a.Kind == rights.Wallet:
		return "group.shows_wallet"
	case slices.Contains(pages, rights.Grades):
		return "group.shows_grades"
	default:
		return "group.shows"
	}
}

// hideInGroup is /deconnexion in a group: the owner stops showing an account there.
func hideInGroup(l *Linking, t *talk.Turn) chat.Reply {
	shown := shownIn(l, t.Chat)
	r := t.Say("group.hide")
	for _, a := range l.cfg.Rights.Of(t.Person) {
		if shown[a.ID] {
			r.Choices = append(r.Choices, t.Offer(t.P.T("group.button.hide", "account", a.Name), actionHide, "", a.ID))
		}
	}
	if len(r.Choices) == 0 {
		return t.Say("group.nothing_yours")
	}
	return r
}

// hide stops showing an account in the group where the button was.
func (l *Linking) hide(_ context.Context, t *talk.Turn, p talk.Press) (chat.Reply, error) {
	if err := l.cfg.Rights.Hide(t.Who, t.Chat, p.Account); err != nil {
		return chat.Reply{}, orGone(t, err)
	}
	return t.Say("group.hidden", "name", t.Name()), nil
}
