package rights_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"cartable/core/rights"
	"cartable/core/store"
	"cartable/core/store/storetest"
)

// damaged is what family makes, with something shown of every account, and one record damaged.
func damaged(t *testing.T, bucket, group, name string) (storetest.Damageable, *rights.Rights) {
	t.Helper()
	s := newStore(t)
	r := familyIn(t, s)
	for id, owner := range map[string]string{"school": "anna", "wallet": "anna", "other": "bob"} {
		must(t, r.Show(private(owner), rights.Grant{Group: chatOf("group"), Account: id, Pages: schoolPages}))
	}
	must(t, s.Damage(bucket, group, name))
	return s, open(t, s)
}

func TestAnUnreadableAccountIsLeftOut(t *testing.T) {
	s, r := damaged(t, "accounts", person("anna").Key(), "school")
	is(t, "damaged", r.Damaged(), 1)
	is(t, "of Anna", ids(r.Of(person("anna"))), "wallet")
	is(t, "of Bob", ids(r.Of(person("bob"))), "other")
	is(t, "shown", granted(r.Shown(chatOf("group"))), "other@group wallet@group")
	is(t, "shown of it", granted(r.ShownOf("school")), "")
	is(t, "readable", ids(r.Readable(in("group", "bob"), rights.School, rights.Timetable)), "other")
	must(t, r.Move(person("anna"), chatOf("anna 2")))
	must(t, s.Update(func(tx store.Tx) error { return r.MoveChat(tx, chatOf("anna"), chatOf("anna 3")) }))
	if err := r.Show(private("anna"), rights.Grant{Group: chatOf("group"), Account: "school", Pages: schoolPages}); !errors.Is(err, store.ErrUnreadable) {
		t.Errorf("it was shown: %v", err)
	}
	must(t, s.View(func(tx store.Tx) error {
		if _, err := r.Export(tx, "school"); !errors.Is(err, store.ErrUnreadable) {
			t.Errorf("it was exported: %v", err)
		}
		_, err := r.Export(tx, "wallet")
		return err
	}))

	stolen := account("school", rights.School, "bob")
	if err := s.Update(func(tx store.Tx) error { return r.Add(tx, stolen) }); !errors.Is(err, rights.ErrNotYours) {
		t.Errorf("another took the ID: %v", err)
	}
	add(t, s, r, account("school", rights.School, "anna")) // linked again
	is(t, "of Anna", ids(r.Of(person("anna"))), "school wallet")
	is(t, "readable again", ids(r.Readable(in("group", "bob"), rights.School, rights.Timetable)), "other school")
	must(t, r.Refresh())
	is(t, "damaged", r.Damaged(), 0)
}

func TestAnUnreadableAccountCanBeHiddenAndForgotten(t *testing.T) {
	for name, forget := range map[string]func(*rights.Rights, store.Tx) error{
		"account": func(r *rights.Rights, tx store.Tx) error { return r.Forget(tx, "school") },
		"person":  func(r *rights.Rights, tx store.Tx) error { return r.ForgetPerson(tx, person("anna")) },
	} {
		t.Run(name, func(t *testing.T) {
			s, r := damaged(t, "accounts", person("anna").Key(), "school")
			if err := r.Hide(in("group", "bob"), chatOf("group"), "school"); !errors.Is(err, rights.ErrNotYours) {
				t.Errorf("another hid it: %v", err)
			}
			must(t, r.Hide(in("group", "anna"), chatOf("group"), "school"))
			must(t, s.Update(func(tx store.Tx) error {
				return errors.Join(forget(r, tx), r.Forget(tx, "wallet"), r.Forget(tx, "other"))
			}))
			must(t, r.Refresh())
			is(t, "damaged", r.Damaged(), 0)
			is(t, "records left", records(t, s), 0)
		})
	}
}

