package family

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/pronote"
	"cartable/core/school"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/store/storetest"
	sim "cartable/sim/pronote"
	"cartable/vault"
)

var paris = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return loc
}()

// tuesday is a school day in the morning.
var tuesday = time.Date(2026, 11, 17, 7, 30, 0, 0, paris)

func at(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, paris) }

// counted is a store that counts what reaches the disk.
type counted struct {
	store.Store
	mu      sync.Mutex
	updates int
}

func (c *counted) Update(fn func(store.Tx) error) error {
	err := c.Store.Update(fn)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.updates++
	}
	return err
}

// rig is a family on a real vault, whose closures run twice.
type rig struct {
	*Family
	t         *testing.T
	clock     *storetest.Clock
	vault     *vault.Vault
	store     storetest.Damageable
	faults    *storetest.Faulty
	disk      *counted
	log       *bytes.Buffer
	providers []school.Provider
}

func newRig(t *testing.T, now time.Time, providers ...school.Provider) *rig {
	t.Helper()
	r := &rig{t: t, clock: storetest.NewClock(now), providers: providers, log: new(bytes.Buffer)}
	key, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.vault, err = vault.Open(filepath.Join(t.TempDir(), "vault.db"), key); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.vault.Close() })
	r.faults = &storetest.Faulty{Store: r.vault}
	r.disk = &counted{Store: r.faults}
	r.store = storetest.Damageable{Store: storetest.Twice(r.disk)}
	r.restart()
	return r
}

