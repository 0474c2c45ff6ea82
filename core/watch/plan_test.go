package watch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
)

// TestSchoolDay counts the looks and requests of a day, as the school counts them: with sessions that end after two
// minutes, and with some that last for half an hour.
func TestSchoolDay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		pupils         []string
		idle           time.Duration
		looks          int
		requests, most int // without the first look; the budget
	}{
		{"cold", []string{"Léa"}, 2 * time.Minute, 13, 92, 100},
		{"warm", []string{"Léa"}, 30 * time.Minute, 13, 56, 100},
		{"three pupils, cold", []string{"Léa", "Hugo", "Zoé"}, 2 * time.Minute, 13, 134, 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, tt.pupils...)
			r.school.idle = tt.idle
			account := r.linkSchool("marc", camille, home)
			r.until(at(0, 23, 59))
			if requests, _ := r.school.count(); requests > tt.most+loginRequests {
				t.Errorf("%d requests on the first day", requests)
			}
			r.school.asked = nil
			before, _ := r.school.count()
			r.until(at(1, 23, 59))
			requests, _ := r.school.count()
			if requests -= before; requests != tt.requests {
				t.Errorf("%d requests, want %d", requests, tt.requests)
			}
			looks := slices.Compact(slices.Clone(times(r.school.asked)))
			if len(looks) != tt.looks || looks[0] < "06:40" || looks[len(looks)-1] > "20:45" {
				t.Errorf("%d looks: %v", len(looks), looks)
			}
			did := r.did(account)
			if did.Day != "2026-11-17" || did.Looks != len(looks) || did.Requests < requests || did.Requests > tt.most {
				t.Errorf("counted as %d looks and %d requests: %+v", did.Looks, did.Requests, did)
			}
			t.Logf("%s: %d looks, %d requests (counted as %d)", tt.name, len(looks), requests, did.Requests)
		})
	}
}

// times are the hours of what was read.
func times(asked []string) (list []string) {
	for _, what := range asked {
		list = append(list, strings.Fields(what)[1])
	}
	return list
}

func (r *rig) did(account string) (did today) {
	r.t.Helper()
	must(r.t, r.damage.View(func(tx store.Tx) (err error) {
		did, _, err = todays.Get(tx, "", account)
		return err
	}))
	return did
}

// TestReadingsOfOthers: what somebody has asked for a moment ago is not asked for again, and what it says is told.
func TestReadingsOfOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 11, 0))
	r.school.cancel("Léa", at(0, 0, 0), true, 16)
	next := r.watch.plans[account].next
	r.until(next.Add(-3 * time.Minute))
	pupil := r.family.Pupils([]string{account})[0]
	if _, err := r.family.Week(t.Context(), pupil, r.clock.Now(), 0); err != nil {
		t.Fatal(err)
	}
	r.school.asked = nil
	r.until(next.Add(time.Minute))
	if got := strings.Join(r.school.asked, " "); strings.Count(got, "week") != 1 || strings.Count(got, "grades") != 1 { // next week's
		t.Errorf("asked for %s", got)
	}
	r.wants(`Mon 12:\d\d Léa : un cours annulé lundi 16 novembre .*`)
}

// TestBudget: however often the bot is started, a day has no more looks than it may.
func TestBudget(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 23, 0))
	before, _ := r.school.count()
	for hour := 7; hour < 20; hour++ {
		for range 3 {
			r.until(r.clock.Now().Add(time.Minute))
			r.clock.Set(at(1, hour, 0))
			r.restart()
			r.watch.Look(t.Context())
			p := r.watch.plans[account]
			profile, _ := r.family.Profile(account)
			r.watch.mu.Lock()
			p.whole = true
			r.watch.plan(p, profile, now(r.watch))
			r.watch.mu.Unlock()
			r.until(p.next.Add(time.Minute))
		}
	}
	if requests, _ := r.school.count(); requests-before > 100 {
		t.Errorf("%d requests", requests-before)
	}
	if did := r.did(account); did.Looks > mostLooks || did.Requests > 100 {
		t.Errorf("counted as %d looks and %d requests", did.Looks, did.Requests)
	}
}

