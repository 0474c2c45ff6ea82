package family

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/school"
	"cartable/core/store"
	sim "cartable/sim/pronote"
)

// What a timetable costs, at the school and on the disk.
func TestWhatAReadingCosts(t *testing.T) {
	for _, version := range []string{"2024.3.8", "2026.2.5"} {
		t.Run(version, func(t *testing.T) {
			s := newSimulated(t, sim.Config{Version: version})
			var lea Pupil
			expect := func(what string, requests, writes int, do func()) {
				t.Helper()
				n := 0
				if got := s.requests(func() { n = s.writes(do) }); len(got) != requests || n != writes {
					t.Errorf("%s: %d requests and %d writes, want %d and %d: %v", what, len(got), n, requests, writes, got)
				}
			}
			expect("linking", 5, 2, func() { lea = s.link("pronote", s.password(0)) })
			expect("the first week", 1, 1, func() { s.week(lea) })
			expect("again", 0, 0, func() { s.week(lea) })
			s.restart()
			expect("again, after a restart", 0, 0, func() { s.week(lea) })
			s.clock.Advance(Fresh)
			expect("a minute later", 1, 1, func() { s.week(lea) })
			s.clock.Advance(2 * time.Minute)
			s.restart()
			expect("after a restart", 1, 1, func() { s.week(lea) })
			s.clock.Advance(sessionIdle + time.Second)
			expect("cold", 6, 1, func() { s.week(lea) })
			s.clock.Advance(Fresh)
			s.school.ExpireSessions()
			expect("cold, when the session has ended unexpectedly", 1+6, 1, func() { s.week(lea) })
		})
	}
}

// Each request of a session counts: what is stored must be the state after it.
func TestReadingAndStateAreWrittenTogether(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	lea := s.link("pronote", s.password(0))
	s.week(lea)
	for range 3 {
		s.clock.Advance(Fresh)
		s.restart()
		if got := s.requests(func() { s.week(lea) }); !slices.Equal(got, []string{"PageEmploiDuTemps"}) {
			t.Errorf("requests were %v", got)
		}
	}
	s.clock.Advance(Fresh)
	before := s.records()
	s.faults.FailCommit(1)
	s.week(lea)
	if after := s.records(); after["readings"] != before["readings"] || after["school_accounts"] != before["school_accounts"] {
		t.Error("half of it was stored")
	}
	s.restart()
	s.week(lea)
	if len(s.school.Violations()) != 1 { // the count of requests was lost with the write, which costs a login
		t.Errorf("breaches are %q", s.school.Violations())
	}
	s.school.Reset()
}

