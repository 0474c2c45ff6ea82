package view

import (
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
)

// Day shows one day, whatever is on it. week is the one that day is in.
func (v View) Day(who family.Pupil, profile school.Profile, week family.Reading[school.Week], day time.Time) chat.Reply {
	r := chat.Reply{Title: v.P.T("edt.day.title", "child", Given(who), "day", v.P.Day(day))}
	for _, lesson := range week.Value.Lessons {
		if school.SameDay(lesson.Start.In(v.Zone), day) {
			r.Body = append(r.Body, v.Lesson(lesson))
		}
	}
	if len(r.Body) == 0 {
		r.Body = []chat.Line{{Text: noLessons(v, profile, day, "edt.day.none")}}
	}
	r.Body = append(r.Body, staleNote(v, week)...)
	return r
}

// Week shows a week day by day. first is its Monday.
func (v View) Week(who family.Pupil, profile school.Profile, week family.Reading[school.Week], first time.Time) chat.Reply {
	r := chat.Reply{Title: v.P.T("edt.week.title", "child", Given(who), "day", v.P.Day(first))}
	r = v.byDay(r, week.Value.Lessons)
	if len(r.Body) == 0 {
		r.Body = []chat.Line{{Text: noLessons(v, profile, first, "edt.week.none")}}
	}
	r.Body = append(r.Body, staleNote(v, week)...)
	return r
}

// byDay adds lessons under their days.
func (v View) byDay(r chat.Reply, lessons []school.Lesson) chat.Reply {
	var heading string
	for _, lesson := range lessons {
		if on := v.P.Day(lesson.Start.In(v.Zone)); on != heading {
			heading = on
			r.Body = append(r.Body, chat.Line{Kind: chat.LineHeading, Text: on})
		}
		r.Body = append(r.Body, v.Lesson(lesson))
	}
	return r
}

// NoneAhead says that no lessons were found until day.
func (v View) NoneAhead(who family.Pupil, day time.Time) chat.Reply {
	return v.Say("edt.none_ahead", "child", Given(who), "day", v.P.Day(day))
}

// OutsideYear says that day is not in the school year.
func (v View) OutsideYear(profile school.Profile, day time.Time) chat.Reply {
	return v.Say("edt.outside", "day", v.P.Day(day), "year", day.Year(),
		"from", v.P.FullDate(profile.FirstDay.In(v.Zone)), "to", v.P.FullDate(profile.LastDay.In(v.Zone)))
}

// Holiday names the holiday that day is in, and its end if that is another day; "" on an ordinary day.
func (v View) Holiday(profile school.Profile, day time.Time) string {
	h, off := profile.HolidayOn(day)
	switch {
	case !off:
		return ""
	case school.SameDay(h.From, h.To):
		return v.P.T("edt.holiday_day", "name", h.Name)
	default:
		return v.P.T("edt.holiday", "name", h.Name, "to", v.P.Day(h.To.In(v.Zone)))
	}
}

// noLessons says why a span that begins on day is empty.
func noLessons(v View, profile school.Profile, day time.Time, key string) string {
	if off := v.Holiday(profile, day); off != "" {
		return off
	}
	return v.P.T(key)
}

// Lesson is "08:00–09:00  MATHÉMATIQUES · MARTIN P. · salle B12 · Changement de salle".
func (v View) Lesson(l school.Lesson) chat.Line {
	line := chat.Line{Label: v.P.Clock(l.Start.In(v.Zone)) + "–" + v.P.Clock(l.End.In(v.Zone))}
	parts := []string{l.Subject}
	switch {
	case l.Detention:
		parts = []string{v.P.T("lesson.detention"), l.Subject}
	case l.Outing:
		parts = []string{v.P.T("lesson.outing"), l.Subject}
	case l.Council:
		parts = []string{v.P.T("lesson.council"), l.Subject}
	}
	if l.Test {
		parts = append(parts, v.P.T("lesson.test"))
	}
	parts = append(parts, strings.Join(l.Teachers, ", "))
	if len(l.Rooms) > 0 {
		parts = append(parts, v.P.T("lesson.room", "room", strings.Join(l.Rooms, ", ")))
	}
	parts = append(parts, strings.Join(l.Groups, ", "))
	if l.Exempted {
		parts = append(parts, v.P.T("lesson.exempted"))
	}
	line.Text = joinParts(append(parts, l.Status, l.Note)...)
	if l.Cancelled {
		line.Kind = chat.LineStruck
		line.Text = v.P.T("lesson.cancelled", "lesson", line.Text)
	}
	return line
}
