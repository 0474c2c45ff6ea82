package view

import (
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
)

// Homework shows what is due between two days, both included; they may be the same. subject is that to which the work
// was narrowed, as it was said, or empty.
func (v View) Homework(
	who family.Pupil, profile school.Profile, work family.Reading[[]school.Homework], from, to time.Time, subject string,
) chat.Reply {
	r := chat.Reply{Title: v.P.T("homework.title", "child", Given(who), "from", v.P.Day(from), "to", v.P.Day(to))}
	oneDay := school.SameDay(from, to)
	if oneDay {
		r.Title = v.P.T("homework.title_day", "child", Given(who), "day", v.P.Day(from))
	}
	switch {
	case len(work.Value) == 0 && subject != "":
		r.Body = []chat.Line{{Text: v.P.T("homework.none_subject", "subject", subject)}}
	case len(work.Value) == 0:
		r.Body = noHomework(v, profile, from, oneDay)
	case oneDay:
		r.Body = homeworkLines(v, work.Value)
	default:
		r.Body = homeworkByDay(v, work.Value)
	}
	r.Body = append(r.Body, staleNote(v, work)...)
	return r
}

// noHomework says that there is none, and of which holiday the first day is.
func noHomework(v View, profile school.Profile, from time.Time, oneDay bool) []chat.Line {
	key := "homework.none"
	if oneDay {
		key = "homework.none_day"
	}
	lines := []chat.Line{{Text: v.P.T(key)}}
	if off := v.Holiday(profile, from); off != "" {
		lines = append(lines, chat.Line{Text: off})
	}
	return lines
}

// homeworkByDay puts the work under the days that it is due.
func homeworkByDay(v View, all []school.Homework) []chat.Line {
	var lines []chat.Line
	for len(all) > 0 {
		due := all[0].Due.In(v.Zone)
		n := slices.IndexFunc(all, func(h school.Homework) bool { return !school.SameDay(h.Due.In(v.Zone), due) })
		if n < 0 {
			n = len(all)
		}
		lines = append(lines, chat.Line{Kind: chat.LineHeading, Text: v.P.T("homework.due", "day", v.P.Day(due))})
		lines = append(lines, homeworkLines(v, all[:n])...)
		all = all[n:]
	}
	return lines
}

// homeworkLines are the words of the teacher for each piece of work, and below them the names of what is attached.
func homeworkLines(v View, all []school.Homework) []chat.Line {
	var lines []chat.Line
	for _, h := range all {
		label := h.Subject
		if h.Done {
			label = strings.TrimSpace(v.P.T("homework.done", "subject", h.Subject))
		}
		lines = append(lines, chat.Line{Kind: chat.LineQuote, Label: label, Text: h.Text})
		if n := len(h.Attachments); n > 0 {
			lines = append(lines, chat.Line{Text: v.P.N("homework.attachments", n, "names", list(v, h.Attachments))})
		}
	}
	return lines
}
