//go:build unix && !linux

package proc

import "errors"

// Memory is not known on this system.
func (p *Process) Memory() (Memory, error) { return Memory{}, errors.ErrUnsupported }
