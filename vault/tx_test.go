package vault

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// visits are the two ways to go through the records of a bucket that has one group.
var visits = map[string]func(tx Tx, bucket string, fn func(name string, value []byte) error) (int, error){
	"Scan": func(tx Tx, bucket string, fn func(string, []byte) error) (int, error) { return tx.Scan(bucket, "", fn) },
	"All": func(tx Tx, bucket string, fn func(string, []byte) error) (int, error) {
		return tx.All(bucket, func(_, name string, value []byte) error { return fn(name, value) })
	},
}

// TestVisits writes while it goes through more records than fit in one page, and stops at an error.
func TestVisits(t *testing.T) {
	for name, visit := range visits {
		v, _ := newVault(t)
		want := map[string]string{}
		for i := range 300 {
			key := fmt.Sprint("k", i)
			want[key] = "done"
			put(t, v, "b", key, "todo")
		}
		must(t, v.Update(func(tx Tx) error {
			_, err := visit(tx, "b", func(key string, _ []byte) error { return tx.Put("b", "", key, []byte("done")) })
			return err
		}))
		if got := list(t, v, "b"); !maps.Equal(got, want) {
			t.Errorf("%s: writing meanwhile lost something: %d records", name, len(got))
		}
		must(t, v.Update(func(tx Tx) error {
			visited := 0
			_, err := visit(tx, "b", func(key string, _ []byte) error {
				visited++
				return tx.Put("b", "", "another "+key, nil)
			})
			if visited != 300 {
				t.Errorf("%s: visited %d records, some of its own", name, visited)
			}
			return err
		}))
		stop, calls := errors.New("stop"), 0
		must(t, v.View(func(tx Tx) error {
			if _, err := visit(tx, "b", func(string, []byte) error { calls++; return stop }); err != stop || calls != 1 {
				t.Errorf("%s: got %v after %d calls", name, err, calls)
			}
			return nil
		}))
	}
}

func TestGroups(t *testing.T) {
	v, path := newVault(t)
	must(t, v.Update(func(tx Tx) error {
		for _, group := range []string{"", "a", "b"} {
			for _, name := range []string{"", "a", "b"} {
				must(t, tx.Put("bucket", group, name, []byte(group+"/"+name)))
			}
		}
		return tx.Put("other", "a", "a", []byte("other"))
	}))
	must(t, v.Close())
	v = mustOpen(t, path)
	scan := func(tx Tx, bucket, group string) (found []string) {
		damaged, err := tx.Scan(bucket, group, func(name string, value []byte) error {
			found = append(found, name+"="+string(value))
			return nil
		})
		if err != nil || damaged != 0 {
			t.Errorf("%q of %q: %d damaged, %v", group, bucket, damaged, err)
		}
		slices.Sort(found)
		return found
	}
	must(t, v.Update(func(tx Tx) error {
		for _, group := range []string{"", "a", "b"} {
			want := []string{"=" + group + "/", "a=" + group + "/a", "b=" + group + "/b"}
			if got := scan(tx, "bucket", group); !slices.Equal(got, want) {
				t.Errorf("the group %q has %q", group, got)
			}
		}
		if got := scan(tx, "bucket", "c"); got != nil {
			t.Errorf("a group that is not there has %q", got)
		}
		if got, err := tx.Get("bucket", "a", "b"); err != nil || string(got) != "a/b" {
			t.Errorf("got %q, %v", got, err)
		}
		if got, err := tx.Get("other", "", "a"); err != nil || got != nil {
			t.Errorf("without its group: %q, %v", got, err)
		}
		return errors.Join(tx.DeleteGroup("bucket", "a"), tx.DeleteGroup("bucket", "c"), tx.DeleteGroup("no bucket", "a"), tx.Delete("bucket", "b", "a"))
	}))
	must(t, v.View(func(tx Tx) error {
		var all []string
		_, err := tx.All("bucket", func(group, name string, value []byte) error {
			if string(value) != group+"/"+name {
				t.Errorf("%q in %q has %q", name, group, value)
			}
			all = append(all, string(value))
			return nil
		})
		slices.Sort(all)
		if want := []string{"/", "/a", "/b", "b/", "b/b"}; !slices.Equal(all, want) {
			t.Errorf("left: %q", all)
		}
		if got := scan(tx, "other", "a"); len(got) != 1 {
			t.Errorf("the other bucket has %q", got)
		}
		return err
	}))
}

// TestSimulation compares the vault with a plain map over a long random history with reopenings.
func TestSimulation(t *testing.T) {
	v, path := newVault(t)
	rng := rand.New(rand.NewPCG(1, 2))
	model := map[spot]string{}
	for step := range 400 {
		var draft map[spot]string
		undo := errors.New("undo")
		err := v.Update(func(tx Tx) error {
			draft = maps.Clone(model)
			for range rng.IntN(6) {
				mutate(t, tx, rng, draft)
			}
			if rng.IntN(4) == 0 {
				return undo
			}
			return nil
		})
		if err == nil {
			model = draft
		} else if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if rng.IntN(25) == 0 {
			must(t, v.Close())
			v = mustOpen(t, path)
		}
		must(t, v.View(func(tx Tx) error {
			n := randomSpot(rng)
			value, err := tx.Get(n.bucket, n.group, n.name)
			if want, there := model[n]; there != (value != nil) || want != string(value) {
				t.Fatalf("step %d: %v differs", step, n)
			}
			return err
		}))
	}
	expectModel(t, v, model)
}

// mutate makes a random change in a vault and in a map.
func mutate(t *testing.T, tx Tx, rng *rand.Rand, model map[spot]string) {
	n := randomSpot(rng)
	switch rng.IntN(12) {
	case 0:
		must(t, tx.DeleteGroup(n.bucket, n.group))
		maps.DeleteFunc(model, func(other spot, _ string) bool { return other.bucket == n.bucket && other.group == n.group })
	case 1, 2, 3:
		must(t, tx.Delete(n.bucket, n.group, n.name))
		delete(model, n)
	default:
		value := strings.Repeat(fmt.Sprint(rng.IntN(1000)), rng.IntN(900))
		must(t, tx.Put(n.bucket, n.group, n.name, []byte(value)))
		model[n] = value
	}
}

// expectModel wants the records of model by both ways to go through them.
func expectModel(t *testing.T, v *Vault, model map[spot]string) {
	t.Helper()
	byAll, byScan := map[spot]string{}, map[spot]string{}
	must(t, v.View(func(tx Tx) error {
		for n := range model {
			if _, err := tx.Scan(n.bucket, n.group, func(name string, value []byte) error {
				byScan[spot{n.bucket, n.group, name}] = string(value)
				return nil
			}); err != nil {
				return err
			}
			if _, err := tx.All(n.bucket, func(group, name string, value []byte) error {
				byAll[spot{n.bucket, group, name}] = string(value)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}))
	if !maps.Equal(byAll, model) || !maps.Equal(byScan, model) {
		t.Errorf("All found %d records and Scan %d, want %d", len(byAll), len(byScan), len(model))
	}
}

type spot struct{ bucket, group, name string }

func randomSpot(rng *rand.Rand) spot {
	return spot{fmt.Sprint("bucket", rng.IntN(3)), fmt.Sprint("group", rng.IntN(4)), fmt.Sprint("name", rng.IntN(10))}
}
