//go:build goolm

package matrix

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/util/exsync"

	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/chat"
	"cartable/core/secret"
	"cartable/core/store"
)

// Platform is the platform of the adapter's chats and people.
const Platform = "matrix"

// deviceName is how other clients list the bot's device. Old devices are told by it from those of people who
// use the account by hand.
const deviceName = "Cartable"

// Config is what an Adapter is made of. Homeserver, User, Vault and Core are required. Until a login has succeeded, and
// again when the server has forgotten it, Password or Token is too, unless Login has been used.
type Config struct {
	Homeserver  string // base address, such as "https://matrix.example.org"
	User        string // "@cartable:example.org" or "cartable"
	Password    secret.Text
	Token       secret.Text // an access token, instead of a login by password
	RecoveryKey secret.Text // of an identity that the account has already and the vault does not hold

	Vault      store.Store
	Core       Core
	HTTPClient *http.Client
	Log        *slog.Logger     // default: nothing is logged
	Now        func() time.Time // default time.Now
	MaxMembers int              // of a room, besides those with an admin in it; default 50
}

// Core is what the adapter asks of the engine. Its methods do not call back.
type Core interface {
	Admitted(chat.PersonID) (bool, error)
	Takes(chat.Message) bool // asked before a message is stored; what it does not take is forgotten
	Admin(chat.PersonID) bool
	Words(chat chat.ChatID, what chat.Notice, args ...any) string
	Disown(context.Context, chat.PersonID) error
	Present(chat chat.ChatID, present bool) error
	MoveChat(old, to chat.ChatID) error
}

const defaultMaxMembers = 50

// Adapter is a chat.Adapter for one account.
type Adapter struct {
	cfg   Config
	log   *slog.Logger
	store *cryptostore.Store

	mu     sync.Mutex // guards handle; held while a message is stored and handed over, which keeps their order
	handle chat.Handler

	switching sync.Mutex    // guards what follows
	current   *connection   // nil until the first response of the first connection
	switched  chan struct{} // closed when current changes

	inbox    *inbox
	rooms    *rooms
	offers   *offers
	limiter  *limiter
	tokens   *tokens
	traffic  *traffic
	counters counters
	missed   atomic.Bool // an event could not be decided on, and has to be read again
	entering *exsync.KeyedMutex[id.RoomID]
	sealing  *exsync.KeyedMutex[id.RoomID]
	pulse    chat.Pulse
	untold   time.Duration // how long a message may stay unreadable before that is told

	life   context.Context // of what nobody waits for
	end    context.CancelFunc
	ending sync.Mutex // held while work is begun, and while life ends
	work   sync.WaitGroup
}

// New checks the settings and reads what is in the vault. It sends no request.
func New(cfg Config) (*Adapter, error) {
	base, err := url.Parse(strings.TrimRight(cfg.Homeserver, "/"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("matrix: the address of the homeserver must be http or https, a host and nothing secret")
	}
	cfg.Homeserver = base.String()
	if cfg.User == "" {
		return nil, errors.New("matrix: the name of the bot's account is missing")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Timeout: requestLimit}
	}
	if cfg.MaxMembers == 0 {
		cfg.MaxMembers = defaultMaxMembers
	}
	a := &Adapter{cfg: cfg, log: cfg.Log.With("platform", Platform), switched: make(chan struct{})}
	a.entering, a.sealing = exsync.NewKeyedMutex[id.RoomID](), exsync.NewKeyedMutex[id.RoomID]()
	if a.store, err = openStore(cfg.Vault, a.log); err != nil {
		return nil, fmt.Errorf("matrix: read the store: %w", err)
	}
	if n := a.store.Unreadable(); n > 0 {
		a.log.Error("records of the store cannot be read, and are left out", "count", n)
	}
	v := cryptostore.Bounded(cfg.Vault)
	a.inbox = newInbox(v, a.store)
	a.rooms = newRooms(v, a.log)
	a.offers = newOffers(v, cfg.Now)
	a.untold = untoldFor
	a.limiter, a.traffic = newLimiter(cfg.Now), newTraffic()
	a.tokens = &tokens{a: a, base: cfg.HTTPClient}
	a.life, a.end = context.WithCancel(context.Background())
	return a, nil
}

