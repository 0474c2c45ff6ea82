package core_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"cartable/core/chat"
)

func TestWhatPeopleType(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.linkParent()
	for _, tt := range []struct{ say, want string }{
		{"/etd", "Vouliez-vous dire /edt ?"},
		{"/note maths", "# Léa – notes, "},
		{"/notse maths", "Vouliez-vous dire /notes maths ?"},
		{"devoir", "# Léa – devoirs du "},
		{"devoris demain", "# Léa – devoirs pour demain, mercredi 18 novembre"},
		{"/rechager 20", "/recharger 20"},
		{"BONJOUR !", "Bonjour, je suis Cartable"},
		{"Aide", "Ce que je sais faire ici"},
		{"/xyzzy", "Je ne connais pas la commande /xyzzy"},
		{"emploi du temps de demain", "# Léa – demain, mercredi 18 novembre"},
		{"devoirs pour demain", "# Léa – devoirs pour demain, mercredi 18 novembre"},
		{"quelle heure est-il", "Je n'ai pas compris"},
		{"/", "/aide"},
		{"//", "Je n'ai pas compris"},
		{"mes notes", "# Léa – notes, "},
		{"Les devoirs de demain ?", "# Léa – devoirs pour demain, mercredi 18 novembre"},
		{"quel est mon solde ?", "Aucun compte Izly"},
		{"mes devoris", "# Léa – devoirs du "},
		{"merci", "Avec plaisir"},
		{"j'ai quoi demain", "# Léa – demain, mercredi 18 novembre"},
		{"hugo demain", "# Hugo – demain, mercredi 18 novembre"},
		{"à quelle heure je commence demain ?", "Léa commence à "},
		{"notes hist geo", "## Histoire-géo"},
		{"grades french", "## Français"},
		{"combien il me reste", "Aucun compte Izly"},
		{"rgpd", "# Ce que je garde"},
		{"on mange quoi demain", "Vouliez-vous dire /edt demain ?"},
		{"/emploi du temps demain", "# Léa – demain, mercredi 18 novembre"},
		{"/edt\tdemain", "# Léa – demain, mercredi 18 novembre"},
		{"/edt\ndemain", "# Léa – demain, mercredi 18 novembre"},
		{"/EDT  demain  LÉA", "# Léa – demain, mercredi 18 novembre"},
		{"\xff\xfe/edt demain", "# Léa – demain, mercredi 18 novembre"},
		{"\xff\xfe", ""},
		{"   ", ""},
		{"", ""},
		{"\x00", "pas compris"},
		{strings.Repeat("é", chat.MaxText), "par exemple /edt demain"},
		{"/etd " + strings.Repeat("x", 3000), "Vouliez-vous dire /edt ?"},
	} {
		answer := c.Say(tt.say)
		if !strings.Contains(answer, tt.want) || (answer == "") != (tt.want == "") {
			t.Errorf("%.40q: want %q, got:\n%s", tt.say, tt.want, answer)
		}
		if len(answer) > 4000 {
			t.Errorf("%.40q: an answer of %d bytes", tt.say, len(answer))
		}
		for _, label := range c.labels() {
			if len(label) > 100 {
				t.Errorf("%.40q: a button of %d bytes", tt.say, len(label))
			}
		}
	}
	c.Say("/etd demain")
	c.wants(c.Press("/edt demain"), "# Léa – demain, mercredi 18 novembre")
}

func TestGroupsAreLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("group")
	c.private = false
	for _, line := range []string{"bonjour", "notes", "solde", "quelqu'un a les devoirs ?", strings.Repeat("bla ", chat.MaxText)} {
		if answer := c.Say(line); answer != "" {
			t.Errorf("%q was answered:\n%s", line, answer)
		}
	}
}

func TestPanicsAreAnswered(t *testing.T) {
	t.Parallel()
	store := new(flakyStore)
	r := newRig(t, rigOptions{store: store.wrap})
	c := r.chat("ana")
	store.panicking(true)
	answer := c.Say("/langue en")
	store.panicking(false)
	c.wants(answer, "Quelque chose s'est mal passé de mon côté (référence ")
	c.refuses(answer, "upside down", "pas touchés") // nobody knows
	if log := r.log.String(); strings.Contains(log, "upside down") || !strings.Contains(log, "panic") {
		t.Error("the panic is not in the log, or its text is")
	}
	c.wants(c.Say("/aide"), "Ce que je sais faire ici") // the chat goes on
}

// flood sends n messages at once and returns a channel that gets a value as each has been answered.
func (c *phone) flood(n int, text func(int) string) <-chan struct{} {
	c.t.Helper()
	answered := make(chan struct{}, n)
	handle := c.handler()
	for i := range n {
		m := chat.Message{Chat: c.id, Person: c.person, Private: true, Text: text(i)}
		if err := handle(m, func() { answered <- struct{}{} }); err != nil {
			c.t.Fatal(err)
		}
	}
	return answered
}

func TestChatsInOrderAndInParallel(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	slow, quick := r.chat("slow"), r.chat("quick")
	slow.linkWallet(true)
	release := r.izly.Hold("GetStatement")
	answered := slow.flood(10, func(i int) string {
		if i == 0 {
			return "/historique 1"
		}
		return fmt.Sprintf("/numero%d", i)
	})
	quick.wants(quick.Say("/aide"), "Ce que je sais faire ici") // while the other waits
	if text := slow.text(); text != "" {
		t.Errorf("answered out of order:\n%s", text)
	}
	release()
	for range 10 {
		<-answered
	}
	text, last := slow.text(), strings.Index(slow.text(), "RU Évariste-Galois")
	for i := 1; i < 10; i++ {
		at := strings.Index(text, fmt.Sprintf("/numero%d.", i))
		if last < 0 || at < last {
			t.Fatalf("answer %d is out of order:\n%s", i, text)
		}
		last = at
	}
}

func TestTooManyMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.linkWallet(true)
	release := r.izly.Hold("GetStatement")
	const sent, most = 30, 21 // one being answered and twenty waiting
	answered := c.flood(sent, func(int) string { return "/historique 1" })
	for range sent - most {
		<-answered
	}
	if text := c.text(); strings.Count(text, "Trop de messages à la fois") < sent-most || strings.Contains(text, "RU ") {
		t.Errorf("answers before the first:\n%s", text)
	}
	release()
	for range most {
		<-answered
	}
	c.wants(c.Say("/aide"), "Ce que je sais faire ici")
}

func TestShutdownLetsAnswersThrough(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c := r.chat("ana")
	c.linkWallet(true)
	release := r.izly.Hold("GetStatement")
	answered := c.flood(3, func(int) string { return "/historique 1" })
	handle := c.handler()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.engine.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
	for {
		err := handle(chat.Message{Chat: c.id, Person: c.person}, func() {})
		if errors.Is(err, chat.ErrClosed) {
			break
		}
		runtime.Gosched()
	}
	release()
	wg.Wait()
	if n := len(answered); n != 3 {
		t.Errorf("%d of 3 answered", n)
	}
	if n := strings.Count(c.text(), "RU Évariste-Galois"); n != 3 {
		t.Errorf("%d answers sent", n)
	}
}
