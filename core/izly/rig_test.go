package izly_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"cartable/core/izly"
	"cartable/core/secret"
	sim "cartable/sim/izly"
)

const (
	phone = "33611223344"
	card  = "9f2c41d07be845a3b6d1e80c5a7f3e12"
)

var code = secret.New("135790")

// safe keeps accounts as the vault does, encoded, and remembers how often.
type safe struct {
	mu     sync.Mutex
	record []byte
	writes int
	fail   error
	note   func(a izly.Account)
}

func (s *safe) keep(ctx context.Context, a izly.Account) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.note != nil {
		s.note(a)
	}
	if s.fail != nil {
		return s.fail
	}
	var err error
	s.record, err = json.Marshal(a)
	s.writes++
	return err
}

func (s *safe) account(t testing.TB) izly.Account {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var a izly.Account
	if err := json.Unmarshal(s.record, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// serve gives a client whose three services are h.
func serve(t testing.TB, h http.Handler, cfg izly.Config) *izly.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	cfg.SOAPURL, cfg.RESTURL, cfg.SiteURL = srv.URL+"/Service.asmx", srv.URL+"/Service/PublicService.svc/rest", srv.URL
	cfg.HTTPClient = srv.Client()
	c, err := izly.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrolled gives a wallet on a simulator, and the safe that keeps it.
func enrolled(t testing.TB, simCfg sim.Config, cfg izly.Config) (*sim.Server, *izly.Wallet, *safe) {
	t.Helper()
	server := sim.New(simCfg)
	client := serve(t, server, cfg)
	s := &safe{}
	w, err := client.Activate(t.Context(), phone, activation(t, server, client), s.keep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, v := range server.Violations() {
			t.Errorf("the server saw a violation: %s", v)
		}
	})
	return server, w, s
}

// activation asks for an SMS and reads it.
func activation(t testing.TB, server *sim.Server, client *izly.Client) izly.Activation {
	t.Helper()
	uid, err := client.RequestActivation(t.Context(), phone, code)
	if err != nil || uid != phone {
		t.Fatalf("request: %q, %v", uid, err)
	}
	links := server.SMS(phone)
	act, err := izly.ParseActivation("Votre lien Izly : " + links[len(links)-1])
	if err != nil {
		t.Fatal(err)
	}
	return act
}

// count is how many requests for a method reached the server.
func count(server *sim.Server, method string) int {
	n := 0
	for _, r := range server.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

// script is a server that answers each SOAP method with a text of the test's choosing.
type script struct {
	mu       sync.Mutex
	answers  map[string][]string // inner documents, in turn; the last one stays
	raw      http.HandlerFunc    // takes over altogether
	requests []request
}

type request struct {
	method string
	header http.Header
	body   string
	args   map[string]string
}

var (
	methodPattern = regexp.MustCompile(`<v:Body><(\w+) `)
	argPattern    = regexp.MustCompile(`<(\w+) i:type="d:string">([^<]*)</`)
)

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := new(strings.Builder)
	if _, err := io.Copy(body, http.MaxBytesReader(w, r.Body, 1<<20)); err != nil {
		panic(http.ErrAbortHandler)
	}
	req := request{header: r.Header, body: body.String(), args: map[string]string{}}
	if m := methodPattern.FindStringSubmatch(req.body); m != nil {
		req.method = m[1]
	}
	for _, m := range argPattern.FindAllStringSubmatch(req.body, -1) {
		req.args[m[1]] = html.UnescapeString(m[2])
	}
	s.mu.Lock()
	s.requests = append(s.requests, req)
	queue := s.answers[req.method]
	if len(queue) > 1 {
		s.answers[req.method] = queue[1:]
	}
	s.mu.Unlock()
	switch {
	case s.raw != nil:
		s.raw(w, r)
	case len(queue) == 0:
		http.NotFound(w, r)
	default:
		_, _ = w.Write([]byte(envelope(req.method, html.EscapeString(queue[0]))))
	}
}

func (s *script) seen() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// envelope is an answer as ASP.NET writes it; inner is already encoded.
func envelope(method, inner string) string {
	return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` +
		`<` + method + `Response xmlns="Service"><` + method + `Result>` + inner + `</` + method + `Result></` + method + `Response>` +
		`</soap:Body></soap:Envelope>`
}

// scripted gives a wallet that is enrolled already, on a scripted server.
func scripted(t testing.TB, answers map[string][]string, cfg izly.Config) (*script, *izly.Wallet, *safe) {
	t.Helper()
	server := &script{answers: answers}
	s := &safe{}
	w := serve(t, server, cfg).Open(izly.Account{
		Phone: phone, World: izly.EnrolSeed, Counter: 2,
		HOTPKey:     secret.Store(secret.New("MTIzNDU2")),
		SessionID:   secret.Store(secret.New("5b0d7a1e-9c44-4f0a-8f63-2d1c7e9ab310")),
		AccessToken: secret.Store(secret.New("at-7Zq")),
	}, s.keep)
	return server, w, s
}

func isAll(err error, targets ...error) bool {
	for _, target := range targets {
		if !errors.Is(err, target) {
			return false
		}
	}
	return true
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
