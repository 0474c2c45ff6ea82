//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// onMember follows who comes and goes: the bot is invited or thrown out, others join or leave.
func (l *connection) onMember(ctx context.Context, evt *event.Event) {
	defer l.a.recovered("membership")
	content := evt.Content.AsMember()
	if evt.Mautrix.IgnoreState || evt.StateKey == nil {
		return
	}
	switch me := evt.GetStateKey() == l.me.String(); {
	case me && content.Membership == event.MembershipInvite && evt.Mautrix.EventSource&event.SourceInvite != 0:
		l.invited(evt.RoomID, evt.Sender, content.IsDirect)
	case me && content.Membership.IsLeaveOrBan() && evt.Mautrix.EventSource&event.SourceLeave != 0:
		l.thrownOut(evt.RoomID)
	case !me && evt.Mautrix.EventSource&event.SourceJoin != 0 && evt.Mautrix.EventSource&event.SourceTimeline != 0:
		l.moved[evt.RoomID] = l.moved[evt.RoomID] || arrives(evt)
	}
}

// afterMoves looks at the rooms in which others came or went, when the whole response is read: in the middle of one
// it is not known who is there. That somebody has come is no news in a first response, which tells what has long been so.
func (l *connection) afterMoves(ctx context.Context, first bool) {
	for name, arrived := range l.moved {
		if l.checkRoom(ctx, name) && arrived && !first {
			l.noLongerAlone(name)
		}
	}
	clear(l.moved)
}

// arrives tells whether an event of membership brings somebody who was not there, not even invited.
func arrives(evt *event.Event) bool {
	here := func(m event.Membership) bool { return m == event.MembershipJoin || m == event.MembershipInvite }
	before := ""
	if evt.Unsigned.PrevContent != nil {
		before, _ = evt.Unsigned.PrevContent.Raw["membership"].(string)
	}
	return here(evt.Content.AsMember().Membership) && !here(event.Membership(before))
}

// noLongerAlone says in a private chat that others can read it now, if that is so.
func (l *connection) noLongerAlone(name id.RoomID) {
	record, _, err := l.a.rooms.get(name)
	members, _, alsoErr := l.a.store.PresentIn(name)
	others := func(user id.UserID) bool { return user != l.me && user != record.Person }
	if err == nil && alsoErr == nil && record.Direct && !record.Waiting && slices.ContainsFunc(members, others) {
		l.a.say(name, chat.NoticeNotPrivate)
	}
}

// invited notes an invitation, so that a crash does not lose it, and follows it.
func (l *connection) invited(name id.RoomID, inviter id.UserID, direct bool) {
	err := l.a.rooms.change(name, func(r *room) {
		*r = room{Direct: direct, Person: inviter, Inviter: inviter, Waiting: true, Greeted: r.Greeted, Replaces: r.Replaces}
	})
	if err != nil {
		l.a.log.Error("invitation not noted, read again soon", "error", err)
		l.a.missed.Store(true)
		return
	}
	l.a.background(func(ctx context.Context) { l.enter(ctx, name) })
}

// enterInvited follows the invitations that an earlier run did not come to.
func (l *connection) enterInvited(ctx context.Context) {
	all, err := l.a.rooms.all()
	if err != nil {
		l.a.log.Error("rooms not read", "error", err)
	}
	for name, r := range all {
		if r.Waiting || r.Replaces != "" {
			l.enter(ctx, name)
		}
	}
}

// maxStrangers bounds the private chats that somebody who was not admitted may open within an hour.
const maxStrangers = 3

// enter accepts an invitation or declines it. A private chat is open to everyone, since that is where a
// person shows an invitation code; into a group only people who have been admitted may bring the bot, unless it
// takes the place of one where the bot is.
func (l *connection) enter(ctx context.Context, name id.RoomID) {
	defer l.a.entering.WithLock(name)()
	record, found, err := l.a.rooms.get(name)
	if err != nil || !found || !record.Waiting && record.Replaces == "" {
		return
	}
	admitted, err := l.a.cfg.Core.Admitted(personOf(record.Inviter))
	if err != nil {
		l.a.log.Error("admission not read, tried again within the hour", "error", err)
		return
	}
	if !admitted && !l.continues(record) && !l.welcomes(ctx, name, record) {
		l.a.log.Info("invitation declined: the person was not admitted")
		l.leave(ctx, name, "")
		return
	}
	if err := l.join(ctx, name, record); err != nil {
		l.a.log.Warn("room not joined", "error", fail("join", err))
		if record.Waiting && !passing(err) {
			l.leave(ctx, name, "")
		}
		return
	}
	// The invitation told little of the room; without the rest nobody could read the greeting.
	state, err := l.readState(ctx, name)
	if err != nil {
		l.a.log.Warn("room not read", "error", err)
		return
	}
	if !l.checkRoom(ctx, name) {
		return
	}
	if record.Replaces != "" {
		if !l.succeed(ctx, record.Replaces, name) {
			l.leave(ctx, name, "") // the bot has just come
		}
		return
	}
	var joined id.EventID
	if own := state[event.StateMember][l.me.String()]; own != nil {
		joined = own.ID
	}
	if err := l.a.rooms.change(name, func(r *room) { r.Waiting, r.Greeted = false, joined }); err != nil {
		l.a.log.Error("room not noted", "error", err)
	}
	if joined != "" && joined == record.Greeted {
		return // the homeserver repeats an invitation that was accepted
	}
	l.a.log.Info("room joined", "direct", record.Direct)
	l.greet(ctx, name, record)
}