// TestRareOtherwise: few looks at weekends and in holidays, none at night, and the looks of a day are spread.
func TestRareOtherwise(t *testing.T) {
	t.Parallel()
	profile := school.Profile{
		FirstDay: time.Date(2026, 9, 1, 0, 0, 0, 0, paris), LastDay: time.Date(2027, 7, 3, 0, 0, 0, 0, paris),
		Holidays: []school.Holiday{
			{Name: "Noël", From: time.Date(2026, 12, 19, 0, 0, 0, 0, paris), To: time.Date(2027, 1, 3, 0, 0, 0, 0, paris)},
		},
	}
	on := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, paris)
	}
	w := New(Config{Zone: paris})
	p := &plan{account: "a", kinds: KindsOf(rights.School)}
	p.noteEnds(map[int32]int16{
		dayNumber(at(1, 0, 0)): 17 * 60, dayNumber(at(2, 0, 0)): 12 * 60, dayNumber(at(3, 0, 0)): noLessons,
		dayNumber(at(4, 0, 0)): 20 * 60, dayNumber(at(5, 0, 0)): 12 * 60,
	}, at(1, 0, 0))
	for _, tt := range []struct {
		day  time.Time
		want string
	}{
		{on(2026, 11, 17), "06:40 06:55 07:10 07:25 07:40 07:55 08:10 10:10 12:15 14:10 17:20 18:30 20:30"},
		{on(2026, 11, 18), "06:40 06:55 07:10 07:25 07:40 07:55 08:10 10:10 12:20 14:10 18:30 20:30"},
		{on(2026, 11, 19), "12:15 18:30"}, // no lessons
		{on(2026, 11, 20), "06:40 06:55 07:10 07:25 07:40 07:55 08:10 10:10 12:15 14:10 18:30 20:20"},       // a late one
		{on(2026, 11, 21), "06:40 06:55 07:10 07:25 07:40 07:55 08:10 10:10 12:20 14:10 18:30 20:30"},       // a Saturday with lessons
		{on(2026, 11, 16), "06:40 06:55 07:10 07:25 07:40 07:55 08:10 10:10 12:15 14:10 16:50 18:30 20:30"}, // nothing known yet
		{on(2026, 11, 22), "18:30"},
		{on(2026, 11, 28), "10:30"},
		{on(2026, 12, 22), "18:30"},
		{on(2027, 1, 3), "18:30"},
		{on(2027, 7, 13), ""}, // the year is over
		{on(2027, 7, 12), "18:30"},
		{on(2027, 8, 25), "18:30"}, // and the next may begin
		{on(2026, 8, 27), ""},
	} {
		var got []string
		for _, s := range slots(w, p, rights.School, profile, tt.day) {
			got = append(got, s.at.Format("15:04"))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v", tt.day.Format(time.DateOnly), got)
		}
	}
	if got := slots(w, &plan{kinds: KindsOf(rights.Wallet)}, rights.Wallet, school.Profile{}, on(2026, 11, 17)); len(got) > mostWalletLooks {
		t.Errorf("a wallet is looked at %d times", len(got))
	}
	for _, day := range []time.Time{on(2026, 10, 25), on(2027, 3, 28)} { // the clocks are changed
		if got := clock(day, 7, 0).Format("15:04"); got != "07:00" {
			t.Errorf("%s: %s", day, got)
		}
	}
	minutes := make(map[time.Duration]int)
	for n := range 3000 {
		late := spread(fmt.Sprint("account ", n), on(2026, 11, 17))
		if late < 0 || late >= phases {
			t.Fatalf("later by %s", late)
		}
		minutes[late.Truncate(time.Minute)]++
	}
	for minute, n := range minutes {
		if n < 100 || n > 300 || len(minutes) != 15 {
			t.Errorf("%d of 3000 accounts in minute %s", n, minute)
		}
	}
}

// TestWeeksAhead: which weeks a look reads.
func TestWeeksAhead(t *testing.T) {
	t.Parallel()
	profile := school.Profile{Holidays: []school.Holiday{{From: at(11, 0, 0), To: at(25, 0, 0)}}} // from the Friday after next
	for _, tt := range []struct {
		name string
		now  time.Time
		ends map[int32]int16
		n    int
		want string
	}{
		{"in the morning", at(1, 7, 0), nil, 1, "17"},
		{"three", at(1, 7, 0), nil, 3, "17 23"}, // then holidays
		{"after the last lesson", at(1, 18, 0), map[int32]int16{dayNumber(at(1, 0, 0)): 17 * 60}, 1, "18"},
		{"on a Friday evening", at(4, 18, 0), map[int32]int16{dayNumber(at(4, 0, 0)): 17 * 60, dayNumber(at(5, 0, 0)): noLessons}, 1, "23"},
		{"on a Friday evening before lessons", at(4, 18, 0), map[int32]int16{dayNumber(at(4, 0, 0)): 17 * 60, dayNumber(at(5, 0, 0)): 12 * 60}, 1, "21"},
		{"on a Saturday that is not known", at(5, 10, 30), nil, 2, "21 23"},
		{"on a Sunday", at(6, 18, 30), nil, 2, "23"},
		{"in holidays", at(13, 18, 30), nil, 2, "12"},
	} {
		p := &plan{}
		p.noteEnds(tt.ends, tt.now)
		var got []string
		for _, day := range p.weeksAhead(profile, tt.now, tt.n) {
			got = append(got, day.Format("2"))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}
