package view_test

import (
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/view"
)

var (
	lea = family.Pupil{Pupil: school.Pupil{Name: "DE LA TOUR Léa Rose", Class: "4B", Periods: []school.Period{{Name: "Trimestre 1"}, {Name: "Trimestre 2"}}}}
	max = family.Pupil{Pupil: school.Pupil{Name: "DUPONT MAX"}}

	// A stored day comes back with the offset that the school had then.
	year = school.Profile{
		Name: "DUPONT Marc", School: "CITÉ SCOLAIRE", FirstDay: on(2026, 9, 1), LastDay: on(2027, 7, 3).UTC(),
		Pupils: []school.Pupil{lea.Pupil, max.Pupil},
		Holidays: []school.Holiday{
			{Name: "Toussaint", From: on(2026, 10, 17), To: on(2026, 11, 2)},
			{Name: "Armistice 1918", From: on(2026, 11, 11), To: on(2026, 11, 11)},
		},
	}
)

func lesson(change func(*school.Lesson)) school.Lesson {
	l := school.Lesson{Start: utc(8, 0), End: utc(9, 0), Subject: "MATHÉMATIQUES", Teachers: []string{"MARTIN P."}, Rooms: []string{"B12"}}
	change(&l)
	return l
}

func TestLesson(t *testing.T) {
	t.Parallel()
	var scenes []scene
	for _, tt := range []struct {
		name   string
		change func(*school.Lesson)
	}{
		{"plain", func(*school.Lesson) {}},
		{"several", func(l *school.Lesson) {
			l.Teachers, l.Rooms, l.Groups = []string{"MARTIN P.", "ROUX E."}, []string{"B12", "GYMNASE"}, []string{"4B GR1", "4C GR2"}
		}},
		{"bare", func(l *school.Lesson) { l.Teachers, l.Rooms = nil, nil }},
		{"cancelled", func(l *school.Lesson) { l.Cancelled, l.Status = true, "Prof. absent" }},
		{"changed", func(l *school.Lesson) { l.Status, l.Note = "Changement de salle", "Apporter\n la calculatrice." }},
		{"said twice", func(l *school.Lesson) { l.Status, l.Note = "Remplacement", " Remplacement " }},
		{"test", func(l *school.Lesson) { l.Test = true }},
		{"exempt", func(l *school.Lesson) { l.Exempted = true }},
		{"detention", func(l *school.Lesson) { l.Detention, l.Subject = true, "" }},
		{"outing", func(l *school.Lesson) {
			l.Outing, l.Subject, l.Teachers, l.Rooms, l.Note = true, "", nil, nil, "Musée d'Orsay"
		}},
		{"council", func(l *school.Lesson) { l.Council, l.Subject = true, "4B" }},
		{"cancelled outing of an exempt pupil with a test", func(l *school.Lesson) {
			l.Cancelled, l.Outing, l.Exempted, l.Test = true, true, true, true
		}},
	} {
		scenes = append(scenes, scene{tt.name, func(v view.View) chat.Reply { return lines(v.Lesson(lesson(tt.change))) }})
	}
	play(t, "lesson", scenes)
}

// around are lessons of the day before, of the day by minutes, and of the day after.
var around = school.Week{Lessons: []school.Lesson{
	{Start: utc(-1, 0), End: utc(0, 0), Subject: "MONDAY"},
	{Start: utc(0, 0), End: utc(1, 0), Subject: "FIRST"},
	{Start: utc(10, 0), End: utc(11, 0), Subject: "SECOND", Cancelled: true},
	{Start: utc(23, 0), End: utc(24, 0), Subject: "THIRD"},
	{Start: utc(24, 0), End: utc(25, 0), Subject: "WEDNESDAY"},
}}

