//go:build unix && !linux

package proc

import "errors"

// Resident is not known on this system.
func (p *Process) Resident() (int64, error) { return 0, errors.ErrUnsupported }
