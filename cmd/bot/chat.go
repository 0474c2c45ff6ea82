package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"cartable/bot/terminal"
	"cartable/core"
	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/store"
)

// drainTime is how long queued commands may take to answer when the bot is asked to stop. A container
// engine gives ten seconds before it kills: the rest is for ending what did not answer, and for the vault.
const drainTime = 6 * time.Second

// courtesy is the least time between two requests to one school's server.
const courtesy = time.Second

// chatCmd is the chat in the terminal over the real services and the real vault.
type chatCmd struct{}

// Run chats until the input ends or ctx does.
func (chatCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	log := cfg.logger(p.stderr, slog.LevelWarn)
	v, _, err := cfg.openNewest(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }() // 3. nothing writes any more
	logLosses(v, log)
	engine, err := cfg.engine(v, log, nil, cfg.world(), nil)
	if err != nil {
		return err
	}
	return converse(ctx, engine, p.terminal(""))
}

// outside is what the bot may reach.
type outside struct {
	schools *http.Client
	wallets *http.Client                // nil: the usual one
	admit   func(pronote.Address) error // see core.Config.Admit
}

// world is everything outside that the settings allow.
func (c config) world() outside { return outside{schools: pronote.NewHTTPClient(c.private)} }

// engine wires the core to the two clients and a store. access is who may use it; nil: everyone.
func (c config) engine(records store.Store, log *slog.Logger, access *core.Access, out outside, m *meters) (*core.Engine, error) {
	wallet, err := izly.New(izly.Config{
		HTTPClient: out.wallets,
		SOAPURL:    c.izly.soapURL, RESTURL: c.izly.restURL, SiteURL: c.izly.siteURL,
		Enrolment: c.izly.enrolment, Print: c.izly.print, Log: log,
	})
	if err != nil {
		return nil, err
	}
	school := pronote.Config{
		HTTPClient: out.schools, Log: log, Location: c.location, Interval: courtesy, AllowPrivate: c.private,
	}
	if c.private {
		school.Interval = 0 // servers of our own need no pause
	}
	rooms := core.Config{
		Store: records, School: pronote.New(school), Wallet: wallet,
		Log: log, Location: c.location, Lang: c.lang, AllowPrivate: c.private, Access: access, Admit: out.admit,
		NoAlerts: c.noWatch, AlertsEvery: c.every,
	}
	if m != nil {
		rooms.Handled, rooms.ObserveSchool, rooms.ObserveWallet = m.handled, m.observe("school"), m.observe("wallet")
	}
	return core.New(rooms)
}

// terminal is the chat over the program's standard streams. Files of replies go to folder; "" is the one for
// temporary files.
func (p *program) terminal(folder string) *terminal.Adapter {
	plain := false
	for _, entry := range p.environ { // https://no-color.org: any value that is not empty
		plain = plain || len(entry) > len("NO_COLOR=") && entry[:len("NO_COLOR=")] == "NO_COLOR="
	}
	return terminal.New(terminal.Config{In: p.stdin, Out: p.stdout, Plain: plain, Folder: folder})
}

// converse runs a chat until its input ends or ctx does, then lets queued commands answer.
func converse(ctx context.Context, engine *core.Engine, a chat.Adapter) error {
	engine.Start(ctx)
	err := a.Run(ctx, engine.Handler(a)) // 1. nothing is read any more
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if down := engine.Shutdown(drain); down != nil { // 2. queued commands answer
		err = errors.Join(err, fmt.Errorf("stop: %w", down))
	}
	return err
}