func TestDay(t *testing.T) {
	t.Parallel()
	day := func(who family.Pupil, week family.Reading[school.Week], day time.Time) func(view.View) chat.Reply {
		return func(v view.View) chat.Reply { return v.Day(who, year, week, day) }
	}
	odd := school.Week{Lessons: []school.Lesson{
		{Start: utc(8, 0), End: utc(9, 0), Subject: "ANGLAIS LV1", Cancelled: true, Test: true, Status: "Prof. absent"},
		{Start: utc(9, 30), End: utc(10, 30), Subject: "MATHÉMATIQUES", Test: true, Rooms: []string{"204"}},
		{Start: utc(10, 30), End: utc(11, 30), Subject: "EPS", Exempted: true},
		{Start: utc(11, 30), End: utc(12, 30), Detention: true},
		{Start: utc(17, 0), End: utc(18, 0), Council: true},
		{Start: utc(18, 0), End: utc(19, 0), Subject: "CHANT", Cancelled: true},
	}}
	free := school.Week{Lessons: odd.Lessons[:1]}
	play(t, "day", []scene{
		{"out of the ordinary", day(lea, fresh(odd), on(2026, 11, 17))},
		{"all cancelled", day(lea, fresh(free), on(2026, 11, 17))},
		{"lessons", day(lea, fresh(around), on(2026, 11, 17))},
		{"stale", day(lea, old(around), on(2026, 11, 18))},
		{"nothing", day(max, fresh(around), on(2026, 11, 19))},
		{"nothing, stale", day(max, old(school.Week{}), on(2026, 11, 19))},
		{"holiday of one day", day(lea, fresh(school.Week{}), on(2026, 11, 11))},
		{"holiday of several", day(lea, fresh(school.Week{}), on(2026, 10, 17))},
		{"last day of a holiday", day(lea, fresh(school.Week{}), on(2026, 11, 2))},
		{"day after a holiday", day(lea, fresh(school.Week{}), on(2026, 11, 3))},
		{"day before a holiday", day(lea, fresh(school.Week{}), on(2026, 10, 16))},
		{"none ahead", func(v view.View) chat.Reply { return v.NoneAhead(lea, on(2026, 12, 1)) }},
		{"outside the year", func(v view.View) chat.Reply { return v.OutsideYear(year, on(2028, 2, 1)) }},
		{"ordinary day", func(v view.View) chat.Reply { return line(v.Holiday(year, on(2026, 11, 17))) }},
	})
}

// A button to more is there when there is more: of a cancelled lesson nobody wants the room.
func TestWhatHasDetails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*school.Lesson)
		want   bool
	}{
		"all is said": {func(*school.Lesson) {}, false},
		"groups":      {func(l *school.Lesson) { l.Groups = []string{"4B GR1"} }, true},
		"note":        {func(l *school.Lesson) { l.Note = "Apporter la calculatrice." }, true},
		"cancelled":   {func(l *school.Lesson) { l.Cancelled, l.Note = true, "Apporter la calculatrice." }, false},
	} {
		week := school.Week{Lessons: []school.Lesson{lesson(tt.change)}}
		if got := in(t, "fr").HasDetails(week, on(2026, 11, 17)); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestWeek(t *testing.T) {
	t.Parallel()
	week := func(week family.Reading[school.Week], first time.Time) func(view.View) chat.Reply {
		return func(v view.View) chat.Reply { return v.Week(lea, year, week, first) }
	}
	play(t, "week", []scene{
		{"lessons", week(fresh(around), on(2026, 11, 16))},
		{"stale", week(old(school.Week{Lessons: around.Lessons[:1]}), on(2026, 11, 16))},
		{"nothing", week(fresh(school.Week{}), on(2026, 11, 16))},
		{"holiday", week(fresh(school.Week{}), on(2026, 10, 19))},
	})
}

func TestPupils(t *testing.T) {
	t.Parallel()
	named := func(names ...string) func(view.View) chat.Reply {
		return func(v view.View) chat.Reply {
			var pupils []family.Pupil
			for _, name := range names {
				pupils = append(pupils, family.Pupil{Pupil: school.Pupil{Name: name}})
			}
			return line(v.Names(pupils))
		}
	}
	play(t, "pupils", []scene{
		{"one", named("DUPONT Léa")},
		{"three", named("DE LA TOUR Léa Rose", "DUPONT MAX", "O'NEILL Anne-Marie")},
		{"linked by password", func(v view.View) chat.Reply { return v.LinkedSchool(year, true) }},
		{"linked by token", func(v view.View) chat.Reply { return v.LinkedSchool(year, false) }},
	})
}
