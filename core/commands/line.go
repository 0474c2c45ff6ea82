package commands

import (
	"context"
	"errors"
	"time"
)

// line lets one after the other do what takes much memory, and a few wait for it.
type line struct {
	turn chan struct{} // holds one value while somebody has it
	wait chan struct{} // one for each who waits
}

const (
	mostWaiting = 30               // in a line
	longestLine = 90 * time.Second // to wait in it: much shorter than a command may take
)

func newLine() *line {
	return &line{turn: make(chan struct{}, 1), wait: make(chan struct{}, mostWaiting)}
}

// errLine says that too many are waiting, or that it took too long.
var errLine = errors.New("commands: too many at once")

// enter gives the turn, which the caller gives back by leave. Where it is not free, told is called before the wait.
// The errors are errLine, that of told, and the cause of the end of ctx.
func (l *line) enter(ctx context.Context, told func() error) (leave func(), err error) {
	leave = func() { <-l.turn }
	select {
	case l.turn <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case l.wait <- struct{}{}:
		defer func() { <-l.wait }()
	default:
		return nil, errLine
	}
	if err := told(); err != nil {
		return nil, err
	}
	timer := time.NewTimer(longestLine)
	defer timer.Stop()
	select {
	case l.turn <- struct{}{}:
		return leave, nil
	case <-timer.C:
		return nil, errLine
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
