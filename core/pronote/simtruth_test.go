package pronote_test

import (
	"slices"
	"strconv"
	"strings"

	"cartable/core/school"
	sim "cartable/sim/pronote"
)

// What a client shows is compared here with what the school holds.

func (s *rig) comparePeriods(pupil school.Pupil, truth sim.Child) {
	s.t.Helper()
	want := truth.Periods()
	if len(pupil.Periods) != len(want) {
		s.t.Fatalf("%d periods, want %d", len(pupil.Periods), len(want))
	}
	for i, p := range pupil.Periods {
		if p.Name != want[i].Name || !p.From.Equal(want[i].First) || !p.To.Equal(want[i].Last) {
			s.t.Errorf("period %d is %+v, want %+v", i, p, want[i])
		}
	}
	if pupil.Periods[pupil.Current].Name != truth.Current().Name {
		s.t.Errorf("the current period is %s, want %s", pupil.Periods[pupil.Current].Name, truth.Current().Name)
	}
}

func (s *rig) compareWeek(week school.Week, truth sim.Child) {
	s.t.Helper()
	var want []sim.Lesson
	all := truth.Week(s.Truth().Today)
	for _, l := range all {
		replaced := slices.ContainsFunc(all, func(o sim.Lesson) bool {
			return o.Priority > l.Priority && o.Start.Before(l.End) && l.Start.Before(o.End)
		})
		if !replaced {
			want = append(want, l)
		}
	}
	if len(week.Lessons) != len(want) || len(want) == 0 || len(want) == len(all) {
		s.t.Fatalf("%d lessons of %d, want %d", len(week.Lessons), len(all), len(want))
	}
	keys := map[string]bool{}
	for i, got := range week.Lessons {
		w := want[i]
		keys[got.Key] = true
		if !got.Start.Equal(w.Start) || !got.End.Equal(w.End) || got.Subject != w.Subject || got.Status != w.Status ||
			got.Cancelled != w.Cancelled || got.Test != w.Test || got.Detention != w.Detention ||
			!slices.Equal(got.Rooms, w.Rooms) || !slices.Equal(got.Teachers, w.Teachers) ||
			strings.Join(got.Groups, ",") != strings.Trim(strings.Join(w.Groups, ","), "[]") ||
			!strings.Contains(got.Note, w.Memo) {
			s.t.Errorf("lesson is %+v, want %+v", got, w)
		}
	}
	if len(keys) != len(want) {
		s.t.Errorf("%d keys for %d lessons", len(keys), len(want))
	}
}

// annotations are the marks that are no numbers, in the order of the wire, pronote-today §4.5.
var annotations = []school.MarkKind{
	school.MarkAbsent, school.MarkExempted, school.MarkNotGraded, school.MarkUnfit, school.MarkNotHandedIn,
	school.MarkAbsentZero, school.MarkNotHandedInZero, school.MarkCongratulations,
}

// shown is a mark in the words of the wire.
func shown(m school.Mark) string {
	if m.Kind == school.MarkNone {
		return ""
	}
	if m.Kind == school.MarkNumber {
		return strings.ReplaceAll(m.Value, ".", ",")
	}
	return "|" + strconv.Itoa(1+slices.Index(annotations, m.Kind))
}

// short is a number of the wire without needless zeros.
func short(s string) string {
	if strings.Contains(s, ",") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ",")
	}
	return s
}

func (s *rig) compareGrades(got school.Grades, truth sim.Child, period sim.Period) {
	s.t.Helper()
	pupil, class := truth.Overall(period)
	if got.Period.Name != period.Name || shown(got.Average) != short(pupil) || shown(got.ClassAverage) != short(class) {
		s.t.Errorf("grades of %s with averages %v and %v; want %s, %s and %s",
			got.Period.Name, got.Average, got.ClassAverage, period.Name, pupil, class)
	}
	averages, grades := truth.Averages(period), truth.Grades(period)
	if len(got.Subjects) != len(averages) || len(got.Grades) != len(grades) || len(grades) == 0 {
		s.t.Fatalf("%d subjects and %d grades, want %d and %d", len(got.Subjects), len(got.Grades), len(averages), len(grades))
	}
	for i, a := range got.Subjects {
		w := averages[i]
		if a.Subject != w.Subject || shown(a.Pupil) != short(w.Pupil) || shown(a.Class) != short(w.Class) ||
			shown(a.Min) != short(w.Min) || shown(a.Max) != short(w.Max) {
			s.t.Errorf("average is %+v, want %+v", a, w)
		}
	}
	for i, g := range got.Grades {
		w := grades[i]
		if !g.Date.Equal(w.Date) || g.Subject != w.Subject || g.Title != w.Title || g.Remark != w.Remark ||
			shown(g.Mark) != short(w.Mark) || shown(g.Scale) != short(w.OutOf) || shown(g.Class) != short(w.Average) ||
			g.Bonus != w.Bonus || g.Optional != w.Optional || strings.ReplaceAll(g.Coefficient, ".", ",") != short(w.Coefficient) {
			s.t.Errorf("grade is %+v, want %+v", g, w)
		}
	}
}

func (s *rig) compareHomework(got []school.Homework, want []sim.Homework) {
	s.t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		s.t.Fatalf("%d pieces of homework, want %d", len(got), len(want))
	}
	for i, h := range got {
		w := want[i]
		if !h.Due.Equal(w.Due) || !h.Given.Equal(w.Given) || h.Subject != w.Subject || h.Done != w.Done ||
			len(h.Attachments) != len(w.Attachments) || h.Text == "" || strings.ContainsAny(h.Text, "&") && !strings.Contains(w.HTML, "&amp;") {
			s.t.Errorf("homework is %+v, want %+v", h, w)
		}
	}
}
