package pronote

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Outage is a way for a whole school to be out of reach (pronote-today §3.5).
type Outage int

const (
	OutageNone        Outage = iota
	OutageClosed             // the page says that the site is not available
	OutageBusy               // the page says that too many people are connected
	OutageMaintenance        // HTTP 503
	OutageSuspended          // the page says that the address is suspended
)

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

// RequireENT redirects every page to that address, as schools do whose accounts live in a regional portal; "" stops.
func (s *Server) RequireENT(address string) { s.fault(func(f *faults) { f.ent = address }) }

// RateLimit refuses every login with code 25 while on.
func (s *Server) RateLimit(on bool) { s.fault(func(f *faults) { f.tooMany = on }) }

// SecondFactor asks that PIN of devices that are not known yet; "" stops.
func (s *Server) SecondFactor(pin string) { s.fault(func(f *faults) { f.pin = pin }) }

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

const (
	notice = "<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\"><title>PRONOTE</title></head>" +
		"<body><p>%s</p><footer><a href=\"#\">PRONOTE %s</a></footer></body></html>\n"

	textSuspended = "Votre adresse IP est provisoirement suspendue"
	textClosed    = "Le site n'est pas disponible"
	textBusy      = "Le site est momentanément indisponible"

	incompatiblePage = "<!DOCTYPE html>\n<html lang=\"fr\"><head><meta charset=\"utf-8\"><title>PRONOTE</title></head>" +
		"<body><p>La version de votre navigateur n'est pas compatible. Veuillez utiliser un navigateur récent.</p>" +
		"</body></html>\n"
)

// outage answers in place of the school when it is out of reach or wants another way in, and tells whether it did.
// Every notice holds the version, without which some clients cannot tell it from a foreign page (pronote-today §3.5).
func (s *Server) outage(w http.ResponseWriter, r *http.Request, path string) bool {
	f := s.currentFaults()
	status, text := http.StatusOK, ""
	switch {
	case s.suspended(clientHost(r)):
		text = textSuspended
	case f.outage == OutageClosed:
		text = textClosed
	case f.outage == OutageBusy:
		text = textBusy
	case f.outage == OutageMaintenance:
		status, text = http.StatusServiceUnavailable, textClosed
	case f.ent != "" && r.Method == http.MethodGet && !strings.EqualFold(path, "InfoMobileApp.json"):
		s.record(Request{Method: r.Method, Function: path})
		http.Redirect(w, r, f.ent, http.StatusFound)
		return true
	default:
		return false
	}
	s.record(Request{Method: r.Method, Function: path})
	s.writePage(w, status, fmt.Sprintf(notice, text, s.dialect.version))
	return true
}
