package pronote_test

import (
	"context"
	"errors"
	"slices"
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
			if _, err := session.Week(t.Context(), session.Profile().Pupils[0].Key, today); !errors.Is(err, outage.want) {
				t.Errorf("error is %v, want %v", err, outage.want)
			}
		})
	}
}

func TestForgedOrderEndsTheSession(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	pupil := session.Profile().Pupils[0].Key
	s.ForgeOrder("PageEmploiDuTemps")
	_, err := session.Week(t.Context(), pupil, today)
	if reply, ok := errors.AsType[*pronote.ReplyError](err); !ok || reply.Op != "PageEmploiDuTemps" {
		t.Errorf("error is %v", err)
	}
	if _, err := session.Week(t.Context(), pupil, today); !errors.Is(err, pronote.ErrSessionExpired) {
		t.Errorf("afterwards: %v", err)
	}
}

// A missing list is an error; the session goes on.
func TestMissingLists(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	pupil := session.Profile().Pupils[0].Key
	for _, missing := range [][2]string{
		{"PageEmploiDuTemps", "ListeCours"},
		{"DernieresNotes", "listeDevoirs"},
		{"DernieresNotes", "listeServices"},
		{"PageCahierDeTexte", "ListeTravauxAFaire"},
	} {
		s.Omit(missing[0], missing[1])
		_, errWeek := session.Week(t.Context(), pupil, today)
		_, errGrades := session.Grades(t.Context(), pupil, "")
		_, errHomework := session.Homework(t.Context(), pupil, today, today)
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
	pupil := after.Profile().Pupils[0].Key
	s.forget()
	if _, err := after.Grades(t.Context(), pupil, ""); !errors.Is(err, pronote.ErrNotPublished) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests()
	if _, err := before.Grades(t.Context(), pupil, ""); !errors.Is(err, pronote.ErrDenied) {
		t.Errorf("in the older session: %v", err)
	}
	if _, err := before.Week(t.Context(), pupil, today); err != nil { // a refusal ends nothing
		t.Error(err)
	}
}

func TestUnknownKeys(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	s.forget()
	if _, err := session.Week(t.Context(), "other", today); !errors.Is(err, pronote.ErrUnknownPupil) {
		t.Errorf("error is %v", err)
	}
	if _, err := session.Grades(t.Context(), session.Profile().Pupils[0].Key, "other"); !errors.Is(err, pronote.ErrUnknownPeriod) {
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
	pupils := session.Profile().Pupils
	for i := range 12 {
		go func() {
			_, err := session.Week(t.Context(), pupils[i%2].Key, today)
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
	pupil := session.Profile().Pupils[0].Key
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.forget()
	if _, err := session.Week(ctx, pupil, today); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	s.expectRequests()
	if _, err := session.Week(t.Context(), pupil, today); err != nil {
		t.Errorf("a call that never left has ended the session: %v", err)
	}
}
