package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/core/outbox"
	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/vault"
)

// platform is a pretend platform.
type platform struct {
	name  string
	knows bool // messages again by their keys

	mu      sync.Mutex
	away    bool
	fails   map[string]error         // by chat or by text
	slow    map[string]chan struct{} // by text: not before it is closed
	during  map[string]func()        // by text: happens while it is sent
	tried   []said
	shown   []said // what people see
	keys    map[string]bool
	most    int // at the same time
	running int
}

// said is a message on its way.
type said struct {
	to chat.Target
	r  chat.Reply
	at time.Time
}

func (s said) text() string {
	var all []string
	for _, l := range s.r.Body {
		all = append(all, l.Text)
	}
	return strings.Join(all, " ")
}

func newPlatform(name string) *platform {
	return &platform{
		name: name, fails: make(map[string]error), slow: make(map[string]chan struct{}),
		during: make(map[string]func()), keys: make(map[string]bool),
	}
}

func (p *platform) Name() string                            { return p.name }
func (p *platform) Run(context.Context, chat.Handler) error { return nil }

func (p *platform) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	p.mu.Lock()
	s := said{to, r, time.Now()}
	p.tried = append(p.tried, s)
	p.running++
	p.most = max(p.most, p.running)
	wait, during := p.slow[s.text()], p.during[s.text()]
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.running--
		p.mu.Unlock()
	}()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return fmt.Errorf("gave up: %w", ctx.Err())
		}
	}
	if during != nil {
		during()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.away:
		return fmt.Errorf("%w: no answer", chat.ErrNotReached)
	case p.fails[to.Chat.ID] != nil:
		return p.fails[to.Chat.ID]
	case p.fails[s.text()] != nil:
		return p.fails[s.text()]
	}
	if p.knows && p.keys[to.Key] {
		return nil
	}
	p.keys[to.Key] = true
	p.shown = append(p.shown, s)
	return nil
}

func (p *platform) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// saw are the texts that people see in a chat, in order.
func (p *platform) saw(c string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, s := range p.shown {
		if s.to.Chat.ID == c {
			all = append(all, s.text())
		}
	}
	return strings.Join(all, " ")
}

// keysOf are the keys with which a text was tried.
func (p *platform) keysOf(text string) (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.tried {
		if s.text() == text {
			all = append(all, s.to.Key)
		}
	}
	return all
}

func (p *platform) tries() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.tried)
}

// rig is an outbox with a platform. It lives in a bubble of synctest.
type rig struct {
	t    *testing.T
	s    store.Store
	p    *platform
	o    *outbox.Outbox
	log  *strings.Builder
	stop func()
	skew time.Duration // of the outbox's clock

	quiet func(time.Time) time.Time
}

// newRig makes an outbox over a vault that runs each closure twice.
func newRig(t *testing.T) *rig {
	t.Helper()
	return rigOver(t, storetest.Damageable{Store: storetest.Twice(newVault(t))})
}

func rigOver(t *testing.T, s store.Store) *rig {
	t.Helper()
	r := &rig{t: t, s: s, p: newPlatform("test"), log: new(strings.Builder), stop: func() {}}
	r.open()
	t.Cleanup(func() { r.stop() })
	return r
}

func newVault(t *testing.T) *vault.Vault {
	t.Helper()
	key, err := vault.NewKey(nil)
	must(t, err)
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	return v
}

// open makes the outbox, as a start of the program does.
func (r *rig) open() {
	r.t.Helper()
	o, err := outbox.New(outbox.Config{
		Store: r.s, Now: func() time.Time { return time.Now().Add(r.skew) }, Quiet: r.quiet,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	must(r.t, err)
	r.o = o
	r.o.Attach(r.p)
}

// run starts Run, and waits until it has done what it can.
func (r *rig) run() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.o.Run(ctx)
	}()
	r.stop = func() {
		cancel()
		<-ended
		r.stop = func() {}
	}
	synctest.Wait()
}

// restart stops everything and starts again.
func (r *rig) restart() {
	r.t.Helper()
	r.stop()
	r.open()
	r.run()
}

// wait lets time pass, and waits until all has been done that is due.
func (r *rig) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *rig) update(fn func(store.Tx) error) {
	r.t.Helper()
	must(r.t, r.s.Update(fn))
	r.o.Wake()
	synctest.Wait()
}

// put puts a letter that says its name.
func (r *rig) put(c, text string, change ...func(*outbox.Letter)) {
	r.t.Helper()
	r.update(func(tx store.Tx) error { return r.o.Put(tx, letter(c, text, change...)) })
}

// send sends a reply that says its name.
func (r *rig) send(c, text string) error {
	r.t.Helper()
	err := r.o.Send(context.Background(), target(c), reply(text))
	synctest.Wait()
	return err
}

// back lets the platform be there again, and waits until it has been tried.
func (r *rig) back() {
	r.p.set(func() { r.p.away = false })
	r.wait(6 * time.Minute)
}

func (r *rig) leave() { r.p.set(func() { r.p.away = true }) }

// records counts what is stored.
func (r *rig) records() (n int) {
	r.t.Helper()
	must(r.t, r.s.View(func(tx store.Tx) error {
		for _, bucket := range []string{"letters", "letters_posted", "letters_about", "letters_moved", "gone"} {
			damaged, err := tx.All(bucket, func(_, _ string, _ []byte) error { n++; return nil })
			if n += damaged; err != nil {
				return err
			}
		}
		return nil
	}))
	return n
}

func (r *rig) saw(c, want string) {
	r.t.Helper()
	is(r.t, "seen in "+c, r.p.saw(c), want)
}

func chatOf(name string) chat.ChatID { return chat.ChatID{Platform: "test", ID: name} }

func target(c string) chat.Target { return chat.Target{Chat: chatOf(c), Private: true} }

func reply(text string) chat.Reply {
	return chat.Reply{Body: []chat.Line{{Text: text}}, Choices: []chat.Choice{{ID: "choice", Label: "Choose"}}}
}

func letter(c, text string, change ...func(*outbox.Letter)) outbox.Letter {
	l := outbox.Letter{ID: c + "/" + text, To: target(c), Reply: reply(text)}
	for _, f := range change {
		f(&l)
	}
	return l
}

func notBefore(d time.Duration) func(*outbox.Letter) {
	return func(l *outbox.Letter) { l.NotBefore = time.Now().Add(d) }
}

func until(d time.Duration) func(*outbox.Letter) {
	return func(l *outbox.Letter) { l.Until = time.Now().Add(d) }
}

func aboutAccount(id string) func(*outbox.Letter) {
	return func(l *outbox.Letter) { l.Account = id }
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func fails(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}
