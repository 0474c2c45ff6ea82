package view

import (
	"slices"
	"strings"
	"time"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
)

// attended tells whether a pupil goes to a lesson.
func attended(l school.Lesson) bool { return !l.Cancelled && !l.Exempted && !l.Council }

// Begins says when the first lesson of a day begins, and which one before it is cancelled. week is the one that day is in.
func (v View) Begins(who family.Pupil, profile school.Profile, week family.Reading[school.Week], day time.Time) chat.Reply {
	lessons := lessonsOn(v, week.Value, day)
	i := slices.IndexFunc(lessons, attended)
	if i < 0 {
		return v.freeDay(who, profile, week, day, lessons)
	}
	key, gone := "question.begins", school.Lesson{}
	if at := slices.IndexFunc(lessons[:i], func(l school.Lesson) bool { return l.Cancelled && l.Start.Before(lessons[i].Start) }); at >= 0 {
		key, gone = "question.begins_cancelled", lessons[at]
	}
	return v.answered(week, key, who, day, lessons[i].Start, gone)
}

// Ends says when the last lesson of a day ends, and which one after it is cancelled.
func (v View) Ends(who family.Pupil, profile school.Profile, week family.Reading[school.Week], day time.Time) chat.Reply {
	lessons := lessonsOn(v, week.Value, day)
	var end time.Time
	for _, l := range lessons {
		if attended(l) && l.End.After(end) {
			end = l.End
		}
	}
	if end.IsZero() {
		return v.freeDay(who, profile, week, day, lessons)
	}
	key, gone := "question.ends", school.Lesson{}
	if at := slices.IndexFunc(lessons, func(l school.Lesson) bool { return l.Cancelled && l.End.After(end) }); at >= 0 {
		key, gone = "question.ends_cancelled", lessons[at]
	}
	return v.answered(week, key, who, day, end, gone)
}

func (v View) answered(week family.Reading[school.Week], key string, who family.Pupil, day, at time.Time, gone school.Lesson) chat.Reply {
	r := v.Say(key, "child", Given(who), "day", v.P.Day(day), "at", v.P.Clock(at.In(v.Zone)),
		"from", v.P.Clock(gone.Start.In(v.Zone)), "lesson", ask.Short(gone.Subject))
	r.Body = append(r.Body, staleNote(v, week)...)
	return r
}

// freeDay says that a pupil has no lesson to go to.
func (v View) freeDay(who family.Pupil, profile school.Profile, week family.Reading[school.Week], day time.Time, lessons []school.Lesson) chat.Reply {
	if !slices.ContainsFunc(lessons, func(l school.Lesson) bool { return l.Cancelled }) {
		return v.Day(who, profile, week, day)
	}
	r := v.Say("question.all_cancelled", "child", Given(who), "day", v.P.Day(day))
	r.Body = append(r.Body, staleNote(v, week)...)
	return r
}

// lessonsOn are those of one day.
func lessonsOn(v View, week school.Week, day time.Time) []school.Lesson {
	var list []school.Lesson
	for _, l := range week.Lessons {
		if school.SameDay(l.Start.In(v.Zone), day) {
			list = append(list, l)
		}
	}
	return list
}

// Teachers says whether the teachers of some lessons of a day are there, as far as the school says so. subject is what
// the lessons were narrowed to, as it was said; empty for all of the day.
func (v View) Teachers(who family.Pupil, week family.Reading[school.Week], day time.Time, lessons []school.Lesson, subject string) chat.Reply {
	on := v.P.Day(day)
	var r chat.Reply
	switch {
	case subject == "":
		r = v.cancelledOn(who, day, lessons)
	case len(lessons) == 0:
		r = v.Say("question.no_lesson", "child", Given(who), "subject", subject, "day", on)
	default:
		for _, l := range lessons {
			key := "question.teacher_there"
			if l.Cancelled {
				key = "question.teacher_away"
			}
			values := []any{"lesson", ask.Short(l.Subject), "at", v.P.Clock(l.Start.In(v.Zone)), "day", on, "child", Given(who)}
			r.Body = append(r.Body, v.Say(key, values...).Body...)
			if said := joinParts(strings.Join(l.Teachers, ", "), l.Status); said != "" {
				r.Body = append(r.Body, chat.Line{Kind: chat.LineNote, Text: said})
			}
		}
	}
	r.Body = append(r.Body, staleNote(v, week)...)
	return r
}

// cancelledOn lists the cancelled lessons of a day.
func (v View) cancelledOn(who family.Pupil, day time.Time, lessons []school.Lesson) chat.Reply {
	r := v.Say("question.none_cancelled", "child", Given(who), "day", v.P.Day(day))
	for _, l := range lessons {
		if !l.Cancelled {
			continue
		}
		if r.Title == "" {
			r = chat.Reply{Title: v.P.T("question.cancelled", "child", Given(who), "day", v.P.Day(day))}
		}
		r.Body = append(r.Body, v.Lesson(l))
	}
	return r
}

// LessonsOf shows the next lessons of a subject, as it was said, under their days; to is the last day that was looked at.
func (v View) LessonsOf(who family.Pupil, lessons []school.Lesson, subject string, to time.Time) chat.Reply {
	if len(lessons) == 0 {
		return v.Say("question.none_of", "child", Given(who), "subject", subject, "to", v.P.Day(to))
	}
	r := chat.Reply{Title: v.P.T("question.lessons_of", "child", Given(who), "subject", subject)}
	return v.byDay(r, lessons, v.Lesson)
}
