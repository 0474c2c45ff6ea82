package wallet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/store/storetest"
	sim "cartable/sim/izly"
	"cartable/vault"
)

// rig is a Wallet on a real vault, with the real client and the simulator on loopback. Its clock stands still until
// it is moved, and its store runs every closure twice.
type rig struct {
	t      *testing.T
	sim    *sim.Server
	w      *Wallet
	cfg    Config
	clock  *storetest.Clock
	log    *bytes.Buffer
	panics *panicking
	down   *down
	faulty *storetest.Faulty
	damage storetest.Damageable
	told   store.Table[toldRecord]

	mu  sync.Mutex
	ops []string // that were observed
}

type rigOptions struct {
	sim   sim.Config
	izly  izly.Config
	proxy func(r *rig, method string) // before each SOAP request is served
	once  bool                        // closures run once
}

var (
	paris   = mustLoad("Europe/Paris")
	tuesday = time.Date(2026, 11, 17, 7, 30, 0, 0, paris)

	private = chat.ChatID{Platform: "test", ID: "camille"}
	camille = chat.PersonID{Platform: "test", ID: "camille"}
	mallory = chat.PersonID{Platform: "test", ID: "mallory"}

	noCode secret.Text
)

const perso = "9f2c41d07be845a3b6d1e80c5a7f3e12" // the first card of the first wallet

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// down is a store that fails from some Update on until it is mended.
type down struct {
	store.Store
	mu     sync.Mutex
	in     int // the n-th from now on fails; 0: it works
	failed bool
}

func (d *down) fail(in int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.in = in
}

func (d *down) Update(fn func(store.Tx) error) error {
	d.mu.Lock()
	fails := d.in == 1
	d.failed, d.in = d.failed || fails, max(d.in-1, min(d.in, 1))
	d.mu.Unlock()
	if fails {
		return errors.New("disk full")
	}
	return d.Store.Update(fn)
}

// panicking is a transport under which the reading of an answer can panic, or none comes.
type panicking struct {
	http.Transport
	method  string // of the answer
	offline string // the method for which no connection comes about
}

func (p *panicking) RoundTrip(q *http.Request) (*http.Response, error) {
	var sent []byte
	if q.Body != nil {
		var err error
		if sent, err = io.ReadAll(q.Body); err != nil {
			return nil, err
		}
		q.Body = io.NopCloser(bytes.NewReader(sent))
	}
	if p.offline != "" && strings.Contains(string(sent), "<"+p.offline+" ") {
		return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
	}
	resp, err := p.Transport.RoundTrip(q)
	if err == nil && p.method != "" && strings.Contains(string(sent), "<"+p.method+" ") {
		resp.Body = panickingBody{resp.Body}
	}
	return resp, err
}

type panickingBody struct{ io.ReadCloser }

func (panickingBody) Read([]byte) (int, error) { panic("135790") }

type toldRecord struct {
	State State `json:"state"`
	Why   Why   `json:"why"`
	Times int   `json:"times"`
}

func newRig(t *testing.T, o rigOptions) *rig {
	t.Helper()
	r := &rig{
		t: t, clock: storetest.NewClock(tuesday), log: new(bytes.Buffer), panics: new(panicking),
		told: store.Table[toldRecord]{Bucket: "told"},
	}
	if o.sim.Now == nil {
		o.sim.Now = r.clock.Now
	}
	r.sim = sim.New(o.sim)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
		_, method, _ := strings.Cut(string(body), "<v:Body><")
		method, _, _ = strings.Cut(method, " ")
		if o.proxy != nil {
			o.proxy(r, method)
		}
		r.sim.ServeHTTP(rw, q)
	}))
	t.Cleanup(server.Close)
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: r.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.izly.SOAPURL, o.izly.RESTURL, o.izly.SiteURL = server.URL+"/Service.asmx", server.URL+"/Service/PublicService.svc/rest", server.URL
	o.izly.Now, o.izly.Log, o.izly.Location = r.clock.Now, log, paris
	r.panics.DisableKeepAlives = true
	o.izly.HTTPClient = &http.Client{Transport: r.panics}
	client, err := izly.New(o.izly)
	must(t, err)
	key, err := vault.NewKey(nil)
	must(t, err)
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	r.damage = storetest.Damageable{Store: v}
	r.faulty = &storetest.Faulty{Store: r.damage}
	r.down = &down{Store: r.faulty}
	r.cfg = Config{
		Store: storetest.Twice(r.down), Client: client, Now: r.clock.Now, Log: log,
		Observe: func(op string, _ time.Duration, err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if err != nil {
				op += " !"
			}
			r.ops = append(r.ops, op)
		},
	}
	if o.once {
		r.cfg.Store = r.down
	}
	r.restart()
	return r
}

// restart is what a crash and a new start of the program leave: the store alone.
func (r *rig) restart() {
	r.t.Helper()
	var err error
	r.w, err = New(r.cfg)
	must(r.t, err)
}

func (r *rig) activation(n int) (phone string, act izly.Activation) {
	r.t.Helper()
	account := r.sim.Accounts()[n]
	uid, err := r.w.RequestActivation(r.t.Context(), "camille", account.Phone, secret.New(account.SecretCode), nil)
	must(r.t, err)
	links := r.sim.SMS(account.Phone)
	act, err = izly.ParseActivation(links[len(links)-1])
	must(r.t, err)
	return uid, act
}

func none(store.Tx, Linked) error { return nil }

