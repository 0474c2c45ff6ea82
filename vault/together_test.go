package vault

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"
)

// together runs the functions while an Update has the turn, so that those of them that write wait and are then
// in one batch. It returns when all have.
func together(t *testing.T, v *Vault, fns ...func()) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		go func() { must(t, v.Update(func(Tx) error { <-free; return nil })) }()
		synctest.Wait()
		for _, fn := range fns { // in this order
			go fn()
			synctest.Wait()
		}
		close(free)
	})
}

// commits counts the engine's transactions so far.
func commits(t *testing.T, v *Vault) (n int) {
	t.Helper()
	must(t, guard(func() error { return v.db.View(func(tx *bbolt.Tx) error { n = tx.ID(); return nil }) }))
	return n
}

// add appends to a record, so that the record tells who has written.
func add(tx Tx, name, what string) error {
	old, err := tx.Get("b", "g", name)
	if err != nil {
		return err
	}
	return tx.Put("b", "g", name, append(old, what...))
}

func read(t *testing.T, v *Vault, name string) (value string) {
	t.Helper()
	must(t, v.View(func(tx Tx) error {
		got, err := tx.Get("b", "g", name)
		value = string(got)
		return err
	}))
	return value
}

// TestTogether has one closure of each kind in a batch: what one makes of its own writes is nobody else's business.
func TestTogether(t *testing.T) {
	v, path := newVault(t)
	before := commits(t, v)
	cause := errors.New("cause")
	writes := func(what string, end func() error) func() error {
		return func() error {
			return v.Update(func(tx Tx) error {
				must(t, add(tx, "all", what))
				must(t, tx.Put("b", what, "own", nil))
				return end()
			})
		}
	}
	well := func() error { return nil }
	var order, goexit []string
	together(
		t, v,
		func() { must(t, writes("a", well)()) },
		func() {
			if err := writes("fails ", func() error { return cause })(); err != cause {
				t.Errorf("the closure's error became %v", err)
			}
		},
		func() { must(t, writes("b", well)()) },
		func() {
			defer func() {
				if p := recover(); p != "boom" {
					t.Errorf("the closure's panic became %v", p)
				}
			}()
			_ = writes("panics ", func() error { panic("boom") })()
		},
		func() { must(t, writes("c", well)()) },
		func() {
			defer func() { goexit = append(goexit, "done") }()
			_ = writes("leaves ", func() error { runtime.Goexit(); return nil })()
		},
		func() {
			must(t, v.Update(func(tx Tx) error {
				order = append(order, read(t, v, "all")) // as it is on disk
				got, err := tx.Get("b", "g", "all")
				order = append(order, string(got))
				return err
			}))
		},
		func() {
			must(t, v.Update(func(tx Tx) error {
				return errors.Join(tx.Delete("b", "a", "own"), tx.DeleteGroup("b", "c"), add(tx, "all", "d"))
			}))
		},
		func() {
			defer func() { _ = recover() }()
			_ = writes("panics last", func() error { panic("boom") })() // and commits for the others
		},
	)
	if !slices.Equal(order, []string{"", "abc"}) || !slices.Equal(goexit, []string{"done"}) {
		t.Errorf("seen: %q and %q", order, goexit)
	}
	if got := commits(t, v) - before; got != 1 {
		t.Errorf("%d commits", got)
	}
	must(t, v.Close())
	v = mustOpen(t, path)
	if got := read(t, v, "all"); got != "abcd" {
		t.Errorf("written: %q", got)
	}
	must(t, v.View(func(tx Tx) error {
		var groups []string
		_, err := tx.All("b", func(group, _ string, _ []byte) error { groups = append(groups, group); return nil })
		slices.Sort(groups)
		if !slices.Equal(groups, []string{"b", "g"}) {
			t.Errorf("left: %q", groups)
		}
		return err
	}))
}

// TestTogetherFails reports a commit that fails to all who were in it, those too who only saw what it would write.
func TestTogetherFails(t *testing.T) {
	v, _ := newVault(t)
	large := make([]byte, 1<<20)
	cause := errors.New("cause")
	v.db.MaxSize = 1 // stands for a full disk
	failed := make(chan error, 4)
	update := func(fn func(tx Tx) error) func() { return func() { failed <- v.Update(fn) } }
	together(
		t, v,
		func() {
			if err := v.Update(func(Tx) error { return cause }); err != cause {
				t.Errorf("before any write: %v", err)
			}
		},
		update(func(tx Tx) error { return tx.Put("b", "g", "a", large) }),
		update(func(tx Tx) error { return tx.Put("b", "g", "b", nil) }),
		update(func(tx Tx) error { _, err := tx.Get("b", "g", "a"); return err }),
		update(func(Tx) error { return cause }),
	)
	for range cap(failed) {
		if err := <-failed; err == nil || errors.Is(err, cause) || !strings.Contains(err.Error(), "vault: commit: ") {
			t.Errorf("got %v", err)
		}
	}
	v.db.MaxSize = 0
	must(t, v.Update(func(tx Tx) error { return add(tx, "b", "after") }))
	if a, b := read(t, v, "a"), read(t, v, "b"); a != "" || b != "after" {
		t.Errorf("left: %d bytes, %q", len(a), b)
	}
}

