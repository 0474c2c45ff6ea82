package core

import (
	"context"
	"errors"
	"sync"
)

// errBusy says that too many messages of one chat are waiting.
var errBusy = errors.New("core: too many messages waiting")

// serial runs the jobs of one chat in order and those of different chats in parallel.
type serial struct {
	mu     sync.Mutex
	queue  map[ChatID][]func() // a key is present while a goroutine serves it
	limit  int                 // jobs waiting per chat
	closed bool
	wg     sync.WaitGroup
}

func newSerial(limit int) *serial {
	return &serial{queue: make(map[ChatID][]func()), limit: limit}
}

// do queues job and returns at once, so that an adapter's read loop never blocks.
func (s *serial) do(chat ChatID, job func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting, served := s.queue[chat]
	switch {
	case s.closed:
		return ErrClosed
	case len(waiting) >= s.limit:
		return errBusy
	}
	s.queue[chat] = append(waiting, job)
	if !served {
		s.wg.Go(func() { s.serve(chat) }) // under mu: shutdown cannot be waiting yet
	}
	return nil
}

// aside runs job at once, beside the queue of its chat.
func (s *serial) aside(job func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.wg.Go(job)
	return nil
}

func (s *serial) serve(chat ChatID) {
	for {
		s.mu.Lock()
		jobs := s.queue[chat]
		if len(jobs) == 0 {
			delete(s.queue, chat)
			s.mu.Unlock()
			return
		}
		s.queue[chat] = jobs[1:]
		s.mu.Unlock()
		jobs[0]() // recovers its own panics
	}
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