// While the disk is full the readings are shown and the session goes on, also while others are linked.
func TestReadingsAreShownWhenTheDiskIsFull(t *testing.T) {
	s := newSimulated(t, sim.Config{})
	lea := s.link("pronote", s.password(0))
	s.week(lea)
	for range 3 {
		s.clock.Advance(Fresh)
		s.faults.FailCommit(1)
		var week Reading[school.Week]
		if got := s.requests(func() { week = s.week(lea) }); !slices.Equal(got, []string{"PageEmploiDuTemps"}) {
			t.Errorf("requests were %v", got)
		}
		if !s.faults.Failed() || !week.At.Equal(s.clock.Now()) || len(week.Value.Lessons) == 0 {
			t.Errorf("of %v, %d lessons", week.At, len(week.Value.Lessons))
		}
		if err := s.Recount(); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.Advance(Fresh)
	s.week(lea)
	if len(s.Family.held) > 0 {
		t.Error("the memory goes on though the disk was written")
	}
	if got := s.stored(lea.Account); !got.Used.Equal(s.clock.Now()) {
		t.Errorf("stored is the state of %v", got.Used)
	}
	s.restart()
	s.clock.Advance(Fresh)
	if got := s.requests(func() { s.week(lea) }); !slices.Equal(got, []string{"PageEmploiDuTemps"}) {
		t.Errorf("after a restart the requests were %v", got)
	}
}

// What was held in memory while the disk was full gives way to whatever is written then.
func TestWhatWasHeldGivesWay(t *testing.T) {
	for name, write := range map[string]func(r *rig, lea Pupil){
		"logged out":  func(r *rig, lea Pupil) { r.Logout(t.Context(), lea.Account) },
		"linked anew": func(r *rig, lea Pupil) { r.link("fake", secretLogin("password marc"), lea.Account) },
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		r.clock.Advance(Fresh)
		r.faults.FailCommit(1)
		r.week(lea)
		if len(r.Family.held) != 1 {
			t.Fatalf("%s: %d records are held", name, len(r.Family.held))
		}
		write(r, lea)
		if len(r.Family.held) > 0 {
			t.Errorf("%s: the memory goes on though the disk was written", name)
		}
	}
}

// A refusal that the full disk cannot note is not asked for a second time.
func TestARefusalThatCannotBeStoredIsNotRepeated(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	k.take()
	k.opening = func(string) error { return school.ErrWrongPassword }
	r.clock.Advance(sessionIdle + 1)
	r.faults.FailCommit(1)
	for range 3 {
		if _, err := r.Week(t.Context(), lea, tuesday, Fresh); err == nil {
			t.Error("no error")
		}
	}
	if got := k.take(); !slices.Equal(got, []string{"open password marc"}) || !r.faults.Failed() {
		t.Errorf("calls were %v", got)
	}
}

func TestSessionsAreGivenUpAfterAnHour(t *testing.T) {
	for _, tt := range []struct {
		idle time.Duration
		want []string
	}{
		{sessionIdle, []string{"week Léa 2026-11-16"}},
		{sessionIdle + 1, []string{"open password marc", "week Léa 2026-11-16"}},
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		k.take()
		r.clock.Advance(tt.idle)
		r.week(lea)
		if got := k.take(); !slices.Equal(got, tt.want) {
			t.Errorf("after %v: %v, want %v", tt.idle, got, tt.want)
		}
	}
}

// The hour counts from the last answer, and a request that nobody answered is none.
func TestUsedIsWhenTheSchoolAnswered(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	r.clock.Advance(40 * time.Minute)
	k.asking = func(context.Context, string) error { return school.ErrNoAnswer }
	if _, err := r.Week(t.Context(), lea, tuesday, Fresh); !errors.Is(err, school.ErrNoAnswer) {
		t.Errorf("error is %v", err)
	}
	k.asking = nil
	if s, _ := r.Status(lea.Account); !s.Read.Equal(tuesday) {
		t.Errorf("read at %v", s.Read)
	}
	r.clock.Advance(21 * time.Minute)
	k.take()
	r.week(lea)
	if got := k.take(); len(got) != 2 {
		t.Errorf("calls were %v", got)
	}
	if s, _ := r.Status(lea.Account); !s.Read.Equal(r.clock.Now()) {
		t.Errorf("read at %v", s.Read)
	}
}

// A session that has died is not kept as one that lives.
func TestDeadSessionsAreNotStored(t *testing.T) {
	for _, tt := range []struct {
		name        string
		login, page error
		lives       bool
	}{
		{"all is well", nil, nil, true},
		{"no login", school.ErrNoAnswer, nil, false},
		{"login refused", school.ErrWrongPassword, nil, false},
		{"dead at once", nil, school.ErrExpired, false},
		{"page refused", nil, errors.New("odd"), true},
		{"no page", nil, school.ErrNoAnswer, true},
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		k.expire()
		k.opening = func(string) error { return tt.login }
		logins := 0
		k.opened = func(string) error { logins++; return nil }
		k.asking = func(context.Context, string) error {
			if logins == 0 {
				return school.ErrExpired
			}
			return tt.page
		}
		_, err := r.Week(t.Context(), lea, tuesday, Fresh)
		if want := errors.Join(tt.login, tt.page); (err == nil) != (want == nil) || tt.login != nil && !errors.Is(err, tt.login) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if rec := r.stored(lea.Account); rec.State.Empty() == tt.lives {
			t.Errorf("%s: state %q", tt.name, rec.State.Reveal())
		}
		if logins > 1 {
			t.Errorf("%s: %d logins", tt.name, logins)
		}
	}
}

// A new session that dies at once is not replaced by another: that would go on for ever.
func TestOneLoginIsEnough(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	k.asking = func(context.Context, string) error { return school.ErrExpired }
	for _, idle := range []time.Duration{time.Minute, sessionIdle + 1} {
		r.clock.Advance(idle)
		k.take()
		if _, err := r.Week(t.Context(), lea, tuesday, Fresh); !errors.Is(err, school.ErrExpired) {
			t.Errorf("error is %v", err)
		}
		if calls := k.take(); strings.Count(strings.Join(calls, "\n"), "open") != 1 {
			t.Errorf("calls were %v", calls)
		}
	}
}

// The refusals after which nothing is sent until the owner acts.
func TestStops(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want StopReason
	}{
		{fmt.Errorf("fake: %w", school.ErrWrongPassword), StoppedWrongPassword},
		{school.ErrSecondFactor, StoppedSecondFactor},
		{school.ErrNoAccess, StoppedNoAccess},
		{school.ErrTokenRefused, StoppedToken},
		{school.ErrNoAnswer, ""},
		{school.ErrPause, ""},
		{school.ErrNotPublished, ""},
		{errors.New("odd"), ""},
	} {
		k := newFake("Léa")
		r := newRig(t, tuesday, k)
		lea := r.link("fake", secretLogin("password marc"))
		r.clock.Advance(sessionIdle + 1)
		k.opening = func(string) error { return tt.err }
		if _, err := r.Week(t.Context(), lea, tuesday, Fresh); !errors.Is(err, tt.err) {
			t.Errorf("%v: %v", tt.err, err)
		}
		if s, known := r.Status(lea.Account); !known || s.Stopped != tt.want {
			t.Errorf("%v: stopped %q", tt.err, s.Stopped)
		}
		k.take()
		k.opening = nil
		r.restart()
		_, err := r.Week(t.Context(), lea, tuesday, Fresh)
		stopped, ok := errors.AsType[*StoppedError](err)
		switch calls := k.take(); {
		case tt.want == "" && ok:
			t.Errorf("%v: stopped with %q", tt.err, stopped.Reason)
		case tt.want != "" && (!ok || stopped.Reason != tt.want || stopped.School != "LYCEE" || len(calls) > 0):
			t.Errorf("%v: %v, and then %v", tt.err, err, calls)
		}
		if tt.want == "" {
			continue
		}
		r.link("fake", secretLogin("password marc"), lea.Account) // the owner acts
		if s, _ := r.Status(lea.Account); s.Stopped != "" {
			t.Errorf("%v: still stopped %q", tt.err, s.Stopped)
		}
	}
}

