package core

import (
	"context"
	"errors"
	"fmt"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
)

// forget logs out of an account, and removes all that is kept of it in every room at once.
func (e *Engine) forget(ctx context.Context, account string) error {
	return e.forgetAll(ctx, []string{account}, func(store.Tx) error { return nil })
}

// erase removes all that is kept of a person and of their private chat, their admission too, also what cannot be read.
// A word that the platform alone vouches for erases only what is at home in this very chat.
func (e *Engine) erase(ctx context.Context, who rights.Who) error {
	ids, err := e.Rights.IDs(who)
	if err != nil {
		return fmt.Errorf("core: erase: %w", err)
	}
	return e.forgetAll(ctx, ids, func(tx store.Tx) error {
		if who.Unverified {
			return e.Talk.ForgetPrivate(tx, who.Chat)
		}
		return errors.Join(
			e.Talk.ForgetPrivate(tx, who.Chat), e.Talk.ForgetStarts(tx, who.Person),
			e.Outbox.ForgetChat(tx, who.Chat), e.Rights.ForgetPerson(tx, who.Person),
		)
	})
}

// forgetAll removes accounts, and what also removes, in one transaction.
func (e *Engine) forgetAll(ctx context.Context, ids []string, also func(store.Tx) error) error {
	chats := make(map[string][]chat.ChatID)
	for _, id := range ids {
		for _, g := range e.Rights.ShownOf(id) {
			chats[id] = append(chats[id], g.Group)
		}
		if a, found := e.Rights.Account(id); found {
			chats[id] = append(chats[id], a.Home)
		}
		e.Family.Logout(ctx, id) // nothing for what is no school
	}
	if err := e.cfg.Store.Update(func(tx store.Tx) error {
		for _, id := range ids {
			for _, c := range chats[id] {
				if err := e.Talk.Forget(tx, c, id); err != nil {
					return err
				}
			}
			for _, room := range []func(store.Tx, string) error{
				e.Rights.Forget, e.Family.Forget, e.Wallet.Forget, e.Watch.Forget, e.Outbox.Forget,
			} {
				if err := room(tx, id); err != nil {
					return err
				}
			}
		}
		return also(tx)
	}); err != nil {
		return fmt.Errorf("core: forget: %w", err)
	}
	return e.refresh(ids...)
}
