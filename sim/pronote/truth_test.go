package pronote_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/sim/pronote"
)

// TestLivelyOnEveryDay walks through more than a year, mornings and evenings: whatever the day, what one looks at first has
// something of everything.
func TestLivelyOnEveryDay(t *testing.T) {
	var now time.Time
	s := pronote.New(pronote.Config{Now: func() time.Time { return now }})
	for day := range 400 {
		for _, hour := range []int{7, 20} {
			now = at("2026-01-01 00:00")().AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
			truth := s.Truth()
			looked := truth.Today
			if lessons := truth.Children[0].Day(looked); len(lessons) == 0 || now.After(lessons[len(lessons)-1].End) {
				looked = truth.NextSchoolDay(looked)
			}
			for _, child := range truth.Children {
				if missing := missingFrom(truth, child, looked); len(missing) > 0 {
					t.Fatalf("%s, %s looking at %s: no %s", now, child.Name, looked.Format(time.DateOnly), strings.Join(missing, ", "))
				}
			}
			if wd := truth.Today.Weekday(); truth.SchoolDay(truth.Today) == (wd == time.Saturday || wd == time.Sunday || atHome(truth.Today)) {
				t.Fatalf("%s: school day is %t", now, truth.SchoolDay(truth.Today))
			}
		}
	}
}

// atHome tells the holidays that 2026 and the beginning of 2027 have, whenever one looks.
func atHome(day time.Time) bool {
	switch d := day.Format(time.DateOnly); d {
	case "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-11-11":
		return true
	default:
		return d <= "2026-01-04" || d >= "2026-12-19" && d <= "2027-01-03"
	}
}

func TestHolidaysOfTheAlmanac(t *testing.T) {
	for _, now := range []string{"2026-11-21 12:00", "2027-02-01 12:00", "2027-03-01 12:00"} {
		truth := pronote.New(pronote.Config{Now: at(now)}).Truth()
		for _, day := range []string{
			"2026-11-11", "2026-12-21", "2026-12-24", "2026-12-28", "2027-01-01", "2027-03-29", "2027-05-06", "2027-05-17",
		} {
			date := at(day + " 00:00")()
			if truth.SchoolDay(date) {
				t.Errorf("seen from %s, there are lessons on %s", now, day)
			}
		}
	}
}

// missingFrom lists what the day or the fortnight around it lacks. A fortnight's second week is the next with lessons.
func missingFrom(truth pronote.Truth, c pronote.Child, day time.Time) []string {
	sunday := day.AddDate(0, 0, (7-int(day.Weekday()))%7)
	next := truth.NextSchoolDay(sunday)
	has := map[string]bool{}
	for _, l := range c.Day(day) {
		has["cancelled lesson"] = has["cancelled lesson"] || l.Cancelled
		has["room change"] = has["room change"] || l.Status == "Changement de salle"
		has["test"] = has["test"] || l.Test
		has["detention"] = has["detention"] || l.Detention
		has["memo"] = has["memo"] || l.Memo != ""
	}
	for _, l := range append(c.Week(day), c.Week(next)...) {
		has["replacement"] = has["replacement"] || l.Replacement
		has["half group"] = has["half group"] || len(l.Groups) == 1 && strings.HasPrefix(l.Groups[0], "["+c.Class+" GR")
		has["homework given"] = has["homework given"] || l.Homework
	}
	todo := c.Homework(day.AddDate(0, 0, -7), next.AddDate(0, 0, 7))
	has["done work"] = slices.ContainsFunc(todo, func(h pronote.Homework) bool { return h.Done })
	has["work to do"] = slices.ContainsFunc(todo, func(h pronote.Homework) bool { return !h.Done })
	var missing []string
	for _, what := range []string{
		"cancelled lesson", "room change", "test", "detention", "memo", "replacement", "half group", "homework given",
		"done work", "work to do",
	} {
		if !has[what] {
			missing = append(missing, what)
		}
	}
	return missing
}

