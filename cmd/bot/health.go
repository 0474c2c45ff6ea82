package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const (
	silenceLimit = 2 * time.Minute  // how long a platform's server may be silent; a poll is answered within one
	healthEvery  = 20 * time.Second // between two looks
	remindLimit  = 6 * time.Hour    // the most between two warnings about one silence
)

// health judges whether the platforms can be heard. A bot that has just started counts as well.
type health struct {
	platforms []platform
	started   time.Time
	log       *slog.Logger
}

func newHealth(platforms []platform, log *slog.Logger) *health {
	return &health{platforms: platforms, started: time.Now(), log: log}
}

// silence is how long nothing has come from a platform's server, and why, as far as is known; 0 when all is
// well.
func (h *health) silence(p platform) (time.Duration, error) {
	last, trouble := p.Heard()
	if last.Before(h.started) {
		last = h.started
	}
	if d := time.Since(last); d > silenceLimit {
		return d, trouble
	}
	return 0, nil
}

// ServeHTTP answers 200, or 503 with a line for each platform that is silent. What went wrong is left to the
// log: it may name the operator's network.
func (h *health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	var silent []string
	for _, p := range h.platforms {
		if d, _ := h.silence(p); d > 0 {
			silent = append(silent, fmt.Sprintf("%s: nothing was heard from its server for %s; the log says more", p.Name(), d.Round(time.Second)))
		}
	}
	if len(silent) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.Join(silent, "\n"))
		return
	}
	fmt.Fprintln(w, "ok")
}

// watch logs a silence when it begins, again after twice as long each time, and its end, until ctx is done.
func (h *health) watch(ctx context.Context) {
	remind := make([]time.Duration, len(h.platforms)) // the silence at which the next warning is due; 0 while all is well
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for i, p := range h.platforms {
			remind[i] = h.report(p, remind[i])
		}
	}
}

// report logs what is due about one platform, and returns when the next warning is.
func (h *health) report(p platform, due time.Duration) time.Duration {
	d, trouble := h.silence(p)
	switch {
	case d == 0 && due > 0:
		h.log.Info("the platform's server is heard again", "platform", p.Name())
		return 0
	case d == 0 || d < due:
		return due
	}
	log := h.log.With("platform", p.Name(), "for", d.Round(time.Second))
	if trouble != nil {
		log = log.With("error", trouble)
	}
	log.Warn("nothing is heard from the platform's server")
	return d + min(d, remindLimit)
}
