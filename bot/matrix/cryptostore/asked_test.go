//go:build goolm

package cryptostore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"
)

// answers makes steps of a test of them: each puts alice's devices, named by letters, as the answer to a question.
func answers(question *context.Context, devices string) func(*testing.T, *storeRig) {
	return func(t *testing.T, r *storeRig) {
		t.Helper()
		list := deviceMap{}
		for _, name := range strings.Split(devices, "") {
			list[id.DeviceID(name)] = device(alice, id.DeviceID(name))
		}
		noError(t, r.PutDevices(*question, alice, list))
	}
}

func asks(question *context.Context) func(*testing.T, *storeRig) {
	return func(_ *testing.T, r *storeRig) { *question = r.AskedNow(background) }
}

func news(users ...id.UserID) func(*testing.T, *storeRig) {
	return func(t *testing.T, r *storeRig) { noError(t, r.MarkTrackedUsersOutdated(background, users)) }
}

// TestSlowAnswers has the answers to questions for alice's devices come in another order than the questions were asked,
// and news of her while they are under way: no device that she has in the end is left out for good.
func TestSlowAnswers(t *testing.T) {
	var first, second context.Context
	type steps = []func(*testing.T, *storeRig)
	for _, tt := range []struct {
		name     string
		steps    steps
		devices  string // "": to be asked for before anything is encrypted for alice
		outdated bool   // to be asked for soon
	}{
		{"one after the other", steps{asks(&first), answers(&first, "A"), news(alice), asks(&second), answers(&second, "AB")}, "AB", false},
		{"news before", steps{news(alice), asks(&first), answers(&first, "A")}, "A", false},
		{"news of another", steps{asks(&first), news(bob), answers(&first, "A")}, "A", false},
		{"news meanwhile", steps{answers(&background, "A"), asks(&first), news(alice), answers(&first, "A")}, "A", true},
		{"news meanwhile, and asked again", steps{
			answers(&background, "A"), asks(&first), news(alice), answers(&first, "A"), asks(&second), answers(&second, "AB"),
		}, "AB", false},
		{"news meanwhile of somebody who is not tracked", steps{asks(&first), news(alice), answers(&first, "A")}, "", false},
		{"the same, and asked again", steps{
			asks(&first), news(alice), answers(&first, "A"), asks(&second), answers(&second, "AB"),
		}, "AB", false},
		{"news between", steps{asks(&first), news(alice), asks(&second), answers(&second, "AB"), answers(&first, "A")}, "AB", false},
		{"news between, of somebody who is tracked", steps{
			answers(&background, "A"), asks(&first), news(alice), asks(&second), answers(&second, "AB"), answers(&first, "A"),
		}, "AB", false},
		{"the later first", steps{asks(&first), asks(&second), answers(&second, "AB"), answers(&first, "A")}, "AB", false},
		{"the later first, and news after it", steps{
			asks(&first), asks(&second), answers(&second, "AB"), news(alice), answers(&first, "A"),
		}, "AB", true},
		{"the earlier first", steps{asks(&first), asks(&second), answers(&first, "A"), answers(&second, "AB")}, "AB", false},
		{"two for one context", steps{asks(&first), answers(&first, "A"), answers(&first, "AB")}, "AB", false},
		{"no question", steps{asks(&first), answers(&background, "AB"), answers(&first, "A")}, "AB", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newStoreRig(t)
			for _, step := range tt.steps {
				step(t, r)
			}
			for range 2 {
				devices := slices.Sorted(maps.Keys(value[deviceMap](t)(r.GetDevices(background, alice))))
				var got string
				for _, name := range devices {
					got += string(name)
				}
				equal(t, got, tt.devices)
				equal(t, len(value[[]id.UserID](t)(r.TrackedUsers(background))) > 0, tt.devices != "")
				equal(t, len(value[[]id.UserID](t)(r.GetOutdatedTrackedUsers(background))) > 0, tt.outdated)
				// Whatever is known of a device serves to judge what it sends.
				equal(t, value[*id.Device](t)(r.FindDeviceByKey(background, alice, curve("A"))) != nil, true)
				r.kill()
			}
		})
	}
}

