package commands

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cartable/core/family"
	"cartable/core/school"
	"cartable/core/talk"
	"cartable/i18n"
)

// when is the day or week that a person asked for.
type when struct {
	day  time.Time // midnight at the school; zero when the person named none
	week bool      // the whole week of day; of whichever comes to mind when day is zero
}

var dayWords = map[string]int{ // folded, days from today
	"aujourd hui": 0, "aujourdhui": 0, "auj": 0, "today": 0,
	"demain": 1, "tomorrow": 1, "apres demain": 2,
	"hier": -1, "yesterday": -1, "avant hier": -2,
}

var weekWords = map[string]int{ // folded, weeks from this one
	"cette semaine": 0, "this week": 0,
	"semaine prochaine": 1, "prochaine": 1, "next week": 1,
	"semaine derniere": -1, "last week": -1,
}

var (
	offsetForm   = regexp.MustCompile(`^([+-])(\d{1,3})$`)
	numberForm   = regexp.MustCompile(`^(\d{1,2})[/. ](\d{1,2})(?:[/. ](\d{4}|\d{2}))?$`) // fold has turned - into a space
	isoForm      = regexp.MustCompile(`^(\d{4}) (\d{1,2}) (\d{1,2})$`)
	dayMonthForm = regexp.MustCompile(`^(\d{1,2})(?:er|st|nd|rd|th)? ([a-z]{3,9})(?: (\d{4}))?$`)

	// What people say before a day: "pour demain", "du lundi", "le 12 mars".
	fillers = regexp.MustCompile(`^(?:(?:de|du|pour|le|la|les|of|for|on|the) )+`)
)

// errNotADay refuses words that are neither a day nor a week.
var errNotADay = errors.New("commands: neither a day nor a week")

// noSuchDateError refuses a date that no calendar has.
type noSuchDateError struct{ date string } // "31/02"

func (e *noSuchDateError) Error() string { return "commands: no such date" }

// otherWeekdayError refuses "lundi 24 novembre" when that is a Tuesday: somebody has miscounted.
type otherWeekdayError struct{ day time.Time }

func (e *otherWeekdayError) Error() string { return "commands: the date is another day of the week" }

// parseWhen reads words as a day or a week. A date without its year is the one nearest to now. The error is
// errNotADay, a *noSuchDateError or an *otherWeekdayError.
func parseWhen(words string, now time.Time) (when, error) {
	today := school.Midnight(now)
	text := strings.TrimSpace(fillers.ReplaceAllString(i18n.Fold(words), ""))
	if sign := strings.TrimSpace(words); offsetForm.MatchString(sign) { // before fold takes the minus away
		return when{day: today.AddDate(0, 0, atoi(sign))}, nil
	}
	if n, found := dayWords[text]; found {
		return when{day: today.AddDate(0, 0, n)}, nil
	}
	if text == "semaine" || text == "sem" || text == "week" {
		return when{week: true}, nil
	}
	if n, found := weekWords[text]; found {
		return when{day: school.Monday(today).AddDate(0, 0, 7*n), week: true}, nil
	}
	if rest, found := cutAny(text, "semaine ", "week "); found {
		w, err := parseWhen(rest, now)
		if err == nil && w.week {
			err = errNotADay
		}
		return when{day: w.day, week: true}, err
	}
	if d, found := weekday(text); found {
		ahead := (int(d) - int(today.Weekday()) + 7) % 7
		if ahead == 0 && strings.HasSuffix(text, " prochain") {
			ahead = 7
		}
		return when{day: today.AddDate(0, 0, ahead)}, nil
	}
	if first, date, two := strings.Cut(text, " "); two {
		if d, named := weekday(first); named { // "lundi 23 novembre"
			day, err := parseDate(date, today)
			if err == nil && day.Weekday() != d {
				err = &otherWeekdayError{day}
			}
			return when{day: day}, err
		}
	}
	day, err := parseDate(text, today)
	return when{day: day}, err
}

