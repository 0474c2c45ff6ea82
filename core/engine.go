package core

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/i18n"
)

// Config is what an Engine is made of. Store, School and Wallet are required.
type Config struct {
	Store  Store
	School *pronote.Client
	Wallet *izly.Client

	Now          func() time.Time // default time.Now
	Rand         io.Reader        // default crypto/rand
	Log          *slog.Logger     // default: nothing is logged
	Location     *time.Location   // of the schools; default UTC
	Lang         string           // of a chat that has not chosen; default the reference language
	Access       *Access          // who may use the bot; default everyone
	AllowPrivate bool             // school addresses on private networks or plain http are accepted

	// Admit refuses schools before anything else is asked about them; default none. The demo admits only
	// the school of its own.
	Admit func(pronote.Address) error
}

const (
	queueLimit    = 20               // messages of one chat that may wait
	commandLimit  = 3 * time.Minute  // for one message, the waiting in queues of a school included
	dialogueLimit = 10 * time.Minute // for one answer
	housekeeping  = 10 * time.Minute // between two clean-ups
)

// Engine answers messages. Make one with New, give its Handler to the adapters, call Start, and in the
// end Shutdown.
type Engine struct {
	cfg      Config
	catalog  *i18n.Catalog
	commands []command
	byName   map[string]*command
	serial   *serial
	salt     [16]byte // of the chat hashes in the log; a new one at each start

	mu        sync.Mutex // guards what follows
	adapters  map[string]Adapter
	schools   []*schoolAccount
	wallets   []*walletAccount
	showings  []showing
	dialogues map[dialogueKey]*dialogue

	wake       chan struct{} // tells the watcher that a top-up waits to be looked up
	stopWatch  context.CancelFunc
	background sync.WaitGroup
}

// New reads the links from the store. It sends no request.
func New(cfg Config) (*Engine, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
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
	catalog, err := i18n.Load()
	if err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, catalog: catalog, serial: newSerial(queueLimit),
		commands: commands(), byName: make(map[string]*command),
		adapters: make(map[string]Adapter), dialogues: make(map[dialogueKey]*dialogue),
		wake: make(chan struct{}, 1), stopWatch: func() {},
	}
	for i := range e.commands {
		for _, name := range e.commands[i].names() {
			e.byName[name] = &e.commands[i]
		}
	}
	if _, err := io.ReadFull(cfg.Rand, e.salt[:]); err != nil {
		return nil, fmt.Errorf("core: random: %w", err)
	}
	if err := errors.Join(e.loadLinks(), e.loadShowings()); err != nil { // one damaged record must not keep the others from working
		cfg.Log.Error("some linked accounts could not be read", "error", err)
	}
	if err := e.recoverTopUps(); err != nil { // before any message can begin another
		return nil, fmt.Errorf("core: recover top-ups: %w", err)
	}
	return e, nil
}

func (e *Engine) loadLinks() error {
	var all []link
	err := e.cfg.Store.View(func(tx Tx) error {
		return links.each(tx, func(_ string, l link) error {
			all = append(all, l)
			return nil
		})
	})
	for _, l := range all {
		e.adopt(l)
	}
	return err
}

// Start begins the work that nobody asks for: looking up top-ups whose outcome is unknown, and cleaning
// up what has expired. Shutdown ends it.
func (e *Engine) Start(ctx context.Context) {
	ctx, e.stopWatch = context.WithCancel(ctx)
	e.background.Go(func() { e.watch(ctx) })
}

// Shutdown refuses new messages, lets those taken be answered, and ends the background work. When ctx
// ends first, its cause is returned and answers may be missing.
func (e *Engine) Shutdown(ctx context.Context) error {
	err := e.serial.shutdown(ctx)
	e.stopWatch()
	e.background.Wait()
	return err
}

// Handler registers an adapter and returns what its Run passes messages to.
func (e *Engine) Handler(a Adapter) Handler {
	e.mu.Lock()
	e.adapters[a.Name()] = a
	e.mu.Unlock()
	return func(m Message, done func()) error {
		err := e.serial.do(m.Chat, func() {
			defer done()
			e.handle(a, m)
		})
		if !errors.Is(err, errBusy) {
			return err
		}
		return e.serial.aside(func() {
			defer done()
			e.refuseBusy(a, m)
		})
	}
}

// now is the time where the schools are.
func (e *Engine) now() time.Time { return e.cfg.Now().In(e.cfg.Location) }

// newID makes an opaque identifier of 32 hexadecimal digits.
func (e *Engine) newID() string {
	var id [16]byte
	if _, err := io.ReadFull(e.cfg.Rand, id[:]); err != nil {
		panic("core: no randomness: " + err.Error())
	}
	return hex.EncodeToString(id[:])
}

// logger is the log of one chat: the chat is told from others, but not named.
func (e *Engine) logger(chat ChatID) *slog.Logger {
	sum := sha256.Sum256([]byte(string(e.salt[:]) + chat.Platform + "\x00" + chat.ID))
	return e.cfg.Log.With("platform", chat.Platform, "chat", hex.EncodeToString(sum[:4]))
}

// handle answers one message. It ends with its panics.
func (e *Engine) handle(a Adapter, m Message) {
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	t, err := e.newTurn(a, m)
	if err != nil {
		e.logger(m.Chat).Error("settings unreadable", "error", err)
	}
	defer func() {
		if cause := recover(); cause != nil { // its text may hold anything: only its type is logged
			t.log.Error("panic", "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
			t.send(ctx, t.unexpected())
		}
	}()
	reply, err := t.answer(ctx)
	if err != nil {
		reply = t.explain(err)
	}
	if reply.Empty() {
		return
	}
	t.send(ctx, reply)
}

func (e *Engine) refuseBusy(a Adapter, m Message) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	t, _ := e.newTurn(a, m) // the default language will do
	t.send(ctx, t.plain("busy"))
}
