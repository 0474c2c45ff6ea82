package talk

import (
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// Prefs is the stored record of what a chat has chosen.
type Prefs struct {
	Lang  string `json:"lang,omitempty"`
	Child string `json:"child,omitempty"` // Key of the pupil that is meant when none is named
	// Until then a text in this private chat that is nothing else is taken for a secret: a question for one waits
	// or was given up.
	SecretUntil time.Time `json:"secret_until,omitzero"`

	// The group from which the person came to link an account, until they have.
	ShowIn      *chat.ChatID `json:"show_in,omitempty"`
	ShowInTitle string       `json:"show_in_title,omitempty"`
}

var (
	// chats: name: the chat's key.
	chats = store.Table[Prefs]{Bucket: "chats"}
	// moved: name: the key of a chat that its platform has given a new name; value: the new one.
	moved = store.Table[chat.ChatID]{Bucket: "moved"}
)

// maxMoves bounds how many new names of one chat are followed.
const maxMoves = 16

// Current is the present name of a chat: what was noted of it before may have its old one.
func (t *Talk) Current(c chat.ChatID) (chat.ChatID, error) {
	err := t.cfg.Store.View(func(tx store.Tx) error {
		for range maxMoves {
			next, found, err := moved.Get(tx, "", c.Key())
			if err != nil || !found {
				return err
			}
			c = next
		}
		return nil
	})
	return c, err
}

// MoveChat makes everything kept for a chat that of another: its platform has given it a new name.
func (t *Talk) MoveChat(tx store.Tx, old, to chat.ChatID) error {
	if old == to {
		return nil
	}
	if prefs, found, err := chats.Get(tx, "", old.Key()); err == nil && found { // an unreadable one is not worth an error
		if err := chats.Put(tx, "", to.Key(), prefs); err != nil {
			return err
		}
	}
	if err := chats.Delete(tx, "", old.Key()); err != nil {
		return err
	}
	if err := moveChoices(tx, old, to); err != nil {
		return err
	}
	return moved.Put(tx, "", old.Key(), to)
}

// ForgetPrivate removes what a private chat has chosen, and its open buttons.
func (t *Talk) ForgetPrivate(tx store.Tx, c chat.ChatID) error {
	if err := chats.Delete(tx, "", c.Key()); err != nil {
		return err
	}
	return deleteChoices(tx, c.Key())
}

// ForgetStarts removes what stands behind the deep links of a person.
func (t *Talk) ForgetStarts(tx store.Tx, p chat.PersonID) error {
	return deleteChoices(tx, startsOf(p))
}

// PrefsOf reads what a chat has chosen; the defaults where that cannot be read.
func PrefsOf(tx store.Tx, c chat.ChatID) (Prefs, error) {
	prefs, _, err := chats.Get(tx, "", c.Key())
	return prefs, err
}

// PutPrefs writes what a chat has chosen; for the steps of a migration.
func PutPrefs(tx store.Tx, c chat.ChatID, p Prefs) error { return chats.Put(tx, "", c.Key(), p) }

// prefs reads what the chat has chosen. With an error they are the default ones.
func prefs(t *Talk, c chat.ChatID) (p Prefs, err error) {
	err = t.cfg.Store.View(func(tx store.Tx) (err error) {
		p, err = PrefsOf(tx, c)
		return err
	})
	return p, err
}
