//go:build goolm

package matrix

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

const successor = "!next:example.org"

// closes is news that a room was closed in favour of another.
func closes(room, next string) object {
	return joins(room, nil, []object{stateEvent("m.room.tombstone", "", object{"replacement_room": next, "body": "closed"})})
}

// upgraded is an adapter in a room of two or three, and a further room that was made after it.
func upgraded(t *testing.T, name, predecessor string, members ...string) (r *rig, old, next *fakeRoom) {
	t.Helper()
	r = newRig(t)
	old, next = r.hs.addRoom(name, members...), r.hs.addRoom(successor, members...)
	old.joined = true
	next.state[0]["content"] = object{"room_version": "11", "predecessor": object{"room_id": predecessor}}
	r.core.admitted[ana] = true
	noError(t, r.rooms.change(id.RoomID(name), func(record *room) { record.Inviter = ana }))
	r.start()
	r.hs.syncs <- joins(name, old.state, nil)
	return r, old, next
}

func (r *rig) untilLeft(hosted *fakeRoom) {
	r.t.Helper()
	r.until("the bot leaves", func() bool {
		r.hs.mu.Lock()
		defer r.hs.mu.Unlock()
		return hosted.left
	})
}

func (c *fakeCore) movedTo() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.moved)
}

// TestUpgrade closes a group: the bot goes where the others go, also when somebody invites it there who could not
// bring it into another group, and what was shown in the old room is shown in the new one.
func TestUpgrade(t *testing.T) {
	t.Run("open to members", func(t *testing.T) {
		r, old, _ := upgraded(t, group, group, ana, ben, botName)
		r.hs.syncs <- closes(group, successor)
		r.untilLeft(old)
		equal(t, strings.Join(r.core.movedTo(), ","), group+" "+successor)
		r.hearsNothing(successor, "!edt") // no greeting: nothing has begun
	})
	t.Run("by invitation", func(t *testing.T) {
		r, old, _ := upgraded(t, group, group, ana, ben, botName)
		r.hs.refusing(func(call string) (int, string) {
			if strings.HasPrefix(call, "POST join/") {
				return http.StatusForbidden, "M_FORBIDDEN"
			}
			return 0, ""
		})
		r.hs.syncs <- closes(group, successor)
		r.until("the bot asks for entry", func() bool { return r.hs.asked("POST join/") })
		r.hs.syncs <- invites(successor, ben, false)
		r.untilLeft(old)
		equal(t, strings.Join(r.core.movedTo(), ","), group+" "+successor)
	})
	t.Run("private", func(t *testing.T) {
		r, old, _ := upgraded(t, direct, direct, ana, botName)
		noError(t, r.rooms.change(direct, func(record *room) { *record = room{Direct: true, Person: ana, Inviter: ana} }))
		r.hs.syncs <- closes(direct, successor)
		r.untilLeft(old)
		r.hs.syncs <- joins(successor, nil, []object{messageEvent("$1", ana, "edt")})
		if m := r.hear(); !m.Private {
			t.Error("the private chat has become a group")
		}
	})
}

// TestUpgradeRefused has rooms announced that are no successors, or not as safe.
func TestUpgradeRefused(t *testing.T) {
	t.Run("made after another room", func(t *testing.T) {
		r, _, next := upgraded(t, group, direct, ana, ben, botName)
		r.hs.syncs <- closes(group, successor)
		r.untilLeft(next)
		equal(t, len(r.core.movedTo()), 0)
	})
	t.Run("not encrypted any more", func(t *testing.T) {
		r, _, next := upgraded(t, group, group, ana, ben, botName)
		noError(t, r.store.SetEncryptionEvent(context.Background(), group, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}))
		r.hs.syncs <- closes(group, successor)
		r.untilLeft(next)
		equal(t, len(r.core.movedTo()), 0)
	})
	t.Run("only the last is awaited", func(t *testing.T) {
		r, old, _ := upgraded(t, group, group, ana, ben, botName)
		r.hs.syncs <- closes(group, "!elsewhere:example.org")
		r.hs.syncs <- closes(group, successor)
		r.untilLeft(old)
		all, err := r.rooms.all()
		noError(t, err)
		if _, there := all["!elsewhere:example.org"]; there {
			t.Error("a room that never came is remembered")
		}
	})
}

// TestTombstoneForAnotherRoom closes a private chat in favour of a room that is not its successor: the bot stays
// where it is, and goes nowhere.
func TestTombstoneForAnotherRoom(t *testing.T) {
	r := inGroup(t)
	hosted := r.hs.rooms[group]
	r.core.answers(nil)
	r.hs.addRoom(direct, "@eve:example.org", botName)
	r.hs.syncs <- invites(direct, "@eve:example.org", true)
	r.hear()
	r.hs.syncs <- closes(direct, group)
	for i := range 5 {
		name := fmt.Sprintf("!big%d:example.org", i)
		r.hs.addRoom(name, crowd(60)...)
		r.hs.syncs <- closes(direct, name)
	}
	r.hearsNothing(group, "!after")
	r.restart() // whatever was noted is tried again
	r.hearsNothing(group, "!again")
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	if hosted.left {
		t.Error("a stranger made the bot leave a group")
	}
	for _, call := range r.hs.requests {
		if strings.HasPrefix(call, "POST join/") {
			t.Errorf("a stranger made the bot join a room: %s", call)
		}
	}
}

// TestUpgradeAndInvite has the invitation come with the news that the room was closed, as apps do it.
func TestUpgradeAndInvite(t *testing.T) {
	r, old, next := upgraded(t, group, group, ana, ben, botName)
	r.connection()
	news := closes(group, successor)
	news["rooms"].(object)["invite"] = invites(successor, ana, false)["rooms"].(object)["invite"]
	r.hs.syncs <- news
	r.untilLeft(old)
	r.hearsNothing(successor, "!after")
	r.restart()
	r.hearsNothing(successor, "!again")
	equal(t, strings.Join(r.core.movedTo(), ","), group+" "+successor)
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	if next.left {
		t.Error("the bot left the new room too")
	}
}
