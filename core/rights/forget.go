package rights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// Forget removes an account and shows it nowhere any more, whether its records can be read or not. Whoever commits it
// calls Refresh.
func (r *Rights) Forget(tx store.Tx, account string) error {
	at, known, err := r.find(tx, account)
	if err != nil {
		return err
	}
	if known {
		if err := errors.Join(
			accounts.Delete(tx, at.owner, account),
			homes.Delete(tx, at.home, account),
			places.Delete(tx, "", account),
		); err != nil {
			return err
		}
	} else if err := places.Delete(tx, "", account); err != nil {
		return err
	}
	groups := make(map[string]bool)
	for _, group := range r.groupsOf(account) {
		groups[group.Key()] = true
	}
	// The names lead to the grants; what the records say does not matter.
	if _, err := tx.Scan(grantsOf.Bucket, account, func(group string, _ []byte) error {
		groups[group] = true
		return nil
	}); err != nil {
		return err
	}
	for group := range groups {
		if err := grants.Delete(tx, group, account); err != nil {
			return err
		}
	}
	return grantsOf.DeleteGroup(tx, account)
}

// groupsOf are the groups where memory has a grant of an account.
func (r *Rights) groupsOf(account string) []chat.ChatID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return append([]chat.ChatID(nil), r.memory.groups[account]...)
}

// IDs are those of all accounts that may be touched at this person's word, those too that cannot be read: for linking
// again and for erasing. At an unverified word they are those at home in this very chat.
func (r *Rights) IDs(who Who) (list []string, err error) {
	err = r.cfg.Store.View(func(tx store.Tx) (err error) {
		list, err = ids(tx, who)
		return err
	})
	return list, err
}

func ids(tx store.Tx, who Who) ([]string, error) {
	mine := make(map[string]bool)
	if who.Unverified {
		_, err := homes.Each(tx, who.Chat.Key(), func(id string, at home) error {
			if at.Owner == who.Person {
				mine[id] = true
			}
			return nil
		})
		return slices.Sorted(maps.Keys(mine)), err
	}
	damaged, err := tx.Scan(accounts.Bucket, who.Person.Key(), func(id string, _ []byte) error {
		mine[id] = true
		return nil
	})
	if err == nil && damaged > 0 { // their names are lost: what leads to them tells
		_, err = places.All(tx, func(_, id string, at place) error {
			if at.Owner == who.Person {
				mine[id] = true
			}
			return nil
		})
	}
	return slices.Sorted(maps.Keys(mine)), err
}

// ForgetPerson removes a person's admission and what is left of their accounts here. Whoever commits it calls Refresh.
func (r *Rights) ForgetPerson(tx store.Tx, p chat.PersonID) error {
	mine, err := ids(tx, Who{Person: p})
	if err != nil {
		return err
	}
	for _, id := range mine {
		if err := r.Forget(tx, id); err != nil {
			return err
		}
	}
	return errors.Join(accounts.DeleteGroup(tx, p.Key()), people.Delete(tx, "", p.Key()))
}

// MoveChat makes what is kept for a chat that of another, of which the platform says that it is the same: what is
// shown in a group, and the accounts that are at home in a private chat. What is shown in the other one already
// stays as it is there. What cannot be read does not move. Whoever commits it calls Refresh.
func (r *Rights) MoveChat(tx store.Tx, old, to chat.ChatID) error {
	if old == to {
		return nil
	}
	return errors.Join(moveHomes(tx, old, to), moveGrants(tx, old, to))
}

func moveHomes(tx store.Tx, old, to chat.ChatID) error {
	owners := make(map[string]chat.PersonID) // by account
	if _, err := homes.Each(tx, old.Key(), func(account string, h home) error {
		owners[account] = h.Owner
		return nil
	}); err != nil {
		return err
	}
	for account, owner := range owners {
		a, known, err := store.Legible(accounts.Get(tx, owner.Key(), account))
		if err != nil {
			return err
		}
		if !known || a.Home != old {
			continue
		}
		a.Home = to
		if err := PutAccount(tx, a); err != nil {
			return err
		}
	}
	return nil
}

func moveGrants(tx store.Tx, old, to chat.ChatID) error {
	var moving []Grant
	if _, err := grants.Each(tx, old.Key(), func(_ string, g Grant) error {
		moving = append(moving, g)
		return nil
	}); err != nil {
		return err
	}
	for _, g := range moving {
		_, there, err := store.Legible(grants.Get(tx, to.Key(), g.Account))
		if err != nil {
			return err
		}
		if err := deleteGrant(tx, old.Key(), g.Account); err != nil {
			return err
		}
		if there {
			continue
		}
		g.Group = to
		if err := PutGrant(tx, g); err != nil {
			return err
		}
	}
	return nil
}

// sweepPortion is how many records one transaction of Sweep removes.
const sweepPortion = 50

// Sweep removes the invitations that have been used and have expired since. It looks at all of them, as many as an
// operator hands out in a week, while others write.
func (r *Rights) Sweep(now time.Time) error {
	var over []string
	if err := r.cfg.Store.View(func(tx store.Tx) error {
		over = nil
		_, err := used.Each(tx, "", func(id string, u usedInvitation) error {
			if now.After(u.Until) {
				over = append(over, id)
			}
			return nil
		})
		return err
	}); err != nil {
		return fmt.Errorf("rights: sweep: %w", err)
	}
	for portion := range slices.Chunk(over, sweepPortion) {
		if err := r.cfg.Store.Update(func(tx store.Tx) error {
			for _, id := range portion {
				if err := used.Delete(tx, "", id); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("rights: sweep: %w", err)
		}
	}
	return nil
}
