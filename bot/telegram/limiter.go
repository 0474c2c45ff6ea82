package telegram

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	holdMargin = 100 * time.Millisecond // on top of a retry_after
	sweepEvery = time.Minute
)

// limiter paces what is sent: one reply at a time in each chat, in the order in which they came, within
// the flood limits, and nothing to a chat that Telegram has put on hold. It makes no calls.
type limiter struct {
	limits limits

	mu    sync.Mutex // guards what follows and the seats
	seats map[int64]*seat
	all   window
	swept time.Time
}

// seat is a chat's place in the limiter.
type seat struct {
	l       *limiter
	taken   bool
	waiting []chan struct{} // closed when the seat is theirs
	chat    window
	group   window    // of a group only
	hold    time.Time // nothing before
}

func newLimiter(l limits) *limiter {
	return &limiter{limits: l, seats: make(map[int64]*seat), all: window{limit: l.overall}}
}

// enter waits until it is the caller's turn in the chat. The caller must leave the seat.
func (l *limiter) enter(ctx context.Context, chat int64) (*seat, error) {
	l.mu.Lock()
	l.sweep(time.Now())
	s := l.seats[chat]
	if s == nil {
		s = &seat{l: l, chat: window{limit: l.limits.chat}}
		if chat < 0 { // groups have negative ids
			s.group.limit = l.limits.group
		}
		l.seats[chat] = s
	}
	if !s.taken {
		s.taken = true
		l.mu.Unlock()
		return s, nil
	}
	turn := make(chan struct{})
	s.waiting = append(s.waiting, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return s, nil
	case <-ctx.Done():
		s.giveUp(turn)
		return nil, ctx.Err()
	}
}

// leave lets the next one in.
func (s *seat) leave() {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if len(s.waiting) == 0 {
		s.taken = false
		return
	}
	close(s.waiting[0])
	s.waiting = s.waiting[1:]
}

func (s *seat) giveUp(turn chan struct{}) {
	s.l.mu.Lock()
	i := slices.Index(s.waiting, turn)
	if i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	s.l.mu.Unlock()
	if i < 0 { // it was ours in the same moment
		s.leave()
	}
}

// errOnHold says that Telegram wants nothing sent to the chat for longer than anybody waits.
var errOnHold = errors.New("the chat is on hold")

// pace waits until one message may go to the chat. It does not begin to wait for a hold that lasts longer than
// patience or ctx.
func (s *seat) pace(ctx context.Context, patience time.Duration) error {
	s.l.mu.Lock()
	now := time.Now()
	end := now.Add(patience)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	if s.hold.After(end) {
		s.l.mu.Unlock()
		return errOnHold
	}
	at := s.chat.next(now)
	if s.group.n > 0 {
		at = later(at, s.group.next(at))
	}
	at = later(at, s.hold)
	s.l.mu.Unlock()
	if !sleep(ctx, time.Until(at)) {
		return ctx.Err()
	}
	s.l.mu.Lock() // only now: a chat that waits must not hold places that others could use
	at = s.l.all.next(time.Now())
	s.l.mu.Unlock()
	if !sleep(ctx, time.Until(at)) {
		return ctx.Err()
	}
	return nil
}

// pauseFor keeps everything from the chat for d.
func (s *seat) pauseFor(d time.Duration) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.hold = later(s.hold, time.Now().Add(d))
}

// sweep forgets the chats that nothing holds back. mu is held.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < sweepEvery {
		return
	}
	l.swept = now
	for id, s := range l.seats {
		if !s.taken && s.chat.idle(now) && s.group.idle(now) && now.After(s.hold) {
			delete(l.seats, id)
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
