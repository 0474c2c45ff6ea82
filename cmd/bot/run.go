package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"cartable/core"
)

// runCmd serves the chat platforms.
type runCmd struct{}

// Run serves until ctx is done. Things stop in the opposite order to that in which they start.
func (runCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	if err := cfg.checkRun(); err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelInfo)
	h := newHealth(log)
	internal, err := listen(ctx, cfg.internal)
	if err != nil {
		return fmt.Errorf("CARTABLE_LISTEN_INTERNAL: %w; is another bot running? Or take another address, for example CARTABLE_LISTEN_INTERNAL=127.0.0.1:8082", err)
	}
	m := newMeters(h.serving)
	internal.serve(internalSite(h, m), log)
	defer func() { err = errors.Join(err, internal.close()) }() // 5. the operator is told to the end
	v, key, err := cfg.openNewest(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }() // 4. nothing writes any more
	logLosses(v, log)
	m.vault(v)
	access, err := cfg.access(v, key)
	if err != nil {
		return err
	}
	engine, err := cfg.engine(v, log, access, cfg.world(), m)
	if err != nil {
		return err
	}
	m.rooms(engine)
	platforms, webhook, err := cfg.platforms(engine, v, log)
	for _, platform := range platforms {
		defer func() { err = errors.Join(err, platform.Close()) }() // 3. no reply is under way any more
	}
	if err != nil {
		return err
	}
	public, err := cfg.listenPublic(ctx, publicSite(webhook), log)
	if err != nil {
		return err
	}
	copies, err := listenLender(cfg.lenderPath(), v, log)
	if err != nil {
		log.Warn("`bot backup` works only while the bot is stopped: there is no socket", "error", err)
	}
	for _, platform := range platforms {
		log.Info("serving", "version", version, "platform", platform.Name(), "internal", internal.url, "public", public.address(), "open", cfg.open)
	}
	h.begin(platforms, v)
	s := service{engine: engine, platforms: platforms, health: h, internal: internal, public: public, copies: copies}
	s.housekeep = func(ctx context.Context) { cfg.dropCopiesDaily(ctx, log) }
	return s.serve(ctx)
}

// service is everything that runs while the bot serves.
type service struct {
	engine    *core.Engine
	platforms []platform
	health    *health
	internal  *web
	public    *web                      // nil: none
	copies    *lender                   // nil: none
	housekeep func(ctx context.Context) // nil: none
}

// serve runs the adapters and the listeners until ctx is done or one of them fails, then lets queued commands
// answer, for drainTime. What is not answered by then is read again after the next start.
func (s *service) serve(ctx context.Context) error {
	s.engine.Start(ctx)
	g, running := errgroup.WithContext(ctx)
	for _, platform := range s.platforms {
		handle := s.engine.Handler(platform)
		g.Go(func() error { return platform.Run(running, handle) })
	}
	if s.copies != nil {
		g.Go(func() error { s.copies.serve(running); return nil })
	}
	if s.public != nil {
		g.Go(func() error { return errors.Join(s.public.watch(running), s.public.close()) })
	}
	g.Go(func() error { return s.internal.watch(running) })
	g.Go(func() error { s.health.watch(running); return nil })
	if s.housekeep != nil {
		g.Go(func() error { s.housekeep(running); return nil })
	}
	drain, cancel := draining(running)
	defer cancel()
	defer context.AfterFunc(running, s.health.end)()
	err := g.Wait()              // 1. nothing is read any more
	_ = s.engine.Shutdown(drain) // 2. queued commands answer; its error only says that some did not, which is logged
	return err
}

// draining is a context that ends drainTime after ctx, whatever else has ended meanwhile.
func draining(ctx context.Context) (context.Context, context.CancelFunc) {
	drain, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(drainTime)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-drain.Done():
		}
	})
	return drain, func() {
		stop()
		cancel()
	}
}
