package core

import (
	"context"
	"sync"
	"time"

	"cartable/core/store"
)

// What the engine does in the background, for tests that move the clock themselves.

// CleanUp removes what has expired.
func (e *Engine) CleanUp() error { return e.cleanUp() }

// LookUpDue looks up the lost top-ups that are due, and sends the letters that there are.
func (e *Engine) LookUpDue(ctx context.Context) {
	e.Watch.Look(ctx)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	var running sync.WaitGroup
	running.Go(func() { e.Outbox.Run(ctx) })
	for e.letters() > 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	cancel()
	running.Wait()
}

// letters counts what is still to be sent.
func (e *Engine) letters() (n int) {
	_ = e.cfg.Store.View(func(tx store.Tx) error {
		_, err := tx.All("letters", func(string, string, []byte) error { n++; return nil })
		return err
	})
	return n
}