func TestOutOfReach(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("op: %w", school.ErrNoAnswer), true},
		{school.ErrPause, true},
		{&PausedError{}, true},
		{errors.Join(errors.New("x"), &PausedError{}), true},
		{context.DeadlineExceeded, true},
		{context.Canceled, false},
		{&StoppedError{}, false},
		{school.ErrExpired, false},
		{school.ErrWrongPassword, false},
		{school.ErrNotPublished, false},
		{ErrGone, false},
	} {
		if got := OutOfReach(tt.err); got != tt.want {
			t.Errorf("%v: %t", tt.err, got)
		}
	}
}

// tokens is a rig whose account was linked by a token. The new ones are "token marc NUMBER".
func tokens(t *testing.T) (*rig, *fake, Pupil) {
	t.Helper()
	k := newFake("Léa")
	k.tokens = map[string]bool{"token marc code": true}
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("token marc code"))
	k.take()
	return r, k, lea
}

func (r record) logins() string {
	text := r.Login.Secret.Reveal()
	if r.Previous != nil {
		text += ", before " + r.Previous.Secret.Reveal()
	}
	return text
}

func TestTokensFollowOneAnother(t *testing.T) {
	r, k, lea := tokens(t)
	if got := r.stored(lea.Account).logins(); got != "token marc 1" {
		t.Errorf("kept: %s", got)
	}
	for n := 2; n < 5; n++ {
		r.clock.Advance(sessionIdle + 1)
		r.restart()
		if n := r.writes(func() { r.week(lea) }); n != 2 {
			t.Errorf("%d writes", n)
		}
		want := fmt.Sprintf("token marc %d, before token marc %d", n, n-1)
		if got := r.stored(lea.Account).logins(); got != want {
			t.Errorf("kept: %s, want %s", got, want)
		}
		if got := k.take(); !slices.Equal(got, []string{fmt.Sprintf("open token marc %d", n-1), "week Léa 2026-11-16"}) {
			t.Errorf("calls were %v", got)
		}
	}
}

