package rights_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/vault"
)

// newStore is a real vault whose records can be damaged, and which runs each closure twice.
func newStore(t testing.TB) storetest.Damageable {
	t.Helper()
	return storetest.Damageable{Store: storetest.Twice(newVault(t))}
}

func newVault(t testing.TB) *vault.Vault {
	t.Helper()
	key, err := vault.NewKey(nil)
	must(t, err)
	v, err := vault.Open(filepath.Join(t.TempDir(), "vault.db"), key)
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	return v
}

var noon = time.Date(2026, 11, 17, 12, 0, 0, 0, time.UTC)

// clock is a time that tests set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func open(t testing.TB, s store.Store) *rights.Rights {
	t.Helper()
	r, err := rights.New(rights.Config{Store: s, Now: (&clock{noon}).now, Open: true})
	must(t, err)
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func person(name string) chat.PersonID { return chat.PersonID{Platform: "test", ID: name} }
func chatOf(name string) chat.ChatID   { return chat.ChatID{Platform: "test", ID: name} }
func private(name string) rights.Who {
	return rights.Who{Chat: chatOf(name), Person: person(name), Private: true}
}

func in(group, name string) rights.Who   { return rights.Who{Chat: chatOf(group), Person: person(name)} }
func unverified(w rights.Who) rights.Who { w.Unverified = true; return w }

var schoolPages = []rights.Page{rights.Timetable, rights.Homework}

// account is one of a person, at home in their private chat.
func account(id string, kind rights.Kind, owner string) rights.Account {
	return rights.Account{
		ID: id, Kind: kind, Name: "name of " + id, Label: "label of " + id,
		Owner: person(owner), Home: chatOf(owner), Since: noon, Same: "same " + id,
	}
}

// add links accounts.
func add(t testing.TB, s store.Store, r *rights.Rights, accounts ...rights.Account) {
	t.Helper()
	for _, a := range accounts {
		must(t, s.Update(func(tx store.Tx) error { return r.Add(tx, a) }))
		must(t, r.Refresh(a.ID))
	}
}

func ids(list []rights.Account) string {
	var all []string
	for _, a := range list {
		all = append(all, a.ID)
	}
	return strings.Join(all, " ")
}

func granted(list []rights.Grant) string {
	var all []string
	for _, g := range list {
		all = append(all, g.Account+"@"+g.Group.ID)
	}
	return strings.Join(all, " ")
}

// is fails unless got is want.
func is[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func sorted(list []string) []string { slices.Sort(list); return list }
