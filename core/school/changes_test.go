package school_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"cartable/core/school"
)

// A Tuesday, in the middle of the morning.
var changesNow = time.Date(2026, 11, 17, 9, 30, 0, 0, time.UTC)

// lessons reads "mon8:maths tue10:anglais!" as a week: ! is cancelled, ? beside it makes another key.
func lessons(monday time.Time, text string) school.Week {
	week := school.Week{Monday: monday}
	days := []string{"mon", "tue", "wed", "thu", "fri", "sat"}
	for word := range strings.FieldsSeq(text) {
		when, subject, _ := strings.Cut(word, ":")
		subject, cancelled := strings.CutSuffix(subject, "!")
		l := school.Lesson{Key: when + subject, Subject: strings.TrimSuffix(subject, "?"), Cancelled: cancelled}
		for i, day := range days {
			var hour int
			if _, err := fmt.Sscanf(when, day+"%d", &hour); err == nil {
				l.Start = monday.AddDate(0, 0, i).Add(time.Duration(hour) * time.Hour)
				l.End = l.Start.Add(time.Hour)
			}
		}
		week.Lessons = append(week.Lessons, l)
	}
	return week
}

var weekTests = []struct {
	name  string
	weeks []string // looks at one week, one after the other
	want  []string // keys of what the last one tells
}{
	{"first look", []string{"wed8:maths!"}, nil},
	{"no change", []string{"wed8:maths", "wed8:maths"}, nil},
	{"cancelled", []string{"wed8:maths thu8:svt", "wed8:maths! thu8:svt"}, []string{"wed8maths"}},
	{"told once", []string{"wed8:maths", "wed8:maths!", "wed8:maths!"}, nil},
	{"cancelled at the first look of it", []string{"wed8:maths", "wed8:maths thu8:svt!"}, nil},
	{"restored", []string{"wed8:maths", "wed8:maths!", "wed8:maths"}, nil},
	{"cancelled again", []string{"wed8:maths", "wed8:maths!", "wed8:maths", "wed8:maths!"}, []string{"wed8maths"}},
	{"over", []string{"mon8:maths tue8:svt", "mon8:maths! tue8:svt!"}, nil},
	{"begun", []string{"tue9:maths", "tue9:maths!"}, nil},
	{"later today", []string{"tue10:maths", "tue10:maths!"}, []string{"tue10maths"}},
	{"two", []string{"wed8:maths wed9:svt", "wed8:maths! wed9:svt!"}, []string{"wed8maths", "wed9svt"}},
	{"given by another", []string{"wed8:maths", "wed8:maths! wed8:maths?"}, nil},
	{"given by another who fails too", []string{"wed8:maths", "wed8:maths! wed8:maths?", "wed8:maths!"}, []string{"wed8maths"}},
	{"another subject in its place", []string{"wed8:maths", "wed8:maths! wed8:svt"}, []string{"wed8maths"}},
	{"gone is not cancelled", []string{"wed8:maths thu8:svt", "thu8:svt"}, nil},
	{"an empty week is a fault", []string{"wed8:maths", "", "wed8:maths!"}, []string{"wed8maths"}},
	{"an empty week does not forget", []string{"wed8:maths", "wed8:maths!", "", "wed8:maths!"}, nil},
	{"twice empty is empty", []string{"wed8:maths", "", "", "wed8:maths!"}, nil},
	{"the same key twice", []string{"wed8:maths wed8:maths", "wed8:maths! wed8:maths!", "wed8:maths wed8:maths!"}, nil},
}

func TestDiffWeek(t *testing.T) {
	for _, tt := range weekTests {
		var seen school.Seen
		var got []school.Change
		for i, text := range tt.weeks {
			got, seen = school.DiffWeek(seen, lessons(school.Monday(changesNow), text), changesNow.Add(time.Duration(i)*time.Minute))
		}
		var keys []string
		for _, c := range got {
			if c.Kind != school.LessonCancelled {
				t.Errorf("%s: %s", tt.name, c.Kind)
			}
			keys = append(keys, c.Lesson.Key)
		}
		if !reflect.DeepEqual(keys, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, keys, tt.want)
		}
	}
}

// TestDiffWeekAhead looks at weeks as time goes on: what is further away than two weeks is told when it is not, and what
// is over is forgotten.
func TestDiffWeekAhead(t *testing.T) {
	third := school.Monday(changesNow).AddDate(0, 0, 14)
	_, seen := school.DiffWeek(nil, lessons(third, "mon8:svt fri8:maths"), changesNow)
	got, seen := school.DiffWeek(seen, lessons(third, "mon8:svt! fri8:maths!"), changesNow)
	if len(got) != 1 || got[0].Lesson.Key != "mon8svt" {
		t.Fatalf("from the Tuesday: got %v", got)
	}
	later := changesNow.AddDate(0, 0, 4)
	if got, seen = school.DiffWeek(seen, lessons(third, "mon8:svt! fri8:maths!"), later); len(got) != 1 || got[0].Lesson.Key != "fri8maths" {
		t.Errorf("from the Saturday: got %v", got)
	}
	far := school.Monday(changesNow).AddDate(0, 0, 21)
	if _, same := school.DiffWeek(seen, lessons(far, "mon8:svt"), changesNow); !reflect.DeepEqual(same, seen) {
		t.Errorf("a week further away is noted: %v", same)
	}
	if _, same := school.DiffWeek(seen, lessons(third.AddDate(0, 0, -21), "mon8:svt"), changesNow); !reflect.DeepEqual(same, seen) {
		t.Errorf("a week that is over is noted: %v", same)
	}
	for week := range 20 {
		monday := school.Monday(changesNow).AddDate(0, 0, 7*week)
		_, seen = school.DiffWeek(seen, lessons(monday, "mon8:svt"), monday)
	}
	if len(seen) != 1 {
		t.Errorf("weeks that are over are kept: %v", seen)
	}
}

