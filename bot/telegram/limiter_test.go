package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sendAll enters each chat n times at once and notes when each message was let through.
func sendAll(t *testing.T, l *limiter, chats []int64, n int) map[int64][]time.Time {
	t.Helper()
	var mu sync.Mutex
	times := make(map[int64][]time.Time)
	var wg sync.WaitGroup
	for _, chat := range chats {
		for range n {
			wg.Go(func() {
				s, err := l.enter(t.Context(), chat)
				if err == nil {
					defer s.leave()
					err = s.pace(t.Context(), time.Minute)
				}
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				times[chat] = append(times[chat], time.Now())
				times[0] = append(times[0], time.Now())
			})
		}
	}
	wg.Wait()
	return times
}

// most is the largest number of times within any span.
func most(times []time.Time, span time.Duration) int {
	best := 0
	for i, start := range times {
		n := 0
		for _, at := range times[i:] {
			if at.Sub(start) < span {
				n++
			}
		}
		best = max(best, n)
	}
	return best
}

func TestFloodLimits(t *testing.T) {
	tests := []struct {
		name  string
		chats []int64
		each  int
		took  time.Duration // exactly
	}{
		{"a burst in a private chat", []int64{1}, 3, 0},
		{"one a second in a private chat", []int64{1}, 12, 9 * time.Second},
		{"a group's minute", []int64{-1}, 20, 18 * time.Second},
		{"a group's next minute", []int64{-1}, 21, time.Minute},
		{"thirty a second in all", manyChats(60), 1, time.Second},
		{"many groups", []int64{-1, -2, -3}, 21, time.Minute},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			times := sendAll(t, newLimiter(floodLimits()), tt.chats, tt.each)
			if took := time.Since(start); took != tt.took {
				t.Errorf("%s: took %v, want %v", tt.name, took, tt.took)
			}
			if n := most(times[0], time.Second); n > 30 {
				t.Errorf("%s: %d in a second", tt.name, n)
			}
			for _, chat := range tt.chats {
				if n := most(times[chat], 3*time.Second); n > 3 {
					t.Errorf("%s: %d in three seconds to one chat", tt.name, n)
				}
				if n := most(times[chat], time.Minute); chat < 0 && n > 20 {
					t.Errorf("%s: %d in a minute to a group", tt.name, n)
				}
			}
		})
	}
}

func manyChats(n int) []int64 {
	var chats []int64
	for i := range n {
		chats = append(chats, int64(i+1))
	}
	return chats
}

func TestChatOnHoldDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(floodLimits())
		s, _ := l.enter(t.Context(), 1)
		s.pauseFor(10 * time.Second)
		s.leave()
		start := time.Now()
		times := sendAll(t, l, []int64{1, 2}, 1)
		if d := times[1][0].Sub(start); d != 10*time.Second {
			t.Errorf("the chat on hold waited %v", d)
		}
		if d := times[2][0].Sub(start); d != 0 {
			t.Errorf("the other waited %v", d)
		}
	})
}

// TestLongHold is not waited for, and costs the chat no place.
func TestLongHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(floodLimits())
		s, _ := l.enter(t.Context(), 1)
		s.pauseFor(10 * time.Second)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for range 5 {
			if err := s.pace(ctx, time.Minute); !errors.Is(err, errOnHold) {
				t.Errorf("a caller with less time: %v", err)
			}
			if err := s.pace(t.Context(), time.Second); !errors.Is(err, errOnHold) {
				t.Errorf("one with less patience: %v", err)
			}
		}
		if err := s.pace(t.Context(), time.Minute); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestOrderInChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(floodLimits())
		first, _ := l.enter(t.Context(), 1)
		var order []string
		for i := range 5 {
			go func() {
				s, err := l.enter(t.Context(), 1)
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, fmt.Sprint(i))
				s.leave()
			}()
			synctest.Wait() // it stands in line
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if _, err := l.enter(ctx, 1); !errors.Is(err, context.Canceled) {
				t.Errorf("gave up with %v", err)
			}
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		first.leave()
		synctest.Wait()
		if got := strings.Join(order, ""); got != "01234" {
			t.Errorf("order %s", got)
		}
		if s, err := l.enter(t.Context(), 1); err != nil {
			t.Error(err)
		} else {
			s.leave()
		}
	})
}

func TestLimiterForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(floodLimits())
		sendAll(t, l, manyChats(100), 1)
		time.Sleep(2 * time.Minute)
		sendAll(t, l, []int64{1}, 1)
		if len(l.seats) != 1 {
			t.Errorf("%d chats are remembered", len(l.seats))
		}
	})
}
