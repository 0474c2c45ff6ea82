package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"cartable/core/secret"
)

// Paths of the two listeners.
const (
	webhookPath = "/telegram" // of the public listener; the others are of the internal one
	healthPath  = "/healthz"
	readyPath   = "/readyz"
	metricsPath = "/metrics"
)

// publicSite is what Telegram and people reach; nil when that is nothing. There is no listener then: a port that
// answers nobody could still be taken, or found.
func publicSite(webhook http.Handler) http.Handler {
	if webhook == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle(webhookPath, webhook)
	return mux
}

// internalSite is what the operator asks.
func internalSite(h *health, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+healthPath, h.alive)
	mux.HandleFunc("GET "+readyPath, h.ready)
	mux.Handle("GET "+metricsPath, metrics)
	return mux
}

// listenPublic serves what is public; nil when nothing is.
func (c config) listenPublic(ctx context.Context, site http.Handler, log *slog.Logger) (*web, error) {
	if site == nil {
		if c.source("CARTABLE_LISTEN") != "" {
			log.Warn("CARTABLE_LISTEN has no effect: nothing is public without a webhook; health and metrics are at CARTABLE_LISTEN_INTERNAL")
		}
		return nil, nil
	}
	w, err := listen(ctx, c.listen)
	if err != nil {
		return nil, fmt.Errorf("CARTABLE_LISTEN: %w; for example CARTABLE_LISTEN=127.0.0.1:8090", err)
	}
	w.serve(site, log)
	return w, nil
}

// recovered ends a panic.
func recovered(log *slog.Logger, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := secret.Contain(log.With("in", "a request"), func() error {
			h.ServeHTTP(w, r)
			return nil
		}); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
}

// web is an HTTP server on a listener of its own.
type web struct {
	url      string // without a slash at the end
	listener net.Listener
	server   http.Server
	ended    chan error
}

// address is where the server is, for the log.
func (w *web) address() string {
	if w == nil {
		return "none"
	}
	return w.url
}

// listen takes the address, so that the URL is known before there is something to serve.
func listen(ctx context.Context, address string) (*web, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &web{url: "http://" + l.Addr().String(), listener: l, ended: make(chan error, 1)}, nil
}

// serve answers on a goroutine that close waits for.
func (w *web) serve(h http.Handler, log *slog.Logger) {
	w.server.Handler = recovered(log, h)
	w.server.ReadHeaderTimeout, w.server.ReadTimeout, w.server.IdleTimeout = 10*time.Second, time.Minute, 2*time.Minute
	w.server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug) // strangers could fill a log
	go func() { w.ended <- w.server.Serve(w.listener) }()
}

// watch returns when ctx is done, or with what ended the server before.
func (w *web) watch(ctx context.Context) error {
	select {
	case err := <-w.ended:
		w.ended <- err // for close
		return fmt.Errorf("listener: %w", err)
	case <-ctx.Done():
		return nil
	}
}

// close lets requests under way end, for a moment.
func (w *web) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if w.server.Shutdown(ctx) != nil {
		_ = w.server.Close() // whoever still waits is cut off
	}
	if err := <-w.ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