// The new token is on disk before anything is done with the session, with the old one beside it.
func TestTheTokenBeforeIsKeptAndTried(t *testing.T) {
	r, k, lea := tokens(t)
	r.clock.Advance(sessionIdle + 1)
	lost := errors.New("lost")
	k.opened = func(string) error { return lost }
	if _, err := r.Week(t.Context(), lea, tuesday, Fresh); !errors.Is(err, lost) {
		t.Errorf("error is %v", err)
	}
	if got := r.stored(lea.Account).logins(); got != "token marc 2, before token marc 1" {
		t.Errorf("kept: %s", got)
	}
	k.opened = nil
	k.tokens = map[string]bool{"token marc 1": true} // the school never learned that we have the new one
	k.take()
	r.restart()
	r.week(lea)
	if got := k.take(); !slices.Equal(got, []string{"open token marc 2", "open token marc 1", "week Léa 2026-11-16"}) {
		t.Errorf("calls were %v", got)
	}
	if got := r.stored(lea.Account).logins(); got != "token marc 4, before token marc 1" {
		t.Errorf("kept: %s", got)
	}
	r.clock.Advance(sessionIdle + 1)
	clear(k.tokens) // now both are spent
	k.take()
	if _, err := r.Week(t.Context(), lea, tuesday, 0); !errors.Is(err, school.ErrTokenRefused) {
		t.Errorf("error is %v", err)
	}
	if got := k.take(); len(got) != 2 {
		t.Errorf("calls were %v", got)
	}
	if s, _ := r.Status(lea.Account); s.Stopped != StoppedToken {
		t.Errorf("stopped %q", s.Stopped)
	}
}

// The one before is for a refused token, and for nothing else.
func TestTheTokenBeforeIsNotTriedForOtherReasons(t *testing.T) {
	for _, refusal := range []error{school.ErrNoAnswer, school.ErrSecondFactor, school.ErrWrongPassword, school.ErrPause} {
		r, k, lea := tokens(t)
		r.clock.Advance(sessionIdle + 1)
		r.week(lea)
		r.clock.Advance(sessionIdle + 1)
		k.opening = func(string) error { return refusal }
		k.take()
		if _, err := r.Week(t.Context(), lea, tuesday, 0); !errors.Is(err, refusal) && refusal != school.ErrNoAnswer && refusal != school.ErrPause {
			t.Errorf("%v: %v", refusal, err)
		}
		if got := k.take(); len(got) != 1 {
			t.Errorf("%v: calls were %v", refusal, got)
		}
	}
}

// A school that gives no new token lets the old one go on, and then there is none before it.
func TestATokenThatGoesOn(t *testing.T) {
	r, k, lea := tokens(t)
	r.clock.Advance(sessionIdle + 1)
	r.week(lea)
	k.tokens = nil
	k.opening = nil
	r.edit(lea.Account, func(rec *record) { rec.Login.Secret, rec.Login.Given = secretLogin("password marc"), true })
	r.clock.Advance(sessionIdle + 1)
	r.week(lea)
	if got := r.stored(lea.Account).logins(); got != "password marc" {
		t.Errorf("kept: %s", got)
	}
	if s, _ := r.Status(lea.Account); s.Password {
		t.Error("what a school gave is called a password")
	}
}

// A token that cannot be kept must not be relied on.
func TestATokenThatCannotBeKept(t *testing.T) {
	r, k, lea := tokens(t)
	r.clock.Advance(sessionIdle + 1)
	r.faults.FailCommit(1)
	if _, err := r.Week(t.Context(), lea, tuesday, Fresh); err == nil {
		t.Error("no error")
	}
	if got := k.take(); slices.Contains(got, "week Léa 2026-11-16") {
		t.Errorf("calls were %v", got)
	}
	if got := r.stored(lea.Account).logins(); got != "token marc 1" {
		t.Errorf("kept: %s", got)
	}
}

// One request at a time, and whoever waits for the same takes what the first one got.
func TestOneRequestInFlight(t *testing.T) {
	k := newFake("Léa", "Hugo")
	r := newRig(t, tuesday, k)
	r.link("fake", secretLogin("password marc"))
	both := r.Pupils([]string{r.only()})
	k.take()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := r.Week(t.Context(), both[i%2], tuesday.AddDate(0, 0, 7*(i%3)), Fresh); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(r.locks) > 0 {
		t.Errorf("%d locks are kept that nobody has", len(r.locks))
	}
	if calls := k.take(); k.most != 1 || len(calls) != 6 {
		t.Errorf("%d at a time: %v", k.most, calls)
	}
}

