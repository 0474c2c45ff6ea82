package pronote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cartable/core/school"
)

// gradesReply is the answer to DernieresNotes, pronote-today §7.3.
type gradesReply struct {
	Average      markInfo             `json:"moyGenerale"`
	ClassAverage markInfo             `json:"moyGeneraleClasse"`
	Scale        markInfo             `json:"baremeMoyGenerale"`
	Services     value[[]serviceInfo] `json:"listeServices"`
	Tests        value[[]testInfo]    `json:"listeDevoirs"`
}

type serviceInfo struct {
	element
	Order        number   `json:"ordre"`
	NotPublished truth    `json:"estMoyNR"`
	Pupil        markInfo `json:"moyEleve"`
	Scale        markInfo `json:"baremeMoyEleve"`
	Class        markInfo `json:"moyClasse"`
	Min          markInfo `json:"moyMin"`
	Max          markInfo `json:"moyMax"`
}

type testInfo struct {
	Mark        markInfo       `json:"note"`
	Scale       markInfo       `json:"bareme"`
	Date        text           `json:"date"`
	Service     value[element] `json:"service"`
	Class       markInfo       `json:"moyenne"`
	Max         markInfo       `json:"noteMax"`
	Min         markInfo       `json:"noteMin"`
	Coefficient text           `json:"coefficient"`
	Title       text           `json:"commentaire"`
	Remark      text           `json:"commentaireSurNote"`
	Bonus       truth          `json:"estBonus"`
	Optional    truth          `json:"estFacultatif"`
}

// markInfo is a mark on the wire. What decodeMark refuses becomes MarkUnknown here: one odd mark must not
// hide all others.
type markInfo struct{ text }

func (m markInfo) mark() school.Mark {
	mark, err := decodeMark(string(m.text))
	if err != nil {
		return school.Mark{Kind: school.MarkUnknown}
	}
	return mark
}

// Grades asks for what a pupil got in one of its periods, or in the current one when periodKey is empty: one
// request.
func (s *Session) Grades(ctx context.Context, key, periodKey string) (school.Grades, error) {
	who, err := s.family.pupil(fnGrades, tabGrades, key)
	if err != nil {
		return school.Grades{}, err
	}
	i := who.Current
	if periodKey != "" {
		i = slices.IndexFunc(who.Periods, func(p period) bool { return p.Key == periodKey })
	}
	if i < 0 || i >= len(who.Periods) {
		return school.Grades{}, fmt.Errorf("pronote: %s: %w", fnGrades, ErrUnknownPeriod)
	}
	p := who.Periods[i]
	asked := map[string]any{"N": p.N, "L": p.Name}
	if p.Kind != 0 {
		asked["G"] = p.Kind
	}
	var reply gradesReply
	err = s.ask(ctx, query{op: fnGrades, tab: tabGrades, pupil: who, data: map[string]any{"Periode": asked}}, &reply)
	if err != nil {
		return school.Grades{}, err
	}
	g, err := reply.grades(s.client.loc)
	if err != nil {
		return school.Grades{}, &ReplyError{fnGrades, err.Error()}
	}
	g.Period = p.public()
	return g, nil
}

func (r gradesReply) grades(loc *time.Location) (school.Grades, error) {
	switch {
	case !r.Tests.Set:
		return school.Grades{}, errors.New("listeDevoirs is missing")
	case !r.Services.Set:
		return school.Grades{}, errors.New("listeServices is missing")
	}
	subjects, twins := r.subjects()
	g := school.Grades{Average: r.Average.mark(), ClassAverage: r.ClassAverage.mark(), Scale: r.Scale.mark(), Subjects: subjects}
	for _, info := range r.Tests.V {
		grade, err := info.grade(loc)
		if err != nil {
			return school.Grades{}, err
		}
		grade.Twin = twins[info.Service.V.N]
		g.Grades = append(g.Grades, grade)
	}
	slices.SortStableFunc(g.Grades, func(a, b school.Grade) int { return b.Date.Compare(a.Date) })
	keys := uniqueKeys{}
	for i, grade := range g.Grades {
		g.Grades[i].Key = keys.of("grade", grade.Date.Format(time.DateOnly), grade.Subject, grade.Title)
	}
	return g, nil
}

// subjects are in the school's order. twins tells services of one name apart, by their identifiers, which live as long as
// the session.
func (r gradesReply) subjects() (all []school.SubjectAverage, twins map[text]int) {
	services := slices.Clone(r.Services.V)
	slices.SortStableFunc(services, func(a, b serviceInfo) int { return a.Order.N - b.Order.N })
	twins = make(map[text]int)
	called := make(map[string]int)
	for _, info := range services {
		average := school.SubjectAverage{
			Subject: info.L.name(), Pupil: info.Pupil.mark(), Scale: info.Scale.mark(),
			Class: info.Class.mark(), Min: info.Min.mark(), Max: info.Max.mark(),
		}
		if info.NotPublished {
			average.Pupil = school.Mark{}
		}
		average.Twin = called[average.Subject]
		twins[info.N] = average.Twin
		called[average.Subject]++
		all = append(all, average)
	}
	return all, twins
}

func (info testInfo) grade(loc *time.Location) (school.Grade, error) {
	date, err := decodeDate(string(info.Date), loc)
	if err != nil {
		return school.Grade{}, errors.New("a grade has no date")
	}
	g := school.Grade{
		Date: midnight(date, loc), Subject: info.Service.V.L.name(), Title: info.Title.line(),
		Mark: info.Mark.mark(), Scale: info.Scale.mark(),
		Class: info.Class.mark(), Min: info.Min.mark(), Max: info.Max.mark(),
		Bonus: bool(info.Bonus), Optional: bool(info.Optional && !info.Bonus), // §7.3: optional only when not bonus
		Remark: info.Remark.line(),
	}
	if coefficient, err := decodeDecimal(string(info.Coefficient)); err == nil {
		g.Coefficient = coefficient
	}
	return g, nil
}
