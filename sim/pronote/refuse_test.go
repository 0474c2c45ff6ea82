package pronote_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cartable/sim/pronote"
)

func account(s *pronote.Server, space string) pronote.Account {
	for _, a := range s.Accounts() {
		if a.Space == space {
			return a
		}
	}
	panic("no such account")
}

// tab is a signature.
func tab(n int) map[string]any { return map[string]any{"onglet": n} }

func (c *client) week(n int, resource any, membre any) (map[string]any, int) {
	c.t.Helper()
	sig := tab(16)
	if membre != nil {
		sig["membre"] = membre
	}
	return c.call("PageEmploiDuTemps", map[string]any{
		"ressource": resource, "Ressource": resource, "numeroSemaine": n, "NumeroSemaine": n,
	}, sig)
}

// oneViolation checks that what was done wrong has been noticed, in these words.
func oneViolation(t *testing.T, s *pronote.Server, words string) {
	t.Helper()
	if v := s.Violations(); len(v) != 1 || !strings.Contains(v[0], words) {
		t.Errorf("violations %q, want one with %q", v, words)
	}
}

// breaches are requests that a real server refuses; each is sent once after login, then a good one.
var breaches = []struct {
	name  string
	send  func(c *client) int
	want  int
	dies  bool
	words string // of the violation, "" for none
}{
	{"order skipped", func(c *client) int { c.order += 2; return navigate(c) }, 11, true, `order "11" where 9 was due`},
	{"order repeated", func(c *client) int { c.order -= 2; return navigate(c) }, 11, true, "used twice"},
	{"key of the login", func(c *client) int { c.key = sum(nil); return navigate(c) }, 11, true, "not encrypted under the key"},
	{"zero IV", func(c *client) int { c.iv = make([]byte, 16); return navigate(c) }, 11, true, "not encrypted under the key"},
	{"names of 2022", func(c *client) int { c.names = classic; return navigate(c) }, 21, false, "another dialect"},
	{"payload name of 2022", func(c *client) int { c.names[3] = classic[3]; return navigate(c) }, 21, true, "another dialect"},
	{"sealed though the page says plain", func(c *client) int { c.encrypt = true; return navigate(c) }, 21, true, "not a JSON object"},
	{"other space", func(c *client) int { c.space = 3; return navigate(c) }, 8, true, "the page gave space 2"},
	{"unknown function", func(c *client) int { return code(c.call("PageInconnue", nil, tab(7))) }, 21, false, "no such function"},
	{"keep-alive of 2022", func(c *client) int { return code(c.call("Presence", nil, tab(7))) }, 21, false, "Navigation keeps"},
	{"no signature", func(c *client) int { return code(c.call("Navigation", nil, nil)) }, 3, false, "no signature"},
	{"wrong tab", func(c *client) int { return code(c.call("DernieresNotes", nil, tab(16))) }, 3, false, "its tab is 198"},
	{"login twice", func(c *client) int { return code(c.identify("x", nil)) }, 8, true, "called after login"},
	{"invented child", func(c *client) int {
		return code(c.week(3, nil, map[string]any{"N": "34#AAAA", "G": 4}))
	}, 20, false, "not a child"},
	{"no such week", func(c *client) int {
		return code(c.week(99, dig(c.t, c.tree, "ressource", "listeRessources", 0), nil))
	}, 21, false, "no week 99"},
	{"invented period", func(c *client) int {
		return code(c.call("DernieresNotes", map[string]any{"Periode": map[string]any{"N": "17#AAAA"}}, tab(198)))
	}, 20, false, ""},
}

func code(_ map[string]any, code int) int { return code }

func navigate(c *client) int {
	return code(c.call("Navigation", map[string]any{"onglet": 7, "ongletPrec": 7}, tab(7)))
}

func TestBreaches(t *testing.T) {
	for _, tt := range breaches {
		t.Run(tt.name, func(t *testing.T) {
			s, url := serve(t, pronote.Config{})
			c := logIn(t, url, account(s, "parent"), of2025)
			good := *c
			if got := tt.send(c); got != tt.want {
				t.Errorf("refused with %d, want %d", got, tt.want)
			}
			if tt.words == "" {
				if v := s.Violations(); len(v) > 0 {
					t.Errorf("violations: %q", v)
				}
			} else {
				oneViolation(t, s, tt.words)
			}
			good.order = max(good.order, c.order)
			if tt.name == "names of 2022" {
				good.order = c.order - 2 // it was not even looked at
			}
			if alive := navigate(&good) == 0; alive == tt.dies {
				t.Errorf("the session lives: %t, want %t", alive, !tt.dies)
			}
		})
	}
}

// TestOneRequestAtATime holds a request inside the server, at its look at the clock, while another comes in.
func TestOneRequestAtATime(t *testing.T) {
	var armed atomic.Bool
	inside, leave := make(chan struct{}), make(chan struct{})
	var looks atomic.Int32
	s, url := serve(t, pronote.Config{Now: func() time.Time {
		if armed.Load() && looks.Add(1) == 2 { // the first look is before the session is found
			close(inside)
			<-leave
		}
		return time.Now()
	}})
	c := logIn(t, url, account(s, "eleve"), of2025)
	first, second := *c, *c
	armed.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		navigate(&first)
	}()
	<-inside
	if got := navigate(&second); got != 8 {
		t.Errorf("the second request: %d, want 8", got)
	}
	close(leave)
	<-done
	oneViolation(t, s, "two requests at a time")
}

