package family

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cartable/core/school"
	sim "cartable/sim/pronote"
)

// teach makes lessons of an hour in the fake school, from hours of days of November 2026: 20 at 8 is a Friday.
func (k *fake) teach(days ...[2]int) {
	for _, d := range days {
		start := at(d[0], d[1], 0)
		monday := school.Monday(start).Format(time.DateOnly)
		k.weeks[monday] = append(k.weeks[monday], school.Lesson{Key: fmt.Sprint(d), Start: start, End: start.Add(time.Hour)})
	}
}

// The fake school teaches on Mondays and Fridays from 8 to 9 and 16 to 17, and on some Saturdays from 8 to 9.
func weekly(saturdays ...int) *fake {
	k := newFake("Léa")
	for monday := 2; monday <= 30; monday += 7 {
		k.teach([2]int{monday, 8}, [2]int{monday, 16}, [2]int{monday + 4, 8}, [2]int{monday + 4, 16})
	}
	for _, day := range saturdays {
		k.teach([2]int{day, 8})
	}
	return k
}

func TestNextDay(t *testing.T) {
	every := []int{7, 14, 21, 28}
	for _, tt := range []struct {
		name      string
		saturdays []int
		looked    []int // days whose weeks were read before, each on that day
		now       time.Time
		want      int
		requests  int
	}{
		{"a morning", nil, nil, at(16, 7, 0), 16, 1},
		{"while lessons are on", nil, nil, at(16, 16, 59), 16, 1},
		{"after them", nil, nil, at(16, 17, 0), 20, 1},
		{"a Friday afternoon", nil, nil, at(20, 15, 0), 20, 1},
		{"after the last lesson of a Friday", nil, nil, at(20, 17, 0), 23, 2},
		{"a Friday evening, cold", nil, nil, at(20, 20, 0), 23, 2},
		{"a Saturday, cold", nil, nil, at(21, 7, 0), 23, 2},
		{"a Saturday evening, cold", nil, nil, at(21, 19, 0), 23, 1},
		{"a Sunday, cold", nil, nil, at(22, 10, 0), 23, 1},
		{"a Friday evening, this week is known", nil, []int{19}, at(20, 20, 0), 23, 1},
		{"a Saturday, this week is known", nil, []int{19}, at(21, 7, 0), 23, 1},
		{"a Friday evening, last week is known", nil, []int{12}, at(20, 20, 0), 23, 2},
		{"a Friday evening, two weeks are known", nil, []int{5, 12}, at(20, 20, 0), 23, 1},
		{"a Saturday, two weeks are known", nil, []int{5, 12}, at(21, 7, 0), 23, 1},

		{"lessons on Saturdays, a Friday afternoon", every, nil, at(20, 17, 30), 21, 1},
		{"lessons on Saturdays, a Friday evening, cold", every, nil, at(20, 20, 0), 21, 1},
		{"lessons on Saturdays, a Saturday, cold", every, nil, at(21, 7, 0), 21, 1},
		{"lessons on Saturdays, while they are on", every, nil, at(21, 8, 30), 21, 1},
		{"lessons on Saturdays, after them", every, nil, at(21, 9, 0), 23, 2},
		{"lessons on Saturdays, in the evening", every, nil, at(21, 19, 0), 23, 1},
		{"lessons on Saturdays, a Friday evening, known", every, []int{12}, at(20, 20, 0), 21, 1},
		{"lessons on Saturdays, this week is known", every, []int{18}, at(20, 20, 0), 21, 1},
		{"lessons on Saturdays, this week is known, after them", every, []int{18}, at(21, 9, 0), 23, 1},
		{"lessons every other Saturday, one without, last week known", []int{14, 28}, []int{12}, at(20, 20, 0), 23, 2},
		{"lessons every other Saturday, one with, last week known", []int{7, 21}, []int{12}, at(20, 20, 0), 21, 1},
		{"lessons every other Saturday, one with, two weeks known", []int{7, 21}, []int{5, 12}, at(20, 20, 0), 21, 1},
	} {
		k := weekly(tt.saturdays...)
		r := newRig(t, tuesday.AddDate(0, 0, -20), k)
		lea := r.link("fake", secretLogin("password marc"))
		for _, day := range tt.looked {
			r.clock.Set(at(day, 7, 0))
			r.week(lea)
		}
		r.clock.Set(tt.now)
		r.restart()
		r.week(Pupil{Account: lea.Account, Pupil: school.Pupil{Key: "another"}}) // logs in
		k.take()
		on, week, found, err := r.NextDay(t.Context(), lea, Fresh)
		if err != nil || !found || !on.Equal(at(tt.want, 0, 0)) || week.Value.LastEnd(on).IsZero() {
			t.Errorf("%s: %v, %t, %v", tt.name, on, found, err)
		}
		if calls := k.take(); len(calls) != tt.requests {
			t.Errorf("%s: %v", tt.name, calls)
		}
		again, _, _, err := r.NextDay(t.Context(), lea, Fresh)
		if calls := k.take(); err != nil || !again.Equal(on) || len(calls) > 0 {
			t.Errorf("%s: then %v, %v, %v", tt.name, again, calls, err)
		}
	}
}

