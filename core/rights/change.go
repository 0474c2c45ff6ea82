package rights

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// Add writes a newly linked account, over one of the same ID, whose Since it keeps. One without a Since is linked now,
// and later than all others of its owner whatever the clock says, so that they stay in the order of linking. It
// returns ErrNotYours when the ID is another person's. Whoever commits it calls Refresh.
func (r *Rights) Add(tx store.Tx, a Account) error {
	if a.Since.IsZero() {
		a.Since = r.cfg.Now()
		if _, err := accounts.Each(tx, a.Owner.Key(), func(_ string, other Account) error {
			if other.ID != a.ID && !a.Since.After(other.Since) {
				a.Since = other.Since.Add(time.Nanosecond)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return PutAccount(tx, a)
}

// Move brings all accounts of a person into their private chat, which the caller knows to be theirs: where a person
// can open a second private chat, or a new one in place of one that they left, their accounts are where they write.
// Nothing is written when they are there already.
func (r *Rights) Move(p chat.PersonID, to chat.ChatID) error {
	if !slices.ContainsFunc(r.Of(p), func(a Account) bool { return a.Home != to }) {
		return nil
	}
	err := r.cfg.Store.Update(func(tx store.Tx) error {
		var away []Account
		if _, err := accounts.Each(tx, p.Key(), func(_ string, a Account) error {
			if a.Home != to {
				away = append(away, a)
			}
			return nil
		}); err != nil {
			return err
		}
		for _, a := range away {
			a.Home = to
			if err := PutAccount(tx, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("rights: move: %w", err)
	}
	return errors.Join(err, r.read([]chat.PersonID{p}, nil))
}

// Show shows pages of an account in a group, and no others of it, at the word of its owner. It returns ErrNotYours
// when the account is not one that this Who may touch.
func (r *Rights) Show(who Who, g Grant) error {
	pages := slices.Clone(g.Pages)
	slices.Sort(pages)
	g.Pages, g.Since = slices.Compact(pages), r.cfg.Now()
	if len(g.Pages) == 0 {
		return ErrNothing
	}
	err := r.cfg.Store.Update(func(tx store.Tx) error {
		a, known, err := accounts.Get(tx, who.Person.Key(), g.Account)
		switch {
		case err != nil:
			return err
		case !known || who.Unverified && a.Home != who.Chat:
			return ErrNotYours
		}
		shown := g
		before, found, err := store.Legible(grants.Get(tx, g.Group.Key(), g.Account))
		switch {
		case err != nil:
			return err
		case found: // what is shown of it changes, not since when
			shown.Since = before.Since
		}
		return PutGrant(tx, shown)
	})
	return r.changed("show", err, g.Group)
}

// Hide shows nothing of an account in a group any more, at the word of its owner, which need not be verified: it
// only takes away. It returns ErrNotYours when the account is another person's.
func (r *Rights) Hide(who Who, group chat.ChatID, account string) error {
	err := r.cfg.Store.Update(func(tx store.Tx) error {
		at, known, err := r.find(tx, account)
		switch {
		case err != nil:
			return err
		case !known || at.owner != who.Person.Key():
			return ErrNotYours
		}
		return deleteGrant(tx, group.Key(), account)
	})
	return r.changed("hide", err, group)
}

// changed reads again what is shown in a group after a change, whether it is known to have succeeded or not.
func (r *Rights) changed(op string, err error, group chat.ChatID) error {
	if err != nil {
		err = fmt.Errorf("rights: %s: %w", op, err)
	}
	return errors.Join(err, r.read(nil, []chat.ChatID{group}))
}

// find is locate, from memory where no record leads to the account.
func (r *Rights) find(tx store.Tx, account string) (at located, known bool, err error) {
	if at, known, err = locate(tx, account); known || err != nil {
		return at, known, err
	}
	a, known := r.Account(account)
	return located{a.Owner.Key(), a.Home.Key()}, known, nil
}
