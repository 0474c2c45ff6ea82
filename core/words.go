package core

// Words says a sentence in the language of a chat. args are pairs of a name and a value.
func (e *Engine) Words(chat ChatID, what Notice, args ...any) string {
	t, err := e.newTurn(nil, Message{Chat: chat})
	if err != nil {
		e.logger(chat).Warn("settings unreadable", "error", err) // the default language will do
	}
	return t.p.T(string(what), args...)
}

// Disown forgets every account of a person, as if they had unlinked each of them: their platform says that
// they may be somebody else now.
func (e *Engine) Disown(p PersonID) error {
	t := &turn{e: e, msg: Message{Person: p, Private: true}}
	for _, l := range t.owned() {
		t, err := e.newTurn(nil, Message{Chat: l.Chat, Person: p, Private: true})
		if err != nil {
			return err
		}
		if _, err := t.unlink(l.ID); err != nil {
			return err
		}
	}
	return nil
}
