package core

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"cartable/core/pronote"
	"cartable/i18n"
)

// gradesPerSubject bounds the overview; a subject of its own is shown whole.
const gradesPerSubject = 3

// grades is /notes [subject|period] [child].
func grades(ctx context.Context, t *turn, args string) (Reply, error) {
	who, rest, err := t.pickPupilOfYear(ctx, args)
	if err != nil {
		return Reply{}, err
	}
	period, rest := pickPeriod(who.child, rest)
	if everythingWords[i18n.Fold(rest)] {
		rest = ""
	}
	got, err := read(ctx, who.account, snapshotKey("grades", who.child.Key, period), func(s *pronote.Session) (pronote.Grades, error) {
		return s.Grades(ctx, who.child.Key, period)
	})
	if err != nil {
		return Reply{}, err
	}
	var r Reply
	if rest == "" {
		r = t.gradesOverview(who, got.value)
	} else {
		subjects := matchSubjects(got.value, rest)
		if len(subjects) == 0 {
			return t.noSuchSubject(who, got.value, rest), nil
		}
		r = t.gradesOfSubjects(who, got.value, subjects)
	}
	r.Body = append(r.Body, staleNote(t, got)...)
	for _, p := range who.child.Periods {
		if p.Key != got.value.Period.Key && len(r.Choices) < 6 {
			r.Choices = append(r.Choices, t.runChoice(p.Name, "/notes "+p.Name+" "+who.ref()))
		}
	}
	r.Choices = append(r.Choices, t.siblings(who, "/notes")...)
	return r, nil
}

// pickPeriod finds the period that args name ("trimestre 1", "T1", "semestre 2") and returns its key and
// the other words. Without one the key is empty, which means the present period.
func pickPeriod(child pronote.Child, args string) (key, rest string) {
	folded := i18n.Fold(args)
	for _, p := range child.Periods {
		name := i18n.Fold(p.Name)
		for _, form := range []string{name, strings.ReplaceAll(name, " ", ""), initials(name)} {
			if folded == form {
				return p.Key, ""
			}
			if rest, found := strings.CutPrefix(folded, form+" "); found {
				return p.Key, rest
			}
			if rest, found := strings.CutSuffix(folded, " "+form); found {
				return p.Key, rest
			}
		}
	}
	return "", strings.TrimSpace(args)
}

// everythingWords, folded, name no subject and no period of their own: with them alone the person wants all.
var everythingWords = map[string]bool{
	"note": true, "notes": true, "moyenne": true, "moyennes": true, "tout": true, "toutes": true,
	"periode": true, "trimestre": true, "semestre": true, "matiere": true, "matieres": true,
	"grade": true, "grades": true, "mark": true, "marks": true, "average": true, "averages": true, "all": true,
	"period": true, "term": true, "semester": true, "subject": true, "subjects": true,
}

// initials of "trimestre 1" are "t1".
func initials(name string) string {
	var b strings.Builder
	for _, word := range strings.Fields(name) {
		first, _ := utf8.DecodeRuneInString(word)
		b.WriteRune(first)
	}
	return b.String()
}

// subjectNames maps what pupils say, folded, to what PRONOTE writes. Short forms that are initials, such as
// "svt", need no entry.
var subjectNames = map[string]string{
	"maths": "mathematiques", "math": "mathematiques", "hist": "histoire", "geo": "geographie",
	"sport": "physique et sport", "musique": "musicale", "emc": "moral", "techno": "technologie",
}

// matchSubjects finds the subjects that a person means: by the word itself, by its beginning, by a usual
// short form.
func matchSubjects(g pronote.Grades, words string) []string {
	wanted := i18n.Fold(words)
	if wanted == "" {
		return nil
	}
	forms := []string{wanted}
	if singular := strings.TrimSuffix(wanted, "s"); len(singular) > 2 {
		forms = append(forms, singular)
	}
	if long := subjectNames[wanted]; long != "" {
		forms = append(forms, long)
	}
	var found []string
	for _, subject := range subjectsOf(g) {
		if namesSubject(i18n.Fold(subject), forms) || len(wanted) > 1 && subjectInitials(subject) == wanted {
			found = append(found, subject)
		}
	}
	return found
}

