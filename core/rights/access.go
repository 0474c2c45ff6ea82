package rights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// Admin tells whether a person is one of the operator's.
func (r *Rights) Admin(p chat.PersonID) bool { return slices.Contains(r.cfg.Admins, p) }

// Admitted tells whether a person may use the bot. A record of it that cannot be read is none.
func (r *Rights) Admitted(p chat.PersonID) (bool, error) {
	if r.cfg.Open || r.Admin(p) {
		return true, nil
	}
	var known bool
	err := r.cfg.Store.View(func(tx store.Tx) (err error) {
		_, known, err = store.Legible(people.Get(tx, "", p.Key()))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("rights: admission: %w", err)
	}
	return known, nil
}

// Outcome is what became of what a stranger wrote.
type Outcome string

// The outcomes.
const (
	Asked    Outcome = "asked" // no code was in it
	Wrong    Outcome = "wrong" // a code that is not good
	Used     Outcome = "used"  // a code that has let somebody in
	Admitted Outcome = "admitted"
)

// Hears tells whether what a stranger writes in private is to be looked at, and counts it. A few words an hour are, and
// always a code that lets them in: it proves itself, so that it cannot be guessed however often somebody tries.
func (r *Rights) Hears(p chat.PersonID, text string) bool {
	now := r.cfg.Now()
	if id, good := r.cfg.Invitations.check(invitationIn(text), now); good && !r.spent(id) {
		return true
	}
	return r.strangers.mayTry(p, now)
}

// spent tells whether an invitation has let somebody in. One of which that cannot be read has, perhaps.
func (r *Rights) spent(id string) (spent bool) {
	err := r.cfg.Store.View(func(tx store.Tx) (err error) {
		_, spent, err = used.Get(tx, "", id)
		return err
	})
	return spent || err != nil
}

// Redeem looks for an invitation in what a stranger wrote in private. Each one is good once. How often somebody may ask
// is for Hears to say, before.
func (r *Rights) Redeem(p chat.PersonID, text string) (Outcome, error) {
	known, err := r.Admitted(p)
	switch {
	case err != nil:
		return "", err
	case known:
		return Admitted, nil
	}
	now := r.cfg.Now()
	code := invitationIn(text)
	id, good := r.cfg.Invitations.check(code, now)
	switch {
	case code == "":
		return Asked, nil
	case !good:
		return Wrong, nil
	}
	var outcome Outcome
	if err := r.cfg.Store.Update(func(tx store.Tx) error {
		_, gone, err := used.Get(tx, "", id)
		if errors.Is(err, store.ErrUnreadable) {
			gone, err = true, nil // perhaps by somebody else
		}
		if outcome = Used; err != nil || gone {
			return err
		}
		outcome = Admitted
		if err := PutUsedInvitation(tx, id, now.Add(invitationLife)); err != nil {
			return err
		}
		return PutPerson(tx, p, now)
	}); err != nil {
		return "", fmt.Errorf("rights: redeem: %w", err)
	}
	if outcome == Admitted {
		r.strangers.forget(p)
	}
	return outcome, nil
}

// StartInvite begins the payload of a deep link that carries an invitation.
const StartInvite = "inv_"

// invitationIn finds a code in "/start inv_CODE" or in a text that is nothing but one.
func invitationIn(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 2 {
		return ""
	}
	word := words[len(words)-1]
	if code, found := strings.CutPrefix(word, StartInvite); found {
		return code
	}
	if len(words) == 1 && looksLikeInvitation(word) {
		return word
	}
	return ""
}

// Invite makes a code that admits one person, and says how long it is good.
func (r *Rights) Invite() (code string, life time.Duration, err error) {
	if r.cfg.Invitations == nil {
		return "", 0, ErrNoInvitations
	}
	code, err = r.cfg.Invitations.Make(r.cfg.Now(), r.cfg.Rand)
	return code, invitationLife, err
}

const (
	maxTries    = 5 // how often a stranger is answered within an hour
	triesWithin = time.Hour

	maxAnswers    = 60 // to all strangers together, within
	answersWithin = time.Minute

	maxStrangers = 10_000 // more than are answered within an hour: some of whom tries are remembered are old then
)

// strangers remembers how often people tried who are not admitted. It is not stored: what is limited is how often the
// bot answers.
type strangers struct {
	mu    sync.Mutex
	tries map[chat.PersonID][]time.Time // of the last hour, oldest first
	all   []time.Time                   // of the last minute, oldest first
}

// mayTry notes a try, unless there have been too many.
func (s *strangers) mayTry(p chat.PersonID, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := func(at time.Time) bool { return at.After(now) || now.Sub(at) >= triesWithin } // the clock may be set back
	tries := slices.DeleteFunc(s.tries[p], old)
	if len(tries) > 0 {
		s.tries[p] = tries
	}
	s.all = slices.DeleteFunc(s.all, func(at time.Time) bool { return at.After(now) || now.Sub(at) >= answersWithin })
	if len(tries) >= maxTries || len(s.all) >= maxAnswers {
		return false
	}
	if s.tries[p] == nil && len(s.tries) >= maxStrangers {
		maps.DeleteFunc(s.tries, func(_ chat.PersonID, at []time.Time) bool { return old(at[len(at)-1]) })
	}
	if s.tries == nil {
		s.tries = make(map[chat.PersonID][]time.Time)
	}
	s.tries[p], s.all = append(tries, now), append(s.all, now)
	return true
}

func (s *strangers) forget(p chat.PersonID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tries, p)
}
