package core

import (
	"context"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/store"
)

// What adapters ask of the core.

// Admitted tells whether a person may use the bot.
func (e *Engine) Admitted(p chat.PersonID) (bool, error) { return e.Rights.Admitted(p) }

// Admin tells whether a person is one of the operator's.
func (e *Engine) Admin(p chat.PersonID) bool { return e.Rights.Admin(p) }

// Takes tells whether a message is to be taken in, before it is stored or handed over; see talk.Takes.
func (e *Engine) Takes(m chat.Message) bool { return e.Talk.Takes(m) }

// Present notes that a chat can be written to or not: a person has blocked the bot or let it in again, a group
// has removed or added it. Nothing is sent unasked to a chat that is gone.
func (e *Engine) Present(c chat.ChatID, present bool) error { return e.Outbox.Present(c, present) }

// Words says a sentence in the language of a chat. args are pairs of a name and a value.
func (e *Engine) Words(c chat.ChatID, what chat.Notice, args ...any) string {
	return e.Talk.Printer(c).T(string(what), args...)
}

// CommandList lists the commands for what a platform shows of them.
func (e *Engine) CommandList(lang string, private bool) []chat.Command {
	return e.Talk.CommandList(lang, private)
}

// About describes the bot for a platform's profile: up to 512 characters, and up to 120.
func (e *Engine) About(lang string) (long, brief string) {
	p := e.catalog.Printer(lang)
	return p.T("about.long"), p.T("about.brief")
}

// Disown forgets every account of a person, as if they had unlinked each of them: their platform says that
// they may be somebody else now.
func (e *Engine) Disown(ctx context.Context, p chat.PersonID) error {
	ids, err := e.Rights.IDs(rights.Who{Person: p})
	if err != nil {
		return err
	}
	return e.forgetAll(ctx, ids, func(store.Tx) error { return nil })
}
