package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cartable/core/chat"
	"cartable/core/secret"
	"cartable/core/store"
)

// Send says something at once. It blocks for as long as the platform takes. The letters of the chat that are due go
// first. What could not be delivered because the platform was not reached is kept as a letter, and nil is returned,
// unless the reply asks something or has a file: then, as for any other failure, it is the adapter's error.
// Nothing is written for a reply that is delivered.
func (o *Outbox) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	a := adapter(o, to.Chat.Platform)
	if a == nil {
		return ErrNoAdapter
	}
	if to.Key == "" {
		id, err := store.NewID(o.cfg.Rand)
		if err != nil {
			return err
		}
		to.Key = id
	}
	name := entry(o) // it is behind those that came before it, whichever is kept first
	asked(o, to.Chat.Platform)
	leave, err := enter(ctx, o, to.Chat)
	if err != nil {
		return keep(o, name, to, r, fmt.Errorf("outbox: waited for its turn: %w", err))
	}
	defer leave()
	_, held, err := flush(ctx, o, to.Chat)
	if err != nil { // whoever waits for an answer still gets one
		o.cfg.Log.Error("letters not read or noted before a reply", "platform", to.Chat.Platform, "error", err)
	}
	if held {
		return keep(o, name, to, r, errHeld)
	}
	start := o.cfg.Now()
	switch err = secret.Contain(o.cfg.Log, func() error { return a.Send(ctx, to, r) }); {
	case err == nil:
		reached(o, to.Chat.Platform)
	case errors.Is(err, chat.ErrChatGone):
		err = errors.Join(err, o.Present(to.Chat, false))
	case errors.Is(err, chat.ErrNotPrivate):
		err = errors.Join(err, notPrivate(o, to.Chat, to.Key))
	case away(err):
		if ctx.Err() == nil || errors.Is(err, chat.ErrNotReached) { // or we were asked to stop
			missed(o, to.Chat, start)
		}
		return keep(o, name, to, r, err)
	}
	return err
}

