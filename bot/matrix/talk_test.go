//go:build goolm

package matrix

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

const (
	ana    = "@ana:example.org"
	ben    = "@ben:example.org"
	direct = "!direct:example.org"
	group  = "!group:example.org"
)

// inDirect starts the adapter and lets ana invite it to a private chat.
func inDirect(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.hs.addRoom(direct, ana, botName)
	r.start()
	r.hs.syncs <- invites(direct, ana, true)
	if m := r.hear(); m.Text != "!start" || !m.Private || m.Person.ID != ana || m.Chat.ID != direct {
		t.Fatalf("the core heard %+v", m)
	}
	return r
}

// inGroup does so for a group of ana, who has been admitted, and ben.
func inGroup(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.core.admitted[ana] = true
	r.hs.addRoom(group, ana, ben, botName)
	r.start()
	r.hs.syncs <- invites(group, ana, false)
	if m := r.hear(); m.Private {
		t.Fatalf("the core heard %+v", m)
	}
	return r
}

func TestInvitations(t *testing.T) {
	for _, tt := range []struct {
		name             string
		direct, admitted bool
		members          []string
		admin            bool
		joins            bool
	}{
		{"stranger, private", true, false, []string{ana, botName}, false, true},
		{"stranger, group", false, false, []string{ana, ben, botName}, false, false},
		{"known, group", false, true, []string{ana, ben, botName}, false, true},
		{"known, too many", false, true, crowd(60), false, false},
		{"known, many with an admin", false, true, crowd(60), true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.core.admitted[ana] = tt.admitted
			r.core.admins[ana] = tt.admin
			hosted := r.hs.addRoom(group, tt.members...)
			r.start()
			r.hs.syncs <- invites(group, ana, tt.direct)
			if tt.joins {
				r.hear()
				return
			}
			r.until("the bot leaves", func() bool {
				r.hs.mu.Lock()
				defer r.hs.mu.Unlock()
				return hosted.left
			})
		})
	}
}

func crowd(n int) []string {
	list := []string{ana, botName}
	for i := range n {
		list = append(list, fmt.Sprintf("@p%02d:example.org", i))
	}
	return list
}

// TestStrangersManyRooms bounds what somebody who was not admitted can make the bot join.
func TestStrangersManyRooms(t *testing.T) {
	r := newRig(t)
	last := ""
	r.start()
	for i := range maxStrangers + 1 {
		last = fmt.Sprintf("!room%d:example.org", i)
		r.hs.addRoom(last, ana, botName)
		r.hs.syncs <- invites(last, ana, true)
		if i < maxStrangers {
			r.hear()
		}
	}
	r.until("the last is declined", func() bool {
		r.hs.mu.Lock()
		defer r.hs.mu.Unlock()
		return r.hs.rooms[last].left
	})
}

// TestInvitationSurvives kills the bot between an invitation and the joining.
func TestInvitationSurvives(t *testing.T) {
	r := newRig(t)
	r.hs.addRoom(direct, ana, botName)
	noError(t, r.rooms.change(direct, func(record *room) { *record = room{Direct: true, Person: ana, Inviter: ana, Waiting: true} }))
	r.start()
	if m := r.hear(); !m.Private || m.Person.ID != ana {
		t.Errorf("the core heard %+v", m)
	}
}

func TestPrivateWords(t *testing.T) {
	r := inDirect(t)
	edit := messageEvent("$edit", ana, "* /solde")
	edit["content"].(object)["m.relates_to"] = object{"rel_type": "m.replace", "event_id": "$a"}
	notice := messageEvent("$notice", ana, "/solde")
	notice["content"].(object)["msgtype"] = "m.notice"
	own := messageEvent("$own", botName, "/solde")
	threaded := messageEvent("$b", ana, "notes")
	threaded["content"].(object)["m.relates_to"] = object{"rel_type": "m.thread", "event_id": "$root"}
	deleted := messageEvent("$deleted", ana, "")
	deleted["type"], deleted["content"] = "m.room.encrypted", object{}
	deleted["unsigned"] = object{"redacted_because": messageEvent("$why", ana, "")}
	r.hs.syncs <- joins(direct, nil, []object{edit, notice, own, deleted, messageEvent("$a", ana, "emploi du temps"), threaded})
	if m := r.hear(); m.Text != "emploi du temps" || m.ID != "$a" || !m.Private || m.Name != "Ana" {
		t.Errorf("the core heard %+v", m)
	}
	if m := r.hear(); m.Text != "notes" || m.Thread != "$root" {
		t.Errorf("the core heard %+v", m)
	}
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "emploi du temps")}) // repeated
	r.hearsNothing(direct, "again")
	if n := r.Counts(); n["unreadable"] != 0 {
		t.Errorf("counted %+v", n)
	}
}