// welcomes tells whether somebody who was not admitted may bring the bot into a room: a private chat, and not
// many of them.
func (l *connection) welcomes(ctx context.Context, name id.RoomID, record room) bool {
	rules, err := l.a.store.GetJoinRules(ctx, name)
	open := err == nil && rules != nil && rules.JoinRule == event.JoinRulePublic
	return record.Direct && !open && l.a.limiter.allow("stranger "+record.Inviter.String(), maxStrangers)
}

// greet begins the conversation as if the person who invited the bot had said hello.
func (l *connection) greet(ctx context.Context, name id.RoomID, record room) {
	private, err := l.a.isPrivate(name)
	if err != nil {
		l.a.log.Error("room not read", "error", err)
	}
	err = l.a.take(l, &row{
		Event: id.EventID(fmt.Sprintf("join %s %d", name, l.a.cfg.Now().UnixNano())), Room: name,
		Sender: record.Inviter, Name: l.displayName(ctx, name, record.Inviter),
		Private: private, Unverified: true, Text: "!start", Made: true,
	})
	if err != nil {
		l.a.log.Error("greeting not begun", "error", err)
	}
}

// checkRoom leaves a room that is empty or too large, and tells whether the bot stays.
func (l *connection) checkRoom(ctx context.Context, name id.RoomID) bool {
	members, lost, err := l.a.store.PresentIn(name)
	if err != nil {
		l.a.log.Error("members not read", "error", err)
		return true
	}
	admin := func(user id.UserID) bool { return l.a.cfg.Core.Admin(personOf(user)) }
	switch {
	case !slices.Contains(members, l.me):
		return true // state is under way
	case len(members) == 1 && lost == 0:
		l.a.log.Info("room left: nobody else is there")
		l.a.background(func(ctx context.Context) { l.leave(ctx, name, "") })
		return false
	case len(members) > l.a.cfg.MaxMembers && !slices.ContainsFunc(members, admin):
		l.a.log.Info("room left: it is too large", "members", len(members))
		reason := l.a.cfg.Core.Words(chatOf(name), chat.NoticeRoomTooLarge)
		l.a.background(func(ctx context.Context) { l.leave(ctx, name, reason) })
		return false
	}
	return true
}

// leave leaves and forgets a room, or declines an invitation.
func (l *connection) leave(ctx context.Context, name id.RoomID, reason string) {
	_, err := l.cli.LeaveRoom(ctx, name, &mautrix.ReqLeave{Reason: reason})
	if err != nil && passing(err) {
		l.a.log.Warn("room not left", "error", fail("leave", err))
		return
	}
	l.thrownOut(name)
}

// thrownOut forgets a room that the bot is no longer in.
func (l *connection) thrownOut(name id.RoomID) {
	l.forgetSuccessors(name)
	err := errors.Join(l.a.rooms.forget(name), l.a.offers.forget(name), l.a.store.ForgetRoom(context.Background(), name))
	if err == nil {
		err = l.a.cfg.Core.Present(chatOf(name), false)
	}
	if err != nil {
		l.a.log.Error("room not forgotten", "error", err)
	}
	l.a.background(func(ctx context.Context) {
		if _, err := l.cli.ForgetRoom(ctx, name); err != nil {
			l.a.log.Debug("room not forgotten by the homeserver", "error", fail("forget", err))
		}
	})
}

// maxName bounds what people and rooms are called, in bytes.
const maxName = 100

// displayName is what a person calls themselves in a room.
func (l *connection) displayName(ctx context.Context, name id.RoomID, user id.UserID) string {
	member, err := l.a.store.TryGetMember(ctx, name, user)
	if err != nil || member == nil || member.Displayname == "" {
		return bound(user.Localpart(), maxName)
	}
	return bound(member.Displayname, maxName)
}
