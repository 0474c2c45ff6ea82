package view

import (
	"strings"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/i18n"
)

// gradesPerSubject bounds the overview; a subject of its own is shown whole.
const gradesPerSubject = 3

// Grades shows every subject with its averages and last grades.
func (v View) Grades(who family.Pupil, grades family.Reading[school.Grades]) chat.Reply {
	r := gradesTitle(v, who, grades.Value)
	r.Body = append(overview(v, who, grades.Value), staleNote(v, grades)...)
	return r
}

func overview(v View, who family.Pupil, g school.Grades) []chat.Line {
	if len(g.Grades) == 0 && len(g.Subjects) == 0 {
		return noGrades(v, who, g).Body
	}
	var lines []chat.Line
	if g.Average.Kind != school.MarkNone {
		text := v.OutOf(g.Average, g.Scale)
		if g.ClassAverage.Kind != school.MarkNone {
			text += " " + v.P.T("grades.class", "mark", v.Mark(g.ClassAverage))
		}
		lines = append(lines, chat.Line{Label: v.P.T("grades.overall"), Text: text})
	}
	for _, subject := range g.SubjectNames() {
		some, more := subjectLines(v, g, subject, gradesPerSubject)
		lines = append(lines, some...)
		if more > 0 {
			command := v.Cmd("notes") + " " + strings.ToLower(subject)
			lines = append(lines, chat.Line{Kind: chat.LineNote, Text: v.P.N("grades.more", more, "command", command)})
		}
	}
	return lines
}

// GradesOf shows some subjects whole.
func (v View) GradesOf(who family.Pupil, grades family.Reading[school.Grades], subjects []string) chat.Reply {
	g := grades.Value
	r := gradesTitle(v, who, g)
	for _, subject := range subjects {
		lines, _ := subjectLines(v, g, subject, len(g.Grades))
		r.Body = append(r.Body, lines...)
	}
	r.Body = append(r.Body, staleNote(v, grades)...)
	return r
}

// NoSuchSubject says that typed words name no subject, and what they may name. pupils are all that are at hand.
func (v View) NoSuchSubject(who family.Pupil, g school.Grades, typed string, pupils []family.Pupil) chat.Reply {
	subjects := g.SubjectNames()
	if len(subjects) == 0 {
		return noGrades(v, who, g)
	}
	var periods []string
	for _, p := range who.Periods {
		periods = append(periods, p.Name)
	}
	key := "grades.no_subject"
	if len(pupils) > 1 {
		key = "grades.no_subject_or_child"
	}
	return v.Say(key, "typed", i18n.Short(typed), "periods", strings.Join(periods, ", "), "names", v.Names(pupils),
		"command", v.Cmd("notes"), "period", g.Period.Name, "subjects", list(v, subjects))
}

// NoSuchPeriod says that the pupil's school has no period of a name, and which it has.
func (v View) NoSuchPeriod(who family.Pupil, typed string) chat.Reply {
	var periods []string
	for _, p := range who.Periods {
		periods = append(periods, p.Name)
	}
	return v.Say("grades.no_period", "typed", i18n.Short(typed), "child", Given(who), "periods", strings.Join(periods, ", "))
}

func gradesTitle(v View, who family.Pupil, g school.Grades) chat.Reply {
	return chat.Reply{Title: v.P.T("grades.title", "child", Given(who), "period", g.Period.Name)}
}

func noGrades(v View, who family.Pupil, g school.Grades) chat.Reply {
	return v.Say("grades.none", "child", Given(who), "period", g.Period.Name)
}

// subjectLines is a heading with the averages and up to most grades; more counts those left out.
func subjectLines(v View, g school.Grades, subject string, most int) (lines []chat.Line, more int) {
	heading := subject
	for _, s := range g.Subjects {
		if s.Subject == subject {
			heading += " — " + averages(v, s)
		}
	}
	lines = []chat.Line{{Kind: chat.LineHeading, Text: heading}}
	for _, grade := range g.Grades {
		if grade.Subject != subject {
			continue
		}
		if len(lines) > most {
			more++
			continue
		}
		lines = append(lines, gradeLine(v, grade))
	}
	if len(lines) == 1 {
		lines = append(lines, chat.Line{Kind: chat.LineNote, Text: v.P.T("grades.no_grade")})
	}
	return lines, more
}

// averages is "moyenne 15,5/20 (classe 11,2, min 4, max 18)", of what the school publishes.
func averages(v View, s school.SubjectAverage) string {
	class := classFigures(v, s.Class, s.Min, s.Max)
	if s.Pupil.Kind == school.MarkNone {
		if class == "" {
			return v.P.T("grades.not_published")
		}
		return class
	}
	own := v.P.T("grades.average", "mark", v.OutOf(s.Pupil, s.Scale))
	if class == "" {
		return own
	}
	return own + " (" + class + ")"
}

// classFigures is "classe 11,2, min 4, max 18", of what is published.
func classFigures(v View, class, least, most school.Mark) string {
	var parts []string
	for _, figure := range []struct {
		key  string
		mark school.Mark
	}{{"grades.figure.class", class}, {"grades.figure.min", least}, {"grades.figure.max", most}} {
		if figure.mark.Kind != school.MarkNone {
			parts = append(parts, v.P.T(figure.key, "mark", v.Mark(figure.mark)))
		}
	}
	return strings.Join(parts, ", ")
}

// gradeLine is "12/09  15,5/20 · Fractions · coef. 2 · classe 11,2, min 4, max 18 · bonus".
func gradeLine(v View, g school.Grade) chat.Line {
	parts := []string{v.OutOf(g.Mark, g.Scale), g.Title}
	if g.Coefficient != "" && g.Coefficient != "1" {
		parts = append(parts, v.P.T("grades.coefficient", "value", v.P.Decimal(g.Coefficient)))
	}
	if g.Bonus {
		parts = append(parts, v.P.T("grades.bonus"))
	}
	if g.Optional && !g.Bonus {
		parts = append(parts, v.P.T("grades.optional"))
	}
	parts = append(parts, classFigures(v, g.Class, g.Min, g.Max), g.Remark)
	return chat.Line{Label: v.P.ShortDate(g.Date.In(v.Zone)), Text: joinParts(parts...)}
}

// OutOf is "15,5/20"; an annotation stands alone, and so does a number whose scale is unknown.
func (v View) OutOf(m, scale school.Mark) string {
	text := v.Mark(m)
	if m.Kind == school.MarkNumber && scale.Kind == school.MarkNumber {
		text += "/" + v.P.Decimal(scale.Value)
	}
	return text
}

// markKeys are the sentences of annotations.
var markKeys = map[school.MarkKind]string{
	school.MarkNone:            "mark.none",
	school.MarkAbsent:          "mark.absent",
	school.MarkExempted:        "mark.exempted",
	school.MarkNotGraded:       "mark.not_graded",
	school.MarkUnfit:           "mark.unfit",
	school.MarkNotHandedIn:     "mark.not_handed_in",
	school.MarkAbsentZero:      "mark.absent_zero",
	school.MarkNotHandedInZero: "mark.not_handed_in_zero",
	school.MarkCongratulations: "mark.congratulations",
	school.MarkUnknown:         "mark.unknown",
}

// Mark is "15,5", or the annotation in its place.
func (v View) Mark(m school.Mark) string {
	if m.Kind == school.MarkNumber {
		return v.P.Decimal(m.Value)
	}
	return v.P.T(markKeys[m.Kind])
}
