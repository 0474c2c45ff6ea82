package pronote

import (
	"fmt"
	"slices"
	"time"
)

// Grade is one mark in plain form. Numbers are text, as the protocol writes them: "14,50"; a Mark may also be "|1" to
// "|8" (pronote-today §4.5). Average, Min and Max are "" where the school does not publish them.
type Grade struct {
	Date              time.Time
	Period            string
	Subject           string
	Title, Remark     string
	Mark              string
	OutOf             string
	Coefficient       string
	Average, Min, Max string
	Bonus, Optional   bool

	id, subject, period string
}

// mark is a row of the tables below: when it was given, in school days before today, and what.
type mark struct {
	before      int
	subject     string
	title       string
	mark        string
	outOf       float64
	coefficient float64
	average     float64 // of the class, 0 for unpublished
	low, high   float64
	kind        byte // 'b' bonus, 'o' optional
	remark      string
}

// The current period holds most: it began at least 20 school days ago. The first ended at most 26 school days ago.
var marks = map[string][]mark{
	"lea": {
		{1, "maths", "Contrôle : proportionnalité", "15,50", 20, 2, 11.2, 4, 18, 0, ""},
		{2, "fr", "Rédaction : le portrait", "13,00", 20, 1, 12.4, 6.5, 17, 0, "Style soigné."},
		{3, "hg", "Interrogation : la ville", "|3", 20, 1, 0, 0, 0, 0, ""},
		{3, "ang", "Oral", "18,00", 20, 1, 13.8, 8, 19, 0, "Very good!"},
		{4, "svt", "TP : volcans", "16,25", 20, 1, 12.9, 7, 18.5, 0, ""},
		{5, "pc", "Devoir facultatif", "14,00", 20, 1, 11, 5, 16, 'o', ""},
		{6, "maths", "Énigmes", "13,00", 20, 1, 9.5, 2, 20, 'b', ""},
		{7, "fr", "Dictée", "7,50", 10, 1, 5.8, 1, 10, 0, ""},
		{8, "esp", "Vocabulaire", "11,75", 20, 0.5, 12.1, 4, 19.5, 0, ""},
		{9, "eps", "Natation", "|2", 20, 1, 13, 9, 18, 0, ""},
		{10, "pc", "Contrôle : la lumière", "9,50", 20, 1, 10.8, 3, 17.5, 0, "À reprendre."},
		{11, "fr", "Lecture", "|1", 20, 1, 12, 6, 18, 0, ""},
		{12, "tech", "Maquette", "15,00", 20, 1, 13.3, 8, 18, 0, ""},
		{13, "ang", "Exercices", "|5", 20, 1, 12.5, 5, 20, 0, ""},
		{14, "arts", "Affiche", "|8", 20, 1, 14, 10, 18, 0, "Bravo !"},
		{15, "mus", "Chant", "14,00", 20, 1, 0, 0, 0, 0, ""},
		{16, "hg", "Contrôle : l'Europe des Lumières", "14,50", 20, 2, 11.7, 5, 18, 0, ""},
		{17, "maths", "Calcul mental", "4,50", 5, 0.5, 3.4, 1, 5, 0, ""},
		{28, "maths", "Nombres relatifs", "12,00", 20, 1, 11, 3, 17, 0, ""},
		{29, "fr", "Conjugaison", "10,50", 20, 1, 11.6, 4, 18, 0, ""},
		{31, "hg", "Cartes", "16,00", 20, 1, 12.2, 6, 19, 0, ""},
		{32, "ang", "Présentation", "17,00", 20, 1, 13, 7, 19, 0, ""},
		{34, "svt", "Séismes", "|6", 20, 1, 11.9, 4, 17, 0, ""},
		{36, "esp", "Se présenter", "14,25", 20, 1, 12.8, 6, 18, 0, ""},
	},
	"hugo": {
		{1, "pc", "DS : quantité de matière", "11,50", 20, 2, 10.3, 2.5, 18, 0, ""},
		{2, "ses", "Note de synthèse", "14,00", 20, 1, 11.8, 6, 17, 0, ""},
		{3, "maths", "DS : fonctions", "8,50", 20, 3, 9.7, 1, 19.5, 0, "Revoir le cours."},
		{4, "snt", "Projet web", "17,50", 20, 1, 14.1, 9, 19, 0, ""},
		{5, "fr", "Commentaire", "12,00", 20, 2, 10.9, 5, 16, 0, ""},
		{6, "all", "Compréhension", "|4", 20, 1, 11.5, 4, 18, 0, ""},
		{7, "hg", "Composition", "13,50", 20, 1, 0, 0, 0, 0, ""},
		{9, "ang", "Essay", "36,00", 40, 1, 25.5, 12, 38, 0, ""},
		{11, "maths", "Devoir maison", "|7", 20, 0.5, 13.5, 0, 20, 0, "Non rendu."},
		{12, "eps", "Demi-fond", "15,00", 20, 1, 13.2, 8, 19, 0, ""},
		{14, "svt", "TP : la cellule", "16,00", 20, 1, 13.7, 8, 18, 0, ""},
		{29, "maths", "Test de rentrée", "10,00", 20, 1, 10.2, 2, 18, 0, ""},
		{31, "fr", "Lecture cursive", "15,50", 20, 1, 12.3, 6, 18, 0, ""},
		{33, "pc", "Atomes", "13,00", 20, 1, 11.1, 4, 17.5, 0, ""},
	},
}

func (s *school) gradesOf(p *pupil) []Grade {
	var grades []Grade
	for i, m := range marks[p.id] {
		date := s.schoolDayBefore(m.before)
		period := s.periodAt(p, date)
		date = s.taught(p, m.subject, date, period)
		g := Grade{
			Date: date, Period: period.Name, Subject: subjectOf(m.subject).name, Title: m.title, Remark: m.remark,
			Mark: m.mark, OutOf: comma(m.outOf), Coefficient: comma(m.coefficient), Bonus: m.kind == 'b',
			Optional: m.kind == 'o', id: fmt.Sprintf("%s.%d", p.id, i), subject: m.subject, period: period.id,
		}
		if m.average != 0 {
			g.Average, g.Min, g.Max = twoDigits(m.average), twoDigits(m.low), twoDigits(m.high)
		}
		grades = append(grades, g)
	}
	slices.SortStableFunc(grades, func(a, b Grade) int { return b.Date.Compare(a.Date) })
	return grades
}

// periodAt is the pupil's period of that day.
func (s *school) periodAt(p *pupil, day time.Time) Period {
	var last Period
	for _, id := range p.periods {
		last, _ = s.period(id)
		if !day.After(last.Last) {
			break
		}
	}
	return last
}

// taught is the last day up to date on which the pupil had that subject, if there is one near in the period.
func (s *school) taught(p *pupil, subject string, date time.Time, within Period) time.Time {
	for day := date; daysBetween(day, date) < 10 && !day.Before(within.First); day = day.AddDate(0, 0, -1) {
		if s.schoolDay(day) && s.hasSubject(p, subject, day) {
			return day
		}
	}
	return date
}

func (s *school) hasSubject(p *pupil, subject string, day time.Time) bool {
	return weekday(day) < 5 && slices.ContainsFunc(p.timetable[weekday(day)], func(sl slot) bool {
		return sl.subject == subject && (sl.fortnight == 0 || sl.fortnight == s.fortnight(day))
	})
}
