package rights_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
)

// model is what Rights promise, said as simply as possible: everything is looked for everywhere.
type model struct {
	accounts []rights.Account
	grants   []rights.Grant
}

func (m *model) account(id string) *rights.Account {
	for i := range m.accounts {
		if m.accounts[i].ID == id {
			return &m.accounts[i]
		}
	}
	return nil
}

// touchable tells whether a Who may show an account.
func (m *model) touchable(who rights.Who, id string) bool {
	a := m.account(id)
	return a != nil && a.Owner == who.Person && (!who.Unverified || a.Home == who.Chat)
}

func (m *model) add(a rights.Account) error {
	switch old := m.account(a.ID); {
	case old == nil:
		m.accounts = append(m.accounts, a)
	case old.Owner != a.Owner:
		return rights.ErrNotYours
	default:
		a.Since = old.Since
		*old = a
	}
	return nil
}

func (m *model) show(who rights.Who, g rights.Grant) error {
	if !m.touchable(who, g.Account) {
		return rights.ErrNotYours
	}
	if i := slices.IndexFunc(m.grants, func(old rights.Grant) bool { return old.Group == g.Group && old.Account == g.Account }); i >= 0 {
		g.Since = m.grants[i].Since
	}
	m.drop(g.Group, g.Account)
	m.grants = append(m.grants, g)
	return nil
}

func (m *model) hide(who rights.Who, group chat.ChatID, id string) error {
	who.Unverified = false
	if !m.touchable(who, id) {
		return rights.ErrNotYours
	}
	m.drop(group, id)
	return nil
}

func (m *model) drop(group chat.ChatID, id string) {
	m.grants = slices.DeleteFunc(m.grants, func(g rights.Grant) bool { return g.Group == group && g.Account == id })
}

func (m *model) forget(id string) {
	m.accounts = slices.DeleteFunc(m.accounts, func(a rights.Account) bool { return a.ID == id })
	m.grants = slices.DeleteFunc(m.grants, func(g rights.Grant) bool { return g.Account == id })
}

func (m *model) forgetPerson(p chat.PersonID) {
	for _, a := range slices.Clone(m.accounts) {
		if a.Owner == p {
			m.forget(a.ID)
		}
	}
}

func (m *model) moveTo(p chat.PersonID, home chat.ChatID) {
	for i := range m.accounts {
		if m.accounts[i].Owner == p {
			m.accounts[i].Home = home
		}
	}
}

func (m *model) moveChat(old, to chat.ChatID) {
	for i := range m.accounts {
		if m.accounts[i].Home == old {
			m.accounts[i].Home = to
		}
	}
	for _, g := range slices.Clone(m.grants) {
		if g.Group != old || old == to {
			continue
		}
		m.drop(old, g.Account)
		if !slices.ContainsFunc(m.grants, func(there rights.Grant) bool { return there.Group == to && there.Account == g.Account }) {
			g.Group = to
			m.grants = append(m.grants, g)
		}
	}
}

func (m *model) owned(who rights.Who) []rights.Account {
	return m.pick(func(a rights.Account) bool { return m.touchable(who, a.ID) })
}

func (m *model) readable(who rights.Who, kind rights.Kind, page rights.Page) []rights.Account {
	since := make(map[string]time.Time)
	list := m.pick(func(a rights.Account) bool {
		switch {
		case a.Kind != kind:
			return false
		case who.Private:
			return a.Home == who.Chat && a.Owner == who.Person
		}
		return slices.ContainsFunc(m.grants, func(g rights.Grant) bool {
			if g.Group == who.Chat {
				since[g.Account] = g.Since
			}
			return g.Group == who.Chat && g.Account == a.ID && slices.Contains(g.Pages, page)
		})
	})
	if !who.Private {
		slices.SortStableFunc(list, func(a, b rights.Account) int { return since[a.ID].Compare(since[b.ID]) })
	}
	return list
}

