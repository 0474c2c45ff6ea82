package family

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/school"
	"cartable/core/store"
	sim "cartable/sim/pronote"
)

// What is read is what the school holds, also from the disk, pupil by pupil.
func TestReadings(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	account := s.link("pronote", s.password(0)).Account
	monday := school.Monday(tuesday)
	truth := s.school.Truth()
	for i, p := range s.Pupils([]string{account}) {
		var before [3]any
		for round := range 2 {
			week := s.week(p)
			if len(week.Value.Lessons) == 0 || !week.At.Equal(tuesday) || week.Stale != nil {
				t.Errorf("%s: %+v", p.Name, week)
			}
			grades, err := s.Grades(t.Context(), p, "", Fresh)
			if err != nil || len(grades.Value.Grades) != len(truth.Children[i].Grades(truth.Children[i].Current())) {
				t.Errorf("%s: %+v, %v", p.Name, grades, err)
			}
			work, err := s.Homework(t.Context(), p, monday, monday.AddDate(0, 0, 13), Fresh)
			if err != nil || len(work.Value) != len(truth.Children[i].Homework(monday, monday.AddDate(0, 0, 13))) {
				t.Errorf("%s: %+v, %v", p.Name, work, err)
			}
			after := [3]any{asJSON(t, week.Value), asJSON(t, grades.Value), asJSON(t, work.Value)}
			if round == 0 {
				before = after
			} else if before != after {
				t.Errorf("%s: what was stored differs", p.Name)
			}
			s.restart()
		}
	}
	if n := s.count("readings"); n != 6 {
		t.Errorf("%d readings", n)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAge(t *testing.T) {
	for _, tt := range []struct {
		old, age time.Duration
		asked    bool
	}{
		{0, Fresh, false},
		{Fresh - 1, Fresh, false},
		{Fresh, Fresh, true},
		{0, 0, true},
		{29 * time.Minute, 30 * time.Minute, false},
		{31 * time.Minute, 30 * time.Minute, true},
		{-time.Second, Fresh, true}, // the clock was wrong
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		r.week(lea)
		k.take()
		r.clock.Advance(tt.old)
		week, err := r.Week(t.Context(), lea, tuesday, tt.age)
		if asked := len(k.take()) > 0; err != nil || asked != tt.asked || asked != week.At.Equal(r.clock.Now()) && tt.old != 0 {
			t.Errorf("%v old, %v wanted: asked %t, %v", tt.old, tt.age, asked, err)
		}
	}
}

// Each thing is stored under its own name.
func TestReadingsAreNotMixedUp(t *testing.T) {
	k := newFake("Léa", "Hugo")
	r := newRig(t, tuesday, k)
	both := r.Pupils([]string{r.link("fake", secretLogin("password marc")).Account})
	k.take()
	ctx, next := t.Context(), tuesday.AddDate(0, 0, 7)
	for _, p := range both {
		r.week(p)
		_, err1 := r.Week(ctx, p, next, Fresh)
		_, err2 := r.Week(ctx, p, school.Monday(next), Fresh)         // the same week
		_, err3 := r.Week(ctx, p, school.Monday(next).Add(-1), Fresh) // that of before
		_, err4 := r.Grades(ctx, p, "", Fresh)
		_, err5 := r.Grades(ctx, p, "t1", Fresh)
		_, err6 := r.Homework(ctx, p, tuesday, next, Fresh)
		_, err7 := r.Homework(ctx, p, tuesday, tuesday, Fresh)
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
			t.Fatal(err)
		}
	}
	if calls := k.take(); len(calls) != 12 || r.count("readings") != 12 {
		t.Errorf("%d readings, calls %v", r.count("readings"), calls)
	}
}

func TestStaleReadings(t *testing.T) {
	for _, tt := range []struct {
		err   error
		stale bool
	}{
		{school.ErrNoAnswer, true},
		{school.ErrPause, true},
		{context.DeadlineExceeded, true},
		{school.ErrNotPublished, false},
		{school.ErrNoAccess, false},
		{errors.New("odd"), false},
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		k.weeks["2026-11-16"] = []school.Lesson{{Key: "a", Start: tuesday, End: tuesday.Add(time.Hour)}}
		r.week(lea)
		r.clock.Advance(10 * time.Minute)
		k.asking = func(context.Context, string) error { return tt.err }
		week, err := r.Week(t.Context(), lea, tuesday, Fresh)
		switch {
		case tt.stale && (err != nil || !errors.Is(week.Stale, tt.err) || len(week.Value.Lessons) != 1 || !week.At.Equal(tuesday)):
			t.Errorf("%v: %+v, %v", tt.err, week, err)
		case !tt.stale && (!errors.Is(err, tt.err) || len(week.Value.Lessons) > 0):
			t.Errorf("%v: %+v, %v", tt.err, week, err)
		}
		r.clock.Advance(24 * time.Hour) // past the pause
		if _, err := r.Week(t.Context(), lea, tuesday.AddDate(0, 0, 7), Fresh); err == nil {
			t.Errorf("%v: a week that nobody has told of", tt.err)
		}
	}
}

// What is too large is given, and asked for again the next time; the session's state is kept all the same.
func TestLargeReadings(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	lesson := school.Lesson{Note: strings.Repeat("x", maxReading)}
	for note, kept := range map[int]int{maxReading: 0, maxReading - 2000: 1} {
		lesson.Note = strings.Repeat("x", note)
		k.weeks["2026-11-16"] = []school.Lesson{lesson}
		r.clock.Advance(10 * time.Minute)
		before := r.count("readings")
		for range 2 {
			k.take()
			if week := r.week(lea); len(week.Value.Lessons) != 1 || len(week.Value.Lessons[0].Note) != note {
				t.Errorf("%d lessons", len(week.Value.Lessons))
			}
		}
		if calls := k.take(); len(calls)+kept != 1 {
			t.Errorf("%d bytes: asked %d times again", note, len(calls))
		}
		if before == 0 && r.count("readings") != kept {
			t.Errorf("%d bytes: %d readings", note, r.count("readings"))
		}
		if rec := r.stored(lea.Account); !rec.Used.Equal(r.clock.Now()) {
			t.Errorf("%d bytes: the state is of %v", note, rec.Used)
		}
	}
}

// A session at rest that is too large is not kept: the next request logs in.
func TestLargeStates(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	k.padding = maxReading
	lea := r.link("fake", secretLogin("password marc"))
	for range 2 {
		r.clock.Advance(10 * time.Minute)
		k.take()
		r.week(lea)
		if rec := r.stored(lea.Account); !rec.State.Empty() || len(k.take()) != 2 {
			t.Errorf("%d bytes are kept", len(rec.State.Reveal()))
		}
	}
}

// A reading that cannot be read, or is of another version, is as good as none.
func TestDamagedReadings(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	name := strings.Join(weekName(lea, tuesday), "\x00")
	for _, damage := range []func() error{
		func() error { return r.store.Damage("readings", lea.Account, name) },
		func() error {
			return r.store.Update(func(tx store.Tx) error {
				return readings.Put(tx, lea.Account, name, reading{r.clock.Now(), json.RawMessage(`{"number":"seven"}`)})
			})
		},
	} {
		r.week(lea)
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		k.take()
		week := r.week(lea)
		if calls := k.take(); len(calls) != 1 || week.Stale != nil {
			t.Errorf("calls were %v", calls)
		}
		k.asking = func(context.Context, string) error { return school.ErrNoAnswer }
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Week(t.Context(), lea, tuesday, Fresh); !errors.Is(err, school.ErrNoAnswer) {
			t.Errorf("error is %v", err)
		}
		k.asking = nil
	}
}

func TestReadingsAreSwept(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	other := r.link("fake", secretLogin("password lucie"))
	r.week(lea)
	r.week(other)
	r.clock.Advance(5 * 24 * time.Hour)
	if _, err := r.Grades(t.Context(), lea, "", Fresh); err != nil {
		t.Fatal(err)
	}
	r.sweep(8 * 24 * time.Hour)
	if n := r.count("readings"); n != 3 {
		t.Errorf("%d readings after 13 days", n)
	}
	r.sweep(48 * time.Hour)
	if n := r.count("readings"); n != 1 {
		t.Errorf("%d readings after 15 days", n)
	}
	r.sweep(5 * 24 * time.Hour)
	if n := r.count("readings"); n != 0 {
		t.Errorf("%d readings after 20 days", n)
	}
}

// What is due is noted once a day, not once a reading.
func TestWhatIsDueIsBounded(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	for range 20 {
		r.week(lea)
		r.clock.Advance(30 * time.Minute)
	}
	if n := r.count("school_due"); n != 2 { // and where to begin
		t.Errorf("%d marks: %s", n, r.records()["school_due"])
	}
}

func TestDamagedAccounts(t *testing.T) {
	k := newFake("Léa")
	k.tokens = map[string]bool{"token lucie code": true}
	r := newRig(t, tuesday, k)
	marc := r.link("fake", secretLogin("password marc"))
	lucie := r.link("fake", secretLogin("token lucie code"))
	if err := r.store.Damage("school_accounts", "", marc.Account); err != nil {
		t.Fatal(err)
	}
	r.restart()
	if n := r.damage(); n != 1 || !strings.Contains(r.log.String(), "cannot be read") {
		t.Errorf("%d damaged; log: %s", n, r.log)
	}
	if _, err := r.Week(t.Context(), marc, tuesday, Fresh); !errors.Is(err, ErrGone) {
		t.Errorf("error is %v", err)
	}
	r.week(lucie)
	if err := r.store.View(func(tx store.Tx) error {
		x, err := r.Export(tx, marc.Account)
		if !x.Damaged || x.System != "" {
			t.Errorf("exported %+v", x)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	// Another account of the person does not take its place, the same one does.
	third := r.link("fake", secretLogin("password paul"), lucie.Account, marc.Account)
	if third.Account == marc.Account || third.Account == lucie.Account || r.damage() != 1 {
		t.Errorf("a third account is %s", third.Account)
	}
	linked, err := r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), []string{lucie.Account, marc.Account}, nil)
	if err != nil || linked.Account != marc.Account || !linked.Known || r.damage() != 0 {
		t.Errorf("%+v, %v, %d damaged", linked, err, r.Damaged())
	}
	r.week(marc)
	if gen := r.stored(marc.Account).Generation; gen <= 1 {
		t.Errorf("generation is %d", gen)
	}
	// Where even that cannot be read, it is a new account.
	for _, bucket := range []string{"school_accounts", "school_sames"} {
		if err := r.store.Damage(bucket, "", marc.Account); err != nil {
			t.Fatal(err)
		}
	}
	r.restart()
	if linked, err = r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), []string{marc.Account}, nil); err != nil || linked.Known {
		t.Errorf("%+v, %v", linked, err)
	}
}

