package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	simtelegram "cartable/sim/telegram"
	"cartable/vault"
)

// stuck is a platform on which one command never ends, as with a school that never answers.
type stuck struct {
	counting
	release chan struct{}
}

func (p *stuck) Run(ctx context.Context, handle chat.Handler) error {
	id := chat.PersonID{Platform: p.Name(), ID: "@ana:example.org"}
	err := handle(chat.Message{Chat: chat.ChatID(id), Person: id, Private: true, Text: "/aide"}, func() {})
	<-ctx.Done()
	return err
}

func (p *stuck) Send(context.Context, chat.Target, chat.Reply) error {
	<-p.release
	return nil
}

// silent is a listener to which nobody speaks.
type silent struct {
	closed chan struct{}
	once   sync.Once
}

func newSilent() *silent { return &silent{closed: make(chan struct{})} }

func (l *silent) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l *silent) Addr() net.Addr            { return &net.TCPAddr{} }

func (l *silent) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// emptyVault is an empty one, to be closed by the test.
func emptyVault(t *testing.T) *vault.Vault {
	t.Helper()
	key, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestStopIsBounded has a command under way that never ends: a container engine kills after ten seconds.
func TestStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := emptyVault(t)
		defer v.Close()
		cfg, log := defaults(), slog.New(slog.DiscardHandler)
		engine, err := cfg.engine(v, log, nil, outside{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := &stuck{release: make(chan struct{})}
		defer close(p.release)
		platforms := []platform{p}
		internal := &web{listener: newSilent(), ended: make(chan error, 1)}
		internal.serve(http.NotFoundHandler(), log)
		defer internal.close()
		h := newHealth(log)
		h.begin(platforms, v)
		s := service{engine: engine, platforms: platforms, health: h, internal: internal}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.serve(ctx) }()
		synctest.Wait()
		asked := time.Now()
		stop()
		err = <-ended
		if took := time.Since(asked); took > 8*time.Second {
			t.Errorf("took %v", took)
		}
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

// clogged is a platform that takes nothing for one chat until it is released.
type clogged struct {
	counting
	chat    string
	release chan struct{}
}

func (p *clogged) Run(ctx context.Context, _ chat.Handler) error { <-ctx.Done(); return nil }

func (p *clogged) Send(_ context.Context, to chat.Target, _ chat.Reply) error {
	if to.Chat.ID == p.chat {
		<-p.release
	}
	return nil
}

// TestNewMessagesWaitHalfAMinute for one that was left over and may end the program; those of its chat wait longer.
func TestNewMessagesWaitHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := emptyVault(t)
		defer v.Close()
		engine, err := defaults().engine(v, slog.New(slog.DiscardHandler), nil, outside{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := &clogged{chat: "slow", release: make(chan struct{})}
		handle := engine.Handler(p)
		var mu sync.Mutex
		var done []string
		pass := func(where, left string) {
			c := chat.ChatID{Platform: p.Name(), ID: where}
			if err := handle(chat.Message{Chat: c, Person: chat.PersonID(c), Private: true, Text: "/aide", Left: left}, func() {
				mu.Lock()
				defer mu.Unlock()
				done = append(done, where)
			}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		wants := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if slices.Sort(done); !slices.Equal(done, want) {
				t.Errorf("done %q, want %q", done, want)
			}
		}
		pass("slow", "1")
		pass("left", "2")
		pass("other", "")
		pass("slow", "")
		time.Sleep(29 * time.Second)
		wants()
		time.Sleep(2 * time.Second)
		wants("other")
		close(p.release)
		time.Sleep(time.Second)
		wants("left", "other", "slow", "slow")
		if err := engine.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// moody is a school that answers, or takes each request and never does.
type moody struct {
	school http.Handler
	silent atomic.Bool
	asked  chan struct{} // gets a value when a request is left without an answer
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !m.silent.Load() {
		m.school.ServeHTTP(w, r)
		return
	}
	select {
	case m.asked <- struct{}{}:
	default:
	}
	_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the client has gone
	<-r.Context().Done()
}

// moodyFamily is the built program, and Anna who has linked an account of a moody school.
func moodyFamily(t *testing.T) (school *moody, tg *simtelegram.Server, private *simtelegram.Seat, environ []string, bot *process) {
	t.Helper()
	s := startSims(t)
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	school = &moody{school: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }}, asked: make(chan struct{}, 1)}
	front := httptest.NewServer(school)
	t.Cleanup(front.Close)
	tg = simtelegram.Start(t, simtelegram.Config{})
	environ = append(
		s.environ, "CARTABLE_DATA="+filepath.Join(t.TempDir(), "data"), "CARTABLE_LISTEN_INTERNAL=127.0.0.1:0", "CARTABLE_LOG=debug",
		"CARTABLE_TELEGRAM_TOKEN="+tg.Token(), "CARTABLE_TELEGRAM_API="+tg.URL, "CARTABLE_ADMINS=telegram:1001",
	)
	bot = startBot(t, environ...)
	private = tg.User(1001, "Anna", "fr").Private()
	private.Say("/connexion pronote")
	private.WaitFor("bout en bout")
	private.Say(front.URL + "/2026/pronote/parent.html")
	private.WaitFor("identifiant")
	private.Say("Claire.ROUSSEL")
	private.WaitFor("mot de passe")
	private.Say(schoolPassword)
	private.WaitFor("Compte PRONOTE relié")

	return school, tg, private, environ, bot
}

// TestStopWhileASchoolNeverAnswers stops the built program with a question to the school under way and another behind
// it: it ends in time, and both are answered after the next start, once.
func TestStopWhileASchoolNeverAnswers(t *testing.T) {
	school, tg, private, environ, bot := moodyFamily(t)
	school.silent.Store(true)
	before := len(private.Messages())
	private.Say("/notes")
	<-school.asked
	private.Say("/aide")
	tg.WaitConfirmed()
	began := time.Now()
	bot.stop()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stop took %v", took)
	}
	school.silent.Store(false)
	bot = startBot(t, environ...)
	private.WaitFor("Ce que je sais faire")
	var told []string
	for _, m := range private.Messages()[before:] {
		told = append(told, m.Text)
	}
	all := strings.Join(told, "\n---\n")
	for text, n := range map[string]int{"Dernières notes": 1, "Ce que je sais faire": 1, "joindre": 0} {
		if got := strings.Count(all, text); got != n {
			t.Errorf("%q %d times, want %d, in:\n%s", text, got, n, all)
		}
	}
	bot.stop()
}

// TestKilledTwiceInAMessage kills the built program over a message, and over the same one again: the next start sets it
// aside and goes on.
func TestKilledTwiceInAMessage(t *testing.T) {
	school, tg, private, environ, bot := moodyFamily(t)
	school.silent.Store(true)
	private.Say("/notes")
	<-school.asked
	tg.WaitConfirmed()
	bot.kill()
	bot = startBot(t, environ...)
	<-school.asked // it is tried again
	private.Say("/aide")
	tg.WaitConfirmed()
	bot.kill()
	bot = startBot(t, environ...)
	private.WaitFor("arrêté net deux fois")
	private.WaitFor("Ce que je sais faire")
	internal, _ := bot.addresses()
	if _, counts := fetch(t, "GET", internal+metricsPath); !strings.Contains(counts, "cartable_messages_set_aside_total 1") {
		t.Errorf("not counted in\n%s", counts)
	}
	bot.stop()
}
