package pronote_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"testing"

	"cartable/core/pronote"
	"cartable/core/school"
	"cartable/core/secret"
	sim "cartable/sim/pronote"
)

var pin = secret.New("1234")

// qrCode is a fresh one of the first account in a space, locked by pin.
func (s *rig) qrCode(space pronote.Space) pronote.QRCode {
	s.t.Helper()
	text, err := s.login(space).NewQRCode(s.t.Context(), pin)
	if err != nil {
		s.t.Fatal(err)
	}
	q, err := pronote.ParseQRCode(text.Reveal(), true)
	if err != nil {
		s.t.Fatal(err)
	}
	if q.Address != s.address || q.Space != space {
		s.t.Errorf("the code is of %s, %s", q.Address, q.Space)
	}
	s.forget()
	return q
}

// keeper stores tokens the way a vault does.
type keeper struct {
	s      *rig
	stored [][]byte
	before []string // functions asked for when keep was called last
	err    error
}

func (k *keeper) keep(_ context.Context, t pronote.Token) error {
	b, err := json.Marshal(t)
	k.stored, k.before = append(k.stored, b), k.s.functions()
	return errors.Join(err, k.err)
}

// token is the last one, as after a restart.
func (k *keeper) token() pronote.Token { return k.nth(len(k.stored) - 1) }

func (k *keeper) nth(n int) pronote.Token {
	k.s.t.Helper()
	var t pronote.Token
	if err := json.Unmarshal(k.stored[n], &t); err != nil {
		k.s.t.Fatal(err)
	}
	return t
}

// linked is a school with an account that is linked by a QR code.
func (s *rig) linked(space pronote.Space) (*pronote.Session, *keeper) {
	s.t.Helper()
	q, k := s.qrCode(space), &keeper{s: s}
	session, err := s.client.LoginQRCode(s.t.Context(), q, pin, k.keep)
	if err != nil {
		s.t.Fatal(err)
	}
	return session, k
}

// uptoToken is what a login has asked for when its new token comes.
func uptoToken(page string) []string { return append([]string{page}, loginRequests[:3]...) }

func wholeLogin(page string) []string { return append([]string{page}, loginRequests...) }

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestQRCodeThenTokens(t *testing.T) {
	forSome(t, withApp, func(t *testing.T, s *rig) {
		session, k := s.linked(pronote.SpacePupil)
		if want := uptoToken("mobile.eleve.html"); !slices.Equal(k.before, want) {
			t.Errorf("the token was kept after %q, want %q", k.before, want)
		}
		s.expectRequests(wholeLogin("mobile.eleve.html")...)
		s.comparePupil(session, session.Profile().Pupils[0], s.Truth().Children[0])

		first := k.token()
		if first.Address != s.address || first.Space != pronote.SpacePupil || first.Navigator.Empty() ||
			first.Username.Reveal() != "Lea.Roussel" || !uuidPattern.MatchString(first.Device.Reveal()) {
			t.Errorf("token is of %s, %s, %s, device %s", first.Address, first.Space, first.Username.Reveal(), first.Device.Reveal())
		}
		for i := range 4 { // each round is a restart of the program
			used := k.token()
			session, err := s.client.LoginToken(t.Context(), used, k.keep)
			if err != nil {
				t.Fatalf("login %d: %v", i, err)
			}
			if want := uptoToken("mobile.eleve.html"); !slices.Equal(k.before, want) {
				t.Errorf("the token was kept after %q, want %q", k.before, want)
			}
			s.expectRequests(wholeLogin("mobile.eleve.html")...)
			next := k.token()
			if next.Secret.Reveal() == used.Secret.Reveal() || next.Device.Reveal() != used.Device.Reveal() ||
				next.Username.Reveal() != used.Username.Reveal() || next.Navigator.Reveal() != used.Navigator.Reveal() {
				t.Errorf("login %d: the next token differs in what it should not, or not in what it should", i)
			}
			s.comparePupil(session, session.Profile().Pupils[0], s.Truth().Children[0])
		}
	})
}