// An account that is damaged under way fails for itself alone.
func TestDamagedUnderWay(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	marc := r.link("fake", secretLogin("password marc"))
	lucie := r.link("fake", secretLogin("password lucie"))
	if err := r.store.Damage("school_accounts", "", marc.Account); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Week(t.Context(), marc, tuesday, Fresh); !errors.Is(err, ErrGone) {
		t.Errorf("error is %v", err)
	}
	r.week(lucie)
}

func TestExport(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	export := func(id string) (x Export) {
		t.Helper()
		if err := s.store.View(func(tx store.Tx) (err error) {
			x, err = s.Export(tx, id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return x
	}
	lea := s.link("pronote", s.password(0))
	s.week(lea)
	if _, err := s.Grades(t.Context(), lea, "", Fresh); err != nil {
		t.Fatal(err)
	}
	x := export(lea.Account)
	if x.System != "pronote" || x.Address != string(s.address) || x.Login != "parent/claire.roussel" || x.School == nil || len(x.School.Pupils) != 2 ||
		!slices.Equal(x.Secrets, []string{"password", "session"}) || len(x.Readings) != 2 || x.Damaged || x.Stopped != "" {
		t.Errorf("exported %+v", x)
	}
	text := asJSON(t, x)
	for i, want := range []string{"grades " + lea.Key, "week " + lea.Key + " 2026-11-16"} {
		r, found, err := s.ExportReading(lea.Account, x.Readings[i])
		if err != nil || !found || r.What != want {
			t.Errorf("a reading is %q, %t, %v", r.What, found, err)
		}
		text += asJSON(t, r)
	}
	if _, found, err := s.ExportReading(lea.Account, "none"); found || err != nil {
		t.Errorf("a reading that is not there: %v", err)
	}
	rec := s.stored(lea.Account)
	for _, hidden := range []string{s.school.Accounts()[0].Password, rec.State.Reveal(), rec.Login.Secret.Reveal()} {
		if strings.Contains(text, hidden) || strings.Contains(text, strings.Trim(asJSON(t, hidden), `"`)) {
			t.Error("a secret is exported")
		}
	}
	for _, name := range []string{`"system"`, `"address"`, `"login"`, `"secrets_kept"`, `"logged_in":"2026-11-17T07:30:00+01:00"`, `"used"`, `"school"`, `"what"`, `"at"`, `"value"`} {
		if !strings.Contains(text, name) {
			t.Errorf("no %s in %s", name, text)
		}
	}
	if err := s.store.Damage("readings", lea.Account, "x"); err != nil {
		t.Fatal(err)
	}
	if x := export(lea.Account); !x.Damaged || len(x.Readings) != 2 {
		t.Errorf("with a damaged reading: %+v", x)
	}
	if x := export("other"); !reflect.DeepEqual(x, Export{}) {
		t.Errorf("of no account: %+v", x)
	}
	hugo := s.link("pronote", s.qrCode(1))
	if x := export(hugo.Account); !slices.Equal(x.Secrets, []string{"token", "session"}) {
		t.Errorf("secrets are %v", x.Secrets)
	}
}
