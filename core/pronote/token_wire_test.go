package pronote_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cartable/core/pronote"
	"cartable/core/secret"
	sim "cartable/sim/pronote"
)

// wire stands before a school that speaks plainly. It notes what comes, and may change or watch an answer.
type wire struct {
	school http.Handler
	change func(function, answer string) string

	mu   sync.Mutex
	seen []seen
}

type seen struct {
	function string // "" for pages
	url      string
	header   http.Header
	data     map[string]any
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var envelope struct {
		ID      string
		DataSec struct{ Data map[string]any }
	}
	_ = json.Unmarshal(body, &envelope) // pages have none
	w.mu.Lock()
	w.seen = append(w.seen, seen{envelope.ID, r.URL.String(), r.Header, envelope.DataSec.Data})
	w.mu.Unlock()
	rec := httptest.NewRecorder()
	w.school.ServeHTTP(rec, r)
	answer := rec.Body.String()
	if w.change != nil {
		answer = w.change(envelope.ID, answer)
	}
	out.WriteHeader(rec.Code)
	_, _ = io.WriteString(out, answer)
}

// take gives what came since the last time.
func (w *wire) take() []seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.seen
	w.seen = nil
	return all
}

// plainSchool is a school of today whose secured parts are readable, behind a wire.
func plainSchool(t *testing.T) (*rig, *wire) {
	t.Helper()
	s := openSchool(t, sim.Config{Version: "2025.2.8"})
	w := &wire{school: s.Server}
	web := httptest.NewServer(w)
	t.Cleanup(web.Close)
	s.address = pronote.Address(web.URL + "/pronote")
	return s, w
}

// columns of the table in pronote-today §5.1; the same for all stands in identifies.
var columns = []struct {
	name                         string
	asks, asksToken, bringsToken bool
}{
	{name: "password"},
	{name: "QR code", asks: true, asksToken: true},
	{name: "token", bringsToken: true},
}

func TestEachWayToLogInLooksAsItShould(t *testing.T) {
	s, w := plainSchool(t)
	q, k := s.qrCode(pronote.SpacePupil), &keeper{s: s}
	var navigator any // none is known before the first login
	for _, column := range columns {
		w.take()
		var err error
		switch column.name {
		case "password":
			_, err = s.client.Login(t.Context(), s.credentials(pronote.SpacePupil))
		case "QR code":
			_, err = s.client.LoginQRCode(t.Context(), q, pin, k.keep)
		case "token":
			navigator = k.token().Navigator.Reveal()
			_, err = s.client.LoginToken(t.Context(), k.token(), k.keep)
		}
		if err != nil {
			t.Fatalf("%s: %v", column.name, err)
		}
		isApp := column.name != "password"
		want := map[string]any{
			"genreConnexion": 0., "genreEspace": 3., "identifiant": "Lea.Roussel", "pourENT": false, "loginTokenSAV": "",
			"enConnexionAuto": false, "demandeConnexionAuto": false, "demandeConnexionAppliMobile": column.asks,
			"demandeConnexionAppliMobileJeton": column.asksToken, "enConnexionAppliMobile": column.bringsToken,
			"uuidAppliMobile": "",
		}
		if isApp {
			want["genreEspace"], want["uuidAppliMobile"] = 6., k.token().Device.Reveal()
		}
		for _, r := range w.take() {
			checkGuise(t, column.name, isApp, r)
			switch r.function {
			case "FonctionParametres":
				if got, there := r.data["identifiantNav"]; got != navigator || !there {
					t.Errorf("%s: identifiantNav is %v, want %v", column.name, got, navigator)
				}
			case "Identification":
				device, _ := r.data["informationsAppareil"].(map[string]any)
				delete(r.data, "informationsAppareil")
				if !maps.Equal(r.data, want) || (len(device) == 2) != isApp {
					t.Errorf("%s: Identification is %v, device %v", column.name, r.data, device)
				}
			}
		}
	}
}

func checkGuise(t *testing.T, name string, isApp bool, r seen) {
	t.Helper()
	if strings.Contains(r.header.Get("User-Agent"), "PRONOTE Mobile APP") != isApp {
		t.Errorf("%s: %s: the browser is %q", name, r.function, r.header.Get("User-Agent"))
	}
	if (r.header.Get("Cookie") == "appliMobile=1") != isApp {
		t.Errorf("%s: %s: cookies are %q", name, r.function, r.header.Get("Cookie"))
	}
	if r.function == "" && strings.HasPrefix(r.url, "/pronote/mobile.eleve.html?") != isApp {
		t.Errorf("%s: the page is %s", name, r.url)
	}
}