// TestTogetherInDamage has one closure stumble over damage after others have written.
func TestTogetherInDamage(t *testing.T) {
	v := damagedVault(t, func(tx *bbolt.Tx, keys *keyring) error {
		b, id, _ := sealedAt(tx, keys, "b", "k1")
		must(t, b.Delete(id))
		_, err := b.CreateBucket(id)
		return err
	})
	together(
		t, v,
		func() { must(t, v.Update(func(tx Tx) error { return add(tx, "all", "a") })) },
		func() {
			if err := v.Update(func(tx Tx) error {
				_ = tx.Put("b", "", "k1", nil)
				return add(tx, "all", "fails")
			}); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v", err)
			}
		},
		func() { must(t, v.Update(func(tx Tx) error { return add(tx, "all", "b") })) },
	)
	if got := read(t, v, "all"); got != "ab" {
		t.Errorf("written: %q", got)
	}
	must(t, v.Update(func(tx Tx) error { return tx.Delete("b", "", "k1") })) // whatever is there
	must(t, v.Update(func(tx Tx) error { return tx.Put("b", "", "k1", nil) }))
}

// TestTogetherIsBounded in closures and in bytes.
func TestTogetherIsBounded(t *testing.T) {
	for _, tt := range []struct{ writers, size, commits int }{{2*maxTogether - 1, 10, 2}, {2 * maxTogether, 10, 3}, {40, maxTogetherSize / 10, 4}} {
		v, _ := newVault(t)
		value := make([]byte, tt.size)
		var fns []func()
		for range tt.writers { // beside the one that has the turn
			fns = append(fns, func() { must(t, v.Update(func(tx Tx) error { return tx.Put("b", "g", "k", value) })) })
		}
		before := commits(t, v)
		together(t, v, fns...)
		if got := commits(t, v) - before; got != tt.commits {
			t.Errorf("%+v: %d commits", tt, got)
		}
	}
}

// TestTogetherWithOthers has a change of keys and a Close come between.
func TestTogetherWithOthers(t *testing.T) {
	v, path := newVault(t)
	update := func(what string) func() {
		return func() { must(t, v.Update(func(tx Tx) error { return add(tx, "all", what) })) }
	}
	before := commits(t, v)
	together(
		t, v,
		update("a"), update("b"),
		func() { must(t, v.Rekey(testKey(t, 2))) },
		update("c"), update("d"),
		func() { must(t, v.Close()) },
		func() {
			if err := v.Update(func(tx Tx) error { return add(tx, "all", "late") }); !errors.Is(err, errClosed) {
				t.Errorf("after Close: %v", err)
			}
		},
		func() { must(t, v.Close()) },
	)
	v, err := Open(path, testKey(t, 2))
	must(t, err)
	defer v.Close()
	if got := read(t, v, "all"); got != "abcd" {
		t.Errorf("written: %q", got)
	}
	if got := commits(t, v) - before; got != 3 {
		t.Errorf("%d commits", got)
	}
}

// TestTogetherSimulation compares what batches of random closures write, of which many fail, with a plain map.
func TestTogetherSimulation(t *testing.T) {
	v, path := newVault(t)
	model := map[spot]string{} // only touched by who has the turn
	for round := range 20 {
		var wg sync.WaitGroup
		for n := range 30 {
			rng := rand.New(rand.NewPCG(uint64(round), uint64(n)))
			wg.Go(func() {
				undo := errors.New("undo")
				if err := v.Update(func(tx Tx) error {
					draft := maps.Clone(model)
					for range rng.IntN(4) {
						mutate(t, tx, rng, draft)
					}
					for at := range draft {
						if got, err := tx.Get(at.bucket, at.group, at.name); err != nil || string(got) != draft[at] {
							t.Errorf("%v has %q, %v; want %q", at, got, err, draft[at])
						}
					}
					if rng.IntN(3) == 0 {
						return undo
					}
					model = draft
					return nil
				}); err != nil && err != undo {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if round%5 == 4 {
			v = expectLosses(t, v, path)
		}
	}
	expectModel(t, v, model)
}

// TestTogetherInUse has all kinds of use at once, for the race detector.
func TestTogetherInUse(t *testing.T) {
	v, _ := newVault(t)
	var wg sync.WaitGroup
	var written atomic.Int64
	for n := range 16 {
		wg.Go(func() {
			for i := range 20 {
				func() {
					defer func() { _ = recover() }()
					err := v.Update(func(tx Tx) error {
						must(t, add(tx, "all", "x"))
						switch (n + i) % 8 {
						case 0:
							panic("boom")
						case 1:
							return errors.New("undo")
						}
						return nil
					})
					if err == nil {
						written.Add(1)
					}
				}()
			}
		})
	}
	wg.Go(func() {
		for i := range 5 {
			if err := v.Rekey(testKey(t, byte(i+1))); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 20 {
			if err := v.Backup(&strings.Builder{}, nil); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if got := int64(len(read(t, v, "all"))); got != written.Load() || got == 0 {
		t.Errorf("%d of %d writes are there", got, written.Load())
	}
}

// BenchmarkUpdateAlone and BenchmarkUpdate64 measure how long an Update takes that reads a record and writes it, of
// a thousand, disk included; the second with 64 goroutines at it.
func BenchmarkUpdateAlone(b *testing.B) { benchmarkUpdate(b, 1) }
func BenchmarkUpdate64(b *testing.B)    { benchmarkUpdate(b, 64) }

func benchmarkUpdate(b *testing.B, writers int) {
	v, _ := newVault(b)
	value := []byte(strings.Repeat("x", 200))
	must(b, v.Update(func(tx Tx) error {
		for i := range 1000 {
			must(b, tx.Put("b", fmt.Sprint("g", i%100), fmt.Sprint(i), value))
		}
		return nil
	}))
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				group, name := fmt.Sprint("g", n%100), fmt.Sprint(n%1000)
				if err := v.Update(func(tx Tx) error {
					value, err := tx.Get("b", group, name)
					if err != nil {
						return err
					}
					return tx.Put("b", group, name, value)
				}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}
