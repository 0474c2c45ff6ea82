//go:build goolm

package matrixplayer

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// DM opens an encrypted direct chat as Element does and waits until the other, a bot, has joined.
func (p *Player) DM(other id.UserID) id.RoomID {
	p.t.Helper()
	room, err := p.DMErr(p.t.Context(), other)
	if err != nil {
		p.t.Fatalf("%s opens a chat with %s: %v", p.name, other, err)
	}
	return room
}

// DMErr is DM.
func (p *Player) DMErr(ctx context.Context, other id.UserID) (id.RoomID, error) {
	room, err := p.create(ctx, &mautrix.ReqCreateRoom{
		Preset: "trusted_private_chat", IsDirect: true, Invite: []id.UserID{other}, InitialState: []*event.Event{Encryption()},
	})
	if err != nil {
		return "", err
	}
	return room, p.awaitMembers(ctx, room, other)
}

// PlainDM is DM without encryption.
func (p *Player) PlainDM(other id.UserID) id.RoomID {
	p.t.Helper()
	room := p.Create(&mautrix.ReqCreateRoom{Preset: "trusted_private_chat", IsDirect: true, Invite: []id.UserID{other}})
	p.WaitMembers(room, other)
	return room
}

// Group opens an encrypted room with a bot and others, and waits until everybody is in it and knows.
func (p *Player) Group(bot id.UserID, others ...*Player) id.RoomID {
	p.t.Helper()
	invited := []id.UserID{bot}
	for _, o := range others {
		invited = append(invited, o.ID)
	}
	room := p.Create(&mautrix.ReqCreateRoom{
		Preset: "private_chat", Name: "Famille", Invite: invited, InitialState: []*event.Event{Encryption()},
	})
	for _, o := range others {
		o.Join(room)
	}
	for _, each := range append(others, p) {
		each.WaitMembers(room, append(invited, p.ID)...)
	}
	return room
}

// Encryption is the state that makes a room encrypted.
func Encryption() *event.Event {
	return &event.Event{Type: event.StateEncryption, Content: event.Content{
		Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1},
	}}
}

// Create opens a room and waits until the person's client knows its state.
func (p *Player) Create(req *mautrix.ReqCreateRoom) id.RoomID {
	p.t.Helper()
	room, err := p.create(p.t.Context(), req)
	if err != nil {
		p.t.Fatalf("%s opens a room: %v", p.name, err)
	}
	return room
}

func (p *Player) create(ctx context.Context, req *mautrix.ReqCreateRoom) (id.RoomID, error) {
	room, err := p.client.CreateRoom(ctx, req)
	if err != nil {
		return "", err
	}
	wantsEncryption := slices.ContainsFunc(req.InitialState, func(e *event.Event) bool { return e.Type == event.StateEncryption })
	return room.RoomID, p.await(ctx, func() bool {
		encrypted, err := p.client.StateStore.IsEncrypted(ctx, room.RoomID)
		return err == nil && encrypted == wantsEncryption && p.client.StateStore.IsInRoom(ctx, room.RoomID, p.ID)
	})
}

// Invite invites somebody.
func (p *Player) Invite(room id.RoomID, who id.UserID) {
	p.t.Helper()
	if _, err := p.client.InviteUser(p.t.Context(), room, &mautrix.ReqInviteUser{UserID: who}); err != nil {
		p.t.Fatalf("%s invites %s: %v", p.name, who, err)
	}
}

// Upgrade closes a room in favour of a new one, as an app does it, and invites its members there.
func (p *Player) Upgrade(room id.RoomID, version string, members ...id.UserID) id.RoomID {
	p.t.Helper()
	var made struct {
		Room id.RoomID `json:"replacement_room"`
	}
	request := map[string]string{"new_version": version}
	if _, err := p.client.MakeRequest(p.t.Context(), http.MethodPost, p.client.BuildClientURL("v3", "rooms", room, "upgrade"), request, &made); err != nil {
		p.t.Fatalf("%s upgrades a room: %v", p.name, err)
	}
	if err := p.awaitMembers(p.t.Context(), made.Room, p.ID); err != nil {
		p.t.Fatalf("%s upgrades a room: %v", p.name, err)
	}
	for _, m := range members {
		p.Invite(made.Room, m)
	}
	return made.Room
}

// InviteDirect invites somebody to a room as to a private chat.
func (p *Player) InviteDirect(room id.RoomID, who id.UserID) {
	p.t.Helper()
	content := &event.MemberEventContent{Membership: event.MembershipInvite, IsDirect: true}
	if _, err := p.client.SendStateEvent(p.t.Context(), room, event.StateMember, who.String(), content); err != nil {
		p.t.Fatalf("%s invites %s: %v", p.name, who, err)
	}
}

// Kick puts somebody out.
func (p *Player) Kick(room id.RoomID, who id.UserID) {
	p.t.Helper()
	if _, err := p.client.KickUser(p.t.Context(), room, &mautrix.ReqKickUser{UserID: who}); err != nil {
		p.t.Fatalf("%s puts %s out: %v", p.name, who, err)
	}
}

// Join accepts an invitation and waits until the person's client knows everybody in the room.
func (p *Player) Join(room id.RoomID) {
	p.t.Helper()
	if _, err := p.client.JoinRoomByID(p.t.Context(), room); err != nil {
		p.t.Fatalf("%s joins: %v", p.name, err)
	}
	members, err := p.client.JoinedMembers(p.t.Context(), room)
	if err != nil {
		p.t.Fatalf("%s asks who is there: %v", p.name, err)
	}
	p.WaitMembers(room, slices.Collect(maps.Keys(members.Joined))...)
}

// Leave leaves a room.
func (p *Player) Leave(room id.RoomID) {
	p.t.Helper()
	if _, err := p.client.LeaveRoom(p.t.Context(), room); err != nil {
		p.t.Fatalf("%s leaves: %v", p.name, err)
	}
}

// WaitMembers waits until the person's client knows that all of these have joined.
func (p *Player) WaitMembers(room id.RoomID, who ...id.UserID) {
	p.t.Helper()
	if err := p.awaitMembers(p.t.Context(), room, who...); err != nil {
		p.t.Fatalf("%s waits for %v to join: %v", p.name, who, err)
	}
}

func (p *Player) awaitMembers(ctx context.Context, room id.RoomID, who ...id.UserID) error {
	return p.await(ctx, func() bool {
		return !slices.ContainsFunc(who, func(u id.UserID) bool { return !p.client.StateStore.IsInRoom(ctx, room, u) })
	})
}

// WaitLeft waits until somebody is no longer in the room.
func (p *Player) WaitLeft(room id.RoomID, who id.UserID) {
	p.t.Helper()
	if err := p.await(p.t.Context(), func() bool { return !p.client.StateStore.IsInvited(p.t.Context(), room, who) }); err != nil {
		p.t.Fatalf("%s waits for %s to leave: %v", p.name, who, err)
	}
}