// link links a wallet of the simulator; keep tells whether its code is kept.
func (r *rig) link(n int, keep bool, among ...string) Linked {
	r.t.Helper()
	phone, act := r.activation(n)
	linked, err := r.w.Link(r.t.Context(), "camille", phone, act, among, none)
	must(r.t, err)
	if keep {
		code := r.code(n)
		must(r.t, r.w.KeepCode(linked.Account, &code))
	}
	return linked
}

func (r *rig) code(n int) secret.Text { return secret.New(r.sim.Accounts()[n].SecretCode) }

func (r *rig) wish(account string, amount izly.Cents) Wish {
	return Wish{Account: account, Chat: private, By: camille, Amount: amount, CardID: perso, Card: "Carte perso (…4242)"}
}

func (r *rig) propose(account string, amount izly.Cents) Order {
	r.t.Helper()
	o, err := r.w.Propose(r.t.Context(), r.wish(account, amount))
	must(r.t, err)
	return o
}

func (r *rig) confirm(o Order) Outcome {
	r.t.Helper()
	out, err := r.w.Confirm(r.t.Context(), o.Key(), camille, noCode)
	must(r.t, err)
	return out
}

// order is an order as the store has it.
func (r *rig) order(key string) Order {
	r.t.Helper()
	o, found, err := r.w.Order(key)
	if err != nil || !found {
		r.t.Fatalf("order: %t, %v", found, err)
	}
	return o
}

func (r *rig) wantState(key string, want State) {
	r.t.Helper()
	if o := r.order(key); o.State != want {
		r.t.Errorf("the order is %q, want %q", o.State, want)
	}
}

func (r *rig) record(account string) (rec record) {
	r.t.Helper()
	must(r.t, r.w.cfg.Store.View(func(tx store.Tx) (err error) {
		rec, err = load(tx, account)
		return err
	}))
	return rec
}

// users is how many use an account or wait for it.
func (r *rig) users(account string) int {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if l := r.w.locks[account]; l != nil {
		return l.users
	}
	return 0
}

func (r *rig) change(account string, fn func(*record)) {
	r.t.Helper()
	must(r.t, change(r.w, account, r.record(account).Generation, fn))
}

func (r *rig) put(o Order) {
	r.t.Helper()
	must(r.t, r.cfg.Store.Update(func(tx store.Tx) error { return orders.Put(tx, o.Account, o.ID, o) }))
}

// dues lists what is to be looked up.
func (r *rig) dues() (keys []string) {
	r.t.Helper()
	list, _, err := listDue(r.w)
	must(r.t, err)
	for _, d := range list {
		keys = append(keys, d.key)
	}
	return keys
}

func (r *rig) tell(tx store.Tx, o Order, why Why) error {
	was, _, err := r.told.Get(tx, o.Key(), string(why))
	if err != nil {
		return err
	}
	return r.told.Put(tx, o.Key(), string(why), toldRecord{o.State, why, was.Times + 1})
}

// toldOf is what was told of an order, at its end and before.
func (r *rig) toldOf(o Order) (list []toldRecord) {
	r.t.Helper()
	must(r.t, r.cfg.Store.View(func(tx store.Tx) error {
		list = nil
		_, err := r.told.Each(tx, o.Key(), func(_ string, t toldRecord) error {
			list = append(list, t)
			return nil
		})
		return err
	}))
	slices.SortFunc(list, func(a, b toldRecord) int { return strings.Compare(string(a.Why), string(b.Why)) })
	return list
}

// later moves the clock and looks up what is due.
func (r *rig) later(d time.Duration) time.Duration {
	r.t.Helper()
	r.clock.Advance(d)
	return r.w.LookUp(r.t.Context(), r.tell)
}

// lookAll looks up until everything that was lost is settled.
func (r *rig) lookAll() {
	for range 30 {
		r.later(time.Minute)
	}
}

// calls counts the requests of a method, "Logon" with its kind after a space.
func (r *rig) calls(method string) (n int) {
	for _, q := range r.sim.Requests() {
		if strings.TrimSpace(q.Method+" "+q.Kind) == method || q.Method == method {
			n++
		}
	}
	return n
}

// spent checks what a wallet of the simulator holds and how often money was ordered.
func (r *rig) spent(n int, balance int64, ordered int) {
	r.t.Helper()
	if got := r.sim.Balance(r.sim.Accounts()[n].Phone); got != balance {
		r.t.Errorf("the wallet holds %d cents, want %d", got, balance)
	}
	if got := r.calls("MoneyInCbConfirm"); got != ordered {
		r.t.Errorf("%d orders, want %d", got, ordered)
	}
}

func (r *rig) noViolations() {
	r.t.Helper()
	for _, v := range r.sim.Violations() {
		r.t.Error("protocol violation:", v)
	}
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

func isStopped(err error, reason StopReason) bool {
	var stopped *StoppedError
	return errors.As(err, &stopped) && stopped.Reason == reason
}

func (r *rig) balance(account string) error {
	_, err := r.w.Balance(context.Background(), account, noCode)
	return err
}

// known are the operations of an account, as an order notes them before it is sent.
func (r *rig) known(account string) (names []string) {
	r.t.Helper()
	statement, err := r.w.Statement(r.t.Context(), account, noCode)
	must(r.t, err)
	for _, op := range statement.Operations {
		names = append(names, nameOf(op))
	}
	return names
}

// sweep removes what can be removed, in as many portions as that takes.
func (r *rig) sweep() {
	r.t.Helper()
	for more := true; more; {
		must(r.t, r.cfg.Store.Update(func(tx store.Tx) (err error) {
			more, err = r.w.Sweep(tx, r.clock.Now())
			return err
		}))
	}
}