func TestAnUnreadableGrantIsNone(t *testing.T) {
	s, r := damaged(t, "grants", chatOf("group").Key(), "school")
	is(t, "damaged", r.Damaged(), 1)
	is(t, "shown", granted(r.Shown(chatOf("group"))), "other@group wallet@group")
	is(t, "readable", ids(r.Readable(in("group", "bob"), rights.School, rights.Timetable)), "other")
	is(t, "of Anna", ids(r.Of(person("anna"))), "school wallet")
	must(t, s.View(func(tx store.Tx) error {
		x, err := r.Export(tx, "school")
		is(t, "exported grants", len(x.ShownIn), 0)
		return err
	}))
	must(t, s.Update(func(tx store.Tx) error { return r.MoveChat(tx, chatOf("group"), chatOf("supergroup")) }))
	must(t, r.Refresh())
	is(t, "shown", granted(r.Shown(chatOf("supergroup"))), "other@supergroup wallet@supergroup")
	must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("group"), Account: "school", Pages: schoolPages}))
	is(t, "shown again", granted(r.Shown(chatOf("group"))), "school@group")
}

func TestForgettingGoesToUnreadableGrants(t *testing.T) {
	s, r := damaged(t, "grants", chatOf("group").Key(), "school")
	must(t, s.Update(func(tx store.Tx) error {
		return errors.Join(r.Forget(tx, "school"), r.Forget(tx, "wallet"), r.Forget(tx, "other"))
	}))
	must(t, r.Refresh())
	is(t, "damaged", r.Damaged(), 0)
	is(t, "records left", records(t, s), 0)
}

// TestAGrantMovesOverAnUnreadableOne has a damaged grant in the group that another becomes.
func TestAGrantMovesOverAnUnreadableOne(t *testing.T) {
	s, r := damaged(t, "grants", chatOf("supergroup").Key(), "school")
	must(t, s.Update(func(tx store.Tx) error { return r.MoveChat(tx, chatOf("group"), chatOf("supergroup")) }))
	must(t, r.Refresh())
	is(t, "shown", granted(r.ShownOf("school")), "school@supergroup")
}

// TestUnreadableSignposts damages each of the records that only lead to others.
func TestUnreadableSignposts(t *testing.T) {
	for _, tt := range []struct{ bucket, group, name string }{
		{"account_places", "", "school"},
		{"account_homes", chatOf("anna").Key(), "school"},
		{"account_grants", "school", chatOf("group").Key()},
	} {
		t.Run(tt.bucket, func(t *testing.T) {
			s, r := damaged(t, tt.bucket, tt.group, tt.name)
			is(t, "of Anna", ids(r.Of(person("anna"))), "school wallet")
			is(t, "shown", granted(r.Shown(chatOf("group"))), "other@group school@group wallet@group")
			stolen := account("school", rights.School, "bob")
			if err := s.Update(func(tx store.Tx) error { return r.Add(tx, stolen) }); !errors.Is(err, rights.ErrNotYours) {
				t.Errorf("another took the ID: %v", err)
			}
			must(t, r.Refresh("school"))
			must(t, r.Hide(in("group", "anna"), chatOf("group"), "school"))
			must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("class"), Account: "school", Pages: schoolPages}))
			is(t, "shown", granted(r.ShownOf("school")), "school@class")
			must(t, r.Move(person("anna"), chatOf("anna 2")))
			must(t, s.Update(func(tx store.Tx) error { return r.Forget(tx, "school") }))
			must(t, r.Refresh("school"))
			for name, r := range map[string]*rights.Rights{"before": r, "after a restart": open(t, s)} {
				is(t, name+": of Anna", ids(r.Of(person("anna"))), "wallet")
				is(t, name+": of Bob", ids(r.Of(person("bob"))), "other")
				is(t, name+": shown", granted(r.Shown(chatOf("group"))), "other@group wallet@group")
			}
			must(t, s.Update(func(tx store.Tx) error {
				return errors.Join(r.Forget(tx, "wallet"), r.Forget(tx, "other"))
			}))
			is(t, "records left", records(t, s), 0)
		})
	}
}

