package telegram

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/store/storetest"
	simtelegram "cartable/sim/telegram"
)

// rig is a bot on the pretend Bot API whose core is a function of the test.
type rig struct {
	t       *testing.T
	tg      *simtelegram.Server
	store   *memory
	log     *lockedBuffer
	cfg     Config
	script  func(r *rig, m chat.Message) // answers one message, by r.send
	adapter *Adapter
	core    *pretendCore
	ended   chan error
	paced   bool // keeps the real flood limits
	cancel  context.CancelFunc
}

// newRig starts a bot whose core is script. change may change the settings before.
func newRig(t *testing.T, tgc simtelegram.Config, script func(*rig, chat.Message), change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, tg: simtelegram.Start(t, tgc), store: newMemory(), log: new(lockedBuffer), script: script}
	r.cfg = Config{
		Token: secret.New(r.tg.Token()), API: r.tg.URL, Store: storetest.Twice(r.store),
		HTTPClient: &http.Client{Transport: &http.Transport{}},
		Log:        slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&r.cfg)
	}
	r.start()
	t.Cleanup(func() {
		r.stop()
		if t.Failed() {
			t.Logf("log:\n%s", r.log)
		}
		r.noToken(r.log.String())
	})
	return r
}

// generous are flood limits that no test reaches.
var generous = limits{limit{1000, time.Second}, limit{1000, time.Second}, limit{1000, time.Second}}

func (r *rig) start() {
	r.t.Helper()
	a, err := New(r.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	if !r.paced {
		a.limiter = newLimiter(generous)
	}
	r.adapter, r.core = a, &pretendCore{rig: r, queue: make(map[chat.ChatID][]func())}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.ended = cancel, make(chan error, 1)
	ended, handle := r.ended, r.core.handle
	go func() { ended <- a.Run(ctx, handle) }()
}

// stop is an orderly end: no more reading, answers under way arrive, nothing is left running.
func (r *rig) stop() {
	r.t.Helper()
	if r.adapter == nil {
		return
	}
	r.cancel()
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run: %v", err)
	}
	r.core.shutdown()
	if err := r.adapter.Close(); err != nil {
		r.t.Error(err)
	}
	r.adapter = nil
	eventually(r.t, "no goroutine is left", func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return !bytes.Contains(stacks, []byte("telegram.(*Adapter)")) && !bytes.Contains(stacks, []byte("go-telegram/bot."))
	})
}

// kill is a kill -9: nothing that happens afterwards reaches the store or Telegram.
func (r *rig) kill() {
	r.store.cut()
	r.cancel()
	r.adapter.end()
	<-r.ended
	r.core.shutdown()
	_ = r.adapter.Close()
	r.store.mend()
	r.adapter = nil
}

// healthy tells whether nothing has gone wrong since Telegram was heard.
func (r *rig) healthy() bool {
	at, trouble := r.adapter.Heard()
	return !at.IsZero() && trouble == nil
}

func (r *rig) send(m chat.Message, reply chat.Reply) {
	r.sendTo(chat.Target{Chat: m.Chat, Thread: m.Thread}, reply)
}

func (r *rig) sendTo(to chat.Target, reply chat.Reply) {
	if err := r.adapter.Send(context.Background(), to, reply); err != nil && r.adapter.life.Err() == nil {
		r.t.Errorf("send: %v", err)
	}
}

func (r *rig) noToken(text string) {
	r.t.Helper()
	_, key, _ := strings.Cut(r.tg.Token(), ":")
	for _, part := range []string{r.tg.Token(), key, key[:16], key[len(key)-16:], r.tg.URL} {
		if strings.Contains(text, part) {
			r.t.Errorf("%q shows in:\n%s", part, text)
		}
	}
}

// pretendCore does what the engine promises: it takes messages at once, and answers those of one chat in
// order and those of different chats at the same time.
type pretendCore struct {
	rig    *rig
	mu     sync.Mutex
	queue  map[chat.ChatID][]func()
	closed bool
	wg     sync.WaitGroup
}

func (c *pretendCore) handle(m chat.Message, done func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return chat.ErrClosed
	}
	waiting, served := c.queue[m.Chat]
	c.queue[m.Chat] = append(waiting, func() {
		defer done()
		c.rig.script(c.rig, m)
	})
	if !served {
		c.wg.Go(func() { c.serve(m.Chat) })
	}
	return nil
}

func (c *pretendCore) serve(chat chat.ChatID) {
	for {
		c.mu.Lock()
		jobs := c.queue[chat]
		if len(jobs) == 0 {
			delete(c.queue, chat)
			c.mu.Unlock()
			return
		}
		c.queue[chat] = jobs[1:]
		c.mu.Unlock()
		jobs[0]()
	}
}

func (c *pretendCore) shutdown() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.wg.Wait()
}

// echo answers every message with its own text.
func echo(r *rig, m chat.Message) {
	r.send(m, chat.Reply{Body: []chat.Line{{Text: "echo " + chat.Own(m.Text) + m.Choice}}})
}

// memory is a Store that can be cut off, as a disk is from a process that was killed.
type memory struct {
	mu      sync.Mutex
	records map[string]string // by bucket, NUL, key
	broken  error
	last    bool // the next update is the last that works
}

func newMemory() *memory { return &memory{records: make(map[string]string)} }

var errDisk = errors.New("disk full")

func (s *memory) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = errDisk
}

func (s *memory) cutAfterNext() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = true
}

func (s *memory) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = nil
}

func (s *memory) View(fn func(store.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fn(memoryTx(s.records))
}

func (s *memory) Update(fn func(store.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	draft := maps.Clone(s.records)
	if err := fn(memoryTx(draft)); err != nil {
		return err
	}
	s.records = draft
	if s.last {
		s.last, s.broken = false, errDisk
	}
	return nil
}

// rows counts the updates that wait.
func (s *memory) rows() int {
	n := 0
	_ = s.View(func(tx store.Tx) error {
		id, _, _ := strings.Cut(simtelegram.DefaultToken, ":")
		_, err := tx.Scan("telegram."+id+".inbox", "", func(string, []byte) error { n++; return nil })
		return err
	})
	return n
}

type memoryTx map[string]string

func (tx memoryTx) Get(bucket, _, key string) ([]byte, error) {
	if v, ok := tx[bucket+"\x00"+key]; ok {
		return []byte(v), nil
	}
	return nil, nil
}

func (tx memoryTx) Put(bucket, _, key string, value []byte) error {
	tx[bucket+"\x00"+key] = string(value)
	return nil
}

func (tx memoryTx) Delete(bucket, _, key string) error {
	delete(tx, bucket+"\x00"+key)
	return nil
}

func (tx memoryTx) DeleteGroup(bucket, _ string) error {
	maps.DeleteFunc(tx, func(name, _ string) bool { return strings.HasPrefix(name, bucket+"\x00") })
	return nil
}

func (tx memoryTx) Scan(bucket, _ string, fn func(string, []byte) error) (damaged int, err error) {
	for name, v := range tx {
		if key, ok := strings.CutPrefix(name, bucket+"\x00"); ok {
			if err := fn(key, []byte(v)); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

func (tx memoryTx) All(bucket string, fn func(_, name string, value []byte) error) (damaged int, err error) {
	return tx.Scan(bucket, "", func(name string, value []byte) error { return fn("", name, value) })
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// eventually waits for something that nothing announces.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// tinyPNG is a white square of one pixel.
var tinyPNG = func() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	return b.Bytes()
}()
