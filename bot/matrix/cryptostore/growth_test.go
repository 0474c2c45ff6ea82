//go:build goolm

package cryptostore

import (
	"strconv"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// What must not grow for as long as the bot lives.

func notice(room id.RoomID, name string) event.RoomKeyWithheldEventContent {
	return event.RoomKeyWithheldEventContent{RoomID: room, Algorithm: id.AlgorithmMegolmV1, SessionID: id.SessionID(name), Code: event.RoomKeyWithheldUnverified}
}

func TestNoticesAreBounded(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.SetMembership(background, room1, alice, event.MembershipJoin))
	have := func(room id.RoomID, name string) bool {
		return value[*event.RoomKeyWithheldEventContent](t)(r.GetWithheldGroupSession(background, room, id.SessionID(name))) != nil
	}
	for i := range keptNotices + 1 {
		noError(t, r.PutWithheldGroupSession(background, notice(room1, strconv.Itoa(i))))
		noError(t, r.PutWithheldGroupSession(background, notice("!"+id.RoomID(strconv.Itoa(i)), "s")))
	}
	equal(t, !have(room1, "0") && have(room1, "1") && have(room1, strconv.Itoa(keptNotices)), true)
	equal(t, r.count(r.own("withheld")), 1)
	equal(t, have("!0", "s"), false)

	long := notice(room1, "long")
	long.Reason = endless
	noError(t, r.PutWithheldGroupSession(background, long))
	equal(t, have(room1, "long"), false)
}

func TestOldNoticesAreDropped(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.SetMembership(background, room1, alice, event.MembershipJoin))
	noError(t, r.PutWithheldGroupSession(background, notice(room1, "s")))
	noError(t, r.DropOldNotices(background, time.Now().Add(13*24*time.Hour)))
	equal(t, r.count(r.own("withheld")), 1)
	noError(t, r.PutWithheldGroupSession(background, notice(room1, "s"))) // said again: no news
	noError(t, r.DropOldNotices(background, time.Now().Add(15*24*time.Hour)))
	equal(t, r.count(r.own("withheld")), 0)
}

func TestForgetStrangers(t *testing.T) {
	r := newStoreRig(t)
	const carol, me = id.UserID("@carol:example.org"), id.UserID("@bot:example.org")
	noError(t, r.SetSession(Session{UserID: me}))
	noError(t, r.SetMembership(background, room1, alice, event.MembershipJoin))
	noError(t, r.SetMembership(background, room1, carol, event.MembershipLeave))
	noError(t, r.SetMembership(background, room2, bob, event.MembershipInvite))
	sessions := make(map[id.UserID]id.SenderKey)
	for _, user := range []id.UserID{alice, bob, carol, me} {
		with := newPair(t)
		sessions[user] = with.from.IdentityKey()
		phone := device(user, "phone")
		phone.IdentityKey = with.from.IdentityKey()
		noError(t, r.PutDevices(background, user, deviceMap{"phone": phone}))
		noError(t, r.PutCrossSigningKey(background, user, id.XSUsageMaster, "m"))
		noError(t, r.PutSignature(background, user, "k", user, "m", "s"))
		session := with.receive("one")
		noError(t, r.AddSession(background, with.from.IdentityKey(), session))
		decrypt(t, r, with, session, byte(len(sessions))) // its step has not ended
	}
	noError(t, r.MarkTrackedUsersOutdated(background, []id.UserID{alice, carol}))
	listed := device(carol, "listed") // a device of alice that carol calls her own
	listed.IdentityKey = sessions[alice]
	noError(t, r.PutDevice(background, carol, listed))

	noError(t, r.ForgetStrangers(background))
	for range 2 {
		for user, sender := range sessions {
			want := user != carol
			equal(t, value[deviceMap](t)(r.GetDevices(background, user)) != nil, want)
			equal(t, r.HasSession(background, sender), want)
			equal(t, value[bool](t)(r.IsKeySignedBy(background, user, "k", user, "m")), want)
			equal(t, value[map[id.CrossSigningUsage]id.CrossSigningKey](t)(r.GetCrossSigningKeys(background, user))[id.XSUsageMaster].First, "m")
		}
		sameNames(t, value[[]id.UserID](t)(r.GetOutdatedTrackedUsers(background)), []id.UserID{alice})
		r.kill()
	}
}

// No bucket is left of a session that is gone.
func TestSessionsLeaveNoBuckets(t *testing.T) {
	r := newStoreRig(t)
	var names []id.SessionID
	for range 3 {
		out := newOutbound(t, room1)
		in := newInbound(t, out, "s")
		in.ReceivedAt = time.Now().Add(-30 * 24 * time.Hour)
		noError(t, r.PutGroupSession(background, in))
		_, err := r.ValidateMessageIndex(background, in.ID(), "$e", 1, 1)
		noError(t, err)
		noError(t, r.MarkOutboundGroupSessionShared(background, alice, curve("key"), out.ID()))
		noError(t, r.AddOutboundGroupSession(background, out))
		names = append(names, in.ID())
	}
	sameNames(t, value[[]id.SessionID](t)(r.RedactExpiredGroupSessions(background)), names)
	noError(t, r.ForgetRoom(background, room1))
	for _, name := range names {
		equal(t, r.count(r.indexBucket(name))+r.count(r.sharedBucket(name)), 0)
	}
	equal(t, r.count(r.own("indexed"))+r.count(r.own("sharings")), 0)
}
