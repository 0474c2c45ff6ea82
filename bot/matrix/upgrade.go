//go:build goolm

package matrix

import (
	"context"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// maxUpgrades bounds how often within an hour the bot follows what somebody says takes the place of a room.
const maxUpgrades = 3

// onTombstone notes that a room was closed and which one takes its place (a room upgrade, m.room.tombstone),
// and goes there. Where people must be invited the bot waits for that. Anybody can close a room of their own in
// favour of one that is not theirs: a room that the bot is in already is only touched if it was made in the place
// of the closed one.
func (l *connection) onTombstone(ctx context.Context, evt *event.Event) {
	defer l.a.recovered("room upgrade")
	old, next := evt.RoomID, evt.Content.AsTombstone().GetReplacementRoom()
	if evt.GetStateKey() != "" || evt.Mautrix.EventSource&event.SourceJoin == 0 || next == "" || next == old {
		return
	}
	if !l.a.limiter.allow("upgrade "+evt.Sender.String(), maxUpgrades) {
		return
	}
	if l.isIn(ctx, next) {
		l.a.background(func(ctx context.Context) {
			defer l.a.entering.WithLock(next)()
			l.succeed(ctx, old, next)
		})
		return
	}
	l.forgetSuccessors(old)
	err := l.a.rooms.change(next, func(r *room) {
		r.Replaces = old
		if r.Inviter == "" {
			r.Inviter = evt.Sender
		}
	})
	if err != nil {
		l.a.log.Error("room upgrade not noted", "error", err)
		return
	}
	l.a.background(func(ctx context.Context) { l.enter(ctx, next) })
}

// continues tells whether a room takes the place of one into which somebody had brought the bot who may.
func (l *connection) continues(record room) bool {
	if record.Replaces == "" {
		return false
	}
	old, _, err := l.a.rooms.get(record.Replaces)
	if err != nil {
		return false
	}
	admitted, err := l.a.cfg.Core.Admitted(personOf(old.Inviter))
	return err == nil && admitted
}

// forgetSuccessors drops what tombstones of a room announced and never came.
func (l *connection) forgetSuccessors(old id.RoomID) {
	all, err := l.a.rooms.all()
	for name, r := range all {
		if err == nil && r.Replaces == old && !r.Waiting {
			err = l.a.rooms.forget(name)
		}
	}
	if err != nil {
		l.a.log.Error("announced rooms not forgotten", "error", err)
	}
}

// join accepts an invitation, or without one enters a room that takes the place of another.
func (l *connection) join(ctx context.Context, name id.RoomID, record room) error {
	if record.Waiting {
		_, err := l.cli.JoinRoomByID(ctx, name)
		return err
	}
	_, err := l.cli.JoinRoom(ctx, name.String(), &mautrix.ReqJoinRoom{Via: []string{record.Inviter.Homeserver()}})
	return err
}

// succeed makes what is kept for a closed room that of the one in its place, and leaves the closed one. It tells
// whether the new room is what the old one announced: each has to name the other, and an encrypted room is not
// followed into the clear. The caller holds entering.
func (l *connection) succeed(ctx context.Context, old, name id.RoomID) bool {
	create, err := l.a.store.GetCreate(ctx, name)
	if err != nil || create == nil || create.Content.AsCreate().GetPredecessor().RoomID != old || !l.isIn(ctx, old) {
		l.a.log.Warn("room not taken for the successor of another", "error", err)
		return false
	}
	was, _, err := l.a.rooms.get(old)
	var sealedBefore, sealedNow bool
	if err == nil {
		sealedBefore, err = l.a.store.IsEncrypted(ctx, old)
	}
	if err == nil {
		sealedNow, err = l.a.store.IsEncrypted(ctx, name)
	}
	if err == nil && sealedBefore && !sealedNow {
		l.a.log.Warn("room not followed: its successor is not encrypted")
		return false
	}
	if err == nil {
		err = l.a.cfg.Core.MoveChat(chatOf(old), chatOf(name))
	}
	if err == nil {
		err = l.a.rooms.change(name, func(r *room) {
			*r = room{Direct: was.Direct, Person: was.Person, Inviter: r.Inviter}
		})
	}
	if err != nil {
		l.a.log.Error("room not followed, tried again within the hour", "error", err)
		return true
	}
	l.a.log.Info("room followed to its successor")
	l.leave(ctx, old, "")
	return true
}
