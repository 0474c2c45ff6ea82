package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/core/outbox"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
	"cartable/core/wallet"
)

// TestCrashTellsOnce has each write of a look fail, and each commit, with a crash after it: what happened is told, and
// once.
func TestCrashTellsOnce(t *testing.T) {
	t.Parallel()
	t.Run("write", func(t *testing.T) {
		t.Parallel()
		crash(t, func(r *rig, n int) { r.faulty.FailWrite(n) }, 20)
	})
	t.Run("commit", func(t *testing.T) {
		t.Parallel()
		crash(t, func(r *rig, n int) { r.faulty.FailCommit(n) }, 8)
	})
}

func crash(t *testing.T, fail func(r *rig, n int), atLeast int) {
	r := newRig(t, "Léa")
	r.damage.Store = r.faulty // closures that run twice would only fail twice
	r.restart()
	r.linkWallet(0, true)
	r.linkSchool("marc", camille, home)
	r.izly.set("9.00")
	r.until(at(0, 12, 0))
	r.told()
	day := 0
	for n := 1; ; n++ {
		for day++; slices.Contains([]time.Weekday{time.Wednesday, time.Saturday, time.Sunday}, at(day, 0, 0).Weekday()); {
			day++
		}
		r.izly.set("9.00")
		r.clock.Set(at(day, 11, 30))
		r.watch.Look(t.Context())
		r.told()
		// News of every kind, a look that fails, a crash at once, and the rest of the day.
		r.school.cancel("Léa", at(day, 0, 0), true, 15)
		r.school.publish("Léa", "SVT", fmt.Sprint(n))
		r.izly.set("4.00")
		fail(r, n)
		for !r.faulty.Failed() && r.clock.Now().Before(at(day, 14, 0)) {
			r.step(at(day, 14, 0))
		}
		failed := r.faulty.Failed()
		r.restart()
		r.until(at(day, 19, 0))
		told := strings.Join(r.told(), "\n")
		for _, what := range []string{"Léa : un cours annulé", "Léa : une nouvelle note", "Il ne reste que 4,00 €"} {
			if strings.Count(told, what) != 1 {
				t.Errorf("%d: %s is told %d times:\n%s", n, what, strings.Count(told, what), told)
			}
		}
		if !failed {
			if n <= atLeast {
				t.Errorf("only %d failures", n-1)
			}
			t.Logf("%d failures", n-1)
			return
		}
	}
}

// TestALookThatKills has the program end in the looks at an account: after the second it rests for a week, whatever else
// is looked at meanwhile.
func TestALookThatKills(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	r.linkSchool("marc", camille, home)
	r.linkWallet(0, true)
	r.izly.set("9.00")
	r.until(at(0, 22, 0))
	r.told()
	killed := 0
	r.school.entered = func() { // the rest of the look is not done, and nothing more is written
		killed++
		panic("the end of the program")
	}
	for r.clock.Now().Before(at(4, 22, 0)) {
		before := killed
		if r.step(at(4, 22, 0)); killed > before {
			r.restart()
		}
	}
	if killed != 2 {
		t.Errorf("the program ended %d times", killed)
	}
	r.izly.set("4.00")
	r.until(at(5, 22, 0))
	if told := strings.Join(r.told(), "\n"); !strings.Contains(told, "4,00 €") {
		t.Errorf("others are not looked at: %s", told)
	}
	r.school.entered = nil
	r.school.publish("Léa", "SVT", "12")
	r.until(at(9, 22, 0))
	if told := strings.Join(r.told(), "\n"); !strings.Contains(told, "une nouvelle note") {
		t.Errorf("not looked at again after a week: %s", told)
	}
	// What is looked at well is no reason for a rest, however often the program is started.
	for day := range 4 {
		r.restart()
		r.school.publish("Léa", "SVT", fmt.Sprint(13+day))
		r.until(at(10+day, 22, 0))
		if told := strings.Join(r.told(), "\n"); !strings.Contains(told, "une nouvelle note") {
			t.Errorf("day %d: not looked at: %s", day, told)
		}
	}
}

