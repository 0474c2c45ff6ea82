package telegram

import "time"

// floodLimits are those of Telegram's "Bots FAQ": some 30 messages a second in all, one a second in a chat
// with short bursts, 20 a minute in a group. Edits count; deletions, chat actions and the answers to
// presses do not, as far as is known.
func floodLimits() limits {
	return limits{overall: limit{30, time.Second}, chat: limit{3, 3 * time.Second}, group: limit{20, time.Minute}}
}

type limits struct{ overall, chat, group limit }

// limit allows n messages in any span of time.
type limit struct {
	n    int
	span time.Duration
}

// window holds the times of the last messages under one limit.
type window struct {
	limit
	at []time.Time // oldest first, at most n; may lie in the future: places that have been given
}

// next gives the time at which one more message may go, which is then taken. Times only ever grow.
func (w *window) next(now time.Time) time.Time {
	at := now
	if last := len(w.at) - 1; last >= 0 && w.at[last].After(at) {
		at = w.at[last]
	}
	if len(w.at) == w.n {
		if free := w.at[0].Add(w.span); free.After(at) {
			at = free
		}
		copy(w.at, w.at[1:])
		w.at = w.at[:w.n-1]
	}
	w.at = append(w.at, at)
	return at
}

// idle tells whether the window holds nothing back any more.
func (w *window) idle(now time.Time) bool {
	return len(w.at) == 0 || now.Sub(w.at[len(w.at)-1]) > w.span
}
