package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"cartable/core/chat"
	"cartable/core/commands"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/linking"
	"cartable/core/outbox"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
	"cartable/core/talk"
	"cartable/core/tries"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/core/watch"
	"cartable/i18n"
)

// Config is what an Engine is made of. Store, School and Wallet are required.
type Config struct {
	Store  store.Store
	School *pronote.Client
	Wallet *izly.Client

	Now      func() time.Time // default time.Now
	Rand     io.Reader        // default crypto/rand
	Log      *slog.Logger     // default: nothing is logged
	Location *time.Location   // of the schools; default UTC
	Lang     string           // of a chat that has not chosen; default the reference language
	Access   *Access          // who may use the bot; default everyone

	AllowPrivate bool // school addresses on private networks or plain http are accepted
	// Admit refuses schools before anything else is asked about them; default none. The demo admits only
	// the school of its own.
	Admit func(pronote.Address) error

	NoAlerts    bool          // nobody is told anything unasked but the outcome of a top-up
	AlertsEvery time.Duration // replaces the plan of looks, their budget and the quiet hours; for tests

	// For counting, when not nil: Handled is told of each command, the others of each operation of a protocol; see
	// talk.Config, family.Config and wallet.Config.
	Handled       func(name, outcome string, took time.Duration)
	ObserveSchool func(op string, took time.Duration, err error)
	ObserveWallet func(op string, took time.Duration, err error)
}

// Access says who may use the bot.
type Access struct {
	// Open lets everyone in. Otherwise a person needs an invitation, once.
	Open bool
	// Admins need none, and may invite others.
	Admins []chat.PersonID
	// Invitations makes and checks invitation codes. Required unless Open.
	Invitations *rights.Invitations
}

// Engine is the bot without its platforms. Make one with New, give its Handler to the adapters, call Start, and in
// the end Shutdown.
type Engine struct {
	Rights  *rights.Rights
	Outbox  *outbox.Outbox
	Family  *family.Family
	Wallet  *wallet.Wallet
	Linking *linking.Linking
	Talk    *talk.Talk
	Watch   *watch.Watch

	cfg     Config
	catalog *i18n.Catalog

	stop       context.CancelFunc
	background sync.WaitGroup
}

const (
	housekeeping = 10 * time.Minute // between two clean-ups
	recounting   = time.Hour        // between two counts of what cannot be read
)

// New migrates the store and makes the rooms, which read what they keep in memory. It sends no request. The errors
// are store.ErrNewer, when a newer version of the program wrote the store, and those of the store itself; single
// records that cannot be read are left out and counted.
func New(cfg Config) (*Engine, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	if cfg.Access == nil {
		cfg.Access = &Access{Open: true}
	}
	if cfg.Admit == nil {
		cfg.Admit = func(pronote.Address) error { return nil }
	}
	e := &Engine{cfg: cfg, stop: func() {}}
	if err := migrate(cfg.Store, cfg.Log); err != nil {
		return nil, fmt.Errorf("core: migrate: %w", err)
	}
	var err error
	if e.catalog, err = i18n.Load(); err != nil {
		return nil, err
	}
	if err := e.services(); err != nil {
		return nil, err
	}
	if err := e.conversation(); err != nil {
		return nil, err
	}
	if n := e.Damaged(); n > 0 {
		cfg.Log.Error("records that cannot be read were left out", "records", n)
	}
	return e, nil
}

// migrate does what is new in this version, and tells what that could not read.
func migrate(s store.Store, log *slog.Logger) error {
	had, pending, err := Pending(s)
	if err != nil || pending == 0 {
		return err
	}
	if err := store.Migrate(s, StepsName, Steps()); err != nil || had > 0 {
		return err
	}
	n, err := leftBehind(s)
	if n > 0 {
		log.Error("records of version 0.1 cannot be read; they stay in the vault, where nothing reads them", "records", n)
	}
	return err
}

