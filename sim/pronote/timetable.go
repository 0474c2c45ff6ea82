package pronote

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kinds of lesson, in G (pronote-today §7.1).
const (
	lessonNormal      = 0
	lessonReplacement = 2
)

// maxWeeks bounds how many weeks one request may ask for.
const maxWeeks = 60

// timetable is PageEmploiDuTemps (pronote-today §7.1).
func (c *call) timetable() (object, *refusal) {
	if len(c.in.missing("ressource")) > 0 && len(c.in.missing("Ressource")) > 0 {
		c.srv.violation("PageEmploiDuTemps: no ressource")
		return nil, refuse(codeCannotShow)
	}
	days, err := c.days()
	if err != nil {
		c.srv.violation("PageEmploiDuTemps: %v", err)
		return nil, refuse(codeCannotShow)
	}
	withDetentions := true
	c.in.read(&withDetentions, "avecRetenuesEleve")
	lessons := []object{}
	for _, day := range days {
		for _, l := range c.ses.school.lessons(c.pupil, day) {
			if !l.Detention || withDetentions {
				lessons = append(lessons, c.lesson(l, day))
			}
		}
	}
	return object{"avecCoursAnnule": true, "avecExportICal": false, "ListeCours": lessons}, nil
}

// days are those asked for, by the first of a set of weeks, a week, or dates that is there.
func (c *call) days() ([]time.Time, error) {
	cal := c.ses.school.calendar
	var domain, first, last struct {
		V string `json:"V"`
	}
	var week int
	switch {
	case c.in.read(&domain, "Domaine", "domaine"):
		weeks, err := parseDomain(domain.V)
		var days []time.Time
		for _, week := range weeks {
			days = append(days, daysFrom(cal.mondayOf(week), 7)...)
		}
		return days, err
	case c.in.read(&week, "NumeroSemaine", "numeroSemaine"):
		if week < 1 || week > maxWeeks {
			return nil, fmt.Errorf("there is no week %d", week)
		}
		return daysFrom(cal.mondayOf(week), 7), nil
	case c.in.read(&first, "DateDebut", "dateDebut"):
		if !c.in.read(&last, "DateFin", "dateFin") {
			last = first
		}
		from, err := parseDate(first.V, cal.today.Location())
		to, errTo := parseDate(last.V, cal.today.Location())
		n := daysBetween(from, to) + 1
		if err = errors.Join(err, errTo); err == nil && (n < 1 || n > 7*maxWeeks) {
			err = fmt.Errorf("there are %d days from %.20q to %.20q", n, first.V, last.V)
		}
		if err != nil {
			return nil, err
		}
		return daysFrom(from, n), nil
	}
	return nil, errors.New("no week and no date")
}

func daysFrom(first time.Time, n int) []time.Time {
	days := make([]time.Time, n)
	for i := range days {
		days[i] = first.AddDate(0, 0, i)
	}
	return days
}

// lesson is one entry of ListeCours. What is not so is left out: the mere presence of estRetenue makes a detention.
func (c *call) lesson(l Lesson, day time.Time) object {
	place := weekday(day)*slotsPerDay + l.start
	name := fmt.Sprintf("%s%d.%d.%d", c.pupil.id, c.ses.school.number(day), place, l.Priority)
	var contents []object
	if l.Detention {
		contents = append(contents, object{"L": hour(l.start) + " - " + hour(l.start+l.length), "estHoraire": true})
	} else {
		contents = append(contents, object{"L": l.Subject, "N": c.id(tableSubject, l.subject), "G": kindSubject})
	}
	for _, teacher := range l.Teachers {
		contents = append(contents, object{"L": teacher, "N": c.id(tableTeacher, teacher), "G": kindTeacher})
	}
	for _, room := range l.Rooms {
		contents = append(contents, object{"L": room, "N": c.id(tableRoom, room), "G": kindRoom})
	}
	for _, group := range l.Groups {
		contents = append(contents, object{"L": group, "N": c.id(tableGroup, strings.Trim(group, "[]")), "G": kindGroup})
	}
	out := object{
		"N": c.id(tableLesson, name), "G": lessonNormal, "P": l.Priority, "place": place, "duree": l.length,
		"DateDuCours": moment(l.Start), "CouleurFond": l.Colour, "AvecTafPublie": l.Homework,
		"ListeContenus": list(contents),
	}
	if l.Replacement {
		out["G"] = lessonReplacement
	}
	if l.Status != "" {
		out["Statut"] = l.Status
	}
	if l.Memo != "" {
		out["memo"] = l.Memo
	}
	if l.Cancelled {
		out["estAnnule"] = true
	}
	if l.Detention {
		out["estRetenue"] = "eleve"
	}
	if l.Test {
		out["AvecCdT"] = true
		out["cahierDeTextes"] = element(object{"N": c.id(tableRecord, name), "estDevoir": true})
	}
	return out
}

// parseDomain reads a set of weeks such as "[1,3..5]". It is not empty, in order, and within the year.
func parseDomain(text string) ([]int, error) {
	body, open := strings.CutPrefix(text, "[")
	body, shut := strings.CutSuffix(body, "]")
	if !open || !shut || body == "" {
		return nil, fmt.Errorf("set of weeks %.40q", text)
	}
	var weeks []int
	for part := range strings.SplitSeq(body, ",") {
		low, high, isRange := strings.Cut(part, "..")
		from, err := strconv.Atoi(low)
		to := from
		if err == nil && isRange {
			to, err = strconv.Atoi(high)
		}
		if err != nil || from < 1 || to < from || to > maxWeeks || len(weeks) > 0 && from <= weeks[len(weeks)-1] {
			return nil, fmt.Errorf("set of weeks %.40q", text)
		}
		for n := from; n <= to; n++ {
			weeks = append(weeks, n)
		}
	}
	return weeks, nil
}

// parseDate reads a date as clients write it, with or without padding and time (pronote-today §4.4).
func parseDate(text string, zone *time.Location) (time.Time, error) {
	date, _, _ := strings.Cut(text, " ")
	t, err := time.ParseInLocation("2/1/2006", date, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("date %.40q", text)
	}
	return t, nil
}
