package core

import (
	"context"
	"slices"
	"strings"
	"time"

	"cartable/core/pronote"
)

// homeworkDays is how far /devoirs looks ahead when no day is named.
const homeworkDays = 7

// homework is /devoirs [day|week] [child].
func homework(ctx context.Context, t *turn, args string) (Reply, error) {
	who, rest, err := t.pickPupilOfYear(ctx, args)
	if err != nil {
		return Reply{}, err
	}
	from, to := t.today(), t.today().AddDate(0, 0, homeworkDays)
	if rest != "" {
		asked, err := t.askedFor(who, rest, "devoirs")
		if err != nil {
			return Reply{}, err
		}
		from, to = asked.span()
	}
	if !who.inYear(from) && !who.inYear(to) {
		return t.outsideYear(who, from), nil
	}
	key := snapshotKey("homework", who.child.Key, from.Format(time.DateOnly), to.Format(time.DateOnly))
	got, err := read(ctx, who.account, key, func(s *pronote.Session) ([]pronote.Homework, error) {
		return s.Homework(ctx, who.child.Key, from, to)
	})
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Title: t.p.T("homework.title", "child", who.given(), "from", t.p.Day(from), "to", t.p.Day(to))}
	if sameDay(from, to) {
		r.Title = t.p.T("homework.title_day", "child", who.given(), "day", t.p.Day(from))
	}
	switch {
	case len(got.value) == 0:
		r.Body = t.noHomework(who, from, to)
	case sameDay(from, to):
		r.Body = t.homeworkLines(got.value)
	default:
		r.Body = t.homeworkByDay(got.value)
	}
	r.Body = append(r.Body, staleNote(t, got)...)
	r.Choices = append(t.homeworkChoices(who, from, to), t.siblings(who, "/devoirs "+rest)...)
	return r, nil
}

// noHomework says that there is none, and of which holiday the first day is.
func (t *turn) noHomework(who pupil, from, to time.Time) []Line {
	key := "homework.none"
	if sameDay(from, to) {
		key = "homework.none_day"
	}
	lines := []Line{{Text: t.p.T(key)}}
	if off := t.holidayOn(who, from); off != "" {
		lines = append(lines, Line{Text: off})
	}
	return lines
}

// homeworkChoices are the weeks beside the days shown; for one day its own week too.
func (t *turn) homeworkChoices(who pupil, from, to time.Time) []Choice {
	if !sameDay(from, to) {
		return t.weekChoices(who, "/devoirs", from, to)
	}
	whole := t.runChoice(t.p.T("edt.button.week"), "/devoirs semaine du "+dayArg(from)+" "+who.ref())
	return append([]Choice{whole}, t.weekChoices(who, "/devoirs", monday(from), monday(from).AddDate(0, 0, 6))...)
}

// homeworkByDay puts the work under the days that it is due.
func (t *turn) homeworkByDay(all []pronote.Homework) []Line {
	var lines []Line
	for len(all) > 0 {
		due := all[0].Due.In(t.e.cfg.Location)
		n := slices.IndexFunc(all, func(h pronote.Homework) bool { return !sameDay(h.Due.In(t.e.cfg.Location), due) })
		if n < 0 {
			n = len(all)
		}
		lines = append(lines, Line{Kind: LineHeading, Text: t.p.T("homework.due", "day", t.p.Day(due))})
		lines = append(lines, t.homeworkLines(all[:n])...)
		all = all[n:]
	}
	return lines
}

// homeworkLines are a line for each piece of work, with the names of what is attached below its text.
func (t *turn) homeworkLines(all []pronote.Homework) []Line {
	var lines []Line
	for _, h := range all {
		text := h.Text
		if h.Done {
			text = t.p.T("homework.done", "text", text)
		}
		if n := len(h.Attachments); n > 0 {
			text += "\n" + t.p.N("homework.attachments", n, "names", t.p.List(h.Attachments, t.p.T("and")))
		}
		lines = append(lines, Line{Label: h.Subject, Text: strings.TrimSpace(text)})
	}
	return lines
}
