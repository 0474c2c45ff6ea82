package terminal

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"cartable/core/chat"
)

// openTerminal makes a pseudo-terminal: what a person types and sees, and the program's end of it.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close(); _ = person.Close() })
	return person, program
}

// screen collects what a person sees, and lets a test wait for it.
type screen struct {
	mu   sync.Mutex
	cond *sync.Cond
	seen bytes.Buffer
	gone bool
}

func watch(person *os.File) *screen {
	s := &screen{}
	s.cond = sync.NewCond(&s.mu)
	go func() {
		buf := make([]byte, 1024)
		for {
			n, err := person.Read(buf)
			s.mu.Lock()
			s.seen.Write(buf[:n])
			s.gone = err != nil
			s.cond.Broadcast()
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// wait returns all that was seen, once it ends with want. What has not come after ten seconds never will.
func (s *screen) wait(t *testing.T, want string) string {
	t.Helper()
	limit := time.AfterFunc(10*time.Second, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.gone = true
		s.cond.Broadcast()
	})
	defer limit.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !strings.HasSuffix(s.seen.String(), want) {
		if s.gone {
			t.Fatalf("seen %q, which does not end with %q", s.seen.String(), want)
		}
		s.cond.Wait()
	}
	return s.seen.String()
}

// start runs a chat in which the bot asks for a secret first and then says thanks.
func start(t *testing.T, ctx context.Context, in, out *os.File, plain bool) (b *bot, ended chan error) {
	b = &bot{
		adapter: New(Config{In: in, Out: out, Plain: plain}),
		replies: []chat.Reply{{Title: "Code ?", Expect: chat.ExpectSecret}, {Title: "Merci"}},
	}
	ended = make(chan error, 1)
	go func() { ended <- b.adapter.Run(ctx, b.handle) }()
	return b, ended
}

func typed(t *testing.T, person *os.File, keys string) {
	t.Helper()
	if _, err := person.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

func TestConsole(t *testing.T) {
	person, program := openTerminal(t)
	before, err := term.GetState(int(program.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	s := watch(person)
	b, ended := start(t, t.Context(), program, program, false)
	s.wait(t, "> ")
	typed(t, person, "/connexo\x7fion\r")
	s.wait(t, "\x1b[1mCode ?\x1b[0m\r\n\r\n> ")
	typed(t, person, "s3cr3t\r")
	s.wait(t, "\x1b[1mMerci\x1b[0m\r\n\r\n> ")
	typed(t, person, "\x03") // Ctrl-C
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if want := "[/connexion s3cr3t]"; strings.Join(b.heard, " ") != strings.Trim(want, "[]") {
		t.Errorf("heard %q, want %s", b.heard, want)
	}
	if seen := s.wait(t, "\n"); strings.Contains(seen, "s3c") {
		t.Errorf("the secret shows: %q", seen)
	}
	after, err := term.GetState(int(program.Fd()))
	if err != nil || *after != *before {
		t.Errorf("the terminal was not restored: %v", err)
	}
}

func TestConsoleWithoutLooks(t *testing.T) {
	person, program := openTerminal(t)
	s := watch(person)
	_, ended := start(t, t.Context(), program, program, true)
	s.wait(t, "> ")
	typed(t, person, "a\r")
	s.wait(t, "Code ?\r\n\r\n> ")
	typed(t, person, "\x04") // Ctrl-D
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A reply that nobody asked for is printed above what is being typed.
func TestConsoleNotification(t *testing.T) {
	person, program := openTerminal(t)
	s := watch(person)
	b, ended := start(t, t.Context(), program, program, true)
	s.wait(t, "> ")
	typed(t, person, "/ed")
	s.wait(t, "/ed")
	if err := b.adapter.Send(t.Context(), chat.Target{Chat: Chat()}, chat.Reply{Title: "Nouvelle note"}); err != nil {
		t.Fatal(err)
	}
	s.wait(t, "Nouvelle note\r\n\r\n> /ed")
	typed(t, person, "t\r")
	s.wait(t, "Code ?\r\n\r\n> ")
	typed(t, person, "\x04")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if b.heard[0] != "/edt" {
		t.Errorf("heard %q", b.heard)
	}
}

func TestConsoleStopsWhenAsked(t *testing.T) {
	person, program := openTerminal(t)
	before, err := term.GetState(int(program.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	s := watch(person)
	ctx, stop := context.WithCancel(t.Context())
	_, ended := start(t, ctx, program, program, true)
	s.wait(t, "> ")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	after, err := term.GetState(int(program.Fd()))
	if err != nil || *after != *before {
		t.Errorf("the terminal was not restored: %v", err)
	}
}

// With the answers going to a file the keyboard is still a terminal, and must not echo a secret.
func TestKeyboardAlone(t *testing.T) {
	person, program := openTerminal(t)
	s := watch(person)
	out, printed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	answers := watch(out)
	b, ended := start(t, t.Context(), program, printed, false)
	typed(t, person, "a\n")
	answers.wait(t, "Code ?\n\n")
	// The echo is off once the program reads the secret; the terminal tells.
	for echo := true; echo; {
		state, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		echo = state.Lflag&unix.ECHO != 0
	}
	typed(t, person, "s3cr3t\n")
	answers.wait(t, "Merci\n\n")
	typed(t, person, "\x04")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if strings.Join(b.heard, " ") != "a s3cr3t" {
		t.Errorf("heard %q", b.heard)
	}
	if seen := s.wait(t, "\n"); strings.Contains(seen, "s3c") {
		t.Errorf("the secret shows: %q", seen)
	}
}
