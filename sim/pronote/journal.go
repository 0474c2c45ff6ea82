package pronote

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// maxJournal bounds both journals of a server that runs for long; the oldest entries go first.
const maxJournal = 10_000

// Request is one HTTP request that came in, whatever became of it.
type Request struct {
	Method   string
	Function string // remote function, or the page's name for a GET
	Tab      int    // of the signature, 0 without
	Session  int    // 0 for pages
	Body     string // start of the body's SHA-256 in hex, "" without a body
	Repeated bool   // marked as sent again after a network failure
}

// Requests lists what came in since the start or the last Reset, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal)
}

// Violations lists each breach of the protocol by a client since the start or the last Reset, in words. A wrong password
// or an expired session is none.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// Reset empties both journals. Sessions and faults stay as they are.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal, s.violations = nil, nil
}

func (s *Server) record(r Request) {
	s.log.Debug("request", "method", r.Method, "function", r.Function, "tab", r.Tab, "repeated", r.Repeated)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = bounded(append(s.journal, r))
}

func (s *Server) violation(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.log.Warn("breach of the protocol", "what", text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = bounded(append(s.violations, text))
}

func bounded[T any](entries []T) []T {
	if len(entries) > maxJournal {
		return slices.Delete(entries, 0, len(entries)-maxJournal)
	}
	return entries
}

func digest(body []byte) string {
	if len(body) == 0 {
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}
