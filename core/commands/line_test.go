package commands

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestLine has one after the other have the turn, tells those who wait and nobody else, and bounds the line in people
// and in time.
func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, told := newLine(), 0
		tell := func() error { told++; return nil }
		leave, err := l.enter(t.Context(), tell)
		if err != nil || told != 0 {
			t.Fatalf("the first: %v, told %d times", err, told)
		}
		entered := make(chan func(), mostWaiting)
		for range mostWaiting {
			go func() {
				leave, err := l.enter(t.Context(), tell)
				if err != nil {
					t.Error(err)
				}
				entered <- leave
			}()
			synctest.Wait()
		}
		if told != mostWaiting || len(entered) > 0 {
			t.Errorf("%d were told, %d got the turn together", told, len(entered)+1)
		}
		if _, err := l.enter(t.Context(), tell); !errors.Is(err, errLine) || told != mostWaiting {
			t.Errorf("one too many: %v", err)
		}
		for range mostWaiting {
			leave()
			synctest.Wait()
			if len(entered) != 1 {
				t.Fatalf("%d have the turn", len(entered))
			}
			leave = <-entered
		}

		began := time.Now()
		if _, err := l.enter(t.Context(), tell); !errors.Is(err, errLine) || time.Since(began) != longestLine {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		broken := errors.New("broken")
		if _, err := l.enter(t.Context(), func() error { return broken }); !errors.Is(err, broken) {
			t.Errorf("not told: %v", err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(broken)
		if _, err := l.enter(ctx, tell); !errors.Is(err, broken) {
			t.Errorf("ended: %v", err)
		}
		leave()
		if len(l.wait) != 0 {
			t.Errorf("%d places are lost", len(l.wait))
		}
		if leave, err = l.enter(t.Context(), tell); err != nil {
			t.Error(err)
		}
		leave()
	})
}