func (m *model) pick(match func(rights.Account) bool) []rights.Account {
	var list []rights.Account
	for _, a := range m.accounts {
		if match(a) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b rights.Account) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// walker takes random steps with Rights and with the model.
type walker struct {
	t     *testing.T
	rand  *rand.Rand
	clock *clock
	store store.Store
	r     *rights.Rights
	m     model
}

var (
	walkPeople = []string{"anna", "bob", "carla"}
	walkGroups = []string{"family", "class"}
	walkIDs    = []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7"}
)

func one[T any](w *walker, list []T) T { return list[w.rand.IntN(len(list))] }

// chat is a private chat of anybody, the first or the second one, or a group.
func (w *walker) chat() chat.ChatID {
	switch w.rand.IntN(3) {
	case 0:
		return chatOf(one(w, walkGroups))
	case 1:
		return chatOf(one(w, walkPeople) + " again")
	}
	return chatOf(one(w, walkPeople))
}

func (w *walker) who() rights.Who {
	who := rights.Who{Chat: w.chat(), Person: person(one(w, walkPeople)), Unverified: w.rand.IntN(4) == 0}
	who.Private = !slices.Contains(walkGroups, who.Chat.ID)
	return who
}

func (w *walker) pages() []rights.Page {
	var list []rights.Page
	for _, p := range []rights.Page{rights.Grades, rights.Homework, rights.Timetable, rights.WalletPage} { // sorted
		if w.rand.IntN(2) == 0 {
			list = append(list, p)
		}
	}
	return list
}

// committed makes a change in a transaction, as core does.
func (w *walker) committed(change func(store.Tx) error, named ...string) error {
	err := w.store.Update(change)
	must(w.t, w.r.Refresh(named...))
	return err
}

// named are the accounts that a Refresh is told of, or none.
func (w *walker) named(id string) []string {
	if w.rand.IntN(2) == 0 {
		return nil
	}
	return []string{id}
}

// step changes both in the same way, and returns what it did and what they answered.
func (w *walker) step() (what string, got, want error) {
	w.clock.at = w.clock.at.Add(time.Duration(w.rand.IntN(2)) * time.Second)
	who, id := w.who(), one(w, walkIDs)
	switch n := w.rand.IntN(20); {
	case n < 5:
		a := rights.Account{ID: id, Kind: one(w, []rights.Kind{rights.School, rights.Wallet}), Owner: who.Person, Home: w.chat(), Since: w.clock.at}
		return fmt.Sprint("add ", a), w.committed(func(tx store.Tx) error { return w.r.Add(tx, a) }, w.named(id)...), w.m.add(a)
	case n < 10:
		g := rights.Grant{Group: w.chat(), Account: id, Pages: w.pages(), Since: w.clock.at}
		if len(g.Pages) == 0 {
			return fmt.Sprint("show nothing ", g), w.r.Show(who, g), rights.ErrNothing
		}
		return fmt.Sprint("show ", who, g), w.r.Show(who, g), w.m.show(who, g)
	case n < 13:
		group := w.chat()
		return fmt.Sprint("hide ", who, group, id), w.r.Hide(who, group, id), w.m.hide(who, group, id)
	case n < 15:
		to := w.chat()
		w.m.moveTo(who.Person, to)
		return fmt.Sprint("move ", who.Person, to), w.r.Move(who.Person, to), nil
	case n < 17:
		old, to := w.chat(), w.chat()
		w.m.moveChat(old, to)
		return fmt.Sprint("move chat ", old, to), w.committed(func(tx store.Tx) error { return w.r.MoveChat(tx, old, to) }), nil
	case n < 19:
		w.m.forget(id)
		return fmt.Sprint("forget ", id), w.committed(func(tx store.Tx) error { return w.r.Forget(tx, id) }, w.named(id)...), nil
	default:
		w.m.forgetPerson(who.Person)
		return fmt.Sprint("forget ", who.Person), w.committed(func(tx store.Tx) error { return w.r.ForgetPerson(tx, who.Person) }), nil
	}
}

// agree fails unless Rights say what the model says, and memory what is stored.
func (w *walker) agree() {
	w.t.Helper()
	for range 6 {
		who, kind := w.who(), one(w, []rights.Kind{rights.School, rights.Wallet})
		if got, want := w.r.Owned(who), w.m.owned(who); !slices.Equal(got, want) {
			w.t.Errorf("owned by %v: got %v, want %v", who, ids(got), ids(want))
		}
		for _, page := range []rights.Page{rights.Timetable, rights.Grades, rights.WalletPage} {
			if got, want := w.r.Readable(who, kind, page), w.m.readable(who, kind, page); !slices.Equal(got, want) {
				w.t.Errorf("readable by %v: got %v, want %v", who, ids(got), ids(want))
			}
		}
		group := w.chat()
		var shown, shownThere []string
		for _, g := range w.m.grants {
			if g.Group == group {
				shown = append(shown, fmt.Sprint(g))
			}
		}
		for _, g := range w.r.Shown(group) {
			shownThere = append(shownThere, fmt.Sprint(g))
		}
		if !slices.Equal(sorted(shown), sorted(shownThere)) {
			w.t.Errorf("shown in %v: got %v, want %v", group, shownThere, shown)
		}
		id := one(w, walkIDs)
		var places []string
		for _, g := range w.m.grants {
			if g.Account == id {
				places = append(places, id+"@"+g.Group.ID)
			}
		}
		var got []string
		for _, g := range w.r.ShownOf(id) {
			got = append(got, g.Account+"@"+g.Group.ID)
		}
		if !slices.Equal(sorted(got), sorted(places)) {
			w.t.Errorf("%s is shown in %v, want %v", id, got, places)
		}
		if a, known := w.r.Account(id); known != (w.m.account(id) != nil) || known && a != *w.m.account(id) {
			w.t.Errorf("account %s: got %v, %t", id, a, known)
		}
	}
	fresh, err := rights.New(rights.Config{Store: w.store, Open: true})
	must(w.t, err)
	if diff := rights.Differ(w.r, fresh); diff != "" {
		w.t.Errorf("memory and disk differ: %s", diff)
	}
}

func TestRandomWalk(t *testing.T) {
	steps := 3000
	if testing.Short() {
		steps = 500
	}
	for _, seed := range []uint64{1, 2} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &walker{t: t, rand: rand.New(rand.NewPCG(seed, 0)), clock: &clock{noon}, store: newStore(t)}
			r, err := rights.New(rights.Config{Store: w.store, Now: w.clock.now, Open: true})
			must(t, err)
			w.r = r
			for n := range steps / 2 {
				what, got, want := w.step()
				if !errors.Is(got, want) || want == nil && got != nil {
					t.Errorf("%s: got %v, want %v", what, got, want)
				}
				if w.agree(); t.Failed() {
					t.Fatalf("after step %d: %s", n, what)
				}
			}
			// What was removed has left nothing behind, in whichever table.
			for _, p := range walkPeople {
				must(t, w.committed(func(tx store.Tx) error { return w.r.ForgetPerson(tx, person(p)) }))
			}
			is(t, "records left", records(t, w.store), 0)
		})
	}
}

