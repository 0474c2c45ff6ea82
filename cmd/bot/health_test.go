package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
)

// pulsing is a platform of which only its pulse matters.
type pulsing struct {
	counting
	chat.Pulse
}

func (p *pulsing) Heard() (time.Time, error) { return p.Pulse.Heard() }

// ask is what the listener answers now.
func ask(h *health) (status int, text string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", healthPath, nil))
	return w.Code, w.Body.String()
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pulsing{}
		h := newHealth([]platform{p}, slog.New(slog.DiscardHandler))
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
			status, text := ask(h)
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
		h := newHealth([]platform{well, silent}, slog.New(slog.DiscardHandler))
		time.Sleep(3 * time.Minute)
		well.Beat(time.Now())
		if status, text := ask(h); status != 503 || strings.Count(text, "\n") != 1 {
			t.Errorf("%d %q", status, text)
		}
	})
}

// TestSilenceIsLogged warns again and again, less and less often, and says when it is over.
func TestSilenceIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newOutput()
		p := &pulsing{}
		h := newHealth([]platform{p}, slog.New(slog.NewTextHandler(log, nil)))
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
	h := newHealth([]platform{silent}, slog.New(slog.DiscardHandler))
	site := httptest.NewServer(h)
	defer site.Close()
	check := func() error {
		environ := []string{"CARTABLE_LISTEN=" + strings.TrimPrefix(site.URL, "http://")}
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