func TestTimetableIsWellFormed(t *testing.T) {
	truth := pronote.New(pronote.Config{Now: at("2026-11-23 07:00")}).Truth()
	for _, c := range truth.Children {
		for n := range 40 {
			week := c.Week(truth.FirstMonday.AddDate(0, 0, 7*n))
			for i, l := range week {
				if l.Start.Hour() < 8 || l.End.After(midnight(l.Start).Add(18*time.Hour)) || !l.Start.Before(l.End) {
					t.Errorf("%s: %s to %s", c.Name, l.Start, l.End)
				}
				if wd := l.Start.Weekday(); wd == time.Saturday || wd == time.Sunday {
					t.Errorf("%s: a lesson on %s", c.Name, l.Start)
				}
				if i > 0 && l.Start.Before(week[i-1].End) && l.Priority == week[i-1].Priority {
					t.Errorf("%s: %s and %s overlap with the same priority", c.Name, week[i-1].Subject, l.Subject)
				}
			}
		}
		if a, b := c.Week(truth.Today.AddDate(0, 0, 14)), c.Week(truth.Today.AddDate(0, 0, 21)); same(a, b) {
			t.Errorf("%s: the fortnights do not alternate", c.Name)
		}
		if w := c.Week(truth.Today.AddDate(0, 0, 28)); len(w) > 0 {
			t.Errorf("%s: lessons in the holidays: %v", c.Name, w)
		}
	}
	if same(truth.Children[0].Week(truth.Today), truth.Children[1].Week(truth.Today)) {
		t.Error("the children have the same timetable")
	}
}

// same compares what is taught when, whatever the week.
func same(a, b []pronote.Lesson) bool {
	outline := func(week []pronote.Lesson) (s []string) {
		for _, l := range week {
			s = append(s, fmt.Sprint(l.Start.Weekday(), l.Start.Hour(), l.Subject))
		}
		return s
	}
	return slices.Equal(outline(a), outline(b))
}

func midnight(t time.Time) time.Time {
	return t.Add(-time.Duration(t.Hour()*60+t.Minute()) * time.Minute)
}

func TestGradesAreBelievable(t *testing.T) {
	var now time.Time
	s := pronote.New(pronote.Config{Now: func() time.Time { return now }})
	for day := range 70 {
		now = at("2026-09-01 12:00")().AddDate(0, 0, day)
		truth := s.Truth()
		kinds := map[string]bool{}
		for _, c := range truth.Children {
			most := 0
			for _, p := range c.Periods() {
				most = max(most, len(c.Grades(p)))
				for _, g := range c.Grades(p) {
					if g.Date.After(truth.Today) || g.Date.Before(p.First) || g.Date.After(p.Last) || !truth.SchoolDay(g.Date) {
						t.Fatalf("%s: %s %q on %s, outside %s or no school day", now, c.Name, g.Title, g.Date, p.Name)
					}
					if g.Period != p.Name {
						t.Errorf("%q is of %s, listed in %s", g.Title, g.Period, p.Name)
					}
					kinds["mark "+g.Mark], kinds["out of "+g.OutOf], kinds["coefficient "+g.Coefficient] = true, true, true
					kinds["bonus"], kinds["optional"] = kinds["bonus"] || g.Bonus, kinds["optional"] || g.Optional
				}
				for _, a := range c.Averages(p) {
					kinds["unpublished"] = kinds["unpublished"] || !a.Published
				}
			}
			if n := len(c.Grades(c.Current())); n != most || n < 10 {
				t.Errorf("%s: %s has %d grades in the current period, %d in another", now, c.Name, n, most)
			}
			if own, class := c.Overall(c.Current()); own == "" || class == "" {
				t.Errorf("%s: %s has no overall average", now, c.Name)
			}
		}
		for _, want := range []string{
			"mark |1", "mark |2", "mark |3", "mark |4", "mark |5", "mark |6", "mark |7", "mark |8", "mark 15,50",
			"out of 5", "out of 10", "out of 40", "coefficient 0,5", "coefficient 3", "bonus", "optional", "unpublished",
		} {
			if !kinds[want] {
				t.Fatalf("%s: no grade with %s", now, want)
			}
		}
	}
}

