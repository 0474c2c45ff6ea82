package pronote_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"cartable/core/pronote"
	"cartable/core/school"
	"cartable/core/secret"
	sim "cartable/sim/pronote"
)

// A Tuesday in the middle of a school year.
var today = time.Date(2026, 1, 20, 10, 0, 0, 0, time.UTC)

func clock() time.Time { return today }

// servers are the generations and habits that must work from end to end, pronote-today §1.
var servers = []struct {
	name string
	cfg  sim.Config
}{
	{"classic, RSA, encrypted and compressed", sim.Config{Version: "2022.0.0", Encrypt: true, Compress: true}},
	{"classic, RSA, plain", sim.Config{Version: "2022.0.0"}},
	{"classic, fixed RSA, encrypted", sim.Config{Version: "2024.3.8", Encrypt: true}},
	{"2024.3.11, plain", sim.Config{Version: "2024.3.11"}},
	{"2024.3.11, encrypted and compressed", sim.Config{Version: "2024.3.11", Encrypt: true, Compress: true}},
	{"2025.2.8, plain", sim.Config{Version: "2025.2.8"}},
	{"2025.2.8, encrypted", sim.Config{Version: "2025.2.8", Encrypt: true}},
	{"2025.2.8, encrypted and compressed", sim.Config{Version: "2025.2.8", Encrypt: true, Compress: true}},
	{"2025.2.8, compressed", sim.Config{Version: "2025.2.8", Compress: true}},
	{"2026.1.3, plain", sim.Config{Version: "2026.1.3"}},
	{"2026.2.4, legacy challenge", sim.Config{Version: "2026.2.4"}},
	{"2026.2.5, plain", sim.Config{Version: "2026.2.5"}},
	{"2026.2.5, encrypted and compressed", sim.Config{Version: "2026.2.5", Encrypt: true, Compress: true}},
}

// few of them stand for all where only the session matters.
var few = []string{"classic, RSA, encrypted and compressed", "2025.2.8, encrypted", "2026.2.5, plain"}

// withApp are those where apps log in: each generation that still serves one, pronote-today §1.
var withApp = []string{"2024.3.11, encrypted and compressed", "2025.2.8, encrypted", "2026.2.5, plain"}

// forFew runs a test against a few schools at once.
func forFew(t *testing.T, test func(*testing.T, *rig)) {
	t.Helper()
	forSome(t, few, test)
}

func forSome(t *testing.T, names []string, test func(*testing.T, *rig)) {
	t.Helper()
	for _, server := range servers {
		if slices.Contains(names, server.name) {
			t.Run(server.name, func(t *testing.T) {
				t.Parallel()
				test(t, openSchool(t, server.cfg))
			})
		}
	}
}

// rig is a simulated school with a client beside it.
type rig struct {
	*sim.Server
	t       *testing.T
	address pronote.Address
	client  *pronote.Client
}

// openSchool starts one. When the test ends it must not have seen a breach of the protocol.
func openSchool(t *testing.T, cfg sim.Config) *rig {
	t.Helper()
	cfg.Now = clock
	s := &rig{Server: sim.New(cfg), t: t}
	web := httptest.NewServer(s.Server)
	t.Cleanup(web.Close)
	t.Cleanup(func() {
		for _, v := range s.Violations() {
			t.Errorf("the client broke the protocol: %s", v)
		}
	})
	address, _, err := pronote.ParseAddress(web.URL+"/pronote/", true)
	if err != nil {
		t.Fatal(err)
	}
	s.address = address
	s.client = pronote.New(pronote.Config{AllowPrivate: true, Now: clock})
	return s
}

// credentials are those of the first account in a space.
func (s *rig) credentials(space pronote.Space) pronote.Credentials {
	s.t.Helper()
	for _, a := range s.Accounts() {
		if a.Space == string(space) {
			return pronote.Credentials{
				Address: s.address, Space: space, Username: a.Username, Password: secret.New(a.Password),
			}
		}
	}
	s.t.Fatalf("the school has no account in %s", space)
	return pronote.Credentials{}
}

func (s *rig) login(space pronote.Space) *pronote.Session {
	s.t.Helper()
	session, err := s.client.Login(s.t.Context(), s.credentials(space))
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// functions are the names of the requests since the last Reset.
func (s *rig) functions() []string {
	var names []string
	for _, r := range s.Requests() {
		names = append(names, r.Function)
	}
	return names
}

func (s *rig) expectRequests(want ...string) {
	s.t.Helper()
	if got := s.functions(); !slices.Equal(got, want) {
		s.t.Errorf("requests were %q, want %q", got, want)
	}
	s.forget()
}

// forget empties the journal of requests but keeps breaches for the end of the test.
func (s *rig) forget() {
	s.t.Helper()
	for _, v := range s.Violations() {
		s.t.Errorf("the client broke the protocol: %s", v)
	}
	s.Reset()
}

var loginRequests = []string{"FonctionParametres", "Identification", "Authentification", "ParametresUtilisateur"}

func TestEveryDialectFromEndToEnd(t *testing.T) {
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			s := openSchool(t, server.cfg)
			session := s.login(pronote.SpacePupil)
			s.expectRequests(append([]string{"eleve.html"}, loginRequests...)...)

			profile := session.Profile()
			if len(profile.Pupils) != 1 || profile.Pupils[0].Name != "ROUSSEL Léa" || profile.Version != server.cfg.Version {
				t.Fatalf("profile is %+v", profile)
			}
			s.comparePupil(session, profile.Pupils[0], s.Truth().Children[0])
		})
	}
}

