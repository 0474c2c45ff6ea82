package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/outbox"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/core/wallet"
	"cartable/i18n"
	sim "cartable/sim/izly"
	"cartable/vault"
)

var (
	paris = func() *time.Location {
		zone, err := time.LoadLocation("Europe/Paris")
		if err != nil {
			panic(err)
		}
		return zone
	}()
	// monday is a school day, long before anybody is awake.
	monday = time.Date(2026, 11, 16, 3, 0, 0, 0, paris)

	camille = chat.PersonID{Platform: "test", ID: "camille"}
	home    = chat.ChatID{Platform: "test", ID: "home of camille"}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fakeSchool is a school system in memory. Its counts of requests are those of PRONOTE: five for a login.
type fakeSchool struct {
	now      func() time.Time
	mu       sync.Mutex
	pupils   []string
	holidays []school.Holiday
	lastDay  time.Time
	weeks    map[string]school.Week // by pupil and Monday
	grades   map[string]school.Grades
	idle     time.Duration // after which a session has ended
	fails    error         // of every request
	noGrades bool          // the page is not published
	sessions map[string]time.Time
	requests int
	logins   int
	asked    []string // what was read, when
	entered  func()
}

func newSchool(now func() time.Time, pupils ...string) *fakeSchool {
	s := &fakeSchool{
		now: now, pupils: pupils, weeks: make(map[string]school.Week), grades: make(map[string]school.Grades),
		sessions: make(map[string]time.Time), idle: 2 * time.Minute, lastDay: time.Date(2027, 7, 3, 0, 0, 0, 0, paris),
	}
	for _, pupil := range pupils {
		s.grades[pupil] = school.Grades{Period: school.Period{Key: "T1", Name: "Trimestre 1"}}
		for n := range 60 { // Monday to Friday, 8 to 17, and half of Wednesday
			first := school.Monday(monday).AddDate(0, 0, 7*n)
			week := school.Week{Number: 12 + n, Monday: first}
			for day := range 5 {
				for hour := 8; hour < 17 && (day != 2 || hour < 12); hour++ {
					start := clock(first.AddDate(0, 0, day), hour, 0)
					week.Lessons = append(week.Lessons, school.Lesson{
						Key: fmt.Sprintf("%s %d", start.Format(time.DateOnly), hour), Start: start, End: start.Add(time.Hour),
						Subject: []string{"MATHÉMATIQUES", "ANGLAIS LV1", "SVT"}[hour%3], Teachers: []string{"MARTIN P."},
					})
				}
			}
			s.weeks[pupil+first.Format(time.DateOnly)] = week
		}
	}
	return s
}

// cancel cancels lessons of a day, or gives them again.
func (s *fakeSchool) cancel(pupil string, day time.Time, cancelled bool, hours ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := pupil + school.Monday(day).Format(time.DateOnly)
	week := s.weeks[name]
	week.Lessons = slices.Clone(week.Lessons)
	for i, l := range week.Lessons {
		if school.SameDay(l.Start, day) && slices.Contains(hours, l.Start.Hour()) {
			week.Lessons[i].Cancelled = cancelled
		}
	}
	s.weeks[name] = week
}

// publish adds a grade.
func (s *fakeSchool) publish(pupil, subject, mark string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grades[pupil]
	g.Grades = append([]school.Grade{{
		Key: subject + mark, Date: school.Midnight(s.now().In(paris)), Subject: subject, Title: "Contrôle " + mark,
		Mark:  school.Mark{Kind: school.MarkNumber, Value: mark},
		Scale: school.Mark{Kind: school.MarkNumber, Value: "20"}, Class: school.Mark{Kind: school.MarkNumber, Value: "11.2"},
	}}, g.Grades...)
	s.grades[pupil] = g
}

func (s *fakeSchool) count() (requests, logins int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.logins
}

func (s *fakeSchool) Name() string { return "fake" }

func (s *fakeSchool) Host(l school.Login) (host, account string) { return "school.example", l.Reveal() }

func (s *fakeSchool) Open(_ context.Context, l school.Login, _ func(context.Context, school.Login) error) (school.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		s.requests++
		return nil, s.fails
	}
	s.requests, s.logins = s.requests+loginRequests, s.logins+1
	name := fmt.Sprintf("%s %d", l.Reveal(), s.logins)
	s.sessions[name] = s.now()
	return &fakeSession{s, name}, nil
}

func (s *fakeSchool) Resume(st school.State) (school.Session, error) {
	return &fakeSession{s, st.Reveal()}, nil
}

type fakeSession struct {
	s    *fakeSchool
	name string
}

