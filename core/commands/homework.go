package commands

import (
	"context"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/talk"
)

// homeworkDays is how far /devoirs looks ahead when no day is named.
const homeworkDays = 7

// homework is /devoirs [day|week] [pupil].
func (c schools) homework(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	who, rest, err := c.pickPupilOfYear(ctx, t, rights.Homework, args)
	if err != nil {
		return chat.Reply{}, err
	}
	today := school.Midnight(t.Now)
	from, to := today, today.AddDate(0, 0, homeworkDays)
	if rest != "" {
		asked, err := c.askedFor(t, who, rest, "devoirs")
		if err != nil {
			return chat.Reply{}, err
		}
		from, to = asked.span()
	}
	if profile := c.profile(who); !profile.InYear(from) && !profile.InYear(to) {
		return c.view(t).OutsideYear(profile, from), nil
	}
	work, err := c.Family.Homework(ctx, who, from, to, family.Fresh)
	if err != nil {
		return chat.Reply{}, err
	}
	c.noteStale(t, work.Stale)
	r := c.view(t).Homework(who, c.profile(who), work, from, to)
	r.Choices = append(c.homeworkChoices(t, who, from, to), c.siblings(t, rights.Homework, who, "/devoirs "+rest)...)
	return r, nil
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