// services makes the rooms that know no conversation, side by side: each opens its records.
func (e *Engine) services() error {
	cfg := e.cfg
	var quiet func(time.Time) time.Time
	if cfg.AlertsEvery == 0 {
		quiet = func(at time.Time) time.Time { return watch.Decent(at.In(cfg.Location)) }
	}
	var g errgroup.Group
	g.Go(func() (err error) {
		e.Rights, err = rights.New(rights.Config{
			Store: cfg.Store, Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log,
			Open: cfg.Access.Open, Admins: cfg.Access.Admins, Invitations: cfg.Access.Invitations,
		})
		return err
	})
	g.Go(func() (err error) {
		e.Outbox, err = outbox.New(outbox.Config{Store: cfg.Store, Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log, Quiet: quiet})
		return err
	})
	e.Family = family.New(family.Config{
		Store: cfg.Store, Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log, Zone: cfg.Location, Observe: cfg.ObserveSchool,
		Providers: []school.Provider{pronote.NewProvider(cfg.School)},
	})
	g.Go(func() (err error) {
		e.Wallet, err = wallet.New(wallet.Config{
			Store: cfg.Store, Client: cfg.Wallet, Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log, Observe: cfg.ObserveWallet,
		})
		return err
	})
	return g.Wait()
}

// conversation makes the rooms that talk.
func (e *Engine) conversation() (err error) {
	cfg := e.cfg
	e.Linking = linking.New(linking.Config{
		Rights: e.Rights, Family: e.Family, Wallet: e.Wallet, School: cfg.School,
		AllowPrivate: cfg.AllowPrivate, Admit: cfg.Admit, Zone: cfg.Location, Alerts: !cfg.NoAlerts,
		Forget:  e.forget,
		Linked:  func(tx store.Tx, a rights.Account) error { return e.Watch.Linked(tx, a) },
		Current: func(c chat.ChatID) (chat.ChatID, error) { return e.Talk.Current(c) },
	})
	e.Watch = watch.New(watch.Config{
		Store: cfg.Store, Rights: e.Rights, Family: e.Family, Wallet: e.Wallet, Outbox: e.Outbox,
		Printer: func(tx store.Tx, c chat.ChatID) *i18n.Printer { return e.Talk.PrinterIn(tx, c) },
		Cmd:     func(p *i18n.Printer, c chat.ChatID, name string) string { return e.Talk.Cmd(p, c, name) },
		Offer: func(tx store.Tx, in chat.ChatID, person chat.PersonID, label, action, arg, account string) (chat.Choice, error) {
			return e.Talk.OfferIn(tx, in, person, label, action, arg, account)
		},
		Now: cfg.Now, Log: cfg.Log, Zone: cfg.Location, Every: cfg.AlertsEvery, Off: cfg.NoAlerts,
	})
	list, actions, interceptors, plainWords := commands.New(commands.Config{
		Rights: e.Rights, Family: e.Family, Wallet: e.Wallet, Linking: e.Linking, Watch: e.Watch, Zone: cfg.Location,
		Export: e.export, Page: e.page, Erase: e.erase,
	})
	e.Talk, err = talk.New(talk.Config{
		Store: cfg.Store, Rights: e.Rights, Outbox: e.Outbox, Catalog: e.catalog,
		Commands: list, Actions: actions, Interceptors: interceptors, Read: plainWords, Explain: e.explain,
		Now: cfg.Now, Rand: cfg.Rand, Log: cfg.Log, Location: cfg.Location, Lang: cfg.Lang, Handled: cfg.Handled,
	})
	return err
}

// explain makes a sentence of an error. What the person is told may name the reference under which it is logged.
func (e *Engine) explain(t *talk.Turn, err error) (chat.Reply, bool) {
	v := view.View{P: t.P, Zone: e.cfg.Location, Now: t.Now, Cmd: t.Cmd, Reference: t.Reference()}
	r, known := v.Error(err, e.Linking.Sentences(t.TakesPictures()))
	if !known && store.Unreadable(err) { // after all that says more of it
		r, known = v.Unreadable(""), true
	}
	switch {
	case !known:
	case slices.ContainsFunc(r.Body, func(l chat.Line) bool { return strings.Contains(l.Text, v.Reference) }):
		t.Log.Warn("answered with an error", "reference", v.Reference, "error", err)
	default:
		t.Log.Info("answered with an error", "error", err)
	}
	return r, known
}

