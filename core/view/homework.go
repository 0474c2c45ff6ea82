package view

import (
	"slices"
	"strings"
	"time"

	"cartable/core/ask"
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
		r.Title = v.P.T("homework.title_day", "child", Given(who), "for", v.forDay("homework.for", "homework.for_near", from))
	}
	switch {
	case len(work.Value) == 0 && subject != "":
		r.Body = []chat.Line{{Text: v.P.T("homework.none_subject", "subject", subject)}}
	case len(work.Value) == 0:
		r.Body = noHomework(v, profile, from, oneDay)
	case oneDay:
		r.Body = append(homeworkCount(v, work.Value), homeworkLines(v, work.Value)...)
	default:
		r.Body = append(homeworkCount(v, work.Value), homeworkByDay(v, work.Value)...)
	}
	r.Body = append(r.Body, staleNote(v, work)...)
	return r
}

// forDay is "pour le jeudi 19 novembre", or "pour demain, mercredi 18 novembre".
func (v View) forDay(key, nearKey string, day time.Time) string {
	if near := v.nearDay(day); near != v.P.Day(day) {
		return v.P.T(nearKey, "day", near)
	}
	return v.P.T(key, "day", v.P.Day(day))
}

// homeworkCount is "5 à faire · 2 faits".
func homeworkCount(v View, all []school.Homework) []chat.Line {
	done := 0
	for _, h := range all {
		if h.Done {
			done++
		}
	}
	var parts []string
	if open := len(all) - done; open > 0 {
		parts = append(parts, v.P.N("homework.count.open", open))
	}
	if done == len(all) {
		parts = append(parts, v.P.T("homework.count.all_done"))
	} else if done > 0 {
		parts = append(parts, v.P.N("homework.count.done", done))
	}
	return []chat.Line{{Text: strings.Join(parts, " · ")}}
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
		lines = append(lines, chat.Line{Kind: chat.LineHeading, Text: v.forDay("homework.due", "homework.due_near", due)})
		lines = append(lines, homeworkLines(v, all[:n])...)
		all = all[n:]
	}
	return lines
}

// openFirst puts what is still to be done first, and the work of a subject together.
func openFirst(all []school.Homework) []school.Homework {
	place := make(map[string]int)
	for _, h := range all {
		if _, known := place[h.Subject]; !known {
			place[h.Subject] = len(place)
		}
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b school.Homework) int {
		if a.Done != b.Done {
			if b.Done {
				return -1
			}
			return 1
		}
		return place[a.Subject] - place[b.Subject]
	})
	return all
}

// homeworkLines are the words of the teacher for each piece of work of a day, what is open first, and below them the names
// of what is attached.
func homeworkLines(v View, all []school.Homework) []chat.Line {
	var lines []chat.Line
	for _, h := range openFirst(all) {
		label := ask.Short(h.Subject)
		if h.Done {
			label = strings.TrimSpace(v.P.T("homework.done", "subject", label))
		}
		lines = append(lines, chat.Line{Kind: chat.LineQuote, Label: label, Text: h.Text})
		if n := len(h.Attachments); n > 0 {
			lines = append(lines, chat.Line{Text: v.P.N("homework.attachments", n, "names", list(v, h.Attachments))})
		}
	}
	return lines
}
