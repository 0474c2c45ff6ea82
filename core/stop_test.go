package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
)

// stopNow is a stop whose time is over at once, and a start after it.
func (r *rig) stopNow() {
	r.t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	reason := errors.New("no more time")
	cancel(reason)
	if err := r.engine.Shutdown(ctx); !errors.Is(err, reason) {
		r.t.Errorf("shut down with an answer under way: %v", err)
	}
}

// TestStopLeavesWhatWasNotAnswered has a command under way, and two behind it, when the time for the stop is over: none
// of them is done, so that they are read again, and nobody is told that something went wrong.
func TestStopLeavesWhatWasNotAnswered(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.linkWallet(true)
	release := r.izly.Hold("GetStatement")
	defer release()
	answered := c.flood(3, func(n int) string { return []string{"/historique 1", "/langue en", "/historique 1"}[n] })
	r.waitHeld("GetStatement")
	r.stopNow()
	if n := len(answered); n != 0 {
		t.Errorf("%d messages are done", n)
	}
	if err := c.handler()(chat.Message{Chat: c.id, Text: "/aide"}, func() { t.Error("done was called") }); !errors.Is(err, chat.ErrClosed) {
		t.Errorf("a message was taken after the end: %v", err)
	}
	r.restart()
	c.handler()
	r.engine.LookUpDue(t.Context())
	if told := c.text(); told != "" {
		t.Errorf("told:\n%s", told)
	}
	c.wants(c.Say("/aide"), "Ce que je sais faire ici") // the language was not changed in silence
	c.wants(c.Say("/historique 1"), "RU Évariste-Galois")
}

// waitHeld waits until the call is under way that the simulator was told to hold.
func (r *rig) waitHeld(method string) {
	r.t.Helper()
	for r.izly.Planned(method) > 0 {
		time.Sleep(time.Millisecond)
		if r.t.Context().Err() != nil {
			r.t.Fatal("never called")
		}
	}
}

// TestStopDuringATopUp stops the program while a confirmed order is under way. The press is told its outcome, before
// the end or after it, and to read it once more spends nothing.
func TestStopDuringATopUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, held, told, again string
		spent                   int
	}{
		{"before it is sent", "GetStatement", "Rien n'a été", "n'a pas été envoyé à Izly", 0},
		{"while it is sent", "MoneyInCbConfirm", "je ne sais pas s'il est fait", "Je ne sais pas encore", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			c := r.chat("camille")
			account := c.linkWallet(true)
			c.Say("/recharger 20")
			confirm := c.button("Payer")
			release := r.izly.Hold(tt.held)
			defer release()
			c.mu.Lock()
			c.replies = nil
			c.mu.Unlock()
			done := make(chan struct{}, 1)
			if err := c.handler()(chat.Message{Chat: c.id, Person: c.person, Private: true, Choice: confirm}, func() { done <- struct{}{} }); err != nil {
				t.Fatal(err)
			}
			r.waitHeld(tt.held)
			r.stopNow()
			if len(done) != 1 {
				t.Error("the press is to be read again: it would not tell what became of the order")
			}
			r.restart()
			c.handler()
			r.engine.LookUpDue(t.Context())
			if told := c.text(); strings.Count(told, tt.told) != 1 {
				t.Errorf("want %q once in:\n%s", tt.told, told)
			}
			c.wants(c.PressID(confirm), tt.again)
			r.spent(account, 12_34, tt.spent)
		})
	}
}