func TestGroupWords(t *testing.T) {
	r := inGroup(t)
	mention := messageEvent("$m", ana, "Car: edt demain")
	mention["content"].(object)["m.mentions"] = object{"user_ids": []string{botName}}
	asked := messageEvent("$q", ana, "dis, Car, tu es là ?")
	asked["content"].(object)["m.mentions"] = object{"user_ids": []string{botName}}
	pill := messageEvent("$8", ben, "notes, Le sac") // of an app that knows no m.mentions
	pill["content"].(object)["format"] = "org.matrix.custom.html"
	pill["content"].(object)["formatted_body"] = `notes, <a href="https://matrix.to/#/@cartable:example.org">Le sac</a>`
	r.hs.syncs <- joins(group, nil, []object{
		messageEvent("$1", ana, "edt"), messageEvent("$2", ben, "2"), messageEvent("$3", ana, "oui 1234"),
		messageEvent("$4", ana, "!edt"), mention, asked, messageEvent("$5", ben, "/notes maths"),
		messageEvent("$6", ana, "cartable:example.org est en panne"), messageEvent("$7", ana, "@cartable:example.org: 1"),
		pill,
	})
	for _, want := range []chat.Message{
		{Text: "!edt"},
		{Text: "edt demain", Named: true},
		{Text: "dis, Car, tu es là ?", Named: true},
		{Text: "/notes maths"},
		{Text: "est en panne", Named: true},
		{Text: "1", Named: true},
		{Text: "notes", Named: true},
	} {
		if m := r.hear(); m.Text != want.Text || m.Named != want.Named || m.Private {
			t.Errorf("the core heard %+v, want %+v", m, want)
		}
	}
}

// TestTitle gives the core the name of a group, also a new one, and asks for it once.
func TestTitle(t *testing.T) {
	r := inGroup(t)
	r.hs.name(group, "Famille Roussel")
	r.hs.syncs <- joins(group, nil, []object{messageEvent("$1", ana, "!edt"), messageEvent("$2", ana, "!edt")})
	for range 2 {
		if m := r.hear(); m.Title != "Famille Roussel" {
			t.Errorf("the group is called %q", m.Title)
		}
	}
	r.hs.name(group, "Les Roussel")
	r.hs.syncs <- joins(group, nil, []object{stateEvent("m.room.name", "", object{"name": "Les Roussel"}), messageEvent("$3", ana, "!edt")})
	if m := r.hear(); m.Title != "Les Roussel" {
		t.Errorf("the group is called %q", m.Title)
	}
	asked := 0
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	for _, call := range r.hs.requests {
		if strings.HasSuffix(call, "/state/m.room.name") || strings.HasSuffix(call, "/state/m.room.name/") {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("asked for the name %d times; want 2", asked)
	}
}

// TestStrangersCall bounds how often somebody who was not admitted is answered for calling the bot.
func TestStrangersCall(t *testing.T) {
	r := inGroup(t)
	for i := range maxCalls + 1 {
		r.hs.syncs <- joins(group, nil, []object{messageEvent(fmt.Sprintf("$%d", i), ben, "cartable: bonjour")})
	}
	r.hs.syncs <- joins(group, nil, []object{messageEvent("$last", ana, "cartable: bonjour")})
	for range maxCalls {
		if m := r.hear(); m.Person.ID != ben {
			t.Errorf("the core heard %+v", m)
		}
	}
	if m := r.hear(); m.Person.ID != ana {
		t.Errorf("the core heard %+v", m)
	}
}

// TestOldEvents leaves out what was written before the bot was there.
func TestOldEvents(t *testing.T) {
	r := newRig(t)
	r.hs.addRoom(direct, ana, botName)
	noError(t, r.rooms.change(direct, func(record *room) { record.Direct, record.Person = true, ana }))
	me := func(membership string) object {
		return stateEvent("m.room.member", botName, object{"membership": membership})
	}
	her := stateEvent("m.room.member", ana, object{"membership": "join", "displayname": "Ana"})
	r.hs.syncs <- joins(direct, []object{her, me("join")}, []object{messageEvent("$1", ana, "before the first start")})
	r.start()
	r.hearsNothing(direct, "now")

	r.hs.addRoom(group, ana, botName)
	noError(t, r.rooms.change(group, func(record *room) { record.Direct, record.Person = true, ana }))
	r.hs.syncs <- joins(group, []object{her}, []object{
		messageEvent("$2", ana, "before the invitation"), me("invite"), messageEvent("$3", ana, "after it"), me("join"), messageEvent("$4", ana, "hello"),
	})
	for _, want := range []string{"after it", "hello"} {
		if m := r.hear(); m.Text != want {
			t.Errorf("the core heard %q, want %q", m.Text, want)
		}
	}
}

// TestRestart answers what was under way, once, and what came meanwhile.
func TestRestart(t *testing.T) {
	r := inDirect(t)
	r.core.answers(func(m chat.Message) chat.Reply { return chat.Reply{Title: "to " + m.Text} })
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "a")})
	r.hear()
	r.sent(direct, 1)
	r.until("the answer is noted", func() bool { known, _ := r.store.Handled("$a"); return known })
	r.restart()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "a"), messageEvent("$b", ana, "b")})
	if m := r.hear(); m.Text != "b" {
		t.Errorf("the core heard %q", m.Text)
	}
	if list := r.sent(direct, 2); len(list) != 2 || bodyOf(list[1]) != "to b" {
		t.Errorf("said %v", list)
	}
}

