package pronote_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"cartable/core/pronote"
	"cartable/core/school"
	"cartable/core/secret"
	sim "cartable/sim/pronote"
)

func (s *rig) provider() pronote.Provider { return pronote.NewProvider(s.client) }

// login makes one out of its stored text.
func loginOf(text string) school.Login { return school.Login{Stored: secret.Store(secret.New(text))} }

// keptLogins stores logins the way a vault does.
type keptLogins []string

func (k *keptLogins) keep(_ context.Context, next school.Login) error {
	*k = append(*k, next.Reveal())
	return nil
}

func (k keptLogins) last() school.Login { return loginOf(k[len(k)-1]) }

func TestTheThreeLogins(t *testing.T) {
	forSome(t, withApp, func(t *testing.T, s *rig) {
		p, ctx := s.provider(), t.Context()
		var kept keptLogins
		session, err := p.Open(ctx, loginOf(pronote.PasswordLogin(s.credentials(pronote.SpaceParent)).Reveal()), kept.keep)
		if err != nil {
			t.Fatal(err)
		}
		if len(session.Profile().Pupils) != 2 || len(kept) != 0 {
			t.Errorf("%d pupils, %d logins kept", len(session.Profile().Pupils), len(kept))
		}
		s.expectRequests(wholeLogin("parent.html")...)

		code, err := session.Token(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s.expectRequests("JetonAppliMobile")
		if _, err = p.Open(ctx, loginOf(code.Reveal()), kept.keep); err != nil || len(kept) != 1 {
			t.Fatalf("%d logins kept, %v", len(kept), err)
		}
		s.expectRequests(wholeLogin("mobile.parent.html")...)
		if session, err = p.Open(ctx, kept.last(), kept.keep); err != nil || len(kept) != 2 {
			t.Fatalf("%d logins kept, %v", len(kept), err)
		}
		s.expectRequests(wholeLogin("mobile.parent.html")...)
		if _, err := p.Open(ctx, loginOf(kept[0]), kept.keep); !errors.Is(err, school.ErrTokenRefused) || len(kept) != 2 {
			t.Errorf("a used token: %v", err)
		}
		s.forget()

		session, err = p.Resume(school.State{Stored: secret.Store(secret.New(session.State().Reveal()))})
		if err != nil {
			t.Fatal(err)
		}
		s.comparePupil(session.(*pronote.Session), session.Profile().Pupils[1], s.Truth().Children[1])
		if err := session.Close(ctx); err != nil {
			t.Error(err)
		}
		if _, err := session.Week(ctx, session.Profile().Pupils[0].Key, today); !errors.Is(err, school.ErrExpired) {
			t.Errorf("after Close: %v", err)
		}
		s.expectRequests("SaisieDeconnexion")
		if _, err := p.Open(ctx, kept.last(), kept.keep); err != nil {
			t.Errorf("a token after Close: %v", err)
		}
	})
}

// A token that cannot be kept is not used: the error of keep comes through.
func TestALoginThatIsNotKept(t *testing.T) {
	s := openSchool(t, sim.Config{})
	full := errors.New("disk full")
	code := pronote.QRLogin(s.qrCode(pronote.SpacePupil), pin)
	_, err := s.provider().Open(t.Context(), code, func(context.Context, school.Login) error { return full })
	if !errors.Is(err, full) || !errors.Is(err, pronote.ErrTokenNotKept) {
		t.Errorf("error is %v", err)
	}
}

// A new PIN for each code, of four digits.
func TestTokensHaveTheirOwnPIN(t *testing.T) {
	s := openSchool(t, sim.Config{})
	s.client = pronote.New(pronote.Config{AllowPrivate: true, Now: clock, Rand: strings.NewReader(strings.Repeat("0123456789abcdef", 99))})
	session := s.login(pronote.SpacePupil)
	var pins []string
	for range 3 {
		code, err := session.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var stored struct {
			Code struct{ PIN string } `json:"qr_code"`
		}
		if err := json.Unmarshal([]byte(code.Reveal()), &stored); err != nil {
			t.Fatal(err)
		}
		if pin, err := pronote.ParsePIN(stored.Code.PIN); err != nil || pin.Reveal() != stored.Code.PIN {
			t.Errorf("PIN %q, %v", stored.Code.PIN, err)
		}
		pins = append(pins, stored.Code.PIN)
	}
	if pins[0] == pins[1] {
		t.Errorf("PINs are %q", pins)
	}
}

func TestWhomALoginTroubles(t *testing.T) {
	s := openSchool(t, sim.Config{})
	p, c := s.provider(), s.credentials(pronote.SpacePupil)
	code := s.qrCode(pronote.SpacePupil)
	token := pronote.Token{Address: c.Address, Space: c.Space, Username: secret.Store(secret.New("Lea.Roussel"))}
	typed := c
	typed.Username = " " + strings.ToUpper(c.Username)
	for name, l := range map[string]school.Login{
		"password": pronote.PasswordLogin(c), "typed otherwise": pronote.PasswordLogin(typed),
		"QR code": pronote.QRLogin(code, pin), "token": pronote.TokenLogin(token),
	} {
		if host, account := p.Host(l); host != string(s.address) || account != "eleve/lea.roussel" {
			t.Errorf("%s: %q at %q", name, account, host)
		}
	}
	if host, account := p.Host(pronote.QRLogin(code, secret.New("9999"))); host != string(s.address) || account != "" {
		t.Errorf("a QR code with another PIN: %q at %q", account, host)
	}
	parent := c
	parent.Space = pronote.SpaceParent
	if _, account := p.Host(pronote.PasswordLogin(parent)); account == "eleve/lea.roussel" {
		t.Error("two spaces are one account")
	}
	s.expectRequests()
}

func TestLoginsOfNoUse(t *testing.T) {
	s := openSchool(t, sim.Config{})
	p := s.provider()
	good := pronote.PasswordLogin(s.credentials(pronote.SpacePupil)).Reveal()
	state := s.login(pronote.SpacePupil).State().Reveal()
	s.forget()
	for name, text := range map[string]string{
		"empty": "", "not JSON": "hunter2", "state": state,
		"newer": strings.Replace(good, `"version":1`, `"version":2`, 1), "kind": strings.Replace(good, `"kind":"password"`, `"kind":"card"`, 1),
		"without its part": strings.Replace(good, `"kind":"password"`, `"kind":"token"`, 1),
	} {
		_, err := p.Open(t.Context(), loginOf(text), nil)
		if !errors.Is(err, pronote.ErrBadLogin) || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", name, err)
		}
		if host, account := p.Host(loginOf(text)); host != "" || account != "" {
			t.Errorf("%s: %q at %q", name, account, host)
		}
	}
	if _, err := p.Resume(school.State{Stored: pronote.PasswordLogin(s.credentials(pronote.SpacePupil)).Stored}); !errors.Is(err, pronote.ErrBadState) {
		t.Errorf("a login for a state: %v", err)
	}
	s.expectRequests()
}

