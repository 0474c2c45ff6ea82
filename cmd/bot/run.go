package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"cartable/bot/telegram"
	"cartable/core"
	"cartable/i18n"
	"cartable/vault"
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
	logLosses(v, log)
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

// platform is an adapter that has to be closed, and that says when it last heard from its server and what has
// gone wrong since, nil for nothing.
type platform interface {
	core.Adapter
	Close() error
	Heard() (at time.Time, trouble error)
}

// platforms are those that the settings turn on, and what answers at webhookPath; nil for nothing. With an
// error, those that were made are to be closed.
func (c config) platforms(engine *core.Engine, v *vault.Vault, log *slog.Logger) (list []platform, webhook http.Handler, err error) {
	if !c.telegram.token.Empty() {
		adapter, err := c.telegramAdapter(engine, v, log)
		if err != nil {
			return nil, nil, err
		}
		list, webhook = append(list, adapter), adapter.Webhook()
	}
	if c.matrix.on() {
		adapter, err := c.matrixAdapter(engine, v, log)
		if err != nil {
			return list, nil, err
		}
		list = append(list, adapter)
	}
	return list, webhook, nil
}

// access is who may use the bot on the platforms.
func (c config) access(key vault.Key) (*core.Access, error) {
	invitations, err := c.invitations(key)
	if err != nil {
		return nil, err
	}
	return &core.Access{Open: c.open, Admins: c.admins, Invitations: invitations}, nil
}

func (c config) telegramAdapter(engine *core.Engine, v *vault.Vault, log *slog.Logger) (*telegram.Adapter, error) {
	cfg := telegram.Config{
		Token: c.telegram.token, API: c.telegram.api, Store: v, Log: log,
		Migrate: engine.MigrateChat, Present: engine.Present, Menu: engine.Menu, About: engine.About, Langs: i18n.Languages,
	}
	if c.telegram.webhook {
		cfg.Webhook = &telegram.WebhookConfig{PublicURL: c.public + webhookPath}
	}
	return telegram.New(cfg)
}

// Paths of the listener.
const (
	webhookPath = "/telegram"
	healthPath  = "/healthz"
	metricsPath = "/metrics"
)

// counter is a platform that counts what an operator may want to know.
type counter interface{ Counts() map[string]uint64 }

// metrics prints the counts of the platforms in the text format of Prometheus.
func metrics(platforms []platform) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, p := range platforms {
			counter, ok := p.(counter)
			if !ok {
				continue
			}
			counts := counter.Counts()
			for _, name := range slices.Sorted(maps.Keys(counts)) {
				fmt.Fprintf(w, "cartable_%s_%s_total %d\n", p.Name(), name, counts[name])
			}
		}
	}
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
	drain, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	g.Go(func() error {
		<-running.Done()
		timer := time.AfterFunc(drainTime, cancel)
		defer timer.Stop()
		return server.Shutdown(drain)
	})
	err := g.Wait()                                    // 1. nothing is read any more
	if down := s.engine.Shutdown(drain); down != nil { // 2. queued commands answer
		err = errors.Join(err, fmt.Errorf("stop: %w", down))
	}
	return err
}
