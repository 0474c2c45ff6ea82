//go:build goolm

package matrix

import (
	"context"
	"strings"

	"maunium.net/go/mautrix/event"

	"cartable/core/chat"
)

// picked is what became of a text that may be a choice.
type picked int

const (
	pickNone   picked = iota // it is none
	pickTaken                // the row is now a press
	pickRefuse               // it is one and does not count, which was said
)

// pick makes a press of a typed number, word or code. spoken says that the text was written in a group and not to
// the bot.
func (l *connection) pick(evt *event.Event, r *row, trust verdict, spoken bool) (picked, error) {
	if code := typedCode(r.Text); code != "" {
		return l.pickByCode(evt, r, code, trust, spoken)
	}
	if r.File != nil {
		return pickNone, nil
	}
	if _, is := chat.Number(r.Text); is {
		return l.pickByNumber(evt, r, spoken)
	}
	return l.pickByWord(evt, r, spoken)
}

// pickByCode takes "oui 4827": in an encrypted room only from a device that its owner has signed. Typed again it
// goes to the core again, which does once what is to be done once, and says what became of it.
func (l *connection) pickByCode(evt *event.Event, r *row, code string, trust verdict, spoken bool) (picked, error) {
	last, err := l.a.offers.last(r.Room)
	if err != nil || last.Expect == chat.ExpectSecret {
		return pickNone, err
	}
	o, at, err := l.a.offers.byCode(r.Room, code)
	switch {
	case err != nil:
		return pickNone, err
	case o == nil && spoken:
		return pickNone, nil
	case o == nil:
		l.a.answerTrouble(evt, chat.NoticeWrongCode)
		return pickRefuse, nil
	case trust == unsigned:
		l.a.answerTrouble(evt, chat.NoticeUnsignedDevice)
		return pickRefuse, nil
	}
	r.press(o, at)
	r.Typed, r.Confirms = true, true
	return pickTaken, nil
}

// pickByNumber takes the number of a choice of the last list.
func (l *connection) pickByNumber(evt *event.Event, r *row, spoken bool) (picked, error) {
	last, err := l.a.offers.last(r.Room)
	if err != nil || last.Offer == "" {
		return pickNone, err
	}
	o, err := l.a.offers.byEvent(last.Offer)
	if err != nil || o == nil {
		return pickNone, err
	}
	if spoken && (o.For != r.Sender || l.a.cfg.Now().Sub(o.Made) > bareLife) {
		return pickNone, nil
	}
	at, is := chat.Pick(r.Text, len(o.Choices), last.Expect, last.Current)
	if !is {
		return pickNone, nil
	}
	return l.pickTyped(evt, r, o, at), nil
}

// pickByWord takes the words of a choice, where it was the last thing said and nothing else is waited for.
func (l *connection) pickByWord(evt *event.Event, r *row, spoken bool) (picked, error) {
	last, err := l.a.offers.last(r.Room)
	if err != nil || spoken || last.Offer == "" || !last.Current || last.Expect != chat.ExpectNothing {
		return pickNone, err
	}
	o, err := l.a.offers.byEvent(last.Offer)
	if err != nil || o == nil {
		return pickNone, err
	}
	at := o.named(strings.TrimLeft(strings.TrimSpace(r.Text), "!/"))
	if at < 0 {
		return pickNone, nil
	}
	return l.pickTyped(evt, r, o, at), nil
}

// pickTyped makes the row a press of a choice that was typed, unless it is a risky one.
func (l *connection) pickTyped(evt *event.Event, r *row, o *offer, at int) picked {
	if c := o.Choices[at]; c.Risky {
		l.a.answerTrouble(evt, chat.NoticeNotEnough, "code", c.Code)
		return pickRefuse
	}
	r.press(o, at)
	r.Typed, r.Confirms = true, risky(o.Choices)
	return pickTaken
}

// press makes the row one of a choice.
func (r *row) press(o *offer, at int) {
	r.Choice, r.Carrier, r.Thread, r.Text, r.File = o.Choices[at].ID, o.Event, o.Thread, "", nil
}

// onReaction takes a reaction to one of our messages. It comes unencrypted: it is the homeserver's word, and
// confirms nothing that is risky.
func (l *connection) onReaction(ctx context.Context, evt *event.Event, content *event.ReactionEventContent) error {
	o, err := l.a.offers.byEvent(content.RelatesTo.EventID)
	if err != nil || o == nil || o.Room != evt.RoomID {
		return err
	}
	at := o.reacted(content.RelatesTo.Key)
	if at < 0 {
		return nil
	}
	if c := o.Choices[at]; c.Risky {
		l.a.counters.refused.Add(1)
		if l.a.limiter.allow("reaction "+o.Event.String()+" "+evt.Sender.String(), 1) {
			l.a.answerTrouble(evt, chat.NoticeNotEnough, "code", c.Code)
		}
		return nil
	}
	r, err := l.newRow(ctx, evt, inClear)
	if err != nil {
		return err
	}
	r.press(o, at)
	return l.a.take(l, r)
}

// onVote takes a vote in one of our polls. Only an encrypted one counts, and for a risky choice only that of
// a device which its owner has signed.
func (l *connection) onVote(ctx context.Context, evt *event.Event, trust verdict) error {
	choice := voteOf(evt)
	if choice == "" {
		return nil
	}
	o, err := l.a.offers.byVote(choice)
	if err != nil || o == nil || o.Room != evt.RoomID {
		return err
	}
	at := o.place(choice)
	switch {
	case at < 0:
		return nil
	case trust == changed:
		l.tellChangedIdentity(evt)
		return nil
	case trust == inClear:
		l.a.answerTrouble(evt, chat.NoticeNotEnough, "code", o.Choices[at].Code)
		return nil
	case o.Choices[at].Risky && trust != trusted:
		l.a.answerTrouble(evt, chat.NoticeUnsignedDevice)
		return nil
	}
	r, err := l.newRow(ctx, evt, trust)
	if err != nil {
		return err
	}
	r.press(o, at)
	return l.a.take(l, r)
}
