// Package telegram is the adapter for Telegram bots: it reads updates by long polling or by a webhook,
// and sends replies as HTML with inline keyboards. It knows no command and no sentence.
//
// An update is acknowledged to Telegram once it is in the store, sealed, and leaves the store once it is
// handled: after a crash what was not handled comes again. A crash between an answer and the note that it
// was given repeats the handling; that an effect happens once is then up to the core, whose choices and
// proposals change their state in the transaction that spends them.
//
// The token is part of every address of the Bot API. No error or log line of this package holds it, nor
// an address, nor an update's content: see fail.
package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cartable/core/chat"
	"cartable/core/secret"
	"cartable/core/store"
)

// Platform is the platform of the adapter's chats and people.
const Platform = "telegram"

// DefaultAPI is the Bot API server of Telegram.
const DefaultAPI = "https://api.telegram.org"

// Config is what an Adapter is made of. Token and Store are required.
type Config struct {
	Token      secret.Text
	API        string         // base address of the Bot API server; default DefaultAPI
	HTTPClient *http.Client   // its Timeout is not used: every call has a deadline of its own
	Store      store.Store    // an update may hold a password: what is kept must be sealed
	Webhook    *WebhookConfig // nil: long polling
	Log        *slog.Logger   // default: nothing is logged

	// Takes tells whether a message is to be taken in, as core.Engine.Takes does; nil for all of them. What is not is
	// forgotten at once: a flood costs no write and no answer. It is asked in the order of the messages.
	Takes func(chat.Message) bool
	// Migrate is told that a group got a new name. It may be called again for the same pair. Updates of
	// the group wait for it, and one that it fails for comes again at the next start.
	Migrate func(old, to chat.ChatID) error
	// Present is told when a person blocks the bot or lets it in again, and when a group removes or adds
	// it. It may be nil: Send notices by itself when a chat is gone.
	Present func(chat chat.ChatID, present bool) error
	// Menu gives the command list of a language, for private chats or for groups, as core.Engine.CommandList
	// does; nil for no menus.
	Menu func(lang string, private bool) []chat.Command
	// About gives what people see before they start the bot, of at most 512 characters, and what stands in
	// its profile, of at most 120, as core.Engine.About does; nil for neither.
	About func(lang string) (long, brief string)
	// Langs are the languages of Menu and About; people of all others get the first.
	Langs []string
}

// Adapter is a chat.Adapter for one bot.
type Adapter struct {
	cfg     Config
	log     *slog.Logger
	api     *api
	inbox   *inbox
	limiter *limiter

	begun   begun
	presses presses
	typists typists
	self    identity
	pulse   chat.Pulse

	counters counters

	hookSecret secret.Text  // empty without a webhook
	delivered  atomic.Int64 // when the last update came by the webhook, or else when it was set, in Unix seconds

	mu     sync.Mutex // guards handle and quit; held while updates are stored and handed over, which keeps their order
	handle chat.Handler
	quit   context.CancelFunc // ends Run

	life context.Context // of what nobody waits for
	end  context.CancelFunc
	work sync.WaitGroup // goroutines of this package that outlive the call that started them
}

var tokenForm = regexp.MustCompile(`^\d+:[\w-]{30,}$`)

// CheckToken refuses what cannot be a token, without quoting it. White space around one is left out.
func CheckToken(token secret.Text) (secret.Text, error) {
	text := strings.TrimSpace(token.Reveal())
	if !tokenForm.MatchString(text) {
		return secret.Text{}, errors.New("the token does not look like one: expected digits, a colon and at least 30 letters, digits, _ or -")
	}
	return secret.New(text), nil
}

// New checks the settings and reads what was left in the store. It sends no request. Its errors quote
// neither the token nor the address.
func New(cfg Config) (*Adapter, error) {
	var err error
	if cfg.Token, err = CheckToken(cfg.Token); err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	if cfg.API == "" {
		cfg.API = DefaultAPI
	}
	base, err := url.Parse(strings.TrimRight(cfg.API, "/"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("telegram: the address of the Bot API server must be http or https, a host and nothing secret")
	}
	if cfg.Webhook != nil {
		if err := cfg.Webhook.check(); err != nil {
			return nil, err
		}
	}
	if cfg.Store == nil {
		return nil, errors.New("telegram: no store")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &Adapter{cfg: cfg, log: cfg.Log.With("platform", Platform)}
	if a.api, err = newAPI(base.String(), cfg.Token, cfg.HTTPClient); err != nil {
		return nil, err
	}
	botID, _, _ := strings.Cut(cfg.Token.Reveal(), ":")
	if a.inbox, err = openInbox(cfg.Store, botID); err != nil { // what can be read must be handled
		a.log.Error("some stored updates cannot be read", "error", err)
	}
	if cfg.Webhook != nil {
		if a.hookSecret, err = a.inbox.webhookSecret(); err != nil {
			return nil, err
		}
	}
	a.limiter = newLimiter(floodLimits())
	a.typists.after, a.typists.every = typeAfter, typeEvery
	a.life, a.end = context.WithCancel(context.Background())
	return a, nil
}

// Name implements chat.Adapter.
func (*Adapter) Name() string { return Platform }

// Heard returns the time of Telegram's last answer to the reading of updates, and what has gone wrong since.
// With a webhook it is that of the last update, or of the last word of Telegram that it can deliver them. While
// the engine is far behind nothing is read.
func (a *Adapter) Heard() (at time.Time, trouble error) { return a.pulse.Heard() }

// counters are what an operator may want to know. Read them with Counts.
type counters struct{ messages, unreadable, refused, flood atomic.Uint64 }

// Counts says how many updates there were since the start: "messages" handed to the core, presses included;
// "unreadable" that were not understood; "refused" that came to the webhook without Telegram's secret; "flood" of
// people who write too much.
func (a *Adapter) Counts() map[string]uint64 {
	return map[string]uint64{
		"messages": a.counters.messages.Load(), "unreadable": a.counters.unreadable.Load(), "refused": a.counters.refused.Load(),
		"flood": a.counters.flood.Load(),
	}
}

// Exposed implements chat.Exposed: chats with bots are not end-to-end encrypted.
func (*Adapter) Exposed() bool { return true }

// Close ends what is still under way and waits for it. Call it when Run has returned and the engine is
// shut down; nothing works afterwards.
func (a *Adapter) Close() error {
	a.end()
	a.work.Wait()
	a.api.http.CloseIdleConnections()
	return nil
}

const (
	quickCall      = 20 * time.Second // for a call that moves no file
	redactPatience = 30 * time.Second
)

// Redact implements chat.Redacter: it deletes the person's message. In a group that takes the right to
// delete messages; without it the error says that it was refused.
func (a *Adapter) Redact(ctx context.Context, m chat.Message) error {
	chat, err := chatNumber(m.Chat)
	if err != nil {
		return err
	}
	message, err := messageNumber(m.ID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, redactPatience)
	defer cancel()
	return a.insist(ctx, func(ctx context.Context) error {
		err := a.api.deleteMessage(ctx, chat, message)
		if refusedAs(err, "message to delete not found") {
			return nil
		}
		return err
	})
}
