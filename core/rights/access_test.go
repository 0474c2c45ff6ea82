package rights_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
	"cartable/core/store/storetest"
)

// inviteOnly is a bot that only lets invited people in.
func inviteOnly(t *testing.T, s store.Store) (*rights.Rights, *clock) {
	t.Helper()
	c := &clock{noon}
	r, err := rights.New(rights.Config{
		Store: s, Now: c.now, Admins: []chat.PersonID{person("admin")}, Invitations: rights.NewInvitations([]byte(strings.Repeat("k", 32))),
	})
	must(t, err)
	return r, c
}

func invited(t *testing.T, r *rights.Rights) string {
	t.Helper()
	code, life, err := r.Invite()
	must(t, err)
	is(t, "life", life, 7*24*time.Hour)
	return code
}

func redeems(t *testing.T, r *rights.Rights, name, text string, want rights.Outcome) {
	t.Helper()
	got, err := r.Redeem(person(name), text)
	must(t, err)
	is(t, fmt.Sprintf("%s says %q", name, text), got, want)
	known, err := r.Admitted(person(name))
	must(t, err)
	is(t, name+" is admitted", known, want == rights.Admitted)
}

func TestAnInvitationLetsOnePersonIn(t *testing.T) {
	s := newStore(t)
	r, _ := inviteOnly(t, s)
	code := invited(t, r)
	redeems(t, r, "anna", "/start", rights.Asked)
	redeems(t, r, "anna", "/start inv_"+code+" and more", rights.Asked)
	redeems(t, r, "anna", "/start inv_"+code, rights.Admitted)
	redeems(t, r, "bob", "/start inv_"+code, rights.Used)
	redeems(t, r, "bob", strings.ToUpper(code), rights.Used) // also typed by hand
	second := invited(t, r)
	redeems(t, r, "anna", second, rights.Admitted) // who is in does not use up another
	redeems(t, r, "bob", second, rights.Admitted)

	r, c := inviteOnly(t, s)
	redeems(t, r, "anna", "hello", rights.Admitted)
	redeems(t, r, "carla", "inv_"+code, rights.Used)

	// It is remembered as used for as long as it would be good.
	c.at = noon.Add(6 * 24 * time.Hour)
	must(t, r.Sweep(c.at))
	redeems(t, r, "carla", code, rights.Used)
	c.at = noon.Add(8 * 24 * time.Hour)
	must(t, r.Sweep(c.at))
	redeems(t, r, "carla", code, rights.Wrong)
	is(t, "used invitations", count(t, s, "used_invitations"), 0)
}

func count(t *testing.T, s store.Store, bucket string) (n int) {
	t.Helper()
	must(t, s.View(func(tx store.Tx) error {
		_, err := tx.All(bucket, func(_, _ string, _ []byte) error { n++; return nil })
		return err
	}))
	return n
}

func TestInvitationsExpireAndCannotBeMadeUp(t *testing.T) {
	r, c := inviteOnly(t, newStore(t))
	code := invited(t, r)
	forged := "a" + code[1:]
	if code[0] == 'a' {
		forged = "b" + code[1:]
	}
	redeems(t, r, "anna", forged, rights.Wrong)
	foreign, err := rights.NewInvitations([]byte(strings.Repeat("x", 32))).Make(noon, rand.Reader)
	must(t, err)
	redeems(t, r, "anna", foreign, rights.Wrong)
	redeems(t, r, "anna", "inv_", rights.Asked)
	redeems(t, r, "anna", "inv_x", rights.Wrong)
	c.at = noon.Add(7 * 24 * time.Hour)
	redeems(t, r, "anna", code, rights.Wrong)
}

// hears asks whether what a stranger says is looked at.
func hears(t *testing.T, r *rights.Rights, name, text string, want bool) {
	t.Helper()
	is(t, fmt.Sprintf("%s is heard saying %.10q", name, text), r.Hears(person(name), text), want)
}

func TestAStrangerWhoKeepsAskingIsLeftUnanswered(t *testing.T) {
	r, c := inviteOnly(t, newStore(t))
	for range 5 {
		hears(t, r, "anna", "/start", true)
	}
	for range 100 {
		hears(t, r, "anna", "/start", false)
	}
	hears(t, r, "bob", "/start", true) // which is not Bob's fault
	c.at = noon.Add(time.Hour)
	hears(t, r, "anna", "/start", true)
	c.at = noon.Add(-time.Hour) // the clock was wrong
	for range 5 {
		hears(t, r, "anna", "/start", true)
	}
	hears(t, r, "anna", "/start", false)
}

