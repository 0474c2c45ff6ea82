//go:build goolm

package cryptostore

import (
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/store"
	"cartable/core/store/storetest"
)

// spoiled runs a test with a record that holds garbage, and with one that cannot be opened. spoil makes it so.
func spoiled(t *testing.T, test func(t *testing.T, r *storeRig, spoil func(bucket, key string))) {
	for _, kind := range []string{"garbage", "damaged"} {
		t.Run(kind, func(t *testing.T) {
			r := newStoreRig(t)
			v := storetest.Damageable{Store: r.vault}
			r.fault.Store = v
			test(t, r, func(bucket, key string) {
				t.Helper()
				equal(t, r.has(bucket, key), true)
				if kind == "damaged" {
					noError(t, v.Damage(bucket, "", key))
					return
				}
				noError(t, v.Update(func(tx store.Tx) error { return tx.Put(bucket, "", key, []byte("[")) }))
			})
		})
	}
}

// TestOneUnreadableRecord stands in nobody else's way, and is written over when what it held comes again.
func TestOneUnreadableRecord(t *testing.T) {
	for name, test := range map[string]func(t *testing.T, r *storeRig, spoil func(bucket, key string)){
		"devices": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			noError(t, r.PutDevices(background, bob, deviceMap{"B": device(bob, "B")}))
			spoil(r.own("devices"), string(alice))
			sameNames(t, value[[]id.UserID](t)(r.FilterTrackedUsers(background, []id.UserID{alice, bob})), []id.UserID{bob})
			sameNames(t, value[[]id.UserID](t)(r.TrackedUsers(background)), []id.UserID{bob})
			noError(t, r.MarkTrackedUsersOutdated(background, []id.UserID{alice, bob}))
			equal(t, value[deviceMap](t)(r.GetDevices(background, alice)) == nil, true) // never stored: fetch them
			noError(t, r.PutDevices(background, alice, deviceMap{"A": device(alice, "A")}))
			equal(t, len(value[deviceMap](t)(r.GetDevices(background, alice))), 1)
		},
		"member": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			noError(t, r.SetMember(background, room1, bob, member(event.MembershipJoin, "Bob")))
			spoil(r.membersOf(room1), string(alice))
			users, lost, err := r.PresentIn(room1)
			noError(t, err)
			equal(t, lost, 1)
			sameNames(t, users, []id.UserID{bob})
			sameNames(t, value[[]id.RoomID](t)(r.FindSharedRooms(background, bob)), []id.RoomID{room1})
			noError(t, r.ForgetStrangers(background))
			noError(t, r.SetMembership(background, room1, alice, event.MembershipJoin))
			_, lost, err = r.PresentIn(room1)
			noError(t, err)
			equal(t, lost, 0)
			spoil(r.membersOf(room1), string(alice))
			noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
			noError(t, r.ReplaceCachedMembers(background, room1, memberEvents(event.MembershipJoin, bob)))
			equal(t, r.hasSession(), false) // she may have been there
			_, lost, err = r.PresentIn(room1)
			noError(t, err)
			equal(t, lost, 0)
			noError(t, r.SetMembership(background, room1, alice, event.MembershipJoin))
			noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
			spoil(r.membersOf(room1), string(alice))
			noError(t, r.SetMembership(background, room1, alice, event.MembershipLeave))
			equal(t, r.hasSession(), false)
		},
		"room": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			spoil(r.own("rooms"), string(room1))
			equal(t, value[*event.Event](t)(r.GetCreate(background, room1)), nil) // ask for it
			noError(t, r.SetMember(background, room1, alice, member(event.MembershipJoin, "Alice")))
		},
		"encryption": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			spoil(encryptedBucket, string(room1))
			equal(t, value[bool](t)(r.IsEncrypted(background, room1)), true)
			noError(t, r.SetEncryptionEvent(background, room1, nil))
			r.kill()
			equal(t, value[bool](t)(r.IsEncrypted(background, room1)), true)
		},
		"signature": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			noError(t, r.PutSignature(background, bob, "k", alice, "master", "signed"))
			spoil(signatureBucket, signatureKey(alice, "ed phone"))
			equal(t, value[int64](t)(r.DropSignaturesByKey(background, alice, "master")), 1)
			if signed, err := r.IsKeySignedBy(background, alice, "ed phone", alice, "master"); signed || err == nil {
				t.Errorf("signed by what cannot be read: %t, %v", signed, err)
			}
			noError(t, r.PutSignature(background, alice, "ed phone", alice, "master", "again"))
			equal(t, value[bool](t)(r.IsKeySignedBy(background, alice, "ed phone", alice, "master")), true)
		},
		"identity": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			spoil(crossBucket, string(alice))
			if r.PutCrossSigningKey(background, alice, id.XSUsageMaster, "another") == nil {
				t.Error("a changed identity passes for the first")
			}
			noError(t, r.PutCrossSigningKey(background, bob, id.XSUsageMaster, "his"))
		},
		"notices": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			spoil(r.own("withheld"), string(room1))
			in := newInbound(t, newOutbound(t, room1), curve("phone"))
			noError(t, r.DropOldNotices(background, time.Now()))
			equal(t, value[*crypto.InboundGroupSession](t)(r.GetGroupSession(background, room1, in.ID())), nil)
			noError(t, r.PutGroupSession(background, in))
			noError(t, r.PutWithheldGroupSession(background, event.RoomKeyWithheldEventContent{RoomID: room1, SessionID: "w"}))
		},
		"recipients": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			spoil(r.own("sharings"), string(room1))
			noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
			spoil(r.own("sharings"), string(room1))
			noError(t, r.ForgetRoom(background, room1))
			equal(t, r.count(r.own("sharings")), 0)
		},
		"key": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			in := newInbound(t, newOutbound(t, room1), curve("phone"))
			noError(t, r.PutGroupSession(background, in))
			spoil(r.own("inbound"), inboundKey(room1, in.ID()))
			equal(t, len(value[[]*crypto.InboundGroupSession](t)(r.GetAllGroupSessions(background).AsList())), 1)
			_, err := r.RedactExpiredGroupSessions(background)
			noError(t, err)
			noError(t, r.RedactGroupSession(background, room1, in.ID(), "test"))
			equal(t, r.has(r.own("inbound"), inboundKey(room1, in.ID())), false)
		},
		"place": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			spoil(r.own("token"), string(bob))
			if got := value[string](t)(r.LoadNextBatch(background, bob)); got != "" && got != "[" { // any text may be a token
				t.Errorf("goes on from %q", got)
			}
			noError(t, r.SaveNextBatch(background, bob, "token3"))
			noError(t, r.Commit(background))
			equal(t, value[string](t)(r.LoadNextBatch(background, bob)), "token3")
		},
		"epoch": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			first := value[string](t)(r.NextEpoch())
			noError(t, r.ConfirmEpoch(first))
			spoil(mainBucket, keyEpoch)
			equal(t, value[bool](t)(r.EpochKnown(first)), false) // nobody can tell, so the device is given up
			equal(t, value[bool](t)(r.EpochKnown("")), true)
			next := value[string](t)(r.NextEpoch())
			noError(t, r.ConfirmEpoch(next))
			equal(t, value[bool](t)(r.EpochKnown(next)), true)
		},
		"login": func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
			noError(t, r.ForgetOlm(background)) // lists a device as retired
			noError(t, r.SetSession(Session{DeviceID: "NEW"}))
			spoil(mainBucket, keyRetired)
			noError(t, r.ForgetOlm(background))
			sameNames(t, value[[]id.DeviceID](t)(r.Retired()), []id.DeviceID{"NEW"})
			noError(t, r.SetSession(Session{DeviceID: "NEWER"}))
			spoil(mainBucket, keySession)
			noError(t, r.ForgetOlm(background))
			equal(t, value[Session](t)(r.Session()), Session{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled(t, func(t *testing.T, r *storeRig, spoil func(bucket, key string)) {
				furnish(t, r)
				test(t, r, spoil)
			})
		})
	}
}

// TestErrorsDoNotQuoteRecords also where JSON would.
func TestErrorsDoNotQuoteRecords(t *testing.T) {
	_, err := Decode[Session]([]byte(`{"DeviceID":12,"UserID":"secret"}`))
	equal(t, err, store.ErrUnreadable)
}
