package rights

import (
	"errors"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// The records. Those of an owner, of a chat or of an account stand together, so that none of them is found by going
// through all; places, homes and grantsOf lead to them.
var (
	accounts = store.Table[Account]{Bucket: "accounts"}                // group: the owner's key; name: ID
	places   = store.Table[place]{Bucket: "account_places"}            // group: none; name: account
	homes    = store.Table[home]{Bucket: "account_homes"}              // group: key of the home chat; name: account
	grants   = store.Table[Grant]{Bucket: "grants"}                    // group: key of the group chat; name: account
	grantsOf = store.Table[grantedIn]{Bucket: "account_grants"}        // group: account; name: key of the group chat
	people   = store.Table[admission]{Bucket: "people"}                // group: none; name: the person's key
	used     = store.Table[usedInvitation]{Bucket: "used_invitations"} // group: none; name: the invitation's identifier
)

// place says where the record of an account is, and where it is at home; it helps to remove one that cannot be read.
type place struct {
	Owner chat.PersonID `json:"owner"`
	Home  chat.ChatID   `json:"home"`
}

// home says whose account is at home in a chat.
type home struct {
	Owner chat.PersonID `json:"owner"`
}

// grantedIn says that there is a grant in a group.
type grantedIn struct {
	Group chat.ChatID `json:"group"`
}

// admission is a person who was let in.
type admission struct {
	Since time.Time `json:"since"`
}

// usedInvitation is an invitation that has admitted somebody.
type usedInvitation struct {
	Until time.Time `json:"until"` // it expires by itself then
}

// PutAccount writes an account and what leads to it, over one of the same ID and owner, whose Since it keeps. It
// returns ErrNotYours when the ID is another person's. Outside of this package it is for the steps of a migration.
func PutAccount(tx store.Tx, a Account) error {
	at, known, err := locate(tx, a.ID)
	switch {
	case err != nil:
		return err
	case known && at.owner != a.Owner.Key():
		return ErrNotYours
	case known && at.home != a.Home.Key():
		if err := homes.Delete(tx, at.home, a.ID); err != nil {
			return err
		}
	}
	old, known, err := store.Legible(accounts.Get(tx, a.Owner.Key(), a.ID))
	if err != nil {
		return err
	}
	if known {
		a.Since = old.Since
	}
	return errors.Join(
		accounts.Put(tx, a.Owner.Key(), a.ID, a),
		places.Put(tx, "", a.ID, place{a.Owner, a.Home}),
		homes.Put(tx, a.Home.Key(), a.ID, home{a.Owner}),
	)
}

// PutGrant writes a grant and what leads to it. It does not ask whose the account is: outside of this package it
// is for the steps of a migration.
func PutGrant(tx store.Tx, g Grant) error {
	return errors.Join(
		grants.Put(tx, g.Group.Key(), g.Account, g),
		grantsOf.Put(tx, g.Account, g.Group.Key(), grantedIn{g.Group}),
	)
}

// PutPerson writes that a person was let in; for the steps of a migration.
func PutPerson(tx store.Tx, p chat.PersonID, since time.Time) error {
	return people.Put(tx, "", p.Key(), admission{since})
}

// PutUsedInvitation writes that an invitation was used; for the steps of a migration.
func PutUsedInvitation(tx store.Tx, id string, until time.Time) error {
	return used.Put(tx, "", id, usedInvitation{until})
}

func deleteGrant(tx store.Tx, group, account string) error {
	return errors.Join(grants.Delete(tx, group, account), grantsOf.Delete(tx, account, group))
}

// located are the keys of an account's owner and home. The home may be unknown.
type located struct{ owner, home string }

// locate finds an account, also when it cannot be read itself. Where the record that leads to it cannot be read
// either, it goes through all accounts.
func locate(tx store.Tx, account string) (at located, known bool, err error) {
	p, known, err := places.Get(tx, "", account)
	if !errors.Is(err, store.ErrUnreadable) && (!known || p.Owner != chat.PersonID{}) {
		return located{p.Owner.Key(), p.Home.Key()}, known, err
	}
	if _, err = tx.All(accounts.Bucket, func(group, name string, _ []byte) error {
		if name == account {
			at.owner, known = group, true
		}
		return nil
	}); err != nil || !known {
		return at, known, err
	}
	a, legibly, err := store.Legible(accounts.Get(tx, at.owner, account))
	if legibly {
		at.home = a.Home.Key()
	}
	return at, true, err
}
