package view

import (
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
)

// Homework shows what is due between two days, both included; they may be the same.
func (v View) Homework(who family.Pupil, profile school.Profile, work family.Reading[[]school.Homework], from, to time.Time) chat.Reply {
	r := chat.Reply{Title: v.P.T("homework.title", "child", v.Given(who), "from", v.P.Day(from), "to", v.P.Day(to))}
	oneDay := school.SameDay(from, to)
	if oneDay {
		r.Title = v.P.T("homework.title_day", "child", v.Given(who), "day", v.P.Day(from))
	}
	switch {
	case len(work.Value) == 0:
		r.Body = v.noHomework(profile, from, oneDay)
	case oneDay:
		r.Body = v.homeworkLines(work.Value)
	default:
		r.Body = v.homeworkByDay(work.Value)
	}
	r.Body = append(r.Body, staleNote(v, work)...)
	return r
}

// noHomework says that there is none, and of which holiday the first day is.
func (v View) noHomework(profile school.Profile, from time.Time, oneDay bool) []chat.Line {
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
func (v View) homeworkByDay(all []school.Homework) []chat.Line {
	var lines []chat.Line
	for len(all) > 0 {
		due := all[0].Due.In(v.Zone)
		n := slices.IndexFunc(all, func(h school.Homework) bool { return !school.SameDay(h.Due.In(v.Zone), due) })
		if n < 0 {
			n = len(all)
		}
		lines = append(lines, chat.Line{Kind: chat.LineHeading, Text: v.P.T("homework.due", "day", v.P.Day(due))})
		lines = append(lines, v.homeworkLines(all[:n])...)
		all = all[n:]
	}
	return lines
}

// homeworkLines are a line for each piece of work, with the names of what is attached below its text.
func (v View) homeworkLines(all []school.Homework) []chat.Line {
	var lines []chat.Line
	for _, h := range all {
		text := h.Text
		if h.Done {
			text = v.P.T("homework.done", "text", text)
		}
		if n := len(h.Attachments); n > 0 {
			text += "\n" + v.P.N("homework.attachments", n, "names", v.list(h.Attachments))
		}
		lines = append(lines, chat.Line{Label: h.Subject, Text: strings.TrimSpace(text)})
	}
	return lines
}
