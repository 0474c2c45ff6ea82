package core

import (
	"context"
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
		asked, ok := parseWhen(rest, t.e.now())
		if !ok {
			return Reply{}, say("edt.args", "typed", short(rest), "names", t.names(t.pupils()), "command", t.cmd("devoirs"))
		}
		from, to = asked.span(from)
	}
	if !who.inYear(from) && !who.inYear(to) {
		return t.outsideYear(who), nil
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
	r.Body = append(t.homeworkLines(got.value), staleNote(t, got)...)
	if next := to.AddDate(0, 0, 1); who.inYear(next) {
		r.Choices = append(r.Choices, t.runChoice(t.p.T("homework.button.next"), "/devoirs semaine du "+dayArg(next)+" "+who.ref()))
	}
	r.Choices = append(r.Choices, t.siblings(who, "/devoirs "+rest)...)
	return r, nil
}

// span is the first and last day that w means.
func (w when) span(today time.Time) (from, to time.Time) {
	day := w.day
	if day.IsZero() {
		day = today
	}
	if w.week {
		return monday(day), monday(day).AddDate(0, 0, 6)
	}
	return day, day
}

func (t *turn) homeworkLines(all []pronote.Homework) []Line {
	if len(all) == 0 {
		return []Line{{Text: t.p.T("homework.none")}}
	}
	var lines []Line
	var heading string
	for _, h := range all {
		if due := t.p.T("homework.due", "day", t.p.Day(h.Due.In(t.e.cfg.Location))); due != heading {
			heading = due
			lines = append(lines, Line{Kind: LineHeading, Text: due})
		}
		text := h.Text
		if h.Done {
			text = t.p.T("homework.done", "text", text)
		}
		lines = append(lines, Line{Label: h.Subject, Text: text})
		if len(h.Attachments) > 0 {
			lines = append(lines, Line{Kind: LineNote, Text: t.p.N("homework.attachments", len(h.Attachments), "names", t.p.List(h.Attachments, t.p.T("and")))})
		}
	}
	return lines
}
