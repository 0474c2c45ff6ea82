package family

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/pronote"
	"cartable/core/school"
	sim "cartable/sim/pronote"
)

// keeps tells whether anything of this room holds a text, whatever the record.
func (r *rig) keeps(text string) bool {
	for _, records := range r.records() {
		if strings.Contains(records, text) {
			return true
		}
	}
	return false
}

func TestTradeForgetsThePassword(t *testing.T) {
	for _, version := range []string{"2024.3.11", "2026.2.5"} {
		t.Run(version, func(t *testing.T) {
			s := newSimulated(t, sim.Config{Version: version})
			lea, password := s.link("pronote", s.password(0)), s.school.Accounts()[0].Password
			s.week(lea)
			if status, _ := s.Status(lea.Account); !status.Password || !s.keeps(password) {
				t.Fatal("no password is kept")
			}
			s.clock.Advance(time.Minute)
			got := s.requests(func() {
				if err := s.Trade(t.Context(), lea.Account); err != nil {
					t.Fatal(err)
				}
			})
			if len(got) != 6 || got[0] != "JetonAppliMobile" || got[1] != "mobile.parent.html" {
				t.Errorf("requests were %v", got)
			}
			status, _ := s.Status(lea.Account)
			if rec := s.stored(lea.Account); !rec.LoggedIn.Equal(s.clock.Now()) || status.Password || rec.Previous != nil || s.keeps(password) || s.keeps("qr_code") {
				t.Errorf("status %+v, record %+v, password kept: %t", status, rec, s.keeps(password))
			}
			if got := s.requests(func() {
				if err := s.Trade(t.Context(), lea.Account); err != nil {
					t.Error(err)
				}
			}); len(got) > 0 {
				t.Errorf("the second time: %v", got)
			}
			for range 3 { // the token follows on
				s.clock.Advance(sessionIdle + 1)
				s.restart()
				if week := s.week(lea); week.Stale != nil {
					t.Error(week.Stale)
				}
			}
			again, err := s.Link(t.Context(), "marc", "pronote", s.password(0), []string{lea.Account}, nil)
			if err != nil || !again.Known { // the token is of the same account
				t.Errorf("%+v, %v", again, err)
			}
		})
	}
}

func TestATradeThatFailsLeavesThePassword(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	lea := s.link("pronote", s.password(0))
	before := s.stored(lea.Account)
	s.school.Omit("JetonAppliMobile", "jeton")
	if err := s.Trade(t.Context(), lea.Account); !errors.Is(err, pronote.ErrNoToken) {
		t.Errorf("error is %v", err)
	}
	s.school.Omit("JetonAppliMobile", "")
	s.school.Omit("Authentification", "jetonConnexionAppliMobile")
	if err := s.Trade(t.Context(), lea.Account); !errors.Is(err, pronote.ErrNoToken) {
		t.Errorf("error is %v", err)
	}
	s.school.Omit("Authentification", "")
	s.school.DropAnswer("ParametresUtilisateur") // after the token was kept
	if err := s.Trade(t.Context(), lea.Account); !errors.Is(err, school.ErrNoAnswer) {
		t.Errorf("error is %v", err)
	}
	rec := s.stored(lea.Account)
	if rec.logins() != before.logins() || rec.Previous != nil || rec.Stopped != "" {
		t.Errorf("record is %+v", rec)
	}
	if status, _ := s.Status(lea.Account); !status.Password {
		t.Errorf("status is %+v", status)
	}
	s.clock.Advance(sessionIdle + 1)
	s.restart()
	s.week(lea)
	if err := s.Trade(t.Context(), lea.Account); err != nil {
		t.Error(err)
	}
}

// The refusal of a token that is to replace a password stops nothing, and no half of it stays.
func TestARefusedTrade(t *testing.T) {
	for _, refusal := range []error{school.ErrTokenRefused, school.ErrSecondFactor, school.ErrExpired, school.ErrNoAnswer} {
		for _, late := range []bool{false, true} {
			k := newFake("Léa")
			r := newRig(t, tuesday, k)
			lea := r.link("fake", secretLogin("password marc"))
			k.tokens = make(map[string]bool)
			hook := func(l string) error {
				if strings.HasPrefix(l, "token") {
					return refusal
				}
				return nil
			}
			if late {
				k.opened = hook
			} else {
				k.opening = hook
			}
			if err := r.Trade(t.Context(), lea.Account); !errors.Is(err, refusal) {
				t.Errorf("%v: %v", refusal, err)
			}
			if rec := r.stored(lea.Account); rec.logins() != "password marc" || rec.Stopped != "" || rec.State.Empty() || rec.Login.Given {
				t.Errorf("%v: record is %+v", refusal, rec)
			}
			r.week(lea)
		}
	}
}

