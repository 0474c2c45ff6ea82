package core

import (
	"context"
	"strings"
	"time"

	"cartable/core/pronote"
)

// timetable is /edt [day|week|date] [child].
func timetable(ctx context.Context, t *turn, args string) (Reply, error) {
	who, rest, err := t.pickPupilOfYear(ctx, args)
	if err != nil {
		return Reply{}, err
	}
	if rest == "" {
		return t.nextSchoolDay(ctx, who)
	}
	asked, err := t.askedFor(who, rest, "edt")
	switch {
	case err != nil:
		return Reply{}, err
	case asked.week:
		return t.weekReply(ctx, who, asked.day)
	default:
		return t.dayReply(ctx, who, asked.day)
	}
}

// week reads the week that day is in.
func (p pupil) week(ctx context.Context, day time.Time) (reading[pronote.Week], error) {
	key := snapshotKey("week", p.child.Key, monday(day).Format(time.DateOnly))
	return read(ctx, p.account, key, func(s *pronote.Session) (pronote.Week, error) {
		return s.Week(ctx, p.child.Key, day)
	})
}

// maxWeeksAhead bounds the requests that looking for the next school day may make.
const maxWeeksAhead = 3

// nextSchoolDay is today, or after the last lesson the next day with lessons.
func (t *turn) nextSchoolDay(ctx context.Context, who pupil) (Reply, error) {
	now := t.e.now()
	day := t.firstCandidate(who, now)
	for range maxWeeksAhead {
		for h, off := holiday(who.account.account(), day); off; h, off = holiday(who.account.account(), day) {
			day = midnight(h.To.In(t.e.cfg.Location)).AddDate(0, 0, 1)
		}
		week, err := who.week(ctx, day)
		if err != nil {
			return Reply{}, err
		}
		for _, lesson := range week.value.Lessons {
			if start := lesson.Start.In(now.Location()); !start.Before(day) && lastEnd(week.value, start).After(now) {
				return t.dayOf(who, week, midnight(start)), nil
			}
		}
		day = monday(day).AddDate(0, 0, 7)
	}
	return t.plain("edt.none_ahead", "child", who.given(), "day", t.p.Day(day)), nil
}

// firstCandidate picks the day to look at first so that one request is nearly always enough: what is
// left of a weekend or of a Friday evening is skipped, unless a stored week has lessons on that day.
func (t *turn) firstCandidate(who pupil, now time.Time) time.Time {
	today := midnight(now)
	evening := now.Weekday() == time.Friday && now.Hour() >= 19
	if !evening && now.Weekday() != time.Saturday && now.Weekday() != time.Sunday {
		return today
	}
	key := snapshotKey(who.account.id, snapshotKey("week", who.child.Key, monday(today).Format(time.DateOnly)))
	stored, _, err := storedReading[pronote.Week](t.e, key)
	if err == nil && lastEnd(stored.value, today).After(now) {
		return today
	}
	if now.Weekday() == time.Friday && !lastEnd(stored.value, today.AddDate(0, 0, 1)).IsZero() {
		return today.AddDate(0, 0, 1)
	}
	return monday(today).AddDate(0, 0, 7)
}

// lastEnd is when the last lesson of a day ends; zero when there is none.
func lastEnd(week pronote.Week, day time.Time) time.Time {
	var last time.Time
	for _, lesson := range week.Lessons {
		if sameDay(lesson.Start.In(day.Location()), day) && lesson.End.After(last) {
			last = lesson.End
		}
	}
	return last
}

// dayReply shows one day, whatever is on it.
func (t *turn) dayReply(ctx context.Context, who pupil, day time.Time) (Reply, error) {
	if !who.inYear(day) {
		return t.outsideYear(who, day), nil
	}
	week, err := who.week(ctx, day)
	if err != nil {
		return Reply{}, err
	}
	return t.dayOf(who, week, day), nil
}

func (t *turn) dayOf(who pupil, week reading[pronote.Week], day time.Time) Reply {
	r := Reply{Title: t.p.T("edt.day.title", "child", who.given(), "day", t.p.Day(day))}
	for _, lesson := range week.value.Lessons {
		if sameDay(lesson.Start.In(day.Location()), day) {
			r.Body = append(r.Body, t.lessonLine(lesson))
		}
	}
	if len(r.Body) == 0 {
		r.Body = append(r.Body, Line{Text: t.noLessons(who, day, "edt.day.none")})
	}
	r.Body = append(r.Body, staleNote(t, week)...)
	r.Choices = t.dayChoices(who, week.value, day)
	return r
}

// noLessons says why a span that begins on day is empty.
func (t *turn) noLessons(who pupil, day time.Time, key string) string {
	if off := t.holidayOn(who, day); off != "" {
		return off
	}
	return t.p.T(key)
}

// holidayOn names the holiday that day is in, and its end if that is another day; "" on an ordinary day.
func (t *turn) holidayOn(who pupil, day time.Time) string {
	h, off := holiday(who.account.account(), day)
	switch {
	case !off:
		return ""
	case sameDay(h.From, h.To):
		return t.p.T("edt.holiday_day", "name", h.Name)
	default:
		return t.p.T("edt.holiday", "name", h.Name, "to", t.p.Day(h.To.In(day.Location())))
	}
}

