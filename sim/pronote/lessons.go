package pronote

import (
	"fmt"
	"slices"
	"time"
)

// Lesson is one entry of a timetable in plain form. Where two overlap, the one with the higher Priority is valid.
type Lesson struct {
	Start, End  time.Time
	Subject     string // "" for a detention
	Teachers    []string
	Rooms       []string
	Groups      []string // as shown, "[4B GR1]"
	Status      string   // free text for display, "Prof. absent"
	Memo        string
	Cancelled   bool
	Test        bool
	Detention   bool
	Replacement bool
	Homework    bool // homework was given
	Priority    int
	Colour      string

	subject       string
	start, length int // slots
}

// Priorities of lessons that overlap: what is planned, and what takes its place.
const (
	planned   = 7
	overriden = 8
)

// event is something out of the ordinary that happens to a lesson.
type event int

const (
	memo event = iota
	cancelled
	roomChange
	test
	replacement
)

// order says which lesson of a lively day each event happens to, first to last. Children differ.
var order = map[string][]event{
	"lea":  {memo, cancelled, roomChange, test, replacement},
	"hugo": {roomChange, test, cancelled, memo, replacement},
}

// lessons are those of one day, in order of start.
func (s *school) lessons(p *pupil, day time.Time) []Lesson {
	if !s.schoolDay(day) {
		return nil
	}
	var lessons []Lesson
	for _, sl := range p.timetable[weekday(day)] {
		if sl.fortnight == 0 || sl.fortnight == s.fortnight(day) {
			lessons = append(lessons, ordinary(p, day, sl))
		}
	}
	var extra []Lesson
	for i := range lessons {
		if e, some := s.eventOf(p, day, i); some {
			extra = append(extra, happen(&lessons[i], e)...)
		}
	}
	if s.lively(day) {
		extra = append(extra, detention(lessons[len(lessons)-1], day))
	}
	lessons = append(lessons, extra...)
	for i, l := range lessons {
		lessons[i].Homework = slices.ContainsFunc(p.homework, func(h Homework) bool {
			return h.subject == l.subject && h.Given.Equal(day)
		})
	}
	slices.SortStableFunc(lessons, func(a, b Lesson) int { return a.Start.Compare(b.Start) })
	return lessons
}

// lively tells whether everything out of the ordinary happens that day: today and the next school day, so that what one
// looks at first always shows something. It depends on the date alone, so that nothing changes within a day.
func (s *school) lively(day time.Time) bool {
	next := s.nextSchoolDay(s.today)
	return day.Equal(s.today) || day.Equal(next) || !s.schoolDay(s.today) && day.Equal(s.nextSchoolDay(next))
}

// eventOf is what happens to the lesson with that number in the day. Every week has something.
func (s *school) eventOf(p *pupil, day time.Time, i int) (event, bool) {
	if s.lively(day) {
		events := order[p.id]
		if i < len(events) {
			return events[i], true
		}
		return 0, false
	}
	switch weekday(day)*10 + i {
	case 1:
		return roomChange, true
	case 13:
		return cancelled, s.fortnight(day) == 2
	case 21:
		return memo, true
	case 30:
		return roomChange, s.fortnight(day) == 1
	case 32:
		return replacement, true
	case 41:
		return test, true
	}
	return 0, false
}

func ordinary(p *pupil, day time.Time, sl slot) Lesson {
	sub := subjectOf(sl.subject)
	l := Lesson{
		Start: at(day, sl.start), End: at(day, sl.start+sl.length), Subject: sub.name, Colour: sub.colour,
		Teachers: []string{sl.teacher}, Rooms: []string{sl.room}, Priority: planned,
		subject: sl.subject, start: sl.start, length: sl.length,
	}
	if sl.group != 0 {
		l.Groups = []string{fmt.Sprintf("[%s GR%d]", p.class, sl.group)}
	}
	return l
}

// happen changes the lesson and gives what stands beside it from then on.
func happen(l *Lesson, e event) []Lesson {
	switch e {
	case memo:
		l.Memo = "Apporter le manuel et la calculatrice."
	case cancelled:
		l.Status, l.Cancelled = "Prof. absent", true
	case roomChange:
		l.Status, l.Rooms = "Changement de salle", []string{"CDI"}
	case test:
		l.Test = true
	case replacement:
		instead := *l
		sub := subjectOf("hg")
		if l.subject == "hg" {
			sub = subjectOf("fr")
		}
		instead.Subject, instead.Colour, instead.subject = sub.name, sub.colour, sub.id
		instead.Teachers, instead.Groups = []string{"ZIEGLER M."}, nil
		instead.Status, instead.Priority, instead.Replacement = "Remplacement", overriden, true
		l.Status, l.Cancelled = "Cours annulé", true
		return []Lesson{instead}
	}
	return nil
}

// detention is an hour after the last lesson, or after lunch when that ends at noon.
func detention(last Lesson, day time.Time) Lesson {
	start := max(last.start+last.length, 10)
	return Lesson{
		Start: at(day, start), End: at(day, start+slotsPerHour), Teachers: []string{"CARON J."}, Rooms: []string{"PERMANENCE"},
		Detention: true, Priority: planned, Colour: "#B03030", start: start, length: slotsPerHour,
	}
}
