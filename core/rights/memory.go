package rights

import (
	"errors"
	"fmt"
	"slices"

	"cartable/core/chat"
	"cartable/core/store"
)

// memory is a copy of the accounts and grants that can be read.
type memory struct {
	accounts map[string]Account         // by ID
	owned    map[chat.PersonID][]string // the IDs, in order
	shown    map[chat.ChatID][]Grant    // in a group
	groups   map[string][]chat.ChatID   // where an account is shown
}

func newMemory() memory {
	return memory{
		accounts: make(map[string]Account), owned: make(map[chat.PersonID][]string),
		shown: make(map[chat.ChatID][]Grant), groups: make(map[string][]chat.ChatID),
	}
}

// setOwned replaces what a person owns.
func (m *memory) setOwned(p chat.PersonID, list []Account) {
	for _, id := range m.owned[p] {
		delete(m.accounts, id)
	}
	delete(m.owned, p)
	slices.SortFunc(list, byAge)
	for _, a := range list {
		m.accounts[a.ID] = a
		m.owned[p] = append(m.owned[p], a.ID)
	}
}

// setShown replaces what is shown in a group.
func (m *memory) setShown(group chat.ChatID, list []Grant) {
	for _, g := range m.shown[group] {
		others := slices.DeleteFunc(m.groups[g.Account], func(c chat.ChatID) bool { return c == group })
		if m.groups[g.Account] = others; len(others) == 0 {
			delete(m.groups, g.Account)
		}
	}
	delete(m.shown, group)
	if len(list) == 0 {
		return
	}
	m.shown[group] = list
	for _, g := range list {
		m.groups[g.Account] = append(m.groups[g.Account], group)
	}
}

// Refresh reads again what is stored: of the accounts that are named, or everything when none is. Whoever has
// committed a change of an account calls it.
func (r *Rights) Refresh(ids ...string) error {
	if len(ids) == 0 {
		return r.readAll()
	}
	var owners []chat.PersonID
	var groups []chat.ChatID
	r.mu.RLock()
	for _, id := range ids { // as they were
		if a, known := r.memory.accounts[id]; known {
			owners = append(owners, a.Owner)
		}
		groups = append(groups, r.memory.groups[id]...)
	}
	r.mu.RUnlock()
	err := r.cfg.Store.View(func(tx store.Tx) error { // as they are
		for _, id := range ids {
			at, known, err := places.Get(tx, "", id)
			if err != nil {
				return err
			}
			if known {
				owners = append(owners, at.Owner)
			}
			if _, err := grantsOf.Each(tx, id, func(_ string, s grantedIn) error {
				groups = append(groups, s.Group)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrUnreadable) {
		return r.readAll()
	}
	return errors.Join(err, r.read(owners, groups))
}

// readAll replaces memory by what is stored.
func (r *Rights) readAll() error {
	r.reading.Lock()
	defer r.reading.Unlock()
	var owned map[chat.PersonID][]Account
	var shown map[chat.ChatID][]Grant
	var damaged int
	err := r.cfg.Store.View(func(tx store.Tx) error {
		owned, shown, damaged = make(map[chat.PersonID][]Account), make(map[chat.ChatID][]Grant), 0
		lost, err := accounts.All(tx, func(owner, id string, a Account) error {
			if a.Owner.Key() != owner || a.ID != id {
				damaged++
				return nil
			}
			owned[a.Owner] = append(owned[a.Owner], a)
			return nil
		})
		damaged += lost
		if err != nil {
			return err
		}
		lost, err = grants.All(tx, func(group, account string, g Grant) error {
			if g.Group.Key() != group || g.Account != account {
				damaged++
				return nil
			}
			shown[g.Group] = append(shown[g.Group], g)
			return nil
		})
		damaged += lost
		return err
	})
	if err != nil {
		return fmt.Errorf("rights: read: %w", err)
	}
	all := newMemory()
	for p, list := range owned {
		all.setOwned(p, list)
	}
	for group, list := range shown {
		all.setShown(group, list)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.memory, r.damaged = all, damaged
	return nil
}

// read replaces what is remembered of some people and groups by what is stored. What the store does not give is not
// shown any more.
func (r *Rights) read(owners []chat.PersonID, groups []chat.ChatID) error {
	r.reading.Lock()
	defer r.reading.Unlock()
	owned, shown := make(map[chat.PersonID][]Account), make(map[chat.ChatID][]Grant)
	err := r.cfg.Store.View(func(tx store.Tx) error {
		for _, p := range owners {
			owned[p] = nil
			if _, err := accounts.Each(tx, p.Key(), func(id string, a Account) error {
				if a.Owner == p && a.ID == id {
					owned[p] = append(owned[p], a)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		for _, group := range groups {
			shown[group] = nil
			if _, err := grants.Each(tx, group.Key(), func(account string, g Grant) error {
				if g.Group == group && g.Account == account {
					shown[group] = append(shown[group], g)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		for _, group := range groups {
			r.memory.setShown(group, nil)
		}
		return fmt.Errorf("rights: read: %w", err)
	}
	for p, list := range owned {
		r.memory.setOwned(p, list)
	}
	for group, list := range shown {
		r.memory.setShown(group, list)
	}
	return nil
}
