//go:build goolm

package cryptostore

import (
	"encoding/json"
	"testing"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

func TestEncryptionConforms(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		equal(t, value[bool](t)(p.IsEncrypted(background, room1)), false)
		equal(t, value[*event.EncryptionEventContent](t)(p.GetEncryptionEvent(background, room1)), nil)
		content := event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1, RotationPeriodMessages: 7, RotationPeriodMillis: 3600000}
		noError(t, p.SetEncryptionEvent(background, room1, &content))
		p.restart()
		equal(t, value[bool](t)(p.IsEncrypted(background, room1)), true)
		equal(t, value[bool](t)(p.IsEncrypted(background, room2)), false)
		equal(t, *value[*event.EncryptionEventContent](t)(p.GetEncryptionEvent(background, room1)), content)
	})
}

// The memory store believes an event that names no algorithm, and sends in clear from then on.
func TestEncryptionIsForEver(t *testing.T) {
	for name, content := range map[string]*event.EncryptionEventContent{
		"nothing": nil, "empty": {}, "unknown": {Algorithm: "none", RotationPeriodMessages: 9},
	} {
		t.Run(name, func(t *testing.T) {
			r := newStoreRig(t)
			noError(t, r.SetEncryptionEvent(background, room2, content))
			good := event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1, RotationPeriodMessages: 7}
			noError(t, r.SetEncryptionEvent(background, room1, &good))
			noError(t, r.SetEncryptionEvent(background, room1, content))
			noError(t, r.ForgetRoom(background, room1))
			r.kill()
			equal(t, value[bool](t)(r.IsEncrypted(background, room1)), true)
			equal(t, value[bool](t)(r.IsEncrypted(background, room2)), true)
			equal(t, *value[*event.EncryptionEventContent](t)(r.GetEncryptionEvent(background, room1)), good)
			equal(t, value[*event.EncryptionEventContent](t)(r.GetEncryptionEvent(background, room2)).Algorithm, id.AlgorithmMegolmV1)
		})
	}
}

func TestRoomStateConforms(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		equal(t, value[*event.PowerLevelsEventContent](t)(p.GetPowerLevels(background, room1)), nil)
		equal(t, value[*event.Event](t)(p.GetCreate(background, room1)), nil)
		equal(t, value[*event.JoinRulesEventContent](t)(p.GetJoinRules(background, room1)), nil)
		equal(t, value[*event.HistoryVisibilityEventContent](t)(p.GetHistoryVisibility(background, room1)), nil)

		redact := 40
		noError(t, p.SetPowerLevels(background, room1, &event.PowerLevelsEventContent{Users: map[id.UserID]int{alice: 90}, RedactPtr: &redact}))
		noError(t, p.SetJoinRules(background, room1, &event.JoinRulesEventContent{JoinRule: event.JoinRuleInvite}))
		noError(t, p.SetHistoryVisibility(background, room1, &event.HistoryVisibilityEventContent{HistoryVisibility: event.HistoryVisibilityInvited}))
		p.restart()
		noError(t, p.SetCreate(background, createEvent(t)))
		p.restart()
		levels := value[*event.PowerLevelsEventContent](t)(p.GetPowerLevels(background, room1))
		equal(t, levels.GetUserLevel(alice), 90)
		equal(t, levels.Redact(), 40)
		equal(t, levels.CreateEvent.Sender, bob)
		equal(t, levels.GetUserLevel(bob) > 1000, true) // version 12: who made a room stands above all
		create := value[*event.Event](t)(p.GetCreate(background, room1))
		equal(t, create.Sender, bob)
		equal(t, create.RoomID, room1)
		equal(t, create.Content.AsCreate().RoomVersion, id.RoomV12)
		equal(t, value[*event.JoinRulesEventContent](t)(p.GetJoinRules(background, room1)).JoinRule, event.JoinRuleInvite)
		equal(t, value[*event.HistoryVisibilityEventContent](t)(p.GetHistoryVisibility(background, room1)).HistoryVisibility, event.HistoryVisibilityInvited)
	})
}

func createEvent(t *testing.T) *event.Event {
	t.Helper()
	evt := new(event.Event)
	noError(t, json.Unmarshal([]byte(`{"type":"m.room.create","state_key":"","event_id":"$c","sender":"@bob:example.org",
		"origin_server_ts":5,"content":{"room_version":"12"}}`), evt))
	evt.RoomID, evt.Type.Class = room1, event.StateEventType
	noError(t, evt.Content.ParseRaw(event.StateCreate))
	return evt
}

func TestSharedRoomsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		megolm := &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}
		sameNames(t, value[[]id.RoomID](t)(p.FindSharedRooms(background, alice)), nil)
		noError(t, p.SetMembership(background, room1, alice, event.MembershipJoin))
		noError(t, p.SetMembership(background, room2, alice, event.MembershipInvite))
		noError(t, p.SetEncryptionEvent(background, room1, megolm))
		noError(t, p.SetEncryptionEvent(background, room2, megolm))
		p.restart()
		sameNames(t, value[[]id.RoomID](t)(p.FindSharedRooms(background, alice)), []id.RoomID{room1, room2})
		sameNames(t, value[[]id.RoomID](t)(p.FindSharedRooms(background, bob)), nil)
		noError(t, p.SetMembership(background, room1, alice, event.MembershipLeave))
		noError(t, p.SetMembership(background, "!clear:example.org", alice, event.MembershipJoin))
		p.restart()
		if p.ours { // the memory store has rooms that were left or are not encrypted, against the interface
			sameNames(t, value[[]id.RoomID](t)(p.FindSharedRooms(background, alice)), []id.RoomID{room2})
		}
	})
}

// The memory store has no such check.
func TestConfusableNames(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.SetMember(background, room1, alice, member(event.MembershipJoin, "Alice")))
	noError(t, r.SetMember(background, room1, bob, member(event.MembershipLeave, "Alice")))
	for name, want := range map[string][]id.UserID{"Alice": {alice}, "Аliсe": {alice}, "Alain": nil} {
		sameNames(t, value[[]id.UserID](t)(r.IsConfusableName(background, room1, "@new:example.org", name)), want)
	}
	sameNames(t, value[[]id.UserID](t)(r.IsConfusableName(background, room1, alice, "Alice")), nil)
}
