package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// pulsing is a platform of which only its pulse matters.
type pulsing struct {
	counting
	chat.Pulse
}

func (p *pulsing) Heard() (time.Time, error) { return p.Pulse.Heard() }

// askAlive is what the listener answers now.
func askAlive(h *health) (status int, text string) {
	w := httptest.NewRecorder()
	h.alive(w, httptest.NewRequest("GET", healthPath, nil))
	return w.Code, w.Body.String()
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pulsing{}
		h := newHealth(slog.New(slog.DiscardHandler))
		h.begin([]platform{p}, nil)
		for _, step := range []struct {
			after time.Duration
			beat  bool
			want  int
		}{
			{0, false, 200},                                    // it has just started
			{2 * time.Minute, false, 200},                      // and may take its time
			{time.Second, false, 503},                          // but not more
			{0, true, 200},                                     // the first answer
			{time.Minute, true, 200},                           // and the next
			{2 * time.Minute, false, 200},                      // an answer under way
			{time.Second, false, 503}, {time.Hour, false, 503}, // that never comes
			{0, true, 200},
		} {
			time.Sleep(step.after)
			p.Miss(errors.New("dial tcp 10.0.0.7:443: refused"))
			if step.beat {
				p.Beat(time.Now())
			}
			status, text := askAlive(h)
			if status != step.want || (text == "ok\n") != (status == 200) {
				t.Errorf("after %v: %d %q", step.after, status, text)
			}
			if status == 503 && !strings.HasPrefix(text, "matrix: nothing was heard from its server for ") || strings.Contains(text, "10.0.0.7") {
				t.Errorf("the reason is %q", text)
			}
		}
	})
}

// TestHealthIsThatOfAll names the platform that is silent, whatever the others do.
func TestHealthIsThatOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well, silent := &pulsing{}, &pulsing{}
		h := newHealth(slog.New(slog.DiscardHandler))
		h.begin([]platform{well, silent}, nil)
		time.Sleep(3 * time.Minute)
		well.Beat(time.Now())
		if status, text := askAlive(h); status != 503 || strings.Count(text, "\n") != 1 {
			t.Errorf("%d %q", status, text)
		}
	})
}

// TestSilenceIsLogged warns again and again, less and less often, and says when it is over.
func TestSilenceIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newOutput()
		p := &pulsing{}
		h := newHealth(slog.New(slog.NewTextHandler(log, nil)))
		h.begin([]platform{p}, nil)
		ctx, stop := context.WithCancel(t.Context())
		go h.watch(ctx)
		p.Miss(errors.New("no route to host"))
		said := func() int { synctest.Wait(); return strings.Count(log.String(), "level=WARN") }
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{2 * time.Minute, 0}, {time.Minute, 1}, {2 * time.Minute, 2}, {5 * time.Minute, 3}, {50 * time.Minute, 5}, {23 * time.Hour, 11}} {
			time.Sleep(step.after)
			if n := said(); n != step.want {
				t.Errorf("after %v more: warned %d times", step.after, n)
			}
		}
		if !strings.Contains(log.String(), "no route to host") {
			t.Errorf("no cause in %s", log.String())
		}
		before := said()
		p.Beat(time.Now())
		time.Sleep(time.Minute)
		if said() != before || strings.Count(log.String(), "is heard again") != 1 {
			t.Errorf("the end is not told:\n%s", log.String())
		}
		stop()
		synctest.Wait()
	})
}

// TestHealthcheck tells the operator what the bot says of itself.
func TestHealthcheck(t *testing.T) {
	silent := &pulsing{}
	h := newHealth(slog.New(slog.DiscardHandler))
	h.begin([]platform{silent}, nil)
	site := httptest.NewServer(http.HandlerFunc(h.alive))
	defer site.Close()
	check := func() error {
		environ := []string{"CARTABLE_LISTEN_INTERNAL=" + strings.TrimPrefix(site.URL, "http://")}
		return run(t.Context(), []string{"healthcheck"}, environ, strings.NewReader(""), io.Discard, io.Discard)
	}
	if err := check(); err != nil {
		t.Errorf("a bot that has just started: %v", err)
	}
	h.started = time.Now().Add(-3 * time.Minute)
	if err := check(); err == nil || !strings.Contains(err.Error(), "the bot is not well: matrix: nothing was heard from its server for 3m") {
		t.Errorf("a bot that hears nothing: %v", err)
	}
}

// writable is a store that can fail to be written to.
type writable struct {
	store.Store
	fault  error
	writes int
}

func (w *writable) Update(func(store.Tx) error) error { w.writes++; return w.fault }

// TestReady follows a bot from its start to its end.
func TestReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newOutput()
		h, p, v := newHealth(slog.New(slog.NewTextHandler(log, nil))), &pulsing{}, &writable{}
		ask := func() string {
			w := httptest.NewRecorder()
			h.ready(w, httptest.NewRequest("GET", readyPath, nil))
			return fmt.Sprint(w.Code, " ", w.Body.String())
		}
		wants := func(want string) {
			t.Helper()
			if got := ask(); got != want+"\n" {
				t.Errorf("answered %q, want %q", got, want)
			}
		}
		wants("503 the bot is starting")
		if status, text := askAlive(h); status != 200 || text != "ok\n" {
			t.Errorf("a bot that starts is alive: %d %q", status, text)
		}
		h.begin([]platform{p}, v)
		wants("503 matrix: not connected yet")
		p.Miss(errors.New("no route to 10.0.0.7"))
		wants("503 matrix: not connected yet")
		p.Beat(time.Now())
		wants("200 ok")
		p.Miss(errors.New("no route to 10.0.0.7")) // that it is silent now is for the other question
		wants("200 ok")
		if v.writes != 1 {
			t.Errorf("wrote %d times at once", v.writes)
		}
		time.Sleep(trialEvery)
		v.fault = errors.New("disk full")
		wants("503 the vault cannot be written to; the log says more")
		if !strings.Contains(log.String(), "disk full") {
			t.Error("the log does not say more")
		}
		time.Sleep(trialEvery)
		v.fault = nil
		wants("200 ok")
		h.end()
		wants("503 the bot is stopping")
	})
}
