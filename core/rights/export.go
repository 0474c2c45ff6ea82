package rights

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// What /mesdonnees tells. The names are part of what people keep; change them with care.
type (
	// ExportedAccount is what is kept here of an account.
	ExportedAccount struct {
		Kind    string          `json:"kind"`   // "school", "wallet"
		Label   string          `json:"label"`  // how its owner knows it
		Linked  time.Time       `json:"linked"` // when it was linked first
		Home    chat.ChatID     `json:"home"`   // the private chat
		ShownIn []ExportedGrant `json:"shown_in,omitempty"`
	}
	// ExportedGrant is a group where an account is shown.
	ExportedGrant struct {
		Group chat.ChatID `json:"group"`
		Pages []string    `json:"pages"` // "timetable", "homework", "grades", "wallet"
		Since time.Time   `json:"since"`
	}
	// ExportedPerson is what is kept here of a person.
	ExportedPerson struct {
		Admitted time.Time `json:"admitted,omitzero"` // when an invitation let them in
	}
)

// Export tells what is kept of an account; it returns ErrNotYours for one that is nobody's.
func (r *Rights) Export(tx store.Tx, account string) (ExportedAccount, error) {
	at, known, err := r.find(tx, account)
	if err != nil {
		return ExportedAccount{}, err
	}
	var a Account
	if known {
		a, known, err = accounts.Get(tx, at.owner, account)
	}
	switch {
	case err != nil:
		return ExportedAccount{}, err
	case !known:
		return ExportedAccount{}, ErrNotYours
	}
	x := ExportedAccount{Kind: string(a.Kind), Label: a.Label, Linked: a.Since, Home: a.Home}
	var groups []string
	if _, err := tx.Scan(grantsOf.Bucket, account, func(group string, _ []byte) error {
		groups = append(groups, group)
		return nil
	}); err != nil {
		return ExportedAccount{}, err
	}
	for _, group := range groups {
		g, found, err := store.Legible(grants.Get(tx, group, account))
		if err != nil {
			return ExportedAccount{}, err
		}
		if !found {
			continue
		}
		shown := ExportedGrant{Group: g.Group, Since: g.Since}
		for _, p := range g.Pages {
			shown.Pages = append(shown.Pages, string(p))
		}
		x.ShownIn = append(x.ShownIn, shown)
	}
	slices.SortFunc(x.ShownIn, func(a, b ExportedGrant) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Group.Key(), b.Group.Key()))
	})
	return x, nil
}

// ExportPerson tells what is kept of a person besides their accounts.
func (r *Rights) ExportPerson(tx store.Tx, p chat.PersonID) (ExportedPerson, error) {
	a, _, err := people.Get(tx, "", p.Key())
	if errors.Is(err, store.ErrUnreadable) {
		return ExportedPerson{}, nil // it admits nobody
	}
	return ExportedPerson{Admitted: a.Since}, err
}
