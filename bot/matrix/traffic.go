//go:build goolm

package matrix

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"maunium.net/go/mautrix"

	"cartable/core/chat"
)

// traffic lets answers go before the rest: homeservers allow few events of one account. Synapse lets it send ten and
// then one each five seconds, over all its rooms.
type traffic struct {
	mu      sync.Mutex
	answers int           // on their way
	until   time.Time     // the rest waits
	changed chan struct{} // closed, and made anew, when an answer has arrived
}

func newTraffic() *traffic { return &traffic{changed: make(chan struct{})} }

// answering says that an answer is on its way, until done is called.
func (t *traffic) answering() (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers++
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.answers--
		close(t.changed)
		t.changed = make(chan struct{})
	})
}

// restAfter is how many times longer than an answer the rest waits when the homeserver wants nothing for a while: until
// a few answers could go at once again.
const restAfter = 4

// slowed notes that the homeserver takes nothing for a while.
func (t *traffic) slowed(wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := time.Now().Add(restAfter * wait); until.After(t.until) {
		t.until = until
	}
}

// slow tells whether the homeserver has lately said that it was too much.
func (t *traffic) slow() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Now().Before(t.until)
}

// quiet tells whether the rest may go, and if not for how long that is known, or what closes when it may be different.
func (t *traffic) quiet() (is bool, wait time.Duration, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	wait = time.Until(t.until)
	return t.answers == 0 && wait <= 0, wait, t.changed
}

// afterAnswers waits until the rest may go.
func (t *traffic) afterAnswers(ctx context.Context) error {
	for {
		is, wait, changed := t.quiet()
		if is {
			return nil
		}
		var due <-chan time.Time
		if wait > 0 {
			due, changed = time.After(wait), nil
		}
		select {
		case <-due:
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// slowPatience bounds how long one waits for a homeserver that takes nothing from us for now. It holds up no other room.
const slowPatience = 2 * time.Minute

// patiently sends what somebody waits for, again and again while the homeserver cannot be reached, for as long as patience
// lasts. The time for which the homeserver wants nothing does not count.
func (a *Adapter) patiently(ctx context.Context, patience time.Duration, do func(ctx context.Context) error) error {
	defer a.traffic.answering()()
	slowed := time.Duration(0)
	for wait := firstBackoff; ; {
		began := time.Now()
		limited, cancel := context.WithTimeout(mautrix.WithMaxRetries(ctx, 0), patience)
		err := do(limited)
		cancel()
		patience -= time.Since(began)
		pause, slow := slowDown(err)
		switch {
		case err == nil:
			return nil
		case slow:
			a.traffic.slowed(pause)
			slowed += pause
		case !passing(err) || errors.Is(err, chat.ErrChatGone):
			return err
		default:
			pause, wait = wait, min(2*wait, longBackoff)
			patience -= pause
		}
		if patience <= 0 || slowed > slowPatience {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		case <-a.life.Done():
			return err
		}
	}
}

// restPatience bounds how often the rest is tried where the homeserver takes nothing.
const restPatience = 10

// rest does soon what is no answer, after the answers. It gives up when it is refused for another reason than that there
// was too much.
func (a *Adapter) rest(what string, do func(ctx context.Context) error) {
	a.background(func(ctx context.Context) {
		var err error
		for range restPatience {
			if a.traffic.afterAnswers(ctx) != nil {
				return // the bot stops
			}
			err = do(mautrix.WithMaxRetries(ctx, 0))
			wait, slow := slowDown(err)
			if !slow {
				break
			}
			a.traffic.slowed(wait)
		}
		if err != nil {
			a.log.Warn("not done", "what", what, "error", fail(what, err))
		}
	})
}

const (
	usualSlow   = 5 * time.Second // where the homeserver does not say how long
	longestSlow = time.Minute
)

// slowDown tells whether the homeserver takes nothing for now because there was too much (429), and for how long.
func slowDown(err error) (wait time.Duration, slow bool) {
	answer, ok := errors.AsType[mautrix.HTTPError](err)
	if !ok || answer.Response == nil || answer.Response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	wait = usualSlow
	if seconds, err := strconv.Atoi(answer.Response.Header.Get("Retry-After")); err == nil {
		wait = time.Duration(seconds) * time.Second
	}
	if answer.RespError != nil { // the older way to say it, and the more exact one
		if ms, _ := answer.RespError.ExtraData["retry_after_ms"].(float64); ms > 0 {
			wait = time.Duration(min(ms, float64(longestSlow.Milliseconds()))) * time.Millisecond
		}
	}
	return min(max(wait, 50*time.Millisecond), longestSlow), true
}
