package watch

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/outbox"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
	"cartable/core/view"
)

// How long an alert makes sense.
const (
	gradeLife   = 7 * 24 * time.Hour
	balanceLife = 24 * time.Hour
)

// draft is a letter that is being made.
type draft struct {
	reply chat.Reply
	until time.Time
	see   string // the line of a command that shows more
}

// send puts the letters about what is new.
func send(w *Watch, tx store.Tx, a rights.Account, f finding, n news, now time.Time) (sent []letter, err error) {
	if !n.low && len(n.changes) == 0 {
		return nil, nil
	}
	v := w.view(tx, a.Home, now)
	label := v.P.T("news.button.see")
	var drafts []draft
	switch {
	case n.low:
		drafts, label = aboutWallet(v, a, f, now), v.P.T("news.button.topup")
	case f.kind == CancelledLesson:
		drafts = aboutLessons(v, f.pupil, n.changes)
	default:
		drafts = aboutGrades(v, f.pupil, n.changes, now)
	}
	for i, d := range drafts {
		see, err := w.cfg.Offer(tx, a.Home, a.Owner, label, ActionRun, d.see, a.ID)
		if err != nil {
			return nil, err
		}
		off, err := w.cfg.Offer(tx, a.Home, a.Owner, v.P.T("news.button.off"), ActionOff, string(f.kind), a.ID)
		if err != nil {
			return nil, err
		}
		d.reply.Choices = []chat.Choice{see, off}
		name := id("alert", a.ID, f.pupil.Key, string(f.kind), now.UTC().Format(time.RFC3339Nano), strconv.Itoa(i))
		if err := w.cfg.Outbox.Put(tx, outbox.Letter{
			ID: name, To: chat.Target{Chat: a.Home, Private: true}, Reply: d.reply,
			Since: now, NotBefore: decent(w, now), Until: d.until, Unasked: true, Account: a.ID,
		}); err != nil {
			return nil, err
		}
		sent = append(sent, letter{ID: name, Kind: f.kind, Chat: a.Home, Until: d.until})
	}
	return sent, nil
}

// aboutLessons makes a letter for each day of which lessons were cancelled, or one for all when they are many. It has
// lost its sense when the last of them would be over.
func aboutLessons(v view.View, who family.Pupil, changes []school.Change) (drafts []draft) {
	slices.SortStableFunc(changes, func(a, b school.Change) int { return a.Lesson.Start.Compare(b.Lesson.Start) })
	line := "/edt %s #" + who.Ref()
	if len(changes) > view.MostChanges {
		line = "/edt semaine du %s #" + who.Ref()
	}
	for len(changes) > 0 {
		day, together := changes[0].Lesson.Start.In(v.Zone), len(changes)
		if together <= view.MostChanges {
			if other := slices.IndexFunc(changes, func(c school.Change) bool {
				return !school.SameDay(c.Lesson.Start.In(v.Zone), day)
			}); other > 0 {
				together = other
			}
		}
		last := slices.MaxFunc(changes[:together], func(a, b school.Change) int { return a.Lesson.End.Compare(b.Lesson.End) })
		drafts = append(drafts, draft{
			reply: v.Change(who, changes[:together]), until: last.Lesson.End, see: fmt.Sprintf(line, day.Format("02/01/2006")),
		})
		changes = changes[together:]
	}
	return drafts
}

// aboutGrades makes one letter.
func aboutGrades(v view.View, who family.Pupil, changes []school.Change, now time.Time) []draft {
	see := "/notes #" + who.Ref()
	subject := changes[0].Grade.Subject
	if !slices.ContainsFunc(changes, func(c school.Change) bool { return c.Grade.Subject != subject }) {
		see = "/notes " + subject + " #" + who.Ref()
	}
	return []draft{{reply: v.Change(who, changes), until: now.Add(gradeLife), see: see}}
}

// aboutWallet makes one letter.
func aboutWallet(v view.View, a rights.Account, f finding, now time.Time) []draft {
	return []draft{{reply: v.LowBalance(f.left, f.whose), until: now.Add(balanceLife), see: "/recharger #" + a.ID}}
}