func TestParentByQRCode(t *testing.T) {
	forSome(t, withApp, func(t *testing.T, s *rig) {
		_, k := s.linked(pronote.SpaceParent)
		s.forget()
		session, err := s.client.LoginToken(t.Context(), k.token(), k.keep)
		if err != nil {
			t.Fatal(err)
		}
		s.expectRequests(wholeLogin("mobile.parent.html")...)
		profile, truth := session.Profile(), s.Truth()
		if len(profile.Pupils) != 2 || profile.Name != "Mme ROUSSEL Claire" {
			t.Fatalf("profile is %+v", profile)
		}
		for i, pupil := range profile.Pupils {
			s.comparePupil(session, pupil, truth.Children[i])
		}
	})
}

func TestUsedQRCode(t *testing.T) {
	forSome(t, withApp, func(t *testing.T, s *rig) {
		q, k := s.qrCode(pronote.SpacePupil), &keeper{s: s}
		if _, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep); err != nil {
			t.Fatal(err)
		}
		s.forget()
		_, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep)
		if !errors.Is(err, pronote.ErrTokenRefused) || errors.Is(err, pronote.ErrWrongPassword) || len(k.stored) != 1 {
			t.Errorf("%d tokens, error is %v", len(k.stored), err)
		}
		s.expectRequests(uptoToken("mobile.eleve.html")...)
	})
}

// A QR code is the way into schools whose passwords only a portal knows.
func TestAppsPassThePortal(t *testing.T) {
	s := openSchool(t, sim.Config{})
	q, k := s.qrCode(pronote.SpacePupil), &keeper{s: s}
	s.RequireENT("https://ent.example/login")
	if _, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
		t.Error(err)
	}
}

func TestWrongPINSendsNothing(t *testing.T) {
	s := openSchool(t, sim.Config{})
	q, k := s.qrCode(pronote.SpacePupil), &keeper{s: s}
	if _, err := s.client.LoginQRCode(t.Context(), q, secret.New("4321"), k.keep); !errors.Is(err, pronote.ErrWrongPIN) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests()
	if _, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep); err != nil {
		t.Errorf("the right PIN afterwards: %v", err)
	}
}

func TestUsedTokenIsRefused(t *testing.T) {
	forSome(t, withApp, func(t *testing.T, s *rig) { // both forms of challenge
		_, k := s.linked(pronote.SpacePupil)
		if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
			t.Fatal(err)
		}
		s.forget()
		_, err := s.client.LoginToken(t.Context(), k.nth(0), k.keep)
		if !errors.Is(err, pronote.ErrTokenRefused) || errors.Is(err, pronote.ErrWrongPassword) || len(k.stored) != 2 {
			t.Errorf("%d tokens, error is %v", len(k.stored), err)
		}
		s.expectRequests(uptoToken("mobile.eleve.html")...)
		if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
			t.Errorf("the last token: %v", err)
		}
	})
}

func TestTokenOfAnotherDeviceIsRefused(t *testing.T) {
	s := openSchool(t, sim.Config{})
	_, k := s.linked(pronote.SpacePupil)
	stolen := k.token()
	stolen.Device = secret.Store(secret.New("another"))
	if _, err := s.client.LoginToken(t.Context(), stolen, k.keep); !errors.Is(err, pronote.ErrTokenRefused) {
		t.Errorf("error is %v", err)
	}
}

// A token that cannot be stored must not be relied on: the login ends there.
func TestTokenThatIsNotKept(t *testing.T) {
	s := openSchool(t, sim.Config{})
	q, k := s.qrCode(pronote.SpacePupil), &keeper{s: s, err: errors.New("disk full")}
	_, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep)
	if !errors.Is(err, pronote.ErrTokenNotKept) || !errors.Is(err, k.err) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests(uptoToken("mobile.eleve.html")...)
	if _, err = s.client.LoginToken(t.Context(), k.token(), k.keep); !errors.Is(err, pronote.ErrTokenNotKept) {
		t.Errorf("the next time: %v", err)
	}
	s.expectRequests(uptoToken("mobile.eleve.html")...)
}

