package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory says what the program occupies now (proc(5), VmRSS and its parts).
func (p *Process) Memory() (m Memory, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		return m, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		field := map[string]*int64{"VmRSS": &m.Resident, "RssAnon": &m.Anonymous, "RssFile": &m.File}[name]
		if field == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		if err != nil {
			return m, err
		}
		*field = kib << 10
	}
	if m.Resident == 0 {
		return m, fmt.Errorf("process %d has no memory", p.Pid())
	}
	return m, nil
}
