package view

import (
	"slices"
	"strings"
	"unicode/utf8"

	"cartable/core/ask"
	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/visible"
	"cartable/i18n"
)

// newestGrades is how many grades the overview shows; gradesPerSubject bounds its details. A subject of its own is shown
// whole.
const (
	newestGrades     = 5
	gradesPerSubject = 3
)

// Grades shows the newest grades, and below them a line for each subject with its average.
func (v View) Grades(who family.Pupil, grades family.Reading[school.Grades]) chat.Reply {
	g := grades.Value
	if noneOf(g) {
		return v.withStale(gradesTitle(v, who, g), noGrades(v, who, g).Body, grades)
	}
	lines := []chat.Line{overall(v, g)}
	if len(g.Grades) > 0 {
		lines = append(lines, chat.Line{Kind: chat.LineHeading, Text: v.P.T("grades.newest")})
	}
	name := shortNames(g)
	for _, grade := range g.Grades[:min(len(g.Grades), newestGrades)] {
		lines = append(lines, newestLine(v, grade, name(grade.Subject)))
	}
	lines = append(lines, chat.Line{Kind: chat.LineHeading, Text: v.P.T("grades.by_subject")})
	for _, s := range g.AllSubjects() {
		lines = append(lines, chat.Line{Label: name(s.Subject), Text: ownAverage(v, s.Pupil, s.Scale)})
	}
	return v.withStale(gradesTitle(v, who, g), lines, grades)
}

// GradesDetails shows every subject with all its averages and its last grades.
func (v View) GradesDetails(who family.Pupil, grades family.Reading[school.Grades]) chat.Reply {
	g := grades.Value
	if noneOf(g) {
		return v.Grades(who, grades)
	}
	lines := []chat.Line{overall(v, g)}
	name := shortNames(g)
	for _, subject := range g.AllSubjects() {
		some, more := subjectLines(v, g, subject, name(subject.Subject), gradesPerSubject)
		lines = append(lines, some...)
		if more > 0 {
			command := v.Cmd("notes") + " " + strings.ToLower(name(subject.Subject))
			lines = append(lines, chat.Line{Kind: chat.LineNote, Text: v.P.N("grades.more", more, "command", command)})
		}
	}
	return v.withStale(gradesTitle(v, who, g), lines, grades)
}

func noneOf(g school.Grades) bool { return len(g.Grades) == 0 && len(g.Subjects) == 0 }

func (v View) withStale(r chat.Reply, body []chat.Line, grades family.Reading[school.Grades]) chat.Reply {
	r.Body = append(body, staleNote(v, grades)...)
	return r
}

// overall is "Moyenne générale  14,81/20 (classe 12,41)".
func overall(v View, g school.Grades) chat.Line {
	text := ownAverage(v, g.Average, g.Scale)
	if g.ClassAverage.Kind != school.MarkNone {
		text += " " + v.P.T("grades.class", "mark", v.Mark(g.ClassAverage))
	}
	return chat.Line{Label: v.P.T("grades.overall"), Text: text}
}

// ownAverage is "15,5/20", or says that there is none, and why if the school does.
func ownAverage(v View, m, scale school.Mark) string {
	switch m.Kind {
	case school.MarkNumber:
		return v.OutOf(m, scale)
	case school.MarkNone, school.MarkUnknown:
		return v.P.T("grades.no_average")
	default:
		return v.P.T("grades.no_average_because", "mark", v.Mark(m))
	}
}

// shortNames gives the short names of subjects. Where the school has two that would be called the same, their own names stay.
func shortNames(g school.Grades) func(subject string) string {
	called := make(map[string]int)
	for _, name := range g.SubjectNames() {
		called[ask.Short(name)]++
	}
	return func(subject string) string {
		if short := ask.Short(subject); called[short] < 2 {
			return short
		}
		return subject
	}
}

// newestLine is "16/11  Maths 15,5/20 · Fractions", with as much of the title as a row has room for.
func newestLine(v View, g school.Grade, name string) chat.Line {
	between := " "
	if g.Mark.Kind != school.MarkNumber {
		between = " · "
	}
	line := chat.Line{Label: v.P.ShortDate(g.Date.In(v.Zone)), Text: joinParts(name + between + v.OutOf(g.Mark, g.Scale))}
	room := phoneRow - utf8.RuneCountInString(line.Label+" "+line.Text+" · ")
	if title := visible.Cut(g.Title, max(room, 0)); title == g.Title || utf8.RuneCountInString(title) >= leastTitle {
		line.Text = joinParts(line.Text, title)
	}
	return line
}

// leastTitle is how many characters of a title are worth showing.
const leastTitle = 12

// GradesOf shows some subjects whole.
func (v View) GradesOf(who family.Pupil, grades family.Reading[school.Grades], subjects []string) chat.Reply {
	g := grades.Value
	var lines []chat.Line
	name := shortNames(g)
	for _, s := range g.AllSubjects() {
		if slices.Contains(subjects, s.Subject) {
			some, _ := subjectLines(v, g, s, name(s.Subject), len(g.Grades))
			lines = append(lines, some...)
		}
	}
	all := overall(v, g)
	all.Kind = chat.LineNote
	return v.withStale(gradesTitle(v, who, g), append(lines, all), grades)
}

// NoSuchSubject says that typed words name no subject, and what they may name. pupils are all that are at hand.
func (v View) NoSuchSubject(who family.Pupil, g school.Grades, typed string, pupils []family.Pupil) chat.Reply {
	var subjects []string
	for _, name := range g.SubjectNames() {
		subjects = append(subjects, shortNames(g)(name))
	}
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
func subjectLines(v View, g school.Grades, subject school.SubjectAverage, name string, most int) (lines []chat.Line, more int) {
	lines = []chat.Line{{Kind: chat.LineHeading, Text: name + " — " + averages(v, subject)}}
	for _, grade := range g.Grades {
		if grade.Subject != subject.Subject || grade.Twin != subject.Twin {
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
	own := ownAverage(v, s.Pupil, s.Scale)
	if s.Pupil.Kind == school.MarkNumber {
		own = v.P.T("grades.average", "mark", own)
	}
	if class := classFigures(v, s.Class, s.Min, s.Max); class != "" {
		return own + " (" + class + ")"
	}
	return own
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