func (f *fakeSession) ask(what string) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.s.entered != nil {
		f.s.entered()
	}
	f.s.requests++
	if f.s.fails != nil {
		return f.s.fails
	}
	now := f.s.now()
	if used, known := f.s.sessions[f.name]; !known || now.Sub(used) > f.s.idle {
		return school.ErrExpired
	}
	f.s.sessions[f.name] = now
	f.s.asked = append(f.s.asked, now.In(paris).Format("Mon 15:04 ")+what)
	return nil
}

func (f *fakeSession) Profile() school.Profile {
	p := school.Profile{
		Name: "DUPONT Marc", School: "CITÉ SCOLAIRE", FirstDay: time.Date(2026, 9, 1, 0, 0, 0, 0, paris),
		LastDay: f.s.lastDay, Holidays: f.s.holidays,
	}
	for _, pupil := range f.s.pupils {
		p.Pupils = append(p.Pupils, school.Pupil{Key: "k" + pupil, Name: "DUPONT " + pupil, Periods: []school.Period{{Key: "T1", Name: "Trimestre 1"}}})
	}
	return p
}

func (f *fakeSession) State() school.State {
	return school.State{Stored: secret.Store(secret.New(f.name))}
}

func (f *fakeSession) Token(context.Context) (school.Login, error) {
	return school.Login{}, school.ErrNotOffered
}

func (f *fakeSession) Week(_ context.Context, pupil string, day time.Time) (school.Week, error) {
	if err := f.ask("week"); err != nil {
		return school.Week{}, err
	}
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	first := school.Monday(day.In(paris))
	week := f.s.weeks[pupil[1:]+first.Format(time.DateOnly)]
	week.Monday = first
	return week, nil
}

func (f *fakeSession) Grades(_ context.Context, pupil, _ string) (school.Grades, error) {
	if err := f.ask("grades"); err != nil {
		return school.Grades{}, err
	}
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.s.noGrades {
		return school.Grades{}, school.ErrNotPublished
	}
	return f.s.grades[pupil[1:]], nil
}

func (f *fakeSession) Homework(context.Context, string, time.Time, time.Time) ([]school.Homework, error) {
	return nil, school.ErrNotOffered
}

func (f *fakeSession) Close(context.Context) error { return nil }

// izlyServer is the simulator without a network, and with the balance that a test wants.
type izlyServer struct {
	sim      *sim.Server
	mu       sync.Mutex
	balance  string // "4.99"; empty: the simulator's own
	requests int
}

var balanceForm = regexp.MustCompile(`((?:<|&lt;)BAL(?:>|&gt;))[\d.,]+`)

func (s *izlyServer) set(balance string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.balance = balance
}

func (s *izlyServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *izlyServer) RoundTrip(q *http.Request) (*http.Response, error) {
	s.mu.Lock()
	balance := s.balance
	s.requests++
	s.mu.Unlock()
	rec := httptest.NewRecorder()
	s.sim.ServeHTTP(rec, q)
	answer := rec.Result()
	if body := rec.Body.Bytes(); balance != "" {
		body = balanceForm.ReplaceAll(body, []byte("${1}"+balance))
		answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		answer.Header.Del("Content-Length")
	}
	return answer, nil
}

// phone is a chat platform.
type phone struct {
	mu   sync.Mutex
	down bool
	got  []delivered
	now  func() time.Time
}

type delivered struct {
	at    time.Time
	to    chat.Target
	reply chat.Reply
}

func (p *phone) Name() string                            { return "test" }
func (p *phone) Run(context.Context, chat.Handler) error { return nil }

func (p *phone) Send(_ context.Context, to chat.Target, r chat.Reply) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return chat.ErrNotReached
	}
	if r.Title != "probe" {
		p.got = append(p.got, delivered{p.now(), to, r})
	}
	return nil
}

// offered is what a button of a letter does.
type offered struct {
	Person  chat.PersonID `json:"person"`
	Action  string        `json:"action"`
	Arg     string        `json:"arg"`
	Account string        `json:"account"`
}

var offers = store.Table[offered]{Bucket: "offers"}

// rig is the rooms on a real vault, whose closures run twice.
type rig struct {
	t       *testing.T
	clock   *storetest.Clock
	school  *fakeSchool
	izly    *izlyServer
	vault   *vault.Vault
	faulty  *storetest.Faulty
	damage  storetest.Damageable
	phone   *phone
	log     *bytes.Buffer
	catalog *i18n.Catalog
	every   time.Duration
	off     bool

	rights *rights.Rights
	family *family.Family
	wallet *wallet.Wallet
	outbox *outbox.Outbox
	watch  *Watch
	shown  int // of phone.got
}