// another is a family on the same disk, as a restart makes one.
func (r *rig) another() *Family {
	r.t.Helper()
	return New(Config{
		Store: r.store, Providers: r.providers, Now: r.clock.Now, Zone: paris,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// damage counts what cannot be read.
func (r *rig) damage() int {
	r.t.Helper()
	if err := r.Recount(); err != nil {
		r.t.Error(err)
	}
	return r.Damaged()
}

func (r *rig) restart() { r.Family = r.another() }

// writes counts what reaches the disk while do runs.
func (r *rig) writes(do func()) int {
	before := r.disk.updates
	do()
	return r.disk.updates - before
}

// stored is the record of an account on disk.
func (r *rig) stored(id string) record {
	r.t.Helper()
	var rec record
	if err := r.store.View(func(tx store.Tx) (err error) {
		rec, _, err = accounts.Get(tx, "", id)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// records are all that this room keeps, in clear, by bucket.
func (r *rig) records() map[string]string {
	r.t.Helper()
	found := make(map[string]string)
	if err := r.vault.View(func(tx store.Tx) error {
		for _, bucket := range []string{"school_accounts", "school_sames", "school_candidates", "readings", "pauses", "school_due"} {
			if _, err := tx.All(bucket, func(group, name string, value []byte) error {
				found[bucket] += fmt.Sprintf("%s|%s|%s\n", group, name, value)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return found
}

// count is how many records of a bucket there are.
func (r *rig) count(bucket string) int { return strings.Count(r.records()[bucket], "\n") }

// edit changes the stored record of an account behind the family's back, and restarts.
func (r *rig) edit(id string, alter func(*record)) {
	r.t.Helper()
	if err := r.store.Update(func(tx store.Tx) error {
		rec, _, err := accounts.Get(tx, "", id)
		if err != nil {
			return err
		}
		alter(&rec)
		return accounts.Put(tx, "", id, rec)
	}); err != nil {
		r.t.Fatal(err)
	}
	r.restart()
}

// pause sets a pause as it may stand on disk.
func (r *rig) pause(name string, p pause) {
	r.t.Helper()
	if err := r.store.Update(func(tx store.Tx) error { return pauses.Put(tx, "", name, p) }); err != nil {
		r.t.Fatal(err)
	}
}

// link links an account and returns its only or first pupil.
func (r *rig) link(provider string, l school.Login, among ...string) Pupil {
	r.t.Helper()
	linked, err := r.Link(r.t.Context(), "marc", provider, l, among, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.Pupils([]string{linked.Account})[0]
}

func (r *rig) week(p Pupil) Reading[school.Week] {
	r.t.Helper()
	week, err := r.Week(r.t.Context(), p, r.clock.Now(), Fresh)
	if err != nil {
		r.t.Fatal(err)
	}
	return week
}

// simulated is a rig with the simulator of PRONOTE.
type simulated struct {
	*rig
	school  *sim.Server
	address pronote.Address
}

func newSimulated(t *testing.T, cfg sim.Config) *simulated {
	t.Helper()
	c := storetest.NewClock(tuesday)
	cfg.Now = c.Now
	s := &simulated{school: sim.New(cfg)}
	web := httptest.NewServer(s.school)
	t.Cleanup(web.Close)
	client := pronote.New(pronote.Config{AllowPrivate: true, Now: c.Now, Location: paris})
	var err error
	if s.address, _, err = pronote.ParseAddress(web.URL+"/pronote", true); err != nil {
		t.Fatal(err)
	}
	s.rig = newRig(t, tuesday, pronote.NewProvider(client))
	s.clock = c
	s.restart()
	t.Cleanup(func() { s.violations() })
	return s
}

func (s *simulated) violations() {
	for _, v := range s.school.Violations() {
		s.t.Error("the client broke the protocol:", v)
	}
}

// credentials are those of an account of the simulator: 0 is the parent, 1 a pupil.
func (s *simulated) credentials(n int) pronote.Credentials {
	a := s.school.Accounts()[n]
	return pronote.Credentials{
		Address: s.address, Space: pronote.Space(a.Space), Username: a.Username, Password: secret.New(a.Password),
	}
}

func (s *simulated) password(n int) school.Login { return pronote.PasswordLogin(s.credentials(n)) }

// qrCode makes a login of a QR code, as an app on the person's phone shows it.
func (s *simulated) qrCode(n int) school.Login {
	s.t.Helper()
	p := s.providers[0]
	session, err := p.Open(s.t.Context(), s.password(n), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	code, err := session.Token(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.forget()
	return code
}

// forget empties the journal of requests, but for breaches of the protocol.
func (s *simulated) forget() {
	s.t.Helper()
	s.violations()
	s.school.Reset()
}

// requests counts those that do makes.
func (s *simulated) requests(do func()) (functions []string) {
	s.t.Helper()
	s.forget()
	do()
	for _, r := range s.school.Requests() {
		functions = append(functions, r.Function)
	}
	s.forget()
	return functions
}

// fake is a school in memory, for what the simulator cannot be made to do. Its logins are "password NAME" and
// "token NAME NUMBER", its states a number.
type fake struct {
	mu       sync.Mutex
	tokens   map[string]bool // those that are taken; nil: logins give none
	next     int
	alive    map[string]bool // sessions
	profile  school.Profile
	weeks    map[string][]school.Lesson // by Monday
	calls    []string
	padding  int // bytes that a session at rest has more
	inFlight int
	most     int // requests at a time

	// What tests change; each may be nil.
	opening func(l string) error                         // before a login is looked at
	opened  func(l string) error                         // after its token was kept
	asking  func(ctx context.Context, what string) error // before a page is given
}

func newFake(names ...string) *fake {
	k := &fake{alive: make(map[string]bool), weeks: make(map[string][]school.Lesson)}
	k.profile = school.Profile{
		Name: "DUPONT Marc", School: "LYCEE", FirstDay: time.Date(2026, 9, 1, 0, 0, 0, 0, paris), LastDay: time.Date(2027, 7, 3, 0, 0, 0, 0, paris),
	}
	for _, name := range names {
		k.profile.Pupils = append(k.profile.Pupils, school.Pupil{Key: name, Name: "DUPONT " + name})
	}
	return k
}

func secretLogin(text string) school.Login {
	return school.Login{Stored: secret.Store(secret.New(text))}
}

func (k *fake) Name() string { return "fake" }

func (k *fake) Host(l school.Login) (host, account string) {
	words := strings.Fields(l.Reveal())
	if len(words) < 2 {
		return "", ""
	}
	return "school.example", words[1]
}

func (k *fake) Open(ctx context.Context, l school.Login, keep func(context.Context, school.Login) error) (school.Session, error) {
	text := l.Reveal()
	k.note("open " + text)
	if k.opening != nil {
		if err := k.opening(text); err != nil {
			return nil, err
		}
	}
	words := strings.Fields(text)
	k.mu.Lock()
	refused := words[0] == "token" && !k.tokens[text]
	delete(k.tokens, text)
	gives := k.tokens != nil && words[0] == "token"
	k.next++
	n := k.next
	k.mu.Unlock()
	if refused {
		return nil, school.ErrTokenRefused
	}
	if gives {
		next := fmt.Sprintf("token %s %d", words[1], n)
		k.mu.Lock()
		k.tokens[next] = true
		k.mu.Unlock()
		if err := keep(ctx, secretLogin(next)); err != nil {
			return nil, err
		}
	}
	if k.opened != nil {
		if err := k.opened(text); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.alive[fmt.Sprint(n)] = true
	return &fakeSession{k, fmt.Sprint(n), words[1]}, nil
}

func (k *fake) Resume(s school.State) (school.Session, error) {
	number, name, found := strings.Cut(s.Reveal(), " ")
	if !found {
		return nil, fmt.Errorf("fake: no state")
	}
	return &fakeSession{k, number, name}, nil
}

func (k *fake) note(call string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, call)
}

// take empties the journal.
func (k *fake) take() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	calls := k.calls
	k.calls = nil
	return calls
}

// expire ends all sessions.
func (k *fake) expire() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.alive)
}

type fakeSession struct {
	k      *fake
	number string
	name   string
}

func (s *fakeSession) Profile() school.Profile {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	return s.k.profile
}

func (s *fakeSession) State() school.State {
	return school.State{Stored: secret.Store(secret.New(s.number + " " + s.name + strings.Repeat(" ", s.k.padding)))}
}

// ask counts a request.
func (s *fakeSession) ask(ctx context.Context, what string) error {
	k := s.k
	k.note(what)
	k.mu.Lock()
	k.inFlight++
	k.most = max(k.most, k.inFlight)
	alive, asking := k.alive[s.number], k.asking
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.inFlight--
	}()
	if asking != nil {
		if err := asking(ctx, what); err != nil {
			return err
		}
	}
	if !alive {
		return school.ErrExpired
	}
	return nil
}

func (s *fakeSession) Token(ctx context.Context) (school.Login, error) {
	if err := s.ask(ctx, "token"); err != nil {
		return school.Login{}, err
	}
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	code := "token " + s.name + " code"
	if s.k.tokens == nil {
		s.k.tokens = make(map[string]bool)
	}
	s.k.tokens[code] = true
	return secretLogin(code), nil
}

func (s *fakeSession) Week(ctx context.Context, pupil string, day time.Time) (school.Week, error) {
	monday := school.Monday(day)
	if err := s.ask(ctx, "week "+pupil+" "+monday.Format(time.DateOnly)); err != nil {
		return school.Week{}, err
	}
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	number := int(monday.Sub(s.k.profile.FirstDay).Hours()/24/7) + 1
	return school.Week{Number: number, Monday: monday, Lessons: s.k.weeks[monday.Format(time.DateOnly)]}, nil
}

func (s *fakeSession) Grades(ctx context.Context, pupil, period string) (school.Grades, error) {
	return school.Grades{Period: school.Period{Key: period}}, s.ask(ctx, "grades "+pupil+" "+period)
}

func (s *fakeSession) Homework(ctx context.Context, pupil string, from, to time.Time) ([]school.Homework, error) {
	return []school.Homework{}, s.ask(ctx, "homework "+pupil)
}

func (s *fakeSession) Close(ctx context.Context) error {
	err := s.ask(ctx, "close")
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	delete(s.k.alive, s.number)
	return err
}
