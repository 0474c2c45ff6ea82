package commands

import (
	"context"
	"time"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/talk"
)

// timetable is /edt [day|week|date] [pupil].
func (c schools) timetable(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	q, err := c.read(ctx, t, rights.Timetable, "edt", args)
	switch {
	case err != nil:
		return chat.Reply{}, err
	case q.Rest != "" && q.Question != ask.Teacher: // else it may be the name of one
		return c.leftOver(t, "edt", q.Request), nil
	}
	return q.each(singleDays(q.Days), func(who family.Pupil, on ask.Span) (chat.Reply, error) {
		switch {
		case q.Question != "" || len(q.Subjects) > 0:
			return c.question(ctx, t, who, on, q)
		case on == ask.Span{}:
			return c.nextDay(ctx, t, who, q.Details)
		case on.Week && on.From.IsZero():
			return c.weekReply(ctx, t, who, c.Family.FirstDay(who), q.Details)
		case on.Week:
			return c.weekReply(ctx, t, who, on.From, q.Details)
		default:
			return c.dayReply(ctx, t, who, on.From, q.Details)
		}
	})
}

// profile is what is known of the pupil's account and school.
func (c schools) profile(who family.Pupil) school.Profile {
	profile, _ := c.Family.Profile(who.Account)
	return profile
}

// nextDay shows today, or after the last lesson the next day with lessons.
func (c schools) nextDay(ctx context.Context, t *talk.Turn, who family.Pupil, details bool) (chat.Reply, error) {
	day, week, found, err := c.Family.NextDay(ctx, who, family.Fresh)
	switch {
	case err != nil:
		return chat.Reply{}, err
	case !found:
		return c.view(t).NoneAhead(who, day), nil
	}
	return c.day(t, who, week, day, details), nil
}

// dayReply shows one day, whatever is on it.
func (c schools) dayReply(ctx context.Context, t *talk.Turn, who family.Pupil, day time.Time, details bool) (chat.Reply, error) {
	if !c.profile(who).InYear(day) {
		return c.view(t).OutsideYear(c.profile(who), day), nil
	}
	week, err := c.Family.Week(ctx, who, day, family.Fresh)
	if err != nil {
		return chat.Reply{}, err
	}
	return c.day(t, who, week, day, details), nil
}

// day shows one day; details, with all that the school says of each lesson.
func (c schools) day(t *talk.Turn, who family.Pupil, week family.Reading[school.Week], day time.Time, details bool) chat.Reply {
	c.noteStale(t, week.Stale)
	v := c.view(t)
	if details {
		r := v.DayDetails(who, c.profile(who), week, day)
		r.Choices = c.dayChoices(t, who, day)
		return r
	}
	r := v.Day(who, c.profile(who), week, day)
	r.Choices = c.dayChoices(t, who, day)
	if v.HasDetails(week.Value, day) {
		r.Choices = append(r.Choices, t.RunChoice(t.P.T("button.details"), "/edt détails "+dayArg(day)+" "+ref(who)))
	}
	return r
}

// noteStale logs why an answer is an old one.
func (c schools) noteStale(t *talk.Turn, cause error) {
	if cause != nil {
		t.Log.Warn("answered from what is stored", "error", cause)
	}
}

// dayChoices are the buttons below a day: the days beside it, its week, the other pupils.
func (c schools) dayChoices(t *talk.Turn, who family.Pupil, day time.Time) []chat.Choice {
	var list []chat.Choice
	for _, step := range []struct {
		by    int
		arrow string
	}{{-1, "◀ "}, {1, "▶ "}} {
		next := day.AddDate(0, 0, step.by)
		for !c.Family.SchoolDay(who, next) {
			next = next.AddDate(0, 0, step.by)
		}
		if c.profile(who).InYear(next) {
			list = append(list, t.RunChoice(step.arrow+t.P.ShortDay(next), "/edt "+dayArg(next)+" "+ref(who)))
		}
	}
	list = append(list, t.RunChoice(t.P.T("edt.button.week"), "/edt semaine du "+dayArg(day)+" "+ref(who)))
	return append(list, c.siblings(t, rights.Timetable, who, "/edt "+dayArg(day))...)
}

// weekReply shows the week of day.
func (c schools) weekReply(ctx context.Context, t *talk.Turn, who family.Pupil, day time.Time, details bool) (chat.Reply, error) {
	first, last := school.Monday(day), school.Monday(day).AddDate(0, 0, 6)
	if profile := c.profile(who); !profile.InYear(last) && !profile.InYear(first) {
		return c.view(t).OutsideYear(profile, day), nil
	}
	week, err := c.Family.Week(ctx, who, day, family.Fresh)
	if err != nil {
		return chat.Reply{}, err
	}
	c.noteStale(t, week.Stale)
	r := c.view(t).Week(who, c.profile(who), week, first)
	if details {
		r = c.view(t).WeekDetails(who, c.profile(who), week, first)
	}
	r.Choices = c.weekChoices(t, who, "/edt", first, last)
	if !details && len(week.Value.Lessons) > 0 {
		r.Choices = append(r.Choices, t.RunChoice(t.P.T("button.details"), "/edt détails semaine du "+dayArg(first)+" "+ref(who)))
	}
	r.Choices = append(r.Choices, c.siblings(t, rights.Timetable, who, "/edt semaine du "+dayArg(first))...)
	return r, nil
}

// weekChoices are the buttons below days: the weeks before from and after to.
func (c schools) weekChoices(t *talk.Turn, who family.Pupil, command string, from, to time.Time) []chat.Choice {
	var list []chat.Choice
	profile := c.profile(who)
	for _, beside := range []struct {
		day   time.Time
		label string
	}{{from.AddDate(0, 0, -1), "edt.button.week_before"}, {to.AddDate(0, 0, 1), "edt.button.week_after"}} {
		if first := school.Monday(beside.day); profile.InYear(first) || profile.InYear(first.AddDate(0, 0, 6)) {
			list = append(list, t.RunChoice(t.P.T(beside.label), command+" semaine du "+dayArg(first)+" "+ref(who)))
		}
	}
	return list
}
