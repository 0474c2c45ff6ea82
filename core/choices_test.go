package core_test

import (
	"testing"
	"time"

	"cartable/core/store"
	"cartable/core/store/storetest"
)

// offers makes buttons of a chat that answer with help, as alerts do, one after the other in a transaction.
func (c *phone) offers(s store.Store, n int) (ids []string) {
	c.t.Helper()
	if err := s.Update(func(tx store.Tx) error {
		ids = nil
		for range n {
			button, err := c.r.engine.Talk.OfferIn(tx, c.id, c.person, "Aide", "run", "/aide", "")
			if err != nil {
				return err
			}
			ids = append(ids, button.ID)
		}
		return nil
	}); err != nil {
		c.t.Fatal(err)
	}
	return ids
}

// TestAChatHasSoManyButtons: the oldest go first, whatever the clock says, and none of another chat.
func TestAChatHasSoManyButtons(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	c, other := r.chat("camille"), r.chat("dominique")
	works := func(c *phone, want bool, ids ...string) {
		t.Helper()
		for _, id := range ids {
			if want {
				c.wants(c.PressID(id), "/aide")
				c.refuses(c.text(), "plus valable")
			} else {
				c.wants(c.PressID(id), "Ce bouton n'est plus valable", "Rien n'a été fait")
			}
		}
	}
	theirs := other.offers(r.vault, 1)
	first := c.offers(r.vault, 300)
	r.clock.Advance(-time.Minute) // it was wrong, and is set right
	second := c.offers(r.vault, 300)
	works(c, true, first[0], second[0]) // there is room above the 500, and help has no buttons of its own
	second = append(second, c.offers(r.vault, 1)...)
	if n := len(r.records()["choices"]); n != 501 {
		t.Errorf("%d buttons are left, want 500 besides that of another chat", n)
	}
	works(c, false, first[0], first[100])
	works(c, true, first[101], second[0], second[300])
	works(other, true, theirs...)

	super := r.chat("super")
	super.person = c.person
	r.clock.Advance(time.Minute)
	there := super.offers(r.vault, 450)
	if err := r.engine.MoveChat(c.id, super.id); err != nil {
		t.Fatal(err)
	}
	works(super, false, first[101], second[0]) // both chats have 501 that are newer
	works(super, true, second[300], there[0], there[449], super.offers(r.vault, 1)[0])
	if n := len(r.records()["choices"]); n != 502 {
		t.Errorf("%d buttons are left of both chats, want 501 besides that of another chat", n)
	}
	r.clock.Advance(26 * time.Hour)
	if err := r.engine.CleanUp(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.records()["choices"]) + len(r.records()["choice_tallies"]); n > 0 {
		t.Errorf("%d records are left of buttons", n)
	}
}

// TestButtonsCostLittle: who has the most of them waits for no longer than others.
func TestButtonsCostLittle(t *testing.T) {
	t.Parallel()
	meter := &storetest.Meter{}
	r := newRig(t, rigOptions{store: func(s store.Store) store.Store { meter.Store = s; return meter }})
	c := r.chat("camille")
	c.offers(meter, 590)
	meter.Take()
	const many = 220
	for range many {
		c.offers(meter, 1)
	}
	if u := meter.Take(); u.Read > 3*many+3*600 || u.Most > 110 {
		t.Errorf("%d buttons: %+v", many, u)
	}
	c.Say("/annuler")
	if u := meter.Take(); u.Read > 620 {
		t.Errorf("/annuler: %+v", u)
	}
	for what, harm := range map[string]func(tx store.Tx) error{
		"lost":    func(tx store.Tx) error { return tx.Delete("choice_tallies", "", c.id.Key()) },
		"damaged": func(tx store.Tx) error { return tx.Put("choice_tallies", "", c.id.Key(), []byte("garbage")) },
	} {
		if err := meter.Update(harm); err != nil {
			t.Fatal(err)
		}
		ids := c.offers(meter, 501)
		c.refuses(c.PressID(ids[1]), "plus valable")
		if n := len(r.records()["choices"]); n > 600 {
			t.Errorf("%d buttons are left where their number was %s", n, what)
		}
	}
}
