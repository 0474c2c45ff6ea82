package rights_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
)

// family is a school and a wallet of Anna's, who is with Bob in a group; both have something else.
func family(t *testing.T) (store.Store, *rights.Rights) {
	t.Helper()
	s := newStore(t)
	return s, familyIn(t, s)
}

func familyIn(t *testing.T, s store.Store) *rights.Rights {
	t.Helper()
	r := open(t, s)
	add(
		t, s, r,
		account("school", rights.School, "anna"), account("wallet", rights.Wallet, "anna"), account("other", rights.School, "bob"),
	)
	return r
}

// TestTableOfRights has a case for each cell of the table in docs/architecture.md that reading is about.
func TestTableOfRights(t *testing.T) {
	const group = "group"
	shows := func(account string, pages ...rights.Page) rights.Grant {
		return rights.Grant{Group: chatOf(group), Account: account, Pages: pages}
	}
	all := []rights.Page{rights.Timetable, rights.Homework, rights.Grades}
	for _, tt := range []struct {
		name   string
		grants []rights.Grant
		who    rights.Who
		kind   rights.Kind
		page   rights.Page
		want   string
	}{
		{"in private the owner reads all", nil, private("anna"), rights.School, rights.Grades, "school"},
		{"and the wallet", nil, private("anna"), rights.Wallet, rights.WalletPage, "wallet"},
		{"others do not there, who have the chat now", nil, rights.Who{Chat: chatOf("anna"), Person: person("bob"), Private: true}, rights.School, rights.Timetable, ""},
		{"nor the owner in another private chat", nil, rights.Who{Chat: chatOf("anna 2"), Person: person("anna"), Private: true}, rights.School, rights.Timetable, ""},
		{"what is shown in a group is not read in private", []rights.Grant{shows("school", all...)}, rights.Who{Chat: chatOf(group), Person: person("bob"), Private: true}, rights.School, rights.Timetable, ""},
		{"the owner reads nothing in a group unless shown", nil, in(group, "anna"), rights.School, rights.Timetable, ""},
		{"not even where the account is at home, once others have joined", nil, in("anna", "anna"), rights.School, rights.Timetable, ""},
		{"others read what is shown", []rights.Grant{shows("school", schoolPages...)}, in(group, "bob"), rights.School, rights.Homework, "school"},
		{"and the owner", []rights.Grant{shows("school", schoolPages...)}, in(group, "anna"), rights.School, rights.Timetable, "school"},
		{"in that group alone", []rights.Grant{shows("school", schoolPages...)}, in("elsewhere", "bob"), rights.School, rights.Timetable, ""},
		{"no grades unless shown", []rights.Grant{shows("school", schoolPages...)}, in(group, "bob"), rights.School, rights.Grades, ""},
		{"grades when shown", []rights.Grant{shows("school", all...)}, in(group, "bob"), rights.School, rights.Grades, "school"},
		{"no balance unless shown", []rights.Grant{shows("school", all...)}, in(group, "bob"), rights.Wallet, rights.WalletPage, ""},
		{"balance when shown", []rights.Grant{shows("wallet", rights.WalletPage)}, in(group, "bob"), rights.Wallet, rights.WalletPage, "wallet"},
		{"a wallet is no school", []rights.Grant{shows("wallet", rights.Timetable)}, in(group, "bob"), rights.School, rights.Timetable, ""},
		{"any page will do where none is named", []rights.Grant{shows("school", rights.Grades)}, in(group, "bob"), rights.School, "", "school"},
		{"any kind too", []rights.Grant{shows("school", rights.Grades), shows("wallet", rights.WalletPage)}, in(group, "bob"), "", "", "school wallet"},
		{"an unverified word reads what is shown", []rights.Grant{shows("school", schoolPages...)}, unverified(in(group, "bob")), rights.School, rights.Timetable, "school"},
		{"and what is at home", nil, unverified(private("anna")), rights.School, rights.Timetable, "school"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, r := family(t)
			for _, g := range tt.grants {
				must(t, r.Show(private("anna"), g))
			}
			is(t, "readable", ids(r.Readable(tt.who, tt.kind, tt.page)), tt.want)
		})
	}
}

