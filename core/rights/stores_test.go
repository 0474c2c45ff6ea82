package rights_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"cartable/core/store"
)

// pausing is a store in which one reading can be held up between what it has read and its return.
type pausing struct {
	store.Store

	mu        sync.Mutex
	armed     bool
	paused    chan struct{} // the reading is held up
	resume    chan struct{} // lets it go
	committed chan struct{} // something was written meanwhile
	views     atomic.Int32  // that have come to their end
}

func (p *pausing) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = true
	p.paused, p.resume, p.committed = make(chan struct{}), make(chan struct{}), make(chan struct{}, 1)
}

// others gives other readings the chance to end first.
func (p *pausing) others() {
	before := p.views.Load()
	for range 10_000 {
		if p.views.Load() > before {
			break
		}
		runtime.Gosched()
	}
}

func (p *pausing) View(fn func(store.Tx) error) error {
	err := p.Store.View(fn)
	p.mu.Lock()
	hold := p.armed
	p.armed = false
	p.mu.Unlock()
	if hold {
		close(p.paused)
		<-p.resume
	}
	p.views.Add(1)
	return err
}

func (p *pausing) Update(fn func(store.Tx) error) error {
	err := p.Store.Update(fn)
	select {
	case p.committed <- struct{}{}:
	default:
	}
	return err
}

// counting counts what is written, and can be told to give nothing.
type counting struct {
	store.Store
	updates int
	away    bool
}

var errAway = errors.New("the disk is away")

func (c *counting) View(fn func(store.Tx) error) error {
	if c.away {
		return errAway
	}
	return c.Store.View(fn)
}

func (c *counting) Update(fn func(store.Tx) error) error {
	c.updates++
	return c.Store.Update(fn)
}
