package izly

import (
	"fmt"
	"slices"
	"time"
)

// Request is one request as the journal keeps it, without anything secret.
type Request struct {
	At     time.Time
	Method string // SOAP method, REST name, "WSDL" or "Activation"
	Kind   string // of a Logon: "password", "activation", "refresh"; of a confirmation: the form of print
	Status int    // HTTP status; 0 when the answer was dropped
	Code   int    // of the refusal; 0 for success
}

// Requests is the journal, oldest first. The outbox page and the bank's pages are not in it.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal)
}

// Violations tells, in words, what clients did that the protocol forbids. A wrong secret code is none.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// violate notes a breach. The caller holds mu; the words hold no value that a client sent.
func (s *Server) violate(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.violations = append(s.violations, text)
	s.cfg.Log.Warn("izly sim: violation", "text", text)
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.At = s.now()
	s.journal = append(s.journal, r)
	s.cfg.Log.Debug("izly sim: request", "method", r.Method, "kind", r.Kind, "status", r.Status, "code", r.Code)
}
