package pronote_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"cartable/core/pronote"
	"cartable/core/secret"
	sim "cartable/sim/pronote"
)

func TestWrongPassword(t *testing.T) {
	for _, version := range []string{"2022.0.0", "2025.2.8", "2026.2.5"} { // both forms of challenge
		t.Run(version, func(t *testing.T) {
			s := openSchool(t, sim.Config{Version: version})
			wrong := s.credentials(pronote.SpacePupil)
			wrong.Password = secret.New("wrong")
			_, err := s.client.Login(t.Context(), wrong)
			if !errors.Is(err, pronote.ErrWrongPassword) {
				t.Errorf("error is %v", err)
			}
			s.expectRequests("eleve.html", "FonctionParametres", "Identification", "Authentification")

			wrong = s.credentials(pronote.SpacePupil)
			wrong.Username = "nobody"
			if _, err := s.client.Login(t.Context(), wrong); !errors.Is(err, pronote.ErrWrongPassword) {
				t.Errorf("unknown name: %v", err)
			}
		})
	}
}

// People and their phones add blanks.
func TestBlanksAroundNameAndPassword(t *testing.T) {
	s := openSchool(t, sim.Config{})
	c := s.credentials(pronote.SpaceParent)
	c.Username, c.Password = " "+c.Username+" ", secret.New(c.Password.Reveal()+" ")
	if _, err := s.client.Login(t.Context(), c); err != nil {
		t.Error(err)
	}
}

func TestParentInThePupilSpace(t *testing.T) {
	s := openSchool(t, sim.Config{})
	c := s.credentials(pronote.SpaceParent)
	c.Space = pronote.SpacePupil
	_, err := s.client.Login(t.Context(), c)
	if access, ok := errors.AsType[*pronote.AccessError](err); !ok || errors.Is(err, pronote.ErrWrongPassword) {
		t.Errorf("error is %v", err)
	} else if access.Code != pronote.AccessWrongSpace {
		t.Errorf("reason is %d", access.Code)
	}
}

var outages = []struct {
	name  string
	cause func(*sim.Server)
	want  error
}{
	{"suspended", func(s *sim.Server) { s.Suspend(true) }, pronote.ErrSuspended},
	{"closed", func(s *sim.Server) { s.Unavailable(sim.OutageClosed) }, pronote.ErrUnavailable},
	{"busy", func(s *sim.Server) { s.Unavailable(sim.OutageBusy) }, pronote.ErrBusy},
	{"maintenance", func(s *sim.Server) { s.Unavailable(sim.OutageMaintenance) }, pronote.ErrUnavailable},
	{"portal", func(s *sim.Server) { s.RequireENT("https://ent.example/login") }, pronote.ErrNeedsENT},
	{"too many", func(s *sim.Server) { s.RateLimit(true) }, pronote.ErrRateLimited},
	{"second factor", func(s *sim.Server) { s.SecondFactor("1234") }, pronote.ErrSecondFactor},
}

func TestLoginRefusals(t *testing.T) {
	for _, outage := range outages {
		t.Run(outage.name, func(t *testing.T) {
			s := openSchool(t, sim.Config{})
			outage.cause(s.Server)
			if _, err := s.client.Login(t.Context(), s.credentials(pronote.SpacePupil)); !errors.Is(err, outage.want) {
				t.Errorf("error is %v, want %v", err, outage.want)
			}
		})
	}
}

func TestOutageInASession(t *testing.T) {
	for _, outage := range outages[:4] {
		t.Run(outage.name, func(t *testing.T) {
			s := openSchool(t, sim.Config{})
			session := s.login(pronote.SpacePupil)
			outage.cause(s.Server)
			if _, err := session.Week(t.Context(), session.Account().Children[0].Key, today); !errors.Is(err, outage.want) {
				t.Errorf("error is %v, want %v", err, outage.want)
			}
		})
	}
}

func TestExpiredSession(t *testing.T) {
	forFew(t, func(t *testing.T, s *school) {
		session := s.login(pronote.SpacePupil)
		child := session.Account().Children[0].Key
		s.ExpireSessions()
		s.forget()
		for range 2 { // the second call must not even ask
			if _, err := session.Week(t.Context(), child, today); !errors.Is(err, pronote.ErrSessionExpired) {
				t.Errorf("error is %v", err)
			}
		}
		s.expectRequests("PageEmploiDuTemps")

		again, err := s.client.Resume(session.State())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Week(t.Context(), child, today); !errors.Is(err, pronote.ErrSessionExpired) {
			t.Errorf("error after a restart is %v", err)
		}
	})
}

