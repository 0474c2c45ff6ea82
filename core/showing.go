package core

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cartable/i18n"
)

// showing is the stored record of a link that its owner shows in a group. A school is shown with its
// timetable and homework, and with grades only if the owner says so; a wallet with balance and history.
type showing struct {
	Group  ChatID    `json:"group"`
	Link   string    `json:"link"`
	Grades bool      `json:"grades,omitempty"`
	Since  time.Time `json:"since"`
}

func (s showing) key() string { return chatKey(s.Group) + "\x00" + s.Link }

// shownIn returns what is shown in a group.
func (e *Engine) shownIn(group ChatID) []showing {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []showing
	for _, s := range e.showings {
		if s.Group == group {
			list = append(list, s)
		}
	}
	return list
}

// linkInGroup is /connexion in a group: accounts are linked in private and shown here.
func (t *turn) linkInGroup() Reply {
	start := t.offer("", actLinkFor, t.msg.Title)
	offered := t.offered[start.ID]
	offered.Group = t.msg.Chat
	t.offered[start.ID] = offered

	r := t.plain("group.link", "name", t.name())
	r.Choices = t.showChoices(t.msg.Chat)
	r.Choices = append(r.Choices, Choice{ID: start.ID, Label: t.p.T("group.button.link"), Start: startLink + start.ID})
	return r
}

// startLink begins the payload of a deep link that leads from a group to the linking dialogue.
const startLink = "link_"

// startFromGroup is /start link_…: the person came from a group to link an account, or to show one.
func (t *turn) startFromGroup(ctx context.Context, id string) (Reply, error) {
	var c choice
	err := t.e.cfg.Store.View(func(tx Tx) (err error) {
		c, _, err = choices.get(tx, id)
		return err
	})
	switch {
	case err != nil:
		return Reply{}, err
	case c.Action != actLinkFor || c.Person != t.msg.Person || t.e.cfg.Now().After(c.Expires):
		return t.plain("choice.old", "help", t.cmd("aide")), nil
	}
	if err := t.changeSettings(func(s *chatSettings) { s.ShowIn, s.ShowInTitle = &c.Group, c.Arg }); err != nil {
		return Reply{}, err
	}
	r, err := linkAccount(ctx, t, "")
	if show := t.showChoices(c.Group); len(show) > 0 {
		r.Body = append(t.plain("group.have_links", "group", t.groupName(c.Arg)).Body, r.Body...)
		r.Choices = append(show, r.Choices...)
	}
	return r, err
}

func (t *turn) groupName(title string) string {
	if title = strings.Join(strings.Fields(title), " "); title != "" {
		return "« " + i18n.Short(title) + " »"
	}
	return t.p.T("group.the_group")
}

// offerShowing adds to the reply after a linking the buttons that lead back to the group it was for.
func (t *turn) offerShowing(r Reply) (Reply, error) {
	if t.settings.ShowIn == nil {
		return r, nil
	}
	group, title := *t.settings.ShowIn, t.settings.ShowInTitle
	if err := t.changeSettings(func(s *chatSettings) { s.ShowIn, s.ShowInTitle = nil, "" }); err != nil {
		return r, err
	}
	r.Body = append(r.Body, Line{Text: t.p.T("group.offer", "group", t.groupName(title))})
	r.Choices = append(r.Choices, t.showChoices(group)...)
	return r, nil
}

// showChoices are buttons that show the person's links in a group.
func (t *turn) showChoices(group ChatID) []Choice {
	shown := make(map[string]bool)
	for _, s := range t.e.shownIn(group) {
		shown[s.Link] = true
	}
	var list []Choice
	for _, l := range t.provenOwned() {
		if shown[l.ID] {
			continue
		}
		if l.School != nil {
			list = append(
				list,
				t.showChoice("group.button.show", l, showing{Group: group, Link: l.ID}),
				t.showChoice("group.button.show_grades", l, showing{Group: group, Link: l.ID, Grades: true}),
			)
		} else {
			list = append(list, t.showChoice("group.button.show_wallet", l, showing{Group: group, Link: l.ID}))
		}
	}
	return list
}

func (t *turn) showChoice(key string, l link, s showing) Choice {
	arg, err := json.Marshal(s)
	if err != nil {
		t.log.Error("choice not made", "error", err)
	}
	return t.offer(t.p.T(key, "account", l.label()), actShow, string(arg))
}

// label names an account on a button that everyone in a group sees.
func (l link) label() string {
	if l.School != nil {
		return l.School.Account.School
	}
	return "Izly"
}

// show shows a link in a group, at its owner's word.
func (t *turn) show(ctx context.Context, arg string) (Reply, error) {
	var s showing
	if err := json.Unmarshal([]byte(arg), &s); err != nil {
		return Reply{}, err
	}
	var shown link
	for _, l := range t.provenOwned() {
		if l.ID == s.Link {
			shown = l
		}
	}
	if shown.ID == "" {
		return Reply{}, errLinkGone
	}
	s.Since = t.e.cfg.Now()
	err := t.e.cfg.Store.Update(func(tx Tx) error { return showings.put(tx, s.key(), s) })
	if err := errors.Join(err, t.e.loadShowings()); err != nil {
		return Reply{}, err
	}

	key := "group.shows"
	switch {
	case shown.Wallet != nil:
		key = "group.shows_wallet"
	case s.Grades:
		key = "group.shows_grades"
	}
	if s.Group == t.msg.Chat {
		return t.plain(key, "name", t.name(), "account", shown.label(), "unlink", t.cmd("deconnexion")), nil
	}
	there, err := t.e.newTurn(t.adapter, Message{Chat: s.Group, Person: t.msg.Person, Name: t.msg.Name})
	if err != nil {
		return Reply{}, err
	}
	r := there.plain(key, "name", there.name(), "account", shown.label(), "unlink", there.cmd("deconnexion"))
	r.Silent = true
	if err := there.deliverTo(ctx, Target{Chat: s.Group, Answers: t.msg.Ref}, r); err != nil {
		return t.plain("group.shown_unsaid"), nil
	}
	return t.plain("group.shown"), nil
}

// hideInGroup is /deconnexion in a group: the owner stops showing an account there.
func (t *turn) hideInGroup() Reply {
	shown := make(map[string]bool)
	for _, s := range t.e.shownIn(t.msg.Chat) {
		shown[s.Link] = true
	}
	r := t.plain("group.hide")
	for _, l := range t.owned() {
		if shown[l.ID] {
			r.Choices = append(r.Choices, t.offer(t.p.T("group.button.hide", "account", l.label()), actHide, l.ID))
		}
	}
	if len(r.Choices) == 0 {
		return t.plain("group.nothing_yours")
	}
	return r
}

// hide stops showing a link in the group where the button was.
func (t *turn) hide(linkID string) (Reply, error) {
	s := showing{Group: t.msg.Chat, Link: linkID}
	err := t.e.cfg.Store.Update(func(tx Tx) error { return showings.delete(tx, s.key()) })
	if err := errors.Join(err, t.e.loadShowings()); err != nil {
		return Reply{}, err
	}
	return t.plain("group.hidden", "name", t.name()), nil
}

// loadShowings reads what is shown where from the store.
func (e *Engine) loadShowings() error {
	var all []showing
	err := e.cfg.Store.View(func(tx Tx) error {
		return showings.each(tx, func(_ string, s showing) error {
			all = append(all, s)
			return nil
		})
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.showings = all
	return err
}
