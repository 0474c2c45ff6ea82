package ask

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cartable/core/school"
	"cartable/i18n"
)

// NoSuchDateError refuses a date that no calendar has.
type NoSuchDateError struct{ Date string } // "31/02"

func (e *NoSuchDateError) Error() string { return "ask: no such date" }

// OtherWeekdayError refuses "lundi 24 novembre" when that is a Tuesday: somebody has miscounted.
type OtherWeekdayError struct{ Day time.Time }

func (e *OtherWeekdayError) Error() string { return "ask: the date is another day of the week" }

// What people call days, folded and without small words.
var (
	dayWords = map[string]int{ // days from today
		"aujourd hui": 0, "aujourdhui": 0, "auj": 0, "ajd": 0, "ajrd": 0, "aujd": 0, "today": 0, "tonight": 0, "maintenant": 0, "now": 0,
		"demain": 1, "dem": 1, "dmain": 1, "2main": 1, "tomorrow": 1, "tmrw": 1, "lendemain": 1,
		"apres demain": 2, "apresdemain": 2, "surlendemain": 2, "day after tomorrow": 2,
		"hier": -1, "yesterday": -1, "avant hier": -2, "avanthier": -2, "day before yesterday": -2,
	}
	weekWords  = []string{"semaine", "sem", "week", "hebdo"}
	nextWords  = []string{"prochain", "prochaine", "proch", "pro", "next", "suivant", "suivante"}
	lastWords  = []string{"dernier", "derniere", "passe", "passee", "last"}
	rangeWords = []string{"a", "au", "jusqu", "to", "until"}

	offsetForm   = regexp.MustCompile(`^([+-])(\d{1,3})$`)
	numberForm   = regexp.MustCompile(`^(\d{1,2})[/. ](\d{1,2})(?:[/. ](\d{4}|\d{2}))?$`) // folding has turned - into a space
	isoForm      = regexp.MustCompile(`^(\d{4}) (\d{1,2}) (\d{1,2})$`)
	dayMonthForm = regexp.MustCompile(`^(\d{1,2})(?:er|e|st|nd|rd|th)? ([a-z]{3,9})(?: (\d{4}))?$`)
	monthDayForm = regexp.MustCompile(`^([a-z]{3,9}) (\d{1,2})(?:er|e|st|nd|rd|th)?(?: (\d{4}))?$`)
	laterForm    = regexp.MustCompile(`^(\d{1,2}) (jours?|days?|semaines?|weeks?)$`)
)

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

// dayVocabulary are the words of days, for mending typing errors.
func dayVocabulary() []string {
	var all []string
	for d := range weekdayNames {
		all = append(all, weekdayNames[d]...)
	}
	for m := range monthNames {
		all = append(all, monthNames[m]...)
	}
	for phrase := range dayWords {
		all = append(all, strings.Fields(phrase)...)
	}
	for _, list := range [][]string{weekWords, nextWords, lastWords, {"weekend", "week", "end", "huit", "quinze", "jours", "days"}} {
		all = append(all, list...)
	}
	return all
}

// maxDayWords is of how many words a day may be: "mercredi 12 decembre 2026".
const maxDayWords = 4

// day reads a run of words as a day or days. ok is false when they are none. The score is for each word.
func (r *reader) day(run []token) (span Span, score int, ok bool, err error) {
	words := make([]string, len(run))
	for i, t := range run {
		words[i] = t.word
	}
	text := strings.Join(words, " ")
	today := school.Midnight(r.Now)
	if offsetForm.MatchString(run[0].raw) && len(run) == 1 { // before folding took the minus away
		return oneDay(today.AddDate(0, 0, atoi(run[0].raw))), 10, true, nil
	}
	if n, found := dayWords[text]; found {
		return oneDay(today.AddDate(0, 0, n)), 10, true, nil
	}
	if n := numberWords[words[0]]; n > 0 && len(words) == 2 {
		text = strconv.Itoa(n) + " " + words[1]
	}
	if m := laterForm.FindStringSubmatch(text); m != nil && among(run[0].before, "dans", "in") {
		n := atoi(m[1])
		if strings.HasPrefix(m[2], "s") || strings.HasPrefix(m[2], "w") {
			n *= 7
		}
		return oneDay(today.AddDate(0, 0, n)), 10, true, nil
	}
	if text == "weekend" || text == "week end" || text == "wk" {
		saturday := school.Monday(today).AddDate(0, 0, 5)
		return Span{From: saturday, To: saturday.AddDate(0, 0, 1)}, 10, true, nil
	}
	if among(run[0].before, "ce", "cet", "cette", "this") && r.partOfDay(text) {
		return oneDay(today), 10, true, nil
	}
	if span, ok := week(run, today); ok {
		return span, 9 + len(run), true, nil
	}
	if among(words[0], weekWords...) && len(run) > 1 {
		inner, _, ok, err := r.day(run[1:])
		if !ok || inner.Week {
			return Span{}, 0, false, nil
		}
		if err == nil {
			inner = wholeWeek(inner.From)
		}
		return inner, 10, true, err
	}
	if day, score, ok := namedDay(words, today); ok {
		return oneDay(day), score, true, nil
	}
	if d, named := weekday(words[0]); named && len(run) > 1 { // "lundi 23 novembre", "mardi 24"
		day, ok, err := date(words[1:], today)
		if !ok && len(run) == 2 {
			day, ok = dayOfMonth(words[1], today)
		}
		if ok && err == nil && day.Weekday() != d {
			err = &OtherWeekdayError{day}
		}
		return oneDay(day), 10, ok, err
	}
	if day, ok := dayOfMonth(text, today); ok && among(run[0].before, "le", "du", "au", "the") {
		return oneDay(day), 8, true, nil
	}
	day, ok, err := date(words, today)
	return oneDay(day), 10, ok, err
}

