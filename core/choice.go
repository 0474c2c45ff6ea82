package core

import (
	"context"
	"strings"
	"time"
)

// choice is the stored record behind a button: what it does, for whom and until when. The platform only
// ever sees its ID.
type choice struct {
	Chat    ChatID    `json:"chat"`
	Person  PersonID  `json:"person"`            // the only one who may press it; nobody: everyone in the chat
	Private bool      `json:"private,omitempty"` // nobody else was to see it: void once others are in the chat
	Group   ChatID    `json:"group"`             // of actLinkFor: the group that the link is for
	Action  action    `json:"action"`
	Arg     string    `json:"arg"`
	Expires time.Time `json:"expires"`
}

// action says what pressing a choice does with its Arg.
type action string

const (
	actRun         action = "run"          // acts as if the person had typed Arg; any number of times
	actAnswer      action = "answer"       // answers the dialogue: "<dialogue ID>|<answer>"
	actTopUp       action = "topup"        // confirms the proposal of that ID
	actTopUpCard   action = "topup_card"   // takes the proposal back and offers another card
	actTopUpCancel action = "topup_cancel" // takes the proposal back
	actUnlink      action = "unlink"       // removes the link of that ID
	actTrade       action = "trade"        // replaces the password of the link of that ID by a token
	actLinkFor     action = "link_for"     // is not pressed: stands behind a deep link from a group
	actShow        action = "show"         // shows a link in a group
	actHide        action = "hide"         // stops showing the link of that ID in this group
)

// choiceLife is how long a button is remembered, also to explain that it has expired.
const choiceLife = 24 * time.Hour

func (t *turn) offer(label string, act action, arg string) Choice {
	id := t.e.newID()
	c := choice{
		Chat: t.msg.Chat, Person: t.msg.Person, Private: t.msg.Private, Action: act, Arg: arg,
		Expires: t.e.cfg.Now().Add(choiceLife),
	}
	if act == actRun && !t.msg.Private {
		c.Person = PersonID{} // acts with the rights of whoever presses it
	}
	t.offered[id] = c
	return Choice{ID: id, Label: label, Risky: act.risky(arg)}
}

// risky tells whether the action spends money, removes something, changes how an account is kept or lets others
// read it. Of the choices of an unlinking, the one without an account keeps everything.
func (a action) risky(arg string) bool {
	return a == actTopUp || a == actTrade || a == actShow || a == actUnlink && arg != ""
}

// runChoice is a button that acts like typing line.
func (t *turn) runChoice(label, line string) Choice { return t.offer(label, actRun, line) }

// saveChoices stores the choices that were offered since the last call.
func (t *turn) saveChoices() error {
	if len(t.offered) == 0 {
		return nil
	}
	offered := t.offered
	t.offered = make(map[string]choice)
	return t.e.cfg.Store.Update(func(tx Tx) error {
		for id, c := range offered {
			if err := choices.put(tx, id, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// press acts on a choice. Unknown, foreign and old ones say so and do nothing.
func (t *turn) press(ctx context.Context, id string) (Reply, error) {
	var c choice
	var found bool
	err := t.e.cfg.Store.View(func(tx Tx) (err error) {
		c, found, err = choices.get(tx, id)
		return err
	})
	switch {
	case err != nil:
		return Reply{}, err
	case !found || c.Chat != t.msg.Chat || t.e.cfg.Now().After(c.Expires):
		return t.refusePress(ctx, "choice.old", "help", t.cmd("aide")), nil
	case c.Person != (PersonID{}) && c.Person != t.msg.Person:
		return t.refusePress(ctx, "choice.not_yours"), nil
	case c.Private && !t.msg.Private:
		return t.refusePress(ctx, "choice.crowded"), nil
	}
	t.answerPress(ctx, "")
	switch c.Action {
	case actRun:
		return t.runLine(ctx, c.Arg)
	case actAnswer:
		return t.pressDialogue(ctx, c.Arg)
	default:
		return t.aside(!t.dialogue().isAbout(c.Arg), func() (Reply, error) { return t.act(ctx, c) })
	}
}

// act does what a choice stands for that neither runs a command nor answers a question.
func (t *turn) act(ctx context.Context, c choice) (Reply, error) {
	switch c.Action {
	case actTopUp:
		return t.confirmTopUp(ctx, c.Arg)
	case actTopUpCard:
		return t.otherCard(ctx, c.Arg)
	case actTopUpCancel:
		return t.cancelTopUp(c.Arg)
	case actUnlink:
		return t.unlink(c.Arg)
	case actTrade:
		return t.trade(ctx, c.Arg)
	case actShow:
		return t.show(ctx, c.Arg)
	case actHide:
		return t.hide(c.Arg)
	default:
		return t.plain("choice.old", "help", t.cmd("aide")), nil
	}
}

// runLine acts as if the person had typed line, which is one of our own.
func (t *turn) runLine(ctx context.Context, line string) (Reply, error) {
	c := t.e.parseCall(line)
	if c.command == nil {
		return t.plain("choice.old", "help", t.cmd("aide")), nil
	}
	return t.perform(ctx, c)
}

// takeBackChoices makes the choices of the person in this chat void that would change something, and tells
// whether one of them would have at once, without a command that can be repeated. Those of a proposal stay: they
// say what became of it.
func (t *turn) takeBackChoices() (taken bool, err error) {
	err = t.e.cfg.Store.Update(func(tx Tx) error {
		taken = false
		return choices.deleteWhere(tx, func(c choice) bool {
			open := c.Chat == t.msg.Chat && c.Person == t.msg.Person && t.e.changes(c) && !t.e.cfg.Now().After(c.Expires)
			taken = taken || open && c.Action != actRun
			return open
		})
	})
	return taken, err
}

// changes tells whether pressing a choice changes something, or runs a command that does.
func (e *Engine) changes(c choice) bool {
	switch c.Action {
	case actUnlink, actTrade, actShow, actHide:
		return true
	case actRun:
		command := e.parseCall(c.Arg).command
		return command != nil && command.changes && command.name != "connexion" // which only asks
	default:
		return false
	}
}

// refusePress tells the one who pressed why it does not count: to them alone where the platform can.
func (t *turn) refusePress(ctx context.Context, key string, args ...any) Reply {
	if t.answerPress(ctx, t.p.T(key, args...)) {
		return Reply{}
	}
	return t.plain(key, args...)
}

// answerPress lets the platform know that a press counts, or with a text why it does not.
func (t *turn) answerPress(ctx context.Context, text string) bool {
	presser, able := t.adapter.(Presser)
	if !able {
		return false
	}
	if err := presser.Answer(ctx, t.msg, text); err != nil {
		t.log.Warn("press not answered", "error", err)
	}
	return true
}

// pressDialogue answers the dialogue that offered the choice, if that one is still waiting.
func (t *turn) pressDialogue(ctx context.Context, arg string) (Reply, error) {
	id, answer, _ := strings.Cut(arg, "|")
	d := t.dialogue()
	if d == nil || d.step != id {
		return t.plain("dialogue.gone"), nil
	}
	return t.answerDialogue(ctx, d, answer)
}
