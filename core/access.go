package core

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Access says who may use the bot.
type Access struct {
	// Open lets everyone in. Otherwise a person needs an invitation, once.
	Open bool
	// Admins need none, and may invite others.
	Admins []PersonID
	// Invitations makes and checks invitation codes. Required unless Open.
	Invitations *Invitations
}

// admission is the stored record of a person who was let in, or of one who keeps asking.
type admission struct {
	Admitted bool        `json:"admitted"`
	Since    time.Time   `json:"since,omitzero"`
	Tries    []time.Time `json:"tries,omitempty"` // of the last hour, not admitted
}

// maxTries bounds how often a stranger is answered, or may try a code, within an hour.
const maxTries = 5

func personKey(p PersonID) string { return p.Platform + "\x00" + p.ID }

// admitted tells whether the person may use the bot.
func (t *turn) admitted() (bool, error) { return t.e.Admitted(t.msg.Person) }

// Admitted tells whether a person may use the bot.
func (e *Engine) Admitted(p PersonID) (bool, error) {
	if e.cfg.Access.Open || e.Admin(p) {
		return true, nil
	}
	var a admission
	err := e.cfg.Store.View(func(tx Tx) (err error) {
		a, _, err = admissions.get(tx, personKey(p))
		return err
	})
	return a.Admitted, err
}

// Admin tells whether a person is one of the operator's.
func (e *Engine) Admin(p PersonID) bool { return slices.Contains(e.cfg.Access.Admins, p) }

// mayInGroup tells whether a stranger may run a command in a group: only to read what is shown there.
func (t *turn) mayInGroup(c *command) bool {
	return c != nil && len(t.e.shownIn(t.msg.Chat)) > 0 && (c.group == groupShown || c.needs == needNothing && c.harmless)
}

func (t *turn) admin() bool { return t.e.Admin(t.msg.Person) }

// meetStranger looks for an invitation in what a stranger wrote in private. Each one is good once. The reply
// is empty for who has asked too often.
func (t *turn) meetStranger(ctx context.Context, text string) (Reply, error) {
	now := t.e.cfg.Now()
	code := invitationIn(text)
	id, valid := t.e.cfg.Access.Invitations.check(code, now)
	var a admission
	used, tooOften := false, false
	err := t.e.cfg.Store.Update(func(tx Tx) error {
		var err error
		if a, _, err = admissions.get(tx, personKey(t.msg.Person)); err != nil {
			return err
		}
		a.Tries = slices.DeleteFunc(a.Tries, func(at time.Time) bool { return now.Sub(at) >= time.Hour })
		if tooOften = len(a.Tries) >= maxTries; tooOften {
			return nil
		}
		if valid {
			if _, used, err = usedInvitations.get(tx, id); err != nil {
				return err
			}
		}
		if !valid || used {
			a.Tries = append(a.Tries, now)
			return admissions.put(tx, personKey(t.msg.Person), a)
		}
		a = admission{Admitted: true, Since: now}
		if err := usedInvitations.put(tx, id, usedInvitation{Until: now.Add(invitationLife)}); err != nil {
			return err
		}
		return admissions.put(tx, personKey(t.msg.Person), a)
	})
	switch {
	case err != nil:
		return Reply{}, err
	case a.Admitted:
		t.log.Info("person admitted by invitation")
		return greet(ctx, t, "")
	case tooOften:
		return Reply{}, nil
	case used:
		return t.plain("access.used"), nil
	case code != "":
		return t.plain("access.wrong"), nil
	default:
		return t.plain("access.ask"), nil
	}
}

// startInvite begins the payload of a deep link that carries an invitation.
const startInvite = "inv_"

// invitationIn finds a code in "/start inv_CODE" or in a text that is nothing but one.
func invitationIn(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 2 {
		return ""
	}
	word := words[len(words)-1]
	if code, found := strings.CutPrefix(word, startInvite); found {
		return code
	}
	if len(words) == 1 && looksLikeInvitation(word) {
		return word
	}
	return ""
}

// invite is /inviter: an admin gets a code for one person.
func invite(_ context.Context, t *turn, _ string) (Reply, error) {
	access := t.e.cfg.Access
	if !t.admin() || access.Invitations == nil {
		return t.plain("access.not_admin"), nil
	}
	code, err := access.Invitations.Make(t.e.cfg.Now(), t.e.cfg.Rand)
	if err != nil {
		return Reply{}, err
	}
	r := t.plain("access.invitation", "days", int(invitationLife.Hours()/24))
	r.Body = append(r.Body, Line{Text: t.slash() + "start " + startInvite + code})
	return r, nil
}
