package chat

import (
	"sync"
	"time"
)

// Pulse is when an adapter last heard from its platform's server, and what has gone wrong since. The zero value
// has heard nothing yet. Its methods may be called from several goroutines.
type Pulse struct {
	mu      sync.Mutex
	heard   time.Time
	trouble error
}

// Beat notes an answer that was a success.
func (p *Pulse) Beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard, p.trouble = now, nil
}

// Miss notes what went wrong instead. The error is for the log: it holds no secret.
func (p *Pulse) Miss(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = err
}

// Heard returns the time of the last success, zero for none, and what has gone wrong since, nil for nothing.
func (p *Pulse) Heard() (at time.Time, trouble error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard, p.trouble
}
