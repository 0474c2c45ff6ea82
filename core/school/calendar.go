package school

import (
	"slices"
	"time"
)

// Midnight is the start of t's day, where t is.
func Midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// Monday is the start of t's week.
func Monday(t time.Time) time.Time {
	return Midnight(t).AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

// SameDay tells whether the calendar where each time is shows one day for both.
func SameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

// InYear tells whether day belongs to the school year. A profile without dates knows no bounds.
func (p Profile) InYear(day time.Time) bool {
	if p.FirstDay.IsZero() || p.LastDay.IsZero() {
		return true
	}
	d := day.Format(time.DateOnly)
	return p.FirstDay.In(day.Location()).Format(time.DateOnly) <= d && d <= p.LastDay.In(day.Location()).Format(time.DateOnly)
}

// HolidayOn returns the holiday that day is in.
func (p Profile) HolidayOn(day time.Time) (Holiday, bool) {
	d := day.Format(time.DateOnly)
	for _, h := range p.Holidays {
		if h.From.Format(time.DateOnly) <= d && d <= h.To.Format(time.DateOnly) {
			return h, true
		}
	}
	return Holiday{}, false
}

// LastEnd is when the last lesson of a day ends; zero when there is none.
func (w Week) LastEnd(day time.Time) time.Time {
	var last time.Time
	for _, lesson := range w.Lessons {
		if SameDay(lesson.Start.In(day.Location()), day) && lesson.End.After(last) {
			last = lesson.End
		}
	}
	return last
}

// AllSubjects are the subjects with averages, then those that have only grades.
func (g Grades) AllSubjects() []SubjectAverage {
	type one struct {
		name string
		twin int
	}
	all := slices.Clone(g.Subjects)
	seen := make(map[one]bool)
	for _, s := range g.Subjects {
		seen[one{s.Subject, s.Twin}] = true
	}
	for _, grade := range g.Grades {
		if is := (one{grade.Subject, grade.Twin}); !seen[is] {
			seen[is] = true
			all = append(all, SubjectAverage{Subject: grade.Subject, Twin: grade.Twin})
		}
	}
	return all
}

// SubjectNames are the names of AllSubjects, each once.
func (g Grades) SubjectNames() []string {
	var names []string
	for _, s := range g.AllSubjects() {
		if !slices.Contains(names, s.Subject) {
			names = append(names, s.Subject)
		}
	}
	return names
}
