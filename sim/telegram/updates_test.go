package telegram_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"cartable/sim/telegram"
)

func TestOffsets(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{FirstUpdate: 10})
	p := tg.User(1001, "Anna", "fr").Private()
	for _, text := range []string{"a", "b", "c", "d", "e"} { // updates 10 to 14
		p.Say(text)
	}
	steps := []struct {
		p    params
		want []int64
	}{
		{params{}, []int64{10, 11, 12, 13, 14}},
		{params{"limit": 2}, []int64{10, 11}}, // nothing is confirmed without an offset
		{params{"offset": 12, "limit": 1}, []int64{12}},
		{params{"offset": 11}, []int64{12, 13, 14}}, // what is confirmed does not come back
		{params{"offset": -2}, []int64{13, 14}},
		{params{}, []int64{13, 14}}, // a negative offset forgets the earlier ones
		{params{"offset": 15}, nil},
		{params{}, nil},
	}
	for i, step := range steps {
		if got := updates(t, tg, step.p); !slices.Equal(got, step.want) {
			t.Errorf("step %d: got %v, want %v", i, got, step.want)
		}
	}
	if n := tg.Delivered(13); n != 4 || !tg.Confirmed(13) || tg.Pending() != 0 {
		t.Errorf("update 13: delivered %d times, confirmed %v, %d pending", n, tg.Confirmed(13), tg.Pending())
	}
	tg.Duplicate(12)
	if got := updates(t, tg, params{"offset": 15}); !slices.Equal(got, []int64{12}) {
		t.Errorf("duplicate: got %v", got)
	}
	if got := updates(t, tg, params{"offset": 15}); got != nil {
		t.Errorf("the duplicate came twice: %v", got)
	}
	tg.RestartIDs(3)
	if p.Say("f"); !slices.Equal(updates(t, tg, nil), []int64{3}) {
		t.Error("the ids did not restart")
	}
}

// poll runs a long poll in the background.
func poll(t *testing.T, tg *telegram.Server, p params) <-chan answer {
	t.Helper()
	done := make(chan answer, 1)
	go func() {
		a, err := try(tg, "getUpdates", p)
		if err != nil {
			t.Error(err)
		}
		done <- a
	}()
	return done
}

// held waits until a poll is in the server's hands: it has confirmed the update by its offset.
func held(t *testing.T, tg *telegram.Server, p *telegram.Seat) (<-chan answer, params) {
	t.Helper()
	u := p.Say("x").Update
	same := params{"offset": u + 1, "timeout": 50}
	done := poll(t, tg, same)
	tg.WaitConfirmed()
	return done, same
}

func TestLongPoll(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{MaxPoll: 50 * time.Millisecond})
	if got := updates(t, tg, params{"timeout": 50}); got != nil {
		t.Errorf("at the timeout: %v", got)
	}

	tg = telegram.Start(t, telegram.Config{})
	p := tg.User(1001, "Anna", "fr").Private()
	first, _ := held(t, tg, p)
	said := p.Say("/edt")
	if a := <-first; !a.OK || len(a.Result) < 10 {
		t.Errorf("a new update: %+v", a)
	}
	tg.WaitDelivered(said.Update, 1)

	second, same := held(t, tg, p)
	third := poll(t, tg, same)
	refused(t, <-second, 409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
	must(t, tg, "setWebhook", params{"url": "http://127.0.0.1:1/hook"}, nil)
	refused(t, <-third, 409, "Conflict: terminated by setWebhook request")
	refused(t, call(t, tg, "getUpdates", nil), 409, "can't use getUpdates method while webhook is active")
	must(t, tg, "deleteWebhook", nil, nil)

	last, _ := held(t, tg, p)
	tg.Close()
	if a := <-last; !a.OK || string(a.Result) != "[]" {
		t.Errorf("at the end: %+v", a)
	}
}

func TestGoneBot(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	p := tg.User(1001, "Anna", "fr").Private()
	ctx, kill := context.WithCancel(t.Context())
	u := p.Say("x").Update
	gone := make(chan struct{})
	b := library(t, tg, bot.WithInitialOffset(u), bot.WithErrorsHandler(func(error) {}))
	go func() { b.Start(ctx); close(gone) }()
	tg.WaitConfirmed()
	kill()
	<-gone
	tg.WaitCalls("getUpdates", 1)
	said := p.Say("y")
	if got := updates(t, tg, nil); !slices.Equal(got, []int64{said.Update}) || tg.Delivered(said.Update) != 1 {
		t.Errorf("got %v, delivered %d times", got, tg.Delivered(said.Update))
	}
}

func TestAllowedUpdates(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	anna := tg.User(1001, "Anna", "fr")
	updates(t, tg, params{"allowed_updates": []string{"message"}})
	anna.Start("")
	if anna.Block(); tg.Pending() != 1 {
		t.Errorf("%d pending", tg.Pending())
	}
	updates(t, tg, nil) // the list is remembered
	if anna.Unblock(); tg.Pending() != 1 {
		t.Errorf("%d pending", tg.Pending())
	}
	updates(t, tg, params{"allowed_updates": []string{}})
	if anna.Block(); tg.Pending() != 2 {
		t.Errorf("%d pending", tg.Pending())
	}
	if tg.Inject("message_reaction", "{}") != 0 || tg.Inject("message_from_the_moon", `{"rocks": []}`) == 0 {
		t.Error("the default is all but the kinds to be asked for")
	}
}

// TestUndecodable has the library stuck on what it can't decode, and the update as it was written.
func TestUndecodable(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	p := tg.User(1001, "Anna", "fr").Private()
	p.SayWith("loin", map[string]any{"forward_origin": map[string]any{"type": "moon", "date": 1}})
	failed := make(chan error, 100)
	ctx, stop := context.WithCancel(t.Context())
	b := library(t, tg, bot.WithErrorsHandler(func(err error) { failed <- err }),
		bot.WithDefaultHandler(func(context.Context, *bot.Bot, *models.Update) { t.Error("decoded") }))
	done := make(chan struct{})
	go func() { b.Start(ctx); close(done) }()
	<-failed
	stop()
	<-done
	var got []struct {
		Message struct {
			Origin struct{ Type string } `json:"forward_origin"`
		}
	}
	if must(t, tg, "getUpdates", nil, &got); len(got) != 1 || got[0].Message.Origin.Type != "moon" {
		t.Errorf("got %+v", got)
	}
}

func TestDropPending(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{})
	p := tg.User(1001, "Anna", "fr").Private()
	lost := p.Say("x").Update
	must(t, tg, "deleteWebhook", params{"drop_pending_updates": true}, nil)
	if tg.Pending() != 0 || tg.Confirmed(lost) {
		t.Error("not dropped")
	}
}

func TestFileLinkAges(t *testing.T) {
	now := newClock()
	tg := telegram.Start(t, telegram.Config{Now: now.Now})
	p := tg.User(1001, "Anna", "fr").Private()
	id := p.SendDocument("a.txt", []byte("x")).Document.ID
	var f struct {
		Path string `json:"file_path"`
	}
	must(t, tg, "getFile", params{"file_id": id}, &f)
	get := func() int {
		resp, err := http.Get(tg.URL + "/file/bot" + tg.Token() + "/" + f.Path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := get(); got != 200 {
		t.Errorf("at once: %d", got)
	}
	if now.Add(61 * time.Minute); get() != 404 {
		t.Error("the link outlived its hour")
	}
	big := p.SendDocument("b.bin", make([]byte, 20<<20+1)).Document.ID
	refused(t, call(t, tg, "getFile", params{"file_id": big}), 400, "file is too big")
}
