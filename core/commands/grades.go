package commands

import (
	"cmp"
	"context"
	"slices"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/talk"
	"cartable/i18n"
)

// grades is /notes [subject|period] [pupil].
func (c schools) grades(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	q, err := c.read(ctx, t, rights.Grades, "notes", args)
	if err != nil {
		return chat.Reply{}, err
	}
	return q.each(nil, func(who family.Pupil, _ ask.Span) (chat.Reply, error) { return c.gradesOf(ctx, t, who, q) })
}

// gradesOf shows the grades of one pupil: all, or those of the subjects that are meant.
func (c schools) gradesOf(ctx context.Context, t *talk.Turn, who family.Pupil, q wanted) (chat.Reply, error) {
	period, there := periodOf(who, q.Period)
	if q.NoPeriod != "" || !there {
		return c.view(t).NoSuchPeriod(who, cmp.Or(q.NoPeriod, q.Period)), nil
	}
	got, err := c.Family.Grades(ctx, who, period, family.Fresh)
	if err != nil {
		return chat.Reply{}, err
	}
	c.noteStale(t, got.Stale)
	said, subjects := q.Subjects, ask.SubjectsSpelt(got.Value.SubjectNames(), q.said)
	switch {
	case len(subjects) > 0:
		said = nil
	case q.Rest != "": // it may be a subject of the school's own
		said = append(slices.Clone(said), q.Rest)
	}
	for _, name := range said {
		found := ask.SubjectsNamed(got.Value.SubjectNames(), name)
		if len(found) == 0 {
			return c.view(t).NoSuchSubject(who, got.Value, name, c.pupils(t, rights.Grades)), nil
		}
		subjects = append(subjects, found...)
	}
	r := c.view(t).Grades(who, got)
	switch {
	case len(subjects) > 0:
		r = c.view(t).GradesOf(who, got, subjects)
	case q.Details:
		r = c.view(t).GradesDetails(who, got)
	case len(got.Value.Grades) > 0:
		r.Choices = append(r.Choices, t.RunChoice(t.P.T("button.details"), "/notes détails "+got.Value.Period.Name+" "+ref(who)))
	}
	for _, p := range who.Periods {
		if p.Key != got.Value.Period.Key && len(r.Choices) < 6 {
			r.Choices = append(r.Choices, t.RunChoice(p.Name, "/notes "+p.Name+" "+ref(who)))
		}
	}
	r.Choices = append(r.Choices, c.siblings(t, rights.Grades, who, "/notes")...)
	return r, nil
}

// periodOf is the pupil's key of a period, by its folded name. The key of no period is empty.
func periodOf(who family.Pupil, name string) (key string, there bool) {
	for _, p := range who.Periods {
		if i18n.Fold(p.Name) == name {
			return p.Key, true
		}
	}
	return "", name == ""
}
