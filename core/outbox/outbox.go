// Package outbox keeps what is to be said until the platform has it. It knows nothing of why it is said.
//
// A letter is written in the transaction that makes it true, or when a reply could not be delivered, and removed once
// the platform has taken it: it is sent at least once. Its ID goes along as the key of the message. Where the platform
// knows messages again by their key, as Matrix does, nobody sees one twice. Telegram does not: there a message comes
// twice if its answer was lost on the way, or if the program dies between the answer and the removal, which is one
// write.
//
// The letters of a chat go in the order in which they were put, and before a new reply. Two kinds do not hold back
// those behind them: one that is not to be sent yet, which goes when its time has come, and one that the platform has
// refused, which is tried again later and given up after some tries. One that the platform did not take because it
// could not be reached holds back all behind it.
package outbox

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// Letter is something that is still to be said.
type Letter struct {
	ID    string      `json:"id"` // also the key of the message: no two have the same, in whichever chats
	To    chat.Target `json:"to"`
	Reply chat.Reply  `json:"reply"`
	Since time.Time   `json:"since"` // when it was put

	NotBefore time.Time `json:"not_before,omitzero"`
	Until     time.Time `json:"until,omitzero"` // it has lost its sense then

	// Unasked says that nobody waits for it: it is not sent at an hour when people sleep, also where it could not be
	// delivered by day.
	Unasked bool `json:"unasked,omitempty"`

	Account string `json:"account,omitempty"` // that it is about; it goes with it
	Tries   int    `json:"tries,omitempty"`   // that were its own fault
}

const (
	keepReply  = 24 * time.Hour     // how long an answer makes sense
	keepLetter = 7 * 24 * time.Hour // a letter that does not say itself
	maxLetters = 50                 // of one chat; then the oldest are dropped
	maxBytes   = 256 << 10          // of text in the letters of one chat; the same
	maxLetter  = 64 << 10           // bytes of text
	maxTries   = 5                  // that a platform refuses a letter
	maxMisses  = 12                 // that it alone is not taken, for longer than patience
	patience   = time.Hour          // for a platform that comes and goes looks like that
)

var (
	// ErrNotKept refuses a letter that asks something, for its question would be over by then, or has a file.
	ErrNotKept = errors.New("outbox: a reply that asks something or has a file is not kept")
	// ErrTooLarge refuses a letter that is too long.
	ErrTooLarge = errors.New("outbox: letter too large")
	// ErrNoAdapter says that nobody sends to the platform of a chat.
	ErrNoAdapter = errors.New("outbox: no such platform")
)

// Config is what an Outbox is made of. Store is required.
type Config struct {
	Store store.Store
	Now   func() time.Time // default time.Now
	Rand  io.Reader        // default crypto/rand
	Log   *slog.Logger     // default: nothing is logged
	// Quiet tells until when nobody is to be told unasked, zero for now; default: everybody always may be.
	Quiet func(at time.Time) (until time.Time)
}

// Outbox sends, and keeps what could not be sent. Its methods may be called from several goroutines.
type Outbox struct {
	cfg  Config
	wake chan struct{}

	reading sync.Mutex // held from the reading of letters until boxes are set: an older reading never wins

	mu        sync.Mutex // guards what follows; nobody who holds it uses the store
	platforms map[string]*platform
	boxes     map[chat.ChatID]*box
	lanes     map[chat.ChatID]*lane
	flights   map[string]flight // of letters that are on their way or need not go any more, by name
	last      int64             // of the names
	count     int               // of all letters in the boxes
	dropped   int
	damaged   int
}

// New reads which letters wait.
func New(cfg Config) (*Outbox, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Quiet == nil {
		cfg.Quiet = func(time.Time) time.Time { return time.Time{} }
	}
	o := &Outbox{
		cfg: cfg, wake: make(chan struct{}, 1), platforms: make(map[string]*platform), boxes: make(map[chat.ChatID]*box),
		lanes: make(map[chat.ChatID]*lane), flights: make(map[string]flight),
	}
	if err := load(o); err != nil {
		return nil, err
	}
	if n := o.Damaged(); n > 0 {
		cfg.Log.Error("some letters cannot be read", "count", n)
	}
	return o, nil
}

// Attach lets an adapter send. Letters to a platform without one wait.
func (o *Outbox) Attach(a chat.Adapter) {
	o.mu.Lock()
	o.platform(a.Name()).adapter = a
	o.mu.Unlock()
	o.Wake()
}

// Len counts the letters that wait, as of the last look.
func (o *Outbox) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count
}

// Waits tells whether letters of a chat wait to be sent.
func (o *Outbox) Waits(c chat.ChatID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.boxes[c]
	return b != nil && b.count > 0
}

// Dropped counts the letters that were given up since the start: too old, too many, refused, or to a chat that is
// gone or not private any more.
func (o *Outbox) Dropped() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.dropped
}

// Damaged counts the letters that could not be read at the start.
func (o *Outbox) Damaged() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.damaged
}

// Wake has Run look which letters were put. Whoever has committed a Put or a MoveChat calls it.
func (o *Outbox) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// drop counts and logs letters that are given up.
func drop(o *Outbox, n int, why string) {
	if n == 0 {
		return
	}
	o.mu.Lock()
	o.dropped += n
	o.mu.Unlock()
	o.cfg.Log.Warn("letters dropped", "count", n, "why", why)
}

// asks tells whether a reply is one that cannot wait.
func asks(r chat.Reply) bool { return r.Expect != chat.ExpectNothing || r.File != nil }

// due is when a letter may be sent, as of now.
func due(o *Outbox, l Letter, now time.Time) time.Time {
	if !l.Unasked {
		return l.NotBefore
	}
	return later(l.NotBefore, o.cfg.Quiet(later(l.NotBefore, now)))
}

// in tells whether a letter is to be sent at a time.
func (l Letter) in(o *Outbox, now time.Time) bool { return !due(o, l, now).After(now) && !l.over(now) }

// over tells whether a letter has lost its sense.
func (l Letter) over(now time.Time) bool { return !now.Before(l.Until) }
