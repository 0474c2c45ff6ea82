package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// Paths of the listener.
const (
	webhookPath = "/telegram"
	healthPath  = "/healthz"
	metricsPath = "/metrics"
)

// handler is what the listener answers.
func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	if s.webhook != nil {
		mux.Handle(webhookPath, s.webhook)
	}
	mux.Handle("GET "+healthPath, s.health)
	mux.HandleFunc("GET "+metricsPath, metrics(s.platforms))
	return mux
}

// web is an HTTP server on a listener of its own.
type web struct {
	url      string // without a slash at the end
	listener net.Listener
	server   http.Server
	ended    chan error
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
func (w *web) serve(h http.Handler) {
	w.server.Handler = h
	w.server.ReadHeaderTimeout = 10 * time.Second
	go func() { w.ended <- w.server.Serve(w.listener) }()
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
