package family

import (
	"context"
	"slices"
	"strings"
	"time"

	"cartable/core/school"
	"cartable/core/store"
)

// Schools do not say reliably on which days they are open, and some teach on Saturdays, all of them or every other
// one. So what is known of a Saturday comes from the weeks that are stored.

// weekendBegins is the hour of a Friday from which the day that comes to mind is no longer that Friday.
const weekendBegins = 19

// maxWeeksAhead bounds the weeks in which NextDay looks.
const maxWeeksAhead = 3

// NextDay is today, or after the last lesson the next day with lessons, with the week that it is in. It is not found
// when there is none in three weeks; day is then where it stopped looking. The errors are those of Week.
//
// It costs what one Week costs, mostly: with a login six requests. On a Friday after the last lesson, and from its
// evening to that of the Saturday, it is one more, for the next week, unless stored weeks tell that this Saturday is
// free: this week's, or earlier ones of both kinds of alternate weeks.
func (f *Family) NextDay(ctx context.Context, p Pupil, age time.Duration) (on time.Time, week Reading[school.Week], found bool, err error) {
	now := f.now()
	on, sure := f.first(p, now)
	weeks := maxWeeksAhead
	if !sure {
		on = school.Midnight(now) // rather ask than skip a Saturday
		weeks++
	}
	for range weeks {
		on = f.afterHolidays(p, on)
		week, err := f.Week(ctx, p, on, age)
		if err != nil {
			return on, week, false, err
		}
		for _, l := range week.Value.Lessons {
			if start := l.Start.In(f.cfg.Zone); !start.Before(on) && week.Value.LastEnd(start).After(now) {
				return school.Midnight(start), week, true, nil
			}
		}
		on = school.Monday(on).AddDate(0, 0, 7)
	}
	return on, Reading[school.Week]{}, false, nil
}

// FirstDay is the day that comes first to mind, without a request: today, or from a Friday evening on the Monday
// after, unless stored weeks tell of lessons on the Saturday before.
func (f *Family) FirstDay(p Pupil) time.Time {
	on, _ := f.first(p, f.now())
	return on
}

// SchoolDay tells whether there may be lessons on a day, without a request: on any from Monday to Friday, and on
// those of a weekend of which stored weeks tell. A Saturday whose own week is not stored is like the others.
func (f *Family) SchoolDay(p Pupil, on time.Time) bool {
	on = on.In(f.cfg.Zone)
	switch on.Weekday() {
	case time.Saturday:
		return f.saturday(p, on).lessons
	case time.Sunday:
		week, _ := f.storedWeek(p, on)
		return !week.LastEnd(on).IsZero()
	default:
		return true
	}
}

// first is FirstDay; sure is false when a Saturday before it may have lessons, for all that is known.
func (f *Family) first(p Pupil, now time.Time) (on time.Time, sure bool) {
	today := school.Midnight(now)
	switch now.Weekday() {
	case time.Friday:
		if now.Hour() < weekendBegins {
			return today, true
		}
	case time.Saturday, time.Sunday:
	default:
		return today, true
	}
	monday := school.Monday(today).AddDate(0, 0, 7)
	saturday := monday.AddDate(0, 0, -2)
	this, stored := f.storedWeek(p, today)
	tells := f.saturday(p, saturday)
	switch {
	case this.LastEnd(today).After(now):
		return today, true
	case tells.free, stored && !this.LastEnd(saturday).After(now), !now.Before(saturday.Add(weekendBegins * time.Hour)):
		return monday, true // it is over, or there was none
	case tells.lessons:
		return saturday, true
	default:
		return monday, false
	}
}

// afterHolidays is the first day from on that is in no holiday.
func (f *Family) afterHolidays(p Pupil, on time.Time) time.Time {
	profile, _ := f.Profile(p.Account)
	for range len(profile.Holidays) {
		h, off := profile.HolidayOn(on)
		if !off {
			break
		}
		on = school.Midnight(h.To.In(f.cfg.Zone)).AddDate(0, 0, 1)
	}
	return on
}

// told is what stored weeks tell of a Saturday. Neither is true when they tell nothing.
type told struct{ free, lessons bool }

// weeksBack and weeksAhead bound the stored weeks that are looked at for what they tell of a Saturday.
const weeksBack, weeksAhead = 4, 2

// saturday asks the week of that Saturday, and then the weeks around today: one with lessons on its Saturday tells of
// all, and so do two of different parity without, since some schools teach every other Saturday.
func (f *Family) saturday(p Pupil, on time.Time) told {
	if profile, _ := f.Profile(p.Account); isHoliday(profile, on) {
		return told{free: true}
	}
	if week, stored := f.storedWeek(p, on); stored {
		lessons := !week.LastEnd(on).IsZero()
		return told{free: !lessons, lessons: lessons}
	}
	var odd, even bool
	monday := school.Monday(f.now())
	for n := -weeksBack; n <= weeksAhead; n++ {
		first := monday.AddDate(0, 0, 7*n)
		week, stored := f.storedWeek(p, first)
		switch {
		case !stored || len(week.Lessons) == 0: // a week off tells nothing
			continue
		case teaches(week, first.AddDate(0, 0, 5)):
			return told{lessons: true}
		}
		odd, even = odd || week.Number%2 != 0, even || week.Number%2 == 0
	}
	return told{free: odd && even}
}

// teaches tells whether a day has a lesson of the ordinary kind, which others like it will have too.
func teaches(week school.Week, on time.Time) bool {
	return slices.ContainsFunc(week.Lessons, func(l school.Lesson) bool {
		return school.SameDay(l.Start.In(on.Location()), on) && !l.Detention && !l.Outing && !l.Council
	})
}

func isHoliday(profile school.Profile, on time.Time) bool {
	_, off := profile.HolidayOn(on)
	return off
}

// storedWeek is the week that a day is in, of any age. One that cannot be read is as good as none.
func (f *Family) storedWeek(p Pupil, on time.Time) (week school.Week, found bool) {
	var r Reading[school.Week]
	err := f.cfg.Store.View(func(tx store.Tx) (err error) {
		r, found, err = storedIn[school.Week](tx, p.Account, strings.Join(weekName(p, on), "\x00"))
		return err
	})
	return r.Value, found && err == nil
}