func newRig(t *testing.T, pupils ...string) *rig {
	t.Helper()
	r := &rig{t: t, clock: storetest.NewClock(monday), log: new(bytes.Buffer)}
	r.school = newSchool(r.clock.Now, pupils...)
	r.phone = &phone{now: r.clock.Now}
	r.izly = &izlyServer{sim: sim.New(sim.Config{Now: r.clock.Now})}
	key, err := vault.NewKey(nil)
	must(t, err)
	r.vault, err = vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	must(t, err)
	t.Cleanup(func() { must(t, r.vault.Close()) })
	r.faulty = &storetest.Faulty{Store: r.vault}
	r.damage = storetest.Damageable{Store: storetest.Twice(r.faulty)}
	r.catalog, err = i18n.Load()
	must(t, err)
	r.restart()
	t.Cleanup(func() {
		for _, secret := range []string{"Léa", "Hugo", "MATH", "SVT", "camille", "marc", "12/20", "4,99", "4.99"} {
			if strings.Contains(r.log.String(), secret) {
				t.Errorf("%q is in the log:\n%s", secret, r.log)
			}
		}
	})
	return r
}

// restart is what a crash and a new start of the program leave: the store alone.
func (r *rig) restart() {
	r.t.Helper()
	var err error
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // its digits may look like an amount
			return slog.Attr{}
		}
		return a
	}}))
	r.rights, err = rights.New(rights.Config{Store: r.damage, Now: r.clock.Now, Open: true})
	must(r.t, err)
	r.family = family.New(family.Config{
		Store: r.damage, Now: r.clock.Now, Zone: paris, Providers: []school.Provider{r.school},
	})
	client, err := izly.New(izly.Config{HTTPClient: &http.Client{Transport: r.izly}, Now: r.clock.Now, Location: paris})
	must(r.t, err)
	r.wallet, err = wallet.New(wallet.Config{Store: r.damage, Client: client, Now: r.clock.Now})
	must(r.t, err)
	r.outbox, err = outbox.New(outbox.Config{Store: r.damage, Now: r.clock.Now})
	must(r.t, err)
	r.outbox.Attach(r.phone)
	r.watch = New(Config{
		Store: r.damage, Rights: r.rights, Family: r.family, Wallet: r.wallet, Outbox: r.outbox,
		Printer: func(tx store.Tx, c chat.ChatID) *i18n.Printer { return r.catalog.Printer("fr") },
		Cmd:     func(_ *i18n.Printer, _ chat.ChatID, name string) string { return "/" + name },
		Offer: func(tx store.Tx, c chat.ChatID, person chat.PersonID, label, action, arg, account string) (chat.Choice, error) {
			button := chat.Choice{ID: id(label, action, arg, account, r.clock.Now().String()), Label: label}
			return button, offers.Put(tx, c.Key(), button.ID, offered{person, action, arg, account})
		},
		Now: r.clock.Now, Log: log, Zone: paris, Every: r.every, Off: r.off,
	})
}

// linkSchool links the account of a person, as linking and core do it.
func (r *rig) linkSchool(login string, owner chat.PersonID, at chat.ChatID) (account string) {
	r.t.Helper()
	linked, err := r.family.Link(r.t.Context(), owner.Key(), "fake", school.Login{Stored: secret.Store(secret.New(login))}, ids(r.rights.Of(owner)),
		func(tx store.Tx, l family.Linked) error {
			return r.add(tx, rights.Account{ID: l.Account, Kind: rights.School, Name: l.Profile.School, Label: l.Profile.Name, Owner: owner, Home: at})
		})
	must(r.t, err)
	must(r.t, r.rights.Refresh(linked.Account))
	return linked.Account
}

func ids(accounts []rights.Account) (list []string) {
	for _, a := range accounts {
		list = append(list, a.ID)
	}
	return list
}

func (r *rig) add(tx store.Tx, a rights.Account) error {
	return errors.Join(r.rights.Add(tx, a), r.watch.Linked(tx, a))
}

func (r *rig) linkWallet(n int, keep bool) (account string) {
	r.t.Helper()
	who := r.izly.sim.Accounts()[n]
	uid, err := r.wallet.RequestActivation(r.t.Context(), camille.Key(), who.Phone, secret.New(who.SecretCode), nil)
	must(r.t, err)
	links := r.izly.sim.SMS(who.Phone)
	act, err := izly.ParseActivation(links[len(links)-1])
	must(r.t, err)
	linked, err := r.wallet.Link(r.t.Context(), camille.Key(), uid, act, ids(r.rights.Of(camille)), func(tx store.Tx, l wallet.Linked) error {
		return r.add(tx, rights.Account{ID: l.Account, Kind: rights.Wallet, Name: "Izly", Label: "Izly", Owner: camille, Home: home})
	})
	must(r.t, err)
	if code := secret.New(who.SecretCode); keep {
		must(r.t, r.wallet.KeepCode(linked.Account, &code))
	}
	must(r.t, r.rights.Refresh(linked.Account))
	return linked.Account
}

