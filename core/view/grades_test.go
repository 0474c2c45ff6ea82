package view_test

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/view"
)

func number(digits string) school.Mark { return school.Mark{Kind: school.MarkNumber, Value: digits} }

func kind(k school.MarkKind) school.Mark { return school.Mark{Kind: k} }

var twenty = number("20")

// term has a subject for each thing that may be published or not, and a grade of each form.
var term = school.Grades{
	Period: school.Period{Name: "Trimestre 1"}, Average: number("13.5"), ClassAverage: number("12.25"), Scale: twenty,
	Subjects: []school.SubjectAverage{
		{Subject: "ALL", Pupil: number("15.5"), Class: number("11.2"), Min: number("4"), Max: number("18"), Scale: twenty},
		{Subject: "PUPIL", Pupil: number("15"), Scale: twenty},
		{Subject: "NO SCALE", Pupil: number("15"), Max: number("19")},
		{Subject: "CLASS", Class: number("11"), Min: number("4"), Scale: twenty},
		{Subject: "NOTHING"},
		{Subject: "ANNOTATED", Pupil: kind(school.MarkExempted), Scale: twenty},
		{Subject: "UNKNOWN", Pupil: kind(school.MarkUnknown), Scale: twenty},
	},
	Grades: []school.Grade{
		{Date: on(2026, 11, 16).UTC(), Subject: "ALL", Title: "Fractions", Mark: number("15.5"), Scale: twenty, Coefficient: "2", Class: number("11.2"), Min: number("4"), Max: number("18"), Remark: "Très bien !"},
		{Date: on(2026, 11, 6), Subject: "ALL", Title: "Énigmes", Mark: number("4.5"), Scale: number("5"), Coefficient: "0.5", Bonus: true, Optional: true},
		{Date: on(2026, 11, 5), Subject: "ALL", Mark: number("12"), Coefficient: "1", Optional: true},
		{Date: on(2026, 11, 4), Subject: "ALL", Title: "hidden in the overview", Mark: number("1"), Scale: twenty},
		{Date: on(2026, 10, 1), Subject: "ONLY GRADES", Title: "first", Mark: number("1"), Scale: twenty, Bonus: true},
		{Date: on(2026, 9, 9), Subject: "ONLY GRADES", Title: "second", Mark: number("2"), Scale: kind(school.MarkUnknown)},
		{Date: on(2026, 9, 8), Subject: "ONLY GRADES", Title: "third", Mark: number("3"), Scale: twenty},
		{Date: on(2026, 9, 7), Subject: "ONLY GRADES", Title: "fourth", Mark: number("4"), Scale: twenty},
		{Date: on(2026, 9, 6), Subject: "ONLY GRADES", Title: "fifth", Mark: number("5"), Scale: twenty},
		{Date: on(2026, 9, 5), Subject: "NOTHING", Mark: kind(school.MarkAbsent), Scale: twenty, Class: kind(school.MarkAbsent)},
	},
}

func TestGrades(t *testing.T) {
	t.Parallel()
	empty := school.Grades{Period: school.Period{Name: "Trimestre 3"}, Average: number("12")}
	alone := school.Grades{Period: term.Period, Average: number("12.5"), Subjects: []school.SubjectAverage{{Subject: "CHANT"}}}
	noOverall := school.Grades{Period: term.Period, ClassAverage: number("12"), Subjects: []school.SubjectAverage{{Subject: "CHANT"}}}
	twins := school.Grades{
		Period: term.Period,
		Subjects: []school.SubjectAverage{
			{Subject: "FRANÇAIS", Pupil: number("14"), Scale: twenty},
			{Subject: "FRANÇAIS", Twin: 1, Pupil: number("9"), Scale: twenty},
			{Subject: "FRANCAIS", Class: number("11")},
		},
		Grades: []school.Grade{
			{Date: on(2026, 11, 16), Subject: "FRANÇAIS", Twin: 1, Title: "Oral", Mark: number("9"), Scale: twenty},
			{Date: on(2026, 11, 6), Subject: "FRANÇAIS", Title: "Dictée", Mark: number("14"), Scale: twenty},
		},
	}
	overview := func(g family.Reading[school.Grades]) func(view.View) chat.Reply {
		return func(v view.View) chat.Reply { return v.Grades(lea, g) }
	}
	none := func(g school.Grades, typed string, pupils ...family.Pupil) func(view.View) chat.Reply {
		return func(v view.View) chat.Reply { return v.NoSuchSubject(lea, g, typed, pupils) }
	}
	play(t, "grades", []scene{
		{"overview", overview(fresh(term))},
		{"overview, stale", overview(old(alone))},
		{"no average", overview(fresh(noOverall))},
		{"nothing", overview(fresh(empty))},
		{"nothing, stale", overview(old(empty))},
		{"details", func(v view.View) chat.Reply { return v.GradesDetails(lea, fresh(term)) }},
		{"details of nothing", func(v view.View) chat.Reply { return v.GradesDetails(lea, fresh(empty)) }},
		{"two of one name", overview(fresh(twins))},
		{"both of one name", func(v view.View) chat.Reply { return v.GradesOf(lea, fresh(twins), []string{"FRANÇAIS"}) }},
		{"of one subject", func(v view.View) chat.Reply { return v.GradesOf(lea, fresh(term), []string{"ALL"}) }},
		{"of two, stale", func(v view.View) chat.Reply { return v.GradesOf(lea, old(term), []string{"ONLY GRADES", "PUPIL"}) }},
		{"no such subject", none(term, "algèbre", lea)},
		{"no such subject or child", none(term, strings.Repeat("é", 40), lea, max)},
		{"no subject at all", none(empty, "maths", lea)},
	})
}

