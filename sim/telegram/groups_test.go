package telegram_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"cartable/sim/telegram"
)

// pull confirms and returns all updates as "kind text", for short.
func pull(t *testing.T, tg *telegram.Server) []map[string]json.RawMessage {
	t.Helper()
	var got []map[string]json.RawMessage
	must(t, tg, "getUpdates", nil, &got)
	must(t, tg, "getUpdates", params{"offset": -1}, nil)
	if n := len(got); n > 0 {
		var id int64
		json.Unmarshal(got[n-1]["update_id"], &id)
		must(t, tg, "getUpdates", params{"offset": id + 1}, nil)
	}
	return got
}

func TestPrivacyMode(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna := tg.User(1001, "Anna", "fr")
	g := tg.Group("Famille", anna)
	p := g.As(anna)
	heard := func(m telegram.Message) bool { return m.Update != 0 }
	ours := send(t, tg, params{"chat_id": g.ID(), "text": "x"})
	for text, want := range map[string]bool{
		"bonjour": false, "/edt": true, "/edt@Cartable_Test_Bot demain": true, "/edt@other_bot": false, "va /edt": false,
	} {
		if got := heard(p.Say(text)); got != want {
			t.Errorf("%q: heard %v", text, got)
		}
	}
	if !heard(p.Reply(ours, "oui")) {
		t.Error("a reply to the bot is not heard")
	}
	g.Admin(telegram.Rights{})
	if !heard(p.Say("bonjour")) {
		t.Error("an administrator hears everything")
	}
	g.NoAdmin()
	if g.Kick(); heard(p.Say("/edt")) {
		t.Error("heard after the kick")
	}
}

func TestGroupUpdates(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna, bob := tg.User(1001, "Anna", "fr"), tg.User(1002, "Bob", "en")
	g := tg.Group("Famille", anna)
	g.As(bob)
	g.AsAnonymous(bob).Say("/edt")
	said := g.As(anna).Say("/notes")
	g.As(anna).Edit(said.ID, "/notes maths")
	old := g.Migrate()
	g.Kick()
	var story []string
	for _, u := range pull(t, tg) {
		for _, kind := range []string{"message", "edited_message", "my_chat_member"} {
			var m struct {
				Chat   struct{ ID int64 }
				From   struct{ ID int64 }
				Text   string
				Sender *struct{ ID int64 }     `json:"sender_chat"`
				To     int64                   `json:"migrate_to_chat_id"`
				Since  int64                   `json:"migrate_from_chat_id"`
				Joined []struct{ ID int64 }    `json:"new_chat_members"`
				New    struct{ Status string } `json:"new_chat_member"`
			}
			if json.Unmarshal(u[kind], &m) != nil {
				continue
			}
			story = append(story, fmt.Sprint(kind, m.Chat.ID == old, m.From.ID, m.Text, m.Sender != nil, m.To == g.ID(), m.Since == old,
				len(m.Joined), m.New.Status))
		}
	}
	want := []string{
		"my_chat_membertrue 1001 false false false 0member",
		"messagetrue 1001 false false false 1",
		"messagetrue 1002 false false false 1",
		"messagetrue 1087968824/edttrue false false 0",
		"messagetrue 1001/notesfalse false false 0",
		"edited_messagetrue 1001/notes mathsfalse false false 0",
		"messagetrue 1001false true false 0",
		"messagefalse 1001false false true 0",
		"my_chat_memberfalse 1001false false false 0kicked",
	}
	normal := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	for i := range max(len(story), len(want)) {
		if i >= len(story) || i >= len(want) || normal(story[i]) != normal(want[i]) {
			t.Fatalf("line %d of\n%s\nwant\n%s", i, strings.Join(story, "\n"), strings.Join(want, "\n"))
		}
	}
	a := call(t, tg, "sendMessage", params{"chat_id": old, "text": "x"})
	refused(t, a, 400, "group chat was upgraded to a supergroup chat")
	if a.Parameters.MigrateTo != g.ID() {
		t.Errorf("migrate_to_chat_id %d", a.Parameters.MigrateTo)
	}
}

