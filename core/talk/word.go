package talk

import (
	"slices"
	"sync"

	"cartable/core/chat"
	"cartable/i18n"
)

// wordless are the words, folded, by which nothing that matters happens, whatever a button says: people say them of
// anything.
var wordless = []string{"oui", "yes", "ok", "d accord"}

// words are what the buttons in the last reply of each private chat say when one of them decides on something that matters. Typed as
// the very next message, the word of one counts as its press. They live in memory: after a restart people press.
type words struct {
	mu  sync.Mutex
	all map[chat.ChatID][]chat.Choice
}

// note takes note of a reply that was sent to a chat.
func (w *words) note(t *Turn, r chat.Reply) {
	if _, own := t.adapter.(chat.Confirmer); own || !t.Private {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.ContainsFunc(r.Choices, func(c chat.Choice) bool { return c.Risky }) {
		w.all[t.Chat] = r.Choices
		return
	}
	delete(w.all, t.Chat)
}

// take gives the ID of the button that says a text, or "", and forgets those of the chat.
func (w *words) take(t *Turn, text string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	choices := w.all[t.Chat]
	delete(w.all, t.Chat)
	word := Bare(text)
	for _, not := range wordless {
		if word == not {
			return ""
		}
	}
	for _, c := range choices {
		if t.Private && word != "" && i18n.Fold(c.Label) == word {
			return c.ID
		}
	}
	return ""
}
