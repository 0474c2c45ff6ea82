package pronote

import (
	"slices"
	"time"
)

const schoolName = "CITÉ SCOLAIRE DES TILLEULS"

// school is all that the server knows on one day. It is not changed once made.
type school struct {
	*calendar
	pupils map[string]*pupil
}

// pupil is one child: in collège with terms of three months, or in lycée with terms of six.
type pupil struct {
	id        string
	name      string
	class     string
	level     string   // name of the part of the school
	periods   []string // identifiers of the periods that grades are given in
	current   string
	timetable [5][]slot
	grades    []Grade
	homework  []Homework
}

func newSchool(now time.Time) *school {
	s := &school{calendar: newCalendar(now), pupils: map[string]*pupil{}}
	lea := &pupil{
		id: "lea", name: "ROUSSEL Léa", class: "4B", level: "COLLEGE DES TILLEULS",
		periods: []string{"t1", "t2", "t3"}, current: "t2", timetable: timetable4B,
	}
	hugo := &pupil{
		id: "hugo", name: "ROUSSEL Hugo", class: "2DE3", level: "LYCEE DES TILLEULS",
		periods: []string{"s1", "s2"}, current: "s1", timetable: timetable2DE3,
	}
	for _, p := range []*pupil{lea, hugo} {
		p.homework = s.homeworkOf(p)
		p.grades = s.gradesOf(p)
		s.pupils[p.id] = p
	}
	return s
}

// subject finds what a subject is called by its identifier.
type subject struct{ id, name, colour string }

var subjects = []subject{
	{"maths", "MATHÉMATIQUES", "#F0A030"},
	{"fr", "FRANÇAIS", "#C04040"},
	{"hg", "HISTOIRE-GÉOGRAPHIE", "#8060C0"},
	{"ang", "ANGLAIS LV1", "#30A0F0"},
	{"esp", "ESPAGNOL LV2", "#E07030"},
	{"all", "ALLEMAND LV2", "#707030"},
	{"svt", "SCIENCES DE LA VIE ET DE LA TERRE", "#40A060"},
	{"pc", "PHYSIQUE-CHIMIE", "#3070A0"},
	{"eps", "ÉDUCATION PHYSIQUE ET SPORTIVE", "#20C0A0"},
	{"tech", "TECHNOLOGIE", "#909090"},
	{"arts", "ARTS PLASTIQUES", "#D060A0"},
	{"mus", "ÉDUCATION MUSICALE", "#B090E0"},
	{"ses", "SCIENCES ÉCONOMIQUES ET SOCIALES", "#A0A020"},
	{"snt", "SCIENCES NUMÉRIQUES ET TECHNOLOGIE", "#5080C0"},
	{"vie", "VIE DE CLASSE", "#C0C0C0"},
}

func subjectOf(id string) subject {
	i := slices.IndexFunc(subjects, func(s subject) bool { return s.id == id })
	return subjects[i]
}
