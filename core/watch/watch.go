// Package watch is the clock: it looks at the accounts that people have linked, tells them once what has changed, at a
// decent hour, has lost top-ups looked up, and does what is to be done from time to time. It knows neither how to read
// nor how to send.
package watch

import (
	"log/slog"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/outbox"
	"cartable/core/rights"
	"cartable/core/store"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/i18n"
)

// Config is what a Watch is made of. What has no default is required.
type Config struct {
	Store  store.Store
	Rights *rights.Rights
	Family *family.Family
	Wallet *wallet.Wallet
	Outbox *outbox.Outbox

	// Printer makes sentences in the language of a chat, which it reads in tx: within a transaction no other may begin.
	Printer func(tx store.Tx, c chat.ChatID) *i18n.Printer
	// Cmd is a command, by its French name, as people of a chat type it.
	Cmd func(p *i18n.Printer, c chat.ChatID, name string) string
	// Offer writes what a button does: an action, or ActionRun. account is what it is about.
	Offer func(tx store.Tx, c chat.ChatID, person chat.PersonID, label, action, arg, account string) (chat.Choice, error)

	Now  func() time.Time // default time.Now
	Log  *slog.Logger     // default: nothing is logged
	Zone *time.Location   // of the schools; default UTC

	// Every is the time between two looks at an account. It replaces the plan, its budget and the quiet hours, for
	// tests and the demo. 0: the usual plan.
	Every time.Duration
	// Off: nobody is told anything but the outcome of a lost top-up.
	Off bool
}

// The actions of the buttons below an alert. The argument of the second and third is a Kind.
const (
	ActionRun = "run" // acts as if the argument had been typed
	ActionOff = "alert.off"
	ActionOn  = "alert.on"
)

// atOnce is how many accounts are looked at at the same time.
const atOnce = 4

// Watch does its work in Run. Its methods may be called from several goroutines.
type Watch struct {
	cfg     Config
	wake    chan struct{}
	working sync.WaitGroup

	reading sync.Mutex // held from the reading of subscriptions until the plans are set: an older reading never wins

	mu      sync.Mutex // guards what follows; nobody who holds it uses the store
	jobs    []*job
	plans   map[string]*plan // by account: those that somebody is told about
	waiting queue            // the plans of accounts that are not being looked at
	looking int
	read    bool // the subscriptions were read
	retry   time.Time
	linked  map[string]time.Time // accounts that were being linked then
	damaged int
}

// New makes a Watch. It reads nothing yet: Run does.
func New(cfg Config) *Watch {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	w := &Watch{cfg: cfg, wake: make(chan struct{}, 1), plans: make(map[string]*plan), linked: make(map[string]time.Time)}
	w.jobs = []*job{{name: "look-ups", every: longestWait, run: w.lookUp}}
	return w
}

// On tells whether people are told anything here at all.
func (w *Watch) On() bool { return !w.cfg.Off }

// now is the time where the schools are.
func now(w *Watch) time.Time { return w.cfg.Now().In(w.cfg.Zone) }

// view makes sentences for a chat.
func (w *Watch) view(tx store.Tx, c chat.ChatID, now time.Time) view.View {
	p := w.cfg.Printer(tx, c)
	return view.View{P: p, Zone: w.cfg.Zone, Now: now, Cmd: func(name string) string { return w.cfg.Cmd(p, c, name) }}
}

// Damaged counts the subscriptions that could not be read when all were read last. Nobody is told anything for them.
func (w *Watch) Damaged() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.damaged
}
