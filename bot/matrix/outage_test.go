//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// refusing changes what the homeserver refuses.
func (hs *homeserver) refusing(refuse func(call string) (int, string)) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.refuse = refuse
}

// losing changes which calls take effect and are answered with status 500.
func (hs *homeserver) losing(lose func(call string) bool) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.lose = lose
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
	if err := <-given; err != nil {
		t.Fatalf("the answer does not wait: %v", err)
	}
	if list := r.sent(direct, 0); len(list) != 0 {
		t.Fatalf("said %v", list)
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
			for _, answer := range []struct {
				title    string
				patience time.Duration
			}{{"one", 300 * time.Millisecond}, {"two", time.Minute}} {
				ctx, cancel := context.WithTimeout(context.Background(), answer.patience)
				given <- r.Send(ctx, chat.Target{Chat: m.Chat, Answers: m.Ref, Private: true}, chat.Reply{Title: answer.title})
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
	if one, two := <-given, <-given; one != nil || two != nil {
		t.Fatalf("sent: %v, %v", one, two)
	}
	if list := r.sent(direct, 1); len(list) != 1 || bodyOf(list[0]) != "two" {
		t.Fatalf("said %v", list)
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

// TestOneLoopSendsAgain tries what the homeserver slows down in one loop, however often a minute is over meanwhile, and
// in another one when that has ended.
func TestOneLoopSendsAgain(t *testing.T) {
	r := inDirect(t)
	r.Adapter.mu.Lock()
	r.handle = func(m chat.Message, done func()) error {
		go func() {
			defer done()
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			_ = r.Send(ctx, chat.Target{Chat: m.Chat, Answers: m.Ref, Private: true}, chat.Reply{Title: "to " + m.Text})
		}()
		return nil
	}
	r.Adapter.mu.Unlock()
	l := r.connection()
	// slowDown leaves an answer unsent, and has the homeserver slow it down for a while from then on.
	slowDown := func(name string, pause time.Duration) *budget {
		var left atomic.Int32
		left.Store(1000)
		r.hs.failing("/send/", &left)
		r.hs.syncs <- joins(direct, nil, []object{messageEvent("$"+name, ana, name)})
		r.until("the core is done", func() bool {
			r.inbox.mu.Lock()
			defer r.inbox.mu.Unlock()
			return len(r.inbox.unsent) == 1 && r.inbox.open[id.EventID("$"+name)] == nil
		})
		b := &budget{}
		r.hs.refusing(b.limit)
		r.hs.mu.Lock()
		r.hs.pause = pause
		r.hs.mu.Unlock()
		return b
	}
	b := slowDown("a", 0)
	l.resend(t.Context())
	b.give(1000)
	r.sent(direct, 1)
	r.until("the loop ends", func() bool { return !l.resending.Load() })

	b = slowDown("b", longestSlow)
	for range 3 {
		l.resend(t.Context())
	}
	if n := b.count("/send/"); n != 1 {
		t.Errorf("asked %d times within the pause", n)
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

// TestNotReached tells of what nobody asked for that it may go another time, and of what may not that it may not.
func TestNotReached(t *testing.T) {
	r := inDirect(t)
	for _, tt := range []struct {
		status int
		code   string
		again  bool
	}{
		{http.StatusInternalServerError, "M_UNKNOWN", true},
		{http.StatusBadRequest, "M_TOO_LARGE", false},
		{http.StatusForbidden, "M_FORBIDDEN", false},
	} {
		r.hs.refusing(func(call string) (int, string) {
			if strings.Contains(call, "/send/") {
				return tt.status, tt.code
			}
			return 0, ""
		})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := r.Send(ctx, toAna, chat.Reply{Title: "alert"})
		cancel()
		if err == nil || errors.Is(err, chat.ErrNotReached) != tt.again {
			t.Errorf("%s: %v", tt.code, err)
		}
	}
	r.hs.refusing(nil)
	broken := errors.New("disk failed")
	file := &chat.File{Name: "a.png", Open: func() (io.ReadCloser, error) { return nil, broken }}
	if err := r.Send(t.Context(), toAna, chat.Reply{Title: "picture", File: file}); !errors.Is(err, broken) || errors.Is(err, chat.ErrNotReached) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	if list := r.sent(direct, 0); len(list) != 0 {
		t.Errorf("said %v", list)
	}
}

// TestNotConnected is what a reply gets while there is no connection.
func TestNotConnected(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Send(ctx, toAna, chat.Reply{Title: "alert"}); !errors.Is(err, chat.ErrNotReached) {
		t.Errorf("sent with %v", err)
	}
}

// TestOneKeyIsOneMessage has the homeserver take a reply whose answer is lost. Sent again with its key it is the same
// message, and the code that stands in it counts.
func TestOneKeyIsOneMessage(t *testing.T) {
	r := inDirect(t)
	to := toAna
	to.Key = "letter 1"
	var lost atomic.Bool
	r.hs.losing(func(call string) bool { return strings.Contains(call, "/send/") && lost.CompareAndSwap(false, true) })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := r.Send(ctx, to, riskyChoices); !errors.Is(err, chat.ErrNotReached) {
		t.Fatalf("sent with %v", err)
	}
	if err := r.Send(t.Context(), to, riskyChoices); err != nil {
		t.Fatal(err)
	}
	to.Key = "letter 2"
	if err := r.Send(t.Context(), to, chat.Reply{Title: "another"}); err != nil {
		t.Fatal(err)
	}
	list := r.sent(direct, 2)
	if len(list) != 2 || list[0]["txn"] != "cartable-letter_1-0" || list[1]["txn"] != "cartable-letter_2-0" {
		t.Fatalf("said %v", list)
	}
	code := regexp.MustCompile(`code (\d{4})`).FindStringSubmatch(bodyOf(list[0]))
	if code == nil {
		t.Fatalf("no code in %q", bodyOf(list[0]))
	}
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$yes", ana, "oui "+code[1])})
	if m := r.hear(); m.Choice != "yes" {
		t.Errorf("the core heard %+v", m)
	}
}

// TestAnswerWithAKey is named after its key, also after a crash.
func TestAnswerWithAKey(t *testing.T) {
	r := inDirect(t)
	asked := make(chan chat.Message, 1)
	r.Adapter.mu.Lock()
	r.handle = func(m chat.Message, _ func()) error { asked <- m; return nil } // and is killed over it
	r.Adapter.mu.Unlock()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "recharger")})
	m := <-asked
	if err := r.Send(t.Context(), chat.Target{Chat: m.Chat, Answers: m.Ref, Private: true, Key: "k"}, chat.Reply{Title: "done"}); err != nil {
		t.Fatal(err)
	}
	r.restart()
	r.until("the message is answered", func() bool { known, _ := r.store.Handled("$a"); return known })
	if list := r.sent(direct, 1); len(list) != 1 || list[0]["txn"] != "cartable-k-0" {
		t.Errorf("said %v", list)
	}
}

// TestLeftOver has a message that was not done handed over again at the next start, and says that it was left over.
func TestLeftOver(t *testing.T) {
	r := inDirect(t)
	asked := make(chan chat.Message, 1)
	r.Adapter.mu.Lock()
	r.handle = func(m chat.Message, _ func()) error { asked <- m; return nil }
	r.Adapter.mu.Unlock()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "notes")})
	if m := <-asked; m.Left != "" {
		t.Errorf("left over at once as %q", m.Left)
	}
	r.restart()
	if m := r.hear(); m.Text != "notes" || m.Left != "$a" {
		t.Errorf("heard %q, left over as %q", m.Text, m.Left)
	}
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$b", ana, "aide")})
	if m := r.hear(); m.Text != "aide" || m.Left != "" {
		t.Errorf("heard %q, left over as %q", m.Text, m.Left)
	}
}

