package talk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// choice is the stored record behind a button: what it does, for whom and until when. The platform only
// ever sees its ID.
type choice struct {
	Person  chat.PersonID `json:"person"`            // the only one who may press it; nobody: everyone in the chat
	Private bool          `json:"private,omitempty"` // nobody else was to see it: void once others are in the chat
	Action  string        `json:"action"`            // the name of an Action, or one of those below
	Arg     string        `json:"arg,omitempty"`
	Account string        `json:"account,omitempty"` // that it is about: it goes when the account does
	Expires time.Time     `json:"expires"`
	Forget  bool          `json:"forget,omitempty"` // a deep link that Came leaves out: followed, or not surely the person's wish
	Number  int           `json:"number,omitempty"` // in its group: of those made before it is lower
}

// tally is the stored record of how many choices a group has.
type tally struct {
	Last int `json:"last"` // number of the newest
	Most int `json:"most"` // that there may be: what is removed meanwhile is not taken off
}

// What a choice may do besides a registered action.
const (
	actionRun    = "run"    // acts as if the person had typed Arg; any number of times
	actionAnswer = "answer" // answers the question: "<its step>|<answer>"
)

var (
	// choices: group: the chat's key, or that of a person's deep links; name: the choice's ID.
	choices = store.Table[choice]{Bucket: "choices"}
	// tallies: no group; name: the group of the choices. It is missing where there are none.
	tallies = store.Table[tally]{Bucket: "choice_tallies"}
	// due: the groups of choices that have some which end.
	due = store.Due{Bucket: "choices_due"}
)

const (
	// choiceLife is how long a button is remembered, also to explain that it has expired.
	choiceLife = 24 * time.Hour
	// mostChoices is how many of a group are remembered at least, the newest; spareChoices is how many there may be above
	// that, so that what is too much is not looked for with each message.
	mostChoices  = 500
	spareChoices = 100
	// startMark begins the payload of such a link.
	startMark = "link_"
	// cameLife is how long it is remembered where somebody who goes on in private came from.
	cameLife = time.Hour
)

// open tells whether the choice may still be pressed.
func (c choice) open(now time.Time) bool {
	return store.Lasts(c.Expires.Add(-choiceLife), choiceLife, now)
}

// startsOf is the group of the choices behind the deep links of a person, which are made in one chat and used in
// another.
func startsOf(p chat.PersonID) string { return "start\x00" + p.Key() }

// deleteChoices removes a group of choices, those too that cannot be read.
func deleteChoices(tx store.Tx, group string) error {
	if _, err := choices.Each(tx, group, func(_ string, c choice) error {
		return due.Drop(tx, c.Expires, group)
	}); err != nil {
		return err
	}
	return errors.Join(choices.DeleteGroup(tx, group), tallies.Delete(tx, "", group))
}

// named is a choice with its ID.
type named struct {
	id string
	choice
}

// older orders choices by when they were made. The time alone does not tell: a clock may be set back.
func older(a, b named) int {
	return cmp.Or(cmp.Compare(a.Number, b.Number), a.Expires.Compare(b.Expires))
}

// choicesOf are those of a group, the oldest first.
func choicesOf(tx store.Tx, group string) (all []named, err error) {
	_, err = choices.Each(tx, group, func(id string, c choice) error {
		all = append(all, named{id, c})
		return nil
	})
	slices.SortFunc(all, older)
	return all, err
}

// putChoices writes choices into a group as its newest, notes when they end, and removes the oldest where there are too
// many.
func putChoices(tx store.Tx, group string, more ...named) error {
	t, known, err := store.Legible(tallies.Get(tx, "", group))
	if err != nil {
		return err
	}
	if !known || t.Most+len(more) > mostChoices+spareChoices {
		if t, err = trimChoices(tx, group, max(mostChoices-len(more), 0)); err != nil {
			return err
		}
	}
	for _, c := range more {
		t.Last++
		c.Number = t.Last
		if err := errors.Join(choices.Put(tx, group, c.id, c.choice), due.Note(tx, c.Expires, group)); err != nil {
			return err
		}
	}
	t.Most += len(more)
	return tallies.Put(tx, "", group, t)
}

