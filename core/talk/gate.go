package talk

import (
	"maps"
	"sync"
	"time"

	"cartable/core/chat"
)

// gate bounds what comes in before it costs anything: a place in a queue, a write, an answer. Nobody's flood is in the
// way of somebody else then.
type gate struct {
	mu     sync.Mutex
	people paces // who are admitted
	chats  paces // of those
	guests paces // people who are not, in groups
	groups paces // where those write
	told   paces // chats that are told of it
}

func newGate() gate {
	return gate{
		people: paces{burst: 30, every: time.Second},
		chats:  paces{burst: 60, every: time.Second},
		guests: paces{burst: 10, every: 10 * time.Second},
		groups: paces{burst: 20, every: 3 * time.Second},
		told:   paces{burst: 1, every: time.Minute},
	}
}

// Takes tells whether a message is to be taken in. An adapter asks before it stores or hands over a message, and forgets
// it otherwise. Who is admitted and writes more than anybody types is told so, now and then; strangers are not, whose
// words are heard a few times an hour, and a good invitation always. It reads the store, and blocks for nothing else.
func (t *Talk) Takes(m chat.Message) bool {
	known, err := t.cfg.Rights.Admitted(m.Person)
	switch {
	case err != nil: // whoever handles the message says so
		return true
	case !known && m.Private:
		return t.cfg.Rights.Hears(m.Person, m.Text)
	}
	now := t.cfg.Now()
	t.gate.mu.Lock()
	defer t.gate.mu.Unlock()
	if !known {
		return takeBoth(&t.gate.guests, &t.gate.groups, m, now)
	}
	if takeBoth(&t.gate.people, &t.gate.chats, m, now) {
		return true
	}
	if a := adapter(t, m.Chat.Platform); a != nil && t.gate.told.take(m.Chat.Key(), now) {
		m.Choice = ""                                       // the message whose buttons were pressed stays
		_ = t.serial.atOnce(func() { refuseBusy(t, a, m) }) // the program stops
	}
	return false
}

func adapter(t *Talk, platform string) chat.Adapter {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.adapters[platform]
}

// paces let each name go on at a pace: burst at once, and then one every so often.
type paces struct {
	burst int
	every time.Duration
	full  map[string]time.Time // when a name may burst again
}

// maxPaces is when those that may burst again are forgotten.
const maxPaces = 10_000

// may tells whether a name may go on now, and when it may burst again if it does.
func (p *paces) may(name string, now time.Time) (full time.Time, ok bool) {
	most := time.Duration(p.burst) * p.every
	full = p.full[name]
	if full.Before(now) || full.Sub(now) > most { // or the clock was set back
		full = now
	}
	full = full.Add(p.every)
	return full, full.Sub(now) <= most
}

// take tells whether a name may go on now, and counts it then.
func (p *paces) take(name string, now time.Time) bool {
	full, ok := p.may(name, now)
	if !ok {
		return false
	}
	if p.full == nil {
		p.full = make(map[string]time.Time)
	}
	if _, there := p.full[name]; !there && len(p.full) >= maxPaces {
		maps.DeleteFunc(p.full, func(_ string, at time.Time) bool { return !at.After(now) })
		if len(p.full) >= maxPaces { // more than can be told apart: all begin again
			clear(p.full)
		}
	}
	p.full[name] = full
	return true
}

// takeBoth is take for a person and the chat where they write; it counts for none where it does not for both.
func takeBoth(people, chats *paces, m chat.Message, now time.Time) bool {
	if _, ok := chats.may(m.Chat.Key(), now); !ok {
		return false
	}
	return people.take(m.Person.Key(), now) && chats.take(m.Chat.Key(), now)
}
