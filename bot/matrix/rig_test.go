//go:build goolm

package matrix

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/secret"
	"cartable/core/store/storetest"
	"cartable/vault"
)

// rig is an adapter on a fake homeserver, with a core that says what the test wants.
type rig struct {
	*Adapter
	t     testing.TB
	hs    *homeserver
	core  *fakeCore
	vault *vault.Vault
	path  string
	key   vault.Key
	cfg   Config

	stop  context.CancelFunc
	ended chan error
}

func newRig(t testing.TB) *rig {
	t.Helper()
	key, err := vault.NewKey(nil)
	noError(t, err)
	r := &rig{
		t: t, hs: newHomeserver(t), key: key, path: filepath.Join(t.TempDir(), "vault.db"),
		core: &fakeCore{heard: make(chan chat.Message, 64), admitted: map[string]bool{}, admins: map[string]bool{}},
	}
	r.cfg = Config{Homeserver: r.hs.URL, User: botName, Password: secret.New(botPassword)}
	r.open()
	t.Cleanup(func() { r.close() })
	return r
}

// open opens the vault and makes the adapter.
func (r *rig) open() {
	r.t.Helper()
	v, err := vault.Open(r.path, r.key)
	noError(r.t, err)
	r.vault = v
	r.cfg.Vault, r.cfg.Core = storetest.Twice(v), r.core
	r.Adapter, err = New(r.cfg)
	noError(r.t, err)
}

// close ends everything, as often as it is called.
func (r *rig) close() {
	if r.vault == nil {
		return
	}
	if r.stop != nil {
		_ = r.finish()
	}
	noError(r.t, r.Close())
	noError(r.t, r.vault.Close())
	r.vault = nil
}

// start runs the adapter.
func (r *rig) start() {
	var ctx context.Context
	ctx, r.stop = context.WithCancel(r.t.Context())
	r.ended = make(chan error, 1)
	run, handle := r.Adapter, r.core.handler(r.Adapter)
	go func() { r.ended <- run.Run(ctx, handle) }()
}

// connection is the one that everything goes through.
func (r *rig) connection() *connection {
	r.t.Helper()
	l, err := r.connected(r.t.Context(), nil)
	noError(r.t, err)
	return l
}

// finish asks the adapter to stop and waits for it.
func (r *rig) finish() error {
	r.stop()
	r.stop = nil
	return <-r.ended
}

// restart is a clean stop and a new start on the same vault.
func (r *rig) restart() {
	r.t.Helper()
	r.close()
	r.open()
	r.start()
}

// hear waits for the next message that reaches the core.
func (r *rig) hear() chat.Message {
	r.t.Helper()
	select {
	case m := <-r.core.heard:
		return m
	case err := <-r.ended:
		r.t.Fatalf("the adapter ended: %v", err)
	case <-time.After(10 * time.Second):
		r.t.Fatal("nothing reached the core")
	}
	return chat.Message{}
}

// hearsNothing makes sure that nothing has reached the core before a message that does.
func (r *rig) hearsNothing(room, until string) {
	r.t.Helper()
	r.hs.syncs <- joins(room, nil, []object{messageEvent("$until-"+until, "@ana:example.org", until)})
	if m := r.hear(); m.Text != until {
		r.t.Errorf("the core heard %q", m.Text)
	}
}

// reads gives the bot a response, and waits until it asks for the next one.
func (r *rig) reads(news object) {
	r.t.Helper()
	r.hs.syncs <- news
	r.until("the news are read", func() bool {
		r.hs.mu.Lock()
		defer r.hs.mu.Unlock()
		token, given := news["next_batch"].(string)
		return given && slices.Contains(r.hs.since, token)
	})
}

// sent waits until the bot has said n things in a room and returns them.
func (r *rig) sent(room string, n int) []object {
	r.t.Helper()
	var list []object
	r.until(fmt.Sprintf("%d events in %s", n, room), func() bool {
		r.hs.mu.Lock()
		defer r.hs.mu.Unlock()
		list = append([]object(nil), r.hs.rooms[room].sent...)
		return len(list) >= n
	})
	return list
}

// until polls for what another goroutine does, for at most ten seconds.
func (r *rig) until(what string, done func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			r.t.Fatalf("not seen: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func bodyOf(e object) string {
	body, _ := e["content"].(map[string]any)["body"].(string)
	return body
}

// fakeCore answers each message with what reply makes of it, and knows who is admitted.
type fakeCore struct {
	heard chan chat.Message

	mu       sync.Mutex
	reply    func(chat.Message) chat.Reply
	admitted map[string]bool
	admins   map[string]bool
	takes    func(chat.Message) bool // nil: everything
	disowned []string
	gone     []string
	moved    []string // chats: from and to
	notices  []chat.Notice
}

func (c *fakeCore) handler(a *Adapter) chat.Handler {
	return func(m chat.Message, done func()) error {
		c.mu.Lock()
		reply := c.reply
		c.mu.Unlock()
		if reply == nil { // at once, which keeps the order
			c.heard <- m
			done()
			return nil
		}
		go func() {
			defer done()
			defer func() { c.heard <- m }()
			to := chat.Target{Chat: m.Chat, Thread: m.Thread, Answers: m.Ref, Private: m.Private}
			if m.Choice != "" {
				to.Edit = m.ID
			}
			_ = a.Send(context.Background(), to, reply(m))
		}()
		return nil
	}
}

func (c *fakeCore) answers(reply func(chat.Message) chat.Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reply = reply
}

func (c *fakeCore) Admitted(p chat.PersonID) (bool, error) { return c.admitted[p.ID], nil }

func (c *fakeCore) Takes(m chat.Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.takes == nil || c.takes(m)
}

func (c *fakeCore) Admin(p chat.PersonID) bool { return c.admins[p.ID] }

func (c *fakeCore) Words(_ chat.ChatID, what chat.Notice, args ...any) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notices = append(c.notices, what)
	return strings.TrimSpace(strings.TrimPrefix(string(what), "matrix.") + " " + fmt.Sprintln(args...))
}

func (c *fakeCore) Disown(_ context.Context, p chat.PersonID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disowned = append(c.disowned, p.ID)
	return nil
}

func (c *fakeCore) MoveChat(old, to chat.ChatID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = append(c.moved, old.ID+" "+to.ID)
	return nil
}

func (c *fakeCore) Present(chat chat.ChatID, present bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !present {
		c.gone = append(c.gone, chat.ID)
	}
	return nil
}
