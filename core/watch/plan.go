package watch

import (
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"cartable/core/rights"
	"cartable/core/school"
)

// How gently an account is looked at. A login costs five requests, and a sixth where the session before turns out to
// have ended: a school day of thirteen looks, each with a login, is 92 requests for one pupil, and 21 more for each other.
const (
	mostLooks       = 14 // of a school account, on one day
	mostWalletLooks = 4
	loginRequests   = 5
	firstRequests   = 75 // of an account on one day, and as many more for each pupil:
	pupilRequests   = 25

	phases      = 15 * time.Minute // over which the accounts are spread; as long as between two looks of a morning
	afterSchool = 20 * time.Minute // from the last lesson to the look that reads everything
	near        = 25 * time.Minute // of that one, no other is taken
	sessionIdle = time.Hour        // after which family logs in without asking first

	planAhead = 15 // days; there is a look in any two weeks

	yearOver = 45 * 24 * time.Hour // after a school year, until the next one is looked for every day
)

// plan is when an account is looked at. What is not said otherwise belongs to whoever plans it or looks at it.
type plan struct {
	account string
	kinds   []Kind // that somebody is told of; guarded by Watch.mu
	place   int    // in the queue; guarded by Watch.mu
	busy    bool   // it is being looked at; guarded by Watch.mu

	next time.Time
	what slot

	whole    bool // nobody has looked at it yet: soon, and at everything
	survived bool // a look has ended in this run
	failures int
	rest     time.Time // no look before
	ends     []dayEnd  // of days from today on, as the last readings told them
	ended    ended     // of a wallet
}

const notWaiting = -1

// dayEnd is when the last lesson of a day ends. It is small: every account has some.
type dayEnd struct {
	day    int32 // since 1970
	minute int16 // of the day; noLessons
}

const noLessons = -1

func dayNumber(day time.Time) int32 {
	return int32(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// lessonsEnd is when the last lesson of a day ends, zero when there is none.
func (p *plan) lessonsEnd(day time.Time) (end time.Time, known bool) {
	at := slices.IndexFunc(p.ends, func(e dayEnd) bool { return e.day == dayNumber(day) })
	switch {
	case at < 0:
		return time.Time{}, false
	case p.ends[at].minute == noLessons:
		return time.Time{}, true
	}
	return clock(day, 0, int(p.ends[at].minute)), true
}

// noteEnds takes over what was read of some days, and forgets those before today.
func (p *plan) noteEnds(read map[int32]int16, today time.Time) {
	p.ends = slices.DeleteFunc(p.ends, func(e dayEnd) bool {
		_, anew := read[e.day]
		return anew || e.day < dayNumber(today)
	})
	for _, day := range slices.Sorted(maps.Keys(read)) {
		p.ends = append(p.ends, dayEnd{day, read[day]})
	}
}

// slot is a look: when, and what for.
type slot struct {
	at     time.Time
	weeks  int // how many of the next weeks with school days
	grades bool
}

// everything is what is read when nothing is known yet.
var everything = slot{weeks: 3, grades: true}

// schoolDay are the looks of a day with lessons, besides the one after the last of them. A cancellation before eight is
// told a quarter of an hour late at most.
var schoolDay = []struct {
	hour, minute int
	slot
}{
	{6, 40, slot{weeks: 1}},
	{6, 55, slot{weeks: 1}},
	{7, 10, slot{weeks: 1}},
	{7, 25, slot{weeks: 1}},
	{7, 40, slot{weeks: 1}},
	{7, 55, slot{weeks: 1}},
	{8, 10, slot{weeks: 1}},
	{10, 10, slot{weeks: 1}},
	{12, 15, slot{weeks: 2, grades: true}},
	{14, 10, slot{weeks: 1}},
	{18, 30, slot{weeks: 2, grades: true}},
	{20, 30, slot{weeks: 1, grades: true}},
}

// clock is a time of a day, also of one on which the clocks are changed.
func clock(day time.Time, hour, minute int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, day.Location())
}

// plan finds the next look after a time, at an account with that profile. The caller holds mu.
func (w *Watch) plan(p *plan, profile school.Profile, now time.Time) {
	from := now
	if p.rest.After(from) {
		from = p.rest
	}
	a, _ := w.cfg.Rights.Account(p.account)
	switch {
	case w.cfg.Every > 0:
		p.next, p.what = from.Add(w.cfg.Every), p.wanted(everything, a.Kind)
		if p.whole {
			p.next = from
		}
		return
	case p.whole && from.After(clock(from, 6, 30)) && from.Before(clock(from, 20, 45)):
		p.next, p.what = from.Add(time.Minute+spread(p.account, from)/5), p.wanted(everything, a.Kind)
		return
	}
	p.next, p.what = from.AddDate(0, 0, 1), slot{}
	for ahead := range planAhead {
		day := school.Midnight(from).AddDate(0, 0, ahead)
		for _, s := range slots(w, p, a.Kind, profile, day) {
			if s.at = s.at.Add(spread(p.account, day)); !s.at.After(from) {
				continue
			}
			if p.next, p.what = s.at, s; p.whole {
				p.what = p.wanted(everything, a.Kind)
			}
			return
		}
	}
}

// spread is how much later than the plan says an account is looked at on a day.
func spread(account string, day time.Time) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(account + day.Format(time.DateOnly)))
	return time.Duration(h.Sum64()%uint64(phases/time.Second)) * time.Second
}