// away tells whether an error means that the platform has not taken a message and may take it later.
func away(err error) bool {
	return errors.Is(err, chat.ErrNotReached) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// keep makes a letter of a reply that was not delivered because of cause.
func keep(o *Outbox, name string, to chat.Target, r chat.Reply, cause error) error {
	if asks(r) {
		return cause
	}
	now := o.cfg.Now()
	l := Letter{ID: to.Key, To: to, Reply: r, Since: now, Until: now.Add(keepReply)}
	var kept bool
	if err := o.cfg.Store.Update(func(tx store.Tx) (err error) {
		kept, err = put(o, tx, name, l)
		return err
	}); err != nil {
		return errors.Join(cause, fmt.Errorf("outbox: keep a reply: %w", err))
	}
	if !kept { // the chat is gone
		return cause
	}
	o.cfg.Log.Info("reply kept until the platform is back", "platform", to.Chat.Platform)
	o.Wake()
	return nil
}

// flight is how far a letter is that need not be looked at.
type flight int

const (
	flying    flight = 1 + iota // on its way
	delivered                   // the platform has it; its record is still to be removed
)

// errHeld says that a reply was not tried, for a letter before it has to go first.
var errHeld = fmt.Errorf("outbox: letters wait before it: %w", chat.ErrNotReached)

// flush sends the letters of a chat that are due. The caller is in its lane. held tells that one of them holds back
// what comes behind it, progress that something has changed; the error is the store's. A letter that was sent and
// cannot be removed is not sent again and holds back no other.
func flush(ctx context.Context, o *Outbox, c chat.ChatID) (progress, held bool, err error) {
	for {
		l, changed, held, noted := next(o, c)
		progress, err = progress || changed, errors.Join(err, noted)
		if l == nil || held {
			return progress, held, err
		}
		done, held, noted := send(ctx, o, l)
		progress, err = progress || done, errors.Join(err, noted)
		if !done || held {
			return progress, held, err
		}
	}
}

// next finds the first letter of a chat that is due; nil for none. It removes those that need not be sent.
func next(o *Outbox, c chat.ChatID) (first *named, changed, held bool, err error) {
	now := o.cfg.Now()
	var list []named
	if err := o.cfg.Store.View(func(tx store.Tx) (err error) {
		list, err = lettersOf(tx, c.Key())
		return err
	}); err != nil {
		return nil, false, false, fmt.Errorf("outbox: read letters: %w", err)
	}
	expired := false
	for _, l := range list {
		switch state := state(o, &l); {
		case state == delivered:
			failed := o.done(&l)
			changed, err = changed || failed == nil, errors.Join(err, failed)
		case l.over(now):
			expired = true
		case !l.in(o, now) || first != nil:
		case state == flying: // by the name that its chat had before
			return nil, changed, true, err
		default:
			first = &l
		}
	}
	if expired {
		failed := removeFrom(o, c, "too old", func(l named) bool { return l.over(now) })
		changed, err = changed || failed == nil, errors.Join(err, failed)
	}
	return first, changed, false, err
}

// attemptLimit bounds one attempt. Adapters give up by themselves before.
const attemptLimit = 5 * time.Minute

// send sends one letter and notes what came of it. done tells that it need not be sent any more, or not now; held, that
// it holds back what comes behind it.
func send(ctx context.Context, o *Outbox, l *named) (done, held bool, err error) {
	to := l.To
	to.Key = l.ID
	platform, start := l.To.Chat.Platform, o.cfg.Now()
	setState(o, l, flying)
	failed := try(ctx, o, to, l.Reply)
	if failed == nil {
		reached(o, platform)
		settled(o, l.To.Chat)
		setState(o, l, delivered)
		return true, false, o.done(l)
	}
	setState(o, l, 0)
	switch {
	case errors.Is(failed, chat.ErrChatGone):
		err = o.Present(l.To.Chat, false)
	case errors.Is(failed, chat.ErrNotPrivate):
		err = notPrivate(o, l.To.Chat, l.ID)
	case ctx.Err() != nil: // we are asked to stop
		return false, true, nil
	case away(failed):
		if !missed(o, l.To.Chat, start) {
			return false, true, nil
		}
		given, err := blame(o, l, failed, false)
		return given, !given, err
	default:
		_, err = blame(o, l, failed, true)
	}
	return err == nil, false, err
}

// try hands a letter to the adapter. A panic of it is the letter's fault: the next start must not end in it too.
func try(ctx context.Context, o *Outbox, to chat.Target, r chat.Reply) error {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	a := adapter(o, to.Chat.Platform)
	if a == nil {
		return fmt.Errorf("%w: %w", ErrNoAdapter, chat.ErrNotReached)
	}
	return secret.Contain(o.cfg.Log, func() error { return a.Send(ctx, to, r) })
}

// done removes a letter that was delivered, wherever it is now.
func (o *Outbox) done(l *named) error {
	is := func(other named) bool { return other.name == l.name }
	if err := o.cfg.Store.Update(func(tx store.Tx) error {
		removed, err := remove(tx, l.To.Chat.Key(), is)
		if err != nil || removed > 0 {
			return err
		}
		m, found, err := moves.Get(tx, "", l.To.Chat.Key())
		if store.Unreadable(err) || err == nil && !found {
			return nil // withdrawn
		}
		if err != nil {
			return err
		}
		_, err = remove(tx, m.To.Key(), is)
		return err
	}); err != nil {
		return fmt.Errorf("outbox: remove a letter: %w", err)
	}
	setState(o, l, 0)
	return nil
}

// blame counts a try that failed by the letter's own fault, and gives it up after the last. A refused one is tried
// again later, and lets the others pass.
func blame(o *Outbox, l *named, cause error, refused bool) (given bool, err error) {
	now, key := o.cfg.Now(), l.To.Chat.Key()
	given = l.Tries+1 >= maxMisses && now.Sub(later(l.Since, l.NotBefore)) > patience
	if refused {
		given = l.Tries+1 >= maxTries
	}
	var removed int
	if err := o.cfg.Store.Update(func(tx store.Tx) (err error) {
		removed = 0
		if given {
			removed, err = remove(tx, key, func(other named) bool { return other.name == l.name })
			return err
		}
		stored, found, err := letters.Get(tx, key, l.name)
		if err != nil || !found { // withdrawn, or moved
			return err
		}
		if stored.Tries++; refused {
			stored.NotBefore = now.Add(pause(stored.Tries))
		}
		return letters.Put(tx, key, l.name, stored)
	}); err != nil {
		return false, fmt.Errorf("outbox: note a try: %w", err)
	}
	o.cfg.Log.Warn("letter not taken", "platform", l.To.Chat.Platform, "try", l.Tries+1, "error", cause)
	drop(o, removed, "not taken")
	return given, nil
}

// notPrivate drops the letters of a chat that others would read now, and the one of which the adapter said so.
func notPrivate(o *Outbox, c chat.ChatID, id string) error {
	return removeFrom(o, c, "not private", func(l named) bool { return l.To.Private || l.ID == id })
}

// removeFrom gives up the letters of a chat that match.
func removeFrom(o *Outbox, c chat.ChatID, why string, match func(named) bool) error {
	var removed int
	if err := o.cfg.Store.Update(func(tx store.Tx) (err error) {
		removed, err = remove(tx, c.Key(), match)
		return err
	}); err != nil {
		return fmt.Errorf("outbox: remove letters: %w", err)
	}
	drop(o, removed, why)
	return nil
}

func state(o *Outbox, l *named) flight {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.flights[l.name]
}

func setState(o *Outbox, l *named, s flight) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s == 0 {
		delete(o.flights, l.name)
		return
	}
	o.flights[l.name] = s
}
