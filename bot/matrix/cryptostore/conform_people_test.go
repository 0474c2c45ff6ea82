//go:build goolm

package cryptostore

import (
	"slices"
	"testing"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

type deviceMap = map[id.DeviceID]*id.Device

func device(user id.UserID, name id.DeviceID) *id.Device {
	return &id.Device{
		UserID: user, DeviceID: name, IdentityKey: curve(string(name)), SigningKey: id.SigningKey("ed " + name),
		Trust: id.TrustStateCrossSignedTOFU, Name: "phone",
	}
}

func TestDevicesConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		equal(t, value[deviceMap](t)(p.GetDevices(background, alice)) == nil, true)
		equal(t, value[*id.Device](t)(p.GetDevice(background, alice, "A")), nil)
		equal(t, value[*id.Device](t)(p.FindDeviceByKey(background, alice, curve("A"))), nil)
		noError(t, p.PutDevices(background, alice, deviceMap{"A": device(alice, "A"), "B": device(alice, "B")}))
		noError(t, p.PutDevices(background, bob, deviceMap{}))
		p.restart()
		devices := value[deviceMap](t)(p.GetDevices(background, alice))
		equal(t, len(devices), 2)
		equal(t, *devices["A"], *device(alice, "A"))
		none := value[deviceMap](t)(p.GetDevices(background, bob))
		equal(t, none != nil && len(none) == 0, true)
		equal(t, *value[*id.Device](t)(p.FindDeviceByKey(background, alice, curve("B"))), *device(alice, "B"))
		equal(t, value[*id.Device](t)(p.FindDeviceByKey(background, bob, curve("B"))), nil)

		trusted := device(alice, "A")
		trusted.Trust = id.TrustStateBlacklisted
		noError(t, p.PutDevice(background, alice, trusted))
		p.restart()
		equal(t, *value[*id.Device](t)(p.GetDevice(background, alice, "A")), *trusted)

		noError(t, p.PutDevices(background, alice, deviceMap{"C": device(alice, "C")}))
		p.restart()
		equal(t, len(value[deviceMap](t)(p.GetDevices(background, alice))), 1)
		equal(t, value[*id.Device](t)(p.GetDevice(background, alice, "A")), nil)
	})
}

func TestTrackedUsersConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		users := []id.UserID{alice, "@c:example.org", bob}
		sameNames(t, value[[]id.UserID](t)(p.FilterTrackedUsers(background, slices.Clone(users))), nil)
		noError(t, p.MarkTrackedUsersOutdated(background, nil))
		noError(t, p.MarkTrackedUsersOutdated(background, []id.UserID{alice}))
		sameNames(t, value[[]id.UserID](t)(p.GetOutdatedTrackedUsers(background)), nil)
		noError(t, p.PutDevices(background, alice, nil))
		noError(t, p.PutDevices(background, bob, nil))
		p.restart()
		sameNames(t, value[[]id.UserID](t)(p.FilterTrackedUsers(background, slices.Clone(users))), []id.UserID{alice, bob})
		noError(t, p.MarkTrackedUsersOutdated(background, users))
		p.restart()
		sameNames(t, value[[]id.UserID](t)(p.GetOutdatedTrackedUsers(background)), []id.UserID{alice, bob})
		noError(t, p.PutDevices(background, alice, nil))
		p.restart()
		sameNames(t, value[[]id.UserID](t)(p.GetOutdatedTrackedUsers(background)), []id.UserID{bob})
	})
}

// The memory store takes a user for tracked of whom only one device was put, and would never ask for the
// others: that is our own case, as the library puts the bot's device itself.
func TestOneDeviceMakesNoList(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.PutDevice(background, alice, device(alice, "A")))
	r.kill()
	equal(t, value[deviceMap](t)(r.GetDevices(background, alice)) == nil, true)
	sameNames(t, value[[]id.UserID](t)(r.FilterTrackedUsers(background, []id.UserID{alice})), nil)
	sameNames(t, value[[]id.UserID](t)(r.TrackedUsers(background)), nil)
	equal(t, *value[*id.Device](t)(r.GetDevice(background, alice, "A")), *device(alice, "A"))
	noError(t, r.PutDevices(background, alice, nil))
	sameNames(t, value[[]id.UserID](t)(r.TrackedUsers(background)), []id.UserID{alice})
}

