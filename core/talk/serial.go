package talk

import (
	"context"
	"errors"
	"sync"

	"cartable/core/chat"
)

// errBusy says that too many messages of one chat are waiting.
var errBusy = errors.New("talk: too many messages waiting")

// serial runs the jobs of one chat in order and those of different chats in parallel.
type serial struct {
	mu     sync.Mutex
	queue  map[chat.ChatID][]func()
	served map[chat.ChatID]bool // by a goroutine
	held   map[chat.ChatID]int  // by whom jobs are held back
	frozen bool                 // those of all chats are
	limit  int                  // jobs waiting per chat
	closed bool
	wg     sync.WaitGroup
}

func newSerial(limit int) *serial {
	return &serial{
		queue: make(map[chat.ChatID][]func()), served: make(map[chat.ChatID]bool), held: make(map[chat.ChatID]int), limit: limit,
	}
}

// do queues job and returns at once, so that an adapter's read loop never blocks.
func (s *serial) do(c chat.ChatID, job func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return chat.ErrClosed
	}
	return s.push(c, job)
}

// within is do for a job that is part of another one which is running: it is taken also after shutdown has begun,
// because shutdown waits for the one that waits for it.
func (s *serial) within(c chat.ChatID, job func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits(c) { // maybe for the caller: its job must not wait for itself
		s.wg.Go(job)
		return nil
	}
	return s.push(c, job)
}

// push queues a job. The caller holds mu.
func (s *serial) push(c chat.ChatID, job func()) error {
	if len(s.queue[c]) >= s.limit {
		return errBusy
	}
	s.queue[c] = append(s.queue[c], job)
	s.start(c)
	return nil
}

// start has the jobs of a chat served. The caller holds mu.
func (s *serial) start(c chat.ChatID) {
	if len(s.queue[c]) == 0 || s.served[c] || s.waits(c) {
		return
	}
	s.served[c] = true
	s.wg.Go(func() { s.serve(c) }) // under mu: shutdown cannot be waiting yet, or waits for the caller's job
}

// waits tells whether the jobs of a chat are held back. The caller holds mu.
func (s *serial) waits(c chat.ChatID) bool { return !s.closed && (s.frozen || s.held[c] > 0) }

// hold lets the jobs of a chat wait until it is released as often. What is running goes on.
func (s *serial) hold(c chat.ChatID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return chat.ErrClosed
	}
	s.held[c]++
	return nil
}

func (s *serial) release(c chat.ChatID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[c]--; s.held[c] == 0 {
		delete(s.held, c)
	}
	s.thaw(c)
}

// freeze lets the jobs of all chats wait, or no longer.
func (s *serial) freeze(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = on
	for c := range s.queue {
		s.thaw(c)
	}
}

// thaw has a chat served that may be again, unless the program stops: what waited is left over then. The caller
// holds mu.
func (s *serial) thaw(c chat.ChatID) {
	if !s.closed {
		s.start(c)
	}
}

// shut tells whether no jobs are taken any more.
func (s *serial) shut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// atOnce runs job beside the queue of its chat.
func (s *serial) atOnce(job func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return chat.ErrClosed
	}
	s.wg.Go(job)
	return nil
}

func (s *serial) serve(c chat.ChatID) {
	for {
		s.mu.Lock()
		jobs := s.queue[c]
		if len(jobs) == 0 || s.waits(c) {
			if delete(s.served, c); len(jobs) == 0 {
				delete(s.queue, c)
			}
			s.mu.Unlock()
			return
		}
		s.queue[c] = jobs[1:]
		s.mu.Unlock()
		jobs[0]() // recovers its own panics
	}
}

// waiting counts the jobs of all chats that have not begun.
func (s *serial) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, jobs := range s.queue {
		n += len(jobs)
	}
	return n
}

// shutdown refuses new jobs, then waits for the queued ones or for ctx.
func (s *serial) shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
