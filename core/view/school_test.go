package view_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/view"
	"cartable/core/visible"
)

// TestTellApart has what each of two pupils is called in one list.
func TestTellApart(t *testing.T) {
	pupil := func(host, name, class, of string) family.Pupil {
		return family.Pupil{Host: host, Pupil: school.Pupil{Name: name, Class: class, School: of}}
	}
	const a, b = "https://a.example/pronote", "https://b.example/pronote"
	for _, tt := range []struct {
		name        string
		one, other  family.Pupil
		called, and string
	}{
		{"brothers", pupil(a, "ROUX Léa", "4B", "Ferry"), pupil(a, "ROUX Hugo", "6A", "Ferry"), "Léa", "Hugo"},
		{"one given name", pupil(a, "ROUX Léa", "4B", "Ferry"), pupil(a, "DUPONT Léa", "6A", "Ferry"), "Léa (4B)", "Léa (6A)"},
		{"in one class", pupil(a, "ROUX Léa", "4B", "Ferry"), pupil(a, "DUPONT Léa", "4B", "Ferry"), "Léa (ROUX Léa)", "Léa (DUPONT Léa)"},
		{"in two schools", pupil(a, "ROUX Léa", "4B", "Ferry"), pupil(b, "DUPONT Léa", "4B", "Pasteur"), "Léa (Ferry)", "Léa (Pasteur)"},
		{"claimed", pupil(a, "ROUX Léa", "4B", "Ferry"), pupil(b, "ROUX Léa", "4B", "Ferry"), "Léa (Ferry, a.example/pronote)", "Léa (Ferry, b.example/pronote)"},
		{"claimed of a school that looks the same", pupil(a, "ROUX Léa", "4B", "Ferry"), pupil(b, "ROUX Lea", "4B", "Fеrry"), "Léa (Ferry, a.example/pronote)", "Lea (Fеrry, b.example/pronote)"},
	} {
		told := view.TellApart([]family.Pupil{tt.one, tt.other})
		if one, other := view.Given(told[0]), view.Given(told[1]); one != tt.called || other != tt.and {
			t.Errorf("%s: called %q and %q, want %q and %q", tt.name, one, other, tt.called, tt.and)
		}
	}
}

// A lesson is one line, however many take part in it.
func TestLessonIsOneLine(t *testing.T) {
	var teachers []string
	for range 20 {
		teachers = append(teachers, strings.Repeat("M", 80))
	}
	v := in(t, "fr")
	line := v.LessonDetails(school.Lesson{Subject: "SVT", Teachers: teachers})
	if n := utf8.RuneCountInString(line.Text); n > visible.MaxLine || !strings.HasPrefix(line.Text, "SVT · MMM") || !strings.HasSuffix(line.Text, "…") {
		t.Errorf("the line has %d characters", n)
	}
	var pupils []family.Pupil
	for i := range 100 {
		pupils = append(pupils, family.Pupil{Pupil: school.Pupil{Name: fmt.Sprint("Léa", i)}})
	}
	if names := v.Names(pupils); !strings.Contains(names, "Léa19") || strings.Contains(names, "Léa20") || !strings.HasSuffix(names, "…") {
		t.Errorf("the names are %q", names)
	}
}
