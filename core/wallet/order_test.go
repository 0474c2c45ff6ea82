package wallet

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
)

func TestPropose(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a, other := r.link(0, true).Account, r.link(1, true).Account
	for _, amount := range []izly.Cents{0, -20_00} {
		if _, err := r.w.Propose(t.Context(), r.wish(a, amount)); !errors.Is(err, izly.ErrBadAmount) {
			t.Errorf("%d: %v", amount, err)
		}
	}
	for _, amount := range []izly.Cents{1, 9_99, 250_01} {
		var bounds *BoundsError
		if _, err := r.w.Propose(t.Context(), r.wish(a, amount)); !errors.As(err, &bounds) || *bounds != (BoundsError{10_00, 250_00}) {
			t.Errorf("%d: %v", amount, err)
		}
	}
	if _, err := r.w.Propose(t.Context(), r.wish("nobody", 20_00)); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	foreign := r.propose(other, 20_00)
	first, second := r.propose(a, 10_00), r.propose(a, 250_00)
	r.wantState(first.Key(), Cancelled)
	r.wantState(foreign.Key(), Proposed)
	want := Order{
		ID: second.ID, Account: a, Chat: private, By: camille, Amount: 250_00, CardID: perso, Card: "Carte perso (…4242)",
		State: Proposed, Created: tuesday, Expires: tuesday.Add(5 * time.Minute),
	}
	got := r.order(second.Key())
	got.Created, got.Expires = got.Created.In(paris), got.Expires.In(paris)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("kept %+v", got)
	}
	if o, found, err := r.w.Proposed(a); !found || err != nil || o.ID != second.ID {
		t.Errorf("proposed %+v, %t, %v", o, found, err)
	}
	r.clock.Advance(OrderLife)
	if _, found, err := r.w.Proposed(a); found || err != nil {
		t.Errorf("proposed: %t, %v", found, err)
	}
	r.change(a, func(rec *record) { rec.Izly.MinTopUp, rec.Izly.MaxTopUp = 0, 0 }) // Izly has told none
	r.propose(a, 1)
	r.propose(a, 9999_99)
	if len(r.sim.Requests()) != 6 { // the two activations
		t.Errorf("sent %v", r.sim.Requests())
	}
}

// While money is under way or may be, no other top-up.
func TestProposeWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	r.change(a, func(rec *record) { rec.Open = "x" })
	for _, state := range []State{Preparing, Confirming, Unknown, Done, Refused, Pending, Untraced, Unchecked, Failed, Cancelled} {
		r.put(Order{ID: "x", Account: a, State: state, Amount: 20_00})
		_, err := r.w.Propose(t.Context(), r.wish(a, 10_00))
		var unsettled *UnsettledError
		waits := errors.As(err, &unsettled)
		if err != nil && !waits || waits == state.Settled() || waits && unsettled.Order.State != state {
			t.Errorf("%s: %v", state, err)
		}
	}
	for name, value := range map[string]string{"garbage": "garbage", "nothing in it": "1 {}", "another's": `1 {"id":"y","account":"b","state":"done"}`, "newer": "9 {}"} {
		must(t, r.cfg.Store.Update(func(tx store.Tx) error { return tx.Put("orders", a, "x", []byte(value)) }))
		if _, err := r.w.Propose(t.Context(), r.wish(a, 10_00)); !errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a, other := r.link(0, true).Account, r.link(1, true).Account
	foreign := r.propose(other, 10_00)
	o := r.propose(a, 20_00)
	if _, _, err := r.w.Cancel(o.Key(), mallory); !errors.Is(err, ErrNotYours) {
		t.Errorf("got %v", err)
	}
	for i, want := range []bool{true, false} {
		if got, cancelled, err := r.w.Cancel(o.Key(), camille); err != nil || cancelled != want || got.State != Cancelled || got.ID != o.ID {
			t.Errorf("%d: %q, %t, %v", i, got.State, cancelled, err)
		}
	}
	if out := r.confirm(o); out.Acted || out.Order.State != Cancelled {
		t.Errorf("got %+v", out)
	}
	for _, key := range []string{"", "x", a, a + "/", a + "/x", "x/" + o.ID} {
		if _, _, err := r.w.Cancel(key, camille); !errors.Is(err, ErrGone) {
			t.Errorf("%q: %v", key, err)
		}
		if _, err := r.w.Confirm(t.Context(), key, camille, noCode); !errors.Is(err, ErrGone) {
			t.Errorf("%q: %v", key, err)
		}
		if _, found, err := r.w.Order(key); found || err != nil {
			t.Errorf("%q: %t, %v", key, found, err)
		}
	}
	late := r.propose(a, 20_00)
	r.clock.Advance(OrderLife)
	if _, _, err := r.w.Cancel(late.Key(), camille); !errors.Is(err, ErrExpired) {
		t.Errorf("got %v", err)
	}
	if taken, err := r.w.CancelAll(a); taken || err != nil {
		t.Errorf("what is expired counts: %t, %v", taken, err)
	}
	r.wantState(late.Key(), Cancelled)
	again := r.propose(a, 20_00)
	for _, want := range []bool{true, false} {
		if taken, err := r.w.CancelAll(a); taken != want || err != nil {
			t.Errorf("%t, %v", taken, err)
		}
	}
	r.wantState(again.Key(), Cancelled)
	r.wantState(foreign.Key(), Proposed)
	if keys := r.dues(); !slices.Equal(keys, []string{foreign.Key()}) {
		t.Errorf("due %q", keys)
	}
	r.spent(0, 12_34, 0)
}

