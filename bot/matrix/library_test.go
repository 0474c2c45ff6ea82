//go:build goolm

package matrix

import (
	"context"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// encrypt makes a room that the bot is in an encrypted one.
func (r *rig) encrypt(room id.RoomID) {
	r.t.Helper()
	noError(r.t, r.store.SetEncryptionEvent(context.Background(), room, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}))
}

// invitedTo is the news that somebody is.
func (r *rig) invitedTo(room id.RoomID, user id.UserID) {
	if err := r.store.SetMembership(context.Background(), room, user, event.MembershipInvite); err != nil {
		r.t.Error(err)
	}
}

// asksFor tells of whom the devices are asked for.
func asksFor(call string, body object) (users []string) {
	if call == "POST keys/query" {
		for user := range body["device_keys"].(map[string]any) {
			users = append(users, user)
		}
	}
	return users
}

// TestNewcomerWhileSharing has somebody invited while the bot asks for the devices of those who are to have the key: the
// key is given out once more, to them too, before anything is said.
func TestNewcomerWhileSharing(t *testing.T) {
	r := inDirect(t)
	r.encrypt(direct)
	var order []string
	r.hs.set(func(call string, body object) {
		for _, user := range asksFor(call, body) {
			order = append(order, user)
			if user == ana {
				r.invitedTo(direct, ben)
			}
		}
		if strings.Contains(call, "/send/m.room.encrypted") {
			order = append(order, "said")
		}
	})
	_, err := r.connection().cli.SendMessageEvent(t.Context(), direct, event.EventMessage, &event.MessageEventContent{MsgType: event.MsgText, Body: "hello"})
	r.hs.set(nil)
	noError(t, err)
	asked, said := slices.Index(order, ben), slices.Index(order, "said")
	if asked < 0 || said < asked {
		t.Errorf("the bot did %v", order)
	}
}

// TestStateOvertaken has somebody invited while the bot reads who is in a room: an answer that does not know them yet
// does not put them out again.
func TestStateOvertaken(t *testing.T) {
	r := inGroup(t)
	l := r.connection()
	asked := 0
	r.hs.set(func(call string, _ object) {
		if call != "GET rooms/"+group+"/state" {
			return
		}
		if asked++; asked == 1 { // the answer comes without her
			r.invitedTo(group, "@cleo:example.org")
			return
		}
		r.hs.rooms[group].state = append(r.hs.rooms[group].state, stateEvent("m.room.member", "@cleo:example.org", object{"membership": "invite"}))
	})
	_, err := l.readState(t.Context(), group)
	noError(t, err)
	r.hs.set(nil)
	equal(t, asked, 2)
	equal(t, r.store.IsInvited(t.Context(), group, "@cleo:example.org"), true)
}

// TestOrderOfHandlers has news of Ana's devices come: they are marked before the library asks for them, so that a
// question without an answer is asked again. prekeys_test.go has the same for one-time keys.
func TestOrderOfHandlers(t *testing.T) {
	r := inDirect(t)
	noError(t, r.store.PutDevices(t.Context(), ana, nil)) // tracked
	first := make(chan bool, 1)
	r.hs.set(func(call string, body object) {
		if slices.Contains(asksFor(call, body), ana) {
			outdated, err := r.store.GetOutdatedTrackedUsers(context.Background())
			select {
			case first <- err == nil && slices.Contains(outdated, id.UserID(ana)):
			default:
			}
		}
	})
	r.hs.syncs <- object{"device_lists": object{"changed": []string{ana}}}
	r.hearsNothing(direct, "after")
	r.hs.set(nil)
	if marked := <-first; !marked {
		t.Error("the library asks before the devices are marked")
	}
}
