package school

import "time"

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

// SubjectNames lists the subjects with an average, then those that have only grades.
func (g Grades) SubjectNames() []string {
	var names []string
	seen := make(map[string]bool)
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, s := range g.Subjects {
		add(s.Subject)
	}
	for _, grade := range g.Grades {
		add(grade.Subject)
	}
	return names
}
