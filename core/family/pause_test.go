package family

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/school"
	"cartable/core/store"
	sim "cartable/sim/pronote"
)

// mayLogin is nil, or the pause.
func (r *rig) mayLoginNow(l school.Login) *PausedError {
	r.t.Helper()
	err := r.MayLogin(r.providers[0].Name(), l)
	paused, ok := errors.AsType[*PausedError](err)
	if err != nil && !ok {
		r.t.Fatal(err)
	}
	return paused
}

// The third refusal within an hour makes a pause until the first is an hour old; others are not concerned.
func TestThreeRefusalsMakeAPause(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	marc := secretLogin("password marc")
	k.opening = func(l string) error {
		if strings.Contains(l, "marc") {
			return school.ErrWrongPassword
		}
		return nil
	}
	for i, tt := range []struct {
		after  time.Duration // the refusal before
		paused bool
	}{{0, false}, {20 * time.Minute, false}, {20 * time.Minute, true}} {
		r.clock.Advance(tt.after)
		if _, err := r.Link(t.Context(), "fake", marc, nil, nil); !errors.Is(err, school.ErrWrongPassword) {
			t.Errorf("refusal %d: %v", i, err)
		}
		if paused := r.mayLoginNow(marc); (paused != nil) != tt.paused {
			t.Errorf("refusal %d: %v", i, paused)
		}
	}
	r.restart()
	k.take()
	for range 2 {
		_, err := r.Link(t.Context(), "fake", marc, nil, nil)
		if paused, ok := errors.AsType[*PausedError](err); !ok || !paused.Account || !paused.Until.Equal(tuesday.Add(time.Hour)) {
			t.Errorf("error is %v", err)
		}
	}
	if calls := k.take(); len(calls) > 0 {
		t.Errorf("while paused: %v", calls)
	}
	r.link("fake", secretLogin("password lucie"))
	r.clock.Set(tuesday.Add(time.Hour - 1))
	if r.mayLoginNow(marc) == nil {
		t.Error("the pause ends too early")
	}
	r.clock.Set(tuesday.Add(time.Hour))
	if r.mayLoginNow(marc) != nil {
		t.Error("the pause does not end")
	}
	if _, err := r.Link(t.Context(), "fake", marc, nil, nil); !errors.Is(err, school.ErrWrongPassword) {
		t.Errorf("error is %v", err)
	}
	if paused := r.mayLoginNow(marc); paused == nil || !paused.Until.Equal(tuesday.Add(80*time.Minute)) { // the last two count still
		t.Errorf("paused: %v", paused)
	}
	r.clock.Set(tuesday.Add(80 * time.Minute))
	k.opening = nil
	r.link("fake", marc)
	if n := r.count("pauses"); n != 0 { // a login that worked forgives
		t.Errorf("%d pauses", n)
	}
}

// Each pause in a row that a server wants is twice as long, up to six hours.
func TestPausesAreDoubled(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	r.week(lea)
	k.asking = func(context.Context, string) error { return school.ErrPause }
	r.clock.Advance(time.Hour)
	ask := func() {
		t.Helper()
		if _, err := r.Grades(t.Context(), lea, "", Fresh); !errors.Is(err, school.ErrPause) {
			t.Errorf("error is %v", err)
		}
	}
	for i, minutes := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 360, 360} {
		ask()
		wait := minutes * time.Minute
		paused := r.mayLoginNow(secretLogin("password lucie"))
		if paused == nil || paused.Account || paused.Until.Before(r.clock.Now().Add(wait)) || paused.Until.After(r.clock.Now().Add(wait+wait/4)) {
			t.Fatalf("pause %d: %v at %v, want %v", i, paused, r.clock.Now(), wait)
		}
		if s, _ := r.Status(lea.Account); !s.Paused.Equal(paused.Until) || s.Stopped != "" {
			t.Errorf("pause %d: status %+v", i, s)
		}
		k.take()
		r.restart()
		if week, err := r.Week(t.Context(), lea, tuesday, Fresh); err != nil || !OutOfReach(week.Stale) {
			t.Errorf("pause %d: %+v, %v", i, week, err)
		}
		if calls := k.take(); len(calls) > 0 {
			t.Errorf("while paused: %v", calls)
		}
		r.clock.Set(paused.Until)
	}
	k.asking = nil
	r.week(lea)
	k.asking = func(context.Context, string) error { return school.ErrPause }
	r.clock.Advance(time.Hour)
	ask()
	if paused := r.mayLoginNow(secretLogin("password lucie")); paused == nil || paused.Until.After(r.clock.Now().Add(7*time.Minute)) {
		t.Errorf("after an answer: %v", paused)
	}
}

// A login that the server wants to wait for pauses the host, not the account.
func TestALoginThatMustWait(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	lea := s.link("pronote", s.password(0))
	s.school.Suspend(true)
	s.clock.Advance(sessionIdle + 1)
	if _, err := s.Week(t.Context(), lea, s.clock.Now(), Fresh); !errors.Is(err, school.ErrPause) {
		t.Errorf("error is %v", err)
	}
	for _, l := range []school.Login{s.password(0), s.password(1)} {
		if paused := s.mayLoginNow(l); paused == nil || paused.Account {
			t.Errorf("paused: %v", paused)
		}
	}
	if got := s.requests(func() {
		_, err := s.Week(t.Context(), lea, s.clock.Now(), Fresh)
		if _, ok := errors.AsType[*PausedError](err); !ok {
			t.Errorf("error is %v", err)
		}
	}); len(got) > 0 {
		t.Errorf("requests were %v", got)
	}
}

