package telegram

import (
	"slices"
	"strings"
	"time"
)

// Cut says when the connection of a call breaks.
type Cut int

const (
	NoCut     Cut = iota
	CutBefore     // before the effect: nothing happened
	CutAfter      // after the effect: it happened, and the answer is lost
)

// Fault is something that goes wrong with a call. A Status refuses the call without effect; without one
// the call takes place, after the delay.
type Fault struct {
	Chat        int64           // only calls for this chat; 0: any
	Status      int             // HTTP status and error_code, e.g. 429, 500, 403
	Description string          // default: Telegram's for a 429, the status's text otherwise
	RetryAfter  int             // seconds, for a 429; default 1
	HTML        bool            // the body is a proxy's HTML page that echoes the path (and so the token)
	Cut         Cut             // breaks the connection; goes with no Status
	Delay       time.Duration   // real time before the call is looked at
	Hold        <-chan struct{} // instead of Delay: the call waits until it is closed
}

type scripted struct {
	method string
	left   int
	fault  Fault
}

// FailNext makes the next calls of a method fail. An empty method means any; "download" means the download
// of a file. Faults of one method are
// taken in the order in which they were given.
func (s *Server) FailNext(method string, times int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &scripted{method: method, left: times, fault: f})
}

func (s *Server) takeFault(method string, chat int64) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f *scripted) bool {
		return (f.method == "" || strings.EqualFold(f.method, method)) && (f.fault.Chat == 0 || f.fault.Chat == chat)
	})
	if i < 0 {
		return Fault{}
	}
	f := s.faults[i]
	if f.left--; f.left <= 0 {
		s.faults = slices.Delete(s.faults, i, i+1)
	}
	if f.fault.Cut == CutBefore {
		s.log(Call{Method: method, ChatID: chat, At: s.conf.Now(), Cut: true})
	}
	return f.fault
}

// Call is one call of the bot, as the journal keeps it: without the token, texts and other parameters.
type Call struct {
	Method string // as the bot wrote it
	ChatID int64  // 0: no chat
	Thread int
	At     time.Time // by Config.Now, when the call came in
	Code   int       // 0: done; else the error_code of the answer
	Error  string    // the description of the answer
	Lost   bool      // the answer was cut off after the effect
	Cut    bool      // the connection was cut before any effect
}

func (c Call) with(err error) Call {
	if e, ok := err.(*apiError); ok {
		c.Code, c.Error = e.Code, e.Description
	}
	return c
}

func (s *Server) record(c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(c)
}

// log is record with the lock held.
func (s *Server) log(c Call) {
	s.journal = append(s.journal, c)
	s.counts[strings.ToLower(c.Method)]++
	s.logged.fire()
}

// Calls returns the journal, oldest first; with names, only the calls of these methods. A getUpdates
// stands where it ended.
func (s *Server) Calls(methods ...string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Call
	for _, c := range s.journal {
		if len(methods) == 0 || slices.ContainsFunc(methods, func(m string) bool { return strings.EqualFold(m, c.Method) }) {
			found = append(found, c)
		}
	}
	return found
}

// WaitCalls waits until the journal holds n calls of the method and returns them.
func (s *Server) WaitCalls(method string, n int) []Call {
	err := s.waitJournal(func() bool { return s.counts[strings.ToLower(method)] >= n })
	found := s.Calls(method)
	if err != nil {
		s.conf.Fail("sim/telegram: %d calls of %s, waited for %d", len(found), method, n)
	}
	return found
}
