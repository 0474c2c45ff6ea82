package linking_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/linking"
	"cartable/core/outbox"
	"cartable/core/pronote"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/core/talk"
	"cartable/core/view"
	"cartable/core/wallet"
	"cartable/i18n"
	simizly "cartable/sim/izly"
	simpronote "cartable/sim/pronote"
	"cartable/vault"
)

// rig is the dialogues in a conversation, on the real rooms, a real vault and both simulators. It is also the
// platform: it remembers what is said in each chat. Its clock stands still until it is moved.
type rig struct {
	t       *testing.T
	school  *simpronote.Server
	izly    *simizly.Server
	url     string // of the school
	store   store.Store
	rights  *rights.Rights
	family  *family.Family
	wallet  *wallet.Wallet
	linking *linking.Linking
	talk    *talk.Talk
	handler chat.Handler

	damage func(bucket, group, name string) error
	follow func(store.Tx, rights.Account) error // instead of noting it in linked

	mu      sync.Mutex
	at      time.Time
	replies map[chat.ChatID][]chat.Reply
	deleted int  // messages of people
	exposed bool // the platform can read along
	gone    map[chat.ChatID]bool
	linked  map[string]rights.Account // that Config.Linked was told of, by ID
	next    int
}

var paris = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return loc
}()

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{
		t: t, at: time.Date(2026, 11, 17, 7, 30, 0, 0, paris),
		replies: make(map[chat.ChatID][]chat.Reply), gone: make(map[chat.ChatID]bool), linked: make(map[string]rights.Account),
	}
	key := must(vault.NewKey(nil))(t)
	v := must(vault.Open(filepath.Join(t.TempDir(), "vault.db"), key))(t)
	t.Cleanup(func() { _ = v.Close() })
	damageable := storetest.Damageable{Store: v}
	r.damage, r.store = damageable.Damage, storetest.Twice(damageable)

	r.school = simpronote.New(simpronote.Config{Now: r.now})
	schoolServer := httptest.NewServer(r.school)
	t.Cleanup(schoolServer.Close)
	r.url = schoolServer.URL + "/pronote"
	r.izly = simizly.New(simizly.Config{Now: r.now})
	izlyServer := httptest.NewServer(r.izly)
	t.Cleanup(izlyServer.Close)

	client := pronote.New(pronote.Config{AllowPrivate: true, Now: r.now, Location: paris})
	r.rights = must(rights.New(rights.Config{Store: r.store, Now: r.now, Open: true}))(t)
	out := must(outbox.New(outbox.Config{Store: r.store, Now: r.now}))(t)
	r.family = family.New(family.Config{
		Store: r.store, Now: r.now, Zone: paris, Providers: []school.Provider{pronote.NewProvider(client)},
	})
	r.wallet = must(wallet.New(wallet.Config{Store: r.store, Now: r.now, Client: must(izly.New(izly.Config{
		SOAPURL: izlyServer.URL + "/Service.asmx", RESTURL: izlyServer.URL + "/Service/PublicService.svc/rest", SiteURL: izlyServer.URL,
		Now: r.now, Location: paris,
	}))(t)}))(t)
	r.linking = linking.New(linking.Config{
		Rights: r.rights, Family: r.family, Wallet: r.wallet, School: client, AllowPrivate: true, Zone: paris,
		Current: func(c chat.ChatID) (chat.ChatID, error) { return r.talk.Current(c) },
		Linked: func(tx store.Tx, a rights.Account) error {
			if r.follow != nil {
				return r.follow(tx, a)
			}
			r.linked[a.ID] = a
			return nil
		},
		Forget: r.forget,
	})
	r.talk = must(talk.New(talk.Config{
		Store: r.store, Rights: r.rights, Outbox: out, Catalog: must(i18n.Load())(t), Now: r.now, Location: paris,
		Commands: append(r.linking.Commands(), r.others()...), Actions: r.linking.Actions(), Interceptors: r.linking.Interceptors(),
		Explain: func(t *talk.Turn, err error) (chat.Reply, bool) {
			v := view.View{P: t.P, Zone: paris, Now: t.Now, Cmd: t.Cmd, Reference: "0815"}
			return v.Error(err, r.linking.Sentences(t.TakesPictures()))
		},
	}))(t)
	r.handler = r.talk.Handler(r)
	return r
}

