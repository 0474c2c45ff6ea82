package telegram

import (
	"errors"
	"strconv"

	"cartable/core/chat"
)

// dispatch hands a stored update over, which may be one that an earlier run has left. It waits for nothing but the
// disk; mu is held, so that updates go over in their order.
func (a *Adapter) dispatch(seq uint64, u *update, left bool) {
	me, _ := a.self.known()
	switch u.sort(me) {
	case aMessage, aPress:
		a.pass(seq, u, left)
	case deadPress:
		a.work.Go(func() {
			_ = a.answerQuery(a.life, u.Query.ID, "") // nobody would miss it
			a.forget(seq)
		})
	case migration:
		a.settle(seq, a.migrated(u.Message))
	case membership:
		a.settle(seq, a.moved(u.Member))
	default: // it was for a name that the bot no longer has
		a.forget(seq)
	}
}

// pass gives a message or press to the engine.
func (a *Adapter) pass(seq uint64, u *update, left bool) {
	m := a.toCore(u)
	if left {
		m.Left = strconv.FormatInt(u.ID, 10)
	}
	where := u.Message
	if u.Query != nil {
		where = u.Query.Message
		a.presses.add(m.Ref)
	}
	quiet := a.typing(where)
	err := a.handle(m, func() {
		quiet()
		if a.presses.take(m.Ref) {
			_ = a.answerQuery(a.life, m.Ref, "") // the person only waits a little longer
		}
		a.forget(seq)
	})
	if err == nil {
		a.counters.messages.Add(1)
		return
	}
	quiet()
	a.presses.take(m.Ref)
	if !errors.Is(err, chat.ErrClosed) {
		a.log.Error("message not taken", "error", err)
	}
	a.quit() // it stays in the store for the next start, and so does what comes after it
}

// forget takes a handled update out of the store.
func (a *Adapter) forget(seq uint64) {
	if err := a.inbox.remove(seq); err != nil {
		a.log.Error("handled update not removed, it will be handled again at the next start", "error", err)
	}
}

// settle forgets an update that concerns the adapter alone, unless it could not be acted on: then it is
// tried again at the next start.
func (a *Adapter) settle(seq uint64, err error) {
	if err != nil {
		a.log.Error("change of a chat not noted", "error", err)
		return
	}
	a.forget(seq)
}

// migrated tells the core the new name of a group. Telegram tells it twice, in the old group and in the
// new one, in either order.
func (a *Adapter) migrated(m *message) error {
	old, to := m.Chat.ID, m.MigrateTo
	if to == 0 {
		old, to = m.MigrateFrom, m.Chat.ID
	}
	return a.migrate(old, to)
}

func (a *Adapter) migrate(old, to int64) error {
	if a.cfg.Migrate == nil {
		return nil
	}
	return a.cfg.Migrate(chatID(old), chatID(to))
}

// moved tells the core whether the bot is still in a chat.
func (a *Adapter) moved(m *myMember) error {
	if a.cfg.Present == nil {
		return nil
	}
	present := true
	switch m.New.Status {
	case "left", "kicked": // in a private chat, "kicked" is blocked
		present = false
	case "restricted":
		present = m.New.IsMember
	}
	return a.cfg.Present(chatID(m.Chat.ID), present)
}