// Nothing is repeated, and it shows what a lost answer means for the token before.
func TestLostAnswersOfATokenLogin(t *testing.T) {
	for i, function := range loginRequests {
		t.Run(function, func(t *testing.T) {
			s := openSchool(t, sim.Config{})
			_, k := s.linked(pronote.SpacePupil)
			before := k.token()
			s.forget()
			s.DropAnswer(function)
			_, err := s.client.LoginToken(t.Context(), before, k.keep)
			if lost, ok := errors.AsType[*pronote.NetworkError](err); !ok || !lost.Sent || lost.Op != function {
				t.Errorf("error is %v", err)
			}
			if spent := errors.Is(err, pronote.ErrAnswerLost); spent != (function == "Authentification") {
				t.Errorf("the token may be spent: %t, for %s", spent, function)
			}
			s.expectRequests(wholeLogin("mobile.eleve.html")[:i+2]...)

			_, err = s.client.LoginToken(t.Context(), before, k.keep)
			if spent := errors.Is(err, pronote.ErrTokenRefused); spent != (i >= 2) {
				t.Errorf("the token before: %v", err)
			}
			if i == 3 { // the new one was kept before its session was used
				if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
					t.Errorf("the new token: %v", err)
				}
			}
		})
	}
}

func TestAnswersWithoutToken(t *testing.T) {
	s := openSchool(t, sim.Config{})
	_, k := s.linked(pronote.SpacePupil)
	q := s.qrCode(pronote.SpacePupil)
	s.Omit("Authentification", "jetonConnexionAppliMobile")
	if _, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep); !errors.Is(err, pronote.ErrNoToken) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests(uptoToken("mobile.eleve.html")...)
	if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil || len(k.stored) != 1 {
		t.Errorf("%d tokens, error is %v", len(k.stored), err)
	}
	s.expectRequests(wholeLogin("mobile.eleve.html")...)

	session := s.login(pronote.SpacePupil)
	s.Omit("JetonAppliMobile", "jeton")
	if _, err := session.NewQRCode(t.Context(), pin); !errors.Is(err, pronote.ErrNoToken) {
		t.Errorf("a code without token: %v", err)
	}
}

// The school of the simulator knows a device once it has given it a token.
func TestSecondFactorOfANewDevice(t *testing.T) {
	forSome(t, withApp, func(t *testing.T, s *rig) {
		q, k := s.qrCode(pronote.SpaceParent), &keeper{s: s}
		s.SecondFactor("4321")
		session, err := s.client.LoginQRCode(t.Context(), q, pin, k.keep)
		if err != nil {
			t.Fatal(err)
		}
		s.expectRequests(append(uptoToken("mobile.parent.html"), wholeLogin("mobile.parent.html")...)...)
		if len(k.stored) != 2 || len(session.Profile().Pupils) != 2 {
			t.Errorf("%d tokens, %d pupils", len(k.stored), len(session.Profile().Pupils))
		}
		if _, err := s.client.LoginToken(t.Context(), k.token(), k.keep); err != nil {
			t.Errorf("the next login: %v", err)
		}
	})
}

func TestStoredSessionOfAnApp(t *testing.T) {
	forSome(t, withApp, func(t *testing.T, s *rig) {
		session, _ := s.linked(pronote.SpaceParent)
		s.forget()
		for range 2 {
			stored, err := json.Marshal(session.State())
			if err != nil {
				t.Fatal(err)
			}
			var state school.State
			if err := json.Unmarshal(stored, &state); err != nil {
				t.Fatal(err)
			}
			if session, err = s.client.Resume(state); err != nil {
				t.Fatal(err)
			}
			pupil := session.Profile().Pupils[1]
			week, err := session.Week(t.Context(), pupil.Key, today)
			if err != nil {
				t.Fatal(err)
			}
			s.compareWeek(week, s.Truth().Children[1])
			s.expectRequests("PageEmploiDuTemps")
		}
	})
}