func TestWhoMayTouchWhat(t *testing.T) {
	_, r := family(t)
	for _, tt := range []struct {
		name string
		who  rights.Who
		want string
	}{
		{"all in private", private("anna"), "school wallet"},
		{"all from a group", in("group", "anna"), "school wallet"},
		{"nothing of others", in("anna", "bob"), "other"},
		{"at an unverified word what is at home", unverified(private("anna")), "school wallet"},
		{"and nothing else", unverified(in("group", "anna")), ""},
		{"nobody nothing", private("carla"), ""},
	} {
		is(t, tt.name, ids(r.Owned(tt.who)), tt.want)
	}
	is(t, "all of a person's", ids(r.Of(person("anna"))), "school wallet")
}

func TestOnlyTheOwnerShowsAndHides(t *testing.T) {
	_, r := family(t)
	g := rights.Grant{Group: chatOf("group"), Account: "school", Pages: schoolPages}
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, rights.ErrNotYours) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	refused("another shows", r.Show(in("group", "bob"), g))
	refused("an unverified word from elsewhere shows", r.Show(unverified(in("group", "anna")), g))
	refused("of an account that is not there", r.Show(private("anna"), rights.Grant{Group: g.Group, Account: "none", Pages: schoolPages}))
	if err := r.Show(private("anna"), rights.Grant{Group: g.Group, Account: "school"}); !errors.Is(err, rights.ErrNothing) {
		t.Errorf("nothing was shown: %v", err)
	}
	is(t, "shown", granted(r.Shown(g.Group)), "")

	must(t, r.Show(unverified(private("anna")), g)) // at home the word is enough
	is(t, "shown", granted(r.Shown(g.Group)), "school@group")
	refused("another hides", r.Hide(in("group", "bob"), g.Group, "school"))
	refused("of an account that is not there", r.Hide(in("group", "anna"), g.Group, "none"))
	is(t, "shown", granted(r.Shown(g.Group)), "school@group")
	must(t, r.Hide(unverified(in("group", "anna")), g.Group, "school")) // it only takes away
	must(t, r.Hide(in("group", "anna"), g.Group, "school"))             // and may be said twice
	is(t, "shown", granted(r.Shown(g.Group)), "")
}

func TestShowingAgainReplacesThePages(t *testing.T) {
	s, r := family(t)
	group := chatOf("group")
	must(t, r.Show(private("anna"), rights.Grant{Group: group, Account: "school", Pages: []rights.Page{rights.Homework, rights.Grades, rights.Homework}}))
	must(t, r.Show(private("anna"), rights.Grant{Group: group, Account: "school", Pages: schoolPages, Since: noon.Add(-time.Hour)}))
	for name, r := range map[string]*rights.Rights{"before": r, "after a restart": open(t, s)} {
		shown := r.Shown(group)
		if len(shown) != 1 || shown[0].Has(rights.Grades) || !shown[0].Has(rights.Homework) || !shown[0].Since.Equal(noon) {
			t.Errorf("%s: %v", name, shown)
		}
		shown[0].Pages[0] = rights.Grades
		if r.Shown(group)[0].Has(rights.Grades) || r.ShownOf("school")[0].Has(rights.Grades) {
			t.Errorf("%s: what is handed out shares memory", name)
		}
	}
}

// TestHidingWinsOverAnOlderReading has a reading begin before an account is hidden and end after: it must not bring
// back what it read.
func TestHidingWinsOverAnOlderReading(t *testing.T) {
	for name, read := range map[string]func(*rights.Rights) error{
		"everything":  func(r *rights.Rights) error { return r.Refresh() },
		"one account": func(r *rights.Rights) error { return r.Refresh("school") },
	} {
		t.Run(name, func(t *testing.T) {
			s := &pausing{Store: newStore(t)}
			r := open(t, s)
			add(t, s, r, account("school", rights.School, "anna"))
			group := chatOf("group")
			must(t, r.Show(private("anna"), rights.Grant{Group: group, Account: "school", Pages: schoolPages}))

			s.pause()
			reading, hiding := make(chan error, 1), make(chan error, 1)
			go func() { reading <- read(r) }()
			<-s.paused
			go func() { hiding <- r.Hide(in("group", "anna"), group, "school") }()
			<-s.committed
			s.others() // the reading that follows the hiding goes on, if it does not wait
			close(s.resume)
			must(t, <-reading)
			must(t, <-hiding)
			is(t, "shown after it was hidden", granted(r.Shown(group)), "")
		})
	}
}

