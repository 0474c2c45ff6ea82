package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"cartable/core/store"
)

const (
	silenceLimit = 2 * time.Minute  // how long a platform's server may be silent; a poll is answered within one
	healthEvery  = 20 * time.Second // between two looks
	remindLimit  = 6 * time.Hour    // the most between two warnings about one silence
	trialEvery   = 10 * time.Second // between two trials of the vault
)

// health tells whether the bot is well: alive once it runs, and ready once it can do its work. It can be asked from the
// start on, and until the end.
type health struct {
	log *slog.Logger

	mu        sync.Mutex
	unready   string // why nothing is done now: "" while the bot serves
	platforms []platform
	vault     store.Store
	started   time.Time // when the bot began to serve

	trial sync.Mutex // held while the vault is written to
	tried time.Time
	fault error // of the last trial
}

func newHealth(log *slog.Logger) *health { return &health{log: log, unready: "the bot is starting"} }

// begin says that the start is over: what is stored has its newest form.
func (h *health) begin(platforms []platform, v store.Store) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unready, h.platforms, h.vault, h.started = "", platforms, v, time.Now()
}

// end says that the bot was asked to stop.
func (h *health) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unready = "the bot is stopping"
}

// serving are the platforms, once the start is over.
func (h *health) serving() []platform {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.platforms
}

// alive answers 200, or 503 with a line for each platform that is silent. What went wrong is left to the
// log: it may name the operator's network.
func (h *health) alive(w http.ResponseWriter, _ *http.Request) {
	var silent []string
	for _, p := range h.serving() {
		if d, _ := h.silence(p); d > 0 {
			silent = append(silent, fmt.Sprintf("%s: nothing was heard from its server for %s; the log says more", p.Name(), d.Round(time.Second)))
		}
	}
	tell(w, silent)
}

// ready answers 200 once the start is over, each platform was connected and the vault can be written to.
func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	unready, v := h.unready, h.vault
	h.mu.Unlock()
	if unready != "" {
		tell(w, []string{unready})
		return
	}
	var missing []string
	for _, p := range h.serving() {
		if last, _ := p.Heard(); last.IsZero() {
			missing = append(missing, p.Name()+": not connected yet")
		}
	}
	if h.try(v) != nil {
		missing = append(missing, "the vault cannot be written to; the log says more")
	}
	tell(w, missing)
}

// try writes to the vault, or tells what came of it a moment ago.
func (h *health) try(v store.Store) error {
	h.trial.Lock()
	defer h.trial.Unlock()
	if time.Since(h.tried) < trialEvery {
		return h.fault
	}
	h.fault = v.Update(func(tx store.Tx) error { return tx.Put("trial", "", "", nil) })
	h.tried = time.Now()
	if h.fault != nil {
		h.log.Error("the vault cannot be written to", "error", h.fault)
	}
	return h.fault
}

// tell answers what is wrong, if anything is.
func tell(w http.ResponseWriter, wrong []string) {
	if len(wrong) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.Join(wrong, "\n"))
		return
	}
	fmt.Fprintln(w, "ok")
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

// watch logs a silence when it begins, again after twice as long each time, and its end, until ctx is done.
func (h *health) watch(ctx context.Context) {
	platforms := h.serving()
	remind := make([]time.Duration, len(platforms)) // the silence at which the next warning is due; 0 while all is well
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		for i, p := range platforms {
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