// dayChoices are the buttons below a day: the days beside it, its week, the other children.
func (t *turn) dayChoices(who pupil, week pronote.Week, day time.Time) []Choice {
	beside := func(step int) time.Time {
		next := day.AddDate(0, 0, step)
		for (next.Weekday() == time.Saturday || next.Weekday() == time.Sunday) && lastEnd(week, next).IsZero() {
			next = next.AddDate(0, 0, step)
		}
		return next
	}
	var list []Choice
	for _, step := range []struct {
		by    int
		arrow string
	}{{-1, "◀ "}, {1, "▶ "}} {
		if next := beside(step.by); who.inYear(next) {
			list = append(list, t.runChoice(step.arrow+t.p.ShortDay(next), "/edt "+dayArg(next)+" "+who.ref()))
		}
	}
	list = append(list, t.runChoice(t.p.T("edt.button.week"), "/edt semaine du "+dayArg(day)+" "+who.ref()))
	return append(list, t.siblings(who, "/edt "+dayArg(day))...)
}

// weekReply shows the week of day.
func (t *turn) weekReply(ctx context.Context, who pupil, day time.Time) (Reply, error) {
	first := monday(day)
	if !who.inYear(first.AddDate(0, 0, 6)) && !who.inYear(first) {
		return t.outsideYear(who, day), nil
	}
	week, err := who.week(ctx, day)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Title: t.p.T("edt.week.title", "child", who.given(), "day", t.p.Day(first))}
	var heading string
	for _, lesson := range week.value.Lessons {
		if on := t.p.Day(lesson.Start.In(day.Location())); on != heading {
			heading = on
			r.Body = append(r.Body, Line{Kind: LineHeading, Text: on})
		}
		r.Body = append(r.Body, t.lessonLine(lesson))
	}
	if len(r.Body) == 0 {
		r.Body = append(r.Body, Line{Text: t.noLessons(who, first, "edt.week.none")})
	}
	r.Body = append(r.Body, staleNote(t, week)...)
	r.Choices = t.weekChoices(who, "/edt", first, first.AddDate(0, 0, 6))
	r.Choices = append(r.Choices, t.siblings(who, "/edt semaine du "+dayArg(first))...)
	return r, nil
}

// weekChoices are the buttons below days: the weeks before from and after to.
func (t *turn) weekChoices(who pupil, command string, from, to time.Time) []Choice {
	var list []Choice
	for _, beside := range []struct {
		day   time.Time
		label string
	}{{from.AddDate(0, 0, -1), "edt.button.week_before"}, {to.AddDate(0, 0, 1), "edt.button.week_after"}} {
		if first := monday(beside.day); who.inYear(first) || who.inYear(first.AddDate(0, 0, 6)) {
			list = append(list, t.runChoice(t.p.T(beside.label), command+" semaine du "+dayArg(first)+" "+who.ref()))
		}
	}
	return list
}

// inYear tells whether day lies in the school year.
func (p pupil) inYear(day time.Time) bool {
	account := p.account.account()
	d := day.Format(time.DateOnly)
	return account.FirstDay.In(day.Location()).Format(time.DateOnly) <= d && d <= account.LastDay.In(day.Location()).Format(time.DateOnly)
}

func (t *turn) outsideYear(who pupil, day time.Time) Reply {
	account, zone := who.account.account(), t.e.cfg.Location
	return t.plain("edt.outside", "day", t.p.Day(day), "year", day.Year(),
		"from", t.p.FullDate(account.FirstDay.In(zone)), "to", t.p.FullDate(account.LastDay.In(zone)))
}

// lessonLine is "08:00–09:00  MATHÉMATIQUES · MARTIN P. · salle B12 · Changement de salle".
func (t *turn) lessonLine(l pronote.Lesson) Line {
	start, end := l.Start.In(t.e.cfg.Location), l.End.In(t.e.cfg.Location)
	line := Line{Label: t.p.Clock(start) + "–" + t.p.Clock(end)}
	parts := []string{l.Subject}
	switch {
	case l.Detention:
		parts = []string{t.p.T("lesson.detention"), l.Subject}
	case l.Outing:
		parts = []string{t.p.T("lesson.outing"), l.Subject}
	case l.Council:
		parts = []string{t.p.T("lesson.council"), l.Subject}
	}
	if l.Test {
		parts = append(parts, t.p.T("lesson.test"))
	}
	parts = append(parts, strings.Join(l.Teachers, ", "))
	if len(l.Rooms) > 0 {
		parts = append(parts, t.p.T("lesson.room", "room", strings.Join(l.Rooms, ", ")))
	}
	parts = append(parts, strings.Join(l.Groups, ", "))
	if l.Exempted {
		parts = append(parts, t.p.T("lesson.exempted"))
	}
	parts = append(parts, l.Status, l.Note)
	line.Text = joinParts(parts)
	if l.Cancelled {
		line.Kind = LineStruck
		line.Text = t.p.T("lesson.cancelled", "lesson", line.Text)
	}
	return line
}

// joinParts joins what there is, without saying anything twice.
func joinParts(parts []string) string {
	var kept []string
	seen := make(map[string]bool)
	for _, part := range parts {
		if part = strings.Join(strings.Fields(part), " "); part != "" && !seen[part] {
			seen[part] = true
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, " · ")
}