// With the real client: six requests for a cold timetable.
func TestAColdTimetable(t *testing.T) {
	for _, tt := range []struct {
		now      time.Time
		want     int
		requests int
	}{{at(17, 7, 30), 17, 6}, {at(20, 15, 0), 20, 6}, {at(20, 20, 0), 23, 7}, {at(21, 9, 0), 23, 7}, {at(22, 9, 0), 23, 6}} {
		s := newSimulated(t, sim.Config{})
		s.clock.Set(tt.now)
		if got := s.requests(func() {
			lea := s.link("pronote", s.password(0))
			on, _, found, err := s.NextDay(t.Context(), lea, Fresh)
			if err != nil || !found || !on.Equal(at(tt.want, 0, 0)) {
				t.Errorf("%v: %v, %t, %v", tt.now, on, found, err)
			}
		}); len(got) != tt.requests {
			t.Errorf("%v: %d requests: %v", tt.now, len(got), got)
		}
	}
}

func TestNextDayAfterHolidays(t *testing.T) {
	k := newFake("Léa")
	k.profile.Holidays = []school.Holiday{
		{Name: "bridge", From: at(21, 0, 0), To: at(22, 0, 0)},
		{Name: "week", From: at(23, 0, 0), To: at(29, 0, 0)},
	}
	k.teach([2]int{20, 8}, [2]int{30, 8})
	r := newRig(t, at(20, 20, 0), k)
	lea := r.link("fake", secretLogin("password marc"))
	k.take()
	on, _, found, err := r.NextDay(t.Context(), lea, Fresh) // the Saturday is in a holiday, so it is free
	if err != nil || !found || !on.Equal(at(30, 0, 0)) || r.SchoolDay(lea, at(21, 0, 0)) {
		t.Errorf("%v, %t, %v", on, found, err)
	}
	if calls := k.take(); !slices.Equal(calls, []string{"week Léa 2026-11-30"}) {
		t.Errorf("calls were %v", calls)
	}
}

// Weeks off tell nothing of Saturdays.
func TestWeeksOffTellNothing(t *testing.T) {
	k := newFake("Léa")
	k.teach([2]int{21, 8}, [2]int{23, 8})
	r := newRig(t, at(5, 7, 0), k)
	lea := r.link("fake", secretLogin("password marc"))
	for _, day := range []int{5, 12} {
		r.clock.Set(at(day, 7, 0))
		r.week(lea)
	}
	r.clock.Set(at(20, 20, 0))
	if on, _, _, err := r.NextDay(t.Context(), lea, Fresh); err != nil || !on.Equal(at(21, 0, 0)) {
		t.Errorf("%v, %v", on, err)
	}
}

// What stands in the timetable of a holiday is not the next day.
func TestNextDayIsNotInAHoliday(t *testing.T) {
	k := newFake("Léa")
	k.profile.Holidays = []school.Holiday{{Name: "bridge", From: at(16, 0, 0), To: at(18, 0, 0)}}
	k.teach([2]int{17, 8}, [2]int{19, 8})
	r := newRig(t, at(16, 7, 0), k)
	lea := r.link("fake", secretLogin("password marc"))
	if on, _, _, err := r.NextDay(t.Context(), lea, Fresh); err != nil || !on.Equal(at(19, 0, 0)) {
		t.Errorf("%v, %v", on, err)
	}
}

func TestNoDayAhead(t *testing.T) {
	k := newFake("Léa")
	for now, weeks := range map[time.Time]int{tuesday: 3, at(21, 7, 0): 4} {
		r := newRig(t, now, k)
		lea := r.link("fake", secretLogin("password marc"))
		k.take()
		on, _, found, err := r.NextDay(t.Context(), lea, Fresh)
		if calls := k.take(); err != nil || found || !on.Equal(at(16+7*weeks, 0, 0)) || len(calls) != weeks {
			t.Errorf("%v, %t, %v after %v", on, found, err, calls)
		}
		k.asking = func(context.Context, string) error { return school.ErrNotPublished }
		if _, _, found, err := r.NextDay(t.Context(), lea, 0); found || !errors.Is(err, school.ErrNotPublished) {
			t.Errorf("%t, %v", found, err)
		}
		k.asking = nil
	}
}

