package commands

import (
	"context"
	"strings"
	"time"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/talk"
	"cartable/i18n"
)

// lessonsAhead are how many lessons of a subject are shown when no day is named, and weeksAhead in how many weeks they
// are looked for.
const (
	lessonsAhead = 5
	weeksAhead   = 2
)

// question answers what was asked of a day rather than showing all of it, with buttons to more.
func (c schools) question(ctx context.Context, t *talk.Turn, who family.Pupil, on ask.Span, q wanted) (chat.Reply, error) {
	if (len(q.Subjects) > 0 || q.Rest != "") && (on == ask.Span{} || on.Week) {
		return c.lessonsOf(ctx, t, who, on, q)
	}
	day, week, err := c.dayAsked(ctx, who, on)
	if err != nil {
		return chat.Reply{}, err
	}
	c.noteStale(t, week.Stale)
	v, profile := c.view(t), c.profile(who)
	var r chat.Reply
	switch {
	case !profile.InYear(day):
		return v.OutsideYear(profile, day), nil
	case q.Question == ask.Begins:
		r = v.Begins(who, profile, week, day)
	case q.Question == ask.Ends:
		r = v.Ends(who, profile, week, day)
	case q.Question == "":
		r = v.LessonsOf(who, c.lessons(week.Value, day, day, q), c.named(q), day)
	default:
		lessons := c.lessons(week.Value, day, day, q)
		if q.Rest != "" && len(lessons) == 0 {
			return c.leftOver(t, "edt", q.Request), nil
		}
		r = v.Teachers(who, week, day, lessons, c.named(q))
	}
	r.Choices = append([]chat.Choice{t.RunChoice(t.P.ShortDay(day), "/edt "+dayArg(day)+" "+ref(who))}, c.dayChoices(t, who, day)...)
	return r, nil
}

// dayAsked is the day that a span means, or the next one with lessons, and its week.
func (c schools) dayAsked(ctx context.Context, who family.Pupil, on ask.Span) (time.Time, family.Reading[school.Week], error) {
	if !on.From.IsZero() && !on.Week {
		week, err := c.Family.Week(ctx, who, on.From, family.Fresh)
		return on.From, week, err
	}
	day, week, _, err := c.Family.NextDay(ctx, who, family.Fresh)
	return day, week, err
}

// named is what was said of the lessons that are meant; empty for all.
func (c schools) named(q wanted) string {
	return strings.TrimSpace(ask.ShortSaid(q.Subjects) + " " + q.Rest)
}

// lessons are those of a week from one day to another, of the subjects or the teacher that were named, or all.
func (c schools) lessons(week school.Week, from, to time.Time, q wanted) []school.Lesson {
	var list []school.Lesson
	for _, l := range week.Lessons {
		if day := school.Midnight(l.Start.In(c.Zone)); day.Before(from) || day.After(to) {
			continue
		}
		if c.named(q) == "" || q.Rest != "" && teaches(l, q.Rest) {
			list = append(list, l)
			continue
		}
		for _, subject := range q.Subjects {
			if len(ask.SubjectsNamed([]string{l.Subject}, subject)) > 0 {
				list = append(list, l)
				break
			}
		}
	}
	return list
}

// teaches tells whether a teacher of a lesson has a name.
func teaches(l school.Lesson, name string) bool {
	for _, teacher := range l.Teachers {
		if strings.Contains(" "+i18n.Fold(teacher)+" ", " "+i18n.Fold(name)+" ") {
			return true
		}
	}
	return false
}

// lessonsOf shows the lessons of a subject in a week, or the next ones. Where a teacher is asked for, it is about the
// day of the first of them.
func (c schools) lessonsOf(ctx context.Context, t *talk.Turn, who family.Pupil, on ask.Span, q wanted) (chat.Reply, error) {
	from := school.Midnight(t.Now)
	to := from.AddDate(0, 0, 7*weeksAhead-1)
	if on.Week {
		if from = on.From; from.IsZero() {
			from = school.Monday(c.Family.FirstDay(who))
		}
		to = from.AddDate(0, 0, 6)
	}
	var found []school.Lesson
	var week family.Reading[school.Week]
	for day := from; !day.After(to); day = school.Monday(day).AddDate(0, 0, 7) {
		var err error
		if week, err = c.Family.Week(ctx, who, day, family.Fresh); err != nil {
			return chat.Reply{}, err
		}
		c.noteStale(t, week.Stale)
		for _, l := range c.lessons(week.Value, from, to, q) {
			if on.Week || l.End.After(t.Now) {
				found = append(found, l)
			}
		}
		if len(found) > 0 && (q.Question == ask.Teacher || len(found) >= lessonsAhead) {
			break
		}
	}
	subject := c.named(q)
	if len(found) > 0 && q.Rest == "" && len(q.Subjects) == 1 {
		subject = ask.Short(found[0].Subject)
	}
	if q.Rest != "" && len(found) == 0 {
		return c.leftOver(t, "edt", q.Request), nil
	}
	if q.Question == ask.Teacher && len(found) > 0 {
		day := school.Midnight(found[0].Start.In(c.Zone))
		r := c.view(t).Teachers(who, week, day, c.lessons(week.Value, day, day, q), subject)
		r.Choices = []chat.Choice{t.RunChoice(t.P.ShortDay(day), "/edt "+dayArg(day)+" "+ref(who))}
		return r, nil
	}
	if !on.Week {
		found = found[:min(len(found), lessonsAhead)]
	}
	return c.view(t).LessonsOf(who, found, subject, to), nil
}
