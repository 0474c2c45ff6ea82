package proc

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStop(t *testing.T) {
	p := Start(t, exec.Command("sh", "-c", `trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done`))
	waitFor(t, "hello", func() bool { return strings.Contains(p.Output(), "hello") })
	if err := p.Stop(5 * time.Second); err != nil {
		t.Errorf("stop: %v", err)
	}
	if out := p.Output(); out != "hello\nbye\n" {
		t.Errorf("it wrote %q", out)
	}
	if err := p.Stop(time.Second); err == nil {
		t.Error("stopped twice")
	}
}

func TestStopDeaf(t *testing.T) {
	p := Start(t, exec.Command("sh", "-c", `trap '' TERM; echo ready; while :; do sleep 0.05; done`))
	waitFor(t, "ready", func() bool { return strings.Contains(p.Output(), "ready") })
	if err := p.Stop(50 * time.Millisecond); err == nil {
		t.Error("a deaf program is said to have stopped")
	}
	if running(p.Pid()) {
		t.Error("it runs on")
	}
}

// TestGroup ends a program that has a child, whose number it writes.
func TestGroup(t *testing.T) {
	var child int
	t.Run("inner", func(t *testing.T) {
		p := Start(t, exec.Command("sh", "-c", "sleep 60 & echo $!; wait"))
		waitFor(t, "the child's number", func() bool { return strings.HasSuffix(p.Output(), "\n") })
		var err error
		if child, err = strconv.Atoi(strings.TrimSpace(p.Output())); err != nil {
			t.Fatal(err)
		}
	})
	waitFor(t, "the child's end", func() bool { return !running(child) })
}

// TestOrphan lets a test binary panic and looks for the program that it had started.
func TestOrphan(t *testing.T) {
	if os.Getenv("PROC_PANIC") != "" {
		p := Start(t, exec.Command("sleep", "60"))
		os.Stdout.WriteString("pid " + strconv.Itoa(p.Pid()) + "\n")
		go panic("on purpose")
		select {}
	}
	again := exec.Command(os.Args[0], "-test.run=^TestOrphan$")
	again.Env = append(os.Environ(), "PROC_PANIC=1")
	out, err := again.CombinedOutput()
	if err == nil {
		t.Fatalf("it did not panic:\n%s", out)
	}
	_, after, _ := strings.Cut(string(out), "pid ")
	line, _, _ := strings.Cut(after, "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatalf("no pid in\n%s", out)
	}
	waitFor(t, "the program's end", func() bool { return !running(pid) })
}

// running tells whether there is such a process that is no zombie.
func running(pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}
