package rights_test

import (
	"bytes"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
)

const week = 7 * 24 * time.Hour

func salt(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func TestKeepSalts(t *testing.T) {
	s := newStore(t)
	keeps := func(what string, at time.Time, file, fresh []byte, want ...rights.Salt) {
		t.Helper()
		got, err := rights.KeepSalts(s, at, file, fresh)
		must(t, err)
		if !slices.EqualFunc(got, want, func(a, b rights.Salt) bool { return bytes.Equal(a.Bytes, b.Bytes) && a.Until.Equal(b.Until) }) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	old := rights.Salt{Until: noon.Add(week)}
	use := func(b byte) rights.Salt { return rights.Salt{Bytes: salt(b)} }
	keeps("the first start", noon, nil, salt(1), use(1), old)
	keeps("the next", noon.Add(time.Hour), salt(1), salt(2), use(1), old)
	keeps("the file is lost", noon.Add(2*time.Hour), nil, salt(3), use(1), old)
	replaced := rights.Salt{Bytes: salt(1), Until: noon.Add(3*time.Hour + week)}
	keeps("another file", noon.Add(3*time.Hour), salt(4), salt(5), use(4), replaced, old)
	keeps("the same one", noon.Add(4*time.Hour), salt(4), salt(5), use(4), replaced, old)
	keeps("after a week", noon.Add(week), salt(4), salt(5), use(4), replaced)
	keeps("the first one again", noon.Add(week+time.Hour), salt(1), salt(5), use(1), rights.Salt{Bytes: salt(4), Until: noon.Add(2*week + time.Hour)})
	keeps("after another week", noon.Add(3*week), salt(1), salt(5), use(1))
	for i := range byte(9) {
		_, err := rights.KeepSalts(s, noon.Add(3*week), salt(10+i), nil)
		must(t, err)
	}
	if got, err := rights.KeepSalts(s, noon.Add(3*week), salt(18), nil); err != nil || len(got) != 4 {
		t.Errorf("%d salts, %v", len(got), err)
	}
	must(t, s.Damage("invitation_salts", "", "salts"))
	keeps("damaged", noon.Add(4*week), salt(18), salt(5), use(18), rights.Salt{Until: noon.Add(5 * week)})
}

// TestCodesOfAReplacedKey are good until a time, and new ones are made with the other key.
func TestCodesOfAReplacedKey(t *testing.T) {
	key := func(b string) []byte { return []byte(strings.Repeat(b, 32)) }
	made := func(b string) string {
		code, err := rights.NewInvitations(key(b)).Make(noon, rand.Reader)
		must(t, err)
		return code
	}
	c := &clock{noon}
	r, err := rights.New(rights.Config{
		Store: newStore(t), Now: c.now, Admins: []chat.PersonID{person("admin")},
		Invitations: rights.NewInvitations(key("n"), rights.OlderKey{Key: key("o"), Until: noon.Add(time.Hour)}, rights.OlderKey{Key: key("p"), Until: noon}),
	})
	must(t, err)
	redeems(t, r, "anna", made("n"), rights.Admitted)
	redeems(t, r, "bob", made("o"), rights.Admitted)
	redeems(t, r, "carla", made("p"), rights.Wrong)
	redeems(t, r, "carla", made("x"), rights.Wrong)
	late := made("o")
	c.at = noon.Add(time.Hour)
	redeems(t, r, "dora", late, rights.Wrong)
	code, _, err := r.Invite()
	must(t, err)
	other, err := rights.New(rights.Config{Store: newStore(t), Now: c.now, Invitations: rights.NewInvitations(key("n"))})
	must(t, err)
	redeems(t, other, "dora", code, rights.Admitted)
}
