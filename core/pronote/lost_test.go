package pronote_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"cartable/core/pronote"
	sim "cartable/sim/pronote"
)

func TestExpiredSession(t *testing.T) {
	forFew(t, func(t *testing.T, s *rig) {
		session := s.login(pronote.SpacePupil)
		pupil := session.Profile().Pupils[0].Key
		s.ExpireSessions()
		s.forget()
		for range 2 { // the second call must not even ask
			if _, err := session.Week(t.Context(), pupil, today); !errors.Is(err, pronote.ErrSessionExpired) {
				t.Errorf("error is %v", err)
			}
		}
		s.expectRequests("PageEmploiDuTemps")

		again, err := s.client.Resume(session.State())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Week(t.Context(), pupil, today); !errors.Is(err, pronote.ErrSessionExpired) {
			t.Errorf("error after a restart is %v", err)
		}
	})
}

// Using a State twice breaks the count of requests, which the server tells as an expired page.
func TestOldStateIsAnExpiredSession(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	old, pupil := session.State(), session.Profile().Pupils[0].Key
	if _, err := session.Week(t.Context(), pupil, today); err != nil {
		t.Fatal(err)
	}
	again, err := s.client.Resume(old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Week(t.Context(), pupil, today); !errors.Is(err, pronote.ErrSessionExpired) {
		t.Errorf("error is %v", err)
	}
	s.Reset() // the breach was on purpose
}

func TestLostAnswerIsAskedForOnce(t *testing.T) {
	forFew(t, func(t *testing.T, s *rig) {
		session := s.login(pronote.SpacePupil)
		pupil := session.Profile().Pupils[0].Key
		s.forget()
		s.DropAnswer("DernieresNotes")
		grades, err := session.Grades(t.Context(), pupil, "")
		if err != nil {
			t.Fatal(err)
		}
		s.compareGrades(grades, s.Truth().Children[0], s.Truth().Children[0].Current())
		if all := s.Requests(); len(all) != 2 || all[0].Repeated || !all[1].Repeated {
			t.Errorf("requests were %+v", all)
		}
		if _, err := session.Week(t.Context(), pupil, today); err != nil { // the count still fits
			t.Error(err)
		}
	})
}

// What belongs to a login is never repeated: servers count attempts.
func TestLostAnswersOfALoginAreNotAskedForAgain(t *testing.T) {
	for i, function := range loginRequests {
		t.Run(function, func(t *testing.T) {
			s := openSchool(t, sim.Config{})
			s.DropAnswer(function)
			_, err := s.client.Login(t.Context(), s.credentials(pronote.SpacePupil))
			if lost, ok := errors.AsType[*pronote.NetworkError](err); !ok || !lost.Sent || !errors.Is(err, pronote.ErrNetwork) {
				t.Errorf("error is %v", err)
			}
			s.expectRequests(append([]string{"eleve.html"}, loginRequests[:i+1]...)...)
		})
	}
}

// One State may be resumed several times, and beside the session that it is of.
func TestResumingSharesNothing(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpaceParent)
	state, done := session.State(), make(chan error)
	for range 4 {
		go func() {
			again, err := s.client.Resume(state)
			if err == nil && len(again.Profile().Pupils) != len(session.Profile().Pupils) {
				err = errors.New("pupils are missing")
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// flaky cuts the connection instead of answering while it is on.
type flaky struct {
	http.Handler
	on    atomic.Bool
	calls atomic.Int32
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.on.Load() {
		f.calls.Add(1)
		panic(http.ErrAbortHandler)
	}
	f.Handler.ServeHTTP(w, r)
}

func TestSessionEndsWhenTheAnswerStaysLost(t *testing.T) {
	s := openSchool(t, sim.Config{})
	f := &flaky{Handler: s.Server}
	web := httptest.NewServer(f)
	defer web.Close()
	c := s.credentials(pronote.SpacePupil)
	c.Address = pronote.Address(web.URL + "/pronote")
	session, err := s.client.Login(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	pupil := session.Profile().Pupils[0].Key
	f.on.Store(true)
	if _, err := session.Week(t.Context(), pupil, today); !errors.Is(err, pronote.ErrNetwork) || f.calls.Load() != 2 {
		t.Errorf("after %d calls: %v", f.calls.Load(), err)
	}
	f.on.Store(false)
	if _, err := session.Week(t.Context(), pupil, today); !errors.Is(err, pronote.ErrSessionExpired) {
		t.Errorf("afterwards: %v", err)
	}
}

// A server that cannot be reached has seen nothing, so that the session goes on when it is back.
func TestSessionSurvivesAnUnreachableServer(t *testing.T) {
	s := openSchool(t, sim.Config{})
	web := httptest.NewServer(s.Server)
	hc := pronote.NewHTTPClient(true)
	c := s.credentials(pronote.SpacePupil)
	c.Address = pronote.Address(web.URL + "/pronote")
	session, err := pronote.New(pronote.Config{HTTPClient: hc, Now: clock}).Login(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(session.State())
	web.Close()
	hc.CloseIdleConnections() // on an open connection, one could not know what the server has seen
	_, err = session.Week(t.Context(), session.Profile().Pupils[0].Key, today)
	if lost, ok := errors.AsType[*pronote.NetworkError](err); !ok || lost.Sent {
		t.Errorf("error is %v", err)
	}
	if after, _ := json.Marshal(session.State()); string(after) != string(before) {
		t.Error("the session has changed")
	}
}
