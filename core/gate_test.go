package core_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
)

// taken counts how many of n messages are taken in.
func taken(r *rig, m chat.Message, n int) (count int) {
	for range n {
		if r.engine.Takes(m) {
			count++
		}
	}
	return count
}

func TestNobodyFloods(t *testing.T) {
	t.Parallel()
	p, _ := inviteOnly(t)
	r := p.r
	r.engine.Handler(p)
	from := func(name, group string) chat.Message {
		m := chat.Message{Chat: chat.ChatID{Platform: "test", ID: name}, Person: person(name), Private: group == "", Text: "/aide"}
		if group != "" {
			m.Chat.ID = group
		}
		return m
	}
	for _, tt := range []struct {
		name  string
		m     chat.Message
		after time.Duration
		want  int
	}{
		{"an admin, at once", from("admin", ""), 0, 30},
		{"an admin, a second later", from("admin", ""), time.Second, 1},
		{"an admin in a group, meanwhile", from("admin", "group"), 0, 0},
		{"an admin, a minute later", from("admin", ""), time.Minute, 30},
		{"a guest in a group", from("bob", "group"), 0, 10},
		{"another guest", from("carla", "group"), 0, 10},
		{"a third one", from("dan", "group"), 0, 0},
		{"a third one in another group", from("dan", "elsewhere"), 0, 10},
		{"the admin there", from("admin", "group"), time.Minute, 30},
		{"a guest, a minute later", from("bob", "group"), 0, 6},
		{"a stranger in private", from("eve", ""), 0, 5},
	} {
		r.clock.Advance(tt.after)
		if got := taken(r, tt.m, 100); got != tt.want {
			t.Errorf("%s: %d of 100 taken, want %d", tt.name, got, tt.want)
		}
	}
	r.clock.Advance(-24 * time.Hour)
	if got := taken(r, from("admin", ""), 100); got != 30 {
		t.Errorf("after the clock was set back: %d of 100 taken", got)
	}
}

// TestAFamilyTogetherFloodsNoGroup has its members write as much as each may.
func TestAFamilyTogetherFloodsNoGroup(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{}) // open: everybody is admitted
	total := 0
	for n := range 4 {
		total += taken(r, chat.Message{Chat: chat.ChatID{Platform: "test", ID: "group"}, Person: person(fmt.Sprint(n))}, 30)
	}
	if total != 60 {
		t.Errorf("%d messages taken", total)
	}
}

func TestWhoFloodsIsToldOnce(t *testing.T) {
	t.Parallel()
	p, _ := inviteOnly(t)
	admin := p.private("admin")
	p.r.engine.Handler(p)
	told := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		all := ""
		for _, reply := range p.replies[admin.chat] {
			all += render(reply)
		}
		return strings.Count(all, "Trop de messages à la fois")
	}
	m := chat.Message{Chat: admin.chat, Person: admin.person, Private: true, Text: "/aide"}
	stranger := chat.Message{Chat: chat.ChatID{Platform: "test", ID: "eve"}, Person: person("eve"), Private: true, Text: "/aide"}
	taken(p.r, m, 100)
	taken(p.r, stranger, 100)
	p.r.close() // and what is to be said is said
	if n := told(); n != 1 {
		t.Errorf("told %d times", n)
	}
	if n := len(p.replies[stranger.Chat]); n != 0 {
		t.Errorf("a stranger is told %d times", n)
	}
}
