package school

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// ChangeKind says what is new.
type ChangeKind string

// The kinds of change.
const (
	LessonCancelled ChangeKind = "lesson_cancelled"
	GradeAdded      ChangeKind = "grade_added"
)

// Change is one difference between two looks at a page.
type Change struct {
	Kind   ChangeKind
	Lesson Lesson // for LessonCancelled
	Grade  Grade  // for GradeAdded
}

// Seen is what was last seen of one page of one pupil, by the span of a reading: a week by its Monday, a period by
// its key. It holds what is compared and no more, and only spans in which something can still change. Seen and its
// parts are stored: their names in JSON stay.
type Seen map[string]SeenSpan

// SeenSpan is what was seen of one week or period.
type SeenSpan struct {
	At      time.Time            `json:"at"`                // about when; a span in which nothing changes is dated anew once a week
	Entries map[string]SeenEntry `json:"entries,omitempty"` // by their keys
}

// SeenEntry is what was seen of one lesson or grade.
type SeenEntry struct {
	Cancelled bool   `json:"cancelled,omitempty"` // the lesson
	Like      string `json:"like,omitempty"`      // a hash of the grade's subject and mark: one with another title is known by it
	Missing   int    `json:"missing,omitempty"`   // looks in a row at which it was not there
}

const (
	changesAhead = 14 * 24 * time.Hour // how far ahead a change of the timetable is of interest
	goneAfter    = 2                   // looks in a row without an entry, after which it is gone: one may be a fault of the school's
	newPeriod    = 21 * 24 * time.Hour // how old a grade may be that is the first one seen of its period
	seenFor      = 60 * 24 * time.Hour // how long a period is remembered that nobody looks at
	datedAnew    = 7 * 24 * time.Hour
	maxSpans     = 8
	maxEntries   = 1000 // of one span; what is beyond is not compared
)

// DiffWeek compares a week, read at now, with what was seen of it: lessons that were to take place, begin from now on
// and within two weeks, and have been cancelled. seen is not changed. A week looked at for the first time has no
// change, nor has a lesson.
func DiffWeek(seen Seen, week Week, now time.Time) ([]Change, Seen) {
	next := seen.without(func(monday string, _ SeenSpan) bool {
		day, err := time.ParseInLocation(time.DateOnly, monday, week.Monday.Location())
		return err != nil || !day.AddDate(0, 0, 7).After(now)
	})
	if !week.Monday.AddDate(0, 0, 7).After(now) || !week.Monday.Before(now.Add(changesAhead)) {
		return nil, next
	}
	name := week.Monday.Format(time.DateOnly)
	was, known := next[name]
	var changes []Change
	is, there := make(map[string]SeenEntry), make(map[string]bool)
	for _, l := range week.Lessons {
		before, had := was.Entries[l.Key]
		switch {
		case there[l.Key], l.Start.Before(now), len(is) == maxEntries:
		case !l.Start.Before(now.Add(changesAhead)): // its turn will come
			is[l.Key] = SeenEntry{Cancelled: l.Cancelled && (before.Cancelled || !had)}
		case l.Cancelled && week.takesPlace(l): // somebody else gives it
			is[l.Key] = SeenEntry{}
		default:
			is[l.Key] = SeenEntry{Cancelled: l.Cancelled}
			if had && l.Cancelled && !before.Cancelled {
				changes = append(changes, Change{Kind: LessonCancelled, Lesson: l})
			}
		}
		there[l.Key] = true
	}
	was.addMissing(is, there, false)
	next.put(name, was, known, is, now)
	return changes, next
}

// takesPlace tells whether a lesson of that time and subject is there that is not cancelled.
func (w Week) takesPlace(l Lesson) bool {
	return slices.ContainsFunc(w.Lessons, func(other Lesson) bool {
		return !other.Cancelled && other.Subject == l.Subject && other.Start.Equal(l.Start)
	})
}

// DiffGrades compares the grades of a period, read at now, with what was seen: grades that were not there. seen is not
// changed. The first look of all has no change. A period looked at for the first time after another has those that are
// recent: it began since the last look. A grade that has only got another title or date is not new, nor is one that
// comes back as it was: a school may close the page for a while. One is not seen before it has a mark.
func DiffGrades(seen Seen, g Grades, now time.Time) ([]Change, Seen) {
	next := seen.without(func(_ string, span SeenSpan) bool { return now.Sub(span.At) > seenFor })
	was, known := next[g.Period.Key]
	is, there := make(map[string]SeenEntry), make(map[string]bool)
	var added []Grade
	for _, grade := range g.Grades {
		before, had := was.Entries[grade.Key]
		switch {
		case there[grade.Key], grade.Mark.Kind == MarkNone, len(is) == maxEntries:
			continue
		case had && before.Missing == goneAfter && before.Like != grade.like(),
			!had && !next.has(grade.Key) && (known || now.Sub(grade.Date) < newPeriod):
			added = append(added, grade)
		}
		is[grade.Key], there[grade.Key] = SeenEntry{Like: grade.like()}, true
	}
	was.addMissing(is, there, true)
	var changes []Change
	for _, grade := range added {
		if !renamed(is, was, grade) && seen != nil {
			changes = append(changes, Change{Kind: GradeAdded, Grade: grade})
		}
	}
	next.put(g.Period.Key, was, known, is, now)
	return changes, next
}

// renamed tells whether an added grade is one that has left at this very look, and takes that one away.
func renamed(is map[string]SeenEntry, was SeenSpan, added Grade) bool {
	for _, key := range slices.Sorted(maps.Keys(is)) {
		if e := is[key]; e.Missing == 1 && was.Entries[key].Missing == 0 && e.Like == added.like() {
			delete(is, key)
			return true
		}
	}
	return false
}

// like is the same for a grade with another title or date.
func (g Grade) like() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{g.Subject, string(g.Mark.Kind), g.Mark.Value, g.Scale.Value}, "\x00")))
	return hex.EncodeToString(sum[:4])
}

// addMissing adds to what is there what was: for another look, or as gone for as long as the span is remembered.
func (s SeenSpan) addMissing(is map[string]SeenEntry, there map[string]bool, gone bool) {
	for _, key := range slices.Sorted(maps.Keys(s.Entries)) {
		entry := s.Entries[key]
		entry.Missing = min(entry.Missing+1, goneAfter)
		if !there[key] && (gone || entry.Missing < goneAfter) && len(is) < maxEntries {
			is[key] = entry
		}
	}
}

// without is a copy that lacks the spans that are out of date, and those that are too many: the ones seen longest ago.
func (s Seen) without(old func(name string, span SeenSpan) bool) Seen {
	next := make(Seen, len(s))
	maps.Copy(next, s)
	maps.DeleteFunc(next, old)
	for len(next) > maxSpans {
		delete(next, slices.MinFunc(slices.Collect(maps.Keys(next)), func(a, b string) int {
			return cmp.Or(next[a].At.Compare(next[b].At), cmp.Compare(a, b))
		}))
	}
	return next
}

// put notes what is there now. Where that is nothing new, the span stays as it was.
func (s Seen) put(name string, was SeenSpan, known bool, is map[string]SeenEntry, now time.Time) {
	if !known || !maps.Equal(was.Entries, is) || now.Sub(was.At) > datedAnew {
		s[name] = SeenSpan{At: now, Entries: is}
	}
}

func (s Seen) has(key string) bool {
	for _, span := range s {
		if _, found := span.Entries[key]; found {
			return true
		}
	}
	return false
}