func TestACodeCountsHoweverOftenSomebodyHasAsked(t *testing.T) {
	r, c := inviteOnly(t, newStore(t))
	code, second := invited(t, r), invited(t, r)
	for range 6 {
		r.Hears(person("anna"), "hello")
		r.Hears(person("bob"), "hello")
	}
	hears(t, r, "anna", "inv_x", false) // nor are others looked at
	hears(t, r, "anna", "a"+code[1:], code[0] == 'a')
	hears(t, r, "anna", "/start inv_"+code, true)
	redeems(t, r, "anna", "/start inv_"+code, rights.Admitted)
	hears(t, r, "bob", code, false) // it has let somebody in
	c.at = noon.Add(8 * 24 * time.Hour)
	for range 6 {
		r.Hears(person("bob"), "hello")
	}
	hears(t, r, "bob", second, false) // and this one is too old
}

func TestWhoWasLetInBeginsAnew(t *testing.T) {
	s := newStore(t)
	r, _ := inviteOnly(t, s)
	for range 4 {
		hears(t, r, "anna", "/start", true)
	}
	redeems(t, r, "anna", invited(t, r), rights.Admitted)
	must(t, s.Update(func(tx store.Tx) error { return r.ForgetPerson(tx, person("anna")) }))
	for range 5 {
		hears(t, r, "anna", "/start", true)
	}
	hears(t, r, "anna", "/start", false)
}

func TestManyStrangersTogetherAreAnsweredRarely(t *testing.T) {
	r, c := inviteOnly(t, newStore(t))
	code := invited(t, r)
	for n := range 60 {
		hears(t, r, fmt.Sprint(n), "/start", true)
	}
	hears(t, r, "anna", "/start", false)
	hears(t, r, "anna", code, true)
	c.at = noon.Add(time.Minute)
	hears(t, r, "anna", "/start", true)
}

func TestOpenDoorsAndAdmins(t *testing.T) {
	r := open(t, newStore(t))
	redeems(t, r, "anna", "hello", rights.Admitted)
	if _, _, err := r.Invite(); !errors.Is(err, rights.ErrNoInvitations) {
		t.Errorf("got %v", err)
	}
	r, _ = inviteOnly(t, newStore(t))
	redeems(t, r, "admin", "hello", rights.Admitted)
	is(t, "admin", r.Admin(person("admin")), true)
	is(t, "Anna", r.Admin(person("anna")), false)

	shut, err := rights.New(rights.Config{Store: newStore(t)}) // nobody is let in, and nobody can be
	must(t, err)
	redeems(t, shut, "anna", "inv_abc", rights.Wrong)
}

func TestAnUnreadableAdmissionIsNone(t *testing.T) {
	s := newStore(t)
	r, _ := inviteOnly(t, s)
	redeems(t, r, "anna", invited(t, r), rights.Admitted)
	redeems(t, r, "bob", invited(t, r), rights.Admitted)
	must(t, s.Damage("people", "", person("anna").Key()))
	redeems(t, r, "anna", "hello", rights.Asked)
	redeems(t, r, "bob", "hello", rights.Admitted)
	must(t, s.View(func(tx store.Tx) error {
		p, err := r.ExportPerson(tx, person("anna"))
		is(t, "exported admission", p.Admitted.IsZero(), true)
		return err
	}))
	redeems(t, r, "anna", invited(t, r), rights.Admitted) // another invitation mends it
}

func TestAnUnreadableInvitationCountsAsUsed(t *testing.T) {
	s := newStore(t)
	r, _ := inviteOnly(t, s)
	code := invited(t, r)
	redeems(t, r, "anna", code, rights.Admitted)
	var id string
	must(t, s.View(func(tx store.Tx) error {
		_, err := tx.Scan("used_invitations", "", func(name string, _ []byte) error { id = name; return nil })
		return err
	}))
	must(t, s.Damage("used_invitations", "", id))
	redeems(t, r, "bob", code, rights.Used)
	must(t, r.Sweep(noon.Add(30*24*time.Hour)))
}

// TestAnAdmissionAndItsInvitationAreOneStep has each write fail: nobody is in then, and the code still good.
func TestAnAdmissionAndItsInvitationAreOneStep(t *testing.T) {
	faulty := &storetest.Faulty{Store: newVault(t)}
	r, _ := inviteOnly(t, faulty)
	code := invited(t, r)
	for n := 1; ; n++ {
		faulty.FailWrite(n)
		got, err := r.Redeem(person("anna"), code)
		if !faulty.Failed() {
			must(t, err)
			is(t, "in the end", got, rights.Admitted)
			is(t, "writes", n, 3)
			break
		}
		if !errors.Is(err, storetest.ErrFault) || got == rights.Admitted {
			t.Errorf("write %d: %q, %v", n, got, err)
		}
		known, err := r.Admitted(person("anna"))
		must(t, err)
		is(t, "admitted", known, false)
	}
}

func TestAFailingStoreAdmitsNobody(t *testing.T) {
	counted := &counting{Store: newStore(t)}
	r, _ := inviteOnly(t, counted)
	counted.away = true
	if known, err := r.Admitted(person("anna")); known || !errors.Is(err, errAway) {
		t.Errorf("got %t, %v", known, err)
	}
	if got, err := r.Redeem(person("anna"), "hello"); got == rights.Admitted || !errors.Is(err, errAway) {
		t.Errorf("got %q, %v", got, err)
	}
}
