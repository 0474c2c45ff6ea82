package core

import (
	"context"
	"errors"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
)

// watch does what is due until ctx ends: it looks up lost top-ups and removes what has expired.
func (e *Engine) watch(ctx context.Context) {
	for {
		next := e.lookUpDue(ctx)
		if err := e.cleanUp(); err != nil {
			e.cfg.Log.Error("clean-up failed", "error", err)
		}
		timer := time.NewTimer(min(max(next, time.Second), housekeeping))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-e.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// wakeWatch makes watch look again what is due.
func (e *Engine) wakeWatch() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// recoverTopUps settles what a crash left between two steps: before the order nothing was spent; after it
// the outcome is unknown.
func (e *Engine) recoverTopUps() error {
	now := e.cfg.Now()
	return e.cfg.Store.Update(func(tx Tx) error {
		var broken []proposal
		err := proposals.each(tx, func(_ string, p proposal) error {
			if p.State == topUpPreparing || p.State == topUpConfirming {
				broken = append(broken, p)
			}
			return nil
		})
		for _, p := range broken {
			if p.State == topUpPreparing {
				p.State = topUpFailed
			} else {
				p.State, p.NextCheck = topUpUnknown, now
			}
			if err == nil {
				err = proposals.put(tx, p.ID, p)
			}
		}
		return err
	})
}

// lookUpDue looks up the lost top-ups that are due and returns how long until the next one is.
func (e *Engine) lookUpDue(ctx context.Context) time.Duration {
	var lost []proposal
	err := e.cfg.Store.View(func(tx Tx) error {
		return proposals.each(tx, func(_ string, p proposal) error {
			if p.State == topUpUnknown {
				lost = append(lost, p)
			}
			return nil
		})
	})
	if err != nil {
		e.cfg.Log.Error("top-ups unreadable", "error", err)
	}
	next := housekeeping
	for _, p := range lost {
		wait := p.NextCheck.Sub(e.cfg.Now())
		if wait <= 0 {
			wait = e.lookUp(ctx, p)
		}
		next = min(next, wait)
	}
	return next
}

// lookUp looks for one lost top-up in the statement, tells the person what it found, and returns how long
// until the next look. It sends nothing that spends.
func (e *Engine) lookUp(ctx context.Context, p proposal) time.Duration {
	state, err := e.search(ctx, p)
	if err != nil {
		e.logger(p.Chat).Warn("lost top-up not looked up", "error", err)
	}
	last := p.Checks+1 >= len(checkAfter)
	switch {
	case state == "" && last && err != nil:
		state = topUpUnchecked
	case state == "" && last:
		state = topUpUntraced
	}
	next := housekeeping
	_, moved, moveErr := e.move(p.ID, topUpUnknown, func(stored *proposal) {
		stored.Checks++
		if state != "" {
			stored.State, stored.Known = state, nil
			return
		}
		stored.NextCheck = e.cfg.Now().Add(checkAfter[stored.Checks] - checkAfter[stored.Checks-1])
		next = stored.NextCheck.Sub(e.cfg.Now())
	})
	if moveErr != nil {
		e.logger(p.Chat).Error("outcome of a top-up not stored", "error", moveErr)
	}
	switch {
	case moved && state != "":
		e.tell(ctx, p, stateKeys[state])
	case moved && p.Checks == 0 && errors.Is(err, errNeedCode): // the person can help in time for the next look
		e.tell(ctx, p, "topup.need_code")
	}
	return next
}

// search reads the statement. state is empty when there is no trace of the top-up.
func (e *Engine) search(ctx context.Context, p proposal) (state proposalState, err error) {
	a := e.wallet(p.Link)
	if a == nil {
		return "", errLinkGone
	}
	err = a.do(ctx, secret.Text{}, func(w *izly.Wallet) error {
		s, err := w.Statement(ctx)
		if err == nil {
			state = trace(p, s)
		}
		return err
	})
	return state, err
}

// tell sends what is known of a lost top-up, the sentence of key, to the private chat of its owner: the one
// where it was confirmed, or the one that its wallet has moved to.
func (e *Engine) tell(ctx context.Context, p proposal, key string) {
	if a := e.wallet(p.Link); a != nil {
		p.Chat = a.record().Chat
	}
	e.mu.Lock()
	adapter := e.adapters[p.Chat.Platform]
	e.mu.Unlock()
	if adapter == nil {
		return
	}
	t, err := e.newTurn(adapter, Message{Chat: p.Chat, Person: p.Owner, Private: true})
	if err != nil {
		t.log.Error("settings unreadable", "error", err)
	}
	r := t.plain("topup.found", "amount", t.p.Euros(int64(p.Amount)), "at", t.p.Clock(p.Sent.In(e.cfg.Location)))
	r.Body = append(r.Body, t.plain(key, "amount", t.p.Euros(int64(p.Amount)), "card", p.Card, "command", t.cmd("recharger"), "history", t.cmd("historique")).Body...)
	if t.settings.Gone {
		t.log.Warn("outcome of a top-up not told: chat gone")
		return
	}
	t.send(ctx, r)
}

// cleanUp removes buttons, readings, old proposals and dialogues whose time is over.
func (e *Engine) cleanUp() error {
	now := e.cfg.Now()
	e.mu.Lock()
	for key, d := range e.dialogues {
		if now.Sub(d.expires) > dialogueLimit { // until then a late answer is told that it is late
			delete(e.dialogues, key)
		}
	}
	e.mu.Unlock()
	return e.cfg.Store.Update(func(tx Tx) error {
		return errors.Join(
			choices.deleteWhere(tx, func(c choice) bool { return now.After(c.Expires) }),
			snapshots.deleteWhere(tx, func(s snapshot) bool { return now.Sub(s.Fetched) > snapshotLife }),
			proposals.deleteWhere(tx, func(p proposal) bool {
				settled := p.State.settled() || p.State == topUpProposed
				return settled && now.Sub(p.Created) > 2*choiceLife
			}),
			usedInvitations.deleteWhere(tx, func(u usedInvitation) bool { return now.After(u.Until) }),
			admissions.deleteWhere(tx, func(a admission) bool {
				return !a.Admitted && (len(a.Tries) == 0 || now.Sub(a.Tries[len(a.Tries)-1]) > time.Hour)
			}),
			gates.deleteWhere(tx, func(g gate) bool {
				return now.After(g.Until.Add(longestHold)) && (len(g.Failures) == 0 || now.Sub(g.Failures[len(g.Failures)-1]) > failureWindow)
			}),
		)
	})
}
