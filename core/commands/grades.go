package commands

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/talk"
	"cartable/i18n"
)

// grades is /notes [subject|period] [pupil].
func (c schools) grades(ctx context.Context, t *talk.Turn, args string) (chat.Reply, error) {
	who, rest, err := c.pickPupilOfYear(ctx, t, rights.Grades, args)
	if err != nil {
		return chat.Reply{}, err
	}
	period, rest := pickPeriod(who.Pupil, rest)
	if everythingWords[i18n.Fold(rest)] {
		rest = ""
	}
	got, err := c.Family.Grades(ctx, who, period, family.Fresh)
	if err != nil {
		return chat.Reply{}, err
	}
	c.noteStale(t, got.Stale)
	var r chat.Reply
	if rest == "" {
		r = c.view(t).Grades(who, got)
	} else {
		subjects := matchSubjects(got.Value, rest)
		if len(subjects) == 0 {
			return c.view(t).NoSuchSubject(who, got.Value, rest, c.pupils(t, rights.Grades)), nil
		}
		r = c.view(t).GradesOf(who, got, subjects)
	}
	for _, p := range who.Periods {
		if p.Key != got.Value.Period.Key && len(r.Choices) < 6 {
			r.Choices = append(r.Choices, t.RunChoice(p.Name, "/notes "+p.Name+" "+ref(who)))
		}
	}
	r.Choices = append(r.Choices, c.siblings(t, rights.Grades, who, "/notes")...)
	return r, nil
}

// pickPeriod finds the period that args name ("trimestre 1", "T1", "semestre 2") and returns its key and
// the other words. Without one the key is empty, which means the present period.
func pickPeriod(pupil school.Pupil, args string) (key, rest string) {
	folded := i18n.Fold(args)
	for _, p := range pupil.Periods {
		name := i18n.Fold(p.Name)
		for _, form := range []string{name, strings.ReplaceAll(name, " ", ""), initials(name)} {
			if folded == form {
				return p.Key, ""
			}
			if rest, found := strings.CutPrefix(folded, form+" "); found {
				return p.Key, rest
			}
			if rest, found := strings.CutSuffix(folded, " "+form); found {
				return p.Key, rest
			}
		}
	}
	return "", strings.TrimSpace(args)
}

// everythingWords, folded, name no subject and no period of their own: with them alone the person wants all.
var everythingWords = map[string]bool{
	"note": true, "notes": true, "moyenne": true, "moyennes": true, "tout": true, "toutes": true,
	"periode": true, "trimestre": true, "semestre": true, "matiere": true, "matieres": true,
	"grade": true, "grades": true, "mark": true, "marks": true, "average": true, "averages": true, "all": true,
	"period": true, "term": true, "semester": true, "subject": true, "subjects": true,
}

// initials of "trimestre 1" are "t1".
func initials(name string) string {
	var b strings.Builder
	for _, word := range strings.Fields(name) {
		first, _ := utf8.DecodeRuneInString(word)
		b.WriteRune(first)
	}
	return b.String()
}

// subjectNames maps what pupils say, folded, to what PRONOTE writes. Short forms that are initials, such as
// "svt", need no entry.
var subjectNames = map[string]string{
	"maths": "mathematiques", "math": "mathematiques", "hist": "histoire", "geo": "geographie",
	"sport": "physique et sport", "musique": "musicale", "emc": "moral", "techno": "technologie",
}

// matchSubjects finds the subjects that a person means: by the word itself, by its beginning, by a usual
// short form.
func matchSubjects(g school.Grades, words string) []string {
	wanted := i18n.Fold(words)
	if wanted == "" {
		return nil
	}
	forms := []string{wanted}
	if singular := strings.TrimSuffix(wanted, "s"); len(singular) > 2 {
		forms = append(forms, singular)
	}
	if long := subjectNames[wanted]; long != "" {
		forms = append(forms, long)
	}
	var found []string
	for _, subject := range g.SubjectNames() {
		if namesSubject(i18n.Fold(subject), forms) || len(wanted) > 1 && subjectInitials(subject) == wanted {
			found = append(found, subject)
		}
	}
	return found
}

func namesSubject(name string, forms []string) bool {
	for _, form := range forms {
		if strings.HasPrefix(name, form) || strings.Contains(name, " "+form) || len(form) > 3 && strings.Contains(name, form) {
			return true
		}
	}
	return false
}

// subjectInitials of "SCIENCES DE LA VIE ET DE LA TERRE" are "svt", of "ED.PHYSIQUE & SPORT." "eps".
func subjectInitials(subject string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(i18n.Fold(subject), func(r rune) bool { return !unicode.IsLetter(r) }) {
		switch word {
		case "de", "du", "des", "la", "le", "les", "et", "l", "d":
		default:
			first, _ := utf8.DecodeRuneInString(word)
			b.WriteRune(first)
		}
	}
	return b.String()
}
