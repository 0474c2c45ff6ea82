package commands

import (
	"slices"
	"testing"

	"cartable/core/school"
)

func TestMatchSubjects(t *testing.T) {
	names := []string{
		"MATHÉMATIQUES", "FRANÇAIS", "HISTOIRE-GÉOGRAPHIE", "ANGLAIS LV1", "SCIENCES DE LA VIE ET DE LA TERRE",
		"PHYSIQUE-CHIMIE", "ÉDUCATION PHYSIQUE ET SPORTIVE", "ÉDUCATION MUSICALE", "ENSEIGNEMENT MORAL ET CIVIQUE",
		"SCIENCES ÉCONOMIQUES ET SOCIALES", "SC. NUMERIQ.TECHNOL.",
	}
	var g school.Grades
	for _, name := range names {
		g.Subjects = append(g.Subjects, school.SubjectAverage{Subject: name})
	}
	for _, tt := range []struct {
		words string
		want  []string
	}{
		{"maths", names[:1]},
		{"Math", names[:1]},
		{"francais", names[1:2]},
		{"français", names[1:2]},
		{"hg", names[2:3]},
		{"histoire géo", names[2:3]},
		{"geo", names[2:3]},
		{"anglais", names[3:4]},
		{"svt", names[4:5]},
		{"pc", names[5:6]},
		{"eps", names[6:7]},
		{"sport", names[6:7]},
		{"physique", names[5:7]},
		{"musique", names[7:8]},
		{"emc", names[8:9]},
		{"ses", names[9:10]},
		{"snt", names[10:]},
		{"s", []string{names[4], names[6], names[9], names[10]}},
		{"latin", nil},
		{"-", nil},
	} {
		if got := matchSubjects(g, tt.words); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.words, got, tt.want)
		}
	}
}

func TestPickPeriod(t *testing.T) {
	pupil := school.Pupil{Periods: []school.Period{{Key: "k1", Name: "Trimestre 1"}, {Key: "k2", Name: "Trimestre 2"}}}
	for _, tt := range []struct{ args, key, rest string }{
		{"", "", ""},
		{"T1", "k1", ""},
		{"trimestre 2", "k2", ""},
		{"Trimestre2 maths", "k2", "maths"},
		{"maths t2", "k2", "maths"},
		{"maths", "", "maths"},
	} {
		if key, rest := pickPeriod(pupil, tt.args); key != tt.key || rest != tt.rest {
			t.Errorf("%q: got %q, %q", tt.args, key, rest)
		}
	}
}