// TestDamage: a record that cannot be read concerns that account alone.
func TestDamage(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	dad := chat.PersonID{Platform: "test", ID: "dad"}
	mine := r.linkSchool("marc", camille, home)
	his := r.linkSchool("paul", dad, chat.ChatID{Platform: "test", ID: "dad"})
	r.until(at(0, 22, 0))
	must(t, errors.Join(
		r.damage.Damage("subscriptions", mine, home.Key()),
		r.damage.Damage("looks", "", his), r.damage.Damage("seen", his, pageName("kLéa", NewGrade)),
	))
	r.restart()
	r.school.publish("Léa", "SVT", "12")
	r.school.cancel("Léa", at(1, 0, 0), true, 16)
	r.until(at(1, 13, 0))
	if got := r.phone.got; len(got) != 1 || got[0].to.Chat.ID != "dad" || !strings.Contains(got[0].reply.Title, "annulé") {
		t.Errorf("told %+v", got)
	}
	if n := r.watch.Damaged(); n != 1 {
		t.Errorf("%d records are damaged", n)
	}
	r.school.publish("Léa", "SVT", "13")
	r.until(at(1, 22, 0))
	if got := r.phone.got; len(got) != 2 || got[1].to.Chat.ID != "dad" {
		t.Errorf("told %+v", got)
	}
	// Choosing again writes over it.
	if s, found, err := r.watch.Subscribed(mine); found || err != nil || len(s.Kinds) > 0 {
		t.Errorf("subscribed: %+v, %t, %v", s, found, err)
	}
	must(t, r.watch.Turn(mine, true, NewGrade))
	if s, _, err := r.watch.Subscribed(mine); err != nil || !s.Has(NewGrade) || s.Has(CancelledLesson) {
		t.Errorf("subscribed: %+v, %v", s, err)
	}
}

// TestSweep removes what was seen of pupils who have left, and of no other.
func TestSweep(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa", "Hugo")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 22, 0))
	later := at(101, 3, 0)
	must(t, r.damage.Update(func(tx store.Tx) error { // Hugo is still looked at
		p, _, err := pages.Get(tx, account, pageName("kHugo", NewGrade))
		p.At = later.AddDate(0, 0, -5)
		return errors.Join(err, pages.Put(tx, account, pageName("kHugo", NewGrade), p))
	}))
	for _, now := range []time.Time{at(50, 0, 0), later, later.AddDate(0, 0, 1)} {
		for more := true; more; {
			must(t, r.damage.Update(func(tx store.Tx) (err error) {
				more, err = r.watch.Sweep(tx, now)
				return err
			}))
		}
		want := 1
		if now.Before(later) {
			want = 4
		}
		if x := r.export(account); len(x.Seen) != want {
			t.Errorf("%s: %+v", now, x.Seen)
		}
	}
}

// TestPagesAreDatedAnew, or Sweep would take those in which nothing happens for a term.
func TestPagesAreDatedAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account, purse := r.linkSchool("marc", camille, home), r.linkWallet(0, true)
	r.until(at(0, 9, 0))
	for _, day := range []int{3, 8, 11} {
		r.clock.Set(at(day, 12, 0))
		r.watch.Look(t.Context()) // what was due before
		r.until(at(day, 12, 45))
	}
	for _, seen := range append(r.export(account).Seen, r.export(purse).Seen...) {
		if seen.Page != "timetable" && !school.SameDay(seen.At.In(paris), at(8, 0, 0)) {
			t.Errorf("%s seen at %s", seen.Page, seen.At)
		}
	}
}

// TestFirstLook comes soon after linking, by day.
func TestFirstLook(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	for i, tt := range []struct{ linked, from, until time.Time }{
		{at(0, 3, 0), at(0, 6, 40), at(0, 6, 55)},
		{at(0, 12, 0), at(0, 12, 1), at(0, 12, 5)},
		{at(0, 20, 50), at(1, 6, 40), at(1, 6, 55)},
	} {
		r.clock.Set(tt.linked)
		account := r.linkSchool(fmt.Sprint("parent ", i), chat.PersonID{Platform: "test", ID: fmt.Sprint(i)}, home)
		catchUp(r.watch, now(r.watch)) // reads all at first
		catchUp(r.watch, now(r.watch))
		if p := r.watch.plans[account]; p.next.Before(tt.from) || p.next.After(tt.until) || p.what.weeks != 3 || !p.what.grades {
			t.Errorf("linked at %s, looked at %s: %+v", tt.linked, p.next, p.what)
		}
	}
}