// FirstDay and SchoolDay ask nobody.
func TestDaysThatAreKnown(t *testing.T) {
	every := []int{7, 14, 21, 28}
	for _, tt := range []struct {
		name      string
		saturdays []int
		looked    []int
		now       time.Time
		first     int
		open      []int // of the Saturdays 7, 14, 21 and 28
	}{
		{"nothing is known", every, nil, at(20, 20, 0), 23, nil},
		{"nothing is known on a weekday", every, nil, at(18, 20, 0), 18, nil},
		{"a Friday before the evening", every, nil, at(20, 18, 59), 20, nil},
		{"a Friday evening", every, nil, at(20, 19, 0), 23, nil},
		{"a Sunday", every, nil, at(22, 9, 0), 23, nil},
		{"one week is known", every, []int{12}, at(20, 20, 0), 21, every},
		{"this week is known", every, []int{18}, at(20, 20, 0), 21, every},
		{"on a Saturday", every, []int{12}, at(21, 7, 0), 21, every},
		{"on a Saturday, after its lesson", every, []int{12, 18}, at(21, 9, 0), 23, every},
		{"on a Sunday", every, []int{12}, at(22, 9, 0), 23, every},
		{"one week without", nil, []int{12}, at(20, 20, 0), 23, nil},
		{"this week without", nil, []int{18}, at(20, 20, 0), 23, nil},
		{"every other Saturday", []int{14, 28}, []int{12, 18}, at(20, 20, 0), 23, []int{7, 14, 28}},
	} {
		k := weekly(tt.saturdays...)
		r := newRig(t, tuesday.AddDate(0, 0, -20), k)
		lea := r.link("fake", secretLogin("password marc"))
		for _, day := range tt.looked {
			r.clock.Set(at(day, 7, 0))
			r.week(lea)
		}
		r.clock.Set(tt.now)
		r.restart()
		k.take()
		if on := r.FirstDay(lea); !on.Equal(at(tt.first, 0, 0)) {
			t.Errorf("%s: first is %v", tt.name, on)
		}
		var open []int
		for _, day := range every {
			if r.SchoolDay(lea, at(day, 0, 0)) {
				open = append(open, day)
			}
			if r.SchoolDay(lea, at(day+1, 0, 0)) {
				t.Errorf("%s: open on a Sunday", tt.name)
			}
			for weekday := 2; weekday < 7; weekday++ {
				if !r.SchoolDay(lea, at(day+weekday-7, 0, 0)) {
					t.Errorf("%s: closed on a weekday", tt.name)
				}
			}
		}
		if !slices.Equal(open, tt.open) {
			t.Errorf("%s: open on %v, want %v", tt.name, open, tt.open)
		}
		if calls := k.take(); len(calls) > 0 {
			t.Errorf("%s: asked for %v", tt.name, calls)
		}
	}
}

// What is out of the ordinary tells of its own day alone.
func TestAnOutingIsNoSchoolSaturday(t *testing.T) {
	k := newFake("Léa")
	k.teach([2]int{9, 8})
	for n, l := range []school.Lesson{{Detention: true}, {Outing: true}, {Council: true}} {
		l.Start, l.End = at(14, 8+n, 0), at(14, 9+n, 0)
		k.weeks["2026-11-09"] = append(k.weeks["2026-11-09"], l)
	}
	r := newRig(t, at(13, 20, 0), k)
	lea := r.link("fake", secretLogin("password marc"))
	on, _, _, err := r.NextDay(t.Context(), lea, Fresh)
	if err != nil || !on.Equal(at(14, 0, 0)) || !r.SchoolDay(lea, on) || r.SchoolDay(lea, at(21, 0, 0)) {
		t.Errorf("%v, %v", on, err)
	}
	k.teach([2]int{22, 10}) // a Sunday, for once
	r.clock.Set(at(22, 9, 0))
	r.week(lea)
	if on := r.FirstDay(lea); !on.Equal(at(22, 0, 0)) || !r.SchoolDay(lea, on) {
		t.Errorf("on a Sunday with a lesson: %v", on)
	}
}
