package talk

import (
	"slices"
	"strings"
	"sync"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// wordless are the words, folded, by which nothing that matters happens, whatever a button says: people say them of
// anything.
var wordless = []string{"oui", "yes", "ok", "d accord"}

// wordsLast is how long the word of a button counts.
const wordsLast = 5 * time.Minute

// words are what the buttons in the last reply of each private chat say when one of them decides on something that
// matters. Typed as the very next message, once that reply has reached the chat, the word of one counts as its press. They
// live in memory: after a restart people press.
type words struct {
	mu  sync.Mutex
	all map[chat.ChatID]shown
}

// shown are choices that reached a chat.
type shown struct {
	choices []chat.Choice
	at      time.Time
}

// note takes note of a reply that has reached a chat.
func (w *words) note(t *Turn, to chat.Target, r chat.Reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.all, to.Chat)
	risky := func(c chat.Choice) bool { return c.Risky }
	if _, own := t.adapter.(chat.Confirmer); own || !to.Private || !slices.ContainsFunc(r.Choices, risky) {
		return
	}
	// A command's own name does what the command does, whatever is on the screen.
	choices := slices.DeleteFunc(slices.Clone(r.Choices), func(c chat.Choice) bool { return parse(t.talk, c.Label).command != nil })
	w.all[to.Chat] = shown{choices, t.talk.cfg.Now()}
}

// take gives the ID of the button that says what a message does, or "", as it arrives, and forgets those of the chat.
func (w *words) take(m chat.Message, now time.Time) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.all[m.Chat]
	delete(w.all, m.Chat)
	word := spoken(m.Text)
	if !m.Private || m.Choice != "" || m.File != nil || word == "" || slices.Contains(wordless, word) || !store.Lasts(last.at, wordsLast, now) {
		return ""
	}
	for _, c := range last.choices {
		if spoken(c.Label) == word {
			return c.ID
		}
	}
	return ""
}

// Says tells whether a text is what a button says.
func Says(text, label string) bool { return spoken(text) == spoken(label) }

// spoken is a folded text in which a sum reads the same however it was written: "payer 20" for "Payer 20,00 €".
func spoken(text string) string {
	text = strings.NewReplacer("€", " ", "euros", " ").Replace(Bare(text))
	words := strings.Fields(text)
	for i, word := range words {
		word = strings.ReplaceAll(word, ",", ".")
		words[i] = strings.TrimSuffix(word, ".00")
	}
	return strings.Join(words, " ")
}