func TestAccountsAreInOrder(t *testing.T) {
	s := newStore(t)
	r := open(t, s)
	for _, a := range []rights.Account{
		account("c", rights.School, "anna"), account("a", rights.School, "anna"), account("b", rights.School, "anna"), account("d", rights.School, "anna"),
	} {
		if a.ID == "d" {
			a.Since = noon.Add(-time.Hour)
		}
		add(t, s, r, a)
		must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("group"), Account: a.ID, Pages: schoolPages}))
	}
	for name, r := range map[string]*rights.Rights{"before": r, "after a restart": open(t, s)} {
		is(t, name+": owned", ids(r.Owned(private("anna"))), "d a b c")
		is(t, name+": in private", ids(r.Readable(private("anna"), rights.School, "")), "d a b c")
		is(t, name+": in a group", ids(r.Readable(in("group", "bob"), rights.School, "")), "d a b c")
		is(t, name+": shown", granted(r.Shown(chatOf("group"))), "d@group a@group b@group c@group")
	}
}

func TestLinkingAgainKeepsWhatWasShownAndSinceWhen(t *testing.T) {
	s, r := family(t)
	must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("group"), Account: "school", Pages: schoolPages}))
	again := account("school", rights.School, "anna")
	again.Label, again.Since, again.Home = "new label", noon.Add(time.Hour), chatOf("anna 2")
	add(t, s, r, again)
	a, known := r.Account("school")
	if !known || a.Label != "new label" || !a.Since.Equal(noon) || a.Home != again.Home {
		t.Errorf("got %v, %t", a, known)
	}
	is(t, "shown", granted(r.ShownOf("school")), "school@group")

	stolen := account("school", rights.School, "bob")
	if err := s.Update(func(tx store.Tx) error { return r.Add(tx, stolen) }); !errors.Is(err, rights.ErrNotYours) {
		t.Errorf("another's ID was taken: %v", err)
	}
	must(t, r.Refresh())
	is(t, "of Bob", ids(r.Of(person("bob"))), "other")
}

func TestANewAccountIsOfNow(t *testing.T) {
	s := newStore(t)
	r := open(t, s)
	a := account("new", rights.School, "anna")
	a.Since = time.Time{}
	add(t, s, r, a)
	if a, _ := r.Account("new"); !a.Since.Equal(noon) {
		t.Errorf("since %v", a.Since)
	}
}

func TestAccountsFollowTheirOwner(t *testing.T) {
	s, _ := family(t)
	counted := &counting{Store: s}
	r, err := rights.New(rights.Config{Store: counted, Open: true})
	must(t, err)
	must(t, r.Move(person("anna"), chatOf("anna"))) // they are there
	must(t, r.Move(person("carla"), chatOf("carla")))
	is(t, "writes for nothing", counted.updates, 0)
	must(t, r.Move(person("anna"), chatOf("anna 2")))
	is(t, "writes", counted.updates, 1)
	for name, r := range map[string]*rights.Rights{"before": r, "after a restart": open(t, s)} {
		is(t, name+": where she writes", ids(r.Readable(rights.Who{Chat: chatOf("anna 2"), Person: person("anna"), Private: true}, "", "")), "school wallet")
		is(t, name+": where she wrote", ids(r.Readable(private("anna"), "", "")), "")
		is(t, name+": of Bob", ids(r.Readable(private("bob"), "", "")), "other")
	}
}

