package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
)

// Kind is what people are told of. Kinds are stored, and stand in the argument of a button.
type Kind string

// The kinds of alerts.
const (
	NewGrade        Kind = "grade"
	CancelledLesson Kind = "cancelled"
	LowBalance      Kind = "balance" // it has come below five euros
)

// KindsOf are the alerts that there are for a kind of account. Whoever links one is told of all of them.
func KindsOf(k rights.Kind) []Kind {
	if k == rights.Wallet {
		return []Kind{LowBalance}
	}
	return []Kind{CancelledLesson, NewGrade}
}

// Subscription says who is told what of an account. Its chat is the private one of the owner, and follows it.
type Subscription struct {
	Account string      `json:"account"`
	Chat    chat.ChatID `json:"chat"`
	Kinds   []Kind      `json:"kinds"` // none: nothing is told
	Since   time.Time   `json:"since"`
}

// Has tells whether alerts of a kind are told.
func (s Subscription) Has(k Kind) bool { return slices.Contains(s.Kinds, k) }

// told says that there is a subscription.
type told struct {
	Chat chat.ChatID `json:"chat"`
}

// page is what was seen last, of one page of a pupil or of a wallet.
type page struct {
	At   time.Time   `json:"at"` // about when; dated anew once a week
	Seen school.Seen `json:"seen,omitempty"`
	Low  bool        `json:"low,omitempty"` // little was left in the wallet
}

// today is what was done for an account on a day, and what still may be taken back.
type today struct {
	Day      string   `json:"day"` // "2026-11-17", where the schools are
	Looks    int      `json:"looks,omitempty"`
	Requests int      `json:"requests,omitempty"` // at the most
	Letters  []letter `json:"letters,omitempty"`

	// Looks that were begun and have not ended, in a row, on whichever days: the program has. When the last was.
	Begun   int       `json:"begun,omitempty"`
	BegunAt time.Time `json:"begun_at,omitzero"`
}

// letter is one that may not have been sent yet.
type letter struct {
	ID    string      `json:"id"`
	Kind  Kind        `json:"kind"`
	Chat  chat.ChatID `json:"chat"`
	Until time.Time   `json:"until"`
}

var (
	subscriptions = store.Table[Subscription]{Bucket: "subscriptions"} // group: account; name: the chat's key
	byChat        = store.Table[told]{Bucket: "subscriptions_of_chat"} // group: the chat's key; name: account
	pages         = store.Table[page]{Bucket: "seen"}                  // group: account; name: see pageName
	todays        = store.Table[today]{Bucket: "looks"}                // group: none; name: account
	duePages      = store.Due{Bucket: "seen_due"}                      // account and pageName
)

const (
	pageLife    = 100 * 24 * time.Hour // how long it is remembered what was seen of a page that nobody looks at any more
	pageAnew    = 7 * 24 * time.Hour   // after this time a page in which nothing changes is dated anew
	sweepAtOnce = 200
	maxLetters  = 20 // that may be taken back
)

// pageName is what was seen of: a pupil's key, which is empty for a wallet, and a page.
func pageName(pupil string, k Kind) string {
	switch k {
	case NewGrade:
		return pupil + "\x00grades"
	case LowBalance:
		return pupil + "\x00balance"
	default:
		return pupil + "\x00timetable"
	}
}

// id makes one opaque name of several texts.
func id(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// putPage writes what was seen.
func putPage(tx store.Tx, account, name string, p page, known bool) error {
	if !known {
		if err := duePages.Note(tx, p.At.Add(pageLife), account+"\x00"+name); err != nil {
			return err
		}
	}
	return pages.Put(tx, account, name, p)
}

// Sweep removes what was seen of pages that nobody looks at any more: of pupils who have left.
func (w *Watch) Sweep(tx store.Tx, now time.Time) (more bool, err error) {
	return duePages.Take(tx, now, sweepAtOnce, func(due string) error {
		account, name, _ := strings.Cut(due, "\x00")
		p, known, err := store.Legible(pages.Get(tx, account, name))
		switch {
		case err != nil:
			return err
		case known && now.Sub(p.At) < pageLife:
			return duePages.Note(tx, p.At.Add(pageLife), due)
		}
		return pages.Delete(tx, account, name)
	})
}