func TestTopics(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna := tg.User(1001, "Anna", "fr")
	g := tg.Forum("École", anna)
	maths, french := g.NewTopic("Maths"), g.NewTopic("Français")
	p := g.As(anna)
	asked := p.In(maths).Say("/edt")
	if asked.Thread != maths {
		t.Errorf("asked in %d", asked.Thread)
	}
	send(t, tg, params{"chat_id": g.ID(), "message_thread_id": maths, "text": "ici"})
	send(t, tg, params{"chat_id": g.ID(), "reply_parameters": params{"message_id": asked.ID}, "text": "aussi"})
	p.In(maths).WaitFor("ici")
	p.In(maths).WaitFor("aussi")
	for _, m := range p.In(french).Messages() {
		if m.FromBot {
			t.Errorf("in the other topic: %+v", m)
		}
	}
	g.CloseTopic(french)
	refused(t, call(t, tg, "sendMessage", params{"chat_id": g.ID(), "message_thread_id": french, "text": "x"}), 400, "TOPIC_CLOSED")
	g.DeleteTopic(maths)
	refused(t, call(t, tg, "sendMessage", params{"chat_id": g.ID(), "message_thread_id": maths, "text": "x"}), 400, "message thread not found")
	if n := len(p.In(maths).Messages()); n != 0 {
		t.Errorf("%d messages in a topic that is gone", n)
	}
}

func TestPresses(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna, bob := tg.User(1001, "Anna", "fr"), tg.User(1002, "Bob", "en")
	g := tg.Group("Famille", anna, bob)
	id := send(t, tg, params{"chat_id": g.ID(), "text": "Recharger ?", "reply_markup": keyboard(
		params{"text": "✅ Confirmer", "callback_data": "k1"}, params{"text": "Site", "url": "https://a.example"})})
	pull(t, tg)
	g.As(bob).Press("Confirmer")
	must(t, tg, "deleteMessage", params{"chat_id": g.ID(), "message_id": id}, nil)
	g.As(anna).PressData(id, "k1")
	type query struct {
		Query struct {
			Data    string
			From    struct{ ID int64 }
			Message struct {
				ID   int `json:"message_id"`
				Date int64
				Text string
			}
		} `json:"callback_query"`
	}
	var got []query
	must(t, tg, "getUpdates", nil, &got)
	if len(got) != 2 || got[0].Query.From.ID != 1002 || got[0].Query.Message.Text != "Recharger ?" || got[1].Query.Data != "k1" ||
		got[1].Query.Message.Date != 0 || got[1].Query.Message.ID != id {
		t.Errorf("got %+v", got)
	}
}

// TestWhatPeopleSee checks the view: hidden when deleted, buttons gone after an edit, only news count.
func TestWhatPeopleSee(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	p := tg.User(1001, "Anna", "fr").Start("link_abc")
	if m := p.Messages()[0]; m.Text != "/start link_abc" || m.FromBot || m.Entities[0].Type != "bot_command" || m.Entities[0].Length != 6 {
		t.Errorf("got %+v", m)
	}
	first := send(t, tg, params{"chat_id": 1001, "text": "Lundi"})
	p.Say("/edt") // now "Lundi" is old
	second := send(t, tg, params{"chat_id": 1001, "text": "Lundi encore", "reply_markup": keyboard(params{"text": "▶", "callback_data": "n"})})
	if m := p.WaitFor("Lundi"); m.ID != second {
		t.Errorf("got the old message: %+v", m)
	}
	must(t, tg, "editMessageReplyMarkup", params{"chat_id": 1001, "message_id": second}, nil)
	if m := p.WaitFor("Lundi"); !m.Edited || m.Labels() != nil {
		t.Errorf("got %+v", m)
	}
	must(t, tg, "deleteMessage", params{"chat_id": 1001, "message_id": first}, nil)
	p.WaitDeleted(first)
	ids := func(all []telegram.Message) (n []int) {
		for _, m := range all {
			n = append(n, m.ID)
		}
		return n
	}
	if slices.Contains(ids(p.Messages()), first) || !slices.Contains(ids(p.History()), first) {
		t.Errorf("sees %v of %v", ids(p.Messages()), ids(p.History()))
	}
}

