package homeserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"cartable/e2e/proc"
)

// Name is the server's part of user ids.
const Name = "localhost"

// Server is a homeserver with its data in a folder of the test. It ends with the test.
type Server struct {
	URL string // "http://127.0.0.1:34567", the same after a restart

	t       testing.TB
	front   *front
	dir     string
	secret  string // of Register
	address string // where Dendrite listens
	process *proc.Process
}

const (
	startTime = 30 * time.Second // it takes a third of a second on an idle machine
	stopTime  = 10 * time.Second
)

// Start starts an empty homeserver on a free port and waits until it answers.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), secret: rand.Text(), front: newFront()}
	s.URL = s.front.URL
	if err := configure(s.dir, s.secret); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.front.Close) // before start: it closes after Dendrite has been killed, which ends what is under way
	s.start()
	return s
}

// start runs Dendrite on a port that is free.
func (s *Server) start() {
	s.t.Helper()
	for try := 1; ; try++ {
		address, err := freeAddress()
		if err != nil {
			s.t.Fatal(err)
		}
		s.address = address
		err = s.run()
		switch {
		case err == nil:
			s.front.address.Store(&address)
			return
		case try == 5 || !errors.Is(err, errTaken):
			s.t.Fatal(err)
		}
	}
}

// errTaken says that somebody else was faster on the port that was free just now.
var errTaken = errors.New("homeserver: the port is taken")

// Kill ends the server at once, as a power cut does.
func (s *Server) Kill() { s.process.Kill() }

// Restart stops the server, if it runs, and starts it again on its data.
func (s *Server) Restart() {
	s.t.Helper()
	select {
	case <-s.process.Ended():
	default:
		if err := s.process.Stop(stopTime); err != nil {
			s.t.Logf("homeserver: stop: %v", err) // it has been killed then
		}
	}
	s.start()
}

// run starts the program and waits until it answers.
func (s *Server) run() error {
	path, err := program()
	if err != nil {
		return err
	}
	cmd := exec.Command(path, "--config", configName, "--http-bind-address", s.address)
	cmd.Dir = s.dir
	s.process = proc.Start(s.t, cmd)
	ctx, cancel := context.WithTimeout(s.t.Context(), startTime)
	defer cancel()
	for {
		if s.isOurs(ctx) {
			return nil
		}
		select {
		case <-s.process.Ended():
			if strings.Contains(s.process.Output(), "address already in use") {
				return errTaken
			}
			return errors.New("homeserver: dendrite ended as soon as it was started")
		case <-ctx.Done():
			return fmt.Errorf("homeserver: no answer: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freeAddress is one of loopback that nobody listened on a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
