package rights

import (
	"errors"
	"fmt"
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
	Asked    Outcome = "asked"     // no code was in it
	Wrong    Outcome = "wrong"     // a code that is not good
	Used     Outcome = "used"      // a code that has let somebody in
	TooOften Outcome = "too_often" // nothing was looked at: they get no answer for a while
	Admitted Outcome = "admitted"
)

// Redeem looks for an invitation in what a stranger wrote in private. Each one is good once.
func (r *Rights) Redeem(p chat.PersonID, text string) (Outcome, error) {
	known, err := r.Admitted(p)
	switch {
	case err != nil:
		return "", err
	case known:
		return Admitted, nil
	}
	now := r.cfg.Now()
	if !r.strangers.mayTry(p, now) {
		return TooOften, nil
	}
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
	maxTries     = 5 // how often a stranger is answered, or may try a code, within an hour
	triesWithin  = time.Hour
	maxStrangers = 10_000 // of whom tries are remembered
)

// strangers remembers how often people tried who are not admitted. It is not stored: a code cannot be guessed, and
// what is limited is how often the bot answers.
type strangers struct {
	mu    sync.Mutex
	tries map[chat.PersonID][]time.Time // of the last hour, oldest first
}

// mayTry notes a try, unless there have been too many.
func (s *strangers) mayTry(p chat.PersonID, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := func(at time.Time) bool { return now.Sub(at) >= triesWithin }
	tries := slices.DeleteFunc(s.tries[p], old)
	if len(tries) >= maxTries {
		s.tries[p] = tries
		return false
	}
	if s.tries[p] == nil && len(s.tries) >= maxStrangers {
		for other, at := range s.tries {
			if old(at[len(at)-1]) {
				delete(s.tries, other)
			}
		}
		if len(s.tries) >= maxStrangers { // a flood: all begin again
			clear(s.tries)
		}
	}
	if s.tries == nil {
		s.tries = make(map[chat.PersonID][]time.Time)
	}
	s.tries[p] = append(tries, now)
	return true
}

func (s *strangers) forget(p chat.PersonID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tries, p)
}