// TestManyAtOnce has people and readings at work at the same time: in the end memory is what is stored.
func TestManyAtOnce(t *testing.T) {
	s := newStore(t)
	r := open(t, s)
	for _, p := range walkPeople {
		add(t, s, r, account("of "+p, rights.School, p))
	}
	var wg sync.WaitGroup
	for _, p := range walkPeople {
		wg.Go(func() {
			for n := range 40 {
				group := walkGroups[n%len(walkGroups)]
				err := r.Show(private(p), rights.Grant{Group: chatOf(group), Account: "of " + p, Pages: schoolPages})
				if n%4 < 2 {
					err = errors.Join(err, r.Hide(in(group, p), chatOf(group), "of "+p))
				}
				if err != nil {
					t.Error(err)
				}
				if shown := granted(r.ShownOf("of " + p)); strings.Contains(shown, group) != (n%4 >= 2) {
					t.Errorf("step %d of %s: shown in %s", n, p, shown)
				}
			}
		})
		wg.Go(func() {
			for n := range 40 {
				if err := errors.Join(r.Move(person(p), chatOf(fmt.Sprint(p, n%2))), r.Refresh(), r.Refresh("of "+p)); err != nil {
					t.Error(err)
				}
				r.Readable(in("family", p), rights.School, "")
			}
		})
	}
	wg.Wait()
	if diff := rights.Differ(r, open(t, s)); diff != "" {
		t.Errorf("memory and disk differ: %s", diff)
	}
}

// records counts what is stored in the tables of accounts and grants.
func records(t testing.TB, s store.Store) (n int) {
	t.Helper()
	must(t, s.View(func(tx store.Tx) error {
		for _, bucket := range []string{"accounts", "account_places", "account_homes", "grants", "account_grants"} {
			if _, err := tx.All(bucket, func(_, _ string, _ []byte) error { n++; return nil }); err != nil {
				return err
			}
		}
		return nil
	}))
	return n
}