func TestAChatThatHasMovedKeepsWhatWasItsOwn(t *testing.T) {
	s, r := family(t)
	old, to := chatOf("group"), chatOf("supergroup")
	all := rights.Grant{Group: old, Account: "school", Pages: append(slices.Clone(schoolPages), rights.Grades)}
	must(t, r.Show(private("anna"), all))
	must(t, r.Show(private("anna"), rights.Grant{Group: old, Account: "wallet", Pages: []rights.Page{rights.WalletPage}}))
	must(t, r.Show(private("bob"), rights.Grant{Group: chatOf("elsewhere"), Account: "other", Pages: schoolPages}))
	less := rights.Grant{Group: to, Account: "school", Pages: schoolPages}
	must(t, r.Show(private("anna"), less)) // in the new one already

	move := func(old, to chat.ChatID) {
		t.Helper()
		must(t, s.Update(func(tx store.Tx) error { return r.MoveChat(tx, old, to) }))
		must(t, r.Refresh())
	}
	move(old, to)
	move(old, to) // the platform may say so twice
	move(to, to)
	move(chatOf("anna"), chatOf("anna 2"))
	for name, r := range map[string]*rights.Rights{"before": r, "after a restart": open(t, s)} {
		is(t, name+": in the old group", granted(r.Shown(old)), "")
		is(t, name+": in the new one", granted(r.Shown(to)), "school@supergroup wallet@supergroup")
		is(t, name+": grades there", ids(r.Readable(in("supergroup", "bob"), rights.School, rights.Grades)), "")
		is(t, name+": elsewhere", granted(r.ShownOf("other")), "other@elsewhere")
		is(t, name+": at home", ids(r.Readable(rights.Who{Chat: chatOf("anna 2"), Person: person("anna"), Private: true}, "", "")), "school wallet")
	}
	must(t, s.Update(func(tx store.Tx) error { return r.Forget(tx, "wallet") }))
	must(t, r.Refresh("wallet"))
	is(t, "after the wallet was forgotten", granted(open(t, s).Shown(to)), "school@supergroup")
}

func TestForgetting(t *testing.T) {
	s, r := family(t)
	group := chatOf("group")
	for _, id := range []string{"school", "wallet"} {
		must(t, r.Show(private("anna"), rights.Grant{Group: group, Account: id, Pages: schoolPages}))
	}
	must(t, r.Show(private("bob"), rights.Grant{Group: group, Account: "other", Pages: schoolPages}))
	must(t, s.Update(func(tx store.Tx) error { return errors.Join(r.Forget(tx, "school"), r.Forget(tx, "none")) }))
	must(t, r.Refresh("school", "none"))
	is(t, "of Anna", ids(r.Of(person("anna"))), "wallet")
	is(t, "shown", granted(r.Shown(group)), "other@group wallet@group")

	must(t, s.Update(func(tx store.Tx) error {
		return errors.Join(rights.PutPerson(tx, person("anna"), noon), r.ForgetPerson(tx, person("anna")), r.ForgetPerson(tx, person("carla")))
	}))
	must(t, r.Refresh())
	is(t, "of Anna", ids(r.Of(person("anna"))), "")
	is(t, "shown", granted(r.Shown(group)), "other@group")
	is(t, "of Bob", ids(r.Of(person("bob"))), "other")
	must(t, s.Update(func(tx store.Tx) error { return r.Forget(tx, "other") }))
	is(t, "records left", records(t, s), 0)
}

func TestExport(t *testing.T) {
	s, r := family(t)
	must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("group"), Account: "school", Pages: []rights.Page{rights.Grades}}))
	must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("class"), Account: "school", Pages: schoolPages}))
	must(t, s.Update(func(tx store.Tx) error { return rights.PutPerson(tx, person("anna"), noon) }))
	must(t, s.View(func(tx store.Tx) error {
		x, err := r.Export(tx, "school")
		must(t, err)
		if x.Kind != "school" || x.Label != "label of school" || !x.Linked.Equal(noon) || x.Home != chatOf("anna") || len(x.ShownIn) != 2 {
			t.Errorf("got %+v", x)
		} else if g := x.ShownIn[1]; g.Group != chatOf("group") || !slices.Equal(g.Pages, []string{"grades"}) || !g.Since.Equal(noon) {
			t.Errorf("got %+v", g)
		}
		if _, err := r.Export(tx, "none"); !errors.Is(err, rights.ErrNotYours) {
			t.Errorf("got %v", err)
		}
		p, err := r.ExportPerson(tx, person("anna"))
		must(t, err)
		if !p.Admitted.Equal(noon) {
			t.Errorf("got %+v", p)
		}
		p, err = r.ExportPerson(tx, person("bob"))
		must(t, err)
		if !p.Admitted.IsZero() {
			t.Errorf("got %+v", p)
		}
		return nil
	}))
}
