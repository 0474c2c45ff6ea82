package pronote

// faults is what tests have asked for.
type faults struct {
	outage  Outage
	ent     string
	tooMany bool
	pin     string // second factor asked of unknown devices
	dropped map[string]int
	forged  map[string]int
	omitted map[string]string // function: member left out of its answers
	hidden  map[int]bool
	attack  Attack
	refusal string // said with Acces 9 to who is let in otherwise
}

// Unavailable puts the school out of reach until OutageNone.
func (s *Server) Unavailable(o Outage) { s.fault(func(f *faults) { f.outage = o }) }

// Suspend shows the suspension page in place of everything, or stops doing so and forgets past failures.
func (s *Server) Suspend(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.failures)
	s.faults.outage = OutageNone
	if on {
		s.faults.outage = OutageSuspended
	}
}

// RequireENT redirects every page to that address, as schools do whose accounts live in a regional portal; "" stops. Apps
// with a QR code or a token still get theirs.
func (s *Server) RequireENT(address string) { s.fault(func(f *faults) { f.ent = address }) }

// RateLimit refuses every login with code 25 while on.
func (s *Server) RateLimit(on bool) { s.fault(func(f *faults) { f.tooMany = on }) }

// SecondFactor asks that PIN of devices that are not known yet; "" stops.
func (s *Server) SecondFactor(pin string) { s.fault(func(f *faults) { f.pin = pin }) }

// Refuse answers every login that is right with Acces 9 and that message (pronote-today §5.2); "" stops.
func (s *Server) Refuse(message string) { s.fault(func(f *faults) { f.refusal = message }) }

// HideTab makes the school stop (or start again) publishing a tab, such as 198 for grades. It applies to everyone's next
// request.
func (s *Server) HideTab(tab int, hide bool) {
	s.fault(func(f *faults) {
		if f.hidden == nil {
			f.hidden = map[int]bool{}
		}
		f.hidden[tab] = hide
	})
}

// DropAnswer carries out the next request of that function and cuts the connection in place of an answer, once.
func (s *Server) DropAnswer(function string) {
	s.fault(func(f *faults) { f.dropped = counted(f.dropped, function) })
}

// ForgeOrder answers the next request of that function with a wrong order number, once.
func (s *Server) ForgeOrder(function string) {
	s.fault(func(f *faults) { f.forged = counted(f.forged, function) })
}

// Omit leaves a member out of the data of every answer of that function, such as "ListeCours"; "" stops.
func (s *Server) Omit(function, member string) {
	s.fault(func(f *faults) {
		if f.omitted == nil {
			f.omitted = map[string]string{}
		}
		f.omitted[function] = member
	})
}

// ExpireSessions ends all sessions: the next request of each is told that the page has expired.
func (s *Server) ExpireSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ses := range s.sessions {
		ses.end()
	}
}

func (s *Server) fault(change func(*faults)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.faults)
}

func counted(m map[string]int, key string) map[string]int {
	if m == nil {
		m = map[string]int{}
	}
	m[key]++
	return m
}

// take uses up one fault that was asked for.
func (s *Server) take(pick func(*faults) map[string]int, function string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := pick(&s.faults)
	if m[function] == 0 {
		return false
	}
	m[function]--
	return true
}

func (s *Server) currentFaults() faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

func (s *Server) omittedMember(function string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.omitted[function]
}

func (s *Server) requiredENT() string { return s.currentFaults().ent }

func (s *Server) tabHidden(tab int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.hidden[tab]
}
