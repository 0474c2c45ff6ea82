package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"cartable/core/store"
	"cartable/vault"
)

// pupil is a record in its third version: the name was two fields once, and the class a number.
type pupil struct {
	Name  string `json:"name"`
	Class string `json:"class,omitempty"`
}

var pupils = store.Table[pupil]{Bucket: "pupils", Upgrades: []store.Upgrade{
	func(old json.RawMessage) (json.RawMessage, error) { // 2: one name
		var p struct {
			First string `json:"first"`
			Last  string `json:"last"`
			Class int    `json:"class"`
		}
		if err := json.Unmarshal(old, &p); err != nil {
			return nil, err
		}
		return json.Marshal(map[string]any{"name": p.First + " " + p.Last, "class": p.Class})
	},
	func(old json.RawMessage) (json.RawMessage, error) { // 3: a class has a name
		var p struct {
			Name  string `json:"name"`
			Class int    `json:"class"`
		}
		if err := json.Unmarshal(old, &p); err != nil {
			return nil, err
		}
		if p.Class < 0 {
			return nil, errors.New("no such class")
		}
		return json.Marshal(pupil{p.Name, fmt.Sprint(p.Class, "e")})
	},
}}

var recordTests = []struct {
	stored string
	want   string // the name; "": cannot be read
	newer  bool
}{
	{`{"first":"Léa","last":"ROUSSEL","class":6}`, "Léa ROUSSEL 6e", false},
	{`1 {"first":"Léa","last":"ROUSSEL","class":6}`, "Léa ROUSSEL 6e", false},
	{`2 {"name":"Léa ROUSSEL","class":6}`, "Léa ROUSSEL 6e", false},
	{`3 {"name":"Léa ROUSSEL","class":"6e"}`, "Léa ROUSSEL 6e", false},
	{`3 {"name":"Léa"} `, "Léa ", false},
	{`4 {"name":"Léa"}`, "", true},
	{`9999 {"name":"Léa"}`, "", true},
	{`10000 {"name":"Léa"}`, "", false},
	{`99999999999999999999 {"name":"Léa"}`, "", false},
	{`2 {"name":"Léa ROUSSEL","class":-1}`, "", false},   // the upgrade refuses
	{`2 {"name":"Léa ROUSSEL","class":"6e"}`, "", false}, // of another version
	{`3 {"name":"Léa","class":6}`, "", false},
	{`3 {"name":"Léa","owner":"Claire"}`, "", false}, // another type
	{`3 {"name":"Léa"} {"name":"Hugo"}`, "", false},
	{`3 {"name":"Léa"`, "", false},
	{`2 {"name":"Léa"`, "", false},
	{`3 {`, "", false},
	{`3 []`, "", false},
	{`3 null`, "", false},
	{`3 12`, "", false},
	{`3 "name"`, "", false},
	{`3  {"name":"Léa"}`, "", false},
	{`3{"name":"Léa"}`, "", false},
	{`03 {"name":"Léa"}`, "", false},
	{`+3 {"name":"Léa"}`, "", false},
	{`-3 {"name":"Léa"}`, "", false},
	{`0 {"name":"Léa"}`, "", false},
	{` {"name":"Léa"}`, "", false},
	{`[]`, "", false},
	{`null`, "", false},
	{`3`, "", false},
	{``, "", false},
	{"\x00\xff", "", false},
	{`3 {"name":"` + strings.Repeat("a", 8<<20) + `"}`, "", false},
}

func TestRecords(t *testing.T) {
	s := newStore(t)
	for _, tt := range recordTests {
		shown := fmt.Sprintf("%.60q", tt.stored)
		raw(t, s, "pupils", "g", "p", tt.stored)
		must(t, s.View(func(tx store.Tx) error {
			p, found, err := pupils.Get(tx, "g", "p")
			if tt.want == "" {
				if !errors.Is(err, store.ErrUnreadable) || errors.Is(err, store.ErrNewer) != tt.newer || found || p != (pupil{}) {
					t.Errorf("%s: %v, %t, %v", shown, p, found, err)
				}
				if err != nil && strings.Contains(err.Error(), "Léa") {
					t.Errorf("%s: the error tells what is in the record: %v", shown, err)
				}
			} else if err != nil || !found || p.Name+" "+p.Class != tt.want {
				t.Errorf("%s: %v, %t, %v", shown, p, found, err)
			}
			return nil
		}))
	}
}