func TestResumedAppStillLooksLikeOne(t *testing.T) {
	s, w := plainSchool(t)
	session, _ := s.linked(pronote.SpacePupil)
	again, err := s.client.Resume(session.State())
	if err != nil {
		t.Fatal(err)
	}
	w.take()
	if _, err := again.Week(t.Context(), again.Profile().Pupils[0].Key, today); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.take() {
		checkGuise(t, "resumed", true, r)
	}
}

func TestRealUserNameIsKept(t *testing.T) {
	s, w := plainSchool(t)
	w.change = func(function, answer string) string {
		if function == "Identification" {
			return strings.Replace(answer, `"login":"Lea.Roussel"`, `"login":"LEA.Roussel"`, 1)
		}
		return answer
	}
	_, k := s.linked(pronote.SpacePupil)
	if got := k.token().Username.Reveal(); got != "LEA.Roussel" {
		t.Errorf("the token is of %s", got)
	}
	if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
		t.Error(err)
	}
}

// What is left to do after a second login cannot be done by this client. The tokens are good nevertheless.
func TestSecondFactorThatRemains(t *testing.T) {
	s, w := plainSchool(t)
	q, k := s.qrCode(pronote.SpacePupil), &keeper{s: s}
	demand := func(function, answer string) string {
		if function == "Authentification" {
			return strings.Replace(answer, `"cle":`, `"actionsDoubleAuth":{"_T":26,"V":"[3]"},"cle":`, 1)
		}
		return answer
	}
	w.change = demand
	_, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep)
	if !errors.Is(err, pronote.ErrSecondFactor) || len(k.stored) != 2 {
		t.Errorf("%d tokens, error is %v", len(k.stored), err)
	}
	page := uptoToken("mobile.eleve.html")
	s.expectRequests(append(page, page...)...)
	if _, err = s.client.LoginToken(t.Context(), k.token(), k.keep); !errors.Is(err, pronote.ErrSecondFactor) {
		t.Errorf("the next time: %v", err)
	}
	s.expectRequests(page...)
	w.change = nil
	if _, err = s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
		t.Errorf("when nothing is left to do: %v", err)
	}
}

// A program that stops in the middle of a login must not lose the account.
func TestCancelledLoginStillKeepsItsToken(t *testing.T) {
	for _, function := range loginRequests[1:3] {
		t.Run(function, func(t *testing.T) {
			s, w := plainSchool(t)
			_, k := s.linked(pronote.SpacePupil)
			s.forget()
			ctx, cancel := context.WithCancel(t.Context())
			w.change = func(f, answer string) string {
				if f == function {
					cancel()
				}
				return answer
			}
			_, err := s.client.LoginToken(ctx, k.token(), func(ctx context.Context, token pronote.Token) error {
				return errors.Join(ctx.Err(), k.keep(ctx, token))
			})
			if !errors.Is(err, context.Canceled) || errors.Is(err, pronote.ErrTokenNotKept) {
				t.Errorf("error is %v", err)
			}
			if spent := function == "Authentification"; spent != (len(k.stored) == 2) {
				t.Errorf("%d tokens are kept", len(k.stored))
			}
			if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
				t.Errorf("the next time: %v", err)
			}
		})
	}
}

func TestBadTokensAreNotSent(t *testing.T) {
	s := openSchool(t, sim.Config{})
	_, k := s.linked(pronote.SpacePupil)
	s.forget()
	for _, change := range []func(*pronote.Token){
		func(t *pronote.Token) { *t = pronote.Token{} },
		func(t *pronote.Token) { t.Space = "professeur" },
		func(t *pronote.Token) { t.Address = "" },
		func(t *pronote.Token) { t.Secret = secret.Stored{} },
		func(t *pronote.Token) { t.Device = secret.Stored{} },
	} {
		token := k.token()
		change(&token)
		if _, err := s.client.LoginToken(t.Context(), token, k.keep); err == nil || errors.Is(err, pronote.ErrTokenRefused) {
			t.Errorf("error is %v", err)
		}
	}
	s.expectRequests()
}
