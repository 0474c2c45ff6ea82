//go:build goolm

package matrix

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix"

	"cartable/core/chat"
)

// budget lets the homeserver of a test take so many events, and then wants nothing for a moment.
type budget struct {
	mu     sync.Mutex
	left   int
	asked  []string // calls that count, in order
	refuse func(call string) bool
}

func (b *budget) limit(call string) (int, string) {
	if !strings.Contains(call, "/send/") && !strings.Contains(call, "/redact/") && (b.refuse == nil || !b.refuse(call)) {
		return 0, ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, call)
	if b.refuse != nil && b.refuse(call) || b.left == 0 {
		return http.StatusTooManyRequests, "M_LIMIT_EXCEEDED"
	}
	b.left--
	return 0, ""
}

func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}

func (b *budget) count(part string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, call := range b.asked {
		if strings.Contains(call, part) {
			n++
		}
	}
	return n
}

// TestSlowDownIsRead reads both ways in which homeservers say how long to wait.
func TestSlowDownIsRead(t *testing.T) {
	answer := func(status int, header string, body map[string]any) error {
		h := http.Header{}
		if header != "" {
			h.Set("Retry-After", header)
		}
		return fail("send", mautrix.HTTPError{
			Response: &http.Response{StatusCode: status, Header: h}, RespError: &mautrix.RespError{ErrCode: "M_LIMIT_EXCEEDED", ExtraData: body},
		})
	}
	for _, tt := range []struct {
		err  error
		want time.Duration
		slow bool
	}{
		{answer(429, "3", nil), 3 * time.Second, true},
		{answer(429, "5", map[string]any{"retry_after_ms": 4200.0}), 4200 * time.Millisecond, true},
		{answer(429, "", map[string]any{"retry_after_ms": "soon"}), usualSlow, true},
		{answer(429, "", map[string]any{"retry_after_ms": 1e300}), longestSlow, true},
		{answer(429, "86400", nil), longestSlow, true},
		{answer(429, "-1", nil), 50 * time.Millisecond, true},
		{answer(429, "Wed, 21 Oct 2026 07:28:00 GMT", nil), usualSlow, true},
		{answer(503, "3", nil), 0, false},
		{context.DeadlineExceeded, 0, false},
		{nil, 0, false},
	} {
		if wait, slow := slowDown(tt.err); wait != tt.want || slow != tt.slow {
			t.Errorf("%v: %v, %t; want %v, %t", tt.err, wait, slow, tt.want, tt.slow)
		}
	}
}

// TestSlowRoomAlone has the homeserver take nothing for one room: another is answered at once, and that one when its time
// has come, each with every event once.
func TestSlowRoomAlone(t *testing.T) {
	r := inDirect(t)
	r.core.admitted[ana] = true
	r.hs.addRoom(group, ana, ben, botName)
	r.hs.syncs <- invites(group, ana, false)
	r.hear()
	b := &budget{left: 1000, refuse: func(call string) bool { return strings.Contains(call, direct) && strings.Contains(call, "/send/") }}
	r.hs.refusing(b.limit)
	r.core.answers(func(chat.Message) chat.Reply { return riskyChoices })
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$slow", ana, "recharger")})
	r.until("the slow room is tried", func() bool { return b.count(direct) > 0 })
	r.hs.syncs <- joins(group, nil, []object{messageEvent("$fast", ana, "!recharger")})
	r.sent(group, 1)
	if list := r.sent(direct, 0); len(list) > 0 {
		t.Fatalf("said %v", list)
	}
	b.mu.Lock()
	b.refuse = nil
	b.mu.Unlock()
	r.sent(direct, 1)
}