// askedFor reads what day or week the words after a command mean. A week that they do not name is the present
// one, or the next once its lessons are over.
func (c schools) askedFor(t *talk.Turn, who family.Pupil, words, command string) (when, error) {
	w, err := parseWhen(words, t.Now)
	var noDate *noSuchDateError
	var other *otherWeekdayError
	switch {
	case errors.As(err, &noDate):
		return when{}, talk.Refuse("day.none_such", "date", noDate.date, "command", t.Cmd(command))
	case errors.As(err, &other):
		return when{}, talk.Refuse("day.other", "date", t.P.Date(other.day), "weekday", t.P.Weekday(other.day.Weekday()),
			"command", t.Cmd(command)+" "+dayArg(other.day))
	case err != nil:
		return when{}, talk.Refuse("edt.args", "typed", i18n.Short(words), "names", c.view(t).Names(c.pupils(t, "")), "command", t.Cmd(command))
	case w.day.IsZero():
		w.day = c.Family.FirstDay(who)
	}
	return w, nil
}

// span is the first and last day that w means.
func (w when) span() (from, to time.Time) {
	if w.week {
		return school.Monday(w.day), school.Monday(w.day).AddDate(0, 0, 6)
	}
	return w.day, w.day
}

// weekday reads "lundi", "lun", "monday" or "lundi prochain".
func weekday(text string) (time.Weekday, bool) {
	text = strings.TrimSuffix(text, " prochain")
	for d, names := range weekdayNames {
		for _, name := range names {
			if text == name || len(text) == 3 && strings.HasPrefix(name, text) {
				return time.Weekday(d), true
			}
		}
	}
	return 0, false
}

// parseDate reads "12/03", "12-03", "12/03/2026", "2026-03-12" and "12 mars", all folded.
func parseDate(text string, today time.Time) (time.Time, error) {
	var day, month, year int
	if m := numberForm.FindStringSubmatch(text); m != nil {
		day, month, year = atoi(m[1]), atoi(m[2]), atoi(m[3])
		if len(m[3]) == 2 {
			year += 2000
		}
	} else if m := isoForm.FindStringSubmatch(text); m != nil {
		year, month, day = atoi(m[1]), atoi(m[2]), atoi(m[3])
	} else if m := dayMonthForm.FindStringSubmatch(text); m != nil && monthNumber(m[2]) > 0 {
		day, month, year = atoi(m[1]), monthNumber(m[2]), atoi(m[3])
	} else {
		return time.Time{}, errNotADay
	}
	named := fmt.Sprintf("%02d/%02d", day, month)
	withYear := year > 0 || named == "29/02"
	if year == 0 {
		year = nearestYear(day, month, today)
	}
	if withYear {
		named += fmt.Sprintf("/%d", year)
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, today.Location())
	if date.Day() != day || int(date.Month()) != month {
		return time.Time{}, &noSuchDateError{named}
	}
	return date, nil
}

func nearestYear(day, month int, today time.Time) int {
	best := today.Year()
	for _, year := range []int{today.Year() - 1, today.Year() + 1} {
		gap := func(y int) time.Duration {
			return time.Date(y, time.Month(month), day, 0, 0, 0, 0, today.Location()).Sub(today).Abs()
		}
		if gap(year) < gap(best) {
			best = year
		}
	}
	return best
}

// The names of days and months in every language, folded.
var weekdayNames, monthNames = func() (days [7][]string, months [12][]string) {
	for _, p := range []*i18n.Printer{{Lang: "fr"}, {Lang: "en"}} {
		for d := range days {
			days[d] = append(days[d], i18n.Fold(p.Weekday(time.Weekday(d))))
		}
		for m := range months {
			months[m] = append(months[m], i18n.Fold(p.Month(time.Month(m+1))))
		}
	}
	return days, months
}()

// monthNumber reads a month's name or its beginning; 0 when it is none or ambiguous.
func monthNumber(text string) int {
	found := 0
	for m, names := range monthNames {
		for _, name := range names {
			if strings.HasPrefix(name, text) {
				if found != 0 && found != m+1 {
					return 0
				}
				found = m + 1
			}
		}
	}
	return found
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // the forms let only a few digits through; none is 0
	return n
}

func cutAny(s string, prefixes ...string) (string, bool) {
	for _, prefix := range prefixes {
		if rest, found := strings.CutPrefix(s, prefix); found {
			return rest, true
		}
	}
	return s, false
}

// dayArg writes a day so that parseWhen reads it back.
func dayArg(t time.Time) string { return fmt.Sprintf("%02d/%02d/%04d", t.Day(), t.Month(), t.Year()) }
