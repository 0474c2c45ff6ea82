package pronote

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// datePattern takes the forms of pronote-today §4.3 and §4.4: "17/09/2025", "17/09/2025 08:00:00",
// "15/9/2025 0:0:0", "15/09/25 10h30".
var datePattern = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?: +(\d{1,2})[:hH](\d{1,2})?(?::(\d{1,2}))?)?$`)

// decodeDate reads a date and, where there is one, its time. Servers send neither zone nor offset: both
// are the school's own.
func decodeDate(s string, loc *time.Location) (time.Time, error) {
	var part [6]int // day, month, year, hour, minute, second
	match := datePattern.FindStringSubmatch(s)
	for i := range part {
		if match != nil && match[i+1] != "" {
			part[i], _ = strconv.Atoi(match[i+1]) // the pattern bounds it
		}
	}
	day, month, year := part[0], part[1], part[2]
	if match != nil && len(match[3]) == 2 {
		year += 2000
	}
	civil := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if match == nil || civil.Day() != day || int(civil.Month()) != month ||
		part[3] > 23 || part[4] > 59 || part[5] > 59 {
		return time.Time{}, fmt.Errorf("pronote: date: bad date %.32q", s)
	}
	return time.Date(year, time.Month(month), day, part[3], part[4], part[5], 0, loc), nil
}

var clockPattern = regexp.MustCompile(`^(\d{1,2})[hH:](\d{2})?$`)

// decodeClock reads the label of an hour, "08h30", as minutes after midnight.
func decodeClock(s string) (minutes int, err error) {
	match := clockPattern.FindStringSubmatch(s)
	if match == nil {
		return 0, fmt.Errorf("pronote: clock: bad hour %.16q", s)
	}
	hour, _ := strconv.Atoi(match[1]) // the pattern bounds both
	minute, _ := strconv.Atoi("0" + match[2])
	if hour > 24 || minute > 59 || hour == 24 && minute > 0 {
		return 0, fmt.Errorf("pronote: clock: bad hour %.16q", s)
	}
	return hour*60 + minute, nil
}

// midnight is the start of t's day in loc.
func midnight(t time.Time, loc *time.Location) time.Time {
	y, m, d := t.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc)
}

// atClock is that many minutes by the clock after the midnight of day, on days of 23 or 25 hours too.
func atClock(day time.Time, minutes int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, minutes/60, minutes%60, 0, 0, day.Location())
}

// daysBetween counts civil days, whatever the length of each.
func daysBetween(from, to time.Time) int {
	return int(civil(to).Sub(civil(from)) / (24 * time.Hour))
}

func civil(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
