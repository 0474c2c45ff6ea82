package commands

import (
	"context"
	"errors"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/talk"
)

// invite is /inviter: an admin gets a code for one person, always in private.
func (c settings) invite(_ context.Context, t *talk.Turn, _ string) (chat.Reply, error) {
	code, life, err := c.Rights.Invite()
	switch {
	case errors.Is(err, rights.ErrNoInvitations):
		return t.Say("access.not_admin"), nil
	case err != nil:
		return chat.Reply{}, err
	}
	r := t.Say("access.invitation", "days", int(life.Hours()/24))
	r.Body = append(r.Body, chat.Line{Text: t.Cmd("start") + " " + rights.StartInvite + code})
	return r, nil
}