// TestFlood has a stranger write 6,000 times: what the core does not take costs no row, no receipt and no answer, and
// is no hindrance for others.
func TestFlood(t *testing.T) {
	r := inDirect(t)
	const eve, evesRoom = "@eve:example.org", "!eve:example.org"
	r.hs.addRoom(evesRoom, eve, botName)
	r.hs.syncs <- invites(evesRoom, eve, true)
	if m := r.hear(); m.Person.ID != eve {
		t.Fatalf("heard %+v", m)
	}
	const most = 5
	taken := 0
	r.core.mu.Lock()
	r.core.takes = func(m chat.Message) bool {
		if m.Person.ID == eve {
			taken++
		}
		return m.Person.ID != eve || taken <= most
	}
	r.core.mu.Unlock()
	const responses, each = 120, 50
	for n := range responses {
		var events []object
		for k := range each {
			text := "bonjour"
			if k%10 == 9 {
				text = "oui 1234" // a code that confirms nothing
			}
			events = append(events, messageEvent(fmt.Sprintf("$flood-%d-%d", n, k), eve, text))
		}
		r.hs.syncs <- joins(evesRoom, nil, events)
	}
	began := time.Now()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$a", ana, "!aide")})
	for range most {
		if m := r.hear(); m.Person.ID != eve {
			t.Errorf("heard %s", m.Person.ID)
		}
	}
	if m := r.hear(); m.Text != "!aide" {
		t.Errorf("heard %q", m.Text)
	}
	t.Logf("heard after %v", time.Since(began))
	if n := r.Counts()["flood"]; n != responses*each*9/10-most {
		t.Errorf("%d left out", n)
	}
	r.close() // what is on its way arrives
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	if n := len(r.hs.rooms[evesRoom].sent); n > maxTroubles {
		t.Errorf("%d answers", n)
	}
}

func TestCodesDiffer(t *testing.T) {
	var list []offered
	for range 50 {
		code := codeFor("the same", list)
		if code < "1000" || code > "9999" || slices.ContainsFunc(list, func(c offered) bool { return c.Code == code }) {
			t.Errorf("code %q after %v", code, list)
		}
		list = append(list, offered{Code: code})
	}
}