// Several accounts that are told to wait at once make one step.
func TestTogetherIsOnce(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	name := hostPause("school.example")
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if err := r.wantsPause(name); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if paused := r.mayLoginNow(secretLogin("password marc")); paused == nil || paused.Until.After(tuesday.Add(7*time.Minute)) {
		t.Errorf("paused: %v", paused)
	}
}

// An answer that was under way does not end a pause that came meanwhile.
func TestALatePauseStays(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	k.asking = func(context.Context, string) error { return r.wantsPause(hostPause("school.example")) }
	r.week(lea)
	if r.mayLoginNow(secretLogin("password marc")) == nil {
		t.Error("the pause is gone")
	}
	r.clock.Advance(10 * time.Minute) // it is over, and the session lives on
	k.asking = nil
	k.take()
	r.week(lea)
	if n := r.count("pauses"); n != 0 || len(k.take()) != 1 {
		t.Errorf("%d pauses", n)
	}
}

// A login that works forgives the server's pauses and the account's failures, whatever it was for.
func TestALoginForgives(t *testing.T) {
	for name, act := range map[string]func(r *rig, p Pupil) error{
		"linking": func(r *rig, p Pupil) error {
			_, err := r.Link(t.Context(), "fake", secretLogin("password marc"), []string{p.Account}, nil)
			return err
		},
		"reading": func(r *rig, p Pupil) error {
			_, err := r.Week(t.Context(), p, tuesday, Fresh)
			return err
		},
		"trading": func(r *rig, p Pupil) error {
			r.edit(p.Account, func(rec *record) { rec.Used = r.clock.Now() })
			return r.Trade(t.Context(), p.Account)
		},
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		r.clock.Advance(sessionIdle + 1)
		host, own := pauseNames(k, secretLogin("password marc"))
		r.pause(host, pause{Row: 3, Until: r.clock.Now()})
		r.pause(own, pause{Failures: []time.Time{r.clock.Now(), r.clock.Now()}})
		if err := act(r, lea); err != nil || r.count("pauses") != 0 {
			t.Errorf("%s: %d pauses, %v", name, r.count("pauses"), err)
		}
	}
}

// A pause that cannot be read guards all the same, for an hour.
func TestDamagedPauses(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	marc := secretLogin("password marc")
	lea := r.link("fake", marc)
	host, own := pauseNames(k, marc)
	for _, tt := range []struct {
		name    string
		account bool
	}{{host, false}, {own, true}} {
		began := r.clock.Now()
		if err := r.store.Damage("pauses", "", tt.name); err != nil {
			t.Fatal(err)
		}
		if s, _ := r.Status(lea.Account); !s.Paused.Equal(began.Add(time.Hour)) {
			t.Errorf("status: %+v", s)
		}
		for _, after := range []time.Duration{0, time.Hour - 1} {
			r.clock.Set(began.Add(after))
			if paused := r.mayLoginNow(marc); paused == nil || paused.Account != tt.account || !paused.Until.Equal(began.Add(time.Hour)) {
				t.Errorf("after %v: %v", after, paused)
			}
		}
		r.clock.Set(began.Add(time.Hour))
		if paused := r.mayLoginNow(marc); paused != nil {
			t.Errorf("it does not end: %v", paused)
		}
	}
	// What is noted meanwhile does not open it, and neither does an answer.
	began := r.clock.Now()
	for i, note := range []func() error{
		func() error { return r.wantsPause(host) },
		func() error { return r.refused(host) },
		func() error {
			return r.store.Update(func(tx store.Tx) error { return lift(tx, r.clock.Now(), host) })
		},
	} {
		if err := r.store.Damage("pauses", "", host); err != nil {
			t.Fatal(err)
		}
		if err := note(); err != nil {
			t.Error(err)
		}
		if paused := r.mayLoginNow(marc); paused == nil || !paused.Until.Equal(began.Add(time.Hour)) {
			t.Errorf("note %d: %v", i, paused)
		}
	}
}

func TestPausesAreSwept(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	if err := errors.Join(r.wantsPause("long"), r.refused("short")); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(20 * time.Hour)
	if err := r.wantsPause("long"); err != nil { // the second in a row, within a day
		t.Fatal(err)
	}
	r.sweep(6 * time.Hour)
	if n := r.count("pauses"); n != 1 {
		t.Errorf("%d pauses after a day: %v", n, r.records())
	}
	if err := r.store.Damage("pauses", "", "long"); err != nil {
		t.Fatal(err)
	}
	r.sweep(24 * time.Hour)
	if n := r.count("pauses"); n != 0 {
		t.Errorf("%d pauses after two days", n)
	}
	if text := r.records()["school_due"]; strings.Contains(text, "pause") {
		t.Errorf("still due: %s", text)
	}
}

func TestPausesAreCounted(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	host, own := pauseNames(k, secretLogin("password marc"))
	wants := func(want int) {
		t.Helper()
		if n := r.Pauses(); n != want {
			t.Errorf("%d pauses, want %d", n, want)
		}
	}
	wants(0)
	if err := errors.Join(r.wantsPause(host), r.refused(own)); err != nil { // one refusal is no pause yet
		t.Fatal(err)
	}
	wants(1)
	if err := r.store.Damage("pauses", "", own); err != nil {
		t.Fatal(err)
	}
	wants(2)
	r.clock.Advance(longestPause)
	wants(1)
}