// only is the ID of the only account.
func (r *rig) only() string {
	r.t.Helper()
	var ids []string
	if err := r.store.View(func(tx store.Tx) (err error) {
		_, err = accounts.Each(tx, "", func(id string, _ record) error {
			ids = append(ids, id)
			return nil
		})
		return err
	}); err != nil || len(ids) != 1 {
		r.t.Fatalf("%d accounts, %v", len(ids), err)
	}
	return ids[0]
}

// Nobody waits longer than their context for another's request.
func TestWaitingEndsWithTheContext(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	begun, done := make(chan struct{}), make(chan struct{})
	k.asking = func(context.Context, string) error { close(begun); <-done; return nil }
	var wg sync.WaitGroup
	wg.Go(func() { r.week(lea) })
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Week(ctx, lea, tuesday.AddDate(0, 0, 7), Fresh); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	close(done)
	wg.Wait()
	if len(r.locks) > 0 {
		t.Errorf("%d locks are kept that nobody has", len(r.locks))
	}
}

// Only a login tells of the next school year.
func TestTheYearIsRenewed(t *testing.T) {
	last := time.Date(2026, 7, 4, 0, 0, 0, 0, paris)
	for _, tt := range []struct {
		name     string
		now      time.Time
		last     time.Time
		loggedIn time.Duration // ago
		stopped  StopReason
		logins   int
	}{
		{"in the year", last.Add(23 * time.Hour), last, 48 * time.Hour, "", 0},
		{"the day after", last.AddDate(0, 0, 1), last, 48 * time.Hour, "", 0},
		{"over", last.AddDate(0, 0, 1).Add(1), last, 48 * time.Hour, "", 1},
		{"over, asked half a day ago", last.AddDate(0, 0, 60), last, yearPause, "", 1},
		{"over, asked less than that ago", last.AddDate(0, 0, 60), last, yearPause - 1, "", 0},
		{"over, stopped", last.AddDate(0, 0, 60), last, 48 * time.Hour, StoppedToken, 0},
		{"no end known", last.AddDate(0, 0, 60), time.Time{}, 48 * time.Hour, "", 0},
	} {
		k := newFake("Léa")
		k.profile.LastDay = tt.last
		r := newRig(t, tt.now.Add(-tt.loggedIn), k)
		lea := r.link("fake", secretLogin("password marc"))
		if tt.stopped != "" {
			r.edit(lea.Account, func(rec *record) { rec.Stopped = tt.stopped })
		}
		k.take()
		r.clock.Set(tt.now)
		k.profile.Pupils = []school.Pupil{{Key: "Léa", Name: "DUPONT Léa", Class: "3B"}}
		for range 2 { // at most once in twelve hours, also when the next year is not there yet
			now, err := r.ThisYear(t.Context(), lea)
			if err != nil || (now.Class == "3B") != (tt.logins > 0) || now.Account != lea.Account {
				t.Errorf("%s: %+v, %v", tt.name, now, err)
			}
		}
		if calls := k.take(); len(calls) != tt.logins {
			t.Errorf("%s: %v", tt.name, calls)
		}
	}
}

// A school that is out of reach leaves things as they were; one that refuses does not.
func TestAYearThatIsNotRenewed(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	k.profile.Pupils = nil
	r.clock.Set(k.profile.LastDay.AddDate(0, 2, 0))
	k.opening = func(string) error { return school.ErrNoAnswer }
	if now, err := r.ThisYear(t.Context(), lea); err != nil || now.Key != "Léa" {
		t.Errorf("%+v, %v", now, err)
	}
	k.opening = func(string) error { return school.ErrNoAccess }
	if _, err := r.ThisYear(t.Context(), lea); !errors.Is(err, school.ErrNoAccess) {
		t.Errorf("error is %v", err)
	}
	if _, err := r.ThisYear(t.Context(), Pupil{Account: "other"}); err != nil {
		t.Errorf("an account that is gone: %v", err)
	}
}