// A program that stops in the middle of a trade has the token and, until it has worked, the password.
func TestATradeThatIsInterrupted(t *testing.T) {
	for _, spent := range []bool{false, true} { // whether the school takes the token
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc hunter2"))
		k.tokens = make(map[string]bool)
		k.opened = func(string) error {
			rec := r.stored(lea.Account)
			if rec.logins() != "token marc 2, before password marc hunter2" || !rec.keepsPassword() {
				t.Errorf("record is %+v", rec)
			}
			r.faults.FailCommit(1) // nothing more is written
			return errors.New("the machine stops here")
		}
		if err := r.Trade(t.Context(), lea.Account); err == nil {
			t.Error("no error")
		}
		k.opened = nil
		r.restart()
		if s, _ := r.Status(lea.Account); !s.Password {
			t.Error("a password is kept and not told of")
		}
		if spent {
			clear(k.tokens)
		}
		r.clock.Advance(sessionIdle + 1)
		r.week(lea)
		if rec := r.stored(lea.Account); rec.keepsPassword() != spent || r.keeps("hunter2") != spent {
			t.Errorf("spent %t: record is %+v", spent, rec)
		}
		if err := r.Trade(t.Context(), lea.Account); err != nil || r.keeps("hunter2") {
			t.Errorf("spent %t: traded at last: %v", spent, err)
		}
	}
}

// While a trade is interrupted and the session lives on, another one ends it.
func TestAnInterruptedTradeIsTradedAgain(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc hunter2"))
	k.tokens = map[string]bool{"token marc 9": true}
	r.edit(lea.Account, func(rec *record) {
		password := rec.Login
		rec.Login, rec.Previous = login{secretLogin("token marc 9"), true}, &password
	})
	if err := r.Trade(t.Context(), lea.Account); err != nil {
		t.Fatal(err)
	}
	if rec := r.stored(lea.Account); rec.keepsPassword() || rec.Previous != nil || r.keeps("hunter2") {
		t.Errorf("record is %+v", rec)
	}
}

func TestTradeOfAnAccountThatRests(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	k.take()
	r.edit(lea.Account, func(rec *record) { rec.Stopped = StoppedWrongPassword })
	if _, ok := errors.AsType[*StoppedError](r.Trade(t.Context(), lea.Account)); !ok {
		t.Error("a stopped account was traded")
	}
	r.edit(lea.Account, func(rec *record) { rec.Stopped = "" })
	r.pause(hostPause("school.example"), pause{Until: tuesday.Add(time.Minute)})
	if _, ok := errors.AsType[*PausedError](r.Trade(t.Context(), lea.Account)); !ok {
		t.Error("a paused school was asked")
	}
	if calls := k.take(); len(calls) > 0 {
		t.Errorf("calls were %v", calls)
	}
	if err := r.Trade(t.Context(), "other"); !errors.Is(err, ErrGone) {
		t.Errorf("error is %v", err)
	}
}

func TestLogout(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	lea := s.link("pronote", s.password(0))
	if got := s.requests(func() { s.Logout(t.Context(), lea.Account) }); !slices.Equal(got, []string{"SaisieDeconnexion"}) {
		t.Errorf("requests were %v", got)
	}
	if rec := s.stored(lea.Account); !rec.State.Empty() {
		t.Error("the session is still kept")
	}
	if got := s.requests(func() { s.Logout(t.Context(), lea.Account); s.Logout(t.Context(), "other") }); len(got) > 0 {
		t.Errorf("nothing to log out of: %v", got)
	}
	if got := s.requests(func() { s.week(lea) }); len(got) != 6 {
		t.Errorf("afterwards: %v", got)
	}
	s.clock.Advance(sessionIdle + 1)
	if got := s.requests(func() { s.Logout(t.Context(), lea.Account) }); len(got) > 0 {
		t.Errorf("an idle session: %v", got)
	}
}

// Nobody waits long for a school that does not answer, or for a request in flight.
func TestLogoutIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		id := r.link("fake", secretLogin("password marc")).Account
		k.take()
		k.asking = func(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }
		began := time.Now()
		r.Logout(t.Context(), id)
		if took := time.Since(began); took != closeTimeout || !slices.Equal(k.take(), []string{"close"}) {
			t.Errorf("it took %v", took)
		}
		release, err := alone(r.Family, t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		began = time.Now()
		r.Logout(t.Context(), id)
		if took := time.Since(began); took != closeTimeout || len(k.take()) > 0 {
			t.Errorf("it took %v", took)
		}
	})
}
