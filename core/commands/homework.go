package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/talk"
)

// homeworkAhead is how many days /devoirs looks ahead when none is named.
const homeworkAhead = 7

// homework is /devoirs [day|week] [subject] [pupil].
func (c schools) homework(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	q, err := c.read(ctx, t, rights.Homework, "devoirs", args)
	if err != nil {
		return chat.Reply{}, err
	}
	return q.each(q.Days, func(who family.Pupil, on ask.Span) (chat.Reply, error) {
		return c.homeworkOf(ctx, t, who, on, q)
	})
}

// homeworkOf shows what is due in a span, of the subjects that are meant or of all.
func (c schools) homeworkOf(ctx context.Context, t *talk.Turn, who family.Pupil, on ask.Span, q wanted) (chat.Reply, error) {
	from, to, words := c.homeworkDays(t, who, on)
	if profile := c.profile(who); !profile.InYear(from) && !profile.InYear(to) {
		return c.view(t).OutsideYear(profile, from), nil
	}
	work, err := c.Family.Homework(ctx, who, from, to, family.Fresh)
	if err != nil {
		return chat.Reply{}, err
	}
	c.noteStale(t, work.Stale)
	said := q.Subjects
	if q.Rest != "" { // it may be a subject of the school's own
		if said = append(slices.Clone(said), q.Rest); len(ofSubjects(work.Value, []string{q.Rest})) == 0 {
			return c.leftOver(t, "devoirs", q.Request), nil
		}
	}
	work.Value = ofSubjects(work.Value, said)
	r := c.view(t).Homework(who, c.profile(who), work, from, to, ask.ShortSaid(said))
	line := strings.TrimSpace("/devoirs " + words)
	r.Choices = append(c.homeworkChoices(t, who, from, to), c.siblings(t, rights.Homework, who, line)...)
	return r, nil
}

// homeworkDays are the days that a span means, and the words for it on a button.
func (c schools) homeworkDays(t *talk.Turn, who family.Pupil, on ask.Span) (from, to time.Time, words string) {
	switch today := school.Midnight(t.Now); {
	case on == ask.Span{}:
		return today, today.AddDate(0, 0, homeworkAhead), ""
	case on.From.IsZero():
		from = school.Monday(c.Family.FirstDay(who))
		to = from.AddDate(0, 0, 6)
	default:
		from, to = on.From, on.To
	}
	if from.Equal(to) {
		return from, to, dayArg(from)
	}
	return from, to, "semaine du " + dayArg(from)
}

// ofSubjects keeps the work of some subjects, as they were said; without any, all of it.
func ofSubjects(work []school.Homework, said []string) []school.Homework {
	if len(said) == 0 {
		return work
	}
	return slices.DeleteFunc(slices.Clone(work), func(h school.Homework) bool {
		return !slices.ContainsFunc(said, func(subject string) bool { return len(ask.SubjectsNamed([]string{h.Subject}, subject)) > 0 })
	})
}

// homeworkChoices are the weeks beside the days shown; for one day its own week too.
func (c schools) homeworkChoices(t *talk.Turn, who family.Pupil, from, to time.Time) []chat.Choice {
	if !school.SameDay(from, to) {
		return c.weekChoices(t, who, "/devoirs", from, to)
	}
	whole := t.RunChoice(t.P.T("edt.button.week"), "/devoirs semaine du "+dayArg(from)+" "+ref(who))
	monday := school.Monday(from)
	return append([]chat.Choice{whole}, c.weekChoices(t, who, "/devoirs", monday, monday.AddDate(0, 0, 6))...)
}
