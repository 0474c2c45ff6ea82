package core_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	simpronote "cartable/sim/pronote"
)

// anotherSchool runs a second server that claims the same school and pupils, and makes it the one that is linked next.
func (r *rig) anotherSchool(t *testing.T) *simpronote.Server {
	t.Helper()
	hostile := simpronote.New(simpronote.Config{Now: r.clock.Now})
	server := httptest.NewServer(hostile)
	t.Cleanup(server.Close)
	r.school, r.schoolURL = hostile, server.URL+"/pronote"
	return hostile
}

// TestHostileTwin is about a member of a group whose own server claims a family's child.
func TestHostileTwin(t *testing.T) {
	r := newRig(t, rigOptions{})
	honest, honestURL := r.school, r.schoolURL
	hostile := r.anotherSchool(t)
	hostileURL := r.schoolURL
	r.chat("bob").linkParent() // he has had it for long
	r.clock.Advance(time.Hour)
	r.school, r.schoolURL = honest, honestURL
	r.chat("anna").linkParent()
	p := r.platform()
	anna, bob := p.group("Famille", "anna"), p.group("Famille", "bob")
	anna.say("/connexion")
	anna.press("Cours et devoirs")
	has(t, anna.say("/edt"), "Léa – aujourd'hui, mardi", "08:00–09:00")
	p.r.clock.Advance(time.Hour)
	bob.say("/connexion")
	bob.press("Cours et devoirs")
	hostile.Reset()

	has(t, anna.say("/edt"), "Léa (", honestURL)
	has(t, bob.say("/edt lundi"), "Léa (", honestURL)
	if n := len(hostile.Requests()); n > 0 {
		t.Errorf("the other server was asked %d times", n)
	}
	has(t, anna.say("/edt Léa"), "Léa (", honestURL, hostileURL) // whom?
	has(t, anna.say("/enfant"), honestURL, hostileURL)

	// Whom the group has chosen stays chosen, whatever becomes of the account.
	has(t, anna.press("Léa ("), honestURL)
	honest.ExpireSessions()
	honest.SecondFactor("1234")
	p.r.clock.Advance(2 * time.Minute)
	for range 2 {
		lacks(t, anna.say("/edt"), "08:00–09:00")
	}
	if n := len(hostile.Requests()); n > 0 {
		t.Errorf("the other server was asked %d times in place of the one that refuses", n)
	}
}

// Two accounts of one server that show the same child are one child.
func TestTwinsOfOneServer(t *testing.T) {
	r := newRig(t, rigOptions{})
	c := r.chat("anna")
	c.linkSchool(0)
	c.linkSchool(1)
	c.wants(c.Say("/edt"), "Léa – aujourd'hui, mardi")
	if n := strings.Count(strings.Join(c.labels(), "|"), "Léa"); n > 0 {
		t.Errorf("Léa is offered beside herself: %q", c.labels())
	}
}