// trimChoices leaves the newest of a group.
func trimChoices(tx store.Tx, group string, most int) (left tally, err error) {
	all, err := choicesOf(tx, group)
	if err != nil {
		return tally{}, err
	}
	for _, c := range all {
		left.Last = max(left.Last, c.Number)
	}
	for ; len(all) > most; all = all[1:] {
		if err := choices.Delete(tx, group, all[0].id); err != nil {
			return tally{}, err
		}
	}
	left.Most = len(all)
	return left, nil
}

// moveChoices makes the choices of a chat those of another, older than what that one has.
func moveChoices(tx store.Tx, old, to chat.ChatID) error {
	all, err := choicesOf(tx, old.Key())
	if err != nil || len(all) == 0 {
		return errors.Join(err, deleteChoices(tx, old.Key()))
	}
	there, err := choicesOf(tx, to.Key())
	if err != nil {
		return err
	}
	all = append(all, there...)
	return errors.Join(
		deleteChoices(tx, old.Key()), deleteChoices(tx, to.Key()),
		putChoices(tx, to.Key(), all[max(len(all)-mostChoices, 0):]...),
	)
}

// forgetChoices removes the choices of a chat that are about an account.
func forgetChoices(tx store.Tx, group, account string) error {
	return choices.DeleteIf(tx, group, func(_ string, c choice) bool { return c.Account == account })
}

// Forget removes the buttons of a chat that lead to an account, which is being unlinked.
func (t *Talk) Forget(tx store.Tx, c chat.ChatID, account string) error {
	return forgetChoices(tx, c.Key(), account)
}

// offer notes a choice that goes with the next reply.
func offer(t *Turn, label, action, arg, account string) chat.Choice {
	id := newID(t.talk)
	c := choice{
		Person: t.Person, Private: t.Private, Action: action, Arg: arg, Account: account,
		Expires: t.talk.cfg.Now().Add(choiceLife),
	}
	if action == actionRun && !t.Private {
		c.Person = chat.PersonID{} // acts with the rights of whoever presses it
	}
	t.offered[id] = c
	return chat.Choice{ID: id, Label: label}
}

// Offer is a button that does an action. account, which may be empty, is the account that it is about.
func (t *Turn) Offer(label, action, arg, account string) chat.Choice {
	c := offer(t, label, action, arg, account)
	c.Risky = t.talk.action(action).Risky
	return c
}

// OfferIn writes a button of a message that nobody asked for, in the transaction of that message: it does an action,
// or "run", and only person may press it.
func (t *Talk) OfferIn(tx store.Tx, in chat.ChatID, person chat.PersonID, label, action, arg, account string) (chat.Choice, error) {
	id := newID(t)
	err := putChoices(tx, in.Key(), named{id, choice{
		Person: person, Private: true, Action: action, Arg: arg, Account: account, Expires: t.cfg.Now().Add(choiceLife),
	}})
	return chat.Choice{ID: id, Label: label, Risky: t.action(action).Risky}, err
}

// OfferStart is a button that leads into the private chat of the person, and does the action there.
func (t *Turn) OfferStart(label, action, arg string) chat.Choice {
	c := offer(t, label, action, arg, "")
	started := t.offered[c.ID]
	started.Person, started.Private, started.Forget = t.Person, false, t.Unverified
	delete(t.offered, c.ID)
	t.started[c.ID] = started
	c.Start = startMark + c.ID
	return c
}

// Came is the last deep link of an action that the person was offered lately and has not followed: they type a command in
// private where a platform has no such links. It counts as followed then.
func (t *Turn) Came(action string) (p Press, came bool, err error) {
	group := startsOf(t.Person)
	err = t.talk.cfg.Store.Update(func(tx store.Tx) error {
		var last choice
		name, now := "", t.talk.cfg.Now()
		if _, err := choices.Each(tx, group, func(id string, c choice) error {
			made := c.Expires.Add(-choiceLife)
			if c.Action == action && !c.Forget && c.Person == t.Person && store.Lasts(made, cameLife, now) && c.Expires.After(last.Expires) {
				last, name = c, id
			}
			return nil
		}); err != nil || name == "" {
			return err
		}
		p, came, last.Forget = Press{Arg: last.Arg, Account: last.Account}, true, true
		return choices.Put(tx, group, name, last)
	})
	return p, came, err
}

