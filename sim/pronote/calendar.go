package pronote

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The school day: 20 slots of half an hour from 08:00.
const (
	slotsPerDay  = 20
	slotsPerHour = 2
	firstHour    = 8
)

// calendar is the school year around a date. It began ten weeks earlier or, where holidays make it short, some more, in such a week that
// the fortnights keep alternating; it goes on for thirty weeks.
type calendar struct {
	today       time.Time // midnight
	monday      time.Time // of this week
	firstMonday time.Time
	first, last time.Time // first and last day
	holidays    []holiday
	periods     []Period
}

// How many school days there are before today: in the year and in the current period at least, so that there is
// room for the marks.
const (
	daysOfYear   = 36
	daysOfPeriod = 20
)

// Period is a term of the school year. Last is its last day.
type Period struct {
	Name        string
	First, Last time.Time
	id          string
}

func newCalendar(now time.Time) *calendar {
	c := &calendar{today: midnight(now)}
	c.monday = c.today.AddDate(0, 0, -weekday(c.today))
	c.last = c.week(30).AddDate(0, 0, 4)
	c.holidays = c.holidaysAround()
	c.beginBefore(10)
	for weeks := 11; c.schoolDaysSince(c.first) < daysOfYear || weeksSinceEpoch(c.firstMonday)%2 != 0; weeks++ {
		c.beginBefore(weeks)
	}
	c.holidays = slices.DeleteFunc(c.holidays, func(h holiday) bool { return h.last.Before(c.first) || h.first.After(c.last) })
	second := c.schoolDayBefore(daysOfPeriod)
	second = second.AddDate(0, 0, -weekday(second))
	c.periods = []Period{
		{"Trimestre 1", c.first, second.AddDate(0, 0, -1), "t1"},
		{"Trimestre 2", second, c.week(12).AddDate(0, 0, -1), "t2"},
		{"Trimestre 3", c.week(12), c.last, "t3"},
		{"Semestre 1", c.first, c.week(12).AddDate(0, 0, -1), "s1"},
		{"Semestre 2", c.week(12), c.last, "s2"},
	}
	return c
}

// beginBefore has the year begin on the Tuesday of that many weeks ago.
func (c *calendar) beginBefore(weeks int) {
	c.firstMonday = c.week(-weeks)
	c.first = c.firstMonday.AddDate(0, 0, 1)
}

// schoolDaysSince counts those from a day to yesterday.
func (c *calendar) schoolDaysSince(day time.Time) int {
	n := 0
	for ; day.Before(c.today); day = day.AddDate(0, 0, 1) {
		if c.schoolDay(day) {
			n++
		}
	}
	return n
}

// week is the Monday that many weeks from this week's.
func (c *calendar) week(n int) time.Time { return c.monday.AddDate(0, 0, 7*n) }

// number is the PRONOTE week of a day, 1 being that of the first Monday (pronote-today §4.7).
func (c *calendar) number(day time.Time) int { return floorDiv(daysBetween(c.firstMonday, day), 7) + 1 }

// mondayOf is the first day of a PRONOTE week.
func (c *calendar) mondayOf(number int) time.Time { return c.firstMonday.AddDate(0, 0, 7*(number-1)) }

// schoolDay tells whether there are lessons that day.
func (c *calendar) schoolDay(day time.Time) bool {
	return weekday(day) < 5 && !day.Before(c.first) && !day.After(c.last) &&
		!slices.ContainsFunc(c.holidays, func(h holiday) bool { return h.has(day) })
}

// nextSchoolDay is the first one after that day.
func (c *calendar) nextSchoolDay(day time.Time) time.Time {
	for range 60 {
		day = day.AddDate(0, 0, 1)
		if c.schoolDay(day) {
			return day
		}
	}
	return c.last
}

// schoolDayBefore is the school day that many school days before today.
func (c *calendar) schoolDayBefore(n int) time.Time {
	day := c.today
	for day.After(c.first) {
		day = day.AddDate(0, 0, -1)
		if c.schoolDay(day) {
			if n--; n <= 0 {
				break
			}
		}
	}
	return day
}

// fortnight is 1 or 2, in turns from week to week.
func (c *calendar) fortnight(day time.Time) int { return 2 - c.number(day)%2 }

func (c *calendar) period(id string) (Period, bool) {
	i := slices.IndexFunc(c.periods, func(p Period) bool { return p.id == id })
	if i < 0 {
		return Period{}, false
	}
	return c.periods[i], true
}

// weeksOf is the set of weeks of a fortnight, "[1,3,5]".
func (c *calendar) weeksOf(fortnight int) string {
	var weeks []string
	for n := 1; n <= c.number(c.last); n++ {
		if c.fortnight(c.mondayOf(n)) == fortnight {
			weeks = append(weeks, fmt.Sprint(n))
		}
	}
	return "[" + strings.Join(weeks, ",") + "]"
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// weekday is 0 for Monday.
func weekday(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }

// daysBetween counts calendar days, whatever the clocks did in between.
func daysBetween(from, to time.Time) int {
	utc := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(utc(to).Sub(utc(from)).Hours() / 24)
}

func weeksSinceEpoch(monday time.Time) int {
	return daysBetween(time.Date(1970, 1, 5, 0, 0, 0, 0, time.UTC), monday) / 7
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// at is the time at which a slot of a day begins.
func at(day time.Time, slot int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, firstHour, slot*60/slotsPerHour, 0, 0, day.Location())
}

// hour is the label of the time at which a slot begins: "08h30".
func hour(slot int) string { return at(time.Time{}, slot).Format("15h04") }
