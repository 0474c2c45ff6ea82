//go:build goolm

package matrix

import (
	"fmt"
	"net/http"
	"strings"
)

// addRoom makes a room with members; encrypted is left to e2e.
func (hs *homeserver) addRoom(name string, members ...string) *fakeRoom {
	r := &fakeRoom{state: []object{
		stateEvent("m.room.create", "", object{"room_version": "10", "creator": members[0]}),
		stateEvent("m.room.join_rules", "", object{"join_rule": "invite"}),
	}}
	for _, m := range members {
		r.state = append(r.state, stateEvent("m.room.member", m, object{"membership": "join", "displayname": strings.ToUpper(m[1:2]) + m[2:4]}))
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.rooms[name] = r
	return r
}

// name gives a room a name, of which nothing is told.
func (hs *homeserver) name(room, name string) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.rooms[room].name = name
}

var events int

func stateEvent(kind, key string, content object) object {
	events++
	return object{
		"type": kind, "state_key": key, "content": content, "sender": "@someone:example.org",
		"event_id": fmt.Sprintf("$state%d", events), "origin_server_ts": 1,
	}
}

// messageEvent is what a person writes.
func messageEvent(id, sender, text string) object {
	return object{
		"type": "m.room.message", "sender": sender, "event_id": id, "origin_server_ts": 1,
		"content": object{"msgtype": "m.text", "body": text},
	}
}

// joins is news of a room that the bot is in.
func joins(room string, state, timeline []object) object {
	return object{"rooms": object{"join": object{room: object{
		"state": object{"events": state}, "timeline": object{"events": timeline},
	}}}}
}

// invites is news of an invitation.
func invites(room, inviter string, direct bool) object {
	member := stateEvent("m.room.member", botName, object{"membership": "invite", "is_direct": direct})
	member["sender"] = inviter
	return object{"rooms": object{"invite": object{room: object{"invite_state": object{"events": []object{member}}}}}}
}

// room answers calls about rooms. It is called with mu held.
func (hs *homeserver) room(call string, path []string, body object) (int, any) {
	ok := http.StatusOK
	if path[0] == "joined_rooms" {
		list := []string{}
		for name, r := range hs.rooms {
			if r.joined && !r.left {
				list = append(list, name)
			}
		}
		return ok, object{"joined_rooms": list}
	}
	r := hs.rooms[path[1]]
	if r == nil {
		return http.StatusNotFound, object{"errcode": "M_NOT_FOUND", "error": "no such room"}
	}
	switch path[2] {
	case "join":
		r.joined, r.left = true, false
		return ok, object{"room_id": path[1]}
	case "leave":
		r.left = true
	case "state":
		if len(path) > 3 && path[3] == "m.room.name" && r.name != "" {
			return ok, object{"name": r.name}
		}
		if len(path) > 3 {
			return http.StatusNotFound, object{"errcode": "M_NOT_FOUND", "error": "no such state"}
		}
		return ok, r.state
	case "send":
		if r.mute || r.left {
			return http.StatusForbidden, object{"errcode": "M_FORBIDDEN", "error": "no"}
		}
		for i, e := range r.sent {
			if e["txn"] == path[4] {
				return ok, object{"event_id": fmt.Sprintf("$sent%d:%s", i, path[1])}
			}
		}
		r.sent = append(r.sent, object{"type": path[3], "content": body, "txn": path[4]})
		return ok, object{"event_id": fmt.Sprintf("$sent%d:%s", len(r.sent)-1, path[1])}
	case "redact":
		if r.guard {
			return http.StatusForbidden, object{"errcode": "M_FORBIDDEN", "error": "no"}
		}
		r.gone = append(r.gone, path[3])
		return ok, object{"event_id": "$redaction"}
	}
	return ok, object{}
}
