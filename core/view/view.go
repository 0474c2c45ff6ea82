// Package view makes lines and sentences of values, in one language. It reads and sends nothing, keeps nothing,
// knows nobody's rights and adds no choices.
package view

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/family"
	"cartable/core/izly"
	"cartable/core/school"
	"cartable/core/visible"
	"cartable/i18n"
)

// View is who reads, and when. All its fields but Reference and Wallet must be set.
type View struct {
	P    *i18n.Printer
	Zone *time.Location // of the school; every time is told there
	Now  time.Time
	// Cmd is what people write for a command, by its French name: "/edt" for "edt".
	Cmd func(name string) string
	// Reference names in the log what an answer could not explain, so that its reader can name it to the operator.
	Reference string
	// Wallet names the wallet that an answer about money is about, where its owner has several.
	Wallet string
}

// Say is a reply of one sentence or paragraph.
func (v View) Say(key string, args ...any) chat.Reply {
	return chat.Reply{Body: chat.Paragraphs(v.P.T(key, args...))}
}

// ClockOrMoment is a time of today, or a date and time.
func (v View) ClockOrMoment(at time.Time) string {
	at = at.In(v.Zone)
	if today(v, at) {
		return v.P.Clock(at)
	}
	return v.P.Moment(at)
}

// Until is "jusqu'à" and a time, or "jusqu'au" and a day and a time.
func (v View) Until(at time.Time) string {
	at = at.In(v.Zone)
	if today(v, at) {
		return v.P.T("until.clock", "at", v.P.Clock(at))
	}
	return v.P.T("until.day", "day", v.P.ShortDate(at), "at", v.P.Clock(at))
}

// today tells whether a time is of the present day at the school.
func today(v View, at time.Time) bool { return school.SameDay(at.In(v.Zone), v.Now.In(v.Zone)) }

// staleNote says from when a value is, when the school could not be asked.
func staleNote[T any](v View, r family.Reading[T]) []chat.Line {
	if r.Stale == nil {
		return nil
	}
	at := r.At.In(v.Zone)
	said := v.P.T("stale", "day", v.P.FullDate(at), "time", v.P.Clock(at))
	return []chat.Line{{Kind: chat.LineNote, Text: notAsked(v, r.Stale) + " " + said}}
}

// notAsked says why the school could not be asked.
func notAsked(v View, cause error) string {
	var paused *family.PausedError
	switch {
	case errors.As(cause, &paused):
		return v.P.T("stale.paused", "until", v.Until(paused.Until))
	case errors.Is(cause, school.ErrPause):
		return v.P.T("stale.pause")
	case errors.Is(cause, school.ErrBusy):
		return v.P.T("stale.busy")
	case errors.Is(cause, school.ErrClosed):
		return v.P.T("stale.closed")
	case errors.Is(cause, context.DeadlineExceeded):
		return v.P.T("stale.slow")
	default:
		return v.P.T("stale.no_answer")
	}
}

// list joins items as a sentence does: "a, b et c". More than a person reads are left out.
func list(v View, items []string) string {
	if len(items) > mostItems {
		items = append(slices.Clone(items[:mostItems]), "…")
	}
	return v.P.List(items, v.P.T("and"))
}

// mostItems is how many things a sentence names.
const mostItems = 20

func euros(v View, amount izly.Cents) string { return v.P.Euros(int64(amount)) }

// joinParts joins what there is into one line, without saying anything twice.
func joinParts(parts ...string) string {
	var kept []string
	seen := make(map[string]bool)
	for _, part := range parts {
		if part = strings.Join(strings.Fields(part), " "); part != "" && !seen[part] {
			seen[part] = true
			kept = append(kept, part)
		}
	}
	return visible.Cut(strings.Join(kept, " · "), visible.MaxLine)
}
