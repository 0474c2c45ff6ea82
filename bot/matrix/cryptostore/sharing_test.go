//go:build goolm

package cryptostore

import (
	"testing"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// what happens in room1 where alice is a member, bob was one, and carol is invited.
var membersMove = []struct {
	name string
	do   func(r *storeRig) error
	ends bool // the session of the room
}{
	{"nothing", func(*storeRig) error { return nil }, false},
	{"somebody is invited", setMember(bob, event.MembershipInvite), true},
	{"somebody joins", setMember(bob, event.MembershipJoin), true},
	{"somebody leaves", setMember(alice, event.MembershipLeave), true},
	{"somebody who was invited is banned", setMember("@carol:example.org", event.MembershipBan), true},
	{"somebody who was invited joins", setMember("@carol:example.org", event.MembershipJoin), false},
	{"somebody has another name", func(r *storeRig) error {
		return r.SetMember(background, room1, alice, &event.MemberEventContent{Membership: event.MembershipJoin, Displayname: "A."})
	}, false},
	{"a membership alone", func(r *storeRig) error { return r.SetMembership(background, room1, bob, event.MembershipJoin) }, true},
	{"a list with somebody more", func(r *storeRig) error {
		return r.ReplaceCachedMembers(background, room1, memberEvents(event.MembershipJoin, alice, bob, "@carol:example.org"))
	}, true},
	{"a list of the same people", func(r *storeRig) error {
		return r.ReplaceCachedMembers(background, room1, memberEvents(event.MembershipJoin, alice, "@carol:example.org"))
	}, false},
	{"no list any more", func(r *storeRig) error { return r.ClearCachedMembers(background, room1) }, true},
	{"somebody's devices change", func(r *storeRig) error { return r.RemoveOutboundGroupSession(background, room1) }, true},
	{"somebody comes to another room", func(r *storeRig) error { return r.SetMembership(background, room2, bob, event.MembershipJoin) }, false},
}

func setMember(user id.UserID, membership event.Membership) func(*storeRig) error {
	return func(r *storeRig) error {
		return r.SetMember(background, room1, user, &event.MemberEventContent{Membership: membership})
	}
}

func withMembers(t *testing.T) *storeRig {
	r := newStoreRig(t)
	noError(t, setMember(alice, event.MembershipJoin)(r))
	noError(t, setMember(bob, event.MembershipLeave)(r))
	noError(t, setMember("@carol:example.org", event.MembershipInvite)(r))
	return r
}

func (r *storeRig) hasSession() bool {
	return value[*crypto.OutboundGroupSession](r.t)(r.GetOutboundGroupSession(background, room1)) != nil
}

// TestSessionEndsWithItsMembers replaces the session of a room when somebody comes or goes.
func TestSessionEndsWithItsMembers(t *testing.T) {
	for _, tt := range membersMove {
		t.Run(tt.name, func(t *testing.T) {
			r := withMembers(t)
			noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
			noError(t, tt.do(r))
			equal(t, r.hasSession(), !tt.ends)
			r.kill()
			equal(t, r.hasSession(), !tt.ends)
		})
	}
}

// TestOvertakenSession has the same happen while the key of a session is being given out, which takes requests: who
// comes meanwhile has no key of it.
func TestOvertakenSession(t *testing.T) {
	for _, tt := range membersMove {
		t.Run(tt.name, func(t *testing.T) {
			r := withMembers(t)
			session := newOutbound(t, room1)
			r.BeginSharing(room1)
			noError(t, r.MarkOutboundGroupSessionShared(background, alice, curve("alice"), session.ID()))
			noError(t, tt.do(r))
			noError(t, r.AddOutboundGroupSession(background, session))
			equal(t, r.hasSession(), !tt.ends)
			r.kill()
			equal(t, r.hasSession(), !tt.ends)
			// Who was given the key may ask for it again, and it is forgotten in time who that was.
			equal(t, value[bool](t)(r.IsOutboundGroupSessionShared(background, alice, curve("alice"), session.ID())), true)
			for range keptRecipients {
				r.BeginSharing(room1)
				noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
				equal(t, r.hasSession(), true)
			}
			equal(t, value[bool](t)(r.IsOutboundGroupSessionShared(background, alice, curve("alice"), session.ID())), false)
			r.kill()
			equal(t, r.hasSession(), true)
		})
	}
}

// TestMoves counts who comes and goes by the news, and not what an answer brings.
func TestMoves(t *testing.T) {
	r := withMembers(t)
	before := r.Moves(room1)
	noError(t, r.ReplaceCachedMembers(background, room1, memberEvents(event.MembershipJoin, bob)))
	noError(t, setMember(bob, event.MembershipJoin)(r))
	equal(t, r.Moves(room1), before)
	noError(t, setMember(alice, event.MembershipInvite)(r))
	equal(t, r.Moves(room1), before+1)
	equal(t, r.Moves(room2), 0)
}
