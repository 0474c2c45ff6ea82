//go:build goolm

package matrix

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cartable/core/chat"
)

// refusing changes what the homeserver refuses.
func (hs *homeserver) refusing(refuse func(call string) (int, string)) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.refuse = refuse
}

// failing answers calls with this in them with status 500, which the library does not try again, while times lasts.
func (hs *homeserver) failing(part string, times *atomic.Int32) {
	hs.refusing(func(call string) (int, string) {
		if strings.Contains(call, part) && times.Add(-1) >= 0 {
			return http.StatusInternalServerError, "M_UNKNOWN"
		}
		return 0, ""
	})
}

// crashBeforeDone lets messages be answered and never done.
func (r *rig) crashBeforeDone() {
	r.Adapter.mu.Lock()
	defer r.Adapter.mu.Unlock()
	handle := r.core.handler(r.Adapter)
	r.handle = func(m chat.Message, _ func()) error { return handle(m, func() {}) }
}

// TestAnswerThroughAnOutage sends an answer that the homeserver failed to take at first.
func TestAnswerThroughAnOutage(t *testing.T) {
	r := inDirect(t)
	r.core.answers(func(chat.Message) chat.Reply { return chat.Reply{Title: "topped up"} })
	var left atomic.Int32
	left.Store(1)
	r.hs.failing("/send/m.room.message/", &left)
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "recharger")})
	if body := bodyOf(r.sent(direct, 1)[0]); body != "topped up" {
		t.Errorf("said %q", body)
	}
}

// TestAnswerAfterALongOutage sends, when the homeserver is back, what could not be sent for minutes, once.
func TestAnswerAfterALongOutage(t *testing.T) {
	r := inDirect(t)
	given := make(chan error, 1)
	r.Adapter.mu.Lock()
	r.handle = func(m chat.Message, done func()) error {
		go func() {
			defer done()
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond) // these minutes
			defer cancel()
			given <- r.Send(ctx, chat.Target{Chat: m.Chat, Answers: m.Ref, Private: true}, chat.Reply{Title: "topped up"})
		}()
		return nil
	}
	r.Adapter.mu.Unlock()
	var left atomic.Int32
	left.Store(1000)
	r.hs.failing("/send/m.room.message/", &left)
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "recharger")})
	if err := <-given; err == nil {
		t.Fatal("it was sent")
	}
	if known, _ := r.store.Handled("$a"); known {
		t.Error("the message counts as answered")
	}
	left.Store(1)
	r.hs.failing("sync", &left)
	if body := bodyOf(r.sent(direct, 1)[0]); body != "topped up" {
		t.Errorf("said %q", body)
	}
	r.until("the message is answered", func() bool { known, _ := r.store.Handled("$a"); return known })
	r.restart()
	r.core.answers(nil)
	r.hearsNothing(direct, "after")
	if list := r.sent(direct, 1); len(list) != 1 {
		t.Errorf("said %v", list)
	}
}

// TestBusyIsNoAnswer refuses a message while another one is worked on; after a crash that one is asked again.
func TestBusyIsNoAnswer(t *testing.T) {
	r := inDirect(t)
	r.Adapter.mu.Lock()
	r.handle = func(m chat.Message, done func()) error {
		if m.Text == "edt" {
			return nil // being answered when the crash comes
		}
		go func() {
			defer done()
			_ = r.Send(context.Background(), chat.Target{Chat: m.Chat, Answers: m.Ref, Private: true}, chat.Reply{Title: "busy"})
		}()
		return nil
	}
	r.Adapter.mu.Unlock()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$first", ana, "edt"), messageEvent("$second", ana, "notes")})
	r.until("the second is answered", func() bool { known, _ := r.store.Handled("$second"); return known })
	r.restart()
	if m := r.hear(); m.Text != "edt" {
		t.Errorf("the core heard %q", m.Text)
	}
}

// TestMissedIsReadAgain has a question to the homeserver fail on which a message depends: the response that
// brought it is read again.
func TestMissedIsReadAgain(t *testing.T) {
	r := newRig(t)
	r.hs.addRoom(direct, ana, botName)
	r.start()
	r.connection()
	var left atomic.Int32
	left.Store(1)
	r.hs.failing("/state/m.room.name", &left)
	news := joins(direct, r.hs.rooms[direct].state, []object{messageEvent("$a", ana, "edt")})
	r.hs.syncs <- news
	r.hs.syncs <- news // it asks with the token before
	if m := r.hear(); m.Text != "edt" {
		t.Errorf("the core heard %+v", m)
	}
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	if left.Load() >= 0 {
		t.Error("the homeserver was not asked again")
	}
}

// TestOnlyTheMissingIsSentAgain has the first of two answers fail and the second arrive.
func TestOnlyTheMissingIsSentAgain(t *testing.T) {
	r := inDirect(t)
	given := make(chan error, 2)
	r.Adapter.mu.Lock()
	r.handle = func(m chat.Message, done func()) error {
		go func() {
			defer done()
			for _, title := range []string{"one", "two"} {
				ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
				given <- r.Send(ctx, chat.Target{Chat: m.Chat, Answers: m.Ref, Private: true}, chat.Reply{Title: title})
				cancel()
			}
		}()
		return nil
	}
	r.Adapter.mu.Unlock()
	var left atomic.Int32
	left.Store(1000)
	r.hs.failing("-0-0", &left)
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "recharger")})
	if one, two := <-given, <-given; one == nil || two != nil {
		t.Fatalf("sent: %v, %v", one, two)
	}
	r.hs.refusing(nil)
	r.hs.mu.Lock()
	sends := len(r.hs.requests)
	r.hs.mu.Unlock()
	r.until("the core is done", func() bool { return r.inbox.asked("$a") == nil })
	r.connection().resend(t.Context())
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	for _, call := range r.hs.requests[sends:] {
		if strings.Contains(call, "-1-0") {
			t.Error("what had arrived was sent again")
		}
	}
	if list := r.hs.rooms[direct].sent; len(list) != 2 {
		t.Errorf("said %v", list)
	}
}

// TestEndedConnectionIsNotUsed ends a connection while it still sends old answers.
func TestEndedConnectionIsNotUsed(t *testing.T) {
	r := inDirect(t)
	good := r.connection()
	ctx, cancel := context.WithCancel(t.Context())
	ended, err := r.connect(ctx)
	noError(t, err)
	cancel()
	ended.begin(t.Context())
	if r.connection() != good {
		t.Error("everything goes through a connection that has ended")
	}
}
