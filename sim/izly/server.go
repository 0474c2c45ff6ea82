package izly

import (
	"net/http"
	"sync"
	"time"
)

// maxBody bounds what a client may send.
const maxBody = 64 << 10

// Server is a pretend Izly: all its hosts in one http.Handler. Its methods may be called at any time.
type Server struct {
	cfg Config
	mux *http.ServeMux

	mu         sync.Mutex
	accounts   []*account
	tokens     map[string]*device // every access token ever given
	outbox     []message
	lastID     int64 // of the newest operation of all wallets
	faults     map[string][]fault
	pageSize   int
	commas     bool
	omitted    map[string]bool
	attack     Attack
	journal    []Request
	violations []string
}

// New makes a server whose histories end now.
func New(cfg Config) *Server {
	s := &Server{
		cfg:      cfg.withDefaults(),
		mux:      http.NewServeMux(),
		tokens:   map[string]*device{},
		lastID:   900_000,
		faults:   map[string][]fault{},
		pageSize: 20,
	}
	s.populate()
	s.mux.HandleFunc("/Service.asmx", s.serveSOAP)
	s.mux.HandleFunc("GET /tools/Activation/{phone}/{code}", s.serveActivation)
	s.mux.HandleFunc("GET /sms", s.serveOutbox)
	s.mux.HandleFunc("POST "+pathValidate, s.serveBankPage)
	s.mux.HandleFunc("POST "+pathBank, s.serveBankDecision)
	s.mux.HandleFunc("GET "+pathBankDone, s.serveBankDone)
	s.mux.HandleFunc("GET "+pathBankFailed, s.serveBankDone)
	if !s.cfg.SeedWorld {
		s.mux.HandleFunc("/Service/PublicService.svc/rest/{name}", s.serveREST)
	}
	return s
}

// ServeHTTP answers for soap.izly.fr, rest.izly.fr and mon-espace.izly.fr alike; the path tells which.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) now() time.Time { return s.cfg.Now().In(s.cfg.Location) }

// stamp writes a time as SOAP answers do, without a zone (izly-today §3, LUD).
func (s *Server) stamp(t time.Time) string {
	return t.In(s.cfg.Location).Format("02-01-2006 15:04:05")
}
