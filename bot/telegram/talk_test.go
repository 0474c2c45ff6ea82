package telegram

import (
	"strconv"
	"testing"

	"cartable/bot/telegram/telegramtest"
	"cartable/core"
)

func TestPrivateTalk(t *testing.T) {
	var got core.Message
	r := newRig(t, telegramtest.Config{}, func(r *rig, m core.Message) {
		got = m
		echo(r, m)
	})
	anna := r.tg.User(1001, "Anna", "fr").Private()
	sent := anna.Say("/edt demain")
	answer := anna.WaitFor("echo /edt demain")
	if !answer.NoPreview || answer.Silent || answer.Protected {
		t.Errorf("sent as %+v", answer)
	}
	r.tg.WaitConfirmed()
	r.stop()
	want := core.Message{
		ID: strconv.Itoa(sent.ID), Chat: core.ChatID{Platform: "telegram", ID: "1001"}, Person: core.PersonID{Platform: "telegram", ID: "1001"},
		Name: "Anna", Lang: "fr", Private: true, Text: "/edt demain",
	}
	if got.File != nil {
		t.Error("a text has a file")
	}
	got.File = nil
	if !sameMessage(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if n := r.store.rows(); n != 0 {
		t.Errorf("%d updates left in the store", n)
	}
}

func sameMessage(a, b core.Message) bool {
	return a.ID == b.ID && a.Chat == b.Chat && a.Thread == b.Thread && a.Person == b.Person && a.Name == b.Name &&
		a.Title == b.Title && a.Lang == b.Lang && a.Private == b.Private && a.Text == b.Text && a.Choice == b.Choice
}
