// Package telegram is a pretend Telegram Bot API server for tests, written from the public
// documentation of the Bot API (https://core.telegram.org/bots/api). It keeps the state that Telegram
// would keep (people, chats, messages, the queue of updates, webhook, menus, files), refuses what
// Telegram refuses with Telegram's own codes and descriptions, and has a people side, so that a test
// reads like a chat:
//
//	tg := telegram.Start(t, telegram.Config{})
//	anna := tg.User(1001, "Anna", "fr")
//	p := anna.Private()
//	p.Say("/edt")
//	p.WaitFor("Mathématiques")
//	p.Press("Semaine")
//
// It imports nothing of the bot nor of the client library, so that both are tested against what the
// documentation says and not against their own idea of it. Where it differs from Telegram on purpose:
// MarkdownV2 and Markdown are refused, a plain http webhook is accepted, a webhook's answer is not read
// for a method call, entities are detected in people's messages only (commands, mentions, links), a repeated
// 409 is not delayed, and a poll that repeats its offset gets all updates at once, where Telegram gives one.
package telegram

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// DefaultToken is the bot's token when Config names none. It has the form of a real one.
const DefaultToken = "700000001:AAtelegramtest-only_0123456789abcdef"

// Config sets a server up; the zero value of each field is a useful default.
type Config struct {
	Token       string                        // default DefaultToken; the digits before the colon are the bot's id
	BotUsername string                        // default "cartable_test_bot"
	Now         func() time.Time              // default time.Now; used for dates, ages, limits and the journal
	FirstUpdate int64                         // id of the first update, default 100001
	MaxPoll     time.Duration                 // bounds the long poll, in real time; default and at most 50 s
	Wait        time.Duration                 // how long the Wait methods wait, in real time; default 10 s
	QueryTTL    time.Duration                 // how long a press can be answered, by Now; default 15 s
	Limits      Limits                        // flood limits, by Now; default none
	NoPrivacy   bool                          // the bot sees all talk of groups, as with privacy mode turned off
	WebhookHTTP *http.Client                  // delivers to the webhook; default a client with 10 s per call
	Retry       time.Duration                 // pause before a refused webhook delivery is repeated; default 20 ms
	Fail        func(format string, a ...any) // reports misuse and waits that failed; default panic, Start sets t.Fatalf
}

// Server is the pretend Bot API. All methods can be called from any goroutine. It writes no log.
type Server struct {
	URL string // base URL, set by Start

	conf   Config
	bot    *User
	closed chan struct{}
	close  sync.Once
	work   sync.WaitGroup // webhook delivery

	mu       sync.Mutex
	revision int64 // number of changes of chats, for "since the person's last act"
	users    map[int64]*User
	chats    map[int64]*chat
	nextID   int   // message ids of private chats and basic groups share one sequence
	groups   int64 // number of groups made
	queue    queue
	hook     webhook
	queries  map[string]*Press
	files    files
	profile  profile
	faults   []*scripted
	journal  []Call
	counts   map[string]int // calls by lower-case method
	logged   signal
	limiter  limiter
}

// New returns a server that is to be mounted at the root of an http server. Call Close before closing
// that one, which would otherwise wait for the long polls.
func New(c Config) *Server {
	s := &Server{
		conf:    withDefaults(c),
		closed:  make(chan struct{}),
		users:   map[int64]*User{},
		chats:   map[int64]*chat{},
		queries: map[string]*Press{},
		counts:  map[string]int{},
		files:   newFiles(),
		profile: newProfile(),
	}
	s.bot = &User{s: s, ID: tokenID(s.conf.Token), Name: "Cartable", username: s.conf.BotUsername, isBot: true}
	s.users[s.bot.ID] = s.bot
	s.queue = queue{next: s.conf.FirstUpdate, byID: map[int64]*update{}}
	s.limiter = limiter{limits: s.conf.Limits, sent: map[int64][]time.Time{}}
	return s
}

// Start serves a new server on a loopback address until the test ends; waits that fail end the test.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	if c.Fail == nil {
		c.Fail = t.Fatalf
	}
	s := New(c)
	h := httptest.NewServer(s)
	s.URL = h.URL
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return s
}

// Token is the bot's token.
func (s *Server) Token() string { return s.conf.Token }

// Close ends the long polls, held calls and webhook delivery, and waits for the latter.
func (s *Server) Close() {
	s.close.Do(func() { close(s.closed) })
	s.mu.Lock()
	s.hook.stop()
	s.mu.Unlock()
	s.work.Wait()
}

// String keeps the token out of a printed server.
func (s *Server) String() string { return "telegram.Server" }

func withDefaults(c Config) Config {
	if c.Token == "" {
		c.Token = DefaultToken
	}
	if c.BotUsername == "" {
		c.BotUsername = "cartable_test_bot"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.FirstUpdate == 0 {
		c.FirstUpdate = 100001
	}
	if c.MaxPoll <= 0 || c.MaxPoll > 50*time.Second {
		c.MaxPoll = 50 * time.Second
	}
	if c.Wait <= 0 {
		c.Wait = 10 * time.Second
	}
	if c.QueryTTL <= 0 {
		c.QueryTTL = 15 * time.Second
	}
	if c.WebhookHTTP == nil {
		c.WebhookHTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if c.Retry <= 0 {
		c.Retry = 20 * time.Millisecond
	}
	if c.Fail == nil {
		c.Fail = func(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }
	}
	return c
}