func TestSameDaySameData(t *testing.T) {
	a := pronote.New(pronote.Config{Now: at("2026-11-23 00:00")}).Truth()
	b := pronote.New(pronote.Config{Version: "2024.3.8", Now: at("2026-11-23 23:59")}).Truth()
	for i := range a.Children {
		ca, cb := a.Children[i], b.Children[i]
		if !reflect.DeepEqual(ca.Week(a.Today), cb.Week(b.Today)) || !reflect.DeepEqual(ca.Grades(ca.Current()), cb.Grades(cb.Current())) {
			t.Errorf("%s: the data changed within a day", ca.Name)
		}
	}
}

// TestAverages works out by hand what one subject of each rule comes to.
func TestAverages(t *testing.T) {
	truth := pronote.New(pronote.Config{Now: at("2026-11-23 07:00")}).Truth()
	want := map[string]string{
		// (15,5·2 + 4,5·4·0,5) / 2,5, and 3 points of a bonus of 13: (40 + 3) / 2,5
		"MATHÉMATIQUES": "17,20",
		// 9,5, and an optional 14 that helps
		"PHYSIQUE-CHIMIE": "11,75",
		// 13 and 7,5/10
		"FRANÇAIS":                       "14,00",
		"ÉDUCATION PHYSIQUE ET SPORTIVE": "",
		"ÉDUCATION MUSICALE":             "",
	}
	lea := truth.Children[0]
	for _, a := range lea.Averages(lea.Current()) {
		if w, listed := want[a.Subject]; listed && a.Pupil != w {
			t.Errorf("%s: %q, want %q", a.Subject, a.Pupil, w)
		}
	}
}

// TestBothChildren reads the second child as a parent's client does, and ticks work as the child's own does.
func TestBothChildren(t *testing.T) {
	s, url := serve(t, pronote.Config{Now: at("2026-11-24 07:00")})
	truth := s.Truth()
	c := logIn(t, url, account(s, "parent"), of2025)
	for i, child := range truth.Children {
		resource := dig(t, c.tree, "ressource", "listeRessources", i)
		membre := map[string]any{"N": dig(t, resource, "N"), "G": 4}
		week := int(truth.Today.Sub(truth.FirstMonday).Hours()/24)/7 + 1
		data, code := c.week(week, resource, membre)
		if code != 0 {
			t.Fatalf("PageEmploiDuTemps: refused with %d", code)
		}
		held := child.Week(truth.Today)
		sent := dig(t, data, "ListeCours").([]any)
		if len(sent) != len(held) {
			t.Errorf("%s: %d lessons sent, %d held", child.Name, len(sent), len(held))
		}
		for n, l := range held {
			if got := dig(t, sent[n], "DateDuCours"); got != l.Start.Format("02/01/2006 15:04:05") {
				t.Errorf("%s: lesson %d on %v, want %s", child.Name, n, got, l.Start)
			}
		}
		sig := map[string]any{"onglet": 88, "membre": membre}
		domain := map[string]any{"domaine": map[string]any{"_T": 8, "V": fmt.Sprintf("[%d..%d]", week, week+1)}}
		data, code = c.call("PageCahierDeTexte", domain, sig)
		if code != 0 {
			t.Fatalf("PageCahierDeTexte: refused with %d", code)
		}
		work := dig(t, data, "ListeTravauxAFaire", 0).(map[string]any)
		tick := map[string]any{"listeTAF": []any{map[string]any{"N": work["N"], "TAFFait": !work["TAFFait"].(bool)}}}
		if _, code := c.call("SaisieTAFFaitEleve", tick, sig); code != 0 {
			t.Fatalf("SaisieTAFFaitEleve: refused with %d", code)
		}
		data, _ = c.call("PageCahierDeTexte", domain, sig)
		if now := dig(t, data, "ListeTravauxAFaire", 0, "TAFFait"); now == work["TAFFait"] {
			t.Errorf("%s: the tick was not kept", child.Name)
		}
	}
	if v := s.Violations(); len(v) > 0 {
		t.Errorf("violations: %q", v)
	}
}