// others stand for the commands of other packages.
func (r *rig) others() []talk.Command {
	return []talk.Command{
		{Name: "start", English: "start", Hidden: true, Role: talk.RoleStart, Run: r.nothing},
		{Name: "aide", English: "help", Role: talk.RoleHelp, Run: r.nothing},
		{Name: "annuler", English: "cancel", Role: talk.RoleCancel, Run: r.cancel},
		{
			Name: "edt", English: "timetable", Needs: talk.NeedSchool, Group: talk.GroupShown, Page: rights.Timetable,
			Role: talk.RoleExample, Run: r.pupils,
		},
		{
			Name: "solde", English: "balance", Words: []string{"izly"}, Needs: talk.NeedWallet, Group: talk.GroupShown,
			Page: rights.WalletPage, Run: r.askCode,
		},
	}
}

func (*rig) nothing(context.Context, *talk.Turn, string) (chat.Reply, error) {
	return chat.Reply{Title: "nothing"}, nil
}

func (*rig) cancel(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	key, asked := t.Leave()
	if !asked {
		key = "cancel.nothing"
	}
	return t.Say(key), nil
}

// pupils names those that may be read here.
func (r *rig) pupils(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	reply := chat.Reply{Title: "pupils"}
	for _, a := range r.rights.Readable(t.Who, rights.School, rights.Timetable) {
		for _, pupil := range r.family.Pupils([]string{a.ID}) {
			reply.Body = append(reply.Body, chat.Line{Text: pupil.Name})
		}
	}
	return reply, nil
}

// askCode asks for a secret that is no affair of linking.
func (*rig) askCode(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	return t.Ask(chat.Reply{Title: "code?"}, talk.Question{
		Expect: chat.ExpectSecret, Leave: "cancel.code",
		Next: func(context.Context, *talk.Turn, string) (chat.Reply, error) {
			return chat.Reply{Title: "took an answer"}, nil
		},
	}), nil
}

// forget does what core does.
func (r *rig) forget(_ context.Context, account string) error {
	home := chat.ChatID{}
	if a, known := r.rights.Account(account); known {
		home = a.Home
	}
	err := r.store.Update(func(tx store.Tx) error {
		return errors.Join(r.talk.Forget(tx, home, account), r.rights.Forget(tx, account), r.family.Forget(tx, account), r.wallet.Forget(tx, account))
	})
	return errors.Join(err, r.rights.Refresh())
}

// Name implements chat.Adapter.
func (r *rig) Name() string { return "test" }

// Run implements chat.Adapter.
func (r *rig) Run(context.Context, chat.Handler) error { return nil }

// Send implements chat.Adapter.
func (r *rig) Send(_ context.Context, to chat.Target, reply chat.Reply) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone[to.Chat] {
		return chat.ErrChatGone
	}
	r.replies[to.Chat] = append(r.replies[to.Chat], reply)
	return nil
}

// Redact implements chat.Redacter.
// ExposedIn tells whether the platform can read along.
func (r *rig) ExposedIn(chat.ChatID) bool { return r.exposed }

func (r *rig) Redact(context.Context, chat.Message) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deleted++
	return nil
}

// seat is one person in one chat.
type seat struct {
	r          *rig
	chat       chat.ChatID
	person     chat.PersonID
	title      string // of the group; empty in private
	unverified bool
}

func (r *rig) private(name string) seat {
	return seat{r: r, chat: chat.ChatID{Platform: "test", ID: name}, person: chat.PersonID{Platform: "test", ID: name}}
}

func (r *rig) group(title, name string) seat {
	return seat{r: r, chat: chat.ChatID{Platform: "test", ID: "group " + title}, person: chat.PersonID{Platform: "test", ID: name}, title: title}
}

func (s seat) who() rights.Who {
	return rights.Who{Chat: s.chat, Person: s.person, Private: s.title == "", Unverified: s.unverified}
}

// deliver hands a message over, waits until it is dealt with, and returns what is new in each chat.
func (s seat) deliver(m chat.Message) map[chat.ChatID]string {
	s.r.t.Helper()
	before := make(map[chat.ChatID]int)
	for c, list := range s.r.replies {
		before[c] = len(list)
	}
	s.r.next++
	m.ID, m.Chat, m.Person, m.Name, m.Title = fmt.Sprint(s.r.next), s.chat, s.person, s.person.ID, s.title
	m.Private, m.Unverified = s.title == "", s.unverified
	done := make(chan struct{})
	if err := s.r.handler(m, func() { close(done) }); err != nil {
		s.r.t.Fatal(err)
	}
	<-done
	said := make(map[chat.ChatID]string)
	for c, list := range s.r.replies {
		for _, reply := range list[before[c]:] {
			said[c] += render(reply)
		}
	}
	return said
}