func TestParentSeesEachPupil(t *testing.T) {
	forFew(t, func(t *testing.T, s *rig) {
		session := s.login(pronote.SpaceParent)
		s.expectRequests(append([]string{"parent.html"}, loginRequests...)...)
		profile, truth := session.Profile(), s.Truth()
		if len(profile.Pupils) != 2 || profile.Name != "Mme ROUSSEL Claire" {
			t.Fatalf("profile is %+v", profile)
		}
		for i, pupil := range profile.Pupils {
			s.comparePupil(session, pupil, truth.Children[i])
		}
	})
}

// comparePupil asks for all that can be asked, one request each, and compares it with what the school holds.
func (s *rig) comparePupil(session *pronote.Session, pupil school.Pupil, truth sim.Child) {
	s.t.Helper()
	ctx := s.t.Context()
	if pupil.Name != truth.Name || pupil.Class != truth.Class {
		s.t.Errorf("pupil is %s in %s, want %s in %s", pupil.Name, pupil.Class, truth.Name, truth.Class)
	}
	s.comparePeriods(pupil, truth)
	week, err := session.Week(ctx, pupil.Key, today)
	if err != nil {
		s.t.Fatal(err)
	}
	s.expectRequests("PageEmploiDuTemps")
	s.compareWeek(week, truth)

	grades, err := session.Grades(ctx, pupil.Key, "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.expectRequests("DernieresNotes")
	s.compareGrades(grades, truth, truth.Current())

	monday := week.Monday
	homework, err := session.Homework(ctx, pupil.Key, monday, monday.AddDate(0, 0, 10))
	if err != nil {
		s.t.Fatal(err)
	}
	s.expectRequests("PageCahierDeTexte")
	s.compareHomework(homework, truth.Homework(monday, monday.AddDate(0, 0, 10)))
}

func TestStoredSessionCostsOneRequest(t *testing.T) {
	forFew(t, func(t *testing.T, s *rig) {
		stored, err := json.Marshal(s.login(pronote.SpaceParent).State())
		if err != nil {
			t.Fatal(err)
		}
		s.forget()
		for range 3 { // each round is a restart of the program
			var state school.State
			if err := json.Unmarshal(stored, &state); err != nil {
				t.Fatal(err)
			}
			session, err := s.client.Resume(state)
			if err != nil {
				t.Fatal(err)
			}
			pupil := session.Profile().Pupils[1]
			week, err := session.Week(t.Context(), pupil.Key, today)
			if err != nil {
				t.Fatal(err)
			}
			s.compareWeek(week, s.Truth().Children[1])
			s.expectRequests("PageEmploiDuTemps")
			if stored, err = json.Marshal(session.State()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A Profile must be the same after a restart, keys and all.
func TestKeysOutliveSessions(t *testing.T) {
	s := openSchool(t, sim.Config{})
	first, second := s.login(pronote.SpaceParent).Profile(), s.login(pronote.SpaceParent).Profile()
	a, errA := json.Marshal(first)
	b, errB := json.Marshal(second)
	if err := errors.Join(errA, errB); err != nil || string(a) != string(b) {
		t.Errorf("accounts of two sessions differ: %s and %s, %v", a, b, err)
	}
}

func TestAnotherPeriod(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	pupil, truth := session.Profile().Pupils[0], s.Truth().Children[0]
	for i, p := range pupil.Periods[:pupil.Current+1] { // later ones are empty
		grades, err := session.Grades(t.Context(), pupil.Key, p.Key)
		if err != nil {
			t.Fatal(err)
		}
		s.compareGrades(grades, truth, truth.Periods()[i])
	}
}

func TestWeeksOutsideTheYearCostNothing(t *testing.T) {
	s := openSchool(t, sim.Config{})
	session := s.login(pronote.SpacePupil)
	profile := session.Profile()
	s.forget()
	for _, day := range []time.Time{profile.FirstDay.AddDate(0, 0, -8), profile.LastDay.AddDate(0, 0, 8)} {
		week, err := session.Week(context.Background(), profile.Pupils[0].Key, day)
		if err != nil || len(week.Lessons) > 0 || day.Sub(week.Monday) < 0 || day.Sub(week.Monday) >= 8*24*time.Hour {
			t.Errorf("week of %v is %+v, %v", day, week, err)
		}
	}
	s.expectRequests()
}