func TestCrossSigningKeysConform(t *testing.T) {
	type keys = map[id.CrossSigningUsage]id.CrossSigningKey
	onBoth(t, func(t *testing.T, p *peer) {
		equal(t, len(value[keys](t)(p.GetCrossSigningKeys(background, alice))), 0)
		noError(t, p.PutCrossSigningKey(background, alice, id.XSUsageMaster, "m1"))
		noError(t, p.PutCrossSigningKey(background, alice, id.XSUsageSelfSigning, "s1"))
		p.restart()
		noError(t, p.PutCrossSigningKey(background, alice, id.XSUsageMaster, "m2"))
		p.restart()
		got := value[keys](t)(p.GetCrossSigningKeys(background, alice))
		equal(t, got[id.XSUsageMaster], id.CrossSigningKey{Key: "m2", First: "m1"})
		equal(t, got[id.XSUsageSelfSigning], id.CrossSigningKey{Key: "s1", First: "s1"})

		for user, key := range map[id.UserID]id.Ed25519{alice: "m1", bob: "m2"} {
			if p.ResetMasterKeyTOFU(background, user, key) == nil {
				t.Errorf("trusts %s of %s", key, user)
			}
		}
		noError(t, p.ResetMasterKeyTOFU(background, alice, "m2"))
		p.restart()
		got = value[keys](t)(p.GetCrossSigningKeys(background, alice))
		equal(t, got[id.XSUsageMaster], id.CrossSigningKey{Key: "m2", First: "m2"})
	})
}

func TestSignaturesConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		signed := func(user id.UserID, key id.Ed25519, signer id.UserID, signerKey id.Ed25519) bool {
			return value[bool](t)(p.IsKeySignedBy(background, user, key, signer, signerKey))
		}
		equal(t, signed(alice, "k", alice, "m"), false)
		equal(t, len(value[map[id.Ed25519]string](t)(p.GetSignaturesForKeyBy(background, alice, "k", alice))), 0)
		noError(t, p.PutSignature(background, alice, "k", alice, "m", "old"))
		noError(t, p.PutSignature(background, alice, "k", alice, "m", "new"))
		noError(t, p.PutSignature(background, alice, "k", alice, "n", "other"))
		noError(t, p.PutSignature(background, bob, "k", alice, "m", "third"))
		p.restart()
		equal(t, signed(alice, "k", alice, "m") && signed(bob, "k", alice, "m"), true)
		equal(t, signed(alice, "k", bob, "m") || signed(alice, "l", alice, "m"), false)
		got := value[map[id.Ed25519]string](t)(p.GetSignaturesForKeyBy(background, alice, "k", alice))
		equal(t, len(got) == 2 && got["m"] == "new" && got["n"] == "other", true)

		equal(t, value[int64](t)(p.DropSignaturesByKey(background, alice, "m")), 2)
		equal(t, value[int64](t)(p.DropSignaturesByKey(background, alice, "m")), 0)
		p.restart()
		equal(t, signed(alice, "k", alice, "m") || signed(bob, "k", alice, "m"), false)
		equal(t, signed(alice, "k", alice, "n"), true)
	})
}

func TestSecretsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		equal(t, value[string](t)(p.GetSecret(background, id.SecretXSMaster)), "")
		noError(t, p.PutSecret(background, id.SecretXSMaster, "a"))
		noError(t, p.PutSecret(background, id.SecretXSMaster, "b"))
		p.restart()
		equal(t, value[string](t)(p.GetSecret(background, id.SecretXSMaster)), "b")
		noError(t, p.DeleteSecret(background, id.SecretXSMaster))
		noError(t, p.DeleteSecret(background, id.SecretXSMaster))
		p.restart()
		equal(t, value[string](t)(p.GetSecret(background, id.SecretXSMaster)), "")
	})
}

func TestMembersConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		equal(t, value[*event.MemberEventContent](t)(p.TryGetMember(background, room1, alice)), nil)
		equal(t, value[*event.MemberEventContent](t)(p.GetMember(background, room1, alice)).Membership, event.MembershipLeave)
		noError(t, p.SetMember(background, room1, alice, member(event.MembershipJoin, "Alice")))
		noError(t, p.SetMembership(background, room1, bob, event.MembershipInvite))
		p.restart()
		equal(t, *value[*event.MemberEventContent](t)(p.TryGetMember(background, room1, alice)), *member(event.MembershipJoin, "Alice"))
		equal(t, p.IsInRoom(background, room1, alice) && p.IsInvited(background, room1, alice), true)
		equal(t, p.IsInRoom(background, room1, bob), false)
		equal(t, p.IsInvited(background, room1, bob), true)
		equal(t, p.IsInvited(background, room2, alice), false)
		equal(t, p.IsMembership(background, room1, bob, event.MembershipBan, event.MembershipInvite), true)
		equal(t, p.IsMembership(background, room2, alice, event.MembershipLeave), true)

		noError(t, p.SetMembership(background, room1, alice, event.MembershipLeave))
		p.restart()
		equal(t, *value[*event.MemberEventContent](t)(p.GetMember(background, room1, alice)), *member(event.MembershipLeave, "Alice"))
		equal(t, len(value[map[id.UserID]*event.MemberEventContent](t)(p.GetAllMembers(background, room1))), 2)
		present := value[[]id.UserID](t)(p.GetRoomJoinedOrInvitedMembers(background, room1))
		if p.ours { // the memory store would go on to give keys to alice, who left
			sameNames(t, present, []id.UserID{bob})
		}
	})
}

func TestMemberListsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		all := func() []id.UserID {
			var users []id.UserID
			for user := range value[map[id.UserID]*event.MemberEventContent](t)(p.GetAllMembers(background, room1)) {
				users = append(users, user)
			}
			return users
		}
		equal(t, value[bool](t)(p.HasFetchedMembers(background, room1)), false)
		noError(t, p.SetMember(background, room1, alice, member(event.MembershipJoin, "Alice")))
		noError(t, p.SetMember(background, room1, bob, member(event.MembershipLeave, "Bob")))
		noError(t, p.MarkMembersFetched(background, room1))
		p.restart()
		equal(t, value[bool](t)(p.HasFetchedMembers(background, room1)), true)
		noError(t, p.ClearCachedMembers(background, room1, event.MembershipLeave))
		p.restart()
		sameNames(t, all(), []id.UserID{alice})
		equal(t, value[bool](t)(p.HasFetchedMembers(background, room1)), false)

		noError(t, p.ReplaceCachedMembers(background, room1, memberEvents(event.MembershipJoin, bob), event.MembershipJoin))
		p.restart()
		sameNames(t, all(), []id.UserID{bob})
		equal(t, value[bool](t)(p.HasFetchedMembers(background, room1)), false)
		noError(t, p.ReplaceCachedMembers(background, room1, memberEvents(event.MembershipInvite, alice)))
		p.restart()
		equal(t, value[bool](t)(p.HasFetchedMembers(background, room1)), true)
		if p.ours { // the memory store keeps whoever is not in the new list
			sameNames(t, all(), []id.UserID{alice})
			noError(t, p.ClearCachedMembers(background, room1))
			sameNames(t, all(), nil)
		}
	})
}

func memberEvents(membership event.Membership, users ...id.UserID) (evts []*event.Event) {
	for _, user := range users {
		key := string(user)
		evts = append(evts, &event.Event{
			Type: event.StateMember, RoomID: room1, StateKey: &key,
			Content: event.Content{Parsed: member(membership, key)},
		})
	}
	return evts
}
