package pronote

import (
	"slices"
	"time"
)

// Truth is what the school holds today in plain form, for comparison with what a client shows.
type Truth struct {
	Today       time.Time // midnight at the school
	FirstMonday time.Time // of PRONOTE's week 1
	Children    []Child   // of the parent account, in its order
}

// Child is what the school holds on one pupil.
type Child struct {
	Name   string // "ROUSSEL Léa"
	Class  string
	school *school
	pupil  *pupil
	server *Server
}

// Truth gives what the school holds at this moment.
func (s *Server) Truth() Truth {
	sch := s.schoolAt(s.clock())
	t := Truth{Today: sch.today, FirstMonday: sch.firstMonday}
	for _, a := range s.accounts {
		if a.Space != "parent" {
			continue
		}
		for _, id := range a.pupils {
			p := sch.pupils[id]
			t.Children = append(t.Children, Child{Name: p.name, Class: p.class, school: sch, pupil: p, server: s})
		}
	}
	return t
}

// SchoolDay tells whether there are lessons that day.
func (t Truth) SchoolDay(day time.Time) bool { return t.Children[0].school.schoolDay(midnight(day)) }

// NextSchoolDay is the first school day after that day.
func (t Truth) NextSchoolDay(day time.Time) time.Time {
	return t.Children[0].school.nextSchoolDay(midnight(day))
}

// Day lists the lessons of a day by start, those that overlap included.
func (c Child) Day(day time.Time) []Lesson { return c.school.lessons(c.pupil, midnight(day)) }

// Week lists the lessons of the week that a day is in.
func (c Child) Week(day time.Time) []Lesson {
	day = midnight(day)
	var all []Lesson
	for _, d := range daysFrom(day.AddDate(0, 0, -weekday(day)), 7) {
		all = append(all, c.school.lessons(c.pupil, d)...)
	}
	return all
}

// Periods lists those that this pupil's grades are given in, in order.
func (c Child) Periods() []Period {
	var all []Period
	for _, id := range c.pupil.periods {
		p, _ := c.school.period(id)
		all = append(all, p)
	}
	return all
}

// Current is the period of today.
func (c Child) Current() Period {
	p, _ := c.school.period(c.pupil.current)
	return p
}

// Grades lists the marks of a period, latest first.
func (c Child) Grades(p Period) []Grade {
	return slices.DeleteFunc(slices.Clone(c.pupil.grades), func(g Grade) bool { return g.period != p.id })
}

// Averages lists those of the subjects in a period.
func (c Child) Averages(p Period) []Average { return c.school.averages(c.pupil, p) }

// Overall gives the averages of the pupil and of the class over all subjects, "" without any.
func (c Child) Overall(p Period) (pupil, class string) { return overall(c.Averages(p)) }

// Homework lists the work due from one day to another, both included, by due day.
func (c Child) Homework(from, to time.Time) []Homework {
	return slices.DeleteFunc(c.server.withTicks(c.pupil.homework), func(h Homework) bool {
		return h.Due.Before(midnight(from)) || h.Due.After(midnight(to))
	})
}