// Name implements chat.Adapter.
func (*Adapter) Name() string { return Platform }

// Heard returns the time of the homeserver's last answer to a sync that was taken in, and what has gone wrong since.
func (a *Adapter) Heard() (at time.Time, trouble error) { return a.pulse.Heard() }

// Confirms implements chat.Confirmer: by an encrypted vote or a code.
func (*Adapter) Confirms() {}

// Mark implements chat.Marker: clients refuse slash commands that they do not know.
func (*Adapter) Mark() string { return "!" }

// ExposedIn implements chat.ExposedChat: the homeserver reads what is not encrypted.
func (a *Adapter) ExposedIn(chat chat.ChatID) bool {
	encrypted, err := a.store.IsEncrypted(context.Background(), id.RoomID(chat.ID))
	return err != nil || !encrypted
}

// Close ends what is still under way and waits for it. Call it when Run has returned and the engine is shut
// down; nothing works afterwards.
func (a *Adapter) Close() error {
	a.ending.Lock()
	a.end()
	a.ending.Unlock()
	a.work.Wait()
	return nil
}

// use makes l the connection that everything goes through, unless it has ended meanwhile. It knows the rooms by
// then.
func (a *Adapter) use(l *connection) {
	a.switching.Lock()
	defer a.switching.Unlock()
	if a.current == l || l.ended() {
		return
	}
	a.current = l
	close(a.switched)
	a.switched = make(chan struct{})
}

// inUse tells whether there is a connection that everything goes through.
func (a *Adapter) inUse() bool {
	a.switching.Lock()
	defer a.switching.Unlock()
	return a.current != nil
}

// uses tells whether l is that connection.
func (a *Adapter) uses(l *connection) bool {
	a.switching.Lock()
	defer a.switching.Unlock()
	return a.current == l
}

// connected waits for a connection, other than the one that is of no more use; nil for any.
func (a *Adapter) connected(ctx context.Context, useless *connection) (*connection, error) {
	for {
		a.switching.Lock()
		l, changed := a.current, a.switched
		a.switching.Unlock()
		if l != useless {
			return l, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("matrix: not connected: %w", context.Cause(ctx))
		case <-a.life.Done():
			return nil, errors.New("matrix: closed")
		}
	}
}

// background runs f where nobody waits for it but Close.
func (a *Adapter) background(f func(ctx context.Context)) {
	a.ending.Lock()
	defer a.ending.Unlock()
	if a.life.Err() == nil {
		a.work.Go(func() {
			defer a.recovered("background work")
			f(a.life)
		})
	}
}

// recovered ends a panic. Its text may hold anything: only its type is logged.
func (a *Adapter) recovered(what string) {
	if cause := recover(); cause != nil {
		a.log.Error("panic", "in", what, "type", fmt.Sprintf("%T", cause))
	}
}

func chatOf(room id.RoomID) chat.ChatID { return chat.ChatID{Platform: Platform, ID: room.String()} }

func personOf(user id.UserID) chat.PersonID {
	return chat.PersonID{Platform: Platform, ID: user.String()}
}

// counters are what an operator may want to know. Read them with Counts.
type counters struct{ messages, unreadable, refused, flood atomic.Uint64 }

// Counts says how many events there were since the start: "messages" handed to the core, presses included;
// "unreadable" that could not be decrypted; "refused" that were not obeyed, because they were clear in an
// encrypted room or came from a device that is not trusted; "flood" of people who write too much.
func (a *Adapter) Counts() map[string]uint64 {
	return map[string]uint64{
		"messages": a.counters.messages.Load(), "unreadable": a.counters.unreadable.Load(), "refused": a.counters.refused.Load(),
		"flood": a.counters.flood.Load(),
	}
}
