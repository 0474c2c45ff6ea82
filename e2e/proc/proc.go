// Package proc runs the programs of the end-to-end tests so that none outlives its test: each is the head
// of a process group of its own, which is killed when the test ends, however it ends. On Linux the kernel
// also kills the program when the test binary dies without a word, as it does by a panic or a timeout.
package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Process is a program that runs, or has run.
type Process struct {
	cmd   *exec.Cmd
	log   string // the file with all that it wrote
	ended chan struct{}
	err   error // of Wait; to be read once ended is closed
}

// Memory is what a program occupies, in bytes.
type Memory struct {
	Resident  int64 // all of it
	Anonymous int64 // its own: heap and stacks
	File      int64 // pages of files, which the kernel takes back when it needs them: the binary, the vault
}

func (m Memory) String() string {
	return fmt.Sprintf("%.1f MiB (%.1f of its own, %.1f of files)", mib(m.Resident), mib(m.Anonymous), mib(m.File))
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// Start starts cmd, whose output goes to a file. It fails the test if there is no such program.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	name := filepath.Base(cmd.Path)
	out, err := os.CreateTemp(t.TempDir(), name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()                 // the program has its own
	cmd.Stdout, cmd.Stderr = out, out // a file and no pipe: Wait does not wait for grandchildren
	cmd.SysProcAttr = ownGroup()
	p := &Process{cmd: cmd, log: out.Name(), ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel takes the death of the thread that started the program for that of the parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the end of what %s wrote:\n%s", name, tail(p.Output(), 60))
		}
	})
	return p
}

// Ended is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Pid is the number of the process, and of its group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill ends the group at once, as kill -9 does, and waits for the program. It may be called again.
func (p *Process) Kill() {
	// No such group: everything in it has ended.
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	<-p.ended
}

// Stop asks the program to end and gives what became of it: nil when it ended in time and content. What is
// left of its group is killed.
func (p *Process) Stop(patience time.Duration) error {
	select {
	case <-p.ended:
		return fmt.Errorf("it had ended already: %w", errOr(p.err, errors.New("without an error")))
	default:
	}
	defer p.Kill()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-time.After(patience):
		return fmt.Errorf("still there %v after it was asked to end", patience)
	}
}

// Output is all that the program has written so far, on both its outputs.
func (p *Process) Output() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
