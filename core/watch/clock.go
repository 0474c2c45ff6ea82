package watch

import (
	"container/heap"
	"context"
	"time"

	"cartable/core/secret"
)

// job is something that is done from time to time.
type job struct {
	name    string
	every   time.Duration
	run     func(ctx context.Context) (again time.Duration, err error)
	next    time.Time // zero: at once
	running bool
}

const (
	longestWait = 10 * time.Minute // between two looks at what is due, should the clock be set or the machine sleep
	shortest    = time.Second      // between two runs of a job
	readAgain   = time.Minute      // after the subscriptions could not be read
	linkAgain   = 2 * time.Second  // while an account is being linked
	linkLimit   = time.Minute      // for that to be committed
)

// Every has a job done when Run begins, and from then on d after it has ended. Its errors are logged under its name;
// what it says of a panic may hold anything, and is not.
func (w *Watch) Every(d time.Duration, name string, do func(ctx context.Context) error) {
	w.mu.Lock()
	w.jobs = append(w.jobs, &job{name: name, every: d, run: func(ctx context.Context) (time.Duration, error) { return d, do(ctx) }})
	w.mu.Unlock()
	w.Wake()
}

// Wake has Run look again what is due.
func (w *Watch) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run does what is due until ctx ends, and waits for what it began. One call at a time.
func (w *Watch) Run(ctx context.Context) {
	defer w.working.Wait()
	timer := time.NewTimer(begin(ctx, w))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.cfg.Wallet.Wake():
			lookUpNow(w)
		case <-w.wake:
		case <-timer.C:
		}
		timer.Reset(begin(ctx, w))
	}
}

// Look does what is due now and returns when it is done. It is for tests that have a clock of their own, in place of
// Run.
func (w *Watch) Look(ctx context.Context) {
	for {
		select {
		case <-w.cfg.Wallet.Wake():
			lookUpNow(w)
		default:
		}
		if begin(ctx, w) > 0 && !busy(w) {
			return
		}
		w.working.Wait()
	}
}

// busy tells whether something was begun and has not ended.
func busy(w *Watch) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	busy := w.looking > 0
	for _, j := range w.jobs {
		busy = busy || j.running
	}
	return busy
}

// begin begins what is due and returns how long until the next is. Whatever ends wakes the caller.
func begin(ctx context.Context, w *Watch) time.Duration {
	now := now(w)
	catchUp(w, now)
	w.mu.Lock()
	defer w.mu.Unlock()
	next := now.Add(longestWait)
	switch {
	case len(w.linked) > 0:
		next = now.Add(linkAgain)
	case !w.read && !w.cfg.Off:
		next = earlier(next, w.retry)
	}
	for _, j := range w.jobs {
		switch {
		case j.running:
		case j.next.After(now):
			next = earlier(next, j.next)
		default:
			j.running = true
			w.working.Go(func() { do(ctx, w, j) })
		}
	}
	for len(w.waiting) > 0 && w.looking < atOnce && !w.cfg.Off {
		p := w.waiting[0]
		if p.next.After(now) {
			next = earlier(next, p.next)
			break
		}
		heap.Pop(&w.waiting)
		p.busy = true
		w.looking++
		w.working.Go(func() { visit(ctx, w, p) })
	}
	return next.Sub(now)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// do runs a job once.
func do(ctx context.Context, w *Watch, j *job) {
	again := j.every
	err := secret.Contain(w.cfg.Log, func() error {
		next, err := j.run(ctx)
		again = next
		return err
	})
	if err != nil && ctx.Err() == nil {
		w.cfg.Log.Error("job failed", "job", j.name, "error", err)
	}
	w.mu.Lock()
	j.running, j.next = false, now(w).Add(max(again, shortest))
	w.mu.Unlock()
	w.Wake()
}

// queue is a heap of plans, the one that is due first in front.
type queue []*plan

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].next.Before(q[j].next) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push is for container/heap.
func (q *queue) Push(x any) {
	p := x.(*plan)
	p.place = len(*q)
	*q = append(*q, p)
}

// Pop is for container/heap.
func (q *queue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	(*q)[last], *q = nil, (*q)[:last]
	p.place = notWaiting
	return p
}
