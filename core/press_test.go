package core_test

import (
	"runtime"
	"slices"
	"testing"

	"cartable/core/chat"
	simizly "cartable/sim/izly"
)

// queue hands messages over without waiting for their answers, and notes the order in which they are done.
type queue struct {
	s    seat
	h    chat.Handler
	done chan string
}

func (s seat) queue(a chat.Adapter) *queue {
	return &queue{s, s.p.r.engine.Handler(a), make(chan string, 64)}
}

func (q *queue) add(m chat.Message, name string) {
	q.s.p.t.Helper()
	m.ID, m.Chat, m.Person, m.Private = "message of "+name, q.s.chat, q.s.person, true
	if err := q.h(m, func() { q.done <- name }); err != nil {
		q.s.p.t.Fatal(err)
	}
}

func (q *queue) wants(name string) {
	q.s.p.t.Helper()
	if first := <-q.done; first != name {
		q.s.p.t.Errorf("%s was done, not %s", first, name)
	}
}

// slow has a command wait for the wallet's server until release is called.
func (q *queue) slow() (release func()) {
	release = q.s.p.r.izly.Hold("GetStatement")
	q.add(chat.Message{Text: "/historique 1"}, "history")
	for q.s.p.r.engine.Talk.Waiting() > 0 {
		runtime.Gosched()
	}
	return release
}

func (p *platform) said() (alerts, edits []string, answered int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.alerts), slices.Clone(p.edits), p.answered
}

// proposed has Anna ask for a top-up: confirm and cancel are the buttons of its summary.
func proposed(r *rig) (p *platform, anna seat, account simizly.Account, confirm, cancel string) {
	p = r.platform()
	anna = p.private("anna")
	account = (&phone{t: r.t, r: r, id: anna.chat, person: anna.person, private: true}).linkWallet(true)
	anna.say("/recharger 20")
	return p, anna, account, anna.choice("Payer").ID, anna.choice("Annuler").ID
}

// TestSecondTapIsToldAtOnce taps a settled top-up again while the chat is busy: it is told in a few words at once, and the
// receipt stays.
func TestSecondTapIsToldAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	p, anna, account, confirm, cancel := proposed(r)
	has(t, anna.deliver(chat.Message{Choice: confirm})[anna.chat], "effectué")
	_, receipt, _ := p.said()
	q := anna.queue(p)
	release := q.slow()
	for _, id := range []string{confirm, cancel, "0123456789abcdef0123456789abcdef"} {
		q.add(chat.Message{Choice: id}, "press")
		q.wants("press")
	}
	alerts, edits, _ := p.said()
	if len(alerts) != 3 || len(edits) != len(receipt) {
		t.Fatalf("told %q; replaced %q", alerts, edits)
	}
	has(t, alerts[0], "Déjà fait : 20,00 €")
	has(t, alerts[1], "Déjà fait : 20,00 €")
	has(t, alerts[2], "Ce bouton n'est plus valable")
	for _, a := range alerts[:2] {
		if n := len([]rune(a)); n > 100 {
			t.Errorf("%d characters: %s", n, a)
		}
	}
	release()
	q.wants("history")
	r.spent(account, 32_34, 1)
}

// TestSecondTapBehindTheFirst taps twice while the chat is busy: the first is answered at once and done in its turn, the
// second is told so; and a tap beside it that comes too late leaves the receipt.
func TestSecondTapBehindTheFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	p, anna, account, confirm, cancel := proposed(r)
	q := anna.queue(p)
	release := q.slow()
	q.add(chat.Message{Choice: confirm}, "confirm")
	q.add(chat.Message{Choice: confirm}, "again")
	q.wants("again")
	q.add(chat.Message{Choice: cancel}, "cancel") // nothing is decided yet: its turn comes
	for answered := 0; answered < 3; _, _, answered = p.said() {
		runtime.Gosched() // all three are answered while the history is not
	}
	alerts, _, _ := p.said()
	if len(alerts) != 1 {
		t.Errorf("told %q", alerts)
	}
	has(t, alerts[0], "Je m'en occupe déjà")
	release()
	for _, name := range []string{"history", "confirm", "cancel"} {
		q.wants(name)
	}
	_, edits, answered := p.said()
	if want := []string{"message of confirm"}; !slices.Equal(edits, want) || answered != 3 {
		t.Errorf("replaced %q, want %q; %d answers", edits, want, answered)
	}
	p.mu.Lock()
	last := p.replies[anna.chat][len(p.replies[anna.chat])-1]
	p.mu.Unlock()
	has(t, render(last), "a bien été fait, une seule fois")
	r.spent(account, 32_34, 1)
	has(t, anna.deliver(chat.Message{Choice: confirm})[anna.chat], "") // and what was under way is so no more
	if alerts, _, _ := p.said(); len(alerts) != 2 {
		t.Errorf("told %q", alerts)
	}
}

// TestSettledIsSaidInAMessage taps a settled top-up where the platform cannot answer presses.
func TestSettledIsSaidInAMessage(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	p := r.platform()
	anna := p.private("anna")
	(&phone{t: t, r: r, id: anna.chat, person: anna.person, private: true}).linkWallet(true)
	anna.say("/recharger 20")
	confirm := anna.choice("Payer").ID
	q := anna.queue(silent{p})
	for range 2 {
		q.add(chat.Message{Choice: confirm}, "press")
		q.wants("press")
	}
	q.add(chat.Message{Choice: "unknown"}, "press")
	q.wants("press")
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.replies[anna.chat])
	has(t, render(p.replies[anna.chat][n-3]), "effectué")
	has(t, render(p.replies[anna.chat][n-2]), "a bien été fait, une seule fois")
	has(t, render(p.replies[anna.chat][n-1]), "n'est plus valable")
	if len(p.edits) != 1 {
		t.Errorf("replaced %q", p.edits)
	}
}
