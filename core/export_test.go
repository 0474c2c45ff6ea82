package core

import (
	"context"
	"time"
)

// What the engine does in the background, for tests that move the clock themselves.

// LookUpDue looks up the lost top-ups that are due.
func (e *Engine) LookUpDue(ctx context.Context) time.Duration { return e.lookUpDue(ctx) }

// RecoverTopUps is what Start does first.
func (e *Engine) RecoverTopUps() error { return e.recoverTopUps() }

// CleanUp removes what has expired.
func (e *Engine) CleanUp() error { return e.cleanUp() }

// Buckets name all tables, for tests that look at what is stored.
func Buckets() []string {
	return []string{
		links.bucket, settings.bucket, choices.bucket, proposals.bucket, snapshots.bucket, gates.bucket,
	}
}
