package terminal

import (
	"sync"

	"cartable/core/chat"
)

// picks remembers what a typed number stands for: an entry of the list of choices shown last. A list
// holds until the next one is shown, so that a second press reaches the engine as what it is; but what is risky in it
// is pressed first while its reply is the last one.
type picks struct {
	mu      sync.Mutex
	choices []chat.Choice
	current bool // choices belong to the last reply
	expect  chat.Expect
	pressed map[string]bool // choices that a number stood for
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
	if !ok {
		return "", false
	}
	c := p.choices[at]
	if c.Risky && !p.current && !p.pressed[c.ID] { // a number that answers something else must not spend anything
		return "", false
	}
	if p.pressed == nil {
		p.pressed = make(map[string]bool)
	}
	p.pressed[c.ID] = true
	return c.ID, true
}