// until lets the clock run from one thing that is due to the next.
func (r *rig) until(end time.Time) {
	r.t.Helper()
	for r.clock.Now().Before(end) {
		r.step(end)
	}
}

// step sets the clock to the next thing that is due, does it, and delivers what is to be delivered.
func (r *rig) step(end time.Time) {
	r.t.Helper()
	now := r.clock.Now()
	next := end
	for _, due := range r.due() {
		if due.After(now) {
			next = earlier(next, due)
		}
	}
	r.clock.Set(next)
	r.watch.Look(r.t.Context())
	r.deliver()
}

// due are the times of looks and of letters that wait for the morning.
func (r *rig) due() (list []time.Time) {
	catchUp(r.watch, now(r.watch))
	r.watch.mu.Lock()
	for _, p := range r.watch.waiting {
		list = append(list, p.next)
	}
	r.watch.mu.Unlock()
	for _, l := range r.letters() {
		list = append(list, l.NotBefore)
	}
	return list
}

// deliver has the outbox send the letters that are due, which go before a reply.
func (r *rig) deliver() {
	for _, c := range r.lettersTo() {
		probe := chat.Reply{Title: "probe", Expect: chat.ExpectText} // one that is not kept
		if err := r.outbox.Send(r.t.Context(), chat.Target{Chat: c, Private: true}, probe); err != nil && !r.phone.down {
			r.t.Error(err)
		}
	}
}

// lettersTo are the chats for which letters wait.
func (r *rig) lettersTo() (chats []chat.ChatID) {
	for _, l := range r.letters() {
		if !slices.Contains(chats, l.To.Chat) {
			chats = append(chats, l.To.Chat)
		}
	}
	return chats
}

// letters are those that wait.
func (r *rig) letters() (list []outbox.Letter) {
	r.t.Helper()
	must(r.t, r.damage.View(func(tx store.Tx) error {
		list = nil
		_, err := store.Table[outbox.Letter]{Bucket: "letters"}.All(tx, func(_, _ string, l outbox.Letter) error {
			list = append(list, l)
			return nil
		})
		return err
	}))
	return list
}

// at is a time of a day after that Monday.
func at(day, hour, minute int) time.Time {
	return time.Date(2026, 11, 16+day, hour, minute, 0, 0, paris)
}

// told is what was delivered since the last call: "Mon 10:11 title | label text | text [button: line] [button: line]".
func (r *rig) told() (list []string) {
	r.t.Helper()
	r.phone.mu.Lock()
	defer r.phone.mu.Unlock()
	for _, d := range r.phone.got[r.shown:] {
		parts := []string{}
		if d.reply.Title != "" {
			parts = append(parts, d.reply.Title)
		}
		for _, l := range d.reply.Body {
			parts = append(parts, strings.TrimSpace(l.Label+" "+l.Text))
		}
		text := strings.Join(parts, " | ")
		for _, c := range d.reply.Choices {
			o := r.offered(d.to.Chat, c)
			if o.Person != camille {
				r.t.Errorf("a button for %v", o.Person)
			}
			text += fmt.Sprintf(" [%s: %s %s]", c.Label, o.Action, o.Arg)
		}
		if !d.to.Private || d.to.Key == "" {
			r.t.Errorf("sent as %+v", d.to)
		}
		text = strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(text)
		list = append(list, d.at.In(paris).Format("Mon 15:04 ")+text)
	}
	r.shown = len(r.phone.got)
	return list
}

func (r *rig) offered(c chat.ChatID, button chat.Choice) (o offered) {
	r.t.Helper()
	must(r.t, r.damage.View(func(tx store.Tx) error {
		var found bool
		var err error
		if o, found, err = offers.Get(tx, c.Key(), button.ID); err == nil && !found {
			err = errors.New("no such button")
		}
		return err
	}))
	return o
}

// wants compares what was told, each with a form.
func (r *rig) wants(forms ...string) {
	r.t.Helper()
	got := r.told()
	same := len(got) == len(forms)
	for i := range min(len(got), len(forms)) {
		same = same && regexp.MustCompile("^"+forms[i]+"$").MatchString(got[i])
	}
	if !same {
		r.t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(forms, "\n"))
	}
}

func secretCode(r *rig, n int) secret.Text { return secret.New(r.izly.sim.Accounts()[n].SecretCode) }
