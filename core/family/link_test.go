package family

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cartable/core/school"
	"cartable/core/store"
	sim "cartable/sim/pronote"
)

func TestLinkByPassword(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	var told []Linked
	linked, err := s.Link(t.Context(), "marc", "pronote", s.password(0), nil, func(tx store.Tx, l Linked) error {
		told = append(told, l)
		return tx.Put("test", "", "also", []byte("written"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if linked.Known || !linked.Password || linked.Same == "" || len(linked.Profile.Pupils) != 2 || len(linked.Account) != 32 {
		t.Errorf("linked: %+v", linked)
	}
	for _, l := range told { // twice, as closures may run
		if !reflect.DeepEqual(l, linked) {
			t.Errorf("also was told of %+v", l)
		}
	}
	if err := s.store.View(func(tx store.Tx) error {
		value, err := tx.Get("test", "", "also")
		if string(value) != "written" {
			t.Errorf("also wrote %q", value)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	status, known := s.Status(linked.Account)
	if !known || !status.Password || status.Stopped != "" || !status.Read.Equal(tuesday) || !status.Paused.IsZero() {
		t.Errorf("status: %+v", status)
	}
	if profile, known := s.Profile(linked.Account); !known || profile.School != linked.Profile.School {
		t.Errorf("profile: %+v", profile)
	}
	if names := s.pupilNames(linked.Account); !slices.Equal(names, []string{"ROUSSEL Léa", "ROUSSEL Hugo"}) {
		t.Errorf("pupils: %q", names)
	}
	s.restart()
	if names := s.pupilNames(linked.Account); len(names) != 2 {
		t.Errorf("after a restart: %q", names)
	}
}

func (r *rig) pupilNames(ids ...string) (names []string) {
	for _, p := range r.Pupils(ids) {
		names = append(names, p.Name)
	}
	return names
}

func TestLinkByQRCode(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	code := s.qrCode(0)
	linked, err := s.Link(t.Context(), "marc", "pronote", code, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := s.Status(linked.Account); linked.Password || status.Password {
		t.Errorf("linked: %+v, status: %+v", linked, status)
	}
	if strings.Contains(s.records()["school_accounts"], "qr_code") || s.count("school_candidates") != 0 {
		t.Errorf("the code, or the candidate, is still kept:\n%v", s.records())
	}
	again, err := s.Link(t.Context(), "marc", "pronote", s.password(0), []string{"other", linked.Account}, nil)
	if err != nil || again.Account != linked.Account || !again.Known || again.Same != linked.Same || !again.Password {
		t.Errorf("with the password of the same account: %+v, %v", again, err)
	}
	other, err := s.Link(t.Context(), "marc", "pronote", s.password(1), []string{linked.Account}, nil)
	if err != nil || other.Account == linked.Account || other.Known || other.Same == linked.Same {
		t.Errorf("another account: %+v, %v", other, err)
	}
	elsewhere, err := s.Link(t.Context(), "marc", "pronote", s.password(0), nil, nil) // of another person
	if err != nil || elsewhere.Account == linked.Account || elsewhere.Known || elsewhere.Same != linked.Same {
		t.Errorf("for another person: %+v, %v", elsewhere, err)
	}
	if s.count("school_accounts") != 3 || s.count("school_sames") != 3 {
		t.Errorf("%d accounts", s.count("school_accounts"))
	}
}

// An account that is linked anew keeps what was read, and nothing else.
func TestLinkAnew(t *testing.T) {
	r, k, lea := tokens(t)
	r.week(lea)
	r.clock.Advance(sessionIdle + 1)
	r.week(lea)
	r.edit(lea.Account, func(rec *record) { rec.Stopped = StoppedToken })
	before := r.stored(lea.Account)
	k.profile.School = "COLLEGE"
	r.clock.Advance(time.Minute)
	linked, err := r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), []string{lea.Account}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := r.stored(lea.Account)
	if linked.Account != lea.Account || rec.Generation != before.Generation+1 || rec.logins() != "password marc" || rec.Stopped != "" ||
		rec.Profile.School != "COLLEGE" || !rec.LoggedIn.Equal(r.clock.Now()) || !rec.Used.Equal(r.clock.Now()) {
		t.Errorf("linked %+v, record %+v", linked, rec)
	}
	k.take()
	r.week(lea)
	if got := k.take(); !slices.Equal(got, []string{"week Léa 2026-11-16"}) && len(got) != 0 {
		t.Errorf("calls were %v", got)
	}
	if r.count("readings") != 1 {
		t.Errorf("%d readings", r.count("readings"))
	}
}

// Whatever goes wrong leaves everything as it was.
func TestAFailedLinkChangesNothing(t *testing.T) {
	odd := errors.New("odd")
	for _, tt := range []struct {
		name  string
		login string
		set   func(r *rig, k *fake)
		also  error
		want  error
	}{
		{name: "no answer", login: "password marc", set: func(_ *rig, k *fake) { k.opening = func(string) error { return odd } }, want: odd},
		{name: "after the token was kept", login: "token marc code", set: func(_ *rig, k *fake) { k.opened = func(string) error { return odd } }, want: odd},
		{name: "also", login: "password marc", also: odd, want: odd},
		{name: "also, with a token", login: "token marc code", also: odd, want: odd},
		{name: "the token is not kept", login: "token marc code", set: func(r *rig, _ *fake) { r.faults.FailCommit(1) }},
		{name: "the account is not stored", login: "password marc", set: func(r *rig, _ *fake) { r.faults.FailCommit(1) }},
		{name: "the account is not stored, with a token", login: "token marc code", set: func(r *rig, _ *fake) { r.faults.FailCommit(2) }},
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		r.week(lea)
		k.tokens = map[string]bool{"token marc code": true}
		before := r.records()
		delete(before, "school_due") // what is due for nothing does no harm
		if tt.set != nil {
			tt.set(r, k)
		}
		_, err := r.Link(t.Context(), "marc", "fake", secretLogin(tt.login), []string{lea.Account}, func(store.Tx, Linked) error { return tt.also })
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		k.opening, k.opened = nil, nil
		for range 2 {
			after := r.records()
			delete(after, "school_due")
			if !reflect.DeepEqual(after, before) {
				t.Errorf("%s: changed from\n%v\nto\n%v", tt.name, before, after)
			}
			r.clock.Advance(Fresh)
			if _, err := r.Week(t.Context(), lea, tuesday.AddDate(0, 0, 7), time.Hour); err != nil {
				t.Errorf("%s: the old account: %v", tt.name, err)
			}
			before = r.records()
			delete(before, "school_due")
			r.restart()
		}
	}
}

// A session that nobody will use is left in good order.
func TestALinkThatIsNotKeptLogsOut(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	refused := errors.New("no")
	got := s.requests(func() {
		if _, err := s.Link(t.Context(), "marc", "pronote", s.password(0), nil, func(store.Tx, Linked) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("error is %v", err)
		}
	})
	if len(got) != 6 || got[5] != "SaisieDeconnexion" {
		t.Errorf("requests were %v", got)
	}
}

// A program that stops in the middle of linking leaves a candidate behind, for an hour.
func TestCandidatesAreSwept(t *testing.T) {
	k := newFake("Léa")
	k.tokens = map[string]bool{"token marc code": true}
	r := newRig(t, tuesday, k)
	stopped := errors.New("the machine stops here")
	k.opened = func(string) error {
		if n := r.count("school_candidates"); n != 1 {
			t.Errorf("%d candidates while linking", n)
		}
		return stopped
	}
	r.faults.FailCommit(4) // it is not cleared up either
	if _, err := r.Link(t.Context(), "marc", "fake", secretLogin("token marc code"), nil, nil); !errors.Is(err, stopped) {
		t.Errorf("error is %v", err)
	}
	r.sweep(30 * time.Minute)
	if n := r.count("school_candidates"); n != 1 {
		t.Errorf("%d candidates after half an hour", n)
	}
	r.sweep(2 * time.Hour)
	if n := r.count("school_candidates"); n != 0 {
		t.Errorf("%d candidates afterwards", n)
	}
}

// sweep cleans up, some time later.
func (r *rig) sweep(d time.Duration) {
	r.t.Helper()
	r.clock.Advance(d)
	for more := true; more; {
		if err := r.store.Update(func(tx store.Tx) (err error) {
			more, err = r.Sweep(tx, r.clock.Now())
			return err
		}); err != nil {
			r.t.Fatal(err)
		}
	}
}

// Where the lock does not help, as between two programs, the generation does: what was begun before the account was
// linked anew changes nothing.
func TestLinkingAnewRefusesWhatIsInFlight(t *testing.T) {
	r, k, lea := tokens(t)
	r.clock.Advance(sessionIdle + 1)
	old := r.another() // as a request of before: its lock is another one
	for _, tt := range []struct {
		name string
		hold func(on func())
	}{
		{"before its token is kept", func(on func()) { k.opening = func(string) error { on(); return nil } }},
		{"after its token was kept", func(on func()) { k.opened = func(string) error { on(); return nil } }},
		{"before its state is kept", func(on func()) { k.asking = func(context.Context, string) error { on(); return nil } }},
	} {
		begun, done := make(chan struct{}), make(chan struct{})
		var held atomic.Bool
		tt.hold(func() {
			if held.CompareAndSwap(false, true) {
				close(begun)
				<-done
			}
		})
		errs := make(chan error)
		go func() {
			_, err := old.Week(context.WithoutCancel(t.Context()), lea, tuesday.AddDate(0, 0, 14), Fresh)
			errs <- err
		}()
		<-begun
		linked, err := r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), []string{lea.Account}, nil)
		if err != nil || linked.Account != lea.Account {
			t.Fatalf("%s: %+v, %v", tt.name, linked, err)
		}
		after := r.stored(lea.Account)
		readings := r.records()["readings"]
		close(done)
		if err := <-errs; !errors.Is(err, ErrGone) {
			t.Errorf("%s: error is %v", tt.name, err)
		}
		if now := r.stored(lea.Account); !reflect.DeepEqual(now, after) || r.records()["readings"] != readings {
			t.Errorf("%s: the record became %+v, was %+v", tt.name, now, after)
		}
		k.opening, k.opened, k.asking = nil, nil, nil

		// Again, by token.
		k.tokens["token marc code"] = true
		if _, err := r.Link(t.Context(), "marc", "fake", secretLogin("token marc code"), []string{lea.Account}, nil); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(sessionIdle + 1)
		old = r.another()
	}
}

// In one program the lock orders the two: linking waits, and the request is whole.
func TestLinkingAnewWaitsForTheLock(t *testing.T) {
	r, k, lea := tokens(t)
	begun, done := make(chan struct{}), make(chan struct{})
	k.asking = func(context.Context, string) error { close(begun); <-done; return nil }
	var wg sync.WaitGroup
	wg.Go(func() { r.week(lea) })
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	k.opened = func(string) error { cancel(); return nil }
	k.asking = nil
	if _, err := r.Link(ctx, "marc", "fake", secretLogin("password marc"), []string{lea.Account}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if rec := r.stored(lea.Account); rec.Generation != 1 {
		t.Errorf("generation is %d", rec.Generation)
	}
	locked := func(store.Tx, Linked) error {
		if r.locks[lea.Account] == nil {
			t.Error("the account is linked anew without its lock")
		}
		return nil
	}
	wg.Go(func() {
		if linked, err := r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), []string{lea.Account}, locked); err != nil || !linked.Known {
			t.Errorf("%+v, %v", linked, err)
		}
	})
	close(done)
	wg.Wait()
	if rec := r.stored(lea.Account); rec.Generation != 2 || rec.logins() != "password marc" {
		t.Errorf("record is %+v", rec)
	}
}

// One that is forgotten while it is linked anew is a new account.
func TestForgottenWhileLinking(t *testing.T) {
	r, k, lea := tokens(t)
	k.opened = func(string) error {
		return r.store.Update(func(tx store.Tx) error { return r.Forget(tx, lea.Account) })
	}
	linked, err := r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), []string{lea.Account}, nil)
	if err != nil || linked.Known || linked.Account == lea.Account {
		t.Errorf("%+v, %v", linked, err)
	}
	if r.count("school_accounts") != 1 || r.count("school_sames") != 1 {
		t.Errorf("records: %v", r.records())
	}
}

// The same, while Link waits for the lock: it is not made again under its old ID.
func TestForgottenBeforeItIsLinkedAnew(t *testing.T) {
	r := newRig(t, tuesday)
	if err := r.store.View(func(tx store.Tx) error {
		linked, rec := Linked{Account: "gone"}, record{Generation: 1}
		err := inherit(tx, &linked, &rec, "new")
		if linked.Account != "new" || linked.Known || rec.Generation != 1 {
			t.Errorf("%+v, %+v", linked, rec)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// A login that does not tell its account is like no other.
func TestLoginsThatDoNotTellTheirAccount(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, anonymous{k})
	first := r.link("fake", secretLogin("password marc"))
	second := r.link("fake", secretLogin("password lucie"), first.Account)
	if first.Account == second.Account {
		t.Error("two logins that tell no account are taken for one")
	}
}

type anonymous struct{ *fake }

func (anonymous) Host(school.Login) (host, account string) { return "school.example", "" }

func TestSame(t *testing.T) {
	k := newFake()
	a, b := Same(k, secretLogin("password marc")), Same(k, secretLogin("token marc 7"))
	if a == "" || a != b || strings.Contains(a, "marc") {
		t.Errorf("%q and %q", a, b)
	}
	for _, other := range []school.Login{secretLogin("password lucie"), secretLogin(""), {}} {
		if got := Same(k, other); got == a {
			t.Errorf("%q is the same", other.Reveal())
		}
	}
	if Same(named{k}, secretLogin("password marc")) == a {
		t.Error("accounts of two providers are the same")
	}
}

type named struct{ *fake }

func (named) Name() string { return "other" }

func TestForget(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	other := r.link("fake", secretLogin("password lucie"))
	r.week(lea)
	r.week(other)
	for _, bucket := range []string{"school_accounts", "school_sames"} {
		if err := r.store.Damage(bucket, "", "bad"); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{lea.Account, "bad"} { // unreadable ones too
		if err := r.store.Update(func(tx store.Tx) error { return r.Forget(tx, id) }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Week(t.Context(), lea, tuesday, Fresh); !errors.Is(err, ErrGone) {
		t.Errorf("error is %v", err)
	}
	_, known := r.Profile(lea.Account)
	_, alsoKnown := r.Status(lea.Account)
	if known || alsoKnown || len(r.Pupils([]string{lea.Account})) > 0 {
		t.Error("it is still known")
	}
	for bucket, text := range r.records() {
		if bucket != "school_due" && strings.Contains(text, lea.Account) {
			t.Errorf("%s still has it", bucket)
		}
	}
	r.week(other)
	if r.count("school_accounts") != 1 || r.count("readings") != 1 || r.damage() != 0 {
		t.Errorf("the other account: %v", r.records())
	}
}

// What is in flight for an account that is forgotten meanwhile leaves nothing behind.
func TestForgottenInFlight(t *testing.T) {
	r, k, lea := tokens(t)
	r.clock.Advance(sessionIdle + 1)
	k.asking = func(context.Context, string) error {
		return r.store.Update(func(tx store.Tx) error { return r.Forget(tx, lea.Account) })
	}
	if _, err := r.Week(t.Context(), lea, tuesday, Fresh); !errors.Is(err, ErrGone) {
		t.Errorf("error is %v", err)
	}
	if r.count("school_accounts")+r.count("readings")+r.count("school_sames") != 0 {
		t.Errorf("records: %v", r.records())
	}
}

func TestPupilsOfSeveralAccounts(t *testing.T) {
	k := newFake("Léa", "Hugo")
	r := newRig(t, tuesday, k)
	parent := r.link("fake", secretLogin("password marc")).Account
	k.profile.Pupils = k.profile.Pupils[:1]
	lea := r.link("fake", secretLogin("password lea")).Account
	of := func(ids ...string) (list []string) {
		for _, p := range r.Pupils(ids) {
			who := map[string]string{parent: "parent", lea: "lea"}[p.Account]
			list = append(list, p.Key+" by "+who)
		}
		return list
	}
	for _, tt := range []struct {
		stopped string
		ids     []string
		want    []string
	}{
		{"", []string{parent, lea}, []string{"Léa by parent", "Hugo by parent"}},
		{"", []string{lea, parent}, []string{"Léa by lea", "Hugo by parent"}},
		{"", []string{"other", lea}, []string{"Léa by lea"}},
		{"", nil, nil},
		{parent, []string{parent, lea}, []string{"Léa by lea", "Hugo by parent"}},
		{lea, []string{lea, parent}, []string{"Léa by parent", "Hugo by parent"}},
		{lea, []string{parent, lea}, []string{"Léa by parent", "Hugo by parent"}},
		{parent + lea, []string{parent, lea}, []string{"Léa by parent", "Hugo by parent"}},
	} {
		for _, id := range []string{parent, lea} {
			r.edit(id, func(rec *record) {
				rec.Stopped = ""
				if strings.Contains(tt.stopped, id) {
					rec.Stopped = StoppedNoAccess
				}
			})
		}
		if got := of(tt.ids...); !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v", tt.ids, got, tt.want)
		}
	}
}
