package view

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/visible"
)

// Day shows one day, whatever is on it: what it comes to, and a line for each lesson. week is the one that day is in.
func (v View) Day(who family.Pupil, profile school.Profile, week family.Reading[school.Week], day time.Time) chat.Reply {
	return v.dayOf(who, profile, week, day, v.Lesson)
}

// DayDetails is Day with all that the school says of each lesson.
func (v View) DayDetails(who family.Pupil, profile school.Profile, week family.Reading[school.Week], day time.Time) chat.Reply {
	return v.dayOf(who, profile, week, day, v.LessonDetails)
}

// HasDetails tells whether DayDetails says more than Day.
func (v View) HasDetails(week school.Week, day time.Time) bool {
	return slices.ContainsFunc(lessonsOn(v, week, day), func(l school.Lesson) bool {
		row := changedRow(v, l)
		return !l.Cancelled && len(details(v, l)) > len(besides(v, l, row, rowsFor(l, row)))
	})
}

func (v View) dayOf(
	who family.Pupil, profile school.Profile, week family.Reading[school.Week], day time.Time, show func(school.Lesson) chat.Line,
) chat.Reply {
	r := chat.Reply{Title: v.P.T("edt.day.title", "child", Given(who), "day", v.nearDay(day))}
	lessons := lessonsOn(v, week.Value, day)
	if len(lessons) == 0 {
		r.Body = []chat.Line{{Text: noLessons(v, profile, day, "edt.day.none")}}
	} else if sum := daySummary(v, lessons); sum != "" {
		r.Body = []chat.Line{{Text: sum}}
	}
	for _, lesson := range lessons {
		r.Body = append(r.Body, show(lesson))
	}
	r.Body = append(r.Body, staleNote(v, week)...)
	return r
}

// nearDay is a day, with the word for it where it is near: "demain, mercredi 18 novembre".
func (v View) nearDay(day time.Time) string {
	now := v.Now.In(v.Zone)
	switch on := v.P.Day(day); {
	case school.SameDay(day, now):
		return v.P.T("day.today", "day", on)
	case school.SameDay(day, school.Midnight(now).AddDate(0, 0, 1)):
		return v.P.T("day.tomorrow", "day", on)
	default:
		return on
	}
}

// daySummary is what a day comes to: "8 h – 17 h · 1 cours annulé · 1 contrôle".
func daySummary(v View, lessons []school.Lesson) string {
	var parts []string
	var from, to time.Time
	for _, l := range lessons {
		if !attended(l) {
			continue
		}
		if from.IsZero() {
			from = l.Start.In(v.Zone)
		}
		if l.End.After(to) {
			to = l.End.In(v.Zone)
		}
	}
	if !from.IsZero() {
		parts = []string{v.P.T("edt.from_to", "from", v.P.Hour(from), "to", v.P.Hour(to))}
	}
	for _, kind := range changeKinds {
		if n := len(kind.of(lessons)); n > 0 {
			parts = append(parts, v.P.N(kind.key, n))
		}
	}
	return strings.Join(parts, " · ")
}

// changeKind is one kind of what is out of the ordinary in a timetable.
type changeKind struct {
	key string // of the sentence that counts them
	is  func(school.Lesson) bool
}

func (k changeKind) of(lessons []school.Lesson) []school.Lesson {
	var found []school.Lesson
	for _, l := range lessons {
		if k.is(l) {
			found = append(found, l)
		}
	}
	return found
}

// changeKinds are those that are counted, by their weight. A lesson may be of several.
var changeKinds = []changeKind{
	{"edt.count.cancelled", func(l school.Lesson) bool { return l.Cancelled }},
	{"edt.count.test", func(l school.Lesson) bool { return l.Test && !l.Cancelled }},
	{"edt.count.detention", func(l school.Lesson) bool { return l.Detention && !l.Cancelled }},
}

// Week shows a week day by day, a row for each lesson, below what is out of the ordinary. first is its Monday.
func (v View) Week(who family.Pupil, profile school.Profile, week family.Reading[school.Week], first time.Time) chat.Reply {
	return v.weekOf(who, profile, week, first, v.weekLesson)
}

// WeekDetails is Week with all that the school says of each lesson.
func (v View) WeekDetails(who family.Pupil, profile school.Profile, week family.Reading[school.Week], first time.Time) chat.Reply {
	return v.weekOf(who, profile, week, first, v.LessonDetails)
}

