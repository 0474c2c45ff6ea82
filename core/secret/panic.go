package secret

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// ErrPanic stands for a panic, which is in the log.
var ErrPanic = errors.New("a panic")

// Contain calls fn and ends its panics: the error is then ErrPanic. What was thrown may hold anything: the log gets
// its type, and where it was.
func Contain(log *slog.Logger, fn func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Error("panic", "type", fmt.Sprintf("%T", cause), "stack", string(debug.Stack()))
			err = ErrPanic
		}
	}()
	return fn()
}
