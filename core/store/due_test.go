package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cartable/core/store"
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
	take := func(now time.Time, most int) (names []string, more bool) {
		t.Helper()
		update(func(tx store.Tx) (err error) {
			names = nil
			more, err = due.Take(tx, now, most, func(name string) error {
				names = append(names, name)
				return nil
			})
			return err
		})
		slices.Sort(names)
		return names, more
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
