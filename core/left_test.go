package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// crash is an end that nobody asked for.
func (r *rig) crash() {
	r.t.Helper()
	if err := r.vault.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

// pass hands a message over as an adapter does that keeps messages; left tells whether an earlier run left it.
func (c *phone) pass(text string, left bool) (done <-chan struct{}) {
	c.t.Helper()
	c.next++
	m := chat.Message{ID: fmt.Sprint(c.next), Chat: c.id, Person: c.person, Private: c.private, Text: text}
	if left {
		m.Left = c.id.ID + " " + text
	}
	ended := make(chan struct{})
	if err := c.handler()(m, func() { close(ended) }); err != nil {
		c.t.Fatal(err)
	}
	return ended
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// soon waits for a message that was handed over.
func (r *rig) soon(done <-chan struct{}) {
	r.t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		r.t.Fatal("never handled")
	}
}

const setAside = "arrêté net deux fois"

// TestAMessageThatKills has the program end in a message, twice. It is not read a third time, the others are, and
// nobody else's is blamed.
func TestAMessageThatKills(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	anna, kim, bob := r.chat("anna"), r.chat("kim"), r.chat("bob")
	kim.linkWallet(true)
	release := r.izly.Hold("GetStatement")
	defer release()
	anna.pass("/langue fr", false)
	kim.pass("/historique 1", false)
	r.waitHeld("GetStatement")
	r.crash() // which of them it was, nobody knows

	release = r.izly.Hold("GetStatement")
	defer release()
	first := anna.pass("/aide", true)
	kim.pass("/historique 1", true)
	behind := bob.pass("/aide", true)
	later := anna.pass("/confidentialite", false)
	r.waitHeld("GetStatement")
	r.soon(first)
	if isDone(behind) || isDone(later) {
		t.Error("others are handled beside a message that may end the program")
	}
	r.crash() // now it is known

	killer := kim.pass("/historique 1", true)
	behind = bob.pass("/aide", true)
	later = anna.pass("/confidentialite", true)
	r.soon(killer)
	r.soon(behind)
	r.soon(later)
	kim.wants(kim.text(), setAside)
	for _, other := range []*phone{anna, bob} {
		other.refuses(other.text(), setAside)
	}
	bob.wants(bob.text(), "Ce que je sais faire ici")
	if n := r.engine.Talk.SetAside(); n != 1 {
		t.Errorf("%d set aside", n)
	}
	if !strings.Contains(r.log.String(), "set aside") {
		t.Error("it is not in the log")
	}
	if err := r.vault.View(func(tx store.Tx) error {
		_, err := tx.All("trials", func(_, name string, _ []byte) error {
			t.Errorf("it is still noted that %s was tried", name)
			return nil
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	kim.wants(kim.Say("/historique 1"), "RU Évariste-Galois") // typed anew it is another message
}

// TestAStopBlamesNobody has a message under way when the program is asked to stop, and when it is so again while the
// message is tried alone.
func TestAStopBlamesNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	kim, bob := r.chat("kim"), r.chat("bob")
	kim.linkWallet(true)
	r.crash()
	for range 3 {
		release := r.izly.Hold("GetStatement")
		defer release()
		kim.pass("/historique 1", true)
		r.waitHeld("GetStatement")
		r.stopNow()
		r.restart()
	}
	r.soon(kim.pass("/historique 1", true))
	kim.wants(kim.text(), "RU Évariste-Galois")

	release := r.izly.Hold("GetStatement")
	defer release()
	kim.pass("/historique 2", false)
	r.waitHeld("GetStatement")
	r.stopNow()
	r.restart()
	release = r.izly.Hold("GetStatement")
	done := kim.pass("/historique 2", true)
	r.waitHeld("GetStatement")
	r.soon(bob.pass("/aide", true)) // beside it: there was no crash
	release()
	r.soon(done)

	release = r.izly.Hold("GetStatement")
	defer release()
	r.crash() // after a start that followed a stop
	kim.pass("/historique 3", true)
	r.waitHeld("GetStatement")
	behind := bob.pass("/aide", true)
	stopped := make(chan error, 1)
	go func() { stopped <- r.engine.Shutdown(context.Background()) }() // it waits for all that has begun
	r.waitClosing()
	release()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if isDone(behind) {
		t.Error("handled beside a message that may end the program")
	}
}

// waitClosing waits until a stop takes no more messages.
func (r *rig) waitClosing() {
	r.t.Helper()
	late := r.chat("late")
	for handle := late.handler(); ; time.Sleep(time.Millisecond) {
		m := chat.Message{Chat: late.id, Person: late.person, Private: true, Text: "/aide", Left: "late"}
		if err := handle(m, func() {}); errors.Is(err, chat.ErrClosed) {
			return
		} else if err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestAMessageLeftOverComesBeforeNewOnes of its chat, also where it has to wait for others.
func TestAMessageLeftOverComesBeforeNewOnes(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	kim, bob := r.chat("kim"), r.chat("bob")
	kim.linkWallet(true)
	r.crash()
	release := r.izly.Hold("GetStatement")
	kim.pass("/historique 1", true)
	left := bob.pass("/premier", true)
	fresh := bob.pass("/second", false)
	r.waitHeld("GetStatement")
	if isDone(left) || isDone(fresh) {
		t.Error("handled beside a message that may end the program")
	}
	release()
	r.soon(left)
	r.soon(fresh)
	if text := bob.text(); strings.Index(text, "/premier") > strings.Index(text, "/second") {
		t.Errorf("out of order:\n%s", text)
	}
}
