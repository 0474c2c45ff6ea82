package core_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
)

// A press that cannot be taken leaves the message with its buttons where it is: they are needed again.
func TestBusyTakesNoButtonsAway(t *testing.T) {
	t.Parallel()
	for _, tells := range []bool{true, false} { // whether the platform can tell the one who pressed alone
		r := newRig(t, rigOptions{})
		p := r.platform()
		anna := p.private("anna")
		(&phone{t: t, r: r, id: anna.chat, person: anna.person, private: true}).linkWallet(true)
		anna.say("/recharger 20")
		confirm := anna.choice("Payer")
		release := r.izly.Hold("GetStatement")
		var adapter chat.Adapter = p
		if !tells {
			adapter = silent{p}
		}
		handle := r.engine.Handler(adapter)
		done := make(chan string, 64)
		const most = 21 // one being answered and twenty waiting
		for n := range most {
			m := chat.Message{Chat: anna.chat, Person: anna.person, Private: true, Text: "/historique 1"}
			if err := handle(m, func() { done <- "history" }); err != nil {
				t.Fatal(err)
			}
			for n == 0 && r.engine.Talk.Waiting() > 0 {
				runtime.Gosched() // until the first is being answered
			}
		}
		p.mu.Lock()
		p.replies[anna.chat] = nil
		p.mu.Unlock()
		press := chat.Message{ID: "carrier", Chat: anna.chat, Person: anna.person, Private: true, Choice: confirm.ID}
		if err := handle(press, func() { done <- "press" }); err != nil {
			t.Fatal(err)
		}
		if first := <-done; first != "press" {
			t.Errorf("%s was done before", first)
		}
		p.mu.Lock()
		said := strings.Join(p.alerts, "\n")
		for _, reply := range p.replies[anna.chat] {
			said += render(reply)
		}
		edits := p.edits
		p.mu.Unlock()
		has(t, said, "Trop de messages à la fois")
		if len(edits) > 0 {
			t.Errorf("messages were replaced: %v", edits)
		}
		release()
		for range most {
			<-done
		}
		has(t, anna.deliver(chat.Message{Choice: confirm.ID})[anna.chat], "effectué")
	}
}

// silent is a platform that cannot tell one person alone why a press does not count.
type silent struct{ p *platform }

func (s silent) Name() string                            { return s.p.Name() }
func (s silent) Run(context.Context, chat.Handler) error { return nil }
func (s silent) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	return s.p.Send(ctx, to, r)
}

// What is asked in a group and answered in private comes in the order of the private chat.
func TestPrivateAnswersKeepTheOrderOfTheirChat(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	p := r.platform()
	anna, group := p.private("anna"), p.group("Famille", "anna")
	(&phone{t: t, r: r, id: anna.chat, person: anna.person, private: true}).linkWallet(true)
	release := r.izly.Hold("GetStatement")
	handle := r.engine.Handler(p)
	done := make(chan struct{}, 2)
	for _, m := range []chat.Message{
		{Chat: anna.chat, Person: anna.person, Private: true, Text: "/historique 1"},
		{Chat: group.chat, Person: anna.person, Title: "Famille", Text: "/solde"},
	} {
		if err := handle(m, func() { done <- struct{}{} }); err != nil {
			t.Fatal(err)
		}
	}
	release()
	<-done
	<-done
	p.mu.Lock()
	defer p.mu.Unlock()
	var titles []string
	for _, reply := range p.replies[anna.chat] {
		titles = append(titles, reply.Title)
	}
	if strings.Join(titles, ", ") != "Dernières opérations Izly, Solde Izly" {
		t.Errorf("answered in the order %q", titles)
	}
	has(t, render(p.replies[group.chat][0]), "je vous ai répondu en privé")
}

// TestALostTopUpIsToldWhereItsOwnerIsNow: not in the room where it was confirmed, which its owner has left.
func TestALostTopUpIsToldWhereItsOwnerIsNow(t *testing.T) {
	t.Parallel()
	for what, move := range map[string]func(r *rig, c *phone){
		"another private chat": func(r *rig, c *phone) { c.Say("/aide") },
		"a new name of the chat": func(r *rig, c *phone) {
			if err := r.engine.MoveChat(chat.ChatID{Platform: "test", ID: "camille"}, c.id); err != nil {
				t.Error(err)
			}
			c.handler()
		},
	} {
		r := newRig(t, rigOptions{})
		old := r.chat("camille")
		old.linkWallet(true)
		r.izly.DropAnswer("MoneyInCbConfirm", false)
		old.Say("/recharger 20")
		old.wants(old.Press("Payer"), "perdue")
		now := r.chat("camille")
		now.id.ID = "upgraded"
		move(r, now)
		old.mu.Lock()
		old.replies = nil
		old.mu.Unlock()
		now.wants(now.later(time.Minute), "Je vous devais une réponse", "a bien été fait")
		if told := old.text(); told != "" {
			t.Errorf("%s: told in the old room:\n%s", what, told)
		}
	}
}

// watchful is a store that notices who goes through a whole bucket.
type watchful struct {
	store.Store
	armed, seen atomic.Int32
}

func (w *watchful) View(fn func(store.Tx) error) error {
	return w.Store.View(func(tx store.Tx) error { return fn(watchfulTx{tx, w}) })
}

func (w *watchful) Update(fn func(store.Tx) error) error {
	return w.Store.Update(func(tx store.Tx) error { return fn(watchfulTx{tx, w}) })
}

type watchfulTx struct {
	store.Tx
	w *watchful
}

func (t watchfulTx) All(bucket string, fn func(group, name string, value []byte) error) (int, error) {
	if t.w.armed.Load() > 0 {
		t.w.seen.Add(1)
		return 0, errors.New("gone through " + bucket)
	}
	return t.Tx.All(bucket, fn)
}

// TestNoMessageGoesThroughABucket: what a message costs does not grow with the number of chats.
func TestNoMessageGoesThroughABucket(t *testing.T) {
	t.Parallel()
	w := &watchful{}
	r := newRig(t, rigOptions{store: func(s store.Store) store.Store {
		w.Store = s
		return w
	}})
	c := r.chat("claire")
	c.linkParent()
	c.linkWallet(true)
	w.armed.Store(1)
	for _, line := range []string{
		"/aide", "/edt", "/edt semaine", "/notes", "/devoirs", "/solde", "/historique", "/recharger 20", "/annuler", "/enfant hugo",
		"/langue fr", "/alertes", "/mesdonnees", "/confidentialite", "/deconnexion", "n'importe quoi",
	} {
		c.refuses(c.Say(line), "Quelque chose s'est mal passé")
	}
	c.Say("/recharger 20")
	c.wants(c.Press("Payer"), "effectué")
	if err := r.engine.CleanUp(); err != nil {
		t.Error(err)
	}
	if n := w.seen.Load(); n > 0 {
		t.Errorf("%d buckets were gone through", n)
	}
	w.armed.Store(0)
}