func TestPeopleActs(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna, bob := tg.User(1001, "Anna", "fr"), tg.User(1002, "Bob", "en")
	g := tg.Supergroup("Famille", anna, bob)
	p := g.As(bob)
	said := p.Say("/edt")
	p.Delete(said.ID)
	if a := call(t, tg, "deleteMessage", params{"chat_id": g.ID(), "message_id": said.ID}); a.Description != "Bad Request: message to delete not found" {
		t.Errorf("got %+v", a)
	}
	if m := g.As(tg.OtherBot(77, "other_bot")).Say("/edt"); m.Update != 0 {
		t.Error("bots do not hear bots")
	}
	g.Leave(bob)
	var member struct{ Status string }
	if must(t, tg, "getChatMember", params{"chat_id": g.ID(), "user_id": 1002}, &member); member.Status != "left" {
		t.Errorf("status %s", member.Status)
	}
	private := anna.Start("")
	send(t, tg, params{"chat_id": private.ChatID(), "text": "Qui ?", "reply_markup": params{
		"keyboard": [][]any{{"Léa", params{"text": "Tom"}}},
	}})
	m := private.WaitUntil(func(m telegram.Message) bool { return m.Keys != nil })
	if len(m.Keys[0]) != 2 || m.Keys[0][0].Text != "Léa" || m.Keys[0][1].Text != "Tom" || m.Buttons != nil {
		t.Errorf("keys %+v", m.Keys)
	}
	id := send(t, tg, params{"chat_id": 1001, "text": "x"})
	refused(t, call(t, tg, "editMessageText", params{"chat_id": 1001, "message_id": id, "text": ""}), 400, "message text is empty")
	refused(t, call(t, tg, "editMessageText", params{"chat_id": 1001, "message_id": id, "text": strings.Repeat("é", 4097)}), 400, "message is too long")
	refused(t, call(t, tg, "editMessageReplyMarkup", params{
		"chat_id": 1001, "message_id": id,
		"reply_markup": params{"remove_keyboard": true},
	}), 400, "inline keyboard expected")
	photo := private.SendPhoto(picture(t, 10, 10)).Photo.ID
	refused(t, call(t, tg, "sendPhoto", params{"chat_id": 1001, "photo": photo, "caption": strings.Repeat("é", 1025)}), 400, "message caption is too long")
	refused(t, call(t, tg, "sendMessage", params{"chat_id": 1001, "text": "x", "reply_markup": "null"}), 400, "object expected as reply markup")
	refused(t, call(t, tg, "leaveChat", params{"chat_id": 1001}), 400, "chat not found")
}

// TestFailuresSpeak checks that a wait in vain and a missing button tell what the person sees.
func TestFailuresSpeak(t *testing.T) {
	var told []string
	tg := telegram.New(telegram.Config{Wait: 1, Fail: func(f string, a ...any) { told = append(told, fmt.Sprintf(f, a...)) }})
	defer tg.Close()
	p := tg.User(1001, "Anna", "fr").Start("")
	p.WaitFor("Lundi")
	p.Press("Oui")
	for i, want := range []string{`Anna waited in vain for a message with "Lundi"`, `no button "Oui" to press`} {
		if i >= len(told) || !strings.Contains(told[i], want) || !strings.Contains(told[i], "Anna: /start") {
			t.Errorf("told %q, want %q", told, want)
		}
	}
}

// TestManyPeople has 50 people talk at once, each answered in order.
func TestManyPeople(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	var all sync.WaitGroup
	for i := range int64(50) {
		p := tg.User(2000+i, fmt.Sprint("P", i), "fr").Start("")
		all.Go(func() {
			for n := range 10 {
				text := fmt.Sprint("answer ", n, ".")
				p.Say("/edt")
				all.Go(func() {
					if a, err := try(tg, "sendMessage", params{"chat_id": 2000 + i, "text": text}); err != nil || !a.OK {
						t.Errorf("%+v, %v", a, err)
					}
				})
				if _, err := p.Wait(t.Context(), func(m telegram.Message) bool { return m.Text == text }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(tg.WaitCalls("sendMessage", 500)); n != 500 {
		t.Errorf("%d calls", n)
	}
}