func namesSubject(name string, forms []string) bool {
	for _, form := range forms {
		if strings.HasPrefix(name, form) || strings.Contains(name, " "+form) || len(form) > 3 && strings.Contains(name, form) {
			return true
		}
	}
	return false
}

// subjectInitials of "SCIENCES DE LA VIE ET DE LA TERRE" are "svt", of "ED.PHYSIQUE & SPORT." "eps".
func subjectInitials(subject string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(i18n.Fold(subject), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch word {
		case "de", "du", "des", "la", "le", "les", "et", "l", "d":
		default:
			first, _ := utf8.DecodeRuneInString(word)
			b.WriteRune(first)
		}
	}
	return b.String()
}

// subjectsOf lists the subjects with an average, then those that have only grades.
func subjectsOf(g pronote.Grades) []string {
	var subjects []string
	seen := make(map[string]bool)
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			subjects = append(subjects, name)
		}
	}
	for _, s := range g.Subjects {
		add(s.Subject)
	}
	for _, grade := range g.Grades {
		add(grade.Subject)
	}
	return subjects
}

func (t *turn) noSuchSubject(who pupil, g pronote.Grades, typed string) Reply {
	subjects := subjectsOf(g)
	if len(subjects) == 0 {
		return t.plain("grades.none", "child", who.given(), "period", g.Period.Name)
	}
	var periods []string
	for _, p := range who.child.Periods {
		periods = append(periods, p.Name)
	}
	key, pupils := "grades.no_subject", t.pupils()
	if len(pupils) > 1 {
		key = "grades.no_subject_or_child"
	}
	return t.plain(key, "typed", i18n.Short(typed), "periods", strings.Join(periods, ", "), "names", t.names(pupils),
		"command", t.cmd("notes"), "period", g.Period.Name, "subjects", t.p.List(subjects, t.p.T("and")))
}

// gradesOverview shows every subject with its averages and last grades.
func (t *turn) gradesOverview(who pupil, g pronote.Grades) Reply {
	r := Reply{Title: t.p.T("grades.title", "child", who.given(), "period", g.Period.Name)}
	if len(g.Grades) == 0 && len(g.Subjects) == 0 {
		r.Body = []Line{{Text: t.p.T("grades.none", "child", who.given(), "period", g.Period.Name)}}
		return r
	}
	if g.Average.Kind != pronote.MarkNone {
		text := t.outOf(g.Average, g.Scale)
		if g.ClassAverage.Kind != pronote.MarkNone {
			text += " " + t.p.T("grades.class", "mark", t.mark(g.ClassAverage))
		}
		r.Body = append(r.Body, Line{Label: t.p.T("grades.overall"), Text: text})
	}
	for _, subject := range subjectsOf(g) {
		lines, more := t.subjectLines(g, subject, gradesPerSubject)
		r.Body = append(r.Body, lines...)
		if more > 0 {
			r.Body = append(r.Body, Line{Kind: LineNote, Text: t.p.N("grades.more", more, "command", t.cmd("notes")+" "+strings.ToLower(subject))})
		}
	}
	return r
}

func (t *turn) gradesOfSubjects(who pupil, g pronote.Grades, subjects []string) Reply {
	r := Reply{Title: t.p.T("grades.title", "child", who.given(), "period", g.Period.Name)}
	for _, subject := range subjects {
		lines, _ := t.subjectLines(g, subject, len(g.Grades))
		r.Body = append(r.Body, lines...)
	}
	return r
}

