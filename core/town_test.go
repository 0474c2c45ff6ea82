package core_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/chat"
	"cartable/core/store/storetest"
	"cartable/core/towntest"
	"cartable/core/wallet"
)

// meteredTown is the bot of a town, and what it asks of its vault.
func meteredTown(t *testing.T, chats int) (*core.Engine, *storetest.Meter) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault.db")
	writeTown(t, path, towntest.Town{Chats: chats, Choices: 10 * chats, Readings: 5 * chats, Now: time.Now()})
	v := openTown(t, path)
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	m := &storetest.Meter{Store: v}
	return wakeTown(t, m), m
}

// TestNothingGoesThroughEverything has the same people do the same in a town and in one four times as large, and wants
// exactly as many records read.
func TestNothingGoesThroughEverything(t *testing.T) {
	t.Parallel()
	type done struct {
		what string
		read int
	}
	act := func(chats int) (all []done) {
		e, m := meteredTown(t, chats)
		for n := range chats / 10 { // the more people, the more top-ups that can be confirmed
			who := towntest.Home(5 + 3*n)
			if _, err := e.Wallet.Propose(t.Context(), wallet.Wish{
				Account: towntest.Account(5+3*n, 0), Chat: who, By: chat.PersonID(who), Amount: 2000, CardID: "1", Card: "CB …1111",
			}); err != nil {
				t.Fatal(err)
			}
		}
		p := &pressing{}
		h := e.Handler(p)
		m.Take()
		note := func(what string) {
			all = append(all, done{what, m.Take().Read})
		}
		for person := range 4 {
			for _, text := range townCommands {
				say(t, h, person, text)
				note(fmt.Sprint(text, " of person ", person))
			}
		}
		p.press(t, h, 1, "/deconnexion")
		note("unlinking")
		p.press(t, h, 2, "/supprimer")
		note("erasing")
		moved := chat.ChatID{Platform: "telegram", ID: "-1009"}
		if err := e.MoveChat(towntest.Group(3), moved); err != nil {
			t.Fatal(err)
		}
		note("a group that moves")
		if got := len(e.Rights.Shown(moved)); got != 1 {
			t.Errorf("%d accounts are shown where the group moved", got)
		}
		if err := e.MoveChat(towntest.Home(3), chat.ChatID{Platform: "telegram", ID: "1009"}); err != nil {
			t.Fatal(err)
		}
		note("a private chat that moves")
		e.Family.Pauses()
		note("metrics")
		if left := len(e.Rights.Of(chat.PersonID(towntest.Home(2)))); left != 0 {
			t.Errorf("%d accounts are left of who was erased", left)
		}
		return all
	}
	small, large := act(40), act(160)
	for i, s := range small {
		if l := large[i]; s.read != l.read {
			t.Errorf("%s: %d records were read, and %d in the larger town", s.what, s.read, l.read)
		}
	}
}

// Send implements chat.Adapter.
func (p *pressing) Send(ctx context.Context, to chat.Target, r chat.Reply) error {
	if len(r.Choices) > 0 {
		p.choices = r.Choices
	}
	return p.townPlatform.Send(ctx, to, r)
}

// pressing is a platform on which the first button of the latest answer can be pressed.
type pressing struct {
	townPlatform
	choices []chat.Choice
}

// press has somebody ask for something, and press what confirms it until nothing is asked any more.
func (p *pressing) press(t *testing.T, h chat.Handler, person int, text string) {
	t.Helper()
	p.choices = nil
	say(t, h, person, text)
	for range 3 {
		if len(p.choices) == 0 {
			return
		}
		id := p.choices[0].ID
		p.choices = nil
		done := make(chan struct{})
		if err := h(chat.Message{
			ID: "press", Chat: towntest.Home(person), Person: chat.PersonID(towntest.Home(person)), Private: true, Choice: id,
		}, func() { close(done) }); err != nil {
			t.Fatal(err)
		}
		<-done
	}
}

// TestAStartReadsLittle: of an account it reads who owns it, and of a group what is shown there.
func TestAStartReadsLittle(t *testing.T) {
	t.Parallel()
	read := func(chats int) int {
		path := filepath.Join(t.TempDir(), "vault.db")
		writeTown(t, path, towntest.Town{Chats: chats, Choices: chats, Readings: chats, Now: time.Now()})
		v := openTown(t, path)
		defer v.Close()
		m := &storetest.Meter{Store: v}
		wakeTown(t, m)
		return m.Take().Read
	}
	// Of 40 chats more there are 40 accounts and 8 groups.
	if more := read(80) - read(40); more != 40+8 {
		t.Errorf("40 chats more, and %d records more are read at the start", more)
	}
}

// TestCleanUpIsInSteps bounds what one step of a clean-up writes, and all of it to what has expired.
func TestCleanUpIsInSteps(t *testing.T) {
	t.Parallel()
	e, m := meteredTown(t, 200)
	m.Take()
	if err := e.CleanUp(); err != nil {
		t.Fatal(err)
	}
	u := m.Take()
	// Of 10 buttons a chat, and 5 readings. How many steps that takes depends on how busy the machine is: each looks at
	// some names more than it takes.
	if most := 2*10*200 + 35*u.Updates; u.Read > most {
		t.Errorf("a clean-up read %d records in %d steps, want at most %d", u.Read, u.Updates, most)
	}
	if u.Most > 2500 {
		t.Errorf("a step wrote %d records", u.Most)
	}
	if err := e.CleanUp(); err != nil {
		t.Fatal(err)
	}
	if u := m.Take(); u.Read > 400 {
		t.Errorf("another clean-up, with nothing to do, read %d records", u.Read)
	}
}
