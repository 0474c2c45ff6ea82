package telegram

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// queue is what Telegram keeps for the bot until it is confirmed.
type queue struct {
	next    int64 // id of the next update
	pending []*update
	byID    map[int64]*update
	allowed []string // the last list given; empty: all but the kinds of byDefault
	poll    *poll    // the poll that waits
	changed signal
}

type update struct {
	id        int64
	kind      string
	raw       json.RawMessage
	delivered int
	confirmed bool
	again     bool // a duplicate: handed out once more whatever the offset says
}

// poll is a getUpdates that runs; over is closed, with why, when another call ends it.
type poll struct {
	over chan struct{}
	why  string
}

// optIn are the kinds that come only to a bot which names them in allowed_updates.
var optIn = []string{"chat_member", "message_reaction", "message_reaction_count"}

// push queues an update and returns its id, or 0 if the bot has not asked for the kind. The lock is held.
func (s *Server) push(kind string, payload any) int64 {
	raw, ok := payload.(json.RawMessage)
	if !ok {
		var err error
		if raw, err = json.Marshal(payload); err != nil {
			s.conf.Fail("sim/telegram: update %s: %v", kind, err)
		}
	}
	q := &s.queue
	wanted := slices.Contains(q.allowed, kind)
	if len(q.allowed) == 0 {
		wanted = !slices.Contains(optIn, kind)
	}
	if !wanted {
		return 0
	}
	u := &update{id: q.next, kind: kind}
	q.next++
	u.raw = fmt.Appendf(nil, `{"update_id":%d,%q:%s}`, u.id, kind, raw)
	q.byID[u.id] = u
	q.pending = append(q.pending, u)
	q.changed.fire()
	return u.id
}

// Inject queues an update of any kind with the JSON text as its content, such as one that no client
// library can decode yet. It returns the update's id.
func (s *Server) Inject(kind, content string) int64 {
	var raw bytes.Buffer
	if err := json.Compact(&raw, []byte(content)); err != nil {
		s.conf.Fail("sim/telegram: injected %s is no JSON: %v", kind, err)
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.push(kind, json.RawMessage(raw.Bytes()))
}

// Duplicate hands an update out once more, whatever offset the bot asks for, as after a crash between
// receiving and confirming.
func (s *Server) Duplicate(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.queue.byID[id]
	if u == nil {
		s.conf.Fail("sim/telegram: no update %d to duplicate", id)
		return
	}
	s.queue.pending = append(s.queue.pending, &update{id: id, kind: u.kind, raw: u.raw, again: true})
	s.queue.changed.fire()
}

// RestartIDs gives the next update this id, higher or lower: Telegram goes on at a random number after a week
// without updates.
func (s *Server) RestartIDs(next int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.next = next
}

// Delivered returns how often an update was handed to the bot in an answer that was not cut off, or
// accepted by its webhook.
func (s *Server) Delivered(id int64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.queue.byID[id]; u != nil {
		return u.delivered
	}
	return 0
}

// Confirmed reports whether the bot has confirmed the update: by a higher offset, or by a 2xx answer.
func (s *Server) Confirmed(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.queue.byID[id]
	return u != nil && u.confirmed
}

// Updates returns the ids of all updates so far, oldest first.
func (s *Server) Updates() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int64, 0, len(s.queue.byID))
	for id := range s.queue.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Pending is the number of updates that are not confirmed.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue.pending)
}

// WaitConfirmed waits until the bot has confirmed every update.
func (s *Server) WaitConfirmed() {
	if err := s.waitQueue(func() bool { return len(s.queue.pending) == 0 }); err != nil {
		s.conf.Fail("sim/telegram: %d updates were not confirmed", s.Pending())
	}
}

// WaitDelivered waits until the update has been delivered n times.
func (s *Server) WaitDelivered(id int64, n int) {
	err := s.waitQueue(func() bool { u := s.queue.byID[id]; return u != nil && u.delivered >= n })
	if err != nil {
		s.conf.Fail("sim/telegram: update %d was delivered %d times, waited for %d", id, s.Delivered(id), n)
	}
}

