package core_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/store/storetest"
	simizly "cartable/sim/izly"
	simpronote "cartable/sim/pronote"
	"cartable/vault"
)

// rig is the whole bot but the platform: an engine on a real vault, the real clients, and both simulators
// on loopback. Its clock stands still until it is moved.
type rig struct {
	t      *testing.T
	school *simpronote.Server
	izly   *simizly.Server
	engine *core.Engine
	vault  *vault.Vault
	log    *bytes.Buffer
	clock  *storetest.Clock

	mu     sync.Mutex
	phones map[chat.ChatID]*phone

	path      string
	key       vault.Key
	schoolURL string
	clients   core.Config
	store     func(store.Store) store.Store
}

var paris = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return loc
}()

// tuesday is a school day in the morning.
var tuesday = time.Date(2026, 11, 17, 7, 30, 0, 0, paris)

type rigOptions struct {
	at       time.Time
	version  string
	izly     simizly.Config
	izlyMode izly.Enrolment
	wallet   func(http.Handler) http.Handler // stands between the client and the simulator
	alerts   bool                            // people are told what has changed
	store    func(store.Store) store.Store   // stands between the engine and the vault
}

func newRig(t *testing.T, o rigOptions) *rig {
	t.Helper()
	if o.at.IsZero() {
		o.at = tuesday
	}
	r := &rig{t: t, log: new(bytes.Buffer), phones: make(map[chat.ChatID]*phone), clock: storetest.NewClock(o.at), path: filepath.Join(t.TempDir(), "vault.db")}
	r.school = simpronote.New(simpronote.Config{Version: o.version, Now: r.clock.Now})
	school := httptest.NewServer(r.school)
	t.Cleanup(school.Close)
	o.izly.Now = r.clock.Now
	r.izly = simizly.New(o.izly)
	var izlyServer http.Handler = r.izly
	if o.wallet != nil {
		izlyServer = o.wallet(izlyServer)
	}
	wallet := httptest.NewServer(izlyServer)
	t.Cleanup(wallet.Close)

	var err error
	if r.key, err = vault.NewKey(nil); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: r.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := izly.New(izly.Config{
		SOAPURL: wallet.URL + "/Service.asmx", RESTURL: wallet.URL + "/Service/PublicService.svc/rest", SiteURL: wallet.URL,
		Now: r.clock.Now, Log: log, Location: paris, Enrolment: o.izlyMode,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.clients = core.Config{
		School: pronote.New(pronote.Config{HTTPClient: pronote.NewHTTPClient(true), AllowPrivate: true, Now: r.clock.Now, Log: log, Location: paris}),
		Wallet: client, Now: r.clock.Now, Log: log, Location: paris, AllowPrivate: true, NoAlerts: !o.alerts,
	}
	r.schoolURL = school.URL + "/pronote"
	r.store = o.store
	r.open()
	t.Cleanup(r.close)
	return r
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	if r.vault, err = vault.Open(r.path, r.key); err != nil {
		r.t.Fatal(err)
	}
	cfg := r.clients
	cfg.Store = r.vault
	if r.store != nil {
		cfg.Store = r.store(r.vault)
	}
	if r.engine, err = core.New(cfg); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) close() {
	if r.vault == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.engine.Shutdown(ctx); err != nil {
		r.t.Error(err)
	}
	if err := r.vault.Close(); err != nil {
		r.t.Error(err)
	}
	r.vault = nil
}

// restart is what an update of the container does.
func (r *rig) restart() {
	r.t.Helper()
	r.close()
	r.open()
}

// chat is a person at a platform.
type phone struct {
	votes   bool // the platform has a confirmation of its own
	t       *testing.T
	r       *rig
	id      chat.ChatID
	person  chat.PersonID
	private bool
	mu      sync.Mutex
	replies []chat.Reply // since the last Say
	choices []chat.Choice
	deleted []string
	next    int
}

func (r *rig) chat(name string) *phone {
	return &phone{
		t: r.t, r: r, private: true,
		id: chat.ChatID{Platform: "test", ID: name}, person: chat.PersonID{Platform: "test", ID: name},
	}
}

// exchange is the platform of all phones: it passes each reply to the phone that was last used in its chat.
type exchange struct{ r *rig }

func (e exchange) Name() string                            { return "test" }
func (e exchange) Run(context.Context, chat.Handler) error { return nil }

func (e exchange) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	return e.r.phone(to.Chat).Send(ctx, to, r)
}

func (e exchange) Redact(ctx context.Context, m chat.Message) error {
	return e.r.phone(m.Chat).Redact(ctx, m)
}

func (r *rig) phone(c chat.ChatID) *phone {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phones[c]
}

func (c *phone) Name() string                            { return "test" }
func (c *phone) Run(context.Context, chat.Handler) error { return nil }
func (c *phone) Redact(_ context.Context, m chat.Message) error {
	c.deleted = append(c.deleted, m.ID)
	return nil
}

func (c *phone) Send(_ context.Context, _ chat.Target, r chat.Reply) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replies = append(c.replies, r)
	if len(r.Choices) > 0 {
		c.choices = r.Choices
	}
	return nil
}