// Start begins the work that nobody asks for: sending what could not be sent, looking for what has changed and for
// top-ups whose outcome is unknown, and cleaning up. Shutdown ends it.
func (e *Engine) Start(ctx context.Context) {
	ctx, e.stop = context.WithCancel(ctx)
	e.Watch.Every(housekeeping, "clean-up", func(context.Context) error { return e.cleanUp() })
	e.Watch.Every(recounting, "count", func(context.Context) error { return e.recount() })
	e.background.Go(func() { e.Outbox.Run(ctx) })
	e.background.Go(func() { e.Watch.Run(ctx) })
}

// stopLimit is how long the background work may take to end.
const stopLimit = time.Second

// Shutdown refuses new messages, lets those taken be answered, and ends the background work. When ctx ends first,
// its cause is returned, two seconds later at most: messages that were not answered by then are read again after the
// next start.
func (e *Engine) Shutdown(ctx context.Context) error {
	err := e.Talk.Shutdown(ctx)
	e.stop()
	ended := make(chan struct{})
	go func() { e.background.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(stopLimit):
		e.cfg.Log.Warn("some background work does not end")
	}
	return err
}

// Handler registers an adapter and returns what its Run passes messages to.
func (e *Engine) Handler(a chat.Adapter) chat.Handler { return e.Talk.Handler(a) }

// refresh has the rooms read again what they keep in memory of some accounts. Without any, nothing has changed.
func (e *Engine) refresh(accounts ...string) error {
	if len(accounts) == 0 {
		return nil // the rooms would read everything
	}
	return errors.Join(e.Rights.Refresh(accounts...), e.Watch.Refresh(accounts...))
}

// recount has the rooms count what they cannot read of what they keep no copy of.
func (e *Engine) recount() error {
	return errors.Join(e.Family.Recount(), e.Wallet.Recount())
}

// MoveChat makes everything kept for a chat that of another: a platform has given it a new name, as Telegram does
// when a group becomes a supergroup. It blocks on the store.
func (e *Engine) MoveChat(old, to chat.ChatID) error {
	accounts := e.Rights.In(old)
	err := e.cfg.Store.Update(func(tx store.Tx) error {
		for _, room := range []func(store.Tx, chat.ChatID, chat.ChatID) error{
			e.Rights.MoveChat, e.Outbox.MoveChat, e.Watch.MoveChat, e.Talk.MoveChat,
		} {
			if err := room(tx, old, to); err != nil {
				return err
			}
		}
		return e.Wallet.MoveChat(tx, old, to, accounts)
	})
	if err != nil {
		return fmt.Errorf("core: move chat: %w", err)
	}
	e.Outbox.Wake()
	return e.refresh(accounts...)
}

// cleanUp removes what has expired, in small steps, so that nobody waits long for the store.
func (e *Engine) cleanUp() error {
	e.Talk.Tick()
	failed := e.Rights.Sweep(e.cfg.Now())
	for _, sweep := range []func(store.Tx, time.Time) (bool, error){
		e.Family.Sweep, e.Wallet.Sweep, e.Outbox.Sweep, e.Watch.Sweep, e.Talk.Sweep, tries.Sweep,
	} {
		for more := true; more; {
			err := e.cfg.Store.Update(func(tx store.Tx) (err error) {
				more, err = sweep(tx, e.cfg.Now())
				return err
			})
			if err != nil {
				failed, more = errors.Join(failed, err), false
			}
		}
	}
	return failed
}

// Damaged counts the records that could not be read: those of Family and Wallet when they were counted last, which
// begins with Start.
func (e *Engine) Damaged() int {
	return e.Rights.Damaged() + e.Family.Damaged() + e.Wallet.Damaged() + e.Watch.Damaged() + e.Outbox.Damaged()
}
