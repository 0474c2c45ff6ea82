package izly_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
	sim "cartable/sim/izly"
)

func TestExpiredSessionIsRenewed(t *testing.T) {
	for name, expire := range map[string]func(*sim.Server){
		"expired": (*sim.Server).ExpireSessions, "token revoked": (*sim.Server).RevokeTokens,
	} {
		server, w, _ := enrolled(t, sim.Config{}, izly.Config{})
		expire(server)
		if _, err := w.Balance(t.Context()); !errors.Is(err, izly.ErrSessionExpired) || count(server, "MoneyInCbCbList") != 1 {
			t.Errorf("%s: %v after %d calls", name, err, count(server, "MoneyInCbCbList"))
		}
		if err := w.Renew(t.Context(), code); err != nil {
			t.Errorf("%s: renew: %v", name, err)
		}
		if _, err := w.Balance(t.Context()); err != nil {
			t.Errorf("%s: after the renewal: %v", name, err)
		}
	}
}

// A renewal is tried once, and its one-time password counts as used whatever the server says.
func TestRenewalRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		code   secret.Text
		before func(*sim.Server)
		want   error
	}{
		{"wrong code", secret.New("999999"), func(*sim.Server) {}, izly.ErrWrongCode},
		{"blocked", code, func(s *sim.Server) { s.Block(phone) }, izly.ErrBlocked},
		{"enrolled elsewhere", code, func(s *sim.Server) { s.FailNext("Logon", 571, 1, "") }, izly.ErrMustEnrol},
		{"bad password", code, func(s *sim.Server) { s.FailNext("Logon", 512, 2, "") }, izly.ErrMustEnrol},
		{"reset", code, func(s *sim.Server) { s.FailNext("Logon", 9000, 0, "") }, izly.ErrMustEnrol},
		{"too old", code, func(s *sim.Server) { s.FailNext("Logon", 324, 0, "") }, izly.ErrTooOld},
		{"under opposition", code, func(s *sim.Server) { s.FailNext("Logon", 500, 0, "") }, izly.ErrBlocked},
		{"new SMS", code, func(s *sim.Server) { s.AskActivation(phone) }, izly.ErrActivationSent},
		{"answer lost", code, func(s *sim.Server) { s.DropAnswer("Logon", false) }, izly.ErrNetwork},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, w, s := enrolled(t, sim.Config{}, izly.Config{})
			tt.before(server)
			logons, old := count(server, "Logon"), s.account(t)
			if err := w.Renew(t.Context(), tt.code); !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
			if n := count(server, "Logon") - logons; n != 1 {
				t.Errorf("sent %d times", n)
			}
			now := s.account(t)
			if now.Counter != old.Counter+1 || now.SessionID.Reveal() != old.SessionID.Reveal() {
				t.Errorf("counter %d after %d", now.Counter, old.Counter)
			}
		})
	}
}

func TestCounterIsKeptBeforeTheRenewal(t *testing.T) {
	server, w, s := scripted(t, map[string][]string{"Logon": {testdata(t, "logon.xml")}}, izly.Config{})
	var before []int
	s.note = func(izly.Account) { before = append(before, len(server.seen())) }
	if err := w.Renew(t.Context(), code); err != nil || len(before) != 2 || before[0] != 0 {
		t.Fatalf("%v; requests before each write: %v", err, before)
	}
	if got := server.seen()[0].args["passOTP"]; got != "135790ZQ1puPa8MOEP0Ce96H9j_eaQMak=" {
		t.Errorf("passOTP is not that of counter 2")
	}
	if got := server.seen()[0].header.Get("Authorization"); got != "" {
		t.Errorf("a Logon carries no bearer")
	}
	a := s.account(t)
	if a.Counter != 3 || a.AccessToken.Reveal() != "at-8Kp" || a.NSSE.Reveal() != "0000123456789012" || a.MaxTopUp != 250_00 || a.Balance.Cash != 50 {
		t.Errorf("kept %+v", a)
	}

	s.fail = errors.New("disk full")
	if err := w.Renew(t.Context(), code); !errors.Is(err, s.fail) || len(server.seen()) != 1 {
		t.Errorf("keep failed: %v after %d requests", err, len(server.seen()))
	}
}

