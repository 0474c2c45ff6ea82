package core

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cartable/i18n"
)

// schools are the PRONOTE accounts that may be read in this chat, oldest first: in private those linked
// there, in a group those shown.
func (t *turn) schools() []*schoolAccount {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	var list []*schoolAccount
	for _, a := range t.e.schools {
		if t.readable(a.record()) {
			list = append(list, a)
		}
	}
	return list
}

// openWallets are the Izly accounts that may be read in this chat.
func (t *turn) openWallets() []*walletAccount {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	var list []*walletAccount
	for _, a := range t.e.wallets {
		if t.readable(a.record()) {
			list = append(list, a)
		}
	}
	return list
}

// readable tells whether a link is of this chat: a private one may have been somebody else's before. The caller
// holds e.mu.
func (t *turn) readable(l link) bool {
	if t.msg.Private {
		return l.Chat == t.msg.Chat && l.Owner == t.msg.Person
	}
	grades := t.command != nil && t.command.grades
	for _, s := range t.e.showings {
		if s.Group == t.msg.Chat && s.Link == l.ID && (s.Grades || !grades) {
			return true
		}
	}
	return false
}

// provenOwned are the links of the person who speaks that the message may touch: all, or when it is hearsay
// those of this very chat.
func (t *turn) provenOwned() []link {
	mine := t.owned()
	if !t.msg.Unverified {
		return mine
	}
	return slices.DeleteFunc(mine, func(l link) bool { return l.Chat != t.msg.Chat })
}

// owned are all links of the person who speaks, in whichever chat.
func (t *turn) owned() []link {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	var mine []link
	for _, a := range t.e.schools {
		if a.owner == t.msg.Person {
			mine = append(mine, a.record())
		}
	}
	for _, a := range t.e.wallets {
		if a.owner == t.msg.Person {
			mine = append(mine, a.record())
		}
	}
	return mine
}

// runInGroup decides what a command may do in a group, by the table in docs/architecture.md: what is shown
// there is for everyone, what is more goes to its owner in private, what spends or removes is the owner's
// alone.
func (t *turn) runInGroup(ctx context.Context, c *command, args string) (Reply, error) {
	switch c.group {
	case groupShown:
		if c.needs == needSchool && len(t.schools()) > 0 || c.needs == needWallet && len(t.openWallets()) > 0 {
			return c.run(ctx, t, args)
		}
		return t.answerInPrivate(ctx, c, args)
	case groupPrivate:
		return t.answerInPrivate(ctx, c, args)
	default:
		return c.run(ctx, t, args)
	}
}

// secretInGroup tells whether a message in a group holds what belongs into a private chat: an account's data
// after /connexion, or an activation link.
func secretInGroup(c call, text string) bool {
	if c.command != nil && c.command.name == "connexion" && c.args != "" {
		return true
	}
	return isActivationLink(text)
}

// warnOfSecret deletes such a message if the bot may, and says why. Nothing of it is used.
func (t *turn) warnOfSecret(ctx context.Context) Reply {
	t.redact(ctx)
	r := t.plain("group.secret", "name", t.name())
	r.Choices = []Choice{{Label: t.p.T("group.button.private"), Start: startHello}}
	return r
}

// startHello is the payload of a deep link that only opens the private chat.
const startHello = "hello"

// answerInPrivate runs a command in the private chat of an owner and says so in the group. Who owns nothing
// that the command could be about is refused.
func (t *turn) answerInPrivate(ctx context.Context, c *command, args string) (Reply, error) {
	for _, l := range t.owned() {
		if c.needs == needSchool && l.School == nil || c.needs == needWallet && l.Wallet == nil {
			continue
		}
		if l.Chat == t.msg.Chat { // it was private until others joined
			return t.askToWrite(), nil
		}
		if t.msg.Unverified && c.changes { // nobody else gives up her question or her proposal
			return t.askToWrite(), nil
		}
		private, err := t.e.newTurn(t.adapter, Message{
			Chat: l.Chat, Person: t.msg.Person, Name: t.msg.Name, Private: true, Unverified: t.msg.Unverified,
		})
		if err != nil {
			return Reply{}, err
		}
		reply, err := private.perform(ctx, call{command: c, args: args})
		if err != nil {
			reply = private.explain(err)
		}
		err = private.deliverTo(ctx, Target{Chat: l.Chat, Private: true, Answers: t.msg.Ref}, reply)
		if errors.Is(err, ErrChatGone) || errors.Is(err, ErrNotPrivate) {
			private.dropDialogue() // its question was seen by nobody
			return t.askToWrite(), nil
		}
		note := t.plain("group.answered_in_private", "name", t.name())
		note.Silent = true // the answer itself rings
		return note, nil
	}
	return t.plain("group.not_shown", "link", t.cmd("connexion")), nil
}

// askToWrite asks a person for a private chat.
func (t *turn) askToWrite() Reply {
	r := t.plain("group.write_first")
	r.Choices = []Choice{{Label: t.p.T("group.button.private"), Start: startHello}}
	return r
}

// name is how a sentence addresses the person who speaks.
func (t *turn) name() string {
	if name := strings.Join(strings.Fields(t.msg.Name), " "); name != "" {
		return i18n.Short(name)
	}
	return t.p.T("group.somebody")
}
