package talk

import (
	"testing"
	"testing/synctest"

	"cartable/core/chat"
)

// TestHeldBack has jobs wait while their chat is held or everything is frozen, but for those that are part of others.
func TestHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSerial(20)
		a, b := chat.ChatID{ID: "a"}, chat.ChatID{ID: "b"}
		ran := ""
		job := func(name string) func() { return func() { ran += name } }
		wants := func(want string) {
			t.Helper()
			synctest.Wait()
			if ran != want {
				t.Errorf("ran %q, want %q", ran, want)
			}
			ran = ""
		}
		do := func(c chat.ChatID, name string) {
			t.Helper()
			if err := s.do(c, job(name)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		for range 2 {
			if err := s.hold(a); err != nil {
				t.Fatal(err)
			}
		}
		do(a, "1")
		do(b, "2")
		wants("2")
		if err := s.within(a, job("3")); err != nil { // whoever holds a chat may be waiting for it
			t.Fatal(err)
		}
		wants("3")
		s.release(a)
		do(a, "4")
		wants("")
		s.release(a)
		wants("14")
		s.freeze(true)
		do(a, "5")
		wants("")
		s.freeze(false)
		wants("5")
		s.freeze(true)
		do(b, "6")
		if err := s.shutdown(t.Context()); err != nil { // what is held back is left for the next start
			t.Fatal(err)
		}
		s.freeze(false)
		wants("")
		if err := s.hold(a); err == nil {
			t.Error("held after the end")
		}
	})
}