// What an older version stored of a session knows only the tabs of then: one that is new is asked for.
func TestTabsThatAnOlderVersionDidNotKnow(t *testing.T) {
	s := openSchool(t, sim.Config{})
	stored := s.login(pronote.SpacePupil).State().Reveal()
	if !strings.Contains(stored, `"all_tabs":true`) {
		t.Fatal("the state does not say that it names all tabs")
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(stored), &record); err != nil {
		t.Fatal(err)
	}
	family := record["family"].(map[string]any)
	delete(family, "all_tabs")
	family["tabs"] = slices.DeleteFunc(family["tabs"].([]any), func(t any) bool { return t != 16.0 })
	old, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	s.forget()
	session, err := s.client.Resume(school.State{Stored: secret.Store(secret.New(string(old)))})
	if err != nil {
		t.Fatal(err)
	}
	pupil := session.Profile().Pupils[0].Key
	if _, err := session.Grades(t.Context(), pupil, ""); err != nil {
		t.Error(err)
	}
	s.expectRequests("DernieresNotes")
	again, err := s.client.Resume(session.State()) // it does not become complete by being stored again
	if err != nil {
		t.Fatal(err)
	}
	s.HideTab(198, true)
	if _, err := again.Grades(t.Context(), pupil, ""); !errors.Is(err, pronote.ErrDenied) {
		t.Errorf("a page that is not published: %v", err)
	}
}
