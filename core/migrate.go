package core

import "errors"

// MigrateChat makes everything kept for a chat that of another: a platform has given it a new name, as
// Telegram does when a group becomes a supergroup. It blocks on the store.
func (e *Engine) MigrateChat(old, to ChatID) error {
	err := e.cfg.Store.Update(func(tx Tx) error {
		return errors.Join(
			rename(tx, settings, func(key string, s chatSettings) (string, chatSettings, bool) {
				return chatKey(to), s, key == chatKey(old)
			}),
			rename(tx, showings, func(_ string, s showing) (string, showing, bool) {
				moved := s
				moved.Group = to
				return moved.key(), moved, s.Group == old
			}),
			rename(tx, choices, func(id string, c choice) (string, choice, bool) {
				moved := c
				moved.Chat = to
				return id, moved, c.Chat == old
			}),
			rename(tx, proposals, func(id string, p proposal) (string, proposal, bool) {
				moved := p
				moved.Chat = to
				return id, moved, p.Chat == old
			}),
		)
	})
	return errors.Join(err, e.loadShowings())
}

// rename writes the records that change picks under their new key.
func rename[T any](tx Tx, t table[T], change func(key string, record T) (to string, changed T, picked bool)) error {
	type renamed struct {
		from, to string
		record   T
	}
	var all []renamed
	err := t.each(tx, func(key string, record T) error {
		if to, changed, picked := change(key, record); picked {
			all = append(all, renamed{key, to, changed})
		}
		return nil
	})
	for _, r := range all {
		err = errors.Join(err, t.delete(tx, r.from), t.put(tx, r.to, r.record))
	}
	return err
}
