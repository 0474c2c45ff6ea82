package store_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"cartable/core/store"
	"cartable/core/store/storetest"
)

// notes has a step for each text, which adds it to the record "log".
func notes(texts ...string) (steps []store.Step) {
	for _, text := range texts {
		steps = append(steps, store.Step{Name: "note " + text, Do: func(tx store.Tx) error {
			old, err := tx.Get("notes", "", "log")
			if err != nil {
				return err
			}
			return tx.Put("notes", "", "log", []byte(string(old)+text))
		}})
	}
	return steps
}

func expectLog(t *testing.T, s store.Store, want string) {
	t.Helper()
	must(t, s.View(func(tx store.Tx) error {
		got, err := tx.Get("notes", "", "log")
		if string(got) != want {
			t.Errorf("the log is %q, want %q", got, want)
		}
		return err
	}))
}

func expectPending(t *testing.T, s store.Store, steps []store.Step, want int) {
	t.Helper()
	if n, err := store.Pending(s, "test", steps); err != nil || n != want {
		t.Errorf("%d steps pending, %v; want %d", n, err, want)
	}
}

func TestMigrate(t *testing.T) {
	s := newStore(t)
	expectPending(t, s, nil, 0)
	must(t, store.Migrate(s, "test", nil))
	expectPending(t, s, notes("a", "b"), 2)
	must(t, store.Migrate(s, "test", notes("a", "b")))
	expectLog(t, s, "ab")
	must(t, store.Migrate(s, "test", notes("a", "b")))
	expectLog(t, s, "ab")
	expectPending(t, s, notes("a", "b", "c"), 1)
	must(t, store.Migrate(s, "test", notes("a", "b", "c")))
	expectLog(t, s, "abc")
	must(t, store.Migrate(s, "another list", notes("x")))
	expectLog(t, s, "abcx")
	expectPending(t, s, notes("a", "b", "c"), 0)
}

func TestHad(t *testing.T) {
	s := newStore(t)
	must(t, store.Migrate(s, "test", notes("a", "b")))
	must(t, store.Migrate(s, "another list", notes("x")))
	raw(t, s, "schema", "test", "1", "garbage")
	if had, err := store.Had(s); err != nil || !maps.Equal(had, map[string]int{"test": 2, "another list": 1}) {
		t.Errorf("%v, %v", had, err)
	}
}

// TestMigrateGoesOnWhereItFailed at each write and each commit.
func TestMigrateGoesOnWhereItFailed(t *testing.T) {
	steps := notes("a", "b", "c")
	for what, fail := range map[string]func(f *storetest.Faulty, n int){"write": (*storetest.Faulty).FailWrite, "commit": (*storetest.Faulty).FailCommit} {
		failures := 0
		for n := 1; ; n++ {
			f := &storetest.Faulty{Store: newVault(t)}
			fail(f, n)
			err := store.Migrate(f, "test", steps)
			if !f.Failed() {
				must(t, err)
				break
			}
			failures++
			if !errors.Is(err, storetest.ErrFault) || !strings.Contains(err.Error(), "note ") {
				t.Errorf("%s %d: %v", what, n, err)
			}
			must(t, store.Migrate(f, "test", steps))
			expectLog(t, f, "abc")
		}
		if failures < len(steps) {
			t.Errorf("%s: only %d failures", what, failures)
		}
	}
}

func TestMigrateRefusesNewer(t *testing.T) {
	s := newStore(t)
	must(t, store.Migrate(s, "test", notes("a", "b")))
	if err := store.Migrate(s, "test", notes("a")); !errors.Is(err, store.ErrNewer) {
		t.Errorf("more steps than known: %v", err)
	}
	if _, err := store.Pending(s, "test", notes("a")); !errors.Is(err, store.ErrNewer) {
		t.Errorf("more steps than known: %v", err)
	}
	expectLog(t, s, "ab")
}

// TestMigrateKnowsDamagedSteps: a step is not done twice because what says that it was had cannot be read.
func TestMigrateKnowsDamagedSteps(t *testing.T) {
	s := newStore(t)
	must(t, store.Migrate(s, "test", notes("a", "b")))
	raw(t, s, "schema", "test", "1", "garbage")
	must(t, s.Damage("schema", "test", "2"))
	must(t, store.Migrate(s, "test", notes("a", "b", "c")))
	expectLog(t, s, "abc")
}

// TestMigrateStops at a step that fails, after those before it.
func TestMigrateStops(t *testing.T) {
	s := newStore(t)
	broken := errors.New("broken")
	steps := slices.Insert(notes("a", "b"), 1, store.Step{Name: "fails", Do: func(tx store.Tx) error {
		return errors.Join(tx.Put("notes", "", "log", []byte("half")), broken)
	}})
	if err := store.Migrate(s, "test", steps); !errors.Is(err, broken) || !strings.Contains(fmt.Sprint(err), "step 2, fails") {
		t.Errorf("got %v", err)
	}
	expectLog(t, s, "a")
	expectPending(t, s, steps, 2)
}
