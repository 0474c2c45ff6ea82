package pronote

import "time"

// holiday is days without lessons; last is the last of them.
type holiday struct {
	name        string
	first, last time.Time
}

func (h holiday) has(day time.Time) bool { return !day.Before(h.first) && !day.After(h.last) }

// holidaysAround are those of the year before and after this week: public holidays and Christmas when the almanac
// has them, and breaks that keep their distance from this week, so that the term goes on. A break that would overlap
// with Christmas is left out.
func (c *calendar) holidaysAround() []holiday {
	var all []holiday
	for year := c.today.Year() - 1; year <= c.today.Year()+1; year++ {
		all = append(all, christmas(year, c.today.Location()))
		all = append(all, publicHolidays(year, c.today.Location())...)
	}
	for _, h := range []holiday{
		{"Vacances d'automne", c.week(-6).AddDate(0, 0, -2), c.week(-5).AddDate(0, 0, 6)},
		{"Journée pédagogique", c.week(8), c.week(8)},
		{"Vacances d'hiver", c.week(12).AddDate(0, 0, -2), c.week(13).AddDate(0, 0, 6)},
		{"Vacances de printemps", c.week(20).AddDate(0, 0, -2), c.week(21).AddDate(0, 0, 6)},
	} {
		near := christmas(h.first.AddDate(0, 0, -10).Year(), c.today.Location()) // its year, early in January too
		if !near.has(h.first) && !near.has(h.last) {
			all = append(all, h)
		}
	}
	return all
}

// christmas is the sixteen days from a Saturday that hold Christmas of that year and New Year's Day.
func christmas(year int, zone *time.Location) holiday {
	first := time.Date(year, time.December, 23, 0, 0, 0, 0, zone)
	first = first.AddDate(0, 0, -(weekday(first)+2)%7)
	return holiday{"Vacances de Noël", first, first.AddDate(0, 0, 15)}
}

// publicHolidays are those of France that may fall on a school day.
func publicHolidays(year int, zone *time.Location) []holiday {
	sunday := easter(year, zone)
	on := func(name string, day time.Time) holiday { return holiday{name, day, day} }
	date := func(month time.Month, day int) time.Time { return time.Date(year, month, day, 0, 0, 0, 0, zone) }
	return []holiday{
		on("Lundi de Pâques", sunday.AddDate(0, 0, 1)),
		on("Fête du Travail", date(time.May, 1)),
		on("Victoire 1945", date(time.May, 8)),
		on("Ascension", sunday.AddDate(0, 0, 39)),
		on("Lundi de Pentecôte", sunday.AddDate(0, 0, 50)),
		on("Fête nationale", date(time.July, 14)),
		on("Assomption", date(time.August, 15)),
		on("Toussaint", date(time.November, 1)),
		on("Armistice 1918", date(time.November, 11)),
	}
}

// easter is Easter Sunday by the Gregorian computus (Meeus, Astronomical Algorithms, chapter 8).
func easter(year int, zone *time.Location) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	n := h + l - 7*((a+11*h+22*l)/451) + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, zone)
}
