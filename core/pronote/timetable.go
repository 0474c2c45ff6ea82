package pronote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cartable/core/school"
	"cartable/core/visible"
)

// timetableReply is the answer to PageEmploiDuTemps, pronote-today §7.1.
type timetableReply struct {
	ListeCours value[[]lessonInfo]
}

// lessonInfo is one entry of a timetable: a lesson, class council, outing or detention.
type lessonInfo struct {
	G              number
	P              number
	Place          number `json:"place"`
	Duree          number `json:"duree"`
	DateDuCours    text
	DateDuCoursFin text
	ListeContenus  value[[]contentInfo]
	Statut         text
	EstAnnule      truth               `json:"estAnnule"`
	Dispense       truth               `json:"dispenseEleve"`
	Memo           text                `json:"memo"`
	Record         value[lessonRecord] `json:"cahierDeTextes"`
	EstRetenue     truth               `json:"estRetenue"`
	EstSortie      truth               `json:"estSortiePedagogique"`
	Motif          text                `json:"motif"`
	Adults         value[[]text]       `json:"accompagnateurs"`
}

// contentInfo is a subject, teacher, room or group; without a kind it is a text to show. The one with EstHoraire
// repeats the hours.
type contentInfo struct {
	element
	EstHoraire truth `json:"estHoraire"`
}

type lessonRecord struct {
	EstDevoir truth `json:"estDevoir"`
	EstEval   truth `json:"estEval"`
}

// maxLessons bounds the entries of one week: finding those that overlap compares each with each.
const maxLessons = 1000

// Week asks for a pupil's timetable of day's week: one request. A week outside the school year is empty without
// a request, since the login told the bounds of the year.
func (s *Session) Week(ctx context.Context, key string, day time.Time) (school.Week, error) {
	who, err := s.family.pupil(fnTimetable, tabTimetable, key)
	if err != nil {
		return school.Week{}, err
	}
	n := s.WeekNumber(day)
	week := school.Week{Number: n, Monday: s.establishment.monday(n), Fortnight: s.establishment.fortnight(n)}
	if n < 1 || n > s.establishment.lastWeek() {
		return week, nil
	}
	var reply timetableReply
	err = s.ask(ctx, query{op: fnTimetable, tab: tabTimetable, pupil: who, data: timetableRequest(who, n)}, &reply)
	if err != nil {
		return school.Week{}, err
	}
	if week.Lessons, err = reply.lessons(s.establishment, week.Monday); err != nil {
		return school.Week{}, &ReplyError{fnTimetable, err.Error()}
	}
	return week, nil
}

// timetableRequest asks for one week, with all kinds of entries that concern the pupil. The two spellings
// are those of the official client (seed-pronote, PageEmploiDuTemps).
func timetableRequest(who *pupil, week int) map[string]any {
	resource := map[string]any{"N": who.N, "G": kindPupil, "L": who.Name}
	return map[string]any{
		"ressource":             resource,
		"Ressource":             resource,
		"numeroSemaine":         week,
		"NumeroSemaine":         week,
		"avecAbsencesEleve":     false,
		"avecConseilDeClasse":   true,
		"avecRetenuesEleve":     true,
		"estEDTPermanence":      false,
		"estEDTAnnuel":          false,
		"avecAbsencesRessource": true,
		"avecCoursSortiePeda":   true,
		"avecDisponibilites":    true,
		"avecInfosPrefsGrille":  true,
	}
}

// lessons converts the answer, hides what PRONOTE would hide, and sorts by time.
func (r timetableReply) lessons(est establishment, monday time.Time) ([]school.Lesson, error) {
	switch {
	case !r.ListeCours.Set:
		return nil, errors.New("ListeCours is missing")
	case len(r.ListeCours.V) > maxLessons:
		return nil, errors.New("too many lessons")
	}
	entries := make([]placed, 0, len(r.ListeCours.V))
	for _, info := range r.ListeCours.V {
		lesson, err := info.lesson(est, monday)
		if err != nil {
			return nil, err
		}
		entries = append(entries, placed{lesson, info.P.N})
	}
	lessons := shown(entries)
	keys := uniqueKeys{}
	for i, l := range lessons {
		lessons[i].Key = keys.of("lesson", l.Start.UTC().Format(time.RFC3339), kindOf(l), l.Subject, strings.Join(l.Groups, "\x00"))
	}
	return lessons, nil
}

