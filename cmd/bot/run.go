package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
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
	if err := cfg.checkPlatforms(); err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelInfo)
	v, key, err := cfg.openVault(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }() // 4. nothing writes any more
	access, err := cfg.access(key)
	if err != nil {
		return err
	}
	engine, err := cfg.engine(v, log, access)
	if err != nil {
		return err
	}
	adapter, err := cfg.telegramAdapter(engine, v, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, adapter.Close()) }() // 3. no reply is under way any more
	listener, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return fmt.Errorf("CARTABLE_LISTEN: %w", err)
	}
	log.Info("serving", "version", version, "platform", adapter.Name(), "listen", listener.Addr().String(), "open", cfg.open)
	return serve(ctx, engine, adapter, listener, adapter.Webhook())
}

// checkPlatforms refuses settings that turn nothing on, or something that this version does not have.
func (c config) checkPlatforms() error {
	for _, g := range c.given {
		if g.setting.later == matrix {
			return fmt.Errorf("%s is not part of this version; unset %s", matrix, c.givenFor(matrix))
		}
	}
	if c.telegram.token.Empty() {
		return errors.New("no platform is turned on: set CARTABLE_TELEGRAM_TOKEN, or use `bot chat` for a chat in the terminal")
	}
	return nil
}

// givenFor names the variables that are set for a platform.
func (c config) givenFor(platform string) string {
	var names []string
	for _, g := range c.given {
		if g.setting.later == platform {
			names = append(names, g.from)
		}
	}
	return strings.Join(names, ", ")
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
)

// serve runs the adapter and the listener until ctx is done or one of them fails, then lets queued commands
// answer.
func serve(ctx context.Context, engine *core.Engine, adapter core.Adapter, listener net.Listener, webhook http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle(webhookPath, webhook)
	mux.HandleFunc("GET "+healthPath, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute}

	engine.Start(ctx)
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return adapter.Run(running, engine.Handler(adapter)) })
	g.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
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
	err := g.Wait()                                  // 1. nothing is read any more
	if down := engine.Shutdown(drain); down != nil { // 2. queued commands answer
		err = errors.Join(err, fmt.Errorf("stop: %w", down))
	}
	return err
}
