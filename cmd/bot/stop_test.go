package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/vault"
)

// stuck is a platform on which one command never ends, as with a school that never answers.
type stuck struct {
	counting
	release chan struct{}
}

func (p *stuck) Run(ctx context.Context, handle chat.Handler) error {
	id := chat.PersonID{Platform: p.Name(), ID: "@ana:example.org"}
	err := handle(chat.Message{Chat: chat.ChatID(id), Person: id, Private: true, Text: "/aide"}, func() {})
	<-ctx.Done()
	return err
}

func (p *stuck) Send(context.Context, chat.Target, chat.Reply) error {
	<-p.release
	return nil
}

// silent is a listener to which nobody speaks.
type silent struct {
	closed chan struct{}
	once   sync.Once
}

func newSilent() *silent { return &silent{closed: make(chan struct{})} }

func (l *silent) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l *silent) Addr() net.Addr            { return &net.TCPAddr{} }

func (l *silent) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// TestStopIsBounded has a command under way that never ends: a container engine kills after ten seconds.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key, err := vault.NewKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		cfg, log := defaults(), slog.New(slog.DiscardHandler)
		engine, err := cfg.engine(v, log, nil, outside{})
		if err != nil {
			t.Fatal(err)
		}
		p := &stuck{release: make(chan struct{})}
		defer close(p.release)
		platforms := []platform{p}
		internal := &web{listener: newSilent(), ended: make(chan error, 1)}
		internal.serve(http.NotFoundHandler(), log)
		defer internal.close()
		h := newHealth(log)
		h.begin(platforms, v)
		s := service{engine: engine, platforms: platforms, health: h, internal: internal}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.serve(ctx) }()
		synctest.Wait()
		asked := time.Now()
		stop()
		err = <-ended
		if took := time.Since(asked); took > 9*time.Second {
			t.Errorf("took %v", took)
		}
		if !errors.Is(err, errSlow) {
			t.Errorf("ended with %v", err)
		}
	})
}
