package telegram

import (
	"errors"
	"time"
)

// signal wakes those who wait for a change of one thing. It is guarded by the server's lock, and costs
// nothing while nobody waits.
type signal struct{ ch chan struct{} }

// next is closed at the next change.
func (g *signal) next() <-chan struct{} {
	if g.ch == nil {
		g.ch = make(chan struct{})
	}
	return g.ch
}

func (g *signal) fire() {
	if g.ch != nil {
		close(g.ch)
		g.ch = nil
	}
}

var errWait = errors.New("sim/telegram: nothing of the kind happened in time")

// wait calls done under the lock, now and after each change of what on names, until it says yes. It gives
// up after Config.Wait, when stop is closed, and when the server is.
func (s *Server) wait(stop <-chan struct{}, on func() *signal, done func() bool) error {
	deadline := time.NewTimer(s.conf.Wait)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		ok, changed := done(), on().next()
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-stop:
			return errWait
		case <-s.closed:
			return errWait
		case <-deadline.C:
			return errWait
		}
	}
}

// waitQueue is wait for the queue of updates, waitJournal for the journal.
func (s *Server) waitQueue(done func() bool) error {
	return s.wait(nil, func() *signal { return &s.queue.changed }, done)
}

func (s *Server) waitJournal(done func() bool) error {
	return s.wait(nil, func() *signal { return &s.logged }, done)
}

// touch counts a change in a chat and wakes who waits for one. The lock is held.
func (s *Server) touch(c *chat) {
	s.revision++
	c.changed.fire()
}
