package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"cartable/core"
)

// runCmd serves the chat platforms.
type runCmd struct{}

// Run serves until ctx is done: platforms stop being read, commands that were taken are answered, and then
// the vault is closed.
func (runCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	if err := cfg.checkRun(); err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelInfo)
	v, key, err := cfg.openNewest(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }() // 4. nothing writes any more
	access, err := cfg.access(key)
	if err != nil {
		return err
	}
	engine, err := cfg.engine(v, log, access, cfg.world())
	if err != nil {
		return err
	}
	platforms, webhook, err := cfg.platforms(engine, v, log)
	for _, platform := range platforms {
		defer func() { err = errors.Join(err, platform.Close()) }() // 3. no reply is under way any more
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return fmt.Errorf("CARTABLE_LISTEN: %w", err)
	}
	copies, err := listenLender(cfg.lenderPath(), v, log)
	if err != nil {
		log.Warn("`bot backup` works only while the bot is stopped: there is no socket", "error", err)
	}
	for _, platform := range platforms {
		log.Info("serving", "version", version, "platform", platform.Name(), "listen", listener.Addr().String(), "open", cfg.open)
	}
	s := service{engine: engine, platforms: platforms, health: newHealth(platforms, log), listener: listener, webhook: webhook, copies: copies}
	return s.serve(ctx)
}

// service is everything that runs while the bot serves.
type service struct {
	engine    *core.Engine
	platforms []platform
	health    *health
	listener  net.Listener
	webhook   http.Handler // nil: none
	copies    *lender      // nil: none
}

// serve runs the adapters and the listener until ctx is done or one of them fails, then lets queued commands
// answer.
func (s *service) serve(ctx context.Context) error {
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}

	s.engine.Start(ctx)
	g, running := errgroup.WithContext(ctx)
	for _, platform := range s.platforms {
		handle := s.engine.Handler(platform)
		g.Go(func() error { return platform.Run(running, handle) })
	}
	if s.copies != nil {
		g.Go(func() error { s.copies.serve(running); return nil })
	}
	g.Go(func() error { s.health.watch(running); return nil })
	g.Go(func() error {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("listener: %w", err)
		}
		return nil
	})
	drain, cancel := draining(running)
	defer cancel()
	g.Go(func() error {
		<-running.Done()
		return server.Shutdown(drain)
	})
	err := g.Wait()                                    // 1. nothing is read any more
	if down := s.engine.Shutdown(drain); down != nil { // 2. queued commands answer
		err = errors.Join(err, fmt.Errorf("stop: %w", down))
	}
	return err
}

// errSlow says that the answers of some commands are missing.
var errSlow = fmt.Errorf("some commands did not end within %v", drainTime)

// draining is a context that ends drainTime after ctx, whatever else has ended meanwhile.
func draining(ctx context.Context) (context.Context, context.CancelFunc) {
	drain, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(drainTime)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(errSlow)
		case <-drain.Done():
		}
	})
	return drain, func() {
		stop()
		cancel(nil)
	}
}
