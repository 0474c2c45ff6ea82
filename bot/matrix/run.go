//go:build goolm

package matrix

import (
	"context"
	"errors"
	"time"

	"maunium.net/go/mautrix"

	"cartable/core/chat"
)

// maxLogins bounds how often Run logs in again within an hour because the server has forgotten the token.
const maxLogins = 3

const (
	maxTries  = 3  // of a response that cannot be handled
	maxMissed = 10 // of one with an event that cannot be decided on: some three minutes
)

// patience is what Run remembers from one connection to the next.
type patience struct {
	wait  time.Duration // before the next connection
	since string        // token from which a response could not be handled
	tries int           // of that one
}

// Run implements chat.Adapter. It returns nil when ctx has ended, and an error that says what to do when
// trying again cannot help; everything else that goes wrong it logs when it begins, waits, and tries again.
func (a *Adapter) Run(ctx context.Context, handle chat.Handler) error {
	a.mu.Lock()
	a.handle = handle
	a.mu.Unlock()
	defer a.stopTaking()
	var logins []time.Time
	p := patience{wait: firstBackoff}
	for {
		err := a.serve(ctx, &p)
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
			if p.wait == firstBackoff { // whoever asks the pulse says it again while it lasts
				a.log.Warn("not connected, trying again", "error", err)
			}
		}
		select {
		case <-time.After(p.wait):
		case <-ctx.Done():
			return a.stopped()
		}
		p.wait = min(2*p.wait, longBackoff)
	}
}

// serve connects and reads until something goes wrong. The pause after that is short again when all went well
// for a while.
func (a *Adapter) serve(ctx context.Context, p *patience) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	l, err := a.connect(ctx)
	if err != nil {
		return err
	}
	a.missed.Store(false) // what was missed comes again
	began := time.Now()
	a.replay(l)
	err = a.read(ctx, end, l, func(ctx context.Context) error { return a.keepHouse(ctx, l) })
	if time.Since(began) > longBackoff {
		p.wait = firstBackoff
	}
	switch {
	case errors.Is(err, errPanicked):
		a.tryAgain(l, p, maxTries)
	case errors.Is(err, errMissed):
		a.tryAgain(l, p, maxMissed)
	}
	return err
}

// read reads, with the chores beside it, whose error ends the reading. It ends ctx, and with it the connection.
func (a *Adapter) read(ctx context.Context, end context.CancelCauseFunc, l *connection, chores func(context.Context) error) error {
	ended := make(chan error, 1)
	go func() {
		err := chores(ctx)
		if err != nil {
			end(err)
		}
		ended <- err
	}()
	err := l.cli.SyncWithContext(ctx)
	end(nil)
	if chore := <-ended; chore != nil {
		return chore
	}
	return err
}

// tryAgain sees to it that a response which was not handled to its end comes again, or after the most tries that
// the bot goes on without what is missing.
func (a *Adapter) tryAgain(l *connection, p *patience, most int) {
	since, err := a.store.HandledUpTo(l.me)
	if err == nil && since == p.since {
		p.tries++
	} else {
		p.since, p.tries = since, 1
	}
	if p.tries < most {
		a.store.TakeBack(l.me)
		return
	}
	p.wait = firstBackoff
	a.log.Error("a response of the homeserver cannot be handled, something in it is lost", "tries", p.tries)
	if err := a.store.Commit(context.Background()); err != nil {
		a.log.Error("the bot does not get past it", "error", err)
	}
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

// keepHouse does what is to be done now and then, until ctx has ended. It fails when another copy of the vault is
// in use.
func (a *Adapter) keepHouse(ctx context.Context, l *connection) error {
	defer a.recovered("housekeeping")
	l.enterInvited(ctx)
	a.removeOffers()
	tick, again := time.NewTicker(time.Hour), time.NewTicker(resendEvery)
	defer tick.Stop()
	defer again.Stop()
	for hours := 0; ; {
		select {
		case <-again.C:
			if a.uses(l) { // before, it is not known who is in the rooms now
				l.resend(ctx)
			}
			continue
		case <-tick.C:
			hours++
		case <-ctx.Done():
			return nil
		}
		if err := l.renewEpoch(ctx); lasting(err) {
			return err
		} else if err != nil {
			a.log.Warn("place in time not noted on the homeserver", "error", err)
		}
		l.enterInvited(ctx)
		a.removeOffers()
		a.removeKeys(ctx)
		if hours%24 == 1 {
			a.removeStrangers(ctx)
		}
	}
}

func (a *Adapter) removeOffers() {
	if lost, err := a.offers.cleanUp(); err != nil || lost > 0 {
		a.log.Error("some old choices not removed", "count", lost, "error", err)
	}
}

// removeKeys removes the keys of messages that nobody will ask to be answered any more. It is not for the start:
// after a long pause the messages have still to be fetched.
func (a *Adapter) removeKeys(ctx context.Context) {
	if _, err := a.store.RedactExpiredGroupSessions(ctx); err != nil {
		a.log.Error("old keys not removed", "error", err)
	}
	if err := a.store.DropOldNotices(ctx, time.Now()); err != nil {
		a.log.Error("old notices of keys not removed", "error", err)
	}
}

func (a *Adapter) removeStrangers(ctx context.Context) {
	if err := a.store.ForgetStrangers(ctx); err != nil {
		a.log.Error("devices of people who left not removed", "error", err)
	}
}
