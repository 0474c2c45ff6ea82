//go:build goolm

package matrix

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
	"cartable/core/store"
)

// offering is a private chat in which the last answer had these choices.
func offering(t *testing.T, r chat.Reply) (*rig, *offer) {
	t.Helper()
	a := inDirect(t)
	a.core.answers(func(chat.Message) chat.Reply { return r })
	a.hs.syncs <- joins(direct, nil, []object{messageEvent("$ask", ana, "ask")})
	a.hear()
	a.core.answers(nil)
	o, err := a.offers.byEvent(id.EventID("$sent0:" + direct))
	if err != nil || o == nil {
		t.Fatalf("no choices are stored: %v", err)
	}
	return a, o
}

func reaction(id, sender, key string) object {
	return object{
		"type": "m.reaction", "sender": sender, "event_id": id, "origin_server_ts": 1,
		"content": object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": "$sent0:" + direct, "key": key}},
	}
}

var twoChoices = chat.Reply{Title: "?", Choices: []chat.Choice{{ID: "c1", Label: "Oui"}, {ID: "c2", Label: "Non"}}}

// TestHarmless picks by reactions, numbers and words, and takes nothing else for a choice. A list is one event.
func TestHarmless(t *testing.T) {
	r, _ := offering(t, twoChoices)
	r.hs.syncs <- joins(direct, nil, []object{
		reaction("$r0", botName, "✅"), reaction("$r1", ana, "👍"), reaction("$r2", ana, "❌\ufe0f"), reaction("$r3", ben, "1️⃣"),
		messageEvent("$n1", ana, "3"), messageEvent("$n2", ana, " 1. "), messageEvent("$n3", ana, "!NON"),
	})
	for _, want := range []chat.Message{
		{ID: "$sent0:" + direct, Choice: "c2", Person: personOf(ana)},
		{ID: "$sent0:" + direct, Choice: "c1", Person: personOf(ben)},
		{ID: "$n1", Text: "3", Person: personOf(ana)},
		{Choice: "c1", Person: personOf(ana)}, // typed: answered below
		{Choice: "c2", Person: personOf(ana)},
	} {
		m := r.hear()
		if m.Choice != want.Choice || m.Text != want.Text || m.Person != want.Person || m.ID != want.ID {
			t.Errorf("the core heard %+v, want %+v", m, want)
		}
	}
	r.hs.syncs <- joins(direct, nil, []object{reaction("$r2", ana, "❌")}) // repeated by the homeserver
	r.hearsNothing(direct, "after")
	if list := r.sent(direct, 1); len(list) != 1 {
		t.Errorf("sent %d events for one list", len(list))
	}
}

// TestNamed reads the words of a choice as people type them.
func TestNamed(t *testing.T) {
	o := &offer{Choices: []offered{{Label: "◀ ven. 20"}, {Label: "La semaine"}, {Label: "PRONOTE (école)"}, {Label: "Léa"}, {Label: "léa"}, {Label: "▶"}, {}}}
	for text, want := range map[string]int{
		"ven. 20": 0, "Semaine": 1, "la semaine": 1, "pronote": 2, "PRONOTE (école)": 2, "léa": -1, "pro": -1, "": -1, "▶": -1, "la": -1,
	} {
		if got := o.named(text); got != want {
			t.Errorf("%q names %d; want %d", text, got, want)
		}
	}
}

// TestWordForAQuestion leaves words alone that answer a question, that were said after the list, or that risk something.
func TestWordForAQuestion(t *testing.T) {
	r, o := offering(t, riskyChoices)
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$yes", ana, "confirmer"), messageEvent("$no", ana, "annuler")})
	if m := r.hear(); m.Choice != "no" {
		t.Errorf("the core heard %+v", m)
	}
	if body := bodyOf(r.sent(direct, 2)[1]); !strings.Contains(body, "not_enough code "+o.Choices[0].Code) {
		t.Errorf("said %q", body)
	}
	for _, expect := range []chat.Expect{chat.ExpectText, chat.ExpectSecret} {
		question := twoChoices
		question.Expect = expect
		r, _ = offering(t, question)
		r.hearsNothing(direct, "oui")
	}
	r, _ = offering(t, twoChoices)
	noError(t, r.Send(t.Context(), toAna, chat.Reply{Title: "something else"}))
	r.hearsNothing(direct, "oui")
}

// TestNumberForAQuestion leaves a number alone where the bot waits for something typed.
func TestNumberForAQuestion(t *testing.T) {
	for _, tt := range []struct {
		expect chat.Expect
		with   []chat.Choice
		choice string
	}{
		{chat.ExpectNothing, nil, "c1"},
		{chat.ExpectText, nil, ""},
		{chat.ExpectText, []chat.Choice{{ID: "c9", Label: "Autre"}}, "c9"},
		{chat.ExpectSecret, []chat.Choice{{ID: "c9", Label: "Autre"}}, ""},
	} {
		r, _ := offering(t, twoChoices)
		r.core.answers(func(chat.Message) chat.Reply { return chat.Reply{Title: "next", Expect: tt.expect, Choices: tt.with} })
		r.hs.syncs <- joins(direct, nil, []object{messageEvent("$next", ana, "next")})
		r.hear()
		r.hs.syncs <- joins(direct, nil, []object{messageEvent("$one", ana, "1")})
		if m := r.hear(); m.Choice != tt.choice {
			t.Errorf("%+v: the core heard %+v", tt, m)
		}
	}
}