// marks reads "maths14/fractions svt9" as grades, the newest first, all of the same day.
func marks(period, text string, date time.Time) school.Grades {
	g := school.Grades{Period: school.Period{Key: period, Name: period}}
	for word := range strings.FieldsSeq(text) {
		rest, title, _ := strings.Cut(word, "/")
		subject := strings.TrimRight(rest, "0123456789")
		grade := school.Grade{Key: subject + "/" + title, Date: date, Subject: subject, Title: title}
		if value := strings.TrimPrefix(rest, subject); value != "" {
			grade.Mark = school.Mark{Kind: school.MarkNumber, Value: value}
		}
		g.Grades = append(g.Grades, grade)
	}
	return g
}

var gradesTests = []struct {
	name  string
	looks []string // "T1 maths14/fractions"
	want  []string // keys of what the last one tells
}{
	{"first look", []string{"T1 maths14/a"}, nil},
	{"no change", []string{"T1 maths14/a", "T1 maths14/a"}, nil},
	{"new", []string{"T1 maths14/a", "T1 svt9/b maths14/a"}, []string{"svt/b"}},
	{"the first of all", []string{"T1", "T1 svt9/b"}, []string{"svt/b"}},
	{"told once", []string{"T1", "T1 svt9/b", "T1 svt9/b"}, nil},
	{"two", []string{"T1", "T1 svt9/b maths12/c"}, []string{"svt/b", "maths/c"}},
	{"changed", []string{"T1 maths14/a", "T1 maths15/a"}, nil},
	{"without a mark yet", []string{"T1", "T1 maths/a"}, nil},
	{"then with one", []string{"T1", "T1 maths/a", "T1 maths14/a"}, []string{"maths/a"}},
	{"another title", []string{"T1 maths14/a", "T1 maths14/b"}, nil},
	{"another title and a new one", []string{"T1 maths14/a", "T1 maths14/b maths13/c"}, []string{"maths/c"}},
	{"one leaves, another comes", []string{"T1 maths14/a", "T1 svt14/b"}, []string{"svt/b"}},
	{"another title, later", []string{"T1 maths14/a", "T1", "T1 maths14/b"}, []string{"maths/b"}},
	{"an empty page is a fault", []string{"T1 maths14/a svt9/b", "T1", "T1 maths14/a svt9/b"}, nil},
	{"a page closed for a while", []string{"T1 maths14/a svt9/b", "T1", "T1", "T1", "T1 maths14/a svt9/b"}, nil},
	{"changed while the page was closed", []string{"T1 maths14/a svt9/b", "T1", "T1", "T1 maths15/a svt9/b"}, []string{"maths/a"}},
	{"changed while it was away once", []string{"T1 maths14/a", "T1", "T1 maths15/a"}, nil},
	{"new while the page was closed", []string{"T1 maths14/a", "T1", "T1", "T1 svt9/b maths14/a"}, []string{"svt/b"}},
	{"another period", []string{"T1 maths14/a", "T2 svt9/b"}, []string{"svt/b"}},
	{"another period with the same", []string{"T1 maths14/a", "Année maths14/a"}, nil},
	{"and back", []string{"T1 maths14/a", "T2 svt9/b", "T1 maths14/a"}, nil},
	{"the same key twice", []string{"T1 maths14/a", "T1 maths15/a maths14/a", "T1 maths14/a maths15/a"}, nil},
}

func TestDiffGrades(t *testing.T) {
	for _, tt := range gradesTests {
		var seen school.Seen
		var got []school.Change
		for i, text := range tt.looks {
			period, list, _ := strings.Cut(text, " ")
			got, seen = school.DiffGrades(seen, marks(period, list, changesNow), changesNow.Add(time.Duration(i)*time.Minute))
		}
		var keys []string
		for _, c := range got {
			if c.Kind != school.GradeAdded {
				t.Errorf("%s: %s", tt.name, c.Kind)
			}
			keys = append(keys, c.Grade.Key)
		}
		if !reflect.DeepEqual(keys, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, keys, tt.want)
		}
	}
}