// handler takes the messages of this phone.
func (c *phone) handler() chat.Handler {
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.phones[c.id] = c
	if c.votes {
		return c.r.engine.Handler(confirmer{exchange{c.r}})
	}
	return c.r.engine.Handler(exchange{c.r})
}

// deliver hands a message over and waits for its answers.
func (c *phone) deliver(m chat.Message) string {
	c.t.Helper()
	c.mu.Lock()
	c.replies = nil
	c.mu.Unlock()
	c.next++
	m.ID, m.Chat, m.Person, m.Private = fmt.Sprint(c.next), c.id, c.person, c.private
	done := make(chan struct{})
	if err := c.handler()(m, func() { close(done) }); err != nil {
		c.t.Fatal(err)
	}
	<-done
	answer := c.text()
	for _, broken := range []string{"<no value>", "{{", "}}", "%!"} {
		if strings.Contains(answer, broken) {
			c.t.Errorf("%q in the answer:\n%s", broken, answer)
		}
	}
	return answer
}

// Say sends a text and returns the answer as text.
func (c *phone) Say(text string) string {
	c.t.Helper()
	return c.deliver(chat.Message{Text: text})
}

// both sends two texts at once, and waits for the answers to both.
func (c *phone) both(first, second string) {
	c.t.Helper()
	var wg sync.WaitGroup
	handle := c.handler()
	for _, text := range []string{first, second} {
		wg.Add(1)
		c.next++
		m := chat.Message{ID: fmt.Sprint(c.next), Chat: c.id, Person: c.person, Private: c.private, Text: text}
		if err := handle(m, wg.Done); err != nil {
			c.t.Fatal(err)
		}
	}
	wg.Wait()
}

// Press presses the choice, among those shown last, whose label contains label.
func (c *phone) Press(label string) string {
	c.t.Helper()
	return c.PressID(c.button(label))
}

// PressID presses a choice that was shown at any time.
func (c *phone) PressID(id string) string {
	c.t.Helper()
	return c.deliver(chat.Message{Choice: id})
}

// button is the ID of a choice, among those shown last.
func (c *phone) button(label string) string {
	c.t.Helper()
	for _, choice := range c.choices {
		if strings.Contains(choice.Label, label) {
			return choice.ID
		}
	}
	c.t.Fatalf("no choice %q among %v", label, c.labels())
	return ""
}

func (c *phone) labels() []string {
	var labels []string
	for _, choice := range c.choices {
		labels = append(labels, choice.Label)
	}
	return labels
}

// text writes the replies as a person reads them, with ordinary spaces.
func (c *phone) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, r := range c.replies {
		b.WriteString(render(r))
	}
	return b.String()
}