// An order that cannot be read stops its account until the owner has looked, and nobody else.
func TestUnreadableOrder(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(r *rig, o Order){
		"damaged": func(r *rig, o Order) { must(r.t, r.damage.Damage("orders", o.Account, o.ID)) },
		"garbage": func(r *rig, o Order) {
			must(r.t, r.cfg.Store.Update(func(tx store.Tx) error { return tx.Put("orders", o.Account, o.ID, []byte("garbage")) }))
		},
		"gone": func(r *rig, o Order) {
			must(r.t, r.cfg.Store.Update(func(tx store.Tx) error { return tx.Delete("orders", o.Account, o.ID) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a, other := r.link(0, true).Account, r.link(1, true).Account
			r.sim.DropAnswer("MoneyInCbConfirm", false)
			o := r.propose(a, 20_00)
			r.confirm(o)
			spoil(r, o)
			r.restart()
			for range 2 {
				if _, err := r.w.Propose(t.Context(), r.wish(a, 10_00)); !errors.Is(err, ErrLocked) || errors.Is(err, ErrDamaged) {
					t.Errorf("got %v", err)
				}
				if _, found, err := r.w.Unsettled(a); found || !errors.Is(err, ErrLocked) {
					t.Errorf("%t, %v", found, err)
				}
				r.lookAll()
				r.clock.Advance(50 * time.Hour)
				r.sweep()
				must(t, r.w.Looked(other))
			}
			if name != "gone" {
				for _, err := range []error{second(r.w.Confirm(t.Context(), o.Key(), camille, noCode)), third(r.w.Cancel(o.Key(), camille)), third(r.w.Order(o.Key()))} {
					if !errors.Is(err, ErrLocked) {
						t.Errorf("got %v", err)
					}
				}
			}
			must(t, r.balance(a))
			r.propose(other, 10_00)
			must(t, r.w.Looked(a))
			if _, found, err := r.w.Order(o.Key()); found || err != nil {
				t.Errorf("%t, %v", found, err)
			}
			r.propose(a, 10_00)
			if told := r.toldOf(o); len(told) > 0 {
				t.Errorf("told %+v", told)
			}
		})
	}
}

// An old order that cannot be read is in nobody's way, and the word of an owner removes nothing else.
func TestUnreadableOrderThatIsNotOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	must(t, r.damage.Damage("orders", a, "y"))
	must(t, r.cfg.Store.Update(func(tx store.Tx) error { return tx.Put("orders", a, "z", []byte("garbage")) }))
	o := r.propose(a, 20_00)
	r.sim.DropAnswer("MoneyInCbConfirm", false)
	r.confirm(o)
	must(t, r.w.Looked(a))
	if _, found, err := r.w.Order(a + "/z"); found || err != nil {
		t.Errorf("%t, %v", found, err)
	}
	if _, found, err := r.w.Unsettled(a); !found || err != nil {
		t.Errorf("the lost order: %t, %v", found, err)
	}
	if err := r.w.Looked("nobody"); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	r.lookAll()
	r.wantState(o.Key(), Done)
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

func TestSweep(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	states := []State{Proposed, Preparing, Confirming, Done, Refused, Pending, Unknown, Untraced, Unchecked, Failed, Cancelled}
	stays := func(s State) bool { return s == Preparing || s == Confirming || s == Unknown }
	for _, s := range states {
		o := r.propose(a, 20_00)
		o.ID, o.State = string(s), s
		must(t, r.cfg.Store.Update(func(tx store.Tx) error {
			return errors.Join(orders.Put(tx, a, o.ID, o), ages.Note(tx, o.Created.Add(orderKept), o.Key()))
		}))
	}
	there := func(s State) bool {
		_, found, err := r.w.Order(a + "/" + string(s))
		must(t, err)
		return found
	}
	r.clock.Advance(48 * time.Hour)
	r.sweep()
	for _, s := range states {
		if !there(s) {
			t.Errorf("%s is gone too early", s)
		}
	}
	for range 3 {
		r.clock.Advance(time.Hour)
		r.sweep()
		for _, s := range states {
			if there(s) != stays(s) {
				t.Errorf("%s: still there: %t", s, there(s))
			}
		}
	}
	for _, s := range states {
		if stays(s) {
			r.put(Order{ID: string(s), Account: a, State: Done})
		}
	}
	r.clock.Advance(2 * time.Hour)
	r.sweep()
	must(t, r.cfg.Store.View(func(tx store.Tx) error {
		for _, bucket := range []string{"orders", "orders_due"} {
			n := 0
			if _, err := tx.All(bucket, func(_, _ string, _ []byte) error { n++; return nil }); err != nil || n != 0 {
				t.Errorf("%d records left in %s, %v", n, bucket, err)
			}
		}
		return nil
	}))
}

// An order that cannot be read, of an account that cannot be read, may be the one under way.
func TestSweepOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, stays := range map[string]bool{"open": true, "of a locked account": true, "of an unreadable account": true, "old": false, "removed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			o := r.propose(r.link(0, true).Account, 20_00)
			must(t, r.damage.Damage("orders", o.Account, o.ID))
			switch name {
			case "open":
				r.change(o.Account, func(rec *record) { rec.Open = o.ID })
			case "of a locked account":
				r.change(o.Account, func(rec *record) { rec.Locked = true })
			case "of an unreadable account":
				must(t, r.damage.Damage("wallets", "", o.Account))
			case "removed":
				must(t, r.cfg.Store.Update(func(tx store.Tx) error { return wallets.Delete(tx, "", o.Account) }))
			}
			for range 3 {
				r.clock.Advance(50 * time.Hour)
				r.sweep()
			}
			if _, _, err := r.w.Order(o.Key()); errors.Is(err, ErrLocked) != stays {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSweepInPortions(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	const many = 2*portion + 50
	must(t, r.cfg.Store.Update(func(tx store.Tx) error {
		for i := range many {
			o := Order{ID: fmt.Sprint(i), Account: "a", State: Done, Created: tuesday.Add(time.Duration(i%3) * time.Hour)}
			if err := errors.Join(orders.Put(tx, "a", o.ID, o), ages.Note(tx, o.Created.Add(orderKept), o.Key())); err != nil {
				return err
			}
		}
		return nil
	}))
	r.clock.Advance(60 * time.Hour)
	before := many
	for more := true; more; {
		must(t, r.cfg.Store.Update(func(tx store.Tx) (err error) {
			more, err = r.w.Sweep(tx, r.clock.Now())
			return err
		}))
		left := 0
		must(t, r.cfg.Store.View(func(tx store.Tx) error {
			left = 0
			_, err := orders.Each(tx, "a", func(string, Order) error { left++; return nil })
			return err
		}))
		if gone := before - left; gone > portion || more && gone == 0 || !more && left > 0 {
			t.Errorf("%d left of %d, and more: %t", left, before, more)
		}
		before = left
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(r *rig, a string){
		"proposed":   func(r *rig, a string) { r.propose(a, 10_00) },
		"lost":       func(r *rig, a string) { r.lose(a, true) },
		"done":       func(r *rig, a string) { r.confirm(r.propose(a, 10_00)) },
		"unreadable": func(r *rig, a string) { must(r.t, r.damage.Damage("orders", a, r.lose(a, true).ID)) },
		"damaged": func(r *rig, a string) {
			r.propose(a, 10_00)
			must(r.t, r.damage.Damage("wallets", "", a))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a, other := r.link(0, true).Account, r.link(1, true).Account
			kept := r.propose(other, 10_00)
			before(r, a)
			must(t, r.cfg.Store.Update(func(tx store.Tx) error { return r.w.Forget(tx, a) }))
			must(t, r.cfg.Store.View(func(tx store.Tx) error {
				for _, bucket := range []string{"wallets", "wallets_phones", "orders", "orders_due", "orders_ages"} {
					damaged, err := tx.All(bucket, func(group, title string, value []byte) error {
						if strings.Contains(group+title+string(value), a) && (bucket != "orders_ages" || name != "unreadable") {
							t.Errorf("%s has %q %q", bucket, group, title)
						}
						return nil
					})
					if damaged != 0 || err != nil {
						t.Errorf("%s: %d damaged, %v", bucket, damaged, err)
					}
				}
				return nil
			}))
			if err := r.balance(a); !errors.Is(err, ErrGone) {
				t.Errorf("got %v", err)
			}
			r.wantState(kept.Key(), Proposed)
			must(t, r.balance(other))
			must(t, r.cfg.Store.Update(func(tx store.Tx) error { return r.w.Forget(tx, "nobody") }))
		})
	}
}

// An account that is removed while its order is under way leaves nothing behind.
func TestForgetWhileMoneyIsUnderWay(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"MoneyInCb", "MoneyInCbConfirm"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var o Order
			r := newRig(t, rigOptions{proxy: func(r *rig, m string) {
				if m == method {
					must(r.t, r.cfg.Store.Update(func(tx store.Tx) error { return r.w.Forget(tx, o.Account) }))
				}
			}})
			o = r.propose(r.link(0, true).Account, 20_00)
			want := Failed
			if method == "MoneyInCbConfirm" {
				want = Done
			}
			if out := r.confirm(o); out.Order.State != want {
				t.Errorf("got %+v", out)
			}
			r.lookAll()
			if _, found, err := r.w.Order(o.Key()); found || err != nil {
				t.Errorf("%t, %v", found, err)
			}
			if _, ok := r.w.Holder(o.Account); ok || len(r.dues()) > 0 || len(r.w.known) > 0 {
				t.Error("something was left")
			}
		})
	}
}

func TestMoveChat(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a, other := r.link(0, true).Account, r.link(1, true).Account
	to, elsewhere := chat.ChatID{Platform: "test", ID: "new"}, chat.ChatID{Platform: "test", ID: "elsewhere"}
	r.sim.DropAnswer("MoneyInCbConfirm", false)
	lost := r.propose(a, 20_00)
	r.confirm(lost)
	wish := r.wish(other, 20_00)
	proposed, err := r.w.Propose(t.Context(), wish)
	must(t, err)
	move := func(from chat.ChatID) {
		must(t, r.cfg.Store.Update(func(tx store.Tx) error { return r.w.MoveChat(tx, from, to, []string{a, other}) }))
	}
	move(elsewhere)
	if got := r.order(lost.Key()).Chat; got != private {
		t.Errorf("moved to %v", got)
	}
	must(t, r.cfg.Store.Update(func(tx store.Tx) error {
		return errors.Join(tx.Put("orders", a, "x", []byte("garbage")), dues.Put(tx, "", key(a, "x"), due{tuesday}), dues.Put(tx, "", "gone/x", due{tuesday}))
	}))
	move(private)
	if one, two := r.order(lost.Key()), r.order(proposed.Key()); one.Chat != to || two.Chat != to || one.State != Unknown || two.State != Proposed {
		t.Errorf("moved to %v and %v", one.Chat, two.Chat)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	r.propose(a, 10_00)
	r.clock.Advance(time.Minute)
	r.confirm(r.propose(a, 20_00))
	must(t, r.damage.Damage("orders", a, "x"))
	export := func(account string) string {
		var x Export
		must(t, r.cfg.Store.View(func(tx store.Tx) (err error) {
			x, err = r.w.Export(tx, account)
			return err
		}))
		text, err := json.MarshalIndent(x, "", " ")
		must(t, err)
		return string(text)
	}
	const want = `{
 "phone": "33611223344",
 "holder": "Camille MARTIN",
 "balance": {
  "at": "2026-11-17T06:31:00Z",
  "main_cents": 3234,
  "cash_cents": 0
 },
 "secrets_kept_encrypted": [
  "one-time password key",
  "session",
  "secret code"
 ],
 "topups": [
  {
   "at": "2026-11-17T06:30:00Z",
   "cents": 1000,
   "card": "Carte perso (…4242)",
   "status": "cancelled"
  },
  {
   "at": "2026-11-17T06:31:00Z",
   "cents": 2000,
   "card": "Carte perso (…4242)",
   "status": "done"
  }
 ],
 "unreadable": 1
}`
	if got := export(a); got != want {
		t.Errorf("got %s", got)
	}
	must(t, r.damage.Damage("wallets", "", a))
	if got := export(a); !strings.Contains(got, `"unreadable": 2`) || !strings.Contains(got, "4242") {
		t.Errorf("got %s", got)
	}
	if got := export("nobody"); got != "{\n \"secrets_kept_encrypted\": []\n}" {
		t.Errorf("got %s", got)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	known := r.known(a)
	rec := r.record(a)
	var list []Order
	for i, s := range []State{Done, Unknown, Proposed} {
		list = append(list, Order{
			ID: fmt.Sprint(i), Account: "before", Chat: private, By: camille, Amount: 20_00, State: s,
			Created: tuesday, Expires: tuesday.Add(OrderLife), Sent: tuesday, NextCheck: tuesday.Add(time.Minute), Known: known,
		})
	}
	stored := secret.Store(r.code(0))
	must(t, r.cfg.Store.Update(func(tx store.Tx) error {
		return Import(tx, "old", rec.Izly.account(), &stored, StoppedWrongCode, ImportedOrders{List: list})
	}))
	r.restart()
	if s, ok := r.w.Status("old"); !ok || s != (Status{StoppedWrongCode, true}) {
		t.Errorf("status %+v, %t", s, ok)
	}
	var unsettled *UnsettledError
	if _, err := r.w.Propose(t.Context(), r.wish("old", 10_00)); !errors.As(err, &unsettled) || unsettled.Order.ID != "1" {
		t.Errorf("got %v", err)
	}
	if keys := r.dues(); !slices.Equal(keys, []string{"old/1", "old/2"}) {
		t.Errorf("due %q", keys)
	}
	must(t, r.w.Unlock(t.Context(), "old", r.code(0)))
	r.lookAll()
	r.wantState("old/1", Untraced)
	r.propose("old", 10_00)
	must(t, r.damage.Damage("wallets", "", "old"))
	if again := r.link(0, false, "old"); !again.Known {
		t.Errorf("linked %+v", again)
	}
	r.clock.Advance(50 * time.Hour)
	r.sweep()
	if _, found, err := r.w.Order("old/0"); found || err != nil {
		t.Errorf("%t, %v", found, err)
	}
}