// broken is a store that cannot be read.
type broken struct {
	store.Store
	works bool
}

func (b *broken) View(fn func(store.Tx) error) error {
	if !b.works {
		return errors.New("disk gone")
	}
	return b.Store.View(fn)
}

// TestReadAgain: when the subscriptions cannot be read at the start, they are a minute later.
func TestReadAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	r.linkSchool("marc", camille, home)
	disk := &broken{Store: r.damage}
	cfg := r.watch.cfg
	cfg.Store = disk
	w := New(cfg)
	if wait := begin(t.Context(), w); wait != readAgain || len(w.plans) > 0 {
		t.Errorf("looks again in %s", wait)
	}
	disk.works = true
	r.clock.Set(r.clock.Now().Add(30 * time.Second))
	if begin(t.Context(), w); len(w.plans) > 0 {
		t.Error("looked again at once")
	}
	r.clock.Set(r.clock.Now().Add(31 * time.Second))
	if begin(t.Context(), w); len(w.plans) != 1 {
		t.Errorf("%d plans", len(w.plans))
	}
	w.working.Wait()
}

func (r *rig) export(account string) (x Export) {
	r.t.Helper()
	must(r.t, r.damage.View(func(tx store.Tx) (err error) {
		x, err = r.watch.Export(tx, account)
		return err
	}))
	return x
}

func TestExport(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 9, 0))
	x := r.export(account)
	if len(x.Alerts) != 1 || x.Alerts[0].Chat != home || strings.Join(x.Alerts[0].Kinds, " ") != "cancelled grade" || !x.Alerts[0].Since.Equal(monday) {
		t.Errorf("alerts: %+v", x.Alerts)
	}
	if len(x.Seen) != 2 || x.Seen[0].Page+x.Seen[1].Page != "gradestimetable" && x.Seen[0].Page+x.Seen[1].Page != "timetablegrades" {
		t.Errorf("seen: %+v", x.Seen)
	}
}

// TestImport subscribes those who had linked an account before there were alerts, once.
func TestImport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, kind := range []rights.Kind{rights.School, rights.Wallet} {
		a := rights.Account{ID: string(kind), Kind: kind, Owner: camille, Home: home}
		for range 2 {
			must(t, r.damage.Update(func(tx store.Tx) error { return Import(tx, a, monday) }))
			s, found, err := r.watch.Subscribed(a.ID)
			if err != nil || !found || s.Chat != home || len(s.Kinds) != len(KindsOf(kind)) {
				t.Errorf("%s: %+v, %t, %v", kind, s, found, err)
			}
		}
		must(t, r.damage.Update(func(tx store.Tx) error { return r.watch.Subscribe(tx, Subscription{Account: a.ID, Chat: home}) }))
		must(t, r.damage.Update(func(tx store.Tx) error { return Import(tx, a, monday) }))
		if s, found, err := r.watch.Subscribed(a.ID); err != nil || !found || len(s.Kinds) > 0 {
			t.Errorf("%s: what was chosen is lost: %+v, %v", kind, s, err)
		}
	}
}

// TestLostOrder tells what became of a top-up where its wallet is at home now, at any hour, once.
func TestLostOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	account := r.linkWallet(0, true)
	must(t, r.rights.Move(camille, chat.ChatID{Platform: "test", ID: "new home"}))
	o := wallet.Order{ID: "o", Account: account, Chat: home, By: camille, Amount: 20_00, Sent: monday, State: wallet.Done}
	tell := func(o wallet.Order) {
		must(t, r.damage.Update(func(tx store.Tx) error { return r.watch.tellOrder(tx, o, wallet.WhySettled) }))
	}
	tell(o)
	tell(o)
	o.Account = "of nobody"
	tell(o)
	if got := r.letters(); len(got) != 2 || !has(got, "new home") || !has(got, home.ID) || !got[0].NotBefore.IsZero() || !got[0].To.Private {
		t.Errorf("%d letters: %+v", len(got), got)
	}
	r.deliver()
	if got := r.phone.got; len(got) != 2 || !strings.Contains(got[0].reply.Body[0].Text, "20,00") {
		t.Errorf("told %+v", got)
	}
}