func TestRepeatedRequestIsAnsweredAgain(t *testing.T) {
	s, url := serve(t, pronote.Config{Encrypt: true, Compress: true})
	c := logIn(t, url, account(s, "eleve"), of2025)
	s.DropAnswer("Navigation")
	if got := navigate(c); got != -1 {
		t.Fatalf("the answer came (%d), it was to be dropped", got)
	}
	c.body = append(c.body[:len(c.body)-1], `,"echecReseau":true}`...)
	if _, got := c.send(); got != 0 {
		t.Errorf("the repeated request was refused with %d", got)
	}
	if got := navigate(c); got != 0 {
		t.Errorf("the next request was refused with %d", got)
	}
	if v := s.Violations(); len(v) > 0 {
		t.Errorf("violations: %q", v)
	}
	reqs := s.Requests()
	if n := len(reqs); n != 8 || reqs[5].Repeated || !reqs[6].Repeated || reqs[7].Tab != 7 {
		t.Errorf("journal: %+v", reqs)
	}
}

func TestIdentifiersLiveInTheirSession(t *testing.T) {
	s, url := serve(t, pronote.Config{Version: "2024.3.8"})
	old := logIn(t, url, account(s, "parent"), classic)
	c := logIn(t, url, account(s, "parent"), classic)
	child := dig(t, old.tree, "ressource", "listeRessources", 1)
	if _, got := c.week(5, child, nil); got != 22 {
		t.Errorf("a pupil of another session: %d, want 22", got)
	}
	period := dig(t, old.first, "General", "ListePeriodes", 0)
	if _, got := c.call("DernieresNotes", map[string]any{"Periode": period}, tab(198)); got != 22 {
		t.Errorf("a period of another session: %d, want 22", got)
	}
	own := dig(t, c.first, "General", "ListePeriodes", 0)
	if _, got := c.call("DernieresNotes", map[string]any{"Periode": own}, tab(198)); got != 0 {
		t.Errorf("the session's own period: %d", got)
	}
}

func TestWrongPasswords(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.version, func(t *testing.T) {
			now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
			s, url := serve(t, pronote.Config{Version: d.version, Now: func() time.Time { return now }})
			a := account(s, "parent")
			fail := func(user string) (acces any, code int) {
				c := open(t, url, a.Page, d.names)
				c.hello()
				id, code := c.identify(user, nil)
				if code != 0 {
					return nil, code
				}
				answer, code := c.authenticate(user, "wrong", id)
				return answer["Acces"], code
			}
			for i, user := range []string{a.Username, "nobody", a.Username, a.Username} {
				if acces, code := fail(user); acces != 1.0 || code != 0 {
					t.Errorf("attempt %d: Acces %v, code %d, want 1", i, acces, code)
				}
			}
			for range 2 {
				if _, code := fail(a.Username); code != 25 {
					t.Errorf("refused with %d, want 25", code)
				}
			}
			if page := get(t, url+"/"+a.Page); !strings.Contains(page, "Votre adresse IP est provisoirement suspendue") ||
				!strings.Contains(page, ">PRONOTE "+d.version+"<") {
				t.Errorf("no suspension page: %s", page)
			}
			now = now.Add(6 * time.Minute)
			logIn(t, url, a, d.names)
			if v := s.Violations(); len(v) > 0 {
				t.Errorf("violations: %q", v)
			}
		})
	}
}

func TestWrongSpace(t *testing.T) {
	s, url := serve(t, pronote.Config{})
	a := account(s, "parent")
	c := open(t, url, "eleve.html", of2025)
	c.hello()
	id, _ := c.identify(a.Username, nil)
	if answer, _ := c.authenticate(a.Username, a.Password, id); answer["Acces"] != 2.0 {
		t.Errorf("a parent on the pupils' page: %v, want Acces 2", answer)
	}
}

func TestSessionsEnd(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s, url := serve(t, pronote.Config{Now: func() time.Time { return now }})
	a := account(s, "eleve")
	idle := logIn(t, url, a, of2025)
	now = now.Add(9 * time.Minute)
	if got := navigate(idle); got != 0 {
		t.Errorf("after nine minutes: %d", got)
	}
	now = now.Add(11 * time.Minute)
	if got := navigate(idle); got != 8 {
		t.Errorf("after eleven more minutes: %d, want 8", got)
	}
	told := logIn(t, url, a, of2025)
	s.ExpireSessions()
	if got := navigate(told); got != 8 {
		t.Errorf("after ExpireSessions: %d, want 8", got)
	}
	left := logIn(t, url, a, of2025)
	if _, got := left.call("SaisieDeconnexion", nil, tab(7)); got != 0 {
		t.Errorf("logout: %d", got)
	}
	if got := navigate(left); got != 8 {
		t.Errorf("after logout: %d, want 8", got)
	}
	if v := s.Violations(); len(v) > 0 {
		t.Errorf("violations: %q", v)
	}
}

func TestHiddenTab(t *testing.T) {
	s, url := serve(t, pronote.Config{})
	c := logIn(t, url, account(s, "eleve"), of2025)
	s.HideTab(198, true)
	period := map[string]any{"Periode": dig(t, c.first, "General", "ListePeriodes", 0)}
	if _, got := c.call("DernieresNotes", period, tab(198)); got != 3 {
		t.Errorf("a hidden tab: %d, want 3", got)
	}
	s.HideTab(198, false)
	if _, got := c.call("DernieresNotes", period, tab(198)); got != 0 {
		t.Errorf("the tab is back: %d", got)
	}
}
