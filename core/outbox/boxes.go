package outbox

import (
	"container/heap"
	"errors"
	"fmt"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// box is what memory knows of a chat that has letters.
type box struct {
	chat  chat.ChatID
	count int       // of letters
	due   time.Time // when the first may be sent
	until time.Time // when the first has lost its sense

	hold   time.Time // not looked at before
	fails  int       // in a row, when the platform was there for others
	failed time.Time // last
	busy   bool      // it is being looked at
	place  int       // in the queue of its platform; -1: not there
}

// at is when the box is to be looked at.
func (b *box) at() time.Time { return later(b.due, b.hold) }

// later returns the later one of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// queue has the box first that is to be looked at first.
type queue []*box

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at().Before(q[j].at()) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

func (q *queue) Push(x any) {
	b := x.(*box)
	b.place = len(*q)
	*q = append(*q, b)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	b := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	b.place = -1
	return b
}

// load reads all letters there are: at the start, or when it is not known any more where there are some.
func load(o *Outbox) error {
	o.reading.Lock()
	defer o.reading.Unlock()
	var all map[chat.ChatID][]named
	var damaged int
	if err := o.cfg.Store.View(func(tx store.Tx) (err error) {
		all = make(map[chat.ChatID][]named)
		damaged, err = letters.All(tx, func(_, name string, l Letter) error {
			all[l.To.Chat] = append(all[l.To.Chat], named{name, l})
			return nil
		})
		return err
	}); err != nil {
		return fmt.Errorf("outbox: read letters: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.damaged = damaged
	for c, list := range all {
		set(o, c, list)
		for _, l := range list {
			seen(o, l.name)
		}
	}
	return nil
}

// look reads which letters a chat has.
func look(o *Outbox, c chat.ChatID) error {
	o.reading.Lock()
	defer o.reading.Unlock()
	var list []named
	if err := o.cfg.Store.View(func(tx store.Tx) (err error) {
		list, err = lettersOf(tx, c.Key())
		return err
	}); err != nil {
		return fmt.Errorf("outbox: read letters: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	set(o, c, list)
	return nil
}

// collectPortion bounds what is collected in one transaction.
const collectPortion = 200

var errEnough = errors.New("enough")

// collect finds the chats for which letters were put. more says that there may be others, lost that it cannot be read
// for which chats letters were put.
func collect(o *Outbox) (more, lost bool, err error) {
	o.reading.Lock()
	defer o.reading.Unlock()
	var posted []post
	read := func(tx store.Tx) error {
		posted = nil
		damaged, err := posts.Each(tx, "", func(_ string, p post) error {
			if posted = append(posted, p); len(posted) == collectPortion {
				return errEnough
			}
			return nil
		})
		lost = damaged > 0
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	}
	if err := o.cfg.Store.View(read); err != nil {
		return false, false, fmt.Errorf("outbox: collect: %w", err)
	}
	if len(posted) == 0 && !lost {
		return false, false, nil
	}
	var lists map[chat.ChatID][]named
	if err := o.cfg.Store.Update(func(tx store.Tx) error {
		lists = make(map[chat.ChatID][]named)
		if err := read(tx); err != nil {
			return err
		}
		for _, p := range posted {
			list, err := lettersOf(tx, p.Chat.Key())
			if err != nil {
				return err
			}
			lists[p.Chat] = list
			if err := posts.Delete(tx, "", p.Chat.Key()); err != nil {
				return err
			}
		}
		if lost {
			return posts.DeleteGroup(tx, "")
		}
		return nil
	}); err != nil {
		return false, false, fmt.Errorf("outbox: collect: %w", err)
	}
	o.mu.Lock()
	for c, list := range lists {
		set(o, c, list)
	}
	o.mu.Unlock()
	dropped := 0
	for _, p := range posted {
		dropped += p.Dropped
	}
	drop(o, dropped, "too many for one chat")
	return len(posted) == collectPortion, lost, nil
}

// set notes which letters a chat has. The caller holds mu.
func set(o *Outbox, c chat.ChatID, list []named) {
	b := o.boxes[c]
	if b == nil {
		if len(list) == 0 {
			return
		}
		b = &box{chat: c, place: -1}
		o.boxes[c] = b
	}
	o.count += len(list) - b.count
	b.count, b.due, b.until = len(list), time.Time{}, time.Time{}
	now := o.cfg.Now()
	for i, l := range list {
		if at := due(o, l.Letter, now); i == 0 || at.Before(b.due) {
			b.due = at
		}
		if i == 0 || l.Until.Before(b.until) {
			b.until = l.Until
		}
	}
	line(o, b)
}

// line puts a box where it belongs in the queue of its platform. The caller holds mu.
func line(o *Outbox, b *box) {
	q := &o.platform(b.chat.Platform).queue
	switch {
	case b.count == 0 && !b.busy:
		delete(o.boxes, b.chat)
		fallthrough
	case b.busy:
		if b.place >= 0 {
			heap.Remove(q, b.place)
		}
	case b.place >= 0:
		heap.Fix(q, b.place)
	default:
		heap.Push(q, b)
	}
}

// overdue are some of the chats that have letters which have lost their sense.
func overdue(o *Outbox, now time.Time) (list []chat.ChatID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c, b := range o.boxes {
		if len(list) == sweepPortion {
			break
		}
		if !now.Before(b.until) {
			list = append(list, c)
		}
	}
	return list
}
