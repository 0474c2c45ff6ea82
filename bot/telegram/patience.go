package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"time"

	"cartable/core/chat"
)

const (
	firstPause    = 250 * time.Millisecond
	longestPause  = 8 * time.Second
	conflictPause = 5 * time.Second
	complainEvery = time.Minute
)

// backoff is the pause before the next attempt: it doubles from firstPause to longestPause, and each is
// drawn from its upper half, so that many bots do not come back at once.
type backoff struct{ last time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, firstPause), longestPause)
	return b.last/2 + rand.N(b.last/2)
}

// patience is how the reading of updates bears with failures: it pauses, and says what is wrong once. Whoever
// asks the pulse says it again while it lasts.
type patience struct {
	log   *slog.Logger
	pulse *chat.Pulse
	pause backoff
	said  map[string]time.Time
}

// fine notes an answer. What was said a moment ago is not said again at the next failure.
func (p *patience) fine() {
	now := time.Now()
	p.pulse.Beat(now)
	p.pause = backoff{}
	maps.DeleteFunc(p.said, func(_ string, at time.Time) bool { return now.Sub(at) >= complainEvery })
}

// failed waits as long as err asks for. It returns an error when there is no point in going on: the
// token was refused, or ctx has ended.
func (p *patience) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	pause := p.pause.next()
	var e *Error
	switch {
	case errors.Is(err, ErrToken):
		p.log.Error("Telegram refused the token: it is wrong or was revoked; ask @BotFather for the bot's token")
		return err
	case !errors.As(err, &e):
		p.complain("updates cannot be taken", err)
	case e.Code == http.StatusConflict:
		p.complain("another program reads this bot's updates with the same token: stop the other one", nil)
		pause += conflictPause
	case e.RetryAfter > 0:
		p.complain("Telegram asks to wait", err)
		pause = e.RetryAfter + holdMargin
	default:
		p.complain("Telegram cannot be reached", err)
	}
	sleep(ctx, pause)
	return ctx.Err()
}

// complain logs a sentence, once until all is fine again.
func (p *patience) complain(sentence string, err error) {
	trouble := errors.New(sentence)
	if err != nil {
		trouble = fmt.Errorf("%s: %w", sentence, err)
	}
	p.pulse.Miss(trouble)
	if _, said := p.said[sentence]; said {
		return
	}
	if p.said == nil {
		p.said = make(map[string]time.Time)
	}
	p.said[sentence] = time.Now()
	if err == nil {
		p.log.Warn(sentence)
		return
	}
	p.log.Warn(sentence, "error", err)
}

func (a *Adapter) patience() patience { return patience{log: a.log, pulse: &a.pulse} }

// persist makes a call until it works.
func (a *Adapter) persist(ctx context.Context, call func(context.Context) error) error {
	p := a.patience()
	for {
		err := call(ctx)
		if err == nil {
			p.fine()
			return nil
		}
		if err := p.failed(ctx, err); err != nil {
			return err
		}
	}
}

const insistTries = 4

// insist makes a call that can be repeated without harm until it works, is refused, or has failed
// insistTries times.
func (a *Adapter) insist(ctx context.Context, call func(context.Context) error) error {
	var pause backoff
	for try := 1; ; try++ {
		err := call(ctx)
		var e *Error
		if err == nil || !errors.As(err, &e) || try == insistTries || ctx.Err() != nil {
			return err
		}
		wait := pause.next()
		switch {
		case e.Code == http.StatusTooManyRequests:
			wait = e.RetryAfter + holdMargin
		case !e.passing():
			return err
		}
		if !sleep(ctx, wait) {
			return err
		}
	}
}