// TestAnAccountWithoutSignpost is one whose damaged signpost was purged.
func TestAnAccountWithoutSignpost(t *testing.T) {
	s, r := family(t)
	must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("group"), Account: "school", Pages: schoolPages}))
	must(t, s.Update(func(tx store.Tx) error { return tx.Delete("account_places", "", "school") }))
	if err := r.Hide(in("group", "bob"), chatOf("group"), "school"); !errors.Is(err, rights.ErrNotYours) {
		t.Errorf("another hid it: %v", err)
	}
	must(t, r.Hide(in("group", "anna"), chatOf("group"), "school"))
	is(t, "shown", granted(r.Shown(chatOf("group"))), "")
	must(t, s.Update(func(tx store.Tx) error { return r.Forget(tx, "school") }))
	must(t, r.Refresh("school"))
	is(t, "of Anna", ids(open(t, s).Of(person("anna"))), "wallet")
}

func TestARecordInAnothersPlaceIsLeftOut(t *testing.T) {
	s, r := family(t)
	must(t, r.Show(private("anna"), rights.Grant{Group: chatOf("group"), Account: "school", Pages: schoolPages}))
	must(t, s.Update(func(tx store.Tx) error {
		for _, copied := range []struct{ bucket, from, name, to string }{
			{"accounts", person("anna").Key(), "wallet", person("bob").Key()},
			{"grants", chatOf("group").Key(), "school", chatOf("class").Key()},
		} {
			value, err := tx.Get(copied.bucket, copied.from, copied.name)
			if err != nil {
				return err
			}
			if err := tx.Put(copied.bucket, copied.to, copied.name, value); err != nil {
				return err
			}
		}
		return nil
	}))
	for name, read := range map[string]func() error{
		"all": func() error { return r.Refresh() }, "some": func() error { return r.Refresh("other", "school") },
		"group": func() error { return r.Hide(private("bob"), chatOf("class"), "other") },
	} {
		must(t, read())
		is(t, name+": of Bob", ids(r.Of(person("bob"))), "other")
		is(t, name+": of Anna", ids(r.Of(person("anna"))), "school wallet")
		is(t, name+": in the group", granted(r.Shown(chatOf("class"))), "")
		is(t, name+": shown", granted(r.ShownOf("school")), "school@group")
	}
	must(t, r.Refresh())
	is(t, "damaged", r.Damaged(), 2)
}

// TestAStaleSignpostMovesNobody has an account be linked again elsewhere that could not be read, nor where it was.
func TestAStaleSignpostMovesNobody(t *testing.T) {
	s, r := damaged(t, "accounts", person("anna").Key(), "school")
	must(t, s.Damage("account_places", "", "school"))
	again := account("school", rights.School, "anna")
	again.Home = chatOf("anna 2")
	add(t, s, r, again)
	must(t, s.Update(func(tx store.Tx) error { return r.MoveChat(tx, chatOf("anna"), chatOf("anna 3")) }))
	must(t, r.Refresh())
	a, _ := r.Account("school")
	is(t, "home", a.Home, chatOf("anna 2"))
	a, _ = r.Account("wallet")
	is(t, "home of another", a.Home, chatOf("anna 3"))
}

