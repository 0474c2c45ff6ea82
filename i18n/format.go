package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

type names struct {
	days, shortDays [7]string // Sunday first, as time.Weekday
	months          [12]string
}

var calendar = map[string]names{
	"fr": {
		days:      [7]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		shortDays: [7]string{"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."},
		months: [12]string{
			"janvier", "février", "mars", "avril", "mai", "juin",
			"juillet", "août", "septembre", "octobre", "novembre", "décembre",
		},
	},
	"en": {
		days:      [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		shortDays: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		months: [12]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		},
	},
}

// Weekday is the name of a day of the week: "lundi".
func (p *Printer) Weekday(d time.Weekday) string { return calendar[p.Lang].days[d] }

// Month is the name of a month: "mars".
func (p *Printer) Month(m time.Month) string { return calendar[p.Lang].months[m-1] }

// Day is a date without its year: "lundi 23 novembre", "Monday 23 November".
func (p *Printer) Day(t time.Time) string { return p.Weekday(t.Weekday()) + " " + p.Date(t) }

// Date is a day of a month: "23 novembre", "1er décembre".
func (p *Printer) Date(t time.Time) string {
	number := fmt.Sprint(t.Day())
	if p.Lang == "fr" && t.Day() == 1 {
		number = "1er"
	}
	return number + " " + p.Month(t.Month())
}

// ShortDay is a date for a button: "lun. 23/11".
func (p *Printer) ShortDay(t time.Time) string {
	return calendar[p.Lang].shortDays[t.Weekday()] + " " + t.Format("02/01")
}

// ShortWeekday is the name of a day of the week where there is little room: "lun.".
func (p *Printer) ShortWeekday(d time.Weekday) string { return calendar[p.Lang].shortDays[d] }

// ShortDate is a date for a column: "23/11".
func (p *Printer) ShortDate(t time.Time) string { return t.Format("02/01") }

// FullDate is a date in numbers with its year: "23/11/2026".
func (p *Printer) FullDate(t time.Time) string { return t.Format("02/01/2006") }

// Clock is a time of day, 24 h: "08:00".
func (p *Printer) Clock(t time.Time) string { return t.Format("15:04") }

// Hour is a time of day in a sentence: "8 h", "8 h 30"; in English "08:00".
func (p *Printer) Hour(t time.Time) string {
	switch {
	case p.Lang != "fr":
		return p.Clock(t)
	case t.Minute() == 0:
		return fmt.Sprintf("%d\u00a0h", t.Hour())
	default:
		return fmt.Sprintf("%d\u00a0h\u00a0%02d", t.Hour(), t.Minute())
	}
}

// Moment is a date and time: "23/11/2026 08:00".
func (p *Printer) Moment(t time.Time) string { return t.Format("02/01/2006 15:04") }

// Euros writes integer cents: "1 012,34 €", "€1,012.34".
func (p *Printer) Euros(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	if p.Lang == "fr" {
		return fmt.Sprintf("%s%s,%02d\u00a0€", sign, thousands(cents/100, "\u202f"), cents%100)
	}
	return fmt.Sprintf("%s€%s.%02d", sign, thousands(cents/100, ","), cents%100)
}

// thousands writes a number that is not negative with a mark between each three digits.
func thousands(n int64, mark string) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	return thousands(n/1000, mark) + mark + fmt.Sprintf("%03d", n%1000)
}

// Decimal writes digits that have a dot, such as "14.5", as the language does.
func (p *Printer) Decimal(digits string) string {
	if p.Lang == "fr" {
		return strings.Replace(digits, ".", ",", 1)
	}
	return digits
}

// List joins items: "a, b et c".
func (p *Printer) List(items []string, and string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " " + and + " " + items[len(items)-1]
}