func (s seat) say(text string) string {
	s.r.t.Helper()
	return s.deliver(chat.Message{Text: text})[s.chat]
}

func (s seat) show(picture []byte, err error) string {
	s.r.t.Helper()
	return s.deliver(chat.Message{File: func(context.Context) ([]byte, error) { return picture, err }})[s.chat]
}

// choice finds a button, the newest first.
func (s seat) choice(label string) chat.Choice {
	s.r.t.Helper()
	list := s.r.replies[s.chat]
	for i := len(list) - 1; i >= 0; i-- {
		for _, c := range list[i].Choices {
			if strings.Contains(plain(c.Label), label) {
				return c
			}
		}
	}
	s.r.t.Fatalf("no button %q in %q", label, s.chat.ID)
	return chat.Choice{}
}

func (s seat) press(label string) string {
	s.r.t.Helper()
	return s.pressID(s.choice(label).ID)
}

func (s seat) pressID(id string) string {
	s.r.t.Helper()
	return s.deliver(chat.Message{Choice: id})[s.chat]
}

func render(r chat.Reply) string {
	var b strings.Builder
	if r.Title != "" {
		fmt.Fprintf(&b, "# %s\n", r.Title)
	}
	for _, l := range r.Body {
		if l.Label != "" {
			b.WriteString(l.Label + " | ")
		}
		b.WriteString(l.Text + "\n")
	}
	for i, c := range r.Choices {
		fmt.Fprintf(&b, "[%d] %s\n", i+1, c.Label)
	}
	if r.Expect == chat.ExpectSecret {
		b.WriteString("(secret)\n")
	}
	return plain(b.String())
}

func plain(text string) string { return strings.ReplaceAll(text, "\u00a0", " ") }

// has fails unless text holds every part, and none of those after a minus.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if not, minus := strings.CutPrefix(part, "-"); minus && strings.Contains(text, not) {
			t.Errorf("%q in:\n%s", not, text)
		} else if !minus && !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

// parent is the account of the simulator with two pupils.
func (r *rig) parent() simpronote.Account { return r.school.Accounts()[0] }

// login is that of an account of the simulator.
func (r *rig) login(account simpronote.Account) school.Login {
	r.t.Helper()
	address, _, err := pronote.ParseAddress(r.url, true)
	if err != nil {
		r.t.Fatal(err)
	}
	return pronote.PasswordLogin(pronote.Credentials{
		Address: address, Space: pronote.Space(account.Space), Username: account.Username, Password: secret.New(account.Password),
	})
}

// linkParent links the parent's account without a dialogue.
func (s seat) linkParent() family.Linked {
	s.r.t.Helper()
	linked, err := s.r.linking.School(s.r.t.Context(), s.who(), s.r.login(s.r.parent()))
	if err != nil {
		s.r.t.Fatal(err)
	}
	return linked
}

// sms is the activation link that Izly sent last.
func (r *rig) sms(phone string) string {
	r.t.Helper()
	links := r.izly.SMS(phone)
	if len(links) == 0 {
		r.t.Fatal("no SMS was sent")
	}
	return links[len(links)-1]
}

// linkWallet links the simulator's first wallet without a dialogue.
func (s seat) linkWallet() wallet.Linked {
	s.r.t.Helper()
	s.r.advance(time.Second) // accounts are listed by age
	account := s.r.izly.Accounts()[0]
	uid, err := s.r.wallet.RequestActivation(s.r.t.Context(), "", account.Phone, secret.New(account.SecretCode), nil)
	if err != nil {
		s.r.t.Fatal(err)
	}
	act, err := izly.ParseActivation(s.r.sms(account.Phone))
	if err != nil {
		s.r.t.Fatal(err)
	}
	linked, err := s.r.linking.Wallet(s.r.t.Context(), s.who(), uid, act)
	if err != nil {
		s.r.t.Fatal(err)
	}
	return linked
}
