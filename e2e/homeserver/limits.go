package homeserver

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Limited stands before a homeserver for one account, with the limits that Synapse has by default. Dendrite has others,
// and none for messages.
type Limited struct {
	*httptest.Server

	mu      sync.Mutex
	ahead   time.Duration // of the clock: what Pass has added
	buckets map[string]*bucket
	done    map[string]bool // transactions that were let through: the same again is answered, and costs nothing
	let     map[string]int  // requests let through, by the limit that counts them
	denied  map[string]int
}

// rate is one limit: so many at once, and then so many a second.
type rate struct {
	perSecond float64
	burst     int
}

// synapse are the limits that an account meets which chats, as they are in synapse/config/ratelimiting.py. Its
// others are about registering, inviting, making rooms, presence, reports and addresses; sync, the encryption's keys,
// receipts, typing and files have none.
var synapse = map[string]rate{
	"message":     {0.2, 10},  // rc_message: events sent, redactions, state and the own profile, in all rooms together
	"join":        {0.1, 10},  // rc_joins.local
	"login":       {0.003, 5}, // rc_login.account and .address
	"key request": {20, 100},  // rc_key_requests
}

// pause is how long Synapse lets wait whom it refuses.
const pause = 500 * time.Millisecond

// Limit starts such a server before s. It ends with the test.
func Limit(t testing.TB, s *Server) *Limited {
	t.Helper()
	behind, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	l := &Limited{buckets: map[string]*bucket{}, done: map[string]bool{}, let: map[string]int{}, denied: map[string]int{}}
	quiet := log.New(io.Discard, "", 0)
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(behind) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     quiet,
	}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait := l.take(r); wait > 0 {
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", fmt.Sprint(int(math.Ceil(wait.Seconds()))))
			w.WriteHeader(http.StatusTooManyRequests)
			_ = json.NewEncoder(w).Encode(map[string]any{
				"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": wait.Milliseconds(),
			})
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	l.Config.ErrorLog = quiet
	t.Cleanup(l.Close)
	return l
}

// Pass lets time pass for the limits, such as people take to read and to write.
func (l *Limited) Pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead += d
}

// Count tells how many events and the like ("message") were let through since the start, and how many were refused.
func (l *Limited) Count(limit string) (let, denied int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.let[limit], l.denied[limit]
}

// limitOf is the limit that counts a request; empty for none.
func limitOf(r *http.Request) string {
	_, path, _ := strings.Cut(r.URL.Path, "/_matrix/client/v3/")
	parts := strings.Split(path, "/")
	switch {
	case r.Method == http.MethodGet:
	case parts[0] == "login":
		return "login"
	case parts[0] == "join", len(parts) > 2 && parts[0] == "rooms" && parts[2] == "join":
		return "join"
	case parts[0] == "sendToDevice" && strings.HasPrefix(parts[1], "m.room_key_request"):
		return "key request"
	case parts[0] == "profile":
		return "message"
	case len(parts) > 2 && parts[0] == "rooms":
		switch parts[2] {
		case "send", "redact", "state":
			return "message"
		}
	}
	return ""
}

// take counts a request, and tells for how long it has to wait; 0: it is let through.
func (l *Limited) take(r *http.Request) time.Duration {
	limit := limitOf(r)
	if limit == "" {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done[r.URL.Path] {
		return 0
	}
	b := l.buckets[limit]
	if b == nil {
		b = &bucket{rate: synapse[limit]}
		l.buckets[limit] = b
	}
	if wait := b.take(time.Now().Add(l.ahead)); wait > 0 {
		l.denied[limit]++
		return wait
	}
	l.let[limit]++
	if r.Method == http.MethodPut {
		l.done[r.URL.Path] = true
	}
	return 0
}

// bucket is filled by what is let through, and leaks.
type bucket struct {
	rate
	level float64
	at    time.Time // when level was right
}

func (b *bucket) take(now time.Time) (wait time.Duration) {
	if !b.at.IsZero() {
		b.level = max(0, b.level-now.Sub(b.at).Seconds()*b.perSecond)
	}
	b.at = now
	if over := b.level - float64(b.burst-1); over > 0 {
		return max(time.Millisecond, time.Duration(over/b.perSecond*float64(time.Second)))
	}
	b.level++
	return 0
}