func TestPutWritesTheNewest(t *testing.T) {
	s := newStore(t)
	plain := store.Table[pupil]{Bucket: "plain"}
	must(t, s.Update(func(tx store.Tx) error {
		return errors.Join(pupils.Put(tx, "", "p", pupil{Name: "Léa"}), plain.Put(tx, "", "p", pupil{Name: "Léa"}))
	}))
	must(t, s.View(func(tx store.Tx) error {
		for bucket, want := range map[string]string{"pupils": `3 {"name":"Léa"}`, "plain": `1 {"name":"Léa"}`} {
			if got, err := tx.Get(bucket, "", "p"); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v", bucket, got, err)
			}
		}
		return nil
	}))
}

func TestPutRefuses(t *testing.T) {
	s := newStore(t)
	err := s.Update(func(tx store.Tx) error {
		for what, err := range map[string]error{
			"a list":   store.Table[[]string]{Bucket: "b"}.Put(tx, "", "k", nil),
			"a number": store.Table[int]{Bucket: "b"}.Put(tx, "", "k", 1),
			"a pipe":   store.Table[struct{ C chan int }]{Bucket: "b"}.Put(tx, "", "k", struct{ C chan int }{make(chan int)}),
			"too much": pupils.Put(tx, "", "k", pupil{Name: strings.Repeat("a", 8<<20)}),
		} {
			if err == nil {
				t.Errorf("%s was stored", what)
			}
		}
		return nil
	})
	must(t, err)
}

// filled has records of two groups, and of each kind that cannot be read one in "g".
func filled(t *testing.T) store.Store {
	t.Helper()
	s := newStore(t)
	must(t, s.Update(func(tx store.Tx) error {
		return errors.Join(
			pupils.Put(tx, "g", "a", pupil{Name: "A"}), pupils.Put(tx, "g", "b", pupil{Name: "B"}),
			pupils.Put(tx, "h", "a", pupil{Name: "other"}),
		)
	}))
	raw(t, s, "pupils", "g", "garbage", "\x00\xff")
	raw(t, s, "pupils", "g", "foreign", `3 {"amount":2000}`)
	raw(t, s, "pupils", "g", "newer", `4 {"name":"later"}`)
	must(t, s.Damage("pupils", "g", "damaged"))
	return s
}

