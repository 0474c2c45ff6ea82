package core_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
	"cartable/core/store/storetest"
)

// place is where a record is.
type place struct{ bucket, group, name string }

func (p place) String() string {
	return strings.ReplaceAll(fmt.Sprintf("%s %s %s", p.bucket, p.group, p.name), "\x00", " ")
}

// lived is a vault in which two families have been: it returns the places of all records.
func lived(t *testing.T, r *rig) []place {
	t.Helper()
	p := r.platform()
	claire, bob := r.phoneOf("claire"), r.phoneOf("bob")
	claire.linkParent()
	claire.linkWallet(true)
	bob.linkSchool(len(r.school.Accounts()) - 1)
	for _, line := range []string{"/edt", "/edt semaine", "/notes", "/devoirs", "/enfant hugo", "/solde", "/recharger 20"} {
		claire.Say(line)
	}
	claire.Press("Payer")
	r.izly.DropAnswer("MoneyInCbConfirm", false)
	claire.Say("/recharger 10")
	claire.Press("Payer") // lost
	bob.Say("/edt")
	group := p.group("Famille", "claire")
	group.say("/connexion")
	group.press("+ notes")
	group.say("/langue fr")
	p.private("nora").say("/connexion")
	for range 2 { // plans the first look, and does it
		r.engine.Watch.Look(t.Context())
		r.clock.Advance(10 * time.Minute)
	}
	r.engine.Watch.Look(t.Context())

	var all []place
	if _, err := r.vault.Verify(func(bucket, group, name string, _ []byte) error {
		all = append(all, place{bucket, group, name})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// phoneOf is a person at the same chat as platform.private.
func (r *rig) phoneOf(name string) *phone {
	return &phone{t: r.t, r: r, private: true, id: r.platform().private(name).chat, person: person(name)}
}

// TestDamageStaysLocal spoils each record of a vault in turn, in two ways, and has two families talk: nothing stops
// the start, the clean-up, or anybody whose record it was not; and whoever's it was is told what to do.
func TestDamageStaysLocal(t *testing.T) {
	r := newRig(t, rigOptions{at: tuesday, alerts: true})
	places := lived(t, r)
	if len(places) < 40 {
		t.Fatalf("only %d records", len(places))
	}
	seen := make(map[string]bool)
	for _, p := range places {
		seen[p.bucket] = true
	}
	for _, bucket := range []string{"accounts", "grants", "school_accounts", "readings", "wallets", "orders", "chats", "choices", "subscriptions", "seen", "looks", "schema"} {
		if !seen[bucket] {
			t.Errorf("no record of %s", bucket)
		}
	}
	r.close()
	whole, err := os.ReadFile(r.path)
	if err != nil {
		t.Fatal(err)
	}
	bobs := r.ofBob(t, whole)
	for _, p := range places {
		for _, how := range []string{"sealed", `1 {"another":"type"}`} {
			t.Run(p.String()+" "+how, func(t *testing.T) { talkOver(t, r, whole, p, how, bobs) })
		}
	}
}

// ofBob are the names by which Bob's records are known.
func (r *rig) ofBob(t *testing.T, whole []byte) []string {
	t.Helper()
	r.at(t, whole)
	defer r.close()
	names := []string{"bob"}
	for _, a := range r.engine.Rights.Of(person("bob")) {
		names = append(names, a.ID)
	}
	return names
}

// at starts the bot on a copy of a vault.
func (r *rig) at(t *testing.T, whole []byte) {
	t.Helper()
	r.t = t
	r.path = filepath.Join(t.TempDir(), "vault.db")
	if err := os.WriteFile(r.path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	r.open()
}

func talkOver(t *testing.T, r *rig, whole []byte, p place, how string, bobs []string) {
	var damaged storetest.Damageable
	r.store = func(s store.Store) store.Store {
		damaged = storetest.Damageable{Store: s}
		spoil := func() error { return damaged.Damage(p.bucket, p.group, p.name) }
		if how != "sealed" {
			spoil = func() error {
				return s.Update(func(tx store.Tx) error { return tx.Put(p.bucket, p.group, p.name, []byte(how)) })
			}
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		return damaged
	}
	defer func() { r.store = nil }()
	r.at(t, whole)
	defer r.close()
	if err := r.engine.CleanUp(); err != nil {
		t.Errorf("the clean-up stopped: %v", err)
	}
	isBobs := slices.ContainsFunc(bobs, func(name string) bool {
		return strings.Contains(p.group+" "+p.name, name)
	})
	bob, claire, other := r.phoneOf("bob"), r.phoneOf("claire"), r.phoneOf("ana")
	const unexpected = "Quelque chose s'est mal passé"
	if answer := bob.Say("/edt"); !isBobs {
		bob.wants(answer, "mardi 17 novembre", "08:00")
	} else {
		bob.refuses(answer, unexpected)
	}
	bob.refuses(bob.Say("/annuler"), unexpected)
	other.wants(other.Say("/aide"), "/connexion")
	for _, line := range []string{"/edt", "/notes", "/devoirs", "/solde", "/recharger 5", "/enfant", "/alertes", "/mesdonnees", "/annuler", "/langue fr"} {
		claire.refuses(claire.Say(line), unexpected)
		for _, reply := range claire.replies {
			if reply.File != nil && len(content(t, reply.File)) == 0 {
				t.Errorf("%s is empty", reply.File.Name)
			}
		}
	}
	if !isBobs {
		claire.wants(claire.Say("/annuler"), "annuler")
	}
	group := r.platform().group("Famille", "bob")
	lacks(t, group.say("/edt"), unexpected)
	claire.refuses(claire.Say("/deconnexion"), unexpected)
	if slices.ContainsFunc(claire.choices, func(c chat.Choice) bool { return strings.HasPrefix(c.Label, "Oublier PRONOTE") }) {
		claire.wants(claire.Press("Oublier PRONOTE"), "C'est oublié")
	}
	r.engine.LookUpDue(t.Context())
}