// wanted is a slot without what nobody is told of.
func (p *plan) wanted(s slot, kind rights.Kind) slot {
	if kind == rights.School && !slices.Contains(p.kinds, CancelledLesson) {
		s.weeks = 0
	}
	s.grades = s.grades && (kind == rights.Wallet || slices.Contains(p.kinds, NewGrade))
	return s
}

// slots are the looks of a day, in order.
func slots(w *Watch, p *plan, kind rights.Kind, profile school.Profile, day time.Time) []slot {
	var list []slot
	for _, s := range daySlots(p, kind, profile, day) {
		if s = p.wanted(s, kind); s.weeks > 0 || s.grades {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b slot) int { return a.at.Compare(b.at) })
	return list
}

func daySlots(p *plan, kind rights.Kind, profile school.Profile, day time.Time) []slot {
	weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
	at := func(hour, minute, weeks int) slot { return slot{clock(day, hour, minute), weeks, true} }
	if kind == rights.Wallet {
		if weekend {
			return []slot{at(18, 40, 0)}
		}
		return []slot{at(7, 40, 0), at(13, 40, 0), at(18, 40, 0), at(20, 10, 0)}
	}
	end, known := p.lessonsEnd(day)
	_, holiday := profile.HolidayOn(day)
	switch {
	case !profile.InYear(day):
		if day.Weekday() == time.Monday || day.Sub(profile.LastDay) > yearOver {
			return []slot{at(18, 30, 1)}
		}
		return nil
	case holiday:
		return []slot{at(18, 30, 2)}
	case weekend && end.IsZero():
		if day.Weekday() == time.Saturday {
			return []slot{at(10, 30, 1)}
		}
		return []slot{at(18, 30, 2)}
	case known && end.IsZero():
		return []slot{at(12, 15, 1), at(18, 30, 2)}
	case !known:
		end = clock(day, 16, 30)
	}
	return lessonSlots(day, end.Add(afterSchool))
}

// lessonSlots are the looks of a day with lessons: the usual ones, and one that reads everything after the last lesson.
func lessonSlots(day, after time.Time) []slot {
	var list []slot
	if after.Before(clock(day, 20, 30)) {
		list = append(list, slot{after, everything.weeks, true})
	}
	for _, s := range schoolDay {
		usual := clock(day, s.hour, s.minute)
		if len(list) > 0 && list[0].at.Sub(usual).Abs() < near {
			continue
		}
		list = append(list, slot{usual, s.weeks, s.grades})
	}
	return list
}

// weeksAhead gives a day of each of the next n weeks in which there may be lessons, within two weeks.
func (p *plan) weeksAhead(profile school.Profile, now time.Time, n int) []time.Time {
	var days []time.Time
	today := school.Midnight(now)
	for ahead := range 15 {
		day := today.AddDate(0, 0, ahead)
		if len(days) == n {
			break
		}
		if len(days) > 0 && school.Monday(day).Equal(school.Monday(days[len(days)-1])) {
			continue
		}
		end, known := p.lessonsEnd(day)
		_, holiday := profile.HolidayOn(day)
		switch {
		case !profile.InYear(day), holiday, day.Weekday() == time.Sunday && end.IsZero():
		case known && end.IsZero(): // none that day; one may be added
			if day.Weekday() != time.Saturday {
				days = append(days, day)
			}
		case ahead == 0 && now.After(latest(end, known, clock(day, 19, 0))):
		default:
			days = append(days, day)
		}
	}
	return days
}

func latest(end time.Time, known bool, otherwise time.Time) time.Time {
	if known {
		return end
	}
	return otherwise
}

// decent is Decent, unless a test is not to wait for it.
func decent(w *Watch, now time.Time) time.Time {
	if w.cfg.Every > 0 {
		return time.Time{}
	}
	return Decent(now)
}

// Decent is when people may be told unasked, by a time where they are: now, which is the zero time, or in the morning.
func Decent(now time.Time) time.Time {
	switch {
	case now.Before(clock(now, 7, 0)):
		return clock(now, 7, 0)
	case !now.Before(clock(now, 21, 0)):
		return clock(now.AddDate(0, 0, 1), 7, 0)
	}
	return time.Time{}
}
