package core

import (
	"encoding/json"
	"strings"
	"time"

	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/store"
)

// What version 0.1 kept of what schools said. These types never change. Weeks and homework had the names of
// core/school but for their case, which does not matter when they are read.
type (
	oldReading struct {
		Link    string          `json:"link"`
		Fetched time.Time       `json:"fetched"`
		Data    json.RawMessage `json:"data"`
	}
	oldMark struct {
		Kind  int
		Value string
	}
	oldGrades struct {
		Period                       school.Period
		Average, ClassAverage, Scale oldMark
		Subjects                     []struct {
			Subject                       string
			Pupil, Class, Min, Max, Scale oldMark
		}
		Grades []struct {
			Key                          string
			Date                         time.Time
			Subject, Title               string
			Mark, Scale, Class, Min, Max oldMark
			Coefficient, Remark          string
			Bonus, Optional              bool
		}
	}
)

// splitReading keeps an old reading for when the school does not answer. One that cannot be understood is let go: it
// can be asked for again.
func splitReading(tx store.Tx, key string, r oldReading) error {
	what := strings.Split(strings.TrimRight(key, "\x00"), "\x00")[1:] // after the account's ID
	for len(what) < 3 {
		what = append(what, "") // the present period had no key
	}
	var value any
	var err error
	switch what[0] {
	case "week":
		value, err = read[school.Week](r.Data)
	case "homework":
		value, err = read[[]school.Homework](r.Data)
	case "grades":
		var old oldGrades
		if old, err = read[oldGrades](r.Data); err == nil {
			value = old.grades()
		}
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return family.ImportReading(tx, r.Link, what, r.Fetched, value)
}

func read[T any](data json.RawMessage) (value T, err error) {
	err = json.Unmarshal(data, &value)
	return value, err
}

// oldMarkKinds are the kinds of mark by the numbers that they had.
var oldMarkKinds = []school.MarkKind{
	school.MarkNone, school.MarkNumber, school.MarkAbsent, school.MarkExempted, school.MarkNotGraded, school.MarkUnfit,
	school.MarkNotHandedIn, school.MarkAbsentZero, school.MarkNotHandedInZero, school.MarkCongratulations, school.MarkUnknown,
}

func (m oldMark) mark() school.Mark {
	if m.Kind < 0 || m.Kind >= len(oldMarkKinds) {
		return school.Mark{Kind: school.MarkUnknown}
	}
	return school.Mark{Kind: oldMarkKinds[m.Kind], Value: m.Value}
}

func (o oldGrades) grades() school.Grades {
	g := school.Grades{Period: o.Period, Average: o.Average.mark(), ClassAverage: o.ClassAverage.mark(), Scale: o.Scale.mark()}
	for _, s := range o.Subjects {
		g.Subjects = append(g.Subjects, school.SubjectAverage{
			Subject: s.Subject, Pupil: s.Pupil.mark(), Class: s.Class.mark(), Min: s.Min.mark(), Max: s.Max.mark(), Scale: s.Scale.mark(),
		})
	}
	for _, n := range o.Grades {
		g.Grades = append(g.Grades, school.Grade{
			Key: n.Key, Date: n.Date, Subject: n.Subject, Title: n.Title, Mark: n.Mark.mark(), Scale: n.Scale.mark(),
			Class: n.Class.mark(), Min: n.Min.mark(), Max: n.Max.mark(), Coefficient: n.Coefficient, Remark: n.Remark,
			Bonus: n.Bonus, Optional: n.Optional,
		})
	}
	return g
}
