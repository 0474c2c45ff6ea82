//go:build goolm

package cryptostore

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// What strangers call their devices and keys must not decide whether the bot can write.

var endless = strings.Repeat("A", 5000)

func TestEndlessNames(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	long := id.UserID("@" + endless)
	for name, err := range map[string]error{
		"shared":    r.MarkOutboundGroupSessionShared(background, bob, id.IdentityKey(endless), "s"),
		"lines":     r.MarkOutboundGroupSessionShared(background, bob, curve("k")+id.IdentityKey(strings.Repeat("\n", 5000)), "s"),
		"session":   r.AddSession(background, id.SenderKey(endless), with.receive("one")),
		"device":    r.PutDevice(background, bob, &id.Device{UserID: bob, DeviceID: "D", IdentityKey: id.IdentityKey(endless)}),
		"signature": r.PutSignature(background, bob, id.Ed25519(endless), bob, "k", "s"),
		"member":    r.SetMembership(background, room1, long, event.MembershipJoin),
		"room":      r.SetMembership(background, id.RoomID("!"+endless), bob, event.MembershipJoin),
	} {
		if !errors.Is(err, ErrName) && !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	noError(t, r.MarkOutboundGroupSessionShared(background, bob, curve("k"), id.SessionID(endless))) // found out late
	noError(t, r.MarkHandled("$1", time.Now()))

	noError(t, r.PutDevices(background, bob, nil))
	noError(t, r.MarkTrackedUsersOutdated(background, []id.UserID{long, bob}))
	sameNames(t, value[[]id.UserID](t)(r.GetOutdatedTrackedUsers(background)), []id.UserID{bob})
	session, err := r.GetGroupSession(background, room1, id.SessionID(endless))
	noError(t, err)
	equal(t, session, nil)
	noError(t, r.ReplaceCachedMembers(background, room1, []*event.Event{memberEvent(long), memberEvent(alice)}))
	sameNames(t, value[[]id.UserID](t)(r.GetRoomJoinedOrInvitedMembers(background, room1)), []id.UserID{alice})
}

func memberEvent(user id.UserID) *event.Event {
	key := user.String()
	return &event.Event{Type: event.StateMember, StateKey: &key, Content: event.Content{Parsed: member(event.MembershipJoin, "")}}
}

// The library takes a device with whatever key, as long as it is signed.
func TestDevicesWithoutAKeyAreLeftOut(t *testing.T) {
	r := newStoreRig(t)
	bad := device(alice, "B")
	for _, key := range []id.IdentityKey{"", "short", id.IdentityKey(endless), curve("x") + "\n", curve("x") + "="} {
		bad.IdentityKey = key
		noError(t, r.PutDevices(background, alice, deviceMap{"A": device(alice, "A"), "B": bad, "C": device(alice, id.DeviceID(endless))}))
		devices := value[deviceMap](t)(r.GetDevices(background, alice))
		if len(devices) != 1 || devices["A"] == nil {
			t.Errorf("key %.10q: %d devices are kept", key, len(devices))
		}
	}
}

// A record that cannot be written for what it is takes no other with it, and the operator hears of it.
func TestRefusedRecordIsGivenUp(t *testing.T) {
	r := newStoreRig(t)
	var log bytes.Buffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	noError(t, r.MarkOutboundGroupSessionShared(background, bob, curve("k"), id.SessionID(endless)))
	noError(t, r.MarkOutboundGroupSessionShared(background, bob, curve("k"), "s"))
	r.fault.broken.Store(true)
	if err := r.MarkHandled("$1", time.Now()); !errors.Is(err, errBroken) {
		t.Errorf("a full disk: %v", err)
	}
	r.fault.broken.Store(false)
	noError(t, r.MarkHandled("$1", time.Now()))
	r.kill()
	equal(t, value[bool](t)(r.IsOutboundGroupSessionShared(background, bob, curve("k"), "s")), true)
	equal(t, value[bool](t)(r.Handled("$1")), true)
	if lines := strings.Count(log.String(), "\n"); lines != 1 || strings.Contains(log.String(), "bob") || len(log.String()) > 500 {
		t.Errorf("logged %d lines: %.500s", lines, &log)
	}
}
