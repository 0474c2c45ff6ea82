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
	queue  map[chat.ChatID][]func() // a key is present while a goroutine serves it
	limit  int                      // jobs waiting per chat
	closed bool
	wg     sync.WaitGroup
}

func newSerial(limit int) *serial {
	return &serial{queue: make(map[chat.ChatID][]func()), limit: limit}
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
	return s.push(c, job)
}

// push queues a job. The caller holds mu.
func (s *serial) push(c chat.ChatID, job func()) error {
	waiting, served := s.queue[c]
	if len(waiting) >= s.limit {
		return errBusy
	}
	s.queue[c] = append(waiting, job)
	if !served {
		s.wg.Go(func() { s.serve(c) }) // under mu: shutdown cannot be waiting yet, or waits for the caller's job
	}
	return nil
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
		if len(jobs) == 0 {
			delete(s.queue, c)
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
