package family

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/school"
	"cartable/core/store"
	"cartable/core/tries"
	sim "cartable/sim/pronote"
)

// mayLogin is nil, or the pause.
func (r *rig) mayLoginNow(l school.Login) *PausedError {
	r.t.Helper()
	err := r.MayLink("marc", r.providers[0].Name(), l, nil)
	paused, ok := errors.AsType[*PausedError](err)
	if err != nil && !ok {
		r.t.Fatal(err)
	}
	return paused
}

// held is how the tries of a person end: nil, or how long they must wait.
func (r *rig) held(by string, l school.Login, among ...string) *tries.HeldError {
	r.t.Helper()
	err := r.MayLink(by, r.providers[0].Name(), l, among)
	held, ok := errors.AsType[*tries.HeldError](err)
	if err != nil && !ok {
		r.t.Fatal(err)
	}
	return held
}

// wrongly tries a login with a wrong password.
func (r *rig) wrongly(by string, l school.Login, among ...string) {
	r.t.Helper()
	if _, err := r.Link(r.t.Context(), by, r.providers[0].Name(), l, among, nil); !errors.Is(err, school.ErrWrongPassword) {
		r.t.Errorf("error is %v", err)
	}
}

// refusing refuses what has a word in it.
func refusing(word string) func(string) error {
	return func(l string) error {
		if strings.Contains(l, word) {
			return school.ErrWrongPassword
		}
		return nil
	}
}

// The third refusal within an hour holds a person back from a login until the first is an hour old.
func TestThreeRefusalsHoldAPerson(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	marc := secretLogin("password marc")
	k.opening = refusing("marc")
	for i, tt := range []struct {
		after time.Duration // the refusal before
		held  bool
	}{{0, false}, {20 * time.Minute, false}, {20 * time.Minute, true}} {
		r.clock.Advance(tt.after)
		r.wrongly("marc", marc)
		if held := r.held("marc", marc); (held != nil) != tt.held {
			t.Errorf("refusal %d: %v", i, held)
		}
	}
	r.restart()
	k.take()
	for range 2 {
		_, err := r.Link(t.Context(), "marc", "fake", marc, nil, nil)
		if held, ok := errors.AsType[*tries.HeldError](err); !ok || !held.Own || !held.Until.Equal(tuesday.Add(time.Hour)) {
			t.Errorf("error is %v", err)
		}
	}
	if calls := k.take(); len(calls) > 0 {
		t.Errorf("while held: %v", calls)
	}
	if r.held("lucie", marc) != nil {
		t.Error("another person is held back")
	}
	r.link("fake", secretLogin("password lucie")) // the same person, another login
	r.clock.Set(tuesday.Add(time.Hour - 1))
	if r.held("marc", marc) == nil {
		t.Error("it ends too early")
	}
	r.clock.Set(tuesday.Add(time.Hour))
	r.wrongly("marc", marc)
	if held := r.held("marc", marc); held == nil || !held.Until.Equal(tuesday.Add(80*time.Minute)) { // the last two count still
		t.Errorf("held: %v", held)
	}
	r.clock.Set(tuesday.Add(80 * time.Minute))
	k.opening = nil
	r.link("fake", marc)
	k.opening = refusing("marc")
	r.wrongly("marc", marc)
	if r.held("marc", marc) != nil { // a login that worked forgives
		t.Error("held at the first refusal after one that worked")
	}
}

// TestNobodyKeepsAnotherOut has strangers err on the login of Marc, whose account is linked and works, as often as
// they are let: it goes on working, also when it must log in, and when Marc links it again.
func TestNobodyKeepsAnotherOut(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	k.opening = refusing("wrong")
	wrong := secretLogin("password marc wrong") // the same login
	refused := 0
	for _, by := range []string{"eve", "mallory", "trudy", "oscar"} {
		for range 5 {
			r.clock.Advance(time.Second)
			switch _, err := r.Link(t.Context(), by, "fake", wrong, nil, nil); {
			case errors.Is(err, school.ErrWrongPassword):
				refused++
			case r.held(by, wrong) == nil:
				t.Errorf("%s: %v", by, err)
			}
		}
	}
	if refused != 6 {
		t.Errorf("%d tries reached the school, want three of two people", refused)
	}
	if held := r.held("lucie", wrong); held == nil || !held.Own {
		t.Errorf("a login that six tries were refused for is open to others: %v", held)
	}
	r.clock.Advance(sessionIdle + 1 - time.Minute)
	r.week(lea)
	if s, _ := r.Status(lea.Account); s.Stopped != "" || !s.Paused.IsZero() {
		t.Errorf("status %+v", s)
	}
	if held := r.held("marc", wrong, lea.Account); held != nil {
		t.Errorf("whoever has linked it is held back by others: %v", held)
	}
	for range 3 {
		r.wrongly("marc", wrong, lea.Account)
	}
	if r.held("marc", wrong, lea.Account) == nil {
		t.Error("their own refusals do not count")
	}
	r.clock.Advance(sessionIdle + 1)
	r.week(lea)
}