func render(r chat.Reply) string {
	var b strings.Builder
	if r.Title != "" {
		fmt.Fprintf(&b, "# %s\n", r.Title)
	}
	for _, l := range r.Body {
		mark := map[chat.LineKind]string{chat.LineHeading: "## ", chat.LineNote: "> ", chat.LineStruck: "~ "}[l.Kind]
		if l.Label != "" {
			mark += l.Label + " | "
		}
		text := l.Text
		if l.Aside != "" {
			text += " ~ " + l.Aside
		}
		b.WriteString(mark + text + "\n")
	}
	var buttons []string
	for i, choice := range r.Choices {
		buttons = append(buttons, fmt.Sprintf("[%d] %s", i+1, choice.Label))
	}
	if len(buttons) > 0 {
		b.WriteString(strings.Join(buttons, "  ") + "\n")
	}
	if r.Expect == chat.ExpectSecret {
		b.WriteString("(secret)\n")
	}
	return strings.ReplaceAll(chat.Plain(b.String()), "\u00a0", " ")
}

// wants checks that the answer holds each of the parts.
func (c *phone) wants(answer string, parts ...string) {
	c.t.Helper()
	for _, part := range parts {
		if !strings.Contains(answer, part) {
			c.t.Errorf("no %q in the answer:\n%s", part, answer)
		}
	}
}

// refuses checks that the answer holds none of the parts.
func (c *phone) refuses(answer string, parts ...string) {
	c.t.Helper()
	for _, part := range parts {
		if strings.Contains(answer, part) {
			c.t.Errorf("%q in the answer:\n%s", part, answer)
		}
	}
}

// who is the person at the phone.
func (c *phone) who() rights.Who { return rights.Who{Chat: c.id, Person: c.person, Private: c.private} }

// content reads a file.
func content(t *testing.T, f *chat.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// linkParent links the simulator's parent account; the journals are emptied.
func (c *phone) linkParent() {
	c.t.Helper()
	c.linkSchool(0)
}

// linkSchool links an account of the simulator by its number; the journals are emptied.
func (c *phone) linkSchool(n int) {
	c.t.Helper()
	account := c.r.school.Accounts()[n]
	address, _, err := pronote.ParseAddress(c.r.schoolURL, true)
	if err != nil {
		c.t.Fatal(err)
	}
	login := pronote.PasswordLogin(pronote.Credentials{
		Address: address, Space: pronote.Space(account.Space), Username: account.Username, Password: secret.New(account.Password),
	})
	if _, err := c.r.engine.Linking.School(context.Background(), c.who(), login); err != nil {
		c.t.Fatal(err)
	}
	c.r.school.Reset()
}

// linkWallet links the simulator's first wallet; keep tells whether the code is kept.
func (c *phone) linkWallet(keep bool) simizly.Account {
	c.t.Helper()
	return c.linkWalletNumber(0, keep)
}

func (c *phone) linkWalletNumber(n int, keep bool) simizly.Account {
	c.t.Helper()
	account := c.r.izly.Accounts()[n]
	ctx := context.Background()
	code := secret.New(account.SecretCode)
	if _, err := c.r.clients.Wallet.RequestActivation(ctx, account.Phone, code); err != nil {
		c.t.Fatal(err)
	}
	links := c.r.izly.SMS(account.Phone)
	act, err := izly.ParseActivation(links[len(links)-1])
	if err != nil {
		c.t.Fatal(err)
	}
	linked, err := c.r.engine.Linking.Wallet(ctx, c.who(), account.Phone, act)
	if err != nil {
		c.t.Fatal(err)
	}
	if keep {
		if err := c.r.engine.Wallet.KeepCode(linked.Account, &code); err != nil {
			c.t.Fatal(err)
		}
	}
	return account
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// noViolations checks that the clients kept to the protocols.
func (r *rig) noViolations() {
	r.t.Helper()
	for _, v := range append(r.school.Violations(), r.izly.Violations()...) {
		r.t.Error("protocol violation:", v)
	}
}
