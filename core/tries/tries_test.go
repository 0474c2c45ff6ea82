package tries

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/vault"
)

var began = time.Date(2026, 11, 17, 7, 30, 0, 0, time.UTC)

type rig struct {
	Tries
	t      *testing.T
	clock  *storetest.Clock
	damage storetest.Damageable
}

func newRig(t *testing.T) *rig {
	t.Helper()
	key, err := vault.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	r := &rig{t: t, clock: storetest.NewClock(began), damage: storetest.Damageable{Store: storetest.Twice(v)}}
	r.Tries = Tries{Store: r.damage, Now: r.clock.Now}
	return r
}

// held is nil or the *HeldError of err.
func (r *rig) is(err error) *HeldError {
	r.t.Helper()
	held, ok := errors.AsType[*HeldError](err)
	if err != nil && !ok {
		r.t.Fatal(err)
	}
	return held
}

// refuse makes a try that is refused, which must be let.
func (r *rig) refuse(limits ...Limit) {
	r.t.Helper()
	if _, err := r.Begin(limits...); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) count() (n int) {
	r.t.Helper()
	if err := r.Store.View(func(tx store.Tx) error {
		n = 0
		_, err := tx.All(records.Bucket, func(string, string, []byte) error { n++; return nil })
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestALimitIsReachedAndEnds(t *testing.T) {
	r := newRig(t)
	two := Limit{Name: "two", Most: 2, Within: time.Hour, Own: true}
	for range 2 {
		r.refuse(two)
		r.clock.Advance(10 * time.Minute)
	}
	for range 3 { // asking changes nothing
		_, err := r.Begin(two)
		if held := r.is(err); held == nil || !held.Own || !held.Until.Equal(began.Add(time.Hour)) {
			t.Errorf("held: %v", held)
		}
		if held := r.is(r.Held(two)); held == nil || !held.Until.Equal(began.Add(time.Hour)) {
			t.Errorf("held: %v", held)
		}
	}
	r.clock.Set(began.Add(time.Hour - 1))
	if r.is(r.Held(two)) == nil {
		t.Error("it ends too early")
	}
	r.clock.Set(began.Add(time.Hour))
	r.refuse(two) // the first counts no more, the second does
	if held := r.is(r.Held(two)); held == nil || !held.Until.Equal(began.Add(70*time.Minute)) {
		t.Errorf("held: %v", held)
	}
}

// TestTheLongestLimitIsTold is a try that counts in two ways.
func TestTheLongestLimitIsTold(t *testing.T) {
	r := newRig(t)
	short, long := Limit{Name: "short", Most: 1, Within: time.Minute, Own: true}, Limit{Name: "long", Most: 1, Within: time.Hour}
	r.refuse(short, long)
	for _, limits := range [][]Limit{{short, long}, {long, short}} {
		if held := r.is(r.Held(limits...)); held == nil || held.Own || !held.Until.Equal(began.Add(time.Hour)) {
			t.Errorf("held: %v", held)
		}
	}
	if held := r.is(r.Held(short)); held == nil || !held.Own {
		t.Errorf("held: %v", held)
	}
	if r.is(r.Held(Limit{Name: "other", Most: 1, Within: time.Hour})) != nil {
		t.Error("what was not refused is held")
	}
}

// TestAHeldTryIsNotCounted is one that a single limit refuses: the others do not notice it.
func TestAHeldTryIsNotCounted(t *testing.T) {
	r := newRig(t)
	one, two := Limit{Name: "one", Most: 1, Within: time.Hour}, Limit{Name: "two", Most: 2, Within: time.Hour}
	r.refuse(one)
	for range 3 {
		if _, err := r.Begin(one, two); r.is(err) == nil {
			t.Error("a try beyond the limit")
		}
	}
	r.refuse(two)
	r.refuse(two)
}

// TestNoteHoldsNothingBack is for refusals of what must not wait: they count for what may.
func TestNoteHoldsNothingBack(t *testing.T) {
	r := newRig(t)
	two := Limit{Name: "two", Most: 2, Within: time.Hour}
	for range 4 {
		r.clock.Advance(20 * time.Minute)
		if err := r.Note(two); err != nil {
			t.Error(err)
		}
	}
	if held := r.is(r.Held(two)); held == nil || !held.Until.Equal(began.Add(2*time.Hour)) {
		t.Errorf("held: %v", held)
	}
}

func TestHowATryEnds(t *testing.T) {
	r := newRig(t)
	own, person := Limit{Name: "own", Most: 3, Within: time.Hour, Own: true}, Limit{Name: "person", Most: 3, Within: time.Hour}
	for range 5 {
		try, err := r.Begin(own, person)
		if err != nil {
			t.Fatal(err)
		}
		if err := try.Back(); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.count(); n != 0 {
		t.Errorf("%d records of tries that were taken back", n)
	}
	r.refuse(own, person)
	r.clock.Advance(time.Second)
	r.refuse(own, person)
	r.clock.Advance(time.Second)
	try, err := r.Begin(own, person)
	if err != nil {
		t.Fatal(err)
	}
	if r.is(r.Held(own)) == nil {
		t.Error("a try that is under way does not count")
	}
	if err := r.Store.Update(try.Worked); err != nil {
		t.Fatal(err)
	}
	r.refuse(own)
	r.refuse(own) // forgiven, all of them
	r.refuse(person)
	if r.is(r.Held(person)) == nil {
		t.Error("what the person was refused elsewhere is forgiven")
	}
}

// TestTriesAtOnce are as many as there are.
func TestTriesAtOnce(t *testing.T) {
	r := newRig(t)
	three := Limit{Name: "three", Most: 3, Within: time.Hour}
	var mu sync.Mutex
	var wg sync.WaitGroup
	let := 0
	for range 10 {
		wg.Go(func() {
			if _, err := r.Begin(three); err == nil {
				mu.Lock()
				defer mu.Unlock()
				let++
			}
		})
	}
	if wg.Wait(); let != 3 {
		t.Errorf("%d were let", let)
	}
}

// TestAClockThatIsSetBack does not lengthen what a person waits by more than the limit, nor forget it at once.
func TestAClockThatIsSetBack(t *testing.T) {
	r := newRig(t)
	one := Limit{Name: "one", Most: 1, Within: time.Hour}
	r.refuse(one)
	r.clock.Set(began.Add(-30 * time.Minute))
	if r.is(r.Held(one)) == nil {
		t.Error("forgotten")
	}
	r.clock.Set(began.AddDate(-1, 0, 0))
	if held := r.is(r.Held(one)); held != nil {
		t.Errorf("held until %v", held.Until)
	}
}

// TestDamageCountsAsFull is a record that guards and cannot be read.
func TestDamageCountsAsFull(t *testing.T) {
	r := newRig(t)
	two := Limit{Name: "two", Most: 2, Within: time.Hour}
	r.refuse(two)
	if err := r.damage.Damage("tries", "", two.Name); err != nil {
		t.Fatal(err)
	}
	if held := r.is(r.Held(two)); held == nil || !held.Until.Equal(began.Add(time.Hour)) {
		t.Errorf("held: %v", held)
	}
	_, err := r.Begin(two) // notes since when
	if r.is(err) == nil {
		t.Error("a damaged record lets through")
	}
	r.clock.Advance(time.Hour)
	r.refuse(two)
}

func TestSweep(t *testing.T) {
	r := newRig(t)
	one, long := Limit{Name: "one", Most: 1, Within: time.Hour}, Limit{Name: "long", Most: 9, Within: 3 * time.Hour}
	sweep := func() {
		t.Helper()
		for more := true; more; {
			if err := r.Store.Update(func(tx store.Tx) (err error) {
				more, err = Sweep(tx, r.clock.Now())
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.refuse(one, long)
	r.clock.Advance(2 * time.Hour)
	r.refuse(long)
	sweep()
	if n := r.count(); n != 1 {
		t.Errorf("%d records, want the one that still counts", n)
	}
	r.clock.Advance(2 * time.Hour)
	sweep() // the first refusal of it is over, the second is not
	if n := r.count(); n != 1 {
		t.Errorf("%d records, want the one that still counts", n)
	}
	if err := r.damage.Damage("tries", "", long.Name); err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(2 * time.Hour)
	sweep()
	if n := r.count(); n != 0 {
		t.Errorf("%d records afterwards", n)
	}
}

// TestLimits has the numbers: three for a person and a login, more for each of the two over all.
func TestLimits(t *testing.T) {
	const step = 5
	r := newRig(t)
	through := func(minutes int, limits func(n int) []Limit) (n int) {
		r.clock.Advance(24 * time.Hour)
		for range minutes / step {
			for try := range 5 {
				if _, err := r.Begin(limits(try)...); err == nil {
					n++
				}
			}
			r.clock.Advance(step * time.Minute)
		}
		return n
	}
	logins, people := []string{"a", "b", "c", "d", "e"}, []string{"v", "w", "x", "y", "z"}
	for name, tt := range map[string]struct {
		minutes, want int
		limits        func(n int) []Limit
	}{
		"a person at a login":                      {60, 3, func(int) []Limit { return Limits("ana", "s", "a", 3, false) }},
		"a person at logins of a server":           {60, 6, func(n int) []Limit { return Limits("ana", "s", logins[n], 3, false) }},
		"the same, within a quarter":               {15, 3, func(n int) []Limit { return append(Limits("ana", "s", logins[n], 3, false), AtServer("ana", "s", 3)) }},
		"where the bot is suspended":               {60, 6, func(n int) []Limit { return append(Limits("ana", "s", logins[n], 3, false), AtServer("ana", "s", 3)) }},
		"a person at servers":                      {60, 6, func(n int) []Limit { return Limits("ana", logins[n], "a", 3, false) }},
		"people at a login":                        {60, 6, func(n int) []Limit { return Limits(people[n], "s", "a", 3, false) }},
		"people who linked it":                     {60, 15, func(n int) []Limit { return Limits(people[n], "s", "a", 3, true) }},
		"people at a login nobody knows":           {60, 15, func(n int) []Limit { return Limits(people[n], "s", "", 3, false) }},
		"people at logins of one server":           {60, 15, func(n int) []Limit { return Limits(people[n], "s", logins[n], 3, false) }},
		"a person at a login that is blocked soon": {60, 2, func(int) []Limit { return Limits("ana", "s", "a", 2, false) }},
		"people at a login that is blocked soon":   {60, 4, func(n int) []Limit { return Limits(people[n], "s", "a", 2, false) }},
		"a login of this name, elsewhere":          {15, 6, func(n int) []Limit { return Limits(people[n%2], logins[n%2], "a", 3, false) }},
	} {
		if n := through(tt.minutes, tt.limits); n != tt.want {
			t.Errorf("%s: %d tries in %d minutes, want %d", name, n, tt.minutes, tt.want)
		}
	}
	for _, l := range Limits("ana", "server", "name", 3, false) {
		if len(l.Name) != 64 {
			t.Errorf("name %q", l.Name)
		}
	}
}
