package core

// Present notes that a chat can be written to or not: a person has blocked the bot or let it in again, a group
// has removed or added it. Nothing is sent unasked to a chat that is gone.
func (e *Engine) Present(chat ChatID, present bool) error {
	return e.cfg.Store.Update(func(tx Tx) error {
		s, _, err := settings.get(tx, chatKey(chat))
		if err != nil || s.Gone == !present {
			return err
		}
		s.Gone = !present
		return settings.put(tx, chatKey(chat), s)
	})
}