func oneDay(day time.Time) Span { return Span{From: day, To: day} }

func wholeWeek(day time.Time) Span {
	monday := school.Monday(day)
	return Span{From: monday, To: monday.AddDate(0, 0, 6), Week: true}
}

// partOfDay tells whether a phrase names a part of a day.
func (r *reader) partOfDay(phrase string) bool {
	for _, m := range r.phrases[phrase] {
		if m.kind == isPart {
			return true
		}
	}
	return false
}

// week reads "semaine", "cette semaine", "semaine prochaine", "next week".
func week(run []token, today time.Time) (Span, bool) {
	switch {
	case len(run) == 1 && among(run[0].word, weekWords...):
		if among(run[0].before, "cette", "ce", "this") {
			return wholeWeek(today), true
		}
		return Span{Week: true}, true
	case len(run) != 2:
		return Span{}, false
	}
	for _, pair := range [][2]string{{run[0].word, run[1].word}, {run[1].word, run[0].word}} {
		switch {
		case !among(pair[0], weekWords...):
		case among(pair[1], nextWords...):
			return wholeWeek(today.AddDate(0, 0, 7)), true
		case among(pair[1], lastWords...):
			return wholeWeek(today.AddDate(0, 0, -7)), true
		}
	}
	return Span{}, false
}

// namedDay reads "lundi", "lun", "monday", "lundi prochain", "last monday", "lundi en huit".
func namedDay(words []string, today time.Time) (day time.Time, score int, ok bool) {
	if len(words) > 2 {
		return time.Time{}, 0, false
	}
	for i, word := range words {
		d, named := weekday(word)
		if !named {
			continue
		}
		ahead := (int(d) - int(today.Weekday()) + 7) % 7
		score := 10
		if len(word) <= 3 {
			score = 8
		}
		if len(words) == 1 {
			return today.AddDate(0, 0, ahead), score, true
		}
		other := words[1-i]
		switch {
		case among(other, nextWords...):
			if ahead == 0 {
				ahead = 7
			}
		case among(other, lastWords...):
			if ahead -= 7; ahead == 0 {
				ahead = -7
			}
		case i == 0 && other == "huit":
			ahead += 7
		case i == 0 && other == "quinze":
			ahead += 14
		default:
			return time.Time{}, 0, false
		}
		return today.AddDate(0, 0, ahead), score, true
	}
	return time.Time{}, 0, false
}

// weekday reads "lundi", "lun" or "monday".
func weekday(word string) (time.Weekday, bool) {
	for d, names := range weekdayNames {
		for _, name := range names {
			if word == name || len(word) == 3 && strings.HasPrefix(name, word) {
				return time.Weekday(d), true
			}
		}
	}
	return 0, false
}

// dayOfMonth reads "12" as the next such day.
func dayOfMonth(word string, today time.Time) (time.Time, bool) {
	n := atoi(word)
	if !isDigits(word) || n < 1 || n > 31 {
		return time.Time{}, false
	}
	for ahead := range 3 { // a month of 31 days is among any three
		first := time.Date(today.Year(), today.Month()+time.Month(ahead), 1, 0, 0, 0, 0, today.Location())
		day := first.AddDate(0, 0, n-1)
		if day.Month() == first.Month() && !day.Before(today) {
			return day, true
		}
	}
	return time.Time{}, false
}

// date reads "12/03", "12-03", "12/03/2026", "2026-03-12", "12 mars" and "march 12", all folded. One without its year
// is the nearest to today.
func date(words []string, today time.Time) (day time.Time, ok bool, err error) {
	text, single := strings.Join(words, " "), len(words) == 1
	var number, month, year int
	if m := numberForm.FindStringSubmatch(text); m != nil && single {
		number, month, year = atoi(m[1]), atoi(m[2]), atoi(m[3])
		if len(m[3]) == 2 {
			year += 2000
		}
	} else if m := isoForm.FindStringSubmatch(text); m != nil && single {
		year, month, number = atoi(m[1]), atoi(m[2]), atoi(m[3])
	} else if m := dayMonthForm.FindStringSubmatch(text); m != nil && monthNumber(m[2]) > 0 {
		number, month, year = atoi(m[1]), monthNumber(m[2]), atoi(m[3])
	} else if m := monthDayForm.FindStringSubmatch(text); m != nil && monthNumber(m[1]) > 0 {
		number, month, year = atoi(m[2]), monthNumber(m[1]), atoi(m[3])
	} else {
		return time.Time{}, false, nil
	}
	named := fmt.Sprintf("%02d/%02d", number, month)
	withYear := year > 0 || named == "29/02"
	if year == 0 {
		year = nearestYear(number, month, today)
	}
	if withYear {
		named += fmt.Sprintf("/%d", year)
	}
	day = time.Date(year, time.Month(month), number, 0, 0, 0, 0, today.Location())
	if day.Day() != number || int(day.Month()) != month {
		return time.Time{}, true, &NoSuchDateError{named}
	}
	return day, true, nil
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

func among(word string, list ...string) bool {
	for _, w := range list {
		if w == word {
			return word != ""
		}
	}
	return false
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // the forms let only a few digits through; none is 0
	return n
}
