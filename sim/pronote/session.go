package pronote

import (
	"crypto/rand"
	"math/big"
	"strconv"
	"sync"
	"time"
)

const (
	idleLimit   = 10 * time.Minute // without any request a session ends; a school setting (pronote-today §5.7)
	maxSessions = 2000             // living ones; the oldest go first
)

// stage is how far the login has come.
type stage int

const (
	stageOpened     stage = iota // the page was given
	stageAgreed                  // FonctionParametres done: the IV is the client's
	stageIdentified              // a challenge is waiting
	stageSecuring                // logged in, but the second factor is missing
	stageLoggedIn
)

func (s stage) String() string {
	return [...]string{
		"before FonctionParametres", "before Identification", "before Authentification",
		"before the second factor", "after login",
	}[s]
}

// session is what the server remembers between two requests of one page.
type session struct {
	number int
	space  space
	host   string // client address without port
	salt   salt
	school *school

	mu      sync.Mutex // held while a request is served: there is only one at a time (pronote-today §2.3)
	key, iv []byte
	newKey  []byte // in force once the answer under way is sealed
	next    int    // order number expected
	stage   stage
	login   *attempt
	account *account
	last    exchange

	guard sync.Mutex // of the two below, which are also looked at from outside
	used  time.Time
	ended bool
}

// exchange is the last request and its answer, kept for a client whose network failed.
type exchange struct {
	segment      string
	body, answer []byte
}

func (s *session) end() {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.ended = true
}

// touch notes a request at that time and tells whether the session still lives.
func (s *session) touch(now time.Time) bool {
	s.guard.Lock()
	defer s.guard.Unlock()
	if now.Sub(s.used) > idleLimit {
		s.ended = true
	}
	s.used = now
	return !s.ended
}

func (s *session) lastUse() time.Time {
	s.guard.Lock()
	defer s.guard.Unlock()
	return s.used
}

// order is a number as it travels (pronote-today §2.3).
func (s *session) order(n int) string {
	return encryptHex(s.key, s.iv, []byte(strconv.Itoa(n)))
}

// newSession makes the session of a page. Its number has seven digits and is not in use.
func (s *Server) newSession(sp space, host string, now time.Time) *session {
	ses := &session{
		space: sp, host: host, school: s.schoolAt(now),
		key: emptyKey(), iv: zeroIV(), next: 1, used: now,
	}
	if _, err := rand.Read(ses.salt[:]); err != nil {
		panic(err) // never happens: crypto/rand ends the process instead
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune(now)
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(9_000_000))
		if err != nil {
			panic(err)
		}
		ses.number = 1_000_000 + int(n.Int64())
		if _, taken := s.sessions[ses.number]; !taken {
			s.sessions[ses.number] = ses
			return ses
		}
	}
}

// prune forgets sessions that idled out long ago, and the oldest one when there are too many. Callers hold s.mu.
func (s *Server) prune(now time.Time) {
	var oldest *session
	for n, ses := range s.sessions {
		if now.Sub(ses.lastUse()) > 6*idleLimit {
			delete(s.sessions, n)
		} else if oldest == nil || ses.lastUse().Before(oldest.lastUse()) {
			oldest = ses
		}
	}
	if len(s.sessions) >= maxSessions {
		delete(s.sessions, oldest.number)
	}
}
