package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/core/secret"
	simtelegram "cartable/sim/telegram"
)

// answer is how a scripted network treats one call.
type answer struct {
	status int    // 0: the call fails
	body   string // "" with a status of 200: a success
	unsent bool   // the call fails before it is written
}

var (
	good   = answer{status: 200}
	lost   = answer{}
	down   = answer{unsent: true}
	page   = answer{status: 502, body: "<html>Bad Gateway</html>"}
	broken = answer{status: 500, body: `{"ok":false,"error_code":500,"description":"Internal Server Error"}`}
	odd    = answer{status: 200, body: `{"ok":true,"result":{"message_id":"new kind"}}`}
	stale  = answer{status: 400, body: `{"ok":false,"error_code":400,"description":"Bad Request: message is not modified: same"}`}
	later9 = answer{status: 429, body: `{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":9}}`}
	muted  = answer{status: 400, body: `{"ok":false,"error_code":400,"description":"Bad Request: not enough rights to send text messages to the chat"}`}
)

// network answers call after call, the last answer for ever, in the time of a test's bubble.
type network struct {
	answers []answer
	calls   []string // method and time since the start, e.g. "sendMessage 1.5s"
	start   time.Time
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.calls = append(n.calls, fmt.Sprintf("%s %v", path.Base(r.URL.Path), time.Since(n.start)))
	a := n.answers[0]
	if len(n.answers) > 1 {
		n.answers = n.answers[1:]
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && !a.unsent {
		trace.WroteHeaders()
	}
	r.Body.Close()
	if a.status == 0 {
		return nil, errors.New("connection reset by peer")
	}
	if a.body == "" {
		a.body = `{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":1,"type":"private"}}}`
	}
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

func scripted(t *testing.T, log io.Writer, answers ...answer) (*Adapter, *network) {
	t.Helper()
	n := &network{answers: answers, start: time.Now()}
	a, err := New(Config{
		Token: secret.New(simtelegram.DefaultToken), Store: newMemory(), HTTPClient: &http.Client{Transport: n},
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, n
}

func TestRetries(t *testing.T) {
	tests := []struct {
		name    string
		answers []answer
		edit    bool
		calls   int
		took    [2]time.Duration // at least, at most
		arrives bool
	}{
		{"at once", []answer{good}, false, 1, [2]time.Duration{}, true},
		{"an answer lost", []answer{lost, good}, false, 2, [2]time.Duration{0, time.Second}, true},
		{"every answer lost", []answer{lost}, false, 1 + maxLost, [2]time.Duration{0, 2 * time.Second}, false},
		{"every answer a page", []answer{page}, false, 1 + maxLost, [2]time.Duration{0, 2 * time.Second}, false},
		{"an edit may be repeated", []answer{lost, page, broken, lost, page, broken, good}, true, 7, [2]time.Duration{4 * time.Second, 20 * time.Second}, true},
		{"nothing was written", []answer{down, down, down, down, down, down, good}, false, 7, [2]time.Duration{4 * time.Second, 20 * time.Second}, true},
		{"an outage without end", []answer{down}, false, 0, [2]time.Duration{sendPatience - longestPause, sendPatience + time.Second}, false},
		{"told to wait", []answer{later9, later9, good}, false, 3, [2]time.Duration{18200 * time.Millisecond, 18300 * time.Millisecond}, true},
		{"an answer of the future", []answer{odd}, false, 1, [2]time.Duration{}, true},
		{"nothing changed", []answer{stale}, true, 1, [2]time.Duration{}, true},
		{"not allowed", []answer{muted}, false, 1, [2]time.Duration{}, false},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			a, n := scripted(t, io.Discard, tt.answers...)
			to := chat.Target{Chat: chatOf(1)}
			if tt.edit {
				to.Edit = "7"
			}
			err := a.Send(t.Context(), to, chat.Reply{Title: "a"})
			if (err == nil) != tt.arrives {
				t.Errorf("%s: %v", tt.name, err)
			}
			if tt.calls > 0 && len(n.calls) != tt.calls {
				t.Errorf("%s: calls %v", tt.name, n.calls)
			}
			if took := time.Since(n.start); took < tt.took[0] || took > tt.took[1] {
				t.Errorf("%s: took %v: %v", tt.name, took, n.calls)
			}
			a.Close()
		})
	}
}

// TestNotReached tells what may go another time from what may not.
func TestNotReached(t *testing.T) {
	refusal := func(code int, text string) answer {
		return answer{status: code, body: fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q,"parameters":{"retry_after":60}}`, code, text)}
	}
	for _, tt := range []struct {
		name   string
		answer answer
		again  bool
		took   time.Duration // at most
	}{
		{"no connection", down, true, sendPatience},
		{"answers lost", lost, true, sendPatience},
		{"out of order", broken, true, sendPatience},
		{"told to wait for long", refusal(429, "Too Many Requests"), true, 0},
		{"token revoked", refusal(401, "Unauthorized"), true, 0},
		{"too large", refusal(413, "Request Entity Too Large"), false, 0},
		{"not allowed", muted, false, 0},
		{"blocked", refusal(403, "Forbidden: bot was blocked by the user"), false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, n := scripted(t, io.Discard, tt.answer)
			err := a.Send(t.Context(), chat.Target{Chat: chatOf(1)}, chat.Reply{Title: "a"})
			if err == nil || errors.Is(err, chat.ErrNotReached) != tt.again {
				t.Errorf("%s: %v", tt.name, err)
			}
			if took := time.Since(n.start); took > tt.took {
				t.Errorf("%s: took %v", tt.name, took)
			}
			a.Close()
		})
	}
}

// TestLongHoldIsNotWaitedFor has two replies to a chat that Telegram has put on hold for a minute, and one after it.
func TestLongHoldIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := answer{status: 429, body: strings.Replace(later9.body, ":9}", ":60}", 1)}
		a, n := scripted(t, io.Discard, hold, good)
		send := func() error { return a.Send(t.Context(), chat.Target{Chat: chatOf(1)}, chat.Reply{Title: "a"}) }
		for range 2 {
			if err := send(); !errors.Is(err, chat.ErrNotReached) {
				t.Errorf("on hold: %v", err)
			}
		}
		if len(n.calls) != 1 {
			t.Errorf("calls %v", n.calls)
		}
		time.Sleep(61 * time.Second)
		if err := send(); err != nil {
			t.Error(err)
		}
		a.Close()
	})
}

// TestRestOfALongReply has Telegram go away in the middle of a reply: sent again with its key, only the rest goes.
func TestRestOfALongReply(t *testing.T) {
	for key, want := range map[string]int{"letter": 3, "": 4} {
		synctest.Test(t, func(t *testing.T) {
			long := chat.Reply{Body: []chat.Line{{Text: strings.TrimSpace(strings.Repeat("mot ", 1800))}}} // two messages
			to := chat.Target{Chat: chatOf(1), Key: key}
			a, n := scripted(t, io.Discard, good, down)
			if err := a.Send(t.Context(), to, long); !errors.Is(err, chat.ErrNotReached) {
				t.Fatal(err)
			}
			n.calls, n.answers = n.calls[:2], []answer{good}
			if err := a.Send(t.Context(), to, long); err != nil {
				t.Fatal(err)
			}
			if len(n.calls) != want {
				t.Errorf("key %q: calls %v", key, n.calls)
			}
			a.Close()
		})
	}
}

func TestGiveUpWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, n := scripted(t, io.Discard, down)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := a.Send(ctx, chat.Target{Chat: chatOf(1)}, chat.Reply{Title: "a"}); !errors.Is(err, chat.ErrNotReached) {
			t.Errorf("sent with %v", err)
		}
		if took := time.Since(n.start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		a.Close()
	})
}

// TestPatience: trouble is named once, and again when it comes back; the pauses grow and end.
func TestPatience(t *testing.T) {
	conflict := &Error{Op: "getUpdates", Code: 409, Text: "Conflict"}
	tests := []struct {
		err      error
		sentence string
		tries    [2]int // within three minutes: at least, at most
	}{
		{conflict, "another program reads", [2]int{13, 25}},
		{&Error{Op: "getUpdates", Text: "refused"}, "Telegram cannot be reached", [2]int{22, 55}},
		{&Error{Op: "getUpdates", Code: 429, RetryAfter: 30 * time.Second}, "asks to wait", [2]int{6, 6}},
		{errNotTaken, "updates cannot be taken", [2]int{22, 55}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			log := new(lockedBuffer)
			p := patience{log: slog.New(slog.NewTextHandler(log, nil)), pulse: new(chat.Pulse)}
			start, tries := time.Now(), 0
			for time.Since(start) < 3*time.Minute {
				if err := p.failed(t.Context(), tt.err); err != nil {
					t.Fatal(err)
				}
				tries++
			}
			if _, trouble := p.pulse.Heard(); trouble == nil || !strings.Contains(trouble.Error(), tt.sentence) {
				t.Errorf("the pulse tells of %v", trouble)
			}
			p.fine()
			_ = p.failed(t.Context(), tt.err)
			p.fine() // flickering
			_ = p.failed(t.Context(), tt.err)
			if n := strings.Count(log.String(), tt.sentence); n != 2 {
				t.Errorf("%q was said %d times in two outages:\n%s", tt.sentence, n, log)
			}
			if tries < tt.tries[0] || tries > tt.tries[1] {
				t.Errorf("%q: %d tries in three minutes", tt.sentence, tries)
			}
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	log := new(lockedBuffer)
	p := patience{log: slog.New(slog.NewTextHandler(log, nil)), pulse: new(chat.Pulse)}
	for _, code := range []int{http.StatusUnauthorized, http.StatusNotFound} {
		if err := p.failed(t.Context(), &Error{Op: "getMe", Code: code}); !errors.Is(err, ErrToken) {
			t.Errorf("%d: %v", code, err)
		}
	}
	if !strings.Contains(log.String(), "refused the token") {
		t.Errorf("log: %s", log)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.failed(ctx, &Error{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