// A new SEED in the current world is the key from then on, from zero (izly-today §2.6).
func TestNewSeedOnRenewal(t *testing.T) {
	server := &script{answers: map[string][]string{"Logon": {testdata(t, "logon.xml")}}}
	s := &safe{}
	a := izly.Account{Phone: phone, World: izly.EnrolCurrent, Counter: 7, HOTPKey: secret.Store(secret.New("MTIzNDU2"))}
	w := serve(t, server, izly.Config{}).Open(a, s.keep)
	for _, counter := range []uint64{0, 1} { // the second time it is the key already
		if err := w.Renew(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		if got := s.account(t); got.Counter != counter || got.HOTPKey.Reveal() != "AAECAwQFBgcICQoLDA0ODxAREhM=" {
			t.Errorf("counter %d, want %d", got.Counter, counter)
		}
	}
}

// Calls on one wallet do not overlap, whatever the callers do: every one-time password is used once.
func TestCallsTakeTurns(t *testing.T) {
	server, w, s := enrolled(t, sim.Config{Window: -1}, izly.Config{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := w.Renew(t.Context(), code); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := w.Balance(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.account(t).Counter; got != 4 {
		t.Errorf("counter %d", got)
	}
	release := server.Hold("MoneyInCbCbList")
	busy := make(chan error)
	go func() { _, err := w.Cards(t.Context()); busy <- err }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Cards(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	release()
	if err := <-busy; err != nil {
		t.Error(err)
	}
}

func TestBalance(t *testing.T) {
	server, w, s := enrolled(t, sim.Config{}, izly.Config{})
	server.CommaDecimals(true)
	b, err := w.Balance(t.Context())
	if err != nil || int64(b.Main) != server.Balance(phone) || b.At.Location().String() != "Europe/Paris" {
		t.Errorf("with commas: %+v, %v", b, err)
	}
	if kept := s.account(t).Balance; kept == nil || kept.Main != b.Main || !kept.At.Equal(b.At) {
		t.Errorf("kept %+v", kept)
	}
	server.FailNext("MoneyInCbCbList", 302, 3, "Aucun compte") // the statement answers then
	if again, err := w.Balance(t.Context()); err != nil || again.Main != b.Main || count(server, "GetStatement") != 1 {
		t.Errorf("no cards: %+v, %v", again, err)
	}
	server.DropAnswer("MoneyInCbCbList", true)
	if _, err := w.Balance(t.Context()); !errors.Is(err, izly.ErrNetwork) || count(server, "GetStatement") != 1 {
		t.Errorf("no network: %v", err)
	}
	server.Omit("UP") // of SOAP answers: REST answers then
	if again, err := w.Balance(t.Context()); err != nil || again.Main != b.Main || count(server, "IsSessionValid") != 1 {
		t.Errorf("no UP: %+v, %v", again, err)
	}
}

// In the seed's world a server may tell no balance at all.
func TestBalanceLastHeard(t *testing.T) {
	answers := map[string][]string{
		"MoneyInCbCbList": {testdata(t, "cards.xml"), `<RCBL/>`},
		"GetStatement":    {`<RPL><TOTAL/></RPL>`},
	}
	_, w, _ := scripted(t, answers, izly.Config{})
	for range 2 {
		if b, err := w.Balance(t.Context()); err != nil || b.Main != 12_34 || b.At.Format("2006-01-02 15:04 MST") != "2026-01-14 12:41 CET" {
			t.Errorf("%+v, %v", b, err)
		}
	}
	_, w, _ = scripted(t, answers, izly.Config{})
	if _, err := w.Balance(t.Context()); !errors.Is(err, izly.ErrNoBalance) {
		t.Errorf("never heard: %v", err)
	}
}

// A balance without a date is as old as the answer; one that cannot be read is none.
func TestBalanceWithoutDate(t *testing.T) {
	noon := time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)
	answers := map[string][]string{
		"MoneyInCbCbList": {`<RCBL><UP><BAL>soon</BAL></UP></RCBL>`},
		"GetStatement":    {`<RPL><UP><BAL>-0,05</BAL><LUD/></UP></RPL>`},
	}
	_, w, _ := scripted(t, answers, izly.Config{Now: func() time.Time { return noon }})
	if b, err := w.Balance(t.Context()); err != nil || b.Main != -5 || !b.At.Equal(noon) {
		t.Errorf("%+v, %v", b, err)
	}
}

// silence is a server that takes requests and says nothing.
type silence struct{ requests int }

func (s *silence) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests++
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestCallsHaveADeadline(t *testing.T) {
	_, known, s := scripted(t, nil, izly.Config{}) // outside: a listener keeps the bubble's clock still
	synctest.Test(t, func(t *testing.T) {
		server := &silence{}
		c, err := izly.New(izly.Config{HTTPClient: &http.Client{Transport: server}, Location: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err = c.Open(known.Account(), s.keep).Renew(t.Context(), code)
		if took := time.Since(start); !isAll(err, izly.ErrNetwork, context.DeadlineExceeded) || took != 40*time.Second || server.requests != 1 {
			t.Errorf("%v after %v and %d requests", err, took, server.requests)
		}
	})
}