// TestOnePersonErrsAFewTimesAtASchool counts what one person gets through to a school: fewer than it suspends the
// bot's address for, and not many in an hour, whatever the logins.
func TestOnePersonErrsAFewTimesAtASchool(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	k.opening = refusing("wrong")
	try := func(n int) bool {
		_, err := r.Link(t.Context(), "eve", "fake", secretLogin(fmt.Sprintf("password wrong%d", n)), nil, nil)
		held, is := errors.AsType[*tries.HeldError](err)
		if is && held.Own {
			t.Errorf("told that it is the login: %v", err)
		}
		return !is
	}
	through := map[time.Duration]int{}
	for minute := range 60 {
		for n := range 10 {
			if try(10*minute + n) {
				through[time.Duration(minute)*time.Minute]++
			}
		}
		r.clock.Advance(time.Minute)
	}
	if len(through) != 2 || through[0] != 3 || through[15*time.Minute] != 3 {
		t.Errorf("got through: %v", through)
	}
}

// TestWhatIsNotRefusedIsNoTry is a school that does not answer.
func TestWhatIsNotRefusedIsNoTry(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	marc := secretLogin("password marc")
	k.opening = func(string) error { return school.ErrNoAnswer }
	for range 5 {
		if _, err := r.Link(t.Context(), "marc", "fake", marc, nil, nil); !errors.Is(err, school.ErrNoAnswer) {
			t.Errorf("error is %v", err)
		}
	}
	if r.held("marc", marc) != nil || r.count("tries") != 0 {
		t.Errorf("counted: %v", r.records()["tries"])
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
		if paused == nil || paused.Until.Before(r.clock.Now().Add(wait)) || paused.Until.After(r.clock.Now().Add(wait+wait/4)) {
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
		if paused := s.mayLoginNow(l); paused == nil {
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
// A clock that is set back makes a pause neither shorter nor longer than it was meant to be from then on.
func TestAPauseWhenTheClockIsSetBack(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	l := secretLogin("password marc")
	if err := r.wantsPause(hostPause("school.example")); err != nil {
		t.Fatal(err)
	}
	meant := r.mayLoginNow(l).Until.Sub(r.clock.Now())
	r.clock.Advance(-3 * time.Hour)
	paused := r.mayLoginNow(l)
	if paused == nil || paused.Until.Sub(r.clock.Now()) != meant {
		t.Fatalf("paused %+v, meant to last %v", paused, meant)
	}
	r.restart()
	r.clock.Advance(meant - time.Second)
	if r.mayLoginNow(l) == nil {
		t.Error("it has become shorter")
	}
	r.clock.Advance(time.Second)
	if paused := r.mayLoginNow(l); paused != nil {
		t.Errorf("it goes on until %v", paused.Until)
	}
}

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

// A login that works forgives the server's pauses, whatever it was for.
func TestALoginForgives(t *testing.T) {
	for name, act := range map[string]func(r *rig, p Pupil) error{
		"linking": func(r *rig, p Pupil) error {
			_, err := r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), []string{p.Account}, nil)
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
		r.pause(hostPause("school.example"), pause{Row: 3, Until: r.clock.Now()})
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
	host := hostPause("school.example")
	opened := r.clock.Now()
	if err := r.store.Damage("pauses", "", host); err != nil {
		t.Fatal(err)
	}
	if s, _ := r.Status(lea.Account); !s.Paused.Equal(opened.Add(time.Hour)) {
		t.Errorf("status: %+v", s)
	}
	for _, after := range []time.Duration{0, time.Hour - 1} {
		r.clock.Set(opened.Add(after))
		if paused := r.mayLoginNow(marc); paused == nil || !paused.Until.Equal(opened.Add(time.Hour)) {
			t.Errorf("after %v: %v", after, paused)
		}
	}
	r.clock.Set(opened.Add(time.Hour))
	if paused := r.mayLoginNow(marc); paused != nil {
		t.Errorf("it does not end: %v", paused)
	}
	// What is noted meanwhile does not open it, and neither does an answer.
	began := r.clock.Now()
	for i, note := range []func() error{
		func() error { return r.wantsPause(host) },
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
	if err := errors.Join(r.wantsPause("long"), r.wantsPause("short")); err != nil {
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
	host, other := hostPause("school.example"), hostPause("other.example")
	wants := func(want int) {
		t.Helper()
		if n := r.Pauses(); n != want {
			t.Errorf("%d pauses, want %d", n, want)
		}
	}
	wants(0)
	if err := r.wantsPause(host); err != nil {
		t.Fatal(err)
	}
	wants(1)
	if err := r.store.Damage("pauses", "", other); err != nil {
		t.Fatal(err)
	}
	r.damage() // counts
	wants(2)
	r.restart()
	wants(0)
	r.damage()
	wants(2)
	r.clock.Advance(longestPause)
	wants(1)
}