// subjectLines is a heading with the averages and up to most grades; more counts those left out.
func (t *turn) subjectLines(g pronote.Grades, subject string, most int) (lines []Line, more int) {
	heading := subject
	for _, s := range g.Subjects {
		if s.Subject == subject {
			heading += t.averages(s)
		}
	}
	lines = []Line{{Kind: LineHeading, Text: heading}}
	for _, grade := range g.Grades {
		if grade.Subject != subject {
			continue
		}
		if len(lines) > most {
			more++
			continue
		}
		lines = append(lines, t.gradeLine(grade))
	}
	if len(lines) == 1 {
		lines = append(lines, Line{Kind: LineNote, Text: t.p.T("grades.no_grade")})
	}
	return lines, more
}

// averages is " — moyenne 15,5/20 (classe 11,2, min 4, max 18)", of what the school publishes.
func (t *turn) averages(s pronote.SubjectAverage) string {
	class := t.classFigures(s.Class, s.Min, s.Max)
	switch {
	case s.Pupil.Kind == pronote.MarkNone && class == "":
		return " — " + t.p.T("grades.not_published")
	case s.Pupil.Kind == pronote.MarkNone:
		return " — " + class
	case class == "":
		return " — " + t.p.T("grades.average", "mark", t.outOf(s.Pupil, s.Scale))
	default:
		return " — " + t.p.T("grades.average", "mark", t.outOf(s.Pupil, s.Scale)) + " (" + class + ")"
	}
}

// classFigures is "classe 11,2, min 4, max 18", of what is published.
func (t *turn) classFigures(class, least, most pronote.Mark) string {
	var parts []string
	for _, figure := range []struct {
		key  string
		mark pronote.Mark
	}{{"grades.figure.class", class}, {"grades.figure.min", least}, {"grades.figure.max", most}} {
		if figure.mark.Kind != pronote.MarkNone {
			parts = append(parts, t.p.T(figure.key, "mark", t.mark(figure.mark)))
		}
	}
	return strings.Join(parts, ", ")
}

// gradeLine is "12/09  15,5/20 · Fractions · coef. 2 · classe 11,2, min 4, max 18 · bonus".
func (t *turn) gradeLine(g pronote.Grade) Line {
	parts := []string{t.outOf(g.Mark, g.Scale), g.Title}
	if g.Coefficient != "" && g.Coefficient != "1" {
		parts = append(parts, t.p.T("grades.coefficient", "value", t.p.Decimal(g.Coefficient)))
	}
	if g.Bonus {
		parts = append(parts, t.p.T("grades.bonus"))
	}
	if g.Optional && !g.Bonus {
		parts = append(parts, t.p.T("grades.optional"))
	}
	parts = append(parts, t.classFigures(g.Class, g.Min, g.Max), g.Remark)
	return Line{Label: t.p.ShortDate(g.Date), Text: joinParts(parts)}
}

// outOf is "15,5/20"; an annotation stands alone, and so does a number whose scale is unknown.
func (t *turn) outOf(m, scale pronote.Mark) string {
	text := t.mark(m)
	if m.Kind == pronote.MarkNumber && scale.Kind == pronote.MarkNumber {
		text += "/" + t.p.Decimal(scale.Value)
	}
	return text
}

// markKeys are the sentences of PRONOTE's annotations.
var markKeys = map[pronote.MarkKind]string{
	pronote.MarkNone:            "mark.none",
	pronote.MarkAbsent:          "mark.absent",
	pronote.MarkExempted:        "mark.exempted",
	pronote.MarkNotGraded:       "mark.not_graded",
	pronote.MarkUnfit:           "mark.unfit",
	pronote.MarkNotHandedIn:     "mark.not_handed_in",
	pronote.MarkAbsentZero:      "mark.absent_zero",
	pronote.MarkNotHandedInZero: "mark.not_handed_in_zero",
	pronote.MarkCongratulations: "mark.congratulations",
	pronote.MarkUnknown:         "mark.unknown",
}

func (t *turn) mark(m pronote.Mark) string {
	if m.Kind == pronote.MarkNumber {
		return t.p.Decimal(m.Value)
	}
	return t.p.T(markKeys[m.Kind])
}
