package core

import (
	"context"
	"fmt"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
)

// forget logs out of an account, and removes all that is kept of it in every room at once.
func (e *Engine) forget(account string) error {
	a, found := e.Rights.Account(account)
	if !found {
		return nil
	}
	return e.forgetAll([]rights.Account{a}, func(store.Tx) error { return nil })
}

// erase removes all that is kept of a person and of their private chat, their admission too. A word that the platform
// alone vouches for erases only what is at home in this very chat.
func (e *Engine) erase(who rights.Who) error {
	return e.forgetAll(e.Rights.Owned(who), func(tx store.Tx) error {
		if err := e.Talk.ForgetPrivate(tx, who.Chat, who.Person); err != nil {
			return err
		}
		if who.Unverified {
			return nil
		}
		if err := e.Outbox.ForgetChat(tx, who.Chat); err != nil {
			return err
		}
		return e.Rights.ForgetPerson(tx, who.Person)
	})
}

// forgetAll removes accounts, and what also removes, in one transaction.
func (e *Engine) forgetAll(accounts []rights.Account, also func(store.Tx) error) error {
	shown := make(map[string][]chat.ChatID)
	for _, a := range accounts {
		shown[a.ID] = []chat.ChatID{a.Home}
		for _, g := range e.Rights.ShownOf(a.ID) {
			shown[a.ID] = append(shown[a.ID], g.Group)
		}
		if a.Kind == rights.School {
			e.Family.Logout(context.Background(), a.ID) // bounds itself
		}
	}
	if err := e.cfg.Store.Update(func(tx store.Tx) error {
		for _, a := range accounts {
			for _, c := range shown[a.ID] {
				if err := e.Talk.Forget(tx, c, a.ID); err != nil {
					return err
				}
			}
			for _, room := range []func(store.Tx, string) error{
				e.Rights.Forget, e.Family.Forget, e.Wallet.Forget, e.Watch.Forget, e.Outbox.Forget,
			} {
				if err := room(tx, a.ID); err != nil {
					return err
				}
			}
		}
		return also(tx)
	}); err != nil {
		return fmt.Errorf("core: forget: %w", err)
	}
	return e.refresh()
}