var riskyChoices = chat.Reply{Title: "Recharger", Choices: []chat.Choice{{ID: "yes", Label: "Confirmer", Risky: true}, {ID: "no", Label: "Annuler"}}}

// TestRisky confirms by the typed code alone, once for each person, and outlives a restart.
func TestRisky(t *testing.T) {
	r, o := offering(t, riskyChoices)
	code := o.Choices[0].Code
	wrong := "1000"
	if code == wrong {
		wrong = "1001"
	}
	if list := r.sent(direct, 1); len(list) != 1 || !strings.Contains(bodyOf(list[0]), "type_code code "+code) {
		t.Errorf("said %v", list)
	}
	r.restart()
	r.hs.syncs <- joins(direct, nil, []object{
		reaction("$r1", ana, "✅"), reaction("$r2", ana, "1️⃣"), messageEvent("$n", ana, "1"), messageEvent("$w", ana, "oui "+wrong),
		messageEvent("$y", ana, "Oui "+code+" !"), messageEvent("$y2", ana, "yes "+code), messageEvent("$b", ben, "!yes "+code),
	})
	for _, want := range []string{ana, ana, ben} { // the core knows that it is done
		if m := r.hear(); m.Choice != "yes" || m.Person.ID != want {
			t.Errorf("the core heard %+v from %s", m, want)
		}
	}
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$n2", ana, "2")})
	if m := r.hear(); m.Choice != "no" {
		t.Errorf("the core heard %+v", m)
	}
	refusals := strings.Builder{}
	for _, e := range r.sent(direct, 4)[1:] {
		refusals.WriteString(bodyOf(e) + "\n")
	}
	if text := refusals.String(); !strings.Contains(text, "not_enough") || !strings.Contains(text, "wrong_code") {
		t.Errorf("said %s", text)
	}
}

// TestDecided closes the poll of a question that was decided by typing, or that everything was taken back of, and takes its
// code again, so that the core says what became of it; numbers and reactions are no answers to it any more.
func TestDecided(t *testing.T) {
	for name, said := range map[string]string{"by code": "oui ", "by number": "2", "by word": "annuler", "by a command": "tout annuler"} {
		t.Run(name, func(t *testing.T) {
			r, o := offering(t, riskyChoices)
			noError(t, r.offers.update(o.Event, func(stored *offer) { stored.Poll = "$poll" }))
			r.core.answers(func(m chat.Message) chat.Reply { return chat.Reply{Title: "done", Withdraws: m.Choice == ""} })
			if name == "by code" {
				said += o.Choices[0].Code
			}
			r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, said)})
			r.hear()
			end := r.sent(direct, 3)[2]
			if about := end["content"].(map[string]any)["m.relates_to"].(map[string]any)["event_id"]; end["type"] != pollEnd || about != "$poll" {
				t.Errorf("said %v", end)
			}
			r.core.answers(nil)
			r.hs.syncs <- joins(direct, nil, []object{reaction("$r", ana, "2️⃣"), messageEvent("$b", ana, "oui "+o.Choices[0].Code)})
			if m := r.hear(); m.Choice != "yes" {
				t.Errorf("the core heard %+v", m)
			}
			r.hearsNothing(direct, "1")
		})
	}
}

// TestLiveCodeFirst has a code of yesterday that is also one of now.
func TestLiveCodeFirst(t *testing.T) {
	r, o := offering(t, riskyChoices)
	now := o.Made.Add(time.Hour)
	r.offers.now = func() time.Time { return now }
	noError(t, r.offers.update(o.Event, func(stored *offer) { stored.Settled = true }))
	for i := range 12 { // more of them: the order in the store is by hidden names
		old := *o
		old.Event, old.Settled = id.EventID(fmt.Sprint("$old", i)), true
		noError(t, r.offers.said(direct, old.Event, &old, chat.ExpectNothing))
	}
	live := *o
	live.Event, live.Made = "$live", now.Add(-time.Minute)
	for _, put := range []bool{false, true} {
		if put {
			noError(t, r.offers.said(direct, live.Event, &live, chat.ExpectNothing))
		}
		got, _, err := r.offers.byCode(direct, o.Choices[0].Code)
		noError(t, err)
		if got == nil || (got.Event == live.Event) != put {
			t.Errorf("got %+v", got)
		}
	}
}