// TestSlowedHalfway has the homeserver take the first part of an answer and not the second: the first is not sent again.
func TestSlowedHalfway(t *testing.T) {
	r := inDirect(t)
	b := &budget{left: 1}
	r.hs.refusing(b.limit)
	sent := make(chan error, 1)
	long := chat.Reply{Title: "long"}
	for range 3 {
		long.Body = append(long.Body, chat.Line{Text: strings.Repeat("mot ", maxPart/12)})
	}
	go func() { sent <- r.Send(t.Context(), toAna, long) }()
	r.until("the second part is refused", func() bool { return b.count("/send/") > 1 })
	b.give(1000)
	noError(t, <-sent)
	first := 0
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	for _, call := range r.hs.requests {
		if strings.Contains(call, "/send/") && strings.HasSuffix(call, "-0") {
			first++
		}
	}
	if first != 1 || len(r.hs.rooms[direct].sent) < 2 {
		t.Errorf("the first part was sent %d times, of %d", first, len(r.hs.rooms[direct].sent))
	}
}

// TestAnswersFirst has the rest wait for the answers that are on their way, and longer where the homeserver slows down.
func TestAnswersFirst(t *testing.T) {
	r := inDirect(t)
	told := make(chan string, 8)
	done := r.traffic.answering()
	r.rest("test", func(context.Context) error { told <- "the rest"; return nil })
	select {
	case <-told:
		t.Fatal("the rest did not wait for the answer")
	case <-time.After(50 * time.Millisecond):
	}
	told <- "the answer"
	done()
	for _, want := range []string{"the answer", "the rest"} {
		if got := <-told; got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	r.traffic.slowed(50 * time.Millisecond)
	began := time.Now()
	noError(t, r.traffic.afterAnswers(t.Context()))
	if took := time.Since(began); took < restAfter*40*time.Millisecond {
		t.Errorf("the rest goes after %v", took)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.traffic.slowed(time.Hour)
	if r.traffic.afterAnswers(ctx) == nil {
		t.Error("the rest does not end with the bot")
	}
}

// TestLeftoversDoNotWait lets the homeserver take one event at a start with many answers left: the bot is there for
// others at once, and the answers follow in their order.
func TestLeftoversDoNotWait(t *testing.T) {
	r := inDirect(t)
	r.core.admitted[ana] = true
	r.hs.addRoom(group, ana, ben, botName)
	r.hs.syncs <- invites(group, ana, false)
	r.hear()
	r.core.answers(func(m chat.Message) chat.Reply { return chat.Reply{Title: "to " + m.Text} })
	r.crashBeforeDone()
	r.hs.refusing(func(call string) (int, string) {
		if strings.Contains(call, "/send/") {
			return http.StatusBadRequest, "M_UNKNOWN"
		}
		return 0, ""
	})
	for i := range 3 {
		r.hs.syncs <- joins(direct, nil, []object{messageEvent(fmt.Sprintf("$%d", i), ana, fmt.Sprint(i))})
		r.hear()
	}
	r.close()
	r.open()
	b := &budget{left: 1}
	r.hs.refusing(b.limit)
	r.start()
	r.connection() // is there although only one could go
	b.give(1000)
	for i, e := range r.sent(direct, 3) {
		if want := fmt.Sprintf("to %d", i); bodyOf(e) != want {
			t.Errorf("said %q, want %q", bodyOf(e), want)
		}
	}
}

// TestRedactThroughALimit deletes a secret although the homeserver takes nothing at first, and asks its owner for nothing.
func TestRedactThroughALimit(t *testing.T) {
	r := inDirect(t)
	var once sync.Once
	b := &budget{left: 1000}
	r.hs.refusing(func(call string) (status int, code string) {
		if strings.Contains(call, "/redact/") {
			once.Do(func() { status, code = http.StatusTooManyRequests, "M_LIMIT_EXCEEDED" })
		}
		if status == 0 {
			return b.limit(call)
		}
		return status, code
	})
	noError(t, r.Redact(t.Context(), chat.Message{ID: "$secret", Chat: chatOf(direct), Person: personOf(ana), Private: true}))
	if list := r.sent(direct, 0); len(list) != 0 || len(r.hs.rooms[direct].gone) != 1 {
		t.Errorf("said %v, deleted %v", list, r.hs.rooms[direct].gone)
	}
}