// TestDiffGradesOverTheYear: an old grade of a period that nobody had looked at is not new, and what nobody looks at is
// forgotten.
func TestDiffGradesOverTheYear(t *testing.T) {
	_, seen := school.DiffGrades(nil, marks("T1", "maths14/a", changesNow), changesNow)
	got, seen := school.DiffGrades(seen, marks("Bac blanc", "svt9/b", changesNow.AddDate(0, -1, 0)), changesNow)
	if len(got) != 0 {
		t.Errorf("an old grade is told: %v", got)
	}
	_, seen = school.DiffGrades(seen, marks("T2", "", changesNow), changesNow.AddDate(0, 3, 0))
	if len(seen) != 1 {
		t.Errorf("old periods are kept: %v", seen)
	}
	for n := range 30 {
		_, seen = school.DiffGrades(seen, marks(fmt.Sprint("P", n), "", changesNow), changesNow.AddDate(0, 3, n%2))
	}
	if len(seen) > 9 {
		t.Errorf("%d periods are kept", len(seen))
	}
}

// TestSeenIsSmall keeps what is stored of a pupil's year within bounds, and its names.
func TestSeenIsSmall(t *testing.T) {
	got, err := json.Marshal(school.Seen{"2026-11-16": {At: changesNow, Entries: map[string]school.SeenEntry{
		"k": {Cancelled: true, Like: "0a", Missing: 1}, "l": {},
	}}})
	const want = `{"2026-11-16":{"at":"2026-11-17T09:30:00Z","entries":{"k":{"cancelled":true,"like":"0a","missing":1},"l":{}}}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	var seen school.Seen
	for look := range 50 { // a page that has a hundred others each time
		var text strings.Builder
		for n := range 100 {
			fmt.Fprintf(&text, "svt%d/%d-%d ", n%20, look, n)
		}
		_, seen = school.DiffGrades(seen, marks("T1", text.String(), changesNow), changesNow)
	}
	if got, err = json.Marshal(seen); err != nil || len(got) > 64<<10 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_, before := school.DiffGrades(seen, marks("T1", "maths1/a", changesNow), changesNow)
	again, after := school.DiffGrades(before, marks("T1", "maths1/a", changesNow), changesNow.AddDate(0, 0, 1))
	_, after = school.DiffGrades(after, marks("T1", "maths1/a", changesNow), changesNow.AddDate(0, 0, 2))
	third, last := school.DiffGrades(after, marks("T1", "maths1/a", changesNow), changesNow.AddDate(0, 0, 3))
	if len(again)+len(third) > 0 || !reflect.DeepEqual(after, last) {
		t.Error("what has not changed is dated anew")
	}
}

// FuzzDiff makes looks of any bytes. The laws: the first look is silent, a look that is repeated tells nothing and
// changes nothing of what was seen, what was seen survives being stored, and what is passed in stays as it was.
func FuzzDiff(f *testing.F) {
	f.Add("wed8:maths", "wed8:maths!", int64(0))
	f.Add("wed8:maths fri9:svt", "", int64(3600))
	f.Add("T1 maths14/a", "T1 svt9/b maths14/b", int64(86400))
	f.Fuzz(func(t *testing.T, first, second string, later int64) {
		first, second = strings.ToValidUTF8(first, ""), strings.ToValidUTF8(second, "") // as everything a school says
		monday, at := school.Monday(changesNow), changesNow.Add(time.Duration(later%(86400*30))*time.Second)
		laws(t, func(seen school.Seen, look int) ([]school.Change, school.Seen) {
			return school.DiffWeek(seen, lessons(monday, []string{first, second}[look]), []time.Time{changesNow, at}[look])
		})
		laws(t, func(seen school.Seen, look int) ([]school.Change, school.Seen) {
			period, list, _ := strings.Cut([]string{first, second}[look], " ")
			return school.DiffGrades(seen, marks(period, list, changesNow), []time.Time{changesNow, at}[look])
		})
	})
}

func laws(t *testing.T, diff func(seen school.Seen, look int) ([]school.Change, school.Seen)) {
	t.Helper()
	var seen school.Seen
	for look := range 2 {
		before := stored(t, seen)
		told, next := diff(seen, look)
		if seen == nil && len(told) > 0 {
			t.Errorf("the first look tells %v", told)
		}
		if now := stored(t, seen); !reflect.DeepEqual(now, before) {
			t.Errorf("what was seen has changed: %v, before %v", now, before)
		}
		if next == nil {
			t.Fatal("nothing is seen after a look")
		}
		next = stored(t, next)
		if told, again := diff(next, look); len(told) > 0 || !reflect.DeepEqual(stored(t, again), next) && !onlyMissing(next) {
			t.Errorf("a repeated look tells %v, and sees\n%v after\n%v", told, again, next)
		}
		seen = next
	}
}

// onlyMissing tells whether something may still be found gone by a repeated look.
func onlyMissing(seen school.Seen) bool {
	for _, span := range seen {
		for _, e := range span.Entries {
			if e.Missing > 0 {
				return true
			}
		}
	}
	return false
}

func stored(t *testing.T, seen school.Seen) (again school.Seen) {
	t.Helper()
	data, err := json.Marshal(seen)
	if err == nil {
		err = json.Unmarshal(data, &again)
	}
	if err != nil {
		t.Fatal(err)
	}
	return again
}
