package view

import (
	"slices"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/school"
	"cartable/core/wallet"
)

// MostChanges is how many changes of one kind are told one by one; more are one sentence.
const MostChanges = 5

// Change tells unasked what is new at a pupil's school. changes are at least one, all of one kind; of cancelled lessons
// those of one day, or more than MostChanges of any days. It names days by their date: it may be read tomorrow.
func (v View) Change(who family.Pupil, changes []school.Change) chat.Reply {
	many := len(changes) > MostChanges
	if changes[0].Kind == school.LessonCancelled {
		if many {
			return manyCancelled(v, who, changes)
		}
		return cancelled(v, who, changes)
	}
	if many {
		return manyGrades(v, who, changes)
	}
	return newGrades(v, who, changes)
}

// cancelled is "Léa : un cours annulé, jeudi 19 novembre" and the lesson, for one day.
func cancelled(v View, who family.Pupil, changes []school.Change) chat.Reply {
	day := v.P.Day(changes[0].Lesson.Start.In(v.Zone))
	r := chat.Reply{Title: v.P.N("news.cancelled", len(changes), "child", Given(who), "day", day)}
	for _, c := range changes {
		l := c.Lesson
		told := school.Lesson{
			Start: l.Start, End: l.End, Subject: l.Subject, Teachers: l.Teachers,
			Detention: l.Detention, Outing: l.Outing, Council: l.Council,
		}
		if l.Subject == "" {
			told.Note = l.Note
		}
		r.Body = append(r.Body, v.Lesson(told))
	}
	return r
}

func manyCancelled(v View, who family.Pupil, changes []school.Change) chat.Reply {
	last := slices.MaxFunc(changes, func(a, b school.Change) int { return a.Lesson.Start.Compare(b.Lesson.Start) })
	return v.Say("news.cancelled.many", "child", Given(who), "n", len(changes), "day", v.P.Day(last.Lesson.Start.In(v.Zone)))
}

// newGrades is "Léa : nouvelle note" and "MATHÉMATIQUES  15,5/20 · Fractions · classe 11,2".
func newGrades(v View, who family.Pupil, changes []school.Change) chat.Reply {
	r := chat.Reply{Title: v.P.N("news.grade", len(changes), "child", Given(who))}
	for _, c := range changes {
		g := c.Grade
		text := joinParts(v.OutOf(g.Mark, g.Scale), g.Title, classFigures(v, g.Class, school.Mark{}, school.Mark{}))
		r.Body = append(r.Body, chat.Line{Label: ask.Short(g.Subject), Text: text})
	}
	return r
}

func manyGrades(v View, who family.Pupil, changes []school.Change) chat.Reply {
	var subjects []string
	for _, c := range changes {
		if subject := ask.Short(c.Grade.Subject); !slices.Contains(subjects, subject) {
			subjects = append(subjects, subject)
		}
	}
	return v.Say("news.grade.many", "child", Given(who), "n", len(changes), "subjects", list(v, subjects))
}

// LowBalance tells unasked that little is left. holder is whose wallet it is, where somebody has several; nil for none.
func (v View) LowBalance(left izly.Cents, holder *wallet.Holder) chat.Reply {
	if holder == nil {
		return v.Say("news.balance", "amount", euros(v, left))
	}
	return v.Say("news.balance.of", "amount", euros(v, left), "holder", WalletName(*holder))
}