func (info lessonInfo) lesson(est establishment, monday time.Time) (school.Lesson, error) {
	start, end, err := info.span(est, monday)
	if err != nil {
		return school.Lesson{}, err
	}
	l := school.Lesson{
		Start: start, End: end, Status: info.Statut.line(),
		Cancelled: bool(info.EstAnnule), Exempted: bool(info.Dispense),
		Test:      bool(info.Record.V.EstDevoir || info.Record.V.EstEval),
		Detention: bool(info.EstRetenue), Outing: bool(info.EstSortie), Council: info.G.N == lessonCouncil,
	}
	notes := []string{info.Motif.line(), info.Memo.line()}
	for _, c := range info.ListeContenus.V {
		label := c.L.name()
		switch kind := c.G.N; {
		case label == "" || bool(c.EstHoraire):
		case !c.G.Set:
			notes = append(notes, label)
		case kind == kindSubject && l.Subject == "":
			l.Subject = label
		case kind == kindTeacher || kind == kindStaff:
			l.Teachers = appendName(l.Teachers, label)
		case kind == kindRoom:
			l.Rooms = appendName(l.Rooms, label)
		case kind == kindGroup || kind == kindClassPart:
			l.Groups = appendName(l.Groups, strings.Trim(label, "[]"))
		}
	}
	for _, adult := range info.Adults.V {
		if name := adult.name(); name != "" && !slices.Contains(l.Teachers, name) {
			l.Teachers = appendName(l.Teachers, name)
		}
	}
	notes = slices.DeleteFunc(notes, func(n string) bool { return n == "" })
	l.Note = visible.Line(strings.Join(slices.Compact(notes), "; "))
	return l, nil
}

// maxNames bounds the names of one kind that stand in one entry: nobody reads more.
const maxNames = 20

// appendName leaves out what is too much.
func appendName(names []string, name string) []string {
	if len(names) >= maxNames {
		return names
	}
	return append(names, name)
}

// kindOf tells entries apart that have no subject.
func kindOf(l school.Lesson) string {
	return fmt.Sprint(l.Detention, l.Outing, l.Council)
}

// span finds when a lesson is: by its dates where it has them, else by its place in the week's grid,
// pronote-today §4.7.
func (info lessonInfo) span(est establishment, monday time.Time) (start, end time.Time, err error) {
	loc := monday.Location()
	if info.DateDuCours != "" {
		start, err = decodeDate(string(info.DateDuCours), loc)
	} else {
		start, err = info.startInGrid(est, monday)
	}
	if err != nil {
		return start, end, errors.New("a lesson has no start")
	}
	if info.DateDuCoursFin != "" {
		if end, err = decodeDate(string(info.DateDuCoursFin), loc); err != nil {
			return start, end, errors.New("a lesson has a bad end")
		}
		if !end.After(start) { // its day may be another one; the hour counts
			end = atClock(start, end.Hour()*60+end.Minute())
		}
	} else {
		slot, err := info.slot(est)
		minutes, known := est.Ends[slot+info.Duree.N-1]
		if err != nil || !info.Duree.Set || !known {
			return start, end, errors.New("a lesson has no end")
		}
		end = atClock(start, minutes)
	}
	if !end.After(start) {
		return start, end, errors.New("a lesson ends before it starts")
	}
	return start, end, nil
}

// maxDays bounds the days of a week's grid; seven are usual, cycles have more.
const maxDays = 14

var errNoPlace = errors.New("no place")

// slot is where in the day a lesson starts.
func (info lessonInfo) slot(est establishment) (int, error) {
	if !info.Place.Set || est.Slots <= 0 || info.Place.N < 0 || info.Place.N >= maxDays*est.Slots {
		return 0, errNoPlace
	}
	return info.Place.N % est.Slots, nil
}

func (info lessonInfo) startInGrid(est establishment, monday time.Time) (time.Time, error) {
	slot, err := info.slot(est)
	minutes, known := est.Starts[slot]
	if err != nil || !known {
		return time.Time{}, errNoPlace
	}
	return atClock(monday.AddDate(0, 0, info.Place.N/est.Slots), minutes), nil
}

// placed is a lesson with its priority.
type placed struct {
	school.Lesson
	priority int
}

// shown drops lessons that another one replaces, pronote-today §7.1: of lessons at the same time the one with
// the highest priority is valid, and a cancelled one never hides a lesson that takes place. The rest
// is sorted by time.
func shown(entries []placed) []school.Lesson {
	slices.SortStableFunc(entries, func(a, b placed) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), compareBool(a.Cancelled, b.Cancelled))
	})
	var kept []placed
	for _, e := range entries {
		if !slices.ContainsFunc(kept, func(k placed) bool { return k.replaces(e) }) {
			kept = append(kept, e)
		}
	}
	var lessons []school.Lesson
	for _, k := range kept {
		lessons = append(lessons, k.Lesson)
	}
	slices.SortStableFunc(lessons, func(a, b school.Lesson) int {
		return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End), cmp.Compare(a.Subject, b.Subject))
	})
	return lessons
}

func (p placed) replaces(other placed) bool {
	overlap := p.Start.Before(other.End) && other.Start.Before(p.End)
	higher := p.priority > other.priority || p.priority == other.priority && other.Cancelled
	return overlap && higher && !p.Cancelled
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
