package izly

import "sync"

// faultKind is a way in which one exchange goes wrong.
type faultKind int

const (
	noFault    faultKind = iota
	dropBefore           // the connection ends and nothing was done
	dropAfter            // it was done, and the connection ends
	refuseCall           // a business error; nothing was done
	serverFail           // HTTP 500; nothing was done
	cutAnswer            // it was done; half of the body arrives
	holdCall             // the call waits
)

type fault struct {
	kind    faultKind
	refusal *refusal
	release chan struct{}
}

// plan queues a fault: each exchange with a method takes one.
func (s *Server) plan(method string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], f)
}

func (s *Server) takeFault(method string) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := s.faults[method]
	if len(queue) == 0 {
		return fault{}
	}
	s.faults[method] = queue[1:]
	return queue[0]
}

// DropAnswer ends the connection of the next call of a method (SOAP or REST) without an answer, before or
// after the call takes effect.
func (s *Server) DropAnswer(method string, beforeEffect bool) {
	kind := dropAfter
	if beforeEffect {
		kind = dropBefore
	}
	s.plan(method, fault{kind: kind})
}

// FailNext refuses the next call of a method with a business error of one's own.
func (s *Server) FailNext(method string, code, prio int, msg string) {
	s.plan(method, fault{kind: refuseCall, refusal: &refusal{code, prio, msg}})
}

// Fault answers the next call of a method with HTTP 500, in SOAP with a soap:Fault.
func (s *Server) Fault(method string) { s.plan(method, fault{kind: serverFail}) }

// Truncate does what the next call of a method asks, and answers with half of the body.
func (s *Server) Truncate(method string) { s.plan(method, fault{kind: cutAnswer}) }

// Hold makes the next call of a method wait, before it takes effect, until release is called or the client
// gives up.
func (s *Server) Hold(method string) (release func()) {
	f := fault{kind: holdCall, release: make(chan struct{})}
	s.plan(method, f)
	return sync.OnceFunc(func() { close(f.release) })
}

// Planned counts the faults of a method that no call has taken yet.
func (s *Server) Planned(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.faults[method])
}

// ExpireSessions makes every session too old: calls are refused with 140 until a refresh.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		if a.device != nil {
			a.device.expires = s.now()
		}
	}
}

// RevokeTokens makes every access token invalid: calls are refused with 570 until a refresh.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.accounts {
		if a.device != nil {
			a.device.token = ""
		}
	}
}

// AskActivation makes the next refresh of a phone send an SMS and answer UserData, as a Logon always may
// (izly-today §2.3).
func (s *Server) AskActivation(phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.find(phone); a != nil {
		a.askActivation = true
	}
}

// Block blocks the account of a phone, as three wrong codes do.
func (s *Server) Block(phone string) { s.setBlocked(phone, true) }

// Unblock is what the owner would do on the website.
func (s *Server) Unblock(phone string) { s.setBlocked(phone, false) }

func (s *Server) setBlocked(phone string, blocked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.find(phone); a != nil {
		a.blocked, a.failures = blocked, 0
	}
}

// CommaDecimals writes the amounts of SOAP answers with a comma, as some of the real ones may be.
func (s *Server) CommaDecimals(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commas = on
}

// PageSize is how many operations a GetStatement answer holds at most; default 20, 0 for no bound.
func (s *Server) PageSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pageSize = n
}

// Omit leaves elements of these names out of every SOAP answer; without names, nothing any more.
func (s *Server) Omit(elements ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.omitted = map[string]bool{}
	for _, name := range elements {
		s.omitted[name] = true
	}
}