func TestDamageIsLoggedWithoutNames(t *testing.T) {
	s, _ := damaged(t, "accounts", person("anna").Key(), "school")
	var log strings.Builder
	_, err := rights.New(rights.Config{Store: s, Log: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	if !strings.Contains(log.String(), "count=1") || strings.Contains(log.String(), "anna") || strings.Contains(log.String(), "school") {
		t.Errorf("logged %q", log.String())
	}
}

// TestWhatTheStoreDoesNotGiveIsNotShown has the store fail after an account was hidden.
func TestWhatTheStoreDoesNotGiveIsNotShown(t *testing.T) {
	s, _ := family(t)
	counted := &counting{Store: s}
	r := open(t, counted)
	for _, group := range []string{"group", "class"} {
		must(t, r.Show(private("anna"), rights.Grant{Group: chatOf(group), Account: "school", Pages: schoolPages}))
	}
	counted.away = true
	if err := r.Hide(in("group", "anna"), chatOf("group"), "school"); !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
	is(t, "shown", granted(r.ShownOf("school")), "school@class")
	if err := r.Refresh(); !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
	is(t, "shown", granted(r.ShownOf("school")), "school@class")
	if err := r.Refresh("school"); !errors.Is(err, errAway) {
		t.Errorf("got %v", err)
	}
	is(t, "shown", granted(r.ShownOf("school")), "")
	if _, err := rights.New(rights.Config{Store: counted}); !errors.Is(err, errAway) {
		t.Errorf("it starts without its store: %v", err)
	}
	counted.away = false
	must(t, r.Refresh())
	is(t, "shown", granted(r.ShownOf("school")), "school@class")
}

// TestEachFailedWrite has each write of what is done in turn fail, and expects nothing of it to be done.
func TestEachFailedWrite(t *testing.T) {
	group, to := chatOf("group"), chatOf("supergroup")
	for name, do := range map[string]func(store.Store, *rights.Rights) error{
		"show": func(_ store.Store, r *rights.Rights) error {
			return r.Show(private("anna"), rights.Grant{Group: chatOf("class"), Account: "school", Pages: schoolPages})
		},
		"hide": func(_ store.Store, r *rights.Rights) error { return r.Hide(private("anna"), group, "school") },
		"move": func(_ store.Store, r *rights.Rights) error { return r.Move(person("anna"), chatOf("anna 2")) },
		"add": func(s store.Store, r *rights.Rights) error {
			return s.Update(func(tx store.Tx) error {
				return errors.Join(r.Add(tx, account("new", rights.School, "bob")), r.Add(tx, func() rights.Account {
					a := account("school", rights.School, "anna")
					a.Home = chatOf("anna 2")
					return a
				}()))
			})
		},
		"forget": func(s store.Store, r *rights.Rights) error {
			return s.Update(func(tx store.Tx) error { return r.Forget(tx, "school") })
		},
		"forget person": func(s store.Store, r *rights.Rights) error {
			return s.Update(func(tx store.Tx) error { return r.ForgetPerson(tx, person("anna")) })
		},
		"move chat": func(s store.Store, r *rights.Rights) error {
			return s.Update(func(tx store.Tx) error {
				return errors.Join(r.MoveChat(tx, group, to), r.MoveChat(tx, chatOf("anna"), chatOf("anna 2")))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newVault(t)
			r := familyIn(t, s)
			must(t, r.Show(private("anna"), rights.Grant{Group: group, Account: "school", Pages: schoolPages}))
			before := records(t, s)
			faulty := &storetest.Faulty{Store: s}
			r = open(t, faulty)
			writes := 0
			for n := 1; ; n++ {
				faulty.FailWrite(n)
				err := do(faulty, r)
				if !faulty.Failed() {
					must(t, err)
					break
				}
				writes++
				if !errors.Is(err, storetest.ErrFault) {
					t.Errorf("write %d failed and nobody said so: %v", n, err)
				}
				must(t, r.Refresh())
				is(t, "records", records(t, s), before)
				is(t, "of Anna", ids(r.Readable(private("anna"), "", "")), "school wallet")
				is(t, "shown", granted(r.ShownOf("school")), "school@group")
				if diff := rights.Differ(r, open(t, s)); diff != "" {
					t.Errorf("memory and disk differ: %s", diff)
				}
			}
			if writes == 0 {
				t.Error("nothing was written")
			}
		})
	}
}

// TestAPlaceThatNamesNobody is a record that is whole and has nothing in it: the account is found all the same.
func TestAPlaceThatNamesNobody(t *testing.T) {
	s, r := damaged(t, "account_places", "", "school")
	must(t, s.Update(func(tx store.Tx) error { return tx.Put("account_places", "", "school", []byte("1 {}")) }))
	must(t, s.View(func(tx store.Tx) error {
		_, err := r.Export(tx, "school")
		return err
	}))
	must(t, s.Update(func(tx store.Tx) error { return r.Forget(tx, "school") }))
	must(t, r.Refresh())
	is(t, "of Anna", ids(r.Of(person("anna"))), "wallet")
}
