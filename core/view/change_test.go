package view_test

import (
	"testing"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/view"
	"cartable/core/wallet"
)

func cancelled(lessons ...school.Lesson) []school.Change {
	var list []school.Change
	for _, l := range lessons {
		l.Cancelled, l.Status = true, "Prof. absent"
		list = append(list, school.Change{Kind: school.LessonCancelled, Lesson: l})
	}
	return list
}

func added(grades ...school.Grade) []school.Change {
	var list []school.Change
	for _, g := range grades {
		list = append(list, school.Change{Kind: school.GradeAdded, Grade: g})
	}
	return list
}

func TestChanges(t *testing.T) {
	lea := family.Pupil{Pupil: school.Pupil{Name: "DUPONT Léa"}}
	number := func(value string) school.Mark { return school.Mark{Kind: school.MarkNumber, Value: value} }
	maths := school.Lesson{Start: utc(10, 0), End: utc(11, 0), Subject: "MATHÉMATIQUES", Teachers: []string{"MARTIN P."}, Rooms: []string{"B12"}}
	english := school.Lesson{Start: utc(14, 0), End: utc(15, 30), Subject: "ANGLAIS LV1"}
	outing := school.Lesson{Start: utc(8, 0), End: utc(17, 0), Outing: true, Note: "Musée d'Orsay"}
	fractions := school.Grade{Subject: "MATHÉMATIQUES", Title: "Fractions", Mark: number("15.5"), Scale: number("20"), Class: number("11.2")}
	bare := school.Grade{Subject: "SVT", Mark: number("9"), Scale: number("10")}
	away := school.Grade{Subject: "ANGLAIS LV1", Title: "Oral", Mark: school.Mark{Kind: school.MarkAbsent}, Scale: number("20")}
	var days []school.Lesson
	for n := range 6 {
		l := maths
		l.Start, l.End = l.Start.AddDate(0, 0, n), l.End.AddDate(0, 0, n)
		days = append(days, l)
	}
	play(t, "changes", []scene{
		{"a lesson", func(v view.View) chat.Reply { return v.Change(lea, cancelled(maths)) }},
		{"two lessons", func(v view.View) chat.Reply { return v.Change(lea, cancelled(maths, english)) }},
		{"an outing", func(v view.View) chat.Reply { return v.Change(lea, cancelled(outing)) }},
		{"six lessons", func(v view.View) chat.Reply { return v.Change(lea, cancelled(days...)) }},
		{"a grade", func(v view.View) chat.Reply { return v.Change(lea, added(fractions)) }},
		{"three grades", func(v view.View) chat.Reply { return v.Change(lea, added(fractions, bare, away)) }},
		{"six grades", func(v view.View) chat.Reply {
			return v.Change(lea, added(fractions, bare, away, fractions, fractions, bare))
		}},
		{"a balance", func(v view.View) chat.Reply { return v.LowBalance(4_20, nil) }},
		{"a balance of several", func(v view.View) chat.Reply {
			return v.LowBalance(-30, &wallet.Holder{FirstName: "Camille", Phone: "+33611223344"})
		}},
	})
}
