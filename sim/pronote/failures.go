package pronote

import "time"

// Failed logins of one address: some are answered Acces 1, then code 25, then the address is suspended for a while
// (pronote-today §5.9). The numbers are a school's setting; these are ours.
const (
	failuresTolerated = 4 // the next login is refused with code 25
	failuresSuspended = 6
	failureWindow     = 10 * time.Minute
	suspension        = 5 * time.Minute
)

type failures struct {
	count int
	last  time.Time
	until time.Time // suspended until then
}

// noteFailure counts a login that failed or was refused for too many failures.
func (s *Server) noteFailure(host string) {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.tooMany {
		return // asked for by a test, not earned
	}
	f := s.failures[host]
	if f == nil || now.Sub(f.last) > failureWindow {
		f = &failures{}
		s.failures[host] = f
	}
	f.count, f.last = f.count+1, now
	if f.count >= failuresSuspended {
		f.until, f.count = now.Add(suspension), 0
	}
}

func (s *Server) forgiveFailures(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.failures, host)
}

// tooManyFailures tells whether the next login from there is to be refused.
func (s *Server) tooManyFailures(host string) bool {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.failures[host]
	return s.faults.tooMany || f != nil && f.count >= failuresTolerated && now.Sub(f.last) <= failureWindow
}

func (s *Server) suspended(host string) bool {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.failures[host]
	return s.faults.outage == OutageSuspended || f != nil && now.Before(f.until)
}
