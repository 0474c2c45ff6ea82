//go:build goolm

package matrix

import (
	"context"
	"errors"
	"time"

	"maunium.net/go/mautrix"

	"cartable/core"
)

// maxLogins bounds how often Run logs in again within an hour because the server has forgotten the token.
const maxLogins = 3

// Run implements core.Adapter. It returns nil when ctx has ended, and an error that says what to do when
// trying again cannot help; everything else that goes wrong it logs when it begins, waits, and tries again.
func (a *Adapter) Run(ctx context.Context, handle core.Handler) error {
	a.mu.Lock()
	a.handle = handle
	a.mu.Unlock()
	defer a.stopTaking()
	var logins []time.Time
	wait := firstBackoff
	for {
		err := a.serve(ctx, &wait)
		switch {
		case ctx.Err() != nil:
			return a.stopped()
		case lasting(err):
			return err
		case errors.Is(err, mautrix.MUnknownToken):
			now := a.cfg.Now()
			if logins = append(logins, now); len(logins) > maxLogins {
				if now.Sub(logins[0]) < time.Hour {
					return errors.New("matrix: the homeserver forgets every login at once; is another program using this account's device?")
				}
				logins = logins[1:]
			}
			a.log.Warn("the homeserver has forgotten the login, logging in again")
		default:
			err = fail("sync", err)
			a.pulse.Miss(err)
			if wait == firstBackoff { // whoever asks the pulse says it again while it lasts
				a.log.Warn("not connected, trying again", "error", err)
			}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return a.stopped()
		}
		wait = min(2*wait, longBackoff)
	}
}

// serve connects and reads until something goes wrong.
func (a *Adapter) serve(ctx context.Context, wait *time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.missed.Store(false) // what was missed comes again
	*wait = firstBackoff
	a.replay(l)
	chores := make(chan struct{})
	go func() {
		defer close(chores)
		a.keepHouse(ctx, l)
	}()
	defer func() { cancel(); <-chores }()
	return l.cli.SyncWithContext(ctx)
}

// stopped notes how far was read: all of it is handled, or waits in the inbox. If something is not, the last
// response has to come again.
func (a *Adapter) stopped() error {
	if a.missed.Load() {
		return nil
	}
	return fail("keep the place", a.store.Commit(context.Background()))
}

// stopTaking leaves further messages to the next start.
func (a *Adapter) stopTaking() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.handle = nil
}

// keepHouse does what is to be done now and then.
func (a *Adapter) keepHouse(ctx context.Context, l *link) {
	defer a.recovered("housekeeping")
	l.enterInvited(ctx)
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := a.offers.cleanUp(); err != nil {
			a.log.Error("old choices not removed", "error", err)
		}
		if _, err := a.store.RedactExpiredGroupSessions(ctx); err != nil {
			a.log.Error("old keys not removed", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		l.enterInvited(ctx)
		l.resend(ctx)
		if err := l.bumpEpoch(ctx); err != nil {
			a.log.Warn("place in time not noted on the homeserver", "error", err)
		}
	}
}
