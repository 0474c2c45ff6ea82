//go:build linux

// Package memtest measures the memory that one step of a program takes at its peak. The steps run in a process of
// their own under a hard limit, so that one which takes too much ends that process and nothing else.
package memtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
)

// Limit is the hard limit on the data of the process that is measured, in bytes.
const Limit = 1 << 30

// Allowed is what any answer of any server may take above what the process held before, in bytes.
const Allowed = 64 << 20

const childVar = "CARTABLE_MEMTEST"

// Prepare makes the step that a task describes ready to run. Only run is measured.
type Prepare func(task json.RawMessage) (run func() error, err error)

// Main is to be called by the TestMain of a package whose tests call Start: the process of the steps is the test
// binary, called again.
func Main(m *testing.M, prepare Prepare) {
	if os.Getenv(childVar) == "" {
		os.Exit(m.Run())
	}
	if err := serve(os.Stdin, os.Stdout, prepare); err != nil {
		fmt.Fprintln(os.Stderr, "memtest:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// answer is what the process of the steps says after each line that it is sent.
type answer struct {
	Err  string `json:"err,omitempty"`
	Peak int64  `json:"peak,omitempty"`
}

func serve(in io.Reader, out io.Writer, prepare Prepare) error {
	data := syscall.Rlimit{Cur: Limit, Max: Limit}
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &data); err != nil {
		return err
	}
	tasks, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var task json.RawMessage
		if err := tasks.Decode(&task); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		run, err := prepare(task)
		if err := answers.Encode(said(err, 0)); err != nil {
			return err
		}
		if err != nil {
			continue
		}
		var start json.RawMessage
		if err := tasks.Decode(&start); err != nil {
			return err
		}
		peak, ran, err := measure(run)
		if err != nil {
			return err
		}
		if err := answers.Encode(said(ran, peak)); err != nil {
			return err
		}
	}
}

func said(err error, peak int64) answer {
	if err != nil {
		return answer{Err: err.Error(), Peak: peak}
	}
	return answer{Peak: peak}
}

// measure gives the most memory that the process held during run, above what it held before, and what run returned.
func measure(run func() error) (peak int64, ran, err error) {
	runtime.GC()
	debug.FreeOSMemory()
	idle, err := Forget(os.Getpid())
	if err != nil {
		return 0, nil, err
	}
	ran = run()
	peak, err = Peak(os.Getpid())
	return peak - idle, ran, err
}

// Forget makes the peak of a process of one's own begin anew, and gives what it holds now, in bytes.
func Forget(pid int) (held int64, err error) {
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil { // proc(5)
		return 0, err
	}
	return status(pid, "VmRSS")
}

// Peak is the most that a process has held since Forget, in bytes.
func Peak(pid int) (int64, error) { return status(pid, "VmHWM") }

// status reads a line of what the system tells of a process, in bytes.
func status(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			var kB int64
			_, err := fmt.Sscanf(rest, "%d kB", &kB)
			return kB << 10, err
		}
	}
	return 0, fmt.Errorf("no %s of process %d", name, pid)
}

// Process is the one in which steps run.
type Process struct {
	t       *testing.T
	cmd     *exec.Cmd
	in      io.WriteCloser
	tasks   *json.Encoder
	answers *json.Decoder
	stderr  *tail
}

// Measurable skips the test where memory cannot be measured: under the race detector, which takes several times as
// much.
func Measurable(t *testing.T) {
	t.Helper()
	if raceDetector() {
		t.Skip("the race detector takes memory of its own")
	}
}

// Start starts a process for the steps of a test, which must be Measurable.
func Start(t *testing.T) *Process {
	t.Helper()
	Measurable(t)
	p := &Process{t: t}
	t.Cleanup(p.stop)
	p.start()
	return p
}

func (p *Process) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0], "-test.run=^$")
	p.cmd.Env = append(os.Environ(), childVar+"=1")
	p.stderr = new(tail)
	p.cmd.Stderr = p.stderr
	in, errIn := p.cmd.StdinPipe()
	out, errOut := p.cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.in, p.tasks, p.answers = in, json.NewEncoder(in), json.NewDecoder(out)
}

func (p *Process) stop() {
	_ = p.in.Close()
	_ = p.cmd.Wait() // a process that was ended by its limit has been reported
}

// Run prepares the task, calls before, and measures the step: its peak in bytes, and what it failed with, which is
// its own business. A process that the step has ended fails the test, and another takes its place.
func (p *Process) Run(task any, before func()) (peak int64, failed error) {
	p.t.Helper()
	if a := p.say(task); a.Err != "" {
		p.t.Fatalf("prepare %v: %s", task, a.Err)
	}
	before()
	a := p.say(true)
	if a.Err != "" {
		failed = errors.New(a.Err)
	}
	return a.Peak, failed
}

func (p *Process) say(line any) (a answer) {
	p.t.Helper()
	err := p.tasks.Encode(line)
	if err == nil {
		err = p.answers.Decode(&a)
	}
	if err != nil {
		_ = p.in.Close()
		p.t.Errorf("the process ended under its limit of %d MiB: %v\n%s", Limit>>20, p.cmd.Wait(), p.stderr)
		p.start()
		return answer{Err: "process ended"}
	}
	return a
}

// raceDetector tells whether this binary has it.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return true
		}
	}
	return false
}

// tail keeps the beginning of what a process says at its end.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b[:min(len(b), max(0, 400-len(t.text)))]...)
	return len(b), nil
}

func (t *tail) String() string { return string(t.text) }
