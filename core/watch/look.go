package watch

import (
	"container/heap"
	"context"
	"errors"
	"maps"
	"time"

	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/wallet"
)

const (
	lookLimit   = 2 * time.Minute  // for one look
	firstRest   = 20 * time.Minute // after a look that failed; twice as long after the next
	longestRest = 6 * time.Hour
)

// visit looks at an account and plans the next look.
func visit(ctx context.Context, w *Watch, p *plan) {
	err := secret.Contain(w.cfg.Log, func() error {
		ctx, cancel := context.WithTimeout(ctx, lookLimit)
		defer cancel()
		return look(ctx, w, p)
	})
	now := now(w)
	switch paused, is := errors.AsType[*family.PausedError](err); {
	case err == nil:
		p.failures = 0
	case ctx.Err() != nil, errors.Is(err, ErrGone): // we were asked to end, or it has been unlinked
	case is:
		p.rest = paused.Until.Add(spread(p.account, now) / 5)
	default:
		w.cfg.Log.Warn("look failed", "error", err)
		rest := min(firstRest<<min(p.failures, 10), longestRest) + spread(p.account, now)/5
		if w.cfg.Every > 0 {
			rest = w.cfg.Every
		}
		p.rest = now.Add(rest)
		p.failures++
	}
	profile, _ := w.cfg.Family.Profile(p.account)
	w.mu.Lock()
	w.looking--
	p.busy, p.whole = false, false
	switch {
	case w.plans[p.account] != p: // nobody is told of it any more
	case errors.Is(err, ErrGone):
		delete(w.plans, p.account)
	default:
		w.plan(p, profile, now)
		heap.Push(&w.waiting, p)
	}
	w.mu.Unlock()
	w.Wake()
}

// look looks at an account once and puts the letters about what has changed. Its error is that of a reading that
// failed, and what was read before is told all the same, or ErrGone. Nothing is read for a chat that is gone.
func look(ctx context.Context, w *Watch, p *plan) error {
	a, known := w.cfg.Rights.Account(p.account)
	if !known {
		return ErrGone
	}
	if gone, err := w.cfg.Outbox.Gone(a.Home); err != nil || gone {
		return err
	}
	now := now(w)
	var did today
	if err := w.cfg.Store.View(func(tx store.Tx) (err error) {
		did, err = didToday(tx, p.account, now)
		return err
	}); err != nil {
		return err
	}
	rests, read := w.schoolRests, w.readSchool
	if a.Kind == rights.Wallet {
		rests, read = w.walletRests, w.readWallet
	}
	if rests(p, did, now) {
		return nil
	}
	if kills, err := begun(w, p, now); err != nil || kills {
		return err
	}
	defer func() { p.survived = true }()
	found, requests, err := read(ctx, p, did)
	return errors.Join(err, note(w, a, found, requests, now))
}

const (
	mostBegun = 2                  // looks in which the program ends, before
	killRest  = 7 * 24 * time.Hour // until the next one
)

// begun notes that a look begins, and has an account rest in which the program has ended: what its server answers may be
// why, and the next start must not end in it too.
func begun(w *Watch, p *plan, now time.Time) (kills bool, err error) {
	err = w.cfg.Store.Update(func(tx store.Tx) error {
		did, err := didToday(tx, p.account, now)
		if err != nil {
			return err
		}
		if p.survived { // what was begun in this run has ended, whatever could be written of it
			did.Begun = 0
		}
		if ago := now.Sub(did.BegunAt); did.Begun >= mostBegun && ago >= 0 && ago < killRest {
			kills, p.rest = true, did.BegunAt.Add(killRest)
			return nil
		}
		kills = false
		did.Begun, did.BegunAt = did.Begun+1, now
		return todays.Put(tx, "", p.account, did)
	})
	if kills {
		w.cfg.Log.Error("the program has ended twice while it looked at an account: it rests", "until", p.rest)
	}
	return kills, err
}