func (v View) weekOf(
	who family.Pupil, profile school.Profile, week family.Reading[school.Week], first time.Time, show func(school.Lesson) chat.Line,
) chat.Reply {
	r := chat.Reply{Title: v.P.T("edt.week.title", "child", Given(who), "day", v.P.Day(first))}
	r.Body = weekChanges(v, week.Value.Lessons)
	r = v.byDay(r, week.Value.Lessons, show)
	if len(r.Body) == 0 {
		r.Body = []chat.Line{{Text: noLessons(v, profile, first, "edt.week.none")}}
	}
	r.Body = append(r.Body, staleNote(v, week)...)
	return r
}

// weekChanges are what is out of the ordinary, a line for each kind: "2 cours annulés : mar. 13 h Allemand LV2, mer. 10 h
// Français"; of other changes one for each of the school's words.
func weekChanges(v View, lessons []school.Lesson) []chat.Line {
	var lines []chat.Line
	add := func(what string, some []school.Lesson) {
		if len(some) == 0 {
			return
		}
		var named []string
		for _, l := range some {
			start := l.Start.In(v.Zone)
			named = append(named, joinWords(v.P.ShortWeekday(start.Weekday()), v.P.Hour(start), ask.Short(l.Subject)))
		}
		lines = append(lines, chat.Line{Text: v.P.T("edt.change", "what", what, "lessons", strings.Join(named, ", "))})
	}
	for _, kind := range changeKinds {
		some := kind.of(lessons)
		add(v.P.N(kind.key, len(some)), some)
	}
	var said []string
	for _, l := range lessons {
		if l.Status != "" && !l.Cancelled && !slices.Contains(said, l.Status) {
			said = append(said, l.Status)
			of := changeKind{is: func(other school.Lesson) bool { return !other.Cancelled && other.Status == l.Status }}
			add(visible.Cut(l.Status, visible.MaxName), of.of(lessons))
		}
	}
	return lines
}

// joinWords joins what there is by spaces.
func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// byDay adds lessons under their days.
func (v View) byDay(r chat.Reply, lessons []school.Lesson, show func(school.Lesson) chat.Line) chat.Reply {
	var heading string
	for _, lesson := range lessons {
		if on := v.P.Day(lesson.Start.In(v.Zone)); on != heading {
			heading = on
			r.Body = append(r.Body, chat.Line{Kind: chat.LineHeading, Text: on})
		}
		r.Body = append(r.Body, show(lesson))
	}
	return r
}

// NoneAhead says that no lessons were found until day.
func (v View) NoneAhead(who family.Pupil, day time.Time) chat.Reply {
	return v.Say("edt.none_ahead", "child", Given(who), "day", v.P.Day(day))
}

// OutsideYear says that day is not in the school year.
func (v View) OutsideYear(profile school.Profile, day time.Time) chat.Reply {
	return v.Say("edt.outside", "day", v.P.Day(day), "year", day.Year(),
		"from", v.P.FullDate(profile.FirstDay.In(v.Zone)), "to", v.P.FullDate(profile.LastDay.In(v.Zone)))
}

// Holiday names the holiday that day is in, and its end if that is another day; "" on an ordinary day.
func (v View) Holiday(profile school.Profile, day time.Time) string {
	h, off := profile.HolidayOn(day)
	switch {
	case !off:
		return ""
	case school.SameDay(h.From, h.To):
		return v.P.T("edt.holiday_day", "name", h.Name)
	default:
		return v.P.T("edt.holiday", "name", h.Name, "to", v.P.Day(h.To.In(v.Zone)))
	}
}

// noLessons says why a span that begins on day is empty.
func noLessons(v View, profile school.Profile, day time.Time, key string) string {
	if off := v.Holiday(profile, day); off != "" {
		return off
	}
	return v.P.T(key)
}

// phoneRow is how many characters a row of a phone has.
const phoneRow = 40

// Lesson is "08:00–09:00  Maths · B12 · MARTIN P.": what happens and how it is changed, and where and with whom as far as
// that takes no further row. Of a change they are the point: it may take two.
func (v View) Lesson(l school.Lesson) chat.Line {
	row := changedRow(v, l)
	row.Text = joinParts(append([]string{row.Text}, besides(v, l, row, rowsFor(l, row))...)...)
	return row
}