// A login for the next year that fails does not cost the session.
func TestASessionOutlivesAYearThatIsNotRenewed(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	r.edit(lea.Account, func(rec *record) {
		rec.Profile.LastDay, rec.LoggedIn = tuesday.AddDate(0, 0, -9), tuesday.AddDate(0, 0, -1)
	})
	k.opening = func(string) error { return school.ErrNoAnswer }
	k.take()
	if _, err := r.ThisYear(t.Context(), lea); err != nil {
		t.Fatal(err)
	}
	r.week(lea)
	if got := k.take(); !slices.Equal(got, []string{"open password marc", "week Léa 2026-11-16"}) {
		t.Errorf("calls were %v", got)
	}
}

// Nothing of a login shows in logs and errors.
func TestSecretsShowNowhere(t *testing.T) {
	const hidden = "hunter2"
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc "+hidden))
	r.edit(lea.Account, func(rec *record) { rec.State = school.State{Stored: secretLogin("no" + hidden).Stored} })
	var shown strings.Builder
	k.opening = func(string) error { return school.ErrWrongPassword }
	for range 2 {
		_, err := r.Week(t.Context(), lea, tuesday, Fresh)
		fmt.Fprintf(&shown, "%v %+v %#v", err, err, err)
	}
	rec, _, _ := r.record(lea.Account)
	fmt.Fprintf(&shown, "%v %+v %#v %s", rec, rec, rec, r.log)
	if !strings.Contains(shown.String(), "stored session not usable") || strings.Contains(shown.String(), hidden) {
		t.Errorf("shown: %s", shown.String())
	}
}

func TestObserve(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	var seen []string
	f := New(Config{
		Store: r.store, Providers: r.providers, Now: r.clock.Now, Zone: paris,
		Observe: func(op string, _ time.Duration, err error) { seen = append(seen, fmt.Sprint(op, " ", err)) },
	})
	linked, err := f.Link(t.Context(), "marc", "fake", secretLogin("password marc"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	lea := f.Pupils([]string{linked.Account})[0]
	_, errWeek := f.Week(t.Context(), lea, tuesday, Fresh)
	_, errGrades := f.Grades(t.Context(), lea, "", Fresh)
	k.asking = func(context.Context, string) error { return school.ErrNotPublished }
	_, errHomework := f.Homework(t.Context(), lea, tuesday, tuesday, Fresh)
	if errWeek != nil || errGrades != nil || !errors.Is(errHomework, school.ErrNotPublished) {
		t.Error(errWeek, errGrades, errHomework)
	}
	if want := []string{"login <nil>", "week <nil>", "grades <nil>", "homework school: not published"}; !slices.Equal(seen, want) {
		t.Errorf("seen: %q", seen)
	}
}

// An unknown provider is a mistake of the set-up, and an account of one stays where it is.
func TestUnknownProvider(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	r.providers = nil
	r.restart()
	_, err := r.Week(t.Context(), lea, tuesday, Fresh)
	_, errLink := r.Link(t.Context(), "marc", "fake", secretLogin("password marc"), nil, nil)
	if err == nil || errLink == nil || r.MayLink("marc", "fake", secretLogin("password marc"), nil) == nil {
		t.Error(err, errLink)
	}
	if err := r.store.View(func(tx store.Tx) error {
		_, found, err := accounts.Get(tx, "", lea.Account)
		if !found {
			t.Error("the account is gone")
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// A login for the next year waits for the end of a pause, without a write for each who asks.
func TestAYearThatIsNotRenewedWhilePaused(t *testing.T) {
	k := newFake("Léa")
	r := newRig(t, tuesday, k)
	lea := r.link("fake", secretLogin("password marc"))
	r.edit(lea.Account, func(rec *record) {
		rec.Profile.LastDay, rec.LoggedIn = tuesday.AddDate(0, 0, -9), tuesday.AddDate(0, 0, -1)
	})
	r.pause(hostPause("school.example"), pause{Until: tuesday.Add(time.Hour)})
	k.take()
	if n := r.writes(func() {
		if _, err := r.ThisYear(t.Context(), lea); err != nil {
			t.Error(err)
		}
	}); n != 0 || len(k.take()) > 0 || r.stored(lea.Account).State.Empty() {
		t.Errorf("%d writes", n)
	}
}
