package terminal

import (
	"sync"

	"cartable/core/chat"
)

// picks remembers what a typed number stands for: an entry of the list of choices in the last reply. What was picked
// from it can be picked again at once, so that a second press reaches the engine as what it is.
type picks struct {
	mu      sync.Mutex
	choices []chat.Choice
	current bool // choices belong to the last reply
	expect  chat.Expect
	pressed map[string]bool // choices that the numbers typed last stood for
}

// shown takes note of a reply that is being printed.
func (p *picks) shown(r chat.Reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expect = r.Expect
	p.current = len(r.Choices) > 0
	if p.current {
		p.choices = r.Choices
	}
}

// expected is what the last reply waits for.
func (p *picks) expected() chat.Expect {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.expect
}

// picked returns the choice that line stands for.
func (p *picks) picked(line string) (id string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := chat.Pick(line, len(p.choices), p.expect, p.current)
	if !ok || !p.current && !p.pressed[p.choices[at].ID] { // a number is no choice of a list that another answer has replaced
		p.pressed = nil
		return "", false
	}
	c := p.choices[at]
	if p.pressed == nil {
		p.pressed = make(map[string]bool)
	}
	p.pressed[c.ID] = true
	return c.ID, true
}
