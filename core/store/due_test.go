package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/store"
	"cartable/core/store/storetest"
)

func TestDue(t *testing.T) {
	s := newStore(t)
	due := store.Due{Bucket: "due"}
	start := time.Date(2026, 11, 17, 7, 30, 0, 0, time.UTC)
	update := func(fn func(tx store.Tx) error) {
		t.Helper()
		if err := s.Update(fn); err != nil {
			t.Fatal(err)
		}
	}
	take := func(now time.Time, most int) (all []string, more bool) {
		t.Helper()
		for more = true; more && len(all) < most; {
			var names []string
			update(func(tx store.Tx) (err error) {
				names = nil
				more, err = due.Take(tx, now, most-len(all), func(name string) error {
					names = append(names, name)
					return nil
				})
				return err
			})
			all = append(all, names...)
		}
		slices.Sort(all)
		return all, more
	}
	expect := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	update(func(tx store.Tx) error {
		for name, after := range map[string]time.Duration{"a": 0, "b": 10 * time.Minute, "c": time.Hour, "d": 48 * time.Hour, "gone": time.Hour} {
			if err := due.Note(tx, start.Add(after), name); err != nil {
				return err
			}
		}
		return due.Drop(tx, start.Add(time.Hour), "gone")
	})
	got, _ := take(start.Add(20*time.Minute), 10)
	expect("within the hour", got)
	first, more := take(start.Add(40*time.Minute), 1)
	second, _ := take(start.Add(40*time.Minute), 1)
	expect("in portions", slices.Sorted(slices.Values(append(first, second...))), "a", "b")
	if !more {
		t.Error("a portion says that it was all")
	}
	got, _ = take(start.Add(2*time.Hour), 10)
	expect("the next hour", got, "c")
	update(func(tx store.Tx) error { return due.Note(tx, start, "late") }) // for an hour that was taken
	got, _ = take(start.Add(2*time.Hour), 10)
	expect("noted late", got, "late")
	got, more = take(start.Add(100*time.Hour), 10)
	expect("after a long stop", got, "d")
	if got, _ = take(start.Add(200*time.Hour), 10); len(got) > 0 || more {
		t.Errorf("taken twice: %q", got)
	}
	update(func(tx store.Tx) error {
		if err := due.Note(tx, start.Add(201*time.Hour), "kept"); err != nil {
			return err
		}
		return tx.Put("due", "", "first", []byte("garbage"))
	})
	got, _ = take(start.Add(205*time.Hour), 10)
	expect("where the first hour is unreadable", got, "kept")
	update(func(tx store.Tx) error {
		first, err := tx.Get("due", "", "first")
		if string(first) == "garbage" {
			t.Error("the first hour stays unreadable")
		}
		return err
	})
	update(func(tx store.Tx) error {
		return errors.Join(
			due.Note(tx, start.Add(206*time.Hour), "before"),
			tx.Put("due", "", "first", []byte("garbage")),
			due.Note(tx, start.Add(300*time.Hour), "after"), // begins anew
		)
	})
	got, _ = take(start.Add(400*time.Hour), 10)
	expect("noted where the first hour is unreadable", got, "after", "before")
}

// TestDueReadsLittle takes what is due in many portions, and reads no more for that.
func TestDueReadsLittle(t *testing.T) {
	m := &storetest.Meter{Store: newVault(t)}
	due, start := store.Due{Bucket: "due"}, time.Date(2026, 11, 17, 7, 30, 0, 0, time.UTC)
	const names = 1000
	if err := m.Update(func(tx store.Tx) error {
		for i := range names {
			if err := due.Note(tx, start, fmt.Sprint(i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	m.Take()
	taken, portions := make(map[string]bool), 0
	for more := true; more; portions++ {
		if err := m.Update(func(tx store.Tx) (err error) {
			more, err = due.Take(tx, start.Add(time.Hour), 10, func(name string) error { taken[name] = true; return nil })
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if len(taken) != names || portions < names/10 {
		t.Errorf("%d names in %d portions", len(taken), portions)
	}
	if most, u := 50*portions, m.Take(); u.Read > most {
		t.Errorf("%d records were read in %d portions, want at most %d", u.Read, portions, most)
	}
}

// TestPortion: one is over after so many records, or after its time, and not before the first.
func TestPortion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			most, want int
			each       time.Duration
		}{{1, 1, 0}, {3, 3, 0}, {3, 1, time.Second}, {100, 5, time.Millisecond}} {
			p, n := store.NewPortion(tt.most), 0
			for time.Sleep(tt.each); !p.Full(); time.Sleep(tt.each) {
				n++
			}
			if n != tt.want {
				t.Errorf("%d of %d, each of %v, want %d", n, tt.most, tt.each, tt.want)
			}
		}
	})
}
