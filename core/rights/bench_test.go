package rights_test

import (
	"fmt"
	"testing"

	"cartable/core/rights"
	"cartable/core/store"
)

// crowd is 10,000 accounts of 5,000 people, each shown in a group of which there are 1,000.
func crowd(b *testing.B) *rights.Rights {
	b.Helper()
	s := newStore(b)
	must(b, s.Update(func(tx store.Tx) error {
		for n := range 10_000 {
			a := account(fmt.Sprint("account", n), rights.School, fmt.Sprint("person", n/2))
			if err := rights.PutAccount(tx, a); err != nil {
				return err
			}
			g := rights.Grant{Group: chatOf(fmt.Sprint("group", n%1000)), Account: a.ID, Pages: schoolPages, Since: noon}
			if err := rights.PutGrant(tx, g); err != nil {
				return err
			}
		}
		return nil
	}))
	return open(b, s)
}

func BenchmarkReadable(b *testing.B) {
	r := crowd(b)
	for name, who := range map[string]rights.Who{"private": private("person7"), "group": in("group7", "person1")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(r.Readable(who, rights.School, rights.Timetable)) == 0 {
					b.Fatal("nothing")
				}
			}
		})
	}
}

func BenchmarkRefresh(b *testing.B) {
	r := crowd(b)
	for name, ids := range map[string][]string{"one": {"account7"}, "all": nil} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				must(b, r.Refresh(ids...))
			}
		})
	}
}