// TestPollNamesWhatItDecides asks more than "yes or no" in a poll.
func TestPollNamesWhatItDecides(t *testing.T) {
	r := riskyChoices
	for question, want := range map[string]string{"": "Recharger", "Recharger 20 € avec la carte ?": "Recharger 20 € avec la carte ?"} {
		r.Question = question
		poll := (&drawing{reply: r}).poll()
		if got := poll[pollStart].(map[string]any)["question"].(map[string]any)["body"]; got != want {
			t.Errorf("the poll asks %q; want %q", got, want)
		}
	}
}

// TestCodeExpires refuses a code after its time, and choices after theirs.
func TestCodeExpires(t *testing.T) {
	r, o := offering(t, riskyChoices)
	now := time.Now()
	r.offers.now = func() time.Time { return now }
	for age, found := range map[time.Duration]bool{time.Minute: true, codeLife + time.Minute: false} {
		now = o.Made.Add(age)
		if got, _, err := r.offers.byCode(direct, o.Choices[0].Code); err != nil || (got != nil) != found {
			t.Errorf("after %v: %v, %v", age, got, err)
		}
	}
	if got, _, err := r.offers.byCode(group, o.Choices[0].Code); err != nil || got != nil {
		t.Errorf("in another room: %v, %v", got, err)
	}
	now = o.Made.Add(offerLife + time.Minute)
	if got, err := r.offers.byEvent(o.Event); err != nil || got != nil {
		t.Errorf("after a day: %v, %v", got, err)
	}
	_, err := r.offers.cleanUp()
	noError(t, err)
	noError(t, r.vault.View(func(tx store.Tx) error {
		for _, bucket := range []string{offersBucket, votesBucket} {
			_, err := tx.Scan(bucket, "", func(key string, _ []byte) error { t.Errorf("%s still has %s", bucket, key); return nil })
			noError(t, err)
		}
		return nil
	}))
}

// TestEditReplacesChoices has a press answered in place by one event: the old choices are gone.
func TestEditReplacesChoices(t *testing.T) {
	r, _ := offering(t, twoChoices)
	r.core.answers(func(chat.Message) chat.Reply { return chat.Reply{Title: "done"} })
	r.hs.syncs <- joins(direct, nil, []object{reaction("$r", ana, "✅")})
	r.hear()
	content := r.sent(direct, 2)[1]["content"].(map[string]any)
	relation := content["m.relates_to"].(map[string]any)
	if relation["rel_type"] != "m.replace" || relation["event_id"] != "$sent0:"+direct || content["m.new_content"].(map[string]any)["body"] != "done" {
		t.Errorf("said %v", content)
	}
	r.core.answers(nil)
	r.hs.syncs <- joins(direct, nil, []object{reaction("$r2", ana, "❌")})
	r.hearsNothing(direct, "after")
	if list := r.sent(direct, 2); len(list) != 2 || len(r.hs.rooms[direct].gone) > 0 {
		t.Errorf("sent %d events, took %v back", len(list), r.hs.rooms[direct].gone)
	}
}

// TestThread keeps a press in the thread where the choices are.
func TestThread(t *testing.T) {
	r := inDirect(t)
	r.core.answers(func(chat.Message) chat.Reply { return twoChoices })
	question := messageEvent("$ask", ana, "ask")
	question["content"].(object)["m.relates_to"] = object{"rel_type": "m.thread", "event_id": "$root"}
	r.hs.syncs <- joins(direct, nil, []object{question})
	r.hear()
	r.core.answers(nil)
	r.hs.syncs <- joins(direct, nil, []object{reaction("$r", ana, "✅")})
	if m := r.hear(); m.Choice != "c1" || m.Thread != "$root" {
		t.Errorf("the core heard %+v", m)
	}
}

func TestTypedForms(t *testing.T) {
	for text, want := range map[string]string{
		"oui 4827": "4827", " OUI  4827.": "4827", "!yes 4827": "4827", "/oui 4827 !": "4827",
		"oui": "", "oui 482": "", "oui 48270": "", "non 4827": "", "je dis oui 4827": "", "oui 4827 oui": "",
	} {
		if got := typedCode(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// TestVotes reads both names of the event.
func TestVotes(t *testing.T) {
	for raw, want := range map[string]string{
		`{"m.relates_to":{"rel_type":"m.reference","event_id":"$p"},"m.selections":["c1"]}`: "c1",
		`{"m.relates_to":{"rel_type":"m.reference","event_id":"$p"},"m.selections":[]}`:     "",
		`{"m.selections":["c1","c2"]}`: "",
		`{"m.selections":"c1"}`:        "",
	} {
		evt := &event.Event{Type: pollResponse}
		noError(t, evt.Content.UnmarshalJSON([]byte(raw)))
		if got := voteOf(evt); got != want {
			t.Errorf("%s: %q", raw, got)
		}
	}
	evt := &event.Event{Type: event.EventUnstablePollResponse}
	noError(t, evt.Content.UnmarshalJSON([]byte(`{"org.matrix.msc3381.poll.response":{"answers":["c1"]}}`)))
	noError(t, evt.Content.ParseRaw(evt.Type))
	if got := voteOf(evt); got != "c1" {
		t.Errorf("the unstable name: %q", got)
	}
}
