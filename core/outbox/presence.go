package outbox

import (
	"fmt"

	"cartable/core/chat"
	"cartable/core/store"
)

// Present notes that a chat can be written to or not: a person has blocked the bot or let it in again, a group has
// removed or added it. Nothing is sent unasked to a chat that is gone, and what waited for it is dropped. It writes
// only what is new.
func (o *Outbox) Present(c chat.ChatID, present bool) error {
	var absent bool
	var waiting int
	read := func(tx store.Tx) (err error) {
		if absent, err = isGone(tx, c.Key()); err != nil || present {
			return err
		}
		waiting = 0
		damaged, err := tx.Scan(letters.Bucket, c.Key(), func(string, []byte) error { waiting++; return nil })
		waiting += damaged
		return err
	}
	if err := o.cfg.Store.View(read); err != nil {
		return fmt.Errorf("outbox: presence: %w", err)
	}
	if absent == !present && waiting == 0 {
		return nil
	}
	var removed int
	if err := o.cfg.Store.Update(func(tx store.Tx) (err error) {
		if present {
			return gone.Delete(tx, "", c.Key())
		}
		if removed, err = removeAll(tx, c.Key()); err != nil {
			return err
		}
		return gone.Put(tx, "", c.Key(), goneSince{o.cfg.Now()})
	}); err != nil {
		return fmt.Errorf("outbox: presence: %w", err)
	}
	drop(o, removed, "chat gone")
	return look(o, c)
}

// Gone tells whether a chat cannot be written to. A record of it that cannot be read says that it is gone.
func (o *Outbox) Gone(c chat.ChatID) (absent bool, err error) {
	if err := o.cfg.Store.View(func(tx store.Tx) (err error) {
		absent, err = isGone(tx, c.Key())
		return err
	}); err != nil {
		return false, fmt.Errorf("outbox: presence: %w", err)
	}
	return absent, nil
}

func isGone(tx store.Tx, key string) (bool, error) {
	_, found, err := gone.Get(tx, "", key)
	if store.Unreadable(err) {
		return true, nil
	}
	return found, err
}
