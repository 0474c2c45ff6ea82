package pronote

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the school is in Paris wherever the server runs
)

// Config is how a school's server is set up. The zero value is a school of today.
type Config struct {
	// Version chooses the dialect: "2022.0.0" (RSA key in the page), "2024.3.8" (classic), "2024.3.11", "2025.2.8" or
	// "2026.2.5" (nonce challenge; the default). Any other three numbers work too; New panics on anything else.
	Version string
	// Encrypt and Compress say how secured parts travel, and the page announces it as its dialect does.
	Encrypt, Compress bool
	Root              string           // path below which the school lives; default "/pronote"
	Now               func() time.Time // default time.Now
	Location          *time.Location   // of the school's times; default Europe/Paris
	Log               *slog.Logger     // requests at debug level; default none
}

// Server is one school. All its methods may be called at any time from any goroutine.
type Server struct {
	dialect  dialect
	codec    codec
	root     string
	now      func() time.Time
	location *time.Location
	log      *slog.Logger
	ids      sealer
	accounts []*account

	mu         sync.Mutex
	sessions   map[int]*session
	schools    map[string]*school // by date; one day's data is shared by its sessions
	ticked     map[string]bool    // homework done, by name of the object
	devices    map[string]bool    // identifiantNav values given out
	failures   map[string]*failures
	journal    []Request
	violations []string
	faults     faults
}

// New starts a school. Nothing runs in the background, so there is nothing to close.
func New(cfg Config) *Server {
	if cfg.Version == "" {
		cfg.Version = "2026.2.5"
	}
	v, err := parseVersion(cfg.Version)
	if err != nil {
		panic(err)
	}
	if cfg.Root == "" {
		cfg.Root = "/pronote"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Location == nil {
		if cfg.Location, err = time.LoadLocation("Europe/Paris"); err != nil {
			panic(err) // the zones are linked in
		}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		dialect: dialectOf(v), codec: codec{cfg.Encrypt, cfg.Compress},
		root: "/" + strings.Trim(cfg.Root, "/"), now: cfg.Now, location: cfg.Location, log: cfg.Log,
		accounts: newAccounts(),
		sessions: map[int]*session{}, schools: map[string]*school{}, ticked: map[string]bool{},
		devices: map[string]bool{}, failures: map[string]*failures{},
	}
	if _, err := rand.Read(s.ids.key[:]); err != nil {
		panic(err) // never happens: crypto/rand ends the process instead
	}
	return s
}

// clock is the time at the school.
func (s *Server) clock() time.Time { return s.now().In(s.location) }

// schoolAt gives the data of the day.
func (s *Server) schoolAt(now time.Time) *school {
	date := now.Format(time.DateOnly)
	s.mu.Lock()
	defer s.mu.Unlock()
	sch, known := s.schools[date]
	if !known {
		if len(s.schools) > 10 {
			clear(s.schools)
		}
		sch = newSchool(now)
		s.schools[date] = sch
	}
	return sch
}

// ServeHTTP answers as the school's server does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "PRONOTE "+s.dialect.version.withBuild())
	path, below := strings.CutPrefix(r.URL.Path+"/", s.root+"/")
	path = strings.TrimSuffix(path, "/")
	switch {
	case !below:
		http.NotFound(w, r)
	case s.outage(w, r, path):
	case strings.HasPrefix(path, "appelfonction/"):
		s.serveCall(w, r, path)
	case strings.EqualFold(path, "InfoMobileApp.json"):
		s.serveInfo(w, r)
	default:
		s.servePage(w, r, path)
	}
}

// clientHost is the address that failures are counted for.
func clientHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (s *Server) writeJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		s.log.Error("answer cannot be written", "error", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(b) // a client that went away gets no answer
}