// TestAnswerSurvives has an answer stored and not sent when the bot ends: the next start sends that answer,
// and does not ask the core for another one.
func TestAnswerSurvives(t *testing.T) {
	r := inDirect(t)
	r.core.answers(func(chat.Message) chat.Reply {
		return chat.Reply{Title: "top-up", Choices: []chat.Choice{{ID: "c1", Label: "Confirmer", Risky: true}, {ID: "c2", Label: "Annuler"}}}
	})
	r.hs.refuse = func(call string) (int, string) {
		if strings.Contains(call, "/send/") {
			return http.StatusBadRequest, "M_UNKNOWN"
		}
		return 0, ""
	}
	handle := r.core.handler(r.Adapter)
	r.mu.Lock()
	r.handle = func(m chat.Message, _ func()) error { return handle(m, func() {}) } // a crash comes before done
	r.mu.Unlock()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "recharger")})
	r.hear()
	r.close()
	r.hs.refuse = nil
	r.core.answers(func(chat.Message) chat.Reply { return chat.Reply{Title: "another answer"} })
	r.open()
	r.start()
	list := r.sent(direct, 1)
	if body := bodyOf(list[0]); !strings.Contains(body, "top-up") {
		t.Errorf("said %q", body)
	}
	var o *offer
	r.until("the choices are stored", func() (stored bool) {
		o, _ = r.offers.byEvent(id.EventID("$sent0:" + direct))
		return o != nil
	})
	if o.place("c1") != 0 {
		t.Fatalf("the choices are %+v", o)
	}
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$b", ana, "oui "+o.Choices[0].Code)})
	if m := r.hear(); m.Choice != "c1" || m.ID != "" {
		t.Errorf("the core heard %+v", m)
	}
}

// TestLeft ends a chat that the bot was thrown out of, and one where nobody else is left.
func TestLeft(t *testing.T) {
	r := inDirect(t)
	r.hs.mu.Lock()
	r.hs.rooms[direct].left = true
	r.hs.mu.Unlock()
	kicked := stateEvent("m.room.member", botName, object{"membership": "leave"})
	r.hs.syncs <- object{"rooms": object{"leave": object{direct: object{"timeline": object{"events": []object{kicked}}}}}}
	r.until("the core is told", func() bool {
		r.core.mu.Lock()
		defer r.core.mu.Unlock()
		return len(r.core.gone) == 1
	})
	err := r.Send(t.Context(), chat.Target{Chat: chatOf(direct)}, chat.Reply{Title: "hello"})
	if !errors.Is(err, chat.ErrChatGone) {
		t.Errorf("got %v", err)
	}

	r.core.admitted[ana] = true
	hosted := r.hs.addRoom(group, ana, ben, botName)
	r.hs.syncs <- invites(group, ana, false)
	r.hear()
	r.hs.syncs <- joins(group, nil, []object{
		stateEvent("m.room.member", ana, object{"membership": "leave"}), stateEvent("m.room.member", ben, object{"membership": "leave"}),
	})
	r.until("the bot leaves", func() bool {
		r.hs.mu.Lock()
		defer r.hs.mu.Unlock()
		return hosted.left
	})
}

func TestRedact(t *testing.T) {
	r := inDirect(t)
	m := chat.Message{ID: "$secret", Chat: chatOf(direct), Person: personOf(ana), Private: true}
	if err := r.Redact(t.Context(), m); err != nil || len(r.hs.rooms[direct].gone) != 1 {
		t.Errorf("redacted %v, %v", r.hs.rooms[direct].gone, err)
	}
	r.hs.rooms[direct].guard = true
	if err := r.Redact(t.Context(), m); err == nil {
		t.Error("a refusal is no error")
	}
	if body := bodyOf(r.sent(direct, 1)[0]); !strings.Contains(body, "please_delete") {
		t.Errorf("said %q", body)
	}
}