// RunChoice is a button that acts like typing line.
func (t *Turn) RunChoice(label, line string) chat.Choice {
	return offer(t, chat.Plain(label), actionRun, chat.Plain(line), "")
}

// AnswerChoice is a button that answers the question that was asked last with value.
func (t *Turn) AnswerChoice(label, value string) chat.Choice {
	step := ""
	if q := t.talk.questions.of(t); q != nil {
		step = q.step
	}
	return offer(t, label, actionAnswer, step+"|"+value, "")
}

// saveChoices stores the choices that were offered since the last call.
func saveChoices(t *Turn) error {
	if len(t.offered)+len(t.started) == 0 {
		return nil
	}
	offered, started := t.offered, t.started
	t.offered, t.started = make(map[string]choice), make(map[string]choice)
	return t.talk.cfg.Store.Update(func(tx store.Tx) error {
		for group, some := range map[string]map[string]choice{t.Chat.Key(): offered, startsOf(t.Person): started} {
			var more []named
			for id, c := range some {
				more = append(more, named{id, c})
			}
			if len(more) == 0 {
				continue
			}
			if err := putChoices(tx, group, more...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Talk) choice(group, id string) (c choice, found bool, err error) {
	err = t.cfg.Store.View(func(tx store.Tx) (err error) {
		c, found, err = choices.Get(tx, group, id)
		return err
	})
	if errors.Is(err, store.ErrUnreadable) { // closed by damage, and as good as none
		t.cfg.Log.Warn("choice unreadable", "error", err)
		return choice{}, false, nil
	}
	return c, found, err
}

// press acts on a choice. Unknown, foreign and old ones say so and do nothing.
func press(ctx context.Context, t *Turn, id string) (chat.Reply, error) {
	c, found, err := t.talk.choice(t.Chat.Key(), id)
	switch {
	case err != nil:
		return chat.Reply{}, err
	}
	if refused := refusePress(t, c, found); refused != "" {
		return pressedInVain(ctx, t, refused), nil
	}
	if stands := settled(t, c); stands != "" {
		if answerPress(ctx, t, stands) {
			return chat.Reply{}, nil
		}
		t.Msg.Choice = "" // what the message says stays
	}
	answerPress(ctx, t, "")
	switch c.Action {
	case actionRun:
		return t.Run(ctx, c.Arg)
	case actionAnswer:
		return pressQuestion(ctx, t, c.Arg)
	}
	q := t.talk.questions.of(t)
	about := c.Arg // what decides on an account alone has no other argument
	if about == "" {
		about = c.Account
	}
	return beside(t, !q.isAbout(about) && !t.talk.action(c.Action).Changes, func() (chat.Reply, error) { return act(ctx, t, c) })
}

// act does the registered action of a choice.
func act(ctx context.Context, t *Turn, c choice) (chat.Reply, error) {
	action := t.talk.action(c.Action)
	if action.Run == nil { // of another version of the program
		return t.Say("choice.old", "help", t.role(RoleHelp)), nil
	}
	if err := t.Void(action.Voids...); err != nil {
		return chat.Reply{}, err
	}
	return action.Run(ctx, t, Press{Arg: c.Arg, Account: c.Account})
}

// Void makes the choices of the person in this chat void that do one of those actions, as a press does for those of
// Action.Voids.
func (t *Turn) Void(actions ...string) error {
	if len(actions) == 0 {
		return nil
	}
	return t.talk.cfg.Store.Update(func(tx store.Tx) error {
		return choices.DeleteIf(tx, t.Chat.Key(), func(_ string, c choice) bool {
			return c.Person == t.Person && slices.Contains(actions, c.Action)
		})
	})
}

// start does the action behind a deep link: the person has come from another chat. taken tells whether the text
// was one.
func start(ctx context.Context, t *Turn, text string) (r chat.Reply, taken bool, err error) {
	words := strings.Fields(text)
	if len(words) != 2 {
		return r, false, nil
	}
	id, is := strings.CutPrefix(words[1], startMark)
	if c := parse(t.talk, words[0]); !is || c.command == nil || c.command.Role != RoleStart {
		return r, false, nil
	}
	c, found, err := t.talk.choice(startsOf(t.Person), id)
	switch {
	case err != nil:
		return r, true, err
	case !found || c.Person != t.Person || !c.open(t.talk.cfg.Now()):
		return t.Say("choice.old", "help", t.role(RoleHelp)), true, nil
	}
	if c.Action == actionRun {
		r, err = t.Run(ctx, c.Arg)
		return r, true, err
	}
	if c.Forget = true; t.talk.cfg.Store.Update(func(tx store.Tx) error { return choices.Put(tx, startsOf(t.Person), id, c) }) != nil {
		t.Log.Warn("followed link not noted")
	}
	r, err = beside(t, false, func() (chat.Reply, error) { return act(ctx, t, c) })
	return r, true, err
}

// VoidChoices makes the choices of the person in this chat void that would change something, and tells whether
// one of them would have at once, without a command that can be repeated.
func (t *Turn) VoidChoices() (taken bool, err error) {
	err = t.talk.cfg.Store.Update(func(tx store.Tx) error {
		taken = false
		return choices.DeleteIf(tx, t.Chat.Key(), func(_ string, c choice) bool {
			open := c.Person == t.Person && changes(t.talk, c) && c.open(t.talk.cfg.Now())
			taken = taken || open && c.Action != actionRun
			return open
		})
	})
	return taken, err
}

// changes tells whether pressing a choice changes something, or runs a command that does.
func changes(t *Talk, c choice) bool {
	if c.Action == actionRun {
		command := parse(t, c.Arg).command
		return command != nil && command.Changes && !command.OnlyAsks
	}
	return t.action(c.Action).Changes
}

// refusePress is why a press does not count, "" when it does.
func refusePress(t *Turn, c choice, found bool) string {
	switch {
	case !found || !c.open(t.talk.cfg.Now()):
		return t.P.T("choice.old", "help", t.role(RoleHelp))
	case c.Person != (chat.PersonID{}) && c.Person != t.Person:
		return t.P.T("choice.not_yours")
	case c.Private && !t.Private:
		return t.P.T("choice.crowded")
	case t.stranger && !mayPress(t, c):
		return t.P.T("choice.not_yours")
	}
	return ""
}

// pressedInVain tells the one who pressed why it does not count: to them alone where the platform can. The message with
// the choice stays as it is.
func pressedInVain(ctx context.Context, t *Turn, why string) chat.Reply {
	if answerPress(ctx, t, why) {
		return chat.Reply{}
	}
	t.Msg.Choice = ""
	return chat.Reply{Body: chat.Paragraphs(why)}
}

// answerPress lets the platform know that a press counts, or with a text why it does not. It is false when that has to be
// said in a message.
func answerPress(ctx context.Context, t *Turn, text string) bool {
	presser, able := t.adapter.(chat.Presser)
	if !able || t.told || t.Msg.Choice == "" { // its word was typed
		return false
	}
	if err := presser.Answer(ctx, t.Msg, chat.Plain(text)); err != nil {
		t.Log.Warn("press not answered", "error", err)
	}
	return true
}

// pressQuestion answers the question that offered the choice, if that one is still waiting.
func pressQuestion(ctx context.Context, t *Turn, arg string) (chat.Reply, error) {
	step, value, _ := strings.Cut(arg, "|")
	q := t.talk.questions.of(t)
	if q == nil || q.step != step {
		return t.Say("dialogue.gone"), nil
	}
	return answerQuestion(ctx, t, q, value)
}

// sweepPortion is how many chats one Sweep looks at.
const sweepPortion = 100

// Sweep removes choices whose time is over, those of some chats at a time. more tells that there are others.
func (t *Talk) Sweep(tx store.Tx, now time.Time) (more bool, err error) {
	return due.Take(tx, now, sweepPortion, func(group string) error {
		left := 0
		skipped, err := choices.Each(tx, group, func(id string, c choice) error {
			switch {
			case !now.After(c.Expires):
				left++
				return nil
			case c.Expires.Before(now.Truncate(time.Hour)): // all of that hour goes now: nobody need come for it again
				return errors.Join(choices.Delete(tx, group, id), due.Drop(tx, c.Expires, group))
			}
			return choices.Delete(tx, group, id)
		})
		if err == nil && left+skipped == 0 {
			err = tallies.Delete(tx, "", group)
		}
		return err
	})
}
