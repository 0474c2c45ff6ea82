package talk

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cartable/core/chat"
	"cartable/core/rights"
)

// meetStranger looks for an invitation in what a stranger wrote in private.
func meetStranger(ctx context.Context, t *Turn, text string) (chat.Reply, error) {
	outcome, err := t.talk.cfg.Rights.Redeem(t.Person, text)
	if err != nil {
		return chat.Reply{}, err
	}
	switch outcome {
	case rights.Admitted:
		t.Log.Info("person admitted by invitation")
		return t.talk.roles[RoleStart].Run(ctx, t, "")
	case rights.Used:
		return t.Say("access.used"), nil
	case rights.Wrong:
		return t.Say("access.wrong"), nil
	default:
		return t.Say("access.ask"), nil
	}
}

// mayRun tells whether the person may run a command here, whatever it finds to work on.
func mayRun(t *Turn, c *Command) bool {
	if c.Needs == NeedAdmin {
		return t.talk.cfg.Rights.Admin(t.Person)
	}
	return !t.stranger || mayInGroup(t, c)
}

// mayInGroup tells whether somebody who was not admitted may run a command in a group, by typing or by a press. A
// guest reads what is shown there, and changes nothing. Who shows something there takes it away as well.
func mayInGroup(t *Turn, c *Command) bool {
	if c == nil || len(t.talk.cfg.Rights.Shown(t.Chat)) == 0 {
		return false
	}
	return c.Group == GroupShown && !c.Changes || c.Needs == NeedNothing && c.Harmless || c.TakesBack && showsHere(t)
}

// mayPress is mayInGroup for a choice.
func mayPress(t *Turn, c choice) bool {
	if c.Action == actionRun {
		return mayInGroup(t, parse(t.talk, c.Arg).command)
	}
	return t.talk.action(c.Action).TakesBack // which asks whose it is
}

// showsHere tells whether the person shows something in this group.
func showsHere(t *Turn) bool {
	return slices.ContainsFunc(t.talk.cfg.Rights.Of(t.Person), func(a rights.Account) bool {
		return slices.ContainsFunc(t.talk.cfg.Rights.ShownOf(a.ID), func(g rights.Grant) bool { return g.Group == t.Chat })
	})
}

// runInGroup decides what a command may do in a group, by the table in docs/architecture.md: what is shown
// there is for everyone, what is more goes to its owner in private, what spends or removes is the owner's
// alone.
func runInGroup(ctx context.Context, t *Turn, c call) (chat.Reply, error) {
	switch c.command.Group {
	case GroupShown:
		if t.Has(c.command.Needs, c.command.Page) {
			return c.command.Run(ctx, t, c.args)
		}
		return answerInPrivate(ctx, t, c)
	case GroupPrivate:
		return answerInPrivate(ctx, t, c)
	default:
		return c.command.Run(ctx, t, c.args)
	}
}

// secretInGroup tells whether a message in a group holds what belongs into a private chat. "Comment connecter mon
// compte ?" reads as a command that takes secrets, and holds none.
func secretInGroup(t *Talk, c call, text string) bool {
	if c.command == nil || !c.command.Secret || c.args == "" {
		return holdsSecret(t, text)
	}
	_, marked := cutAny(strings.TrimSpace(text), "/", "!")
	return marked || slices.ContainsFunc(strings.Fields(text), unlikeSpeech) || holdsSecret(t, text)
}

// unlikeSpeech tells whether a word has a digit, a dot or a slash, as passwords and addresses have.
func unlikeSpeech(word string) bool {
	return strings.ContainsAny(strings.Trim(word, "?!.,;:…"), "0123456789./")
}

// holdsSecret tells whether a text holds a secret wherever it is said.
func holdsSecret(t *Talk, text string) bool {
	for _, i := range t.cfg.Interceptors {
		if i.Secret(text) {
			return true
		}
	}
	return false
}

// warnOfSecret deletes such a message if the bot may, and says why. Nothing of it is used.
func warnOfSecret(ctx context.Context, t *Turn) chat.Reply {
	t.Redact(ctx)
	r := t.Say("group.secret", "name", t.Name())
	r.Choices = []chat.Choice{{Label: t.P.T("group.button.private"), Start: startHello, Instead: chat.Plain(t.role(RoleStart))}}
	return r
}

// startHello is the payload of a deep link that only opens the private chat.
const startHello = "hello"

// home is the private chat where an account of the person is that a command could be about.
func home(t *Turn, c *Command) (chat.ChatID, bool) {
	for _, a := range t.talk.cfg.Rights.Of(t.Person) {
		if c.Needs.fits(a.Kind) {
			return a.Home, true
		}
	}
	return chat.ChatID{}, false
}

// answerInPrivate runs a command in the private chat of an owner and says so in the group. Who owns nothing
// that the command could be about is refused. The private chat takes it in its own order.
func answerInPrivate(ctx context.Context, t *Turn, c call) (chat.Reply, error) {
	private, found := home(t, c.command)
	switch {
	case t.stranger: // what they have in private is not for those who were not admitted
		return t.Say("group.not_shown_guest"), nil
	case !found && (c.command.Needs == NeedNothing || c.command.Needs == NeedAdmin):
		return leadToPrivate(t, c), nil
	case !found:
		return t.Say("group.not_shown", "link", t.role(RoleLink)), nil
	case private == t.Chat: // it was private until others joined
		return askToWrite(t), nil
	case t.Unverified: // nobody else gives up her question or her order, or has the bot ask for a secret there
		return askToWrite(t), nil
	}
	done := make(chan error, 1)
	err := t.talk.serial.within(private, func() {
		if ctx.Err() != nil { // its turn came too late: the group was told so
			done <- context.Cause(ctx)
			return
		}
		there := turn(t.talk, t.adapter, chat.Message{
			Chat: private, Person: t.Person, Name: t.Msg.Name, Private: true,
		})
		done <- answerThere(ctx, there, c, t.Msg.Ref)
	})
	if errors.Is(err, errBusy) {
		return t.Say("busy"), nil
	}
	if err != nil {
		return chat.Reply{}, err
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		return chat.Reply{}, context.Cause(ctx)
	}
	if errors.Is(err, chat.ErrChatGone) || errors.Is(err, chat.ErrNotPrivate) {
		return askToWrite(t), nil
	}
	note := t.Say("group.answered_in_private", "name", t.Name())
	note.Silent = true // the answer itself rings
	return note, nil
}

// answerThere runs the command in the private chat. Its panics end there.
func answerThere(ctx context.Context, there *Turn, c call, ref string) (err error) {
	defer ended(ctx, there)
	reply, err := perform(ctx, there, c)
	if err != nil {
		reply = there.Explain(err)
	}
	return deliver(ctx, there, chat.Target{Chat: there.Chat, Private: true, Answers: ref}, reply)
}

// leadToPrivate has a person who has nothing linked do a command in private, where nobody knows yet.
func leadToPrivate(t *Turn, c call) chat.Reply {
	r := t.Say("group.go_private", "name", t.Name())
	start := t.OfferStart(t.P.T("group.button.private"), actionRun, strings.TrimSpace("/"+c.command.Name+" "+c.args))
	start.Instead = strings.TrimSpace(chat.Plain(t.Shown(*c.command)) + " " + c.args)
	r.Choices = []chat.Choice{start}
	return r
}

// askToWrite asks a person for a private chat.
func askToWrite(t *Turn) chat.Reply {
	r := t.Say("group.write_first")
	r.Choices = []chat.Choice{{Label: t.P.T("group.button.private"), Start: startHello, Instead: chat.Plain(t.role(RoleStart))}}
	return r
}