func has(letters []outbox.Letter, chatID string) bool {
	for _, l := range letters {
		if l.To.Chat.ID == chatID {
			return true
		}
	}
	return false
}

// TestClock runs jobs by the clock: at once, again after their time, also after a panic, and ends when it is told to.
func TestClock(t *testing.T) {
	t.Parallel()
	var log string
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer func() { log = r.log.String() }()
		w := New(r.watch.cfg)
		w.cfg.Now, w.cfg.Off = time.Now, true
		var mu sync.Mutex
		var ran []string
		start := time.Now()
		begun := make(chan struct{})
		note := func(name string) {
			mu.Lock()
			defer mu.Unlock()
			ran = append(ran, fmt.Sprint(name, " ", time.Since(start)))
		}
		w.Every(time.Hour, "hourly", func(context.Context) error {
			note("hourly")
			panic("S3cret")
		})
		w.Every(24*time.Hour, "slow", func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			note("slow")
			return errors.New("asked to end") // no failure
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Run(ctx); close(ended) }()
		<-begun
		time.Sleep(2*time.Hour + time.Minute)
		w.Every(time.Minute, "late", func(context.Context) error { note("late"); return nil })
		time.Sleep(90 * time.Second)
		cancel()
		<-ended
		if got := strings.Join(ran, ", "); got != "hourly 0s, hourly 1h0m0s, hourly 2h0m0s, late 2h1m0s, late 2h2m0s, slow 2h2m30s" {
			t.Error(got)
		}
	})
	if strings.Contains(log, "S3cret") || strings.Count(log, "type=string") != 3 || strings.Count(log, `"job failed"`) != 3 || !strings.Contains(log, "job=hourly") {
		t.Error(log)
	}
}

// TestRun looks by the clock, and begins at once with what was just linked. It tells within the time of Config.Every.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "Léa")
		offset := time.Until(monday)
		now := func() time.Time { return time.Now().Add(offset) } // three in the morning: with Every there is no night
		r.clock.Set(now())
		r.every = 20 * time.Second
		r.restart()
		cfg := r.watch.cfg
		cfg.Now = now
		r.watch = New(cfg)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.watch.Run(ctx); close(ended) }()
		synctest.Wait()
		r.linkSchool("marc", camille, home)
		step := func() {
			time.Sleep(20 * time.Second)
			synctest.Wait()
			r.clock.Set(now())
		}
		for range 3 {
			step()
		}
		r.school.cancel("Léa", at(0, 0, 0), true, 9)
		r.school.publish("Léa", "SVT", "12")
		step()
		step()
		if n := len(r.letters()); n != 2 {
			t.Errorf("%d letters", n)
		}
		cancel()
		<-ended
	})
}

// TestManyAtOnce: no more accounts than four are looked at at the same time, and a start with many reads each
// subscription once and looks at none.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	for n := range 12 {
		r.linkSchool(fmt.Sprint("parent ", n), chat.PersonID{Platform: "test", ID: fmt.Sprint(n)}, chat.ChatID{Platform: "test", ID: fmt.Sprint(n)})
	}
	r.restart()
	catchUp(r.watch, now(r.watch))
	if len(r.watch.plans) != 12 || len(r.watch.waiting) != 12 {
		t.Fatalf("%d plans, %d wait", len(r.watch.plans), len(r.watch.waiting))
	}
	most := 0
	r.school.entered = func() {
		r.watch.mu.Lock()
		defer r.watch.mu.Unlock()
		most = max(most, r.watch.looking)
	}
	r.clock.Set(at(0, 12, 40)) // all are due
	for _, p := range r.watch.plans {
		p.next = at(0, 7, 0)
	}
	r.watch.Look(t.Context())
	if most != 4 {
		t.Errorf("%d accounts at the same time", most)
	}
	for account := range r.watch.plans {
		if did := r.did(account); did.Looks != 1 {
			t.Errorf("%d looks", did.Looks)
		}
	}
}