// TestSlowAnswerWhileSharing has a session shared once more that was given to the devices of an answer which is too old:
// of whoever was not tracked the library gives it to those, also when they are none.
func TestSlowAnswerWhileSharing(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(r *storeRig) error
		kept bool
	}{
		{"nothing", func(*storeRig) error { return nil }, true},
		{"news", func(r *storeRig) error {
			return r.MarkTrackedUsersOutdated(background, []id.UserID{alice})
		}, false},
		{"a later answer", func(r *storeRig) error { return r.PutDevices(background, alice, nil) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := withMembers(t)
			r.BeginSharing(room1)
			question := r.AskedNow(background)
			noError(t, tt.do(r))
			noError(t, r.PutDevices(question, alice, nil))
			noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
			equal(t, r.hasSession(), tt.kept)
			r.BeginSharing(room1)
			noError(t, r.PutDevices(r.AskedNow(background), alice, nil))
			noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
			equal(t, r.hasSession(), true)
		})
	}
}

// TestSlowAnswersAndAFullDisk loses neither the news that could not be written nor an answer that comes once more.
func TestSlowAnswersAndAFullDisk(t *testing.T) {
	r := newStoreRig(t)
	answers(&background, "A")(t, r)
	first, second := r.AskedNow(background), r.AskedNow(background)
	r.fault.broken.Store(true)
	if r.MarkTrackedUsersOutdated(background, []id.UserID{alice}) == nil || r.PutDevices(second, alice, nil) == nil {
		t.Error("no error on a full disk")
	}
	r.fault.broken.Store(false)
	answers(&first, "AB")(t, r)
	equal(t, len(value[deviceMap](t)(r.GetDevices(background, alice))), 2)
	sameNames(t, value[[]id.UserID](t)(r.GetOutdatedTrackedUsers(background)), []id.UserID{alice})
}

// TestSlowAnswerWithAnOldIdentity has alice change her identity while a slow question is under way: its answer, which has
// the old one, neither brings that back nor drops what the new one has signed.
func TestSlowAnswerWithAnOldIdentity(t *testing.T) {
	r := newStoreRig(t)
	keeps := func(question context.Context, key id.Ed25519) { // as the library does
		t.Helper()
		noError(t, r.PutDevices(question, alice, nil))
		for _, other := range []id.Ed25519{"old", "new"} {
			if other != key {
				value[int64](t)(r.DropSignaturesByKey(question, alice, other))
			}
		}
		noError(t, r.PutCrossSigningKey(question, alice, id.XSUsageMaster, key))
		noError(t, r.PutSignature(question, alice, "device", alice, key, "signature"))
	}
	has := func(key id.Ed25519) {
		t.Helper()
		keys := value[map[id.CrossSigningUsage]id.CrossSigningKey](t)(r.GetCrossSigningKeys(background, alice))
		equal(t, keys[id.XSUsageMaster].Key, key)
		equal(t, value[bool](t)(r.IsKeySignedBy(background, alice, "device", alice, key)), true)
	}
	keeps(r.AskedNow(background), "old")
	has("old")
	slow := r.AskedNow(background)
	keeps(r.AskedNow(background), "new")
	keeps(slow, "old")
	has("new")
	keeps(background, "old")
	has("old")
}

// TestMomentsAreForgotten bounds what is in memory by the people whom the bot shares a room with.
func TestMomentsAreForgotten(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.SetMembership(background, room1, alice, "join"))
	question := r.AskedNow(background)
	news(alice, bob, id.UserID(strings.Repeat("x", longestName+1)))(t, r)
	equal(t, len(r.lists), 2)
	noError(t, r.ForgetStrangers(background))
	equal(t, len(r.lists), 1)
	answers(&question, "A")(t, r)
	equal(t, value[deviceMap](t)(r.GetDevices(background, alice)) == nil, true)
}
