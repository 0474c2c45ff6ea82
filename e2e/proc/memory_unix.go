//go:build unix && !linux

package proc

import (
	"errors"
	"time"
)

// Memory is not known on this system.
func (p *Process) Memory() (Memory, error) { return Memory{}, errors.ErrUnsupported }

// CPU is not known on this system.
func (p *Process) CPU() (time.Duration, error) { return 0, errors.ErrUnsupported }