func TestMarks(t *testing.T) {
	t.Parallel()
	var scenes []scene
	for _, k := range constants(t, "school", "MarkKind") {
		m := school.Mark{Kind: school.MarkKind(k), Value: "14.5"}
		scenes = append(scenes, scene{k, func(v view.View) chat.Reply { return line(v.Mark(m) + ", " + v.OutOf(m, twenty)) }})
	}
	play(t, "marks", scenes)
}

func TestHomework(t *testing.T) {
	t.Parallel()
	due := func(day time.Time, subject, text string, done bool, attached ...string) school.Homework {
		return school.Homework{Due: day, Subject: subject, Text: text, Done: done, Attachments: attached}
	}
	all := []school.Homework{
		due(on(2026, 11, 17).UTC(), "MATHÉMATIQUES", "Ex. 12 p. 48\n", true),
		due(on(2026, 11, 17), "ANGLAIS LV1", "Unit 4", false, "Vidéo"),
		due(on(2026, 11, 17), "MATHÉMATIQUES", "Ex. 13", false),
		due(on(2026, 11, 17), "ANGLAIS LV1", "Unit 5", false),
		due(on(2026, 11, 20), "FRANÇAIS", "", false, "carte.pdf", "Atlas", "notes.pdf"),
		due(on(2026, 11, 20), "SVT", "Légender", true, "schéma.png"),
	}
	show := func(work family.Reading[[]school.Homework], from, to time.Time) func(view.View) chat.Reply {
		return func(v view.View) chat.Reply { return v.Homework(lea, year, work, from, to, "") }
	}
	first, last := on(2026, 11, 17), on(2026, 11, 24)
	play(t, "homework", []scene{
		{"days", show(fresh(all), first, last)},
		{"days, stale", show(old(all[5:]), first, last)},
		{"one day", show(fresh(all[:4]), first, first.Add(time.Hour))},
		{"none", show(fresh(all[:0]), first, last)},
		{"none, stale", show(old(all[:0]), first, last)},
		{"none on a day", show(fresh(all[:0]), first, first)},
		{"none in a holiday", show(fresh(all[:0]), on(2026, 10, 17), on(2026, 10, 24))},
		{"none on a holiday", show(fresh(all[:0]), on(2026, 11, 11), on(2026, 11, 11))},
	})
}

// An old reading says why it is one.
func TestAnOldReadingSaysWhy(t *testing.T) {
	t.Parallel()
	paused := &family.PausedError{Until: utc(18, 10)}
	var scenes []scene
	for _, tt := range []struct {
		name  string
		cause error
	}{
		{"paused", paused},
		{"paused, wrapped", fmt.Errorf("x: %w", paused)},
		{"pause", school.ErrPause},
		{"busy", school.ErrBusy},
		{"closed", school.ErrClosed},
		{"slow", context.DeadlineExceeded},
		{"no answer", school.ErrNoAnswer},
		{"unknown", errSilent},
	} {
		reading := old(school.Week{})
		reading.Stale = tt.cause
		scenes = append(scenes, scene{tt.name, func(v view.View) chat.Reply { return v.Day(lea, year, reading, on(2026, 11, 17)) }})
	}
	play(t, "stale", scenes)
}

// A reading says that it is old with every value that it may have.
func TestEachOldReadingSaysSo(t *testing.T) {
	t.Parallel()
	for lang, note := range map[string]string{
		"fr": "> PRONOTE n'a pas répondu à l'instant. Voici ce que PRONOTE disait le 16/11/2026 à 00:02.",
		"en": "> PRONOTE did not answer just now. This is what PRONOTE said on 16/11/2026 at 00:02.",
	} {
		v := in(t, lang)
		for _, r := range []chat.Reply{
			v.Day(lea, year, old(around), on(2026, 11, 17)), v.Week(lea, year, old(around), on(2026, 11, 16)),
			v.Grades(lea, old(term)), v.GradesOf(lea, old(term), []string{"ALL"}),
			v.Homework(lea, year, old([]school.Homework{{}}), on(2026, 11, 17), on(2026, 11, 17), ""),
		} {
			var last string
			for s := bufio.NewScanner(strings.NewReader(render(r))); s.Scan(); {
				last = s.Text()
			}
			if last != note {
				t.Errorf("the last line is %q", last)
			}
		}
	}
}
