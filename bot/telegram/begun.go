package telegram

import (
	"maps"
	"sync"
	"time"
)

const (
	maxBegun  = 1000
	begunLife = 24 * time.Hour
)

// begun remembers of long replies that were given up how many of their messages Telegram has. It is in memory only:
// after a restart a reply is sent whole again.
type begun struct {
	mu   sync.Mutex
	sent map[string]parts // by Target.Key
}

type parts struct {
	n  int
	at time.Time
}

// take returns how many messages of the reply were sent before, and forgets it.
func (b *begun) take(key string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.sent[key].n
	delete(b.sent, key)
	return n
}

func (b *begun) keep(key string, n int) {
	if key == "" || n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sent == nil {
		b.sent = make(map[string]parts)
	}
	if len(b.sent) >= maxBegun {
		maps.DeleteFunc(b.sent, func(_ string, p parts) bool { return time.Since(p.at) > begunLife })
	}
	if len(b.sent) < maxBegun {
		b.sent[key] = parts{n, time.Now()}
	}
}
