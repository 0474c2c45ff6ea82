package watch

import (
	"context"
	"errors"
	"math"
	"time"

	"cartable/core/family"
	"cartable/core/school"
)

// lookAge is how old a reading may be that does for a look, because somebody has asked for it.
const lookAge = 10 * time.Minute

// schoolRests tells whether an account is not to be asked now: it or its school rests, or its looks of the day are made.
func (w *Watch) schoolRests(p *plan, did today, now time.Time) bool {
	status, known := w.cfg.Family.Status(p.account)
	switch {
	case !known || status.Stopped != "":
		return true
	case status.Paused.After(now):
		p.rest = status.Paused
		return true
	}
	return spent(w, p, did, mostLooks, now)
}

// readSchool reads what is due, of every pupil, within the budget. What a school does not show is left out; any other
// error ends it. requests is what it has cost at the most: one for each reading that is new or has failed, and a login
// before the first of them.
func (w *Watch) readSchool(ctx context.Context, p *plan, did today) (found []finding, requests int, err error) {
	pupils := w.cfg.Family.Pupils([]string{p.account})
	status, _ := w.cfg.Family.Status(p.account)
	r := &reader{
		w: w, p: p, began: now(w), login: loginRequests, ends: make(map[int32]int16),
		left: firstRequests + pupilRequests*len(pupils) - did.Requests, age: lookAge,
	}
	if r.began.Sub(status.Read) <= sessionIdle {
		r.login++ // a request that finds the session ended
	}
	if w.cfg.Every > 0 {
		r.left, r.age = math.MaxInt, w.cfg.Every/2
	}
	for _, pupil := range pupils {
		if err = r.readPupil(ctx, pupil); err != nil {
			break
		}
	}
	p.noteEnds(r.ends, r.began)
	return r.found, r.requests, err
}

// reader makes the readings of one look.
type reader struct {
	w     *Watch
	p     *plan
	began time.Time
	age   time.Duration // of readings that do
	login int           // requests of one, until it was made
	left  int           // of the day's budget

	requests int
	ends     map[int32]int16 // when the lessons of a day end, as in dayEnd
	found    []finding
}

func (r *reader) readPupil(ctx context.Context, pupil family.Pupil) error {
	this, err := r.w.cfg.Family.ThisYear(ctx, pupil)
	if err != nil {
		r.count(r.began)
		return err
	}
	profile, _ := r.w.cfg.Family.Profile(pupil.Account)
	weeks := finding{kind: CancelledLesson, pupil: this}
	for _, day := range r.p.weeksAhead(profile, r.began, r.p.what.weeks) {
		var week family.Reading[school.Week]
		var shown bool
		if week, shown, err = readPage(r, func() (family.Reading[school.Week], error) {
			return r.w.cfg.Family.Week(ctx, this, day, r.age)
		}); err != nil {
			break
		}
		if shown {
			weeks.weeks = append(weeks.weeks, week)
			r.noteEnds(week.Value)
		}
	}
	if len(weeks.weeks) > 0 {
		r.found = append(r.found, weeks)
	}
	if err != nil || !r.p.what.grades {
		return err
	}
	grades, shown, err := readPage(r, func() (family.Reading[school.Grades], error) {
		return r.w.cfg.Family.Grades(ctx, this, "", r.age)
	})
	if shown {
		r.found = append(r.found, finding{kind: NewGrade, pupil: this, grades: grades})
	}
	return err
}

// readPage makes one reading. It is not shown where the school has no such page, and when the budget is spent. An old
// one in place of a failed one is an error: what it says was seen before.
func readPage[T any](r *reader, read func() (family.Reading[T], error)) (got family.Reading[T], shown bool, err error) {
	if r.left <= r.login {
		return got, false, nil
	}
	got, err = read()
	switch {
	case err == nil && got.Stale == nil:
		r.count(got.At)
		return got, true, nil
	case err == nil:
		err = got.Stale
	}
	r.count(r.began)
	for _, none := range []error{school.ErrNotPublished, school.ErrNotOffered, school.ErrUnknownPupil, school.ErrUnknownPeriod} {
		if errors.Is(err, none) {
			return got, false, nil
		}
	}
	return got, false, err
}

// count counts a reading of that time, unless it is one that somebody has asked for before.
func (r *reader) count(at time.Time) {
	if at.Before(r.began) {
		return
	}
	r.requests += r.login + 1
	r.left -= r.login + 1
	r.login = 0
}

// noteEnds notes when the last lessons of a week end; of several pupils, the last of all.
func (r *reader) noteEnds(week school.Week) {
	for ahead := range 7 {
		day := school.Midnight(week.Monday.In(r.w.cfg.Zone)).AddDate(0, 0, ahead)
		minute := int16(noLessons)
		if end := week.LastEnd(day); !end.IsZero() {
			end = end.In(r.w.cfg.Zone)
			minute = int16(end.Hour()*60 + end.Minute())
		}
		if before, known := r.ends[dayNumber(day)]; !known || before < minute {
			r.ends[dayNumber(day)] = minute
		}
	}
}