// didToday is what was done for an account on the day of now.
func didToday(tx store.Tx, account string, now time.Time) (today, error) {
	t, _, err := store.Legible(todays.Get(tx, "", account))
	if day := now.Format(time.DateOnly); t.Day != day {
		t.Day, t.Looks, t.Requests = day, 0, 0
	}
	return t, err
}

// spent tells whether a day's looks are made, and has the account rest until tomorrow then.
func spent(w *Watch, p *plan, did today, most int, now time.Time) bool {
	if w.cfg.Every > 0 || did.Looks < most {
		return false
	}
	p.rest = school.Midnight(now).AddDate(0, 0, 1)
	return true
}

// finding is what a look read of one page.
type finding struct {
	kind   Kind
	pupil  family.Pupil // of a school
	weeks  []family.Reading[school.Week]
	grades family.Reading[school.Grades]
	left   izly.Cents     // in a wallet
	whose  *wallet.Holder // who has it; nil where its owner has no other
}

// news is what is to be told: changes of a school, or that little is left in a wallet.
type news struct {
	changes []school.Change
	low     bool
}

// compare tells what is new, after what was seen; known is false at the first look.
func (f finding) compare(was page, known bool) (is page, n news) {
	is = was
	switch f.kind {
	case CancelledLesson:
		for _, week := range f.weeks {
			var more []school.Change
			more, is.Seen = school.DiffWeek(is.Seen, week.Value, week.At)
			n.changes = append(n.changes, more...)
		}
	case NewGrade:
		n.changes, is.Seen = school.DiffGrades(was.Seen, f.grades.Value, f.grades.At)
	case LowBalance:
		is.Low = f.left < LowBalanceBelow
		n.low = known && is.Low && !was.Low
	}
	return is, n
}

// note writes what was found and the letters about it, in one transaction: so each change is told once, whatever fails.
func note(w *Watch, a rights.Account, found []finding, requests int, now time.Time) error {
	err := w.cfg.Store.Update(func(tx store.Tx) error {
		s, subscribed, err := subscription(tx, a.ID)
		if err != nil || !subscribed { // unlinked meanwhile
			return err
		}
		if s.Chat != a.Home {
			s.Chat = a.Home
			if err := put(tx, s); err != nil {
				return err
			}
		}
		did, err := didToday(tx, a.ID, now)
		if err != nil {
			return err
		}
		did.Begun, did.BegunAt = 0, time.Time{}
		did.Looks++
		did.Requests += requests
		for _, f := range found {
			if !s.Has(f.kind) { // turned off meanwhile
				continue
			}
			sent, err := tell(w, tx, a, f, now)
			if err != nil {
				return err
			}
			did.Letters = append(did.Letters, sent...)
		}
		did.Letters = pending(did.Letters, now)
		return todays.Put(tx, "", a.ID, did)
	})
	w.cfg.Outbox.Wake()
	return err
}

// pending are the letters that may still be taken back.
func pending(all []letter, now time.Time) []letter {
	var list []letter
	for _, l := range all {
		if l.Until.After(now) {
			list = append(list, l)
		}
	}
	return list[max(0, len(list)-maxLetters):]
}

// tell writes what was seen on one page, and the letters about what is new there.
func tell(w *Watch, tx store.Tx, a rights.Account, f finding, now time.Time) ([]letter, error) {
	name := pageName(f.pupil.Key, f.kind)
	was, known, err := store.Legible(pages.Get(tx, a.ID, name))
	if err != nil {
		return nil, err
	}
	is, n := f.compare(was, known)
	if !known || is.Low != was.Low || !sameSeen(is.Seen, was.Seen) || now.Sub(was.At) > pageAnew {
		is.At = now
		if err := putPage(tx, a.ID, name, is, known); err != nil {
			return nil, err
		}
	}
	return send(w, tx, a, f, n, now)
}

func sameSeen(a, b school.Seen) bool {
	return maps.EqualFunc(a, b, func(a, b school.SeenSpan) bool { return a.At.Equal(b.At) && maps.Equal(a.Entries, b.Entries) })
}