// TestTokenForgotten logs in again in the middle of a run.
func TestTokenForgotten(t *testing.T) {
	r := inDirect(t)
	r.hs.mu.Lock()
	for _, d := range r.hs.devices {
		d.token = "another"
	}
	r.hs.mu.Unlock()
	r.until("a second login", func() bool {
		r.hs.mu.Lock()
		defer r.hs.mu.Unlock()
		return r.hs.logins == 2
	})
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "aide")})
	if m := r.hear(); m.Text != "aide" {
		t.Errorf("the core heard %+v", m)
	}
	if n := len(r.hs.devices); n != 1 {
		t.Errorf("%d devices", n)
	}
}

// TestSomebodyElseIsLeft keeps what was linked in a private chat from somebody who stays in it alone with the
// bot.
func TestSomebodyElseIsLeft(t *testing.T) {
	r := inDirect(t)
	r.hs.syncs <- joins(direct, nil, []object{
		stateEvent("m.room.member", ben, object{"membership": "join"}), stateEvent("m.room.member", ana, object{"membership": "leave"}),
		messageEvent("$b", ben, "!solde"),
	})
	if m := r.hear(); m.Text != "!solde" || m.Private {
		t.Errorf("the core heard %+v", m)
	}
}

// TestUnknownRoom takes a room that the vault knows nothing of for a private chat only if it looks like one.
func TestUnknownRoom(t *testing.T) {
	r := newRig(t)
	r.start()
	r.connection() // it has read once
	for name, rule := range map[string]string{direct: "invite", group: "public"} {
		hosted := r.hs.addRoom(name, ana, botName)
		hosted.state = append(hosted.state, stateEvent("m.room.join_rules", "", object{"join_rule": rule}))
		r.hs.syncs <- joins(name, hosted.state, []object{messageEvent("$"+rule, ana, "!aide")})
		if m := r.hear(); m.Private != (rule == "invite") {
			t.Errorf("%s: the core heard %+v", rule, m)
		}
	}
}

// TestOneGreeting has the homeserver repeat an invitation that an earlier run had noted.
func TestOneGreeting(t *testing.T) {
	r := newRig(t)
	r.hs.addRoom(direct, ana, botName)
	noError(t, r.rooms.change(direct, func(record *room) { *record = room{Direct: true, Person: ana, Inviter: ana, Waiting: true} }))
	r.hs.syncs <- invites(direct, ana, true)
	r.start()
	if m := r.hear(); m.Text != "!start" {
		t.Errorf("the core heard %+v", m)
	}
	r.hearsNothing(direct, "after")
	r.hs.syncs <- invites(direct, ana, true) // once more, after it was accepted
	r.until("the invitation is followed", func() bool {
		record, _, err := r.rooms.get(direct)
		return err == nil && !record.Waiting && r.hs.count("POST rooms/"+direct+"/join") > 1
	})
	r.hearsNothing(direct, "again")
}

// TestNamesOfAnyLength has a stranger send names that no record can have.
func TestNamesOfAnyLength(t *testing.T) {
	r := inDirect(t)
	long := strings.Repeat("x", 5000)
	react := reaction("$r", ana, "1")
	react["content"].(object)["m.relates_to"].(object)["event_id"] = "$" + long
	vote := object{
		"type": "org.matrix.msc3381.poll.response", "sender": ana, "event_id": "$v", "origin_server_ts": 1,
		"content": object{
			"org.matrix.msc3381.poll.response": object{"answers": []string{long}},
			"m.relates_to":                     object{"rel_type": "m.reference", "event_id": "$p"},
		},
	}
	r.hs.syncs <- joins(direct, nil, []object{react, vote, messageEvent("$"+long, ana, "edt")})
	r.hearsNothing(direct, "after")
	if r.missed.Load() {
		t.Error("the bot reads it again and again")
	}
}

// TestOddMember counts somebody in whose name cannot be read.
func TestOddMember(t *testing.T) {
	r := inDirect(t)
	odd := stateEvent("m.room.member", ben, object{"membership": "join", "displayname": 5})
	r.hs.syncs <- joins(direct, nil, []object{odd, messageEvent("$a", ana, "!solde")})
	if m := r.hear(); m.Private {
		t.Error("the chat is taken for a private one")
	}
}

// TestAttends shows that a message was read and, while the answer takes its time, that one is being written.
func TestAttends(t *testing.T) {
	r := inDirect(t)
	answer := make(chan struct{})
	r.core.answers(func(chat.Message) chat.Reply {
		<-answer
		return chat.Reply{Title: "done"}
	})
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$slow", ana, "edt")})
	r.until("a read receipt", func() bool { return r.hs.asked("POST rooms/" + direct + "/receipt/m.read/$slow") })
	r.until("typing", func() bool { return r.hs.asked("PUT rooms/" + direct + "/typing/" + botName) })
	close(answer)
	r.sent(direct, 1)
}
