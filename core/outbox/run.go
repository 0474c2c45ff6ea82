package outbox

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

const (
	atOnce       = 8 // chats of one platform that are sent to at the same time
	firstPause   = 2 * time.Second
	longestPause = 5 * time.Minute
	noProgress   = time.Second // before a chat is looked at again for which nothing could be done
	housekeeping = time.Minute // at most between two looks at everything
)

// pause is how long to wait after a number of failures: it doubles, and is drawn from its upper half.
func pause(fails int) time.Duration {
	d := firstPause
	for ; fails > 1 && d < longestPause; fails-- {
		d *= 2
	}
	d = min(d, longestPause)
	return d/2 + rand.N(d/2)
}

// platform is what is known of one: who sends to it, which chats wait, and whether it is there.
type platform struct {
	adapter chat.Adapter // nil: none
	queue   queue        // of boxes that are not busy
	running int          // boxes that are

	heard   time.Time    // when it last took something
	asked   time.Time    // when somebody last wrote on it who was to be answered
	suspect *chat.ChatID // has failed since; it may be that chat alone
	fails   int          // in a row, since another has failed too: the platform is away
	resume  time.Time    // nothing is tried before
}

// platform finds or makes one. The caller holds mu.
func (o *Outbox) platform(name string) *platform {
	p := o.platforms[name]
	if p == nil {
		p = &platform{}
		o.platforms[name] = p
	}
	return p
}

func adapter(o *Outbox, platform string) chat.Adapter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.platform(platform).adapter
}

// reached notes that a platform has taken something.
func reached(o *Outbox, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.platform(name)
	p.heard = o.cfg.Now()
	if p.suspect == nil {
		return
	}
	if b := o.boxes[*p.suspect]; b != nil {
		b.fails, b.hold = 0, time.Time{}
		line(o, b)
	}
	p.suspect, p.fails, p.resume = nil, 0, time.Time{}
	o.Wake()
}

// asked notes that an answer is due, so that somebody was there.
func asked(o *Outbox, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.platform(name).asked = o.cfg.Now()
}

// missed notes that a platform did not take what was sent to a chat since start. As long as only one chat has failed,
// only that one waits; once another has, the platform is away. known tells whether the platform was there, since this
// chat failed last, for another or for somebody who wrote: the chat, or its letter, may be at fault.
func missed(o *Outbox, c chat.ChatID, start time.Time) (known bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now, p, b := o.cfg.Now(), o.platform(c.Platform), o.boxes[c]
	if b == nil { // it has no letters
		b = &box{chat: c}
	}
	since := start
	if !b.failed.IsZero() {
		since = b.failed
	}
	alone := p.heard.After(since)
	b.failed = now
	switch {
	case alone, p.suspect == nil, *p.suspect == c && p.fails == 0:
		if !alone {
			p.suspect = &c
		}
		b.fails++
		b.hold = now.Add(pause(b.fails))
	case !now.Before(p.resume):
		p.fails++
		p.resume = now.Add(pause(p.fails))
		b.hold = now
	default:
		b.hold = now // behind the others
	}
	if o.boxes[c] == b {
		line(o, b)
	}
	return alone || p.asked.After(since)
}

// settled notes that a chat has taken something.
func settled(o *Outbox, c chat.ChatID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b := o.boxes[c]; b != nil {
		b.fails, b.failed, b.hold = 0, time.Time{}, time.Time{}
		line(o, b)
	}
}

// Run sends what is due, as soon as its platform is there, until ctx ends. A chat that fails holds up no other. While
// a platform is away, one chat at a time tries whether it is back, after pauses that grow. It returns when nothing is
// on its way any more.
func (o *Outbox) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var swept time.Time
	lost := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-timer.C:
		}
		more, unseen, err := collect(o)
		if lost = lost || unseen; lost {
			o.cfg.Log.Error("it cannot be read for whom letters were put, all are read")
			loadErr := load(o)
			lost = loadErr != nil
			err = errors.Join(err, loadErr)
		}
		if err != nil {
			o.cfg.Log.Error("letters not collected", "error", err)
		}
		if now := o.cfg.Now(); now.Sub(swept) >= housekeeping {
			swept = now
			if err := sweep(o, now); err != nil {
				o.cfg.Log.Error("old letters not removed", "error", err)
			}
		}
		ready, wait := ready(o)
		for _, b := range ready {
			wg.Go(func() { serve(ctx, o, b) })
		}
		if more {
			wait = 0
		}
		timer.Reset(wait)
	}
}

// ready takes the boxes that can be looked at out of their queues, and tells how long until there may be others.
func ready(o *Outbox) (list []*box, wait time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.cfg.Now()
	wait = housekeeping
	for _, p := range o.platforms {
		if p.adapter == nil {
			continue
		}
		most := atOnce
		if p.fails > 0 {
			most = 1
		}
		for len(p.queue) > 0 && p.running < most { // whoever ends wakes Run
			at := later(p.queue[0].at(), p.resume)
			if at.After(now) {
				wait = min(wait, at.Sub(now))
				break
			}
			b := heap.Pop(&p.queue).(*box)
			b.busy = true
			p.running++
			list = append(list, b)
		}
	}
	return list, wait
}

// serve sends the letters of a chat that are due.
func serve(ctx context.Context, o *Outbox, b *box) {
	progress, held, err := serveChat(ctx, o, b.chat)
	err = errors.Join(err, look(o, b.chat))
	if err != nil {
		o.cfg.Log.Error("letters not read or noted", "platform", b.chat.Platform, "error", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.platform(b.chat.Platform).running--
	b.busy = false
	if !progress || held || err != nil {
		b.hold = later(b.hold, o.cfg.Now().Add(noProgress))
	}
	line(o, b)
	o.Wake()
}

func serveChat(ctx context.Context, o *Outbox, c chat.ChatID) (progress, held bool, err error) {
	leave, err := enter(ctx, o, c)
	if err != nil { // we are asked to stop
		return false, true, nil
	}
	defer leave()
	return flush(ctx, o, c)
}

// sweep does what Sweep does as long as there is something to do, and looks at what it did it to.
func sweep(o *Outbox, now time.Time) error {
	for {
		chats := overdue(o, now)
		if len(chats) == 0 {
			return nil
		}
		var removed int
		if err := o.cfg.Store.Update(func(tx store.Tx) (err error) {
			removed, err = sweepChats(o, tx, chats, now)
			return err
		}); err != nil {
			return fmt.Errorf("outbox: sweep: %w", err)
		}
		drop(o, removed, "too old")
		for _, c := range chats {
			if err := look(o, c); err != nil {
				return err
			}
		}
	}
}
