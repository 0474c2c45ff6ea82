package telegram

import (
	"strings"
	"time"
)

// Limits are the flood limits that Telegram's FAQ gives; a zero field means no limit. They count
// messages sent and edited.
type Limits struct {
	PerSecond      int // to all chats together; Telegram: about 30
	PerChatSecond  int // to one chat; Telegram: about 1, with short bursts
	PerGroupMinute int // to one group; Telegram: 20
}

const everyChat = 0 // the key of the overall count; no chat has this id

type limiter struct {
	limits Limits
	sent   map[int64][]time.Time // by chat, the calls of the last minute
}

// flood counts the call, or refuses it with the seconds to wait. A refused call is not counted.
func (s *Server) flood(method string, c Call) error {
	if !strings.HasPrefix(method, "send") && !strings.HasPrefix(method, "edit") || method == "sendchataction" {
		return nil
	}
	l := &s.limiter
	wait := max(
		l.over(everyChat, c.At, time.Second, l.limits.PerSecond),
		l.over(c.ChatID, c.At, time.Second, l.limits.PerChatSecond),
	)
	if c.ChatID < 0 {
		wait = max(wait, l.over(c.ChatID, c.At, time.Minute, l.limits.PerGroupMinute))
	}
	if wait > 0 {
		return tooMany(int((wait + time.Second - 1) / time.Second))
	}
	l.count(everyChat, c.At)
	l.count(c.ChatID, c.At)
	return nil
}

// over returns how long to wait until one more call fits in the window.
func (l *limiter) over(key int64, now time.Time, window time.Duration, limit int) time.Duration {
	times := l.sent[key]
	if limit <= 0 || len(times) < limit {
		return 0
	}
	return max(0, times[len(times)-limit].Add(window).Sub(now))
}

func (l *limiter) count(key int64, now time.Time) {
	if l.limits == (Limits{}) {
		return
	}
	times := append(l.sent[key], now)
	for now.Sub(times[0]) > time.Minute {
		times = times[1:]
	}
	l.sent[key] = times
}