// Using a State twice breaks the count of requests, which the server tells as an expired page.
func TestOldStateIsAnExpiredSession(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	old, child := session.State(), session.Account().Children[0].Key
	if _, err := session.Week(t.Context(), child, today); err != nil {
		t.Fatal(err)
	}
	again, err := s.client.Resume(old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Week(t.Context(), child, today); !errors.Is(err, pronote.ErrSessionExpired) {
		t.Errorf("error is %v", err)
	}
	s.Reset() // the breach was on purpose
}

func TestLostAnswerIsAskedForOnce(t *testing.T) {
	forFew(t, func(t *testing.T, s *school) {
		session := s.login(pronote.SpacePupil)
		child := session.Account().Children[0].Key
		s.forget()
		s.DropAnswer("DernieresNotes")
		grades, err := session.Grades(t.Context(), child, "")
		if err != nil {
			t.Fatal(err)
		}
		s.compareGrades(grades, s.Truth().Children[0], s.Truth().Children[0].Current())
		if all := s.Requests(); len(all) != 2 || all[0].Repeated || !all[1].Repeated {
			t.Errorf("requests were %+v", all)
		}
		if _, err := session.Week(t.Context(), child, today); err != nil { // the count still fits
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
	child := session.Account().Children[0].Key
	f.on.Store(true)
	if _, err := session.Week(t.Context(), child, today); !errors.Is(err, pronote.ErrNetwork) || f.calls.Load() != 2 {
		t.Errorf("after %d calls: %v", f.calls.Load(), err)
	}
	f.on.Store(false)
	if _, err := session.Week(t.Context(), child, today); !errors.Is(err, pronote.ErrSessionExpired) {
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
	_, err = session.Week(t.Context(), session.Account().Children[0].Key, today)
	if lost, ok := errors.AsType[*pronote.NetworkError](err); !ok || lost.Sent {
		t.Errorf("error is %v", err)
	}
	if after, _ := json.Marshal(session.State()); string(after) != string(before) {
		t.Error("the session has changed")
	}
}

func TestForgedOrderEndsTheSession(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	child := session.Account().Children[0].Key
	s.ForgeOrder("PageEmploiDuTemps")
	_, err := session.Week(t.Context(), child, today)
	if reply, ok := errors.AsType[*pronote.ReplyError](err); !ok || reply.Op != "PageEmploiDuTemps" {
		t.Errorf("error is %v", err)
	}
	if _, err := session.Week(t.Context(), child, today); !errors.Is(err, pronote.ErrSessionExpired) {
		t.Errorf("afterwards: %v", err)
	}
}

// A missing list is an error; the session goes on.
func TestMissingLists(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	child := session.Account().Children[0].Key
	for _, missing := range [][2]string{
		{"PageEmploiDuTemps", "ListeCours"},
		{"DernieresNotes", "listeDevoirs"},
		{"DernieresNotes", "listeServices"},
		{"PageCahierDeTexte", "ListeTravauxAFaire"},
	} {
		s.Omit(missing[0], missing[1])
		_, errWeek := session.Week(t.Context(), child, today)
		_, errGrades := session.Grades(t.Context(), child, "")
		_, errHomework := session.Homework(t.Context(), child, today, today)
		var wrong int
		for _, err := range []error{errWeek, errGrades, errHomework} {
			if reply, ok := errors.AsType[*pronote.ReplyError](err); ok && reply.Op == missing[0] {
				wrong++
			} else if err != nil {
				t.Errorf("without %s: %v", missing[1], err)
			}
		}
		if wrong != 1 {
			t.Errorf("without %s: %d errors", missing[1], wrong)
		}
		s.Omit(missing[0], "")
	}
}

func TestUnpublishedTab(t *testing.T) {
	s := openSchool(t, sim.Config{})
	before := s.login(pronote.SpacePupil)
	s.HideTab(198, true)
	after := s.login(pronote.SpacePupil)
	child := after.Account().Children[0].Key
	s.forget()
	if _, err := after.Grades(t.Context(), child, ""); !errors.Is(err, pronote.ErrNotPublished) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests()
	if _, err := before.Grades(t.Context(), child, ""); !errors.Is(err, pronote.ErrDenied) {
		t.Errorf("in the older session: %v", err)
	}
	if _, err := before.Week(t.Context(), child, today); err != nil { // a refusal ends nothing
		t.Error(err)
	}
}

func TestUnknownKeys(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	s.forget()
	if _, err := session.Week(t.Context(), "other", today); !errors.Is(err, pronote.ErrUnknownChild) {
		t.Errorf("error is %v", err)
	}
	if _, err := session.Grades(t.Context(), session.Account().Children[0].Key, "other"); !errors.Is(err, pronote.ErrUnknownPeriod) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests()
}

// Calls from many goroutines are queued: the server would punish two at once.
func TestCallsOfOneSessionQueue(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpaceParent)
	s.forget()
	errs := make(chan error)
	children := session.Account().Children
	for i := range 12 {
		go func() {
			_, err := session.Week(t.Context(), children[i%2].Key, today)
			errs <- err
		}()
	}
	for range 12 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s.expectRequests(slices.Repeat([]string{"PageEmploiDuTemps"}, 12)...)
}

func TestCancelledCall(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	child := session.Account().Children[0].Key
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.forget()
	if _, err := session.Week(ctx, child, today); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests()
	if _, err := session.Week(t.Context(), child, today); err != nil {
		t.Errorf("a call that never left has ended the session: %v", err)
	}
}