func TestEachLeavesOutWhatCannotBeRead(t *testing.T) {
	s := filled(t)
	must(t, s.View(func(tx store.Tx) error {
		var seen []string
		skipped, err := pupils.Each(tx, "g", func(name string, p pupil) error {
			seen = append(seen, name+p.Name)
			return nil
		})
		slices.Sort(seen)
		if err != nil || skipped != 4 || !slices.Equal(seen, []string{"aA", "bB"}) {
			t.Errorf("Each: %v, %d skipped, %v", seen, skipped, err)
		}
		all := map[string]string{}
		skipped, err = pupils.All(tx, func(group, name string, p pupil) error {
			all[group+name] = p.Name
			return nil
		})
		if err != nil || skipped != 4 || !maps.Equal(all, map[string]string{"ga": "A", "gb": "B", "ha": "other"}) {
			t.Errorf("All: %v, %d skipped, %v", all, skipped, err)
		}
		stop := errors.New("stop")
		if _, err := pupils.Each(tx, "g", func(string, pupil) error { return stop }); err != stop {
			t.Errorf("Each: %v", err)
		}
		if _, err := pupils.All(tx, func(string, string, pupil) error { return stop }); err != stop {
			t.Errorf("All: %v", err)
		}
		for _, name := range []string{"garbage", "foreign", "newer", "damaged"} {
			if _, _, err := pupils.Get(tx, "g", name); !errors.Is(err, store.ErrUnreadable) || !store.Unreadable(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, found, err := pupils.Get(tx, "g", "none"); found || err != nil {
			t.Errorf("what is not there: %t, %v", found, err)
		}
		return nil
	}))
}

func TestDelete(t *testing.T) {
	s := filled(t)
	left := func() (readable, skipped int) {
		must(t, s.View(func(tx store.Tx) (err error) {
			skipped, err = pupils.All(tx, func(string, string, pupil) error { readable++; return nil })
			return err
		}))
		return readable, skipped
	}
	must(t, s.Update(func(tx store.Tx) error {
		return pupils.DeleteIf(tx, "g", func(name string, p pupil) bool { return name == "a" && p.Name == "A" })
	}))
	if readable, skipped := left(); readable != 2 || skipped != 4 {
		t.Errorf("after DeleteIf: %d and %d", readable, skipped)
	}
	must(t, s.Update(func(tx store.Tx) error { // what cannot be read can be deleted and written over
		return errors.Join(pupils.Delete(tx, "g", "damaged"), pupils.Put(tx, "g", "garbage", pupil{Name: "mended"}))
	}))
	if readable, skipped := left(); readable != 3 || skipped != 2 {
		t.Errorf("after Delete and Put: %d and %d", readable, skipped)
	}
	must(t, s.Update(func(tx store.Tx) error { return pupils.DeleteGroup(tx, "g") }))
	if readable, skipped := left(); readable != 1 || skipped != 0 {
		t.Errorf("after DeleteGroup: %d and %d", readable, skipped)
	}
}

// TestADeadStoreIsNotAnUnreadableRecord tells the two apart: nobody may write over a record for want of a disk.
func TestADeadStoreIsNotAnUnreadableRecord(t *testing.T) {
	s := newStore(t)
	var dead store.Tx
	must(t, s.View(func(tx store.Tx) error { dead = tx; return nil }))
	if _, _, err := pupils.Get(dead, "g", "p"); err == nil || store.Unreadable(err) {
		t.Errorf("Get: %v", err)
	}
	if _, err := pupils.Each(dead, "g", func(string, pupil) error { return nil }); err == nil {
		t.Error("Each did not fail")
	}
}

// TestTheVaultsDamageIsUnreadable relies on the method that both ends agree on.
func TestTheVaultsDamageIsUnreadable(t *testing.T) {
	if !store.Unreadable(fmt.Errorf("vault: get: %w", vault.ErrDamaged)) {
		t.Error("a damaged record looks like a store that fails")
	}
	for _, err := range []error{nil, errors.New("disk full"), vault.ErrLocked} {
		if store.Unreadable(err) {
			t.Errorf("%v looks like a damaged record", err)
		}
	}
}

// FuzzRecord states the law of the table: what it reads, it writes so that it reads the same again, and a record
// that it cannot read comes with no value.
func FuzzRecord(f *testing.F) {
	for _, tt := range recordTests {
		if len(tt.stored) < 1000 {
			f.Add([]byte(tt.stored))
		}
	}
	s := newStore(f)
	f.Fuzz(func(t *testing.T, value []byte) {
		undo := errors.New("undo")
		if err := s.Update(func(tx store.Tx) error {
			must(t, tx.Put("pupils", "", "p", value))
			p, found, err := pupils.Get(tx, "", "p")
			if err != nil {
				if !errors.Is(err, store.ErrUnreadable) || found || p != (pupil{}) {
					t.Errorf("%q: %v, %t, %v", value, p, found, err)
				}
				return undo
			}
			must(t, pupils.Put(tx, "", "p", p))
			if again, found, err := pupils.Get(tx, "", "p"); err != nil || !found || again != p {
				t.Errorf("%q: %v became %v, %t, %v", value, p, again, found, err)
			}
			return undo
		}); !errors.Is(err, undo) {
			t.Error(err)
		}
	})
}

// TestAllOfMany visits each of many records once.
func TestAllOfMany(t *testing.T) {
	s := newVault(t)
	const many = 1300
	must(t, s.Update(func(tx store.Tx) error {
		for i := range many {
			if err := pupils.Put(tx, fmt.Sprint("g", i%7), fmt.Sprint(i), pupil{Name: fmt.Sprint("Léa ", i)}); err != nil {
				return err
			}
		}
		return tx.Put("pupils", "g", "lost", []byte("garbage"))
	}))
	seen := make(map[string]int)
	must(t, s.View(func(tx store.Tx) error {
		skipped, err := pupils.All(tx, func(group, name string, p pupil) error {
			if i := seen[name]; i > 0 || p.Name != "Léa "+name {
				t.Errorf("%q in %q is %q, seen %d times", name, group, p.Name, i+1)
			}
			seen[name]++
			return nil
		})
		if skipped != 1 || len(seen) != many {
			t.Errorf("%d records, %d skipped", len(seen), skipped)
		}
		return err
	}))
}