// changedRow is lessonRow with the school's words for a change.
func changedRow(v View, l school.Lesson) chat.Line {
	row := lessonRow(v, l, ask.Short(l.Subject))
	if !l.Cancelled {
		row.Text = joinParts(row.Text, l.Status)
	}
	return row
}

// weekLesson is Lesson in one row: a change is told above the week.
func (v View) weekLesson(l school.Lesson) chat.Line {
	l.Status = ""
	row := lessonRow(v, l, ask.Short(l.Subject))
	row.Text = joinParts(append([]string{row.Text}, besides(v, l, row, 1)...)...)
	return row
}

// lessonRow is the time of a lesson and what happens then, with a word where it is out of the ordinary.
func lessonRow(v View, l school.Lesson, subject string) chat.Line {
	line := chat.Line{Label: clocks(v, l)}
	parts := []string{lessonName(v, l, subject)}
	if l.Subject == "" {
		parts = append(parts, l.Note)
	}
	if l.Test {
		parts = append(parts, v.P.T("lesson.test"))
	}
	if l.Exempted {
		parts = append(parts, v.P.T("lesson.exempted"))
	}
	line.Text = joinParts(parts...)
	if l.Cancelled {
		line.Kind = chat.LineStruck
		line.Aside = joinParts(v.P.T("lesson.cancelled"), l.Status)
	}
	return line
}

func clocks(v View, l school.Lesson) string {
	return v.P.Clock(l.Start.In(v.Zone)) + "–" + v.P.Clock(l.End.In(v.Zone))
}

// lessonName is the subject, behind the word for what is no ordinary lesson.
func lessonName(v View, l school.Lesson, subject string) string {
	switch {
	case l.Detention:
		return joinParts(v.P.T("lesson.detention"), subject)
	case l.Outing:
		return joinParts(v.P.T("lesson.outing"), subject)
	case l.Council:
		return joinParts(v.P.T("lesson.council"), subject)
	}
	return subject
}

// besides are the room and the teachers, as far as the row with them takes no more than rows of a phone. Of a lesson that
// is cancelled there are none.
func besides(v View, l school.Lesson, row chat.Line, rows int) []string {
	var kept []string
	if l.Cancelled {
		return nil
	}
	for _, part := range []string{rooms(v, l), strings.Join(l.Teachers, ", ")} {
		longer := row
		longer.Text = joinParts(append([]string{row.Text}, append(kept, part)...)...)
		if part != "" && rowsOf(longer) <= rows {
			kept = append(kept, part)
		}
	}
	return kept
}

// rooms names the rooms; one that is a number alone is called a room.
func rooms(v View, l school.Lesson) string {
	names := strings.Join(l.Rooms, ", ")
	if names != "" && strings.Trim(names, "0123456789, ") == "" {
		return v.P.T("lesson.room", "room", names)
	}
	return names
}

// rowsFor is how many rows a lesson may take with its room and teachers.
func rowsFor(l school.Lesson, row chat.Line) int {
	if l.Status != "" {
		return max(rowsOf(row), 2)
	}
	return rowsOf(row)
}

// rowsOf counts the rows of a phone that a line takes.
func rowsOf(l chat.Line) int {
	rows, used := 1, utf8.RuneCountInString(l.Label)+1
	for i, word := range strings.Split(joinWords(l.Text, l.Aside), " ") {
		size := utf8.RuneCountInString(word)
		if i > 0 && used+1+size > phoneRow {
			rows, used = rows+1, size
			continue
		}
		used += 1 + size
	}
	return rows
}

// details are what the school says of a lesson beside what happens and how it is changed.
func details(v View, l school.Lesson) []string {
	parts := []string{strings.Join(l.Teachers, ", ")}
	if len(l.Rooms) > 0 {
		parts = append(parts, v.P.T("lesson.room", "room", strings.Join(l.Rooms, ", ")))
	}
	parts = append(parts, strings.Join(l.Groups, ", "))
	if l.Subject != "" {
		parts = append(parts, l.Note)
	}
	return slices.DeleteFunc(parts, func(part string) bool { return part == "" })
}

// LessonDetails is all that the school says of a lesson: "08:00–09:00  MATHÉMATIQUES · MARTIN P. · salle B12 · Changement de
// salle".
func (v View) LessonDetails(l school.Lesson) chat.Line {
	line := lessonRow(v, l, l.Subject)
	parts := []string{line.Text}
	if !l.Cancelled {
		parts = append(parts, l.Status)
	}
	line.Text = joinParts(append(parts, details(v, l)...)...)
	return line
}
