package pronote_test

import (
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"cartable/core/pronote"
	sim "cartable/sim/pronote"
)

// schoolBehind is a school whose server answers through wrap.
func schoolBehind(t *testing.T, cfg sim.Config, wrap func(http.Handler) http.Handler) (*rig, pronote.Credentials) {
	t.Helper()
	s := openSchool(t, cfg)
	web := httptest.NewServer(wrap(s.Server))
	t.Cleanup(web.Close)
	c := s.credentials(pronote.SpacePupil)
	c.Address = pronote.Address(web.URL + "/pronote")
	return s, c
}

// rewritePages changes the pages of a server and hides its Server header.
func rewritePages(change func(string) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			body := rec.Body.String()
			if r.Method == http.MethodGet {
				body = change(body)
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write([]byte(body))
		})
	}
}

// The seed shows MR and ER only as "LONG NUMBER".
var rsaNumber = regexp.MustCompile(`\b[ME]R:'[0-9A-Fa-f]+'`)

func toDecimal(attribute string) string {
	n, _ := new(big.Int).SetString(attribute[4:len(attribute)-1], 16)
	return attribute[:4] + n.String() + "'"
}

var footer = regexp.MustCompile(`PRONOTE \d+\.\d+\.\d+`)

// The page in the seed's document names no version at all: the flags must do.
func TestPagesWithoutVersion(t *testing.T) {
	for name, cfg := range map[string]sim.Config{
		"seed, plain":                     {Version: "2022.0.0"},
		"seed, decimal RSA key":           {Version: "2022.0.0", Encrypt: true, Compress: true},
		"today, plain":                    {Version: "2025.2.8"},
		"today, encrypted and compressed": {Version: "2026.2.5", Encrypt: true, Compress: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := schoolBehind(t, cfg, rewritePages(func(page string) string {
				if strings.Contains(name, "decimal") {
					page = rsaNumber.ReplaceAllStringFunc(page, toDecimal)
				}
				return footer.ReplaceAllString(page, "PRONOTE")
			}))
			session, err := s.client.Login(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			s.forget()
			s.comparePupil(session, session.Profile().Pupils[0], s.Truth().Children[0])
		})
	}
}

func TestRedirectsOnTheSameHost(t *testing.T) {
	s, c := schoolBehind(t, sim.Config{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if rest, old := strings.CutPrefix(r.URL.Path, "/old/"); old {
				http.Redirect(w, r, "/pronote/"+rest, http.StatusMovedPermanently)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	c.Address = pronote.Address(strings.Replace(string(c.Address), "/pronote", "/old", 1))
	session, err := s.client.Login(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.Week(t.Context(), session.Profile().Pupils[0].Key, today); err != nil {
		t.Error(err)
	}
}

var oddAnswers = []struct {
	name   string
	answer http.HandlerFunc
	want   error // nil: a ReplyError
}{
	{"not JSON", text(200, "bonjour"), nil},
	{"empty", text(200, ""), nil},
	{"list", text(200, "[]"), nil},
	{"page", text(200, "<html>PRONOTE</html>"), nil},
	{"not found", text(404, ""), nil},
	{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, nil},
	{"server error", text(500, "oops"), pronote.ErrServer},
	{"maintenance", text(503, ""), pronote.ErrUnavailable},
	{"suspended", text(200, "<p>PRONOTE Votre adresse IP est provisoirement suspendue"), pronote.ErrSuspended},
	{"too many", text(429, ""), pronote.ErrRateLimited},
	{"error with another status", text(500, ` {"Erreur":{"G":8,"Titre":"La page a expiré ! (1)"}}`), pronote.ErrSessionExpired},
	{"too long", func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for range 17 {
			_, _ = w.Write(chunk)
		}
	}, nil},
}

func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestOddAnswers(t *testing.T) {
	for _, tt := range oddAnswers {
		t.Run(tt.name, func(t *testing.T) {
			s, c := schoolBehind(t, sim.Config{}, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						tt.answer(w, r)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			_, err := s.client.Login(t.Context(), c)
			reply, isReply := errors.AsType[*pronote.ReplyError](err)
			switch {
			case tt.want != nil && !errors.Is(err, tt.want):
				t.Errorf("error is %v, want %v", err, tt.want)
			case tt.want == nil && (!isReply || reply.Op != "FonctionParametres"):
				t.Errorf("error is %v", err)
			}
		})
	}
}

// The real client must refuse the school of these tests, which is on loopback.
func TestDefaultClientStaysOutOfPrivateNetworks(t *testing.T) {
	s := openSchool(t, sim.Config{})
	_, err := pronote.New(pronote.Config{}).Login(t.Context(), s.credentials(pronote.SpacePupil))
	if _, ok := errors.AsType[*pronote.AddressError](err); !ok {
		t.Errorf("error is %v", err)
	}
	s.expectRequests()
}

func TestBadCredentialsAreNotSent(t *testing.T) {
	s := openSchool(t, sim.Config{})
	for _, change := range []func(*pronote.Credentials){
		func(c *pronote.Credentials) { c.Space = "professeur" },
		func(c *pronote.Credentials) { c.Address = "" },
		func(c *pronote.Credentials) { c.Address = "%" },
	} {
		c := s.credentials(pronote.SpacePupil)
		change(&c)
		if _, err := s.client.Login(t.Context(), c); err == nil {
			t.Errorf("logged in with %+v", c)
		}
	}
	s.expectRequests()
}