// getUpdates waits for updates at or above the offset, up to the timeout, and answers with none then. A
// second poll ends the first with a 409; so does setWebhook.
func (s *Server) getUpdates(r *http.Request, q *query, lost bool) (any, error) {
	limit := q.num("limit")
	if limit < 1 || limit > 100 {
		limit = 100
	}
	timeout := min(s.conf.MaxPoll, time.Duration(max(0, q.num("timeout")))*time.Second)
	p, err := s.beginPoll(q)
	if err != nil {
		return nil, err
	}
	defer s.endPoll(p)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for over := timeout == 0; ; {
		s.mu.Lock()
		if p.why != "" {
			s.mu.Unlock()
			return nil, conflict(p.why)
		}
		batch := s.queue.take(limit, lost)
		if len(batch) > 0 {
			s.queue.changed.fire()
		}
		changed := s.queue.changed.next()
		s.mu.Unlock()
		if over || len(batch) > 0 {
			return batch, nil
		}
		select {
		case <-changed:
		case <-p.over:
		case <-timer.C:
			over = true
		case <-r.Context().Done():
			return []json.RawMessage{}, nil // nobody reads it
		case <-s.closed:
			over = true
		}
	}
}

func (s *Server) beginPoll(q *query) (*poll, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hook.url != "" {
		return nil, conflict("can't use getUpdates method while webhook is active; " +
			"use deleteWebhook to delete the webhook first")
	}
	if err := s.queue.allow(q); err != nil {
		return nil, err
	}
	s.queue.endPoll("terminated by other getUpdates request; make sure that only one bot instance is running")
	p := &poll{over: make(chan struct{})}
	s.queue.poll = p
	s.queue.confirm(int64(q.num("offset")))
	s.queue.changed.fire()
	return p, nil
}

func (s *Server) endPoll(p *poll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.poll == p {
		s.queue.poll = nil
	}
}

func (q *queue) endPoll(why string) {
	if q.poll != nil {
		q.poll.why = why
		close(q.poll.over)
		q.poll = nil
	}
}

// allow remembers allowed_updates when it is given, for updates from now on.
func (q *queue) allow(call *query) error {
	if !call.has("allowed_updates") {
		return nil
	}
	var kinds []string
	if err := call.object("allowed_updates", &kinds, "can't parse allowed_updates JSON object"); err != nil {
		return err
	}
	q.allowed = kinds
	return nil
}

// confirm forgets the updates below the offset; a negative one keeps that many from the end.
func (q *queue) confirm(offset int64) {
	if offset < 0 {
		from := max(0, len(q.pending)+int(max(offset, -int64(len(q.pending)))))
		if from == len(q.pending) {
			return
		}
		offset = q.pending[from].id
	}
	q.pending = slices.DeleteFunc(q.pending, func(u *update) bool {
		if u.id >= offset || u.again {
			return false
		}
		u.confirmed = true
		return true
	})
}

// take returns the next updates, which stay in the queue until they are confirmed. Duplicates come first
// and leave the queue at once.
func (q *queue) take(limit int, lost bool) []json.RawMessage {
	batch := []json.RawMessage{}
	ordered := slices.Clone(q.pending)
	slices.SortStableFunc(ordered, func(a, b *update) int {
		return int(a.id - b.id)
	})
	for _, u := range ordered[:min(limit, len(ordered))] {
		batch = append(batch, u.raw)
		if !lost {
			q.byID[u.id].delivered++
		}
		if u.again {
			q.drop(u)
		}
	}
	return batch
}

// forget is drop_pending_updates.
func (q *queue) forget() {
	q.pending = nil
	q.changed.fire()
}

func (q *queue) drop(u *update) {
	q.pending = slices.DeleteFunc(q.pending, func(o *update) bool { return o == u })
}
