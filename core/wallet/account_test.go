package wallet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/tries"
	sim "cartable/sim/izly"
)

func TestLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	first, second := r.link(0, false), r.link(1, true)
	if first.Known || first.Account == second.Account || first.Same == second.Same || first.Same == "" {
		t.Errorf("linked %+v and %+v", first, second)
	}
	want := Holder{"Camille", "MARTIN", "33611223344", &izly.Balance{Main: 12_34, At: first.Holder.Balance.At}, 10_00, 250_00}
	if !reflect.DeepEqual(first.Holder, want) {
		t.Errorf("holder %+v", first.Holder)
	}
	if kept, ok := r.w.Holder(first.Account); !ok || !kept.Balance.At.Equal(want.Balance.At) || kept.Phone != want.Phone {
		t.Errorf("holder %+v, %t", kept, ok)
	}
	if s, ok := r.w.Status(second.Account); !ok || s != (Status{CodeKept: true}) {
		t.Errorf("status %+v, %t", s, ok)
	}
	must(t, r.w.KeepCode(second.Account, nil))
	if s, ok := r.w.Status(second.Account); !ok || s != (Status{}) {
		t.Errorf("status %+v, %t", s, ok)
	}
	bad, good := secret.New("1234"), secret.New("123 456")
	if err := r.w.KeepCode(second.Account, &bad); !errors.Is(err, izly.ErrBadSecretCode) {
		t.Errorf("a bad code: %v", err)
	}
	must(t, r.w.KeepCode(second.Account, &good))
	if got := r.record(second.Account).Code.Reveal(); got != "123456" {
		t.Errorf("kept %q", got)
	}
	_, here := r.w.Holder("nobody")
	if _, ok := r.w.Status("nobody"); ok || here {
		t.Error("an account that is not there")
	}
	if err := r.w.KeepCode("nobody", &good); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	if err := r.balance("nobody"); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
	for _, word := range []string{"135790", "246801", "123456"} {
		if strings.Contains(r.log.String(), word) {
			t.Error("a secret is in the log")
		}
	}
	r.noViolations()
}

// What izly keeps is kept in a record of our own, and all of it.
func TestStateKeepsEveryField(t *testing.T) {
	t.Parallel()
	var a izly.Account
	v := reflect.ValueOf(&a).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		switch f.Interface().(type) {
		case secret.Stored:
			f.Set(reflect.ValueOf(secret.Store(secret.New(fmt.Sprint("secret ", i)))))
		case *izly.Balance:
			f.Set(reflect.ValueOf(&izly.Balance{Main: 1, Cash: 2, At: tuesday.UTC()}))
		default:
			if f.CanInt() {
				f.SetInt(int64(i + 1))
			} else if f.CanUint() {
				f.SetUint(uint64(i + 1))
			} else {
				f.SetString(fmt.Sprint("text ", i))
			}
		}
	}
	stored, err := json.Marshal(newState(a))
	must(t, err)
	var s state
	must(t, json.Unmarshal(stored, &s))
	if got := s.account(); !reflect.DeepEqual(got, a) {
		t.Errorf("got %+v", got)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[record]()) {
		if f.Tag.Get("json") == "" || strings.Contains(f.Type.String(), "izly.") {
			t.Errorf("field %s %s", f.Name, f.Type)
		}
	}
}

func TestLinkThatFailsKeepsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	phone, act := r.activation(0)
	broken := errors.New("broken")
	if _, err := r.w.Link(t.Context(), "camille", phone, izly.Activation{Code: secret.New("WRONGCODE1")}, nil, none); !errors.Is(err, izly.ErrBadActivation) {
		t.Errorf("got %v", err)
	}
	runs := 0
	if _, err := r.w.Link(t.Context(), "camille", phone, act, nil, func(tx store.Tx, l Linked) error {
		runs++
		return errors.Join(tx.Put("other", "", l.Account, nil), broken)
	}); !errors.Is(err, broken) || runs != 2 {
		t.Errorf("%d runs, got %v", runs, err)
	}
	must(t, r.cfg.Store.View(func(tx store.Tx) error {
		for _, bucket := range []string{"wallets", "wallets_phones", "other"} {
			if _, err := tx.All(bucket, func(_, name string, _ []byte) error { return errors.New(name) }); err != nil {
				t.Errorf("%s: %v", bucket, err)
			}
		}
		return nil
	}))
}

func TestLinkAgainKeepsTheAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	other, first := r.link(1, true), r.link(0, true)
	r.change(first.Account, func(rec *record) { rec.Stopped = StoppedEnrol })
	var also Linked
	phone, act := r.activation(0)
	again, err := r.w.Link(t.Context(), "camille", phone, act, []string{"gone", other.Account, first.Account}, func(_ store.Tx, l Linked) error {
		also = l
		return nil
	})
	must(t, err)
	if !again.Known || again.Account != first.Account || again.Same != first.Same || also.Account != again.Account {
		t.Errorf("linked %+v", again)
	}
	if s, _ := r.w.Status(first.Account); s != (Status{}) { // the code has to be given anew
		t.Errorf("status %+v", s)
	}
	must(t, r.balance(first.Account))
	must(t, r.balance(other.Account))
	if apart := r.link(0, false, other.Account); apart.Known || apart.Account == first.Account {
		t.Errorf("linked %+v", apart)
	}
	r.noViolations()
}

// A request of the older generation ends after the account has been linked again.
func TestOlderGenerationKeepsNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method string
		ask    func(r *rig, o Order) error
		want   error
	}{
		{"GetStatement", func(r *rig, o Order) error {
			_, err := r.w.Statement(r.t.Context(), o.Account, noCode)
			return err
		}, ErrRelinked}, // it wants to renew
		{"MoneyInCb", func(r *rig, o Order) error {
			out, err := r.w.Confirm(r.t.Context(), o.Key(), camille, noCode)
			must(r.t, err)
			if out.Order.State != Failed {
				r.t.Errorf("the order is %q", out.Order.State)
			}
			return nil
		}, nil},
		{"MoneyInCbConfirm", func(r *rig, o Order) error {
			out, err := r.w.Confirm(r.t.Context(), o.Key(), camille, noCode)
			must(r.t, err)
			if out.Order.State != Refused {
				r.t.Errorf("the order is %q, %v", out.Order.State, out.Err)
			}
			return nil
		}, nil},
	} {
		t.Run(tt.method, func(t *testing.T) {
			t.Parallel()
			arrived := make(chan struct{}, 2)
			r := newRig(t, rigOptions{proxy: func(_ *rig, method string) {
				if method == tt.method {
					arrived <- struct{}{}
				}
			}})
			a := r.link(0, true).Account
			o := r.propose(a, 20_00)
			release := r.sim.Hold(tt.method)
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := tt.ask(r, o); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
			<-arrived
			if again := r.link(0, true, a); again.Account != a {
				t.Errorf("linked %+v", again)
			}
			fresh := r.record(a)
			release()
			wg.Wait()
			now := r.record(a)
			fresh.Open = "" // the outcome is kept
			if !reflect.DeepEqual(now, fresh) {
				t.Errorf("the older generation has written: %+v, want %+v", now.Izly, fresh.Izly)
			}
			must(t, r.balance(a))
			r.spent(0, 12_34, min(1, r.calls("MoneyInCbConfirm")))
		})
	}
}

func TestUnreadableAccount(t *testing.T) {
	t.Parallel()
	for name, unsettled := range map[string]bool{"quiet": false, "with an order lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a, other := r.link(0, true), r.link(1, true)
			if unsettled {
				r.sim.DropAnswer("MoneyInCbConfirm", false)
				r.confirm(r.propose(a.Account, 20_00))
			}
			must(t, r.damage.Damage("wallets", "", a.Account))
			r.restart()
			must(t, r.w.Recount())
			if n := r.w.Damaged(); n != 1 {
				t.Errorf("%d damaged", n)
			}
			locked := func(when string, alsoDamaged bool) {
				t.Helper()
				_, err := r.w.Propose(t.Context(), r.wish(a.Account, 10_00))
				_, _, waits := r.w.Unsettled(a.Account)
				for _, err := range []error{err, waits} {
					if !errors.Is(err, ErrLocked) || errors.Is(err, ErrDamaged) != alsoDamaged {
						t.Errorf("%s: %v", when, err)
					}
				}
			}
			locked("damaged", true)
			if err := r.balance(a.Account); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v", err)
			}
			if err := r.w.Looked(a.Account); !errors.Is(err, ErrDamaged) {
				t.Errorf("looked: %v", err)
			}
			if _, ok := r.w.Holder(a.Account); ok {
				t.Error("a holder without a record")
			}
			must(t, r.balance(other.Account))
			r.propose(other.Account, 10_00)
			if stranger := r.link(2, true, a.Account); stranger.Known {
				t.Error("another account took its place")
			}
			if again := r.link(0, true, other.Account, a.Account); !again.Known || again.Account != a.Account {
				t.Errorf("linked %+v", again)
			}
			locked("linked again", false)
			r.restart()
			must(t, r.balance(a.Account))
			r.link(0, true, a.Account)
			locked("and again", false)
			must(t, r.w.Looked(a.Account))
			if unsettled {
				if _, found, err := r.w.Unsettled(a.Account); !found || err != nil {
					t.Errorf("the lost order: %t, %v", found, err)
				}
				r.lookAll()
			}
			r.propose(a.Account, 10_00)
		})
	}
}

// What is there and is no account passes for none, whatever it looks like.
func TestRecordThatIsNoAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	for _, value := range []string{"", "garbage", "1 {}", `1 {"generation":"x"}`, `1 {"izly":{"phone":"33611223344"}}`, "9 {}"} {
		must(t, r.cfg.Store.Update(func(tx store.Tx) error { return tx.Put("wallets", "", a, []byte(value)) }))
		if err := r.balance(a); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", value, err)
		}
		if _, err := r.w.Propose(t.Context(), r.wish(a, 20_00)); !errors.Is(err, ErrLocked) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestSessionIsRenewed(t *testing.T) {
	t.Parallel()
	for name, expire := range map[string]func(*sim.Server){"session": (*sim.Server).ExpireSessions, "token": (*sim.Server).RevokeTokens} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a := r.link(0, true).Account
			expire(r.sim)
			s, err := r.w.Statement(t.Context(), a, noCode)
			if err != nil || len(s.Operations) == 0 {
				t.Errorf("%d operations, %v", len(s.Operations), err)
			}
			r.restart()
			cards, err := r.w.Cards(t.Context(), a, noCode)
			if err != nil || len(cards.Cards) != 2 {
				t.Errorf("%d cards, %v", len(cards.Cards), err)
			}
			must(t, r.w.KeepCode(a, nil))
			expire(r.sim)
			if err := r.balance(a); !errors.Is(err, ErrNeedCode) {
				t.Errorf("got %v", err)
			}
			if err := r.w.Unlock(t.Context(), a, noCode); !errors.Is(err, ErrNeedCode) {
				t.Errorf("got %v", err)
			}
			if n := r.calls("Logon refresh"); n != 1 {
				t.Errorf("%d renewals", n)
			}
			must(t, r.w.Unlock(t.Context(), a, r.code(0)))
			must(t, r.balance(a))
			if s, _ := r.w.Status(a); s.CodeKept {
				t.Error("a typed code was kept")
			}
			r.noViolations()
		})
	}
}

func TestRefusedRenewalStopsTheAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason StopReason
		breaks func(*rig)
		full   bool // the disk, once the counter is written
	}{
		{StoppedBlocked, func(r *rig) { r.sim.Block("33611223344") }, false},
		{StoppedRefused, func(r *rig) { r.sim.FailNext("Logon", 9999, 3, "Non, merci.") }, false},
		{StoppedEnrol, func(r *rig) { r.sim.AskActivation("33611223344") }, false},
		{StoppedWrongCode, func(r *rig) { r.sim.FailNext("Logon", 105, 2, "Votre code secret est incorrect.") }, false},
		{StoppedRefused, func(r *rig) { r.sim.FailNext("Logon", 9999, 3, "Non, merci.") }, true},
		{StoppedWrongCode, func(r *rig) { r.sim.FailNext("Logon", 105, 2, "Votre code secret est incorrect.") }, true},
	} {
		t.Run(fmt.Sprintf("%s, full %t", tt.reason, tt.full), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a, other := r.link(0, true).Account, r.link(1, true).Account
			r.sim.ExpireSessions()
			tt.breaks(r)
			if tt.full {
				r.down.fail(3) // each closure runs twice
			}
			if err := r.balance(a); err == nil || isStopped(err, tt.reason) {
				t.Errorf("the first time: %v", err)
			}
			r.sim.Unblock("33611223344")
			before := len(r.sim.Requests())
			for range 2 {
				if err := r.balance(a); !isStopped(err, tt.reason) {
					t.Errorf("got %v", err)
				}
				if !tt.full {
					r.restart()
				}
			}
			r.down.fail(0)
			if s, _ := r.w.Status(a); s.Stopped != tt.reason || s.CodeKept != (tt.reason != StoppedWrongCode) {
				t.Errorf("status %+v", s)
			}
			if n := len(r.sim.Requests()); n != before {
				t.Errorf("%d requests for an account that rests", n-before)
			}
			must(t, r.balance(other))
			err := r.w.Unlock(t.Context(), a, r.code(0))
			if tt.reason == StoppedWrongCode {
				must(t, err)
				must(t, r.balance(a))
				return
			}
			if !isStopped(err, tt.reason) {
				t.Errorf("with a typed code: %v", err)
			}
			r.link(0, true, a) // the person acts
			must(t, r.balance(a))
		})
	}
}

// held tells how long err says that a person must wait; zero when it says nothing of that.
func heldUntil(err error) time.Time {
	if held, ok := errors.AsType[*tries.HeldError](err); ok {
		return held.Until
	}
	return time.Time{}
}

// TestNobodyBlocksAnothersAccount has strangers type wrong codes for a phone: they are held back before Izly blocks it,
// and whoever has linked it is held back by their own tries alone.
func TestNobodyBlocksAnothersAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	mine, phone := r.link(0, true).Account, r.sim.Accounts()[0].Phone
	ask := func(by, code string, among ...string) error {
		_, err := r.w.RequestActivation(t.Context(), by, phone, secret.New(code), among)
		return err
	}
	reached := 0
	for range 5 {
		switch err := ask("eve", "000000"); {
		case errors.Is(err, izly.ErrWrongCode):
			reached++
		case heldUntil(err).IsZero():
			t.Errorf("got %v", err)
		}
	}
	if reached != 2 || heldUntil(r.w.MayLink("eve", phone, nil)).IsZero() {
		t.Errorf("%d wrong codes of one person reached Izly", reached)
	}
	r.sim.ExpireSessions()
	must(t, r.balance(mine)) // which renews with the kept code
	for range 2 {
		_ = ask("mallory", "000000")
	}
	if heldUntil(r.w.MayLink("trudy", phone, nil)).IsZero() {
		t.Error("four refused codes do not hold others back")
	}
	if err := r.w.MayLink("camille", phone, []string{mine}); err != nil {
		t.Errorf("whoever has linked it is held back: %v", err)
	}
	must(t, ask("camille", r.code(0).Reveal(), mine))
	for range 3 {
		must(t, r.w.MayLink("camille", phone, []string{mine}))
		r.sim.FailNext("Logon", 105, 2, "Votre code secret est incorrect.")
		_ = ask("camille", "000000", mine)
	}
	if heldUntil(r.w.MayLink("camille", phone, []string{mine})).IsZero() {
		t.Error("whoever has linked it may guess")
	}
	act := izly.Activation{Code: secret.New("WRONGCODE1")}
	for range 3 {
		if _, err := r.w.Link(t.Context(), "bob", phone, act, nil, none); !errors.Is(err, izly.ErrBadActivation) && heldUntil(err).IsZero() {
			t.Errorf("got %v", err)
		}
	}
	if heldUntil(r.w.MayLink("bob", phone, nil)).IsZero() {
		t.Error("wrong activations count for nothing")
	}
}

// TestWhatIzlyDidNotRefuseIsNoTry is a link that cannot be right, and Izly out of reach.
func TestWhatIzlyDidNotRefuseIsNoTry(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	phone := r.sim.Accounts()[0].Phone
	for range 5 {
		act := izly.Activation{Phone: "33600000000", Code: secret.New("CODE123456")}
		if _, err := r.w.Link(t.Context(), "bob", phone, act, nil, none); !errors.Is(err, izly.ErrBadActivation) {
			t.Errorf("got %v", err)
		}
		r.sim.DropAnswer("Logon", true)
		if _, err := r.w.RequestActivation(t.Context(), "bob", phone, r.code(0), nil); err == nil || errors.Is(err, izly.ErrWrongCode) {
			t.Errorf("got %v", err)
		}
	}
	must(t, r.w.MayLink("bob", phone, nil))
}

// TestTypedCodesOfALinkedAccount are two refused ones within an hour, of which the kept one may be the first. The third in a
// row would block the account at the simulator.
func TestTypedCodesOfALinkedAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	wrong := func() { r.sim.FailNext("Logon", 105, 2, "Votre code secret est incorrect.") }
	r.sim.ExpireSessions()
	wrong()
	if err := r.balance(a); !errors.Is(err, izly.ErrWrongCode) {
		t.Errorf("got %v", err)
	}
	wrong()
	if err := r.w.Unlock(t.Context(), a, r.code(0)); !errors.Is(err, izly.ErrWrongCode) {
		t.Errorf("got %v", err)
	}
	before := len(r.sim.Requests())
	if until := heldUntil(r.w.Unlock(t.Context(), a, r.code(0))); !until.Equal(r.clock.Now().Add(time.Hour)) || len(r.sim.Requests()) != before {
		t.Errorf("held until %v", until)
	}
	r.link(0, true, a) // a code that is kept is not held back
	r.sim.ExpireSessions()
	must(t, r.balance(a))
	r.clock.Advance(time.Hour)
	must(t, r.w.Unlock(t.Context(), a, r.code(0)))
}

// Outside of a renewal only what concerns the whole account stops it.
func TestStops(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code int
		want StopReason
	}{{9999, ""}, {105, ""}, {324, ""}, {102, StoppedBlocked}, {506, StoppedBlocked}, {571, StoppedEnrol}} {
		r := newRig(t, rigOptions{})
		a := r.link(0, true).Account
		r.sim.FailNext("GetStatement", tt.code, 2, "Non.")
		_, err := r.w.Statement(t.Context(), a, noCode)
		if s, _ := r.w.Status(a); err == nil || s.Stopped != tt.want || !s.CodeKept {
			t.Errorf("code %d: %+v, %v", tt.code, s, err)
		}
	}
}

func TestUnlockWithoutABalance(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{sim: sim.Config{SeedWorld: true}})
	a := r.link(0, true).Account
	r.change(a, func(rec *record) { rec.Izly.Balance = nil })
	r.sim.Omit("UP")
	if err := r.balance(a); !errors.Is(err, izly.ErrNoBalance) {
		t.Errorf("got %v", err)
	}
	must(t, r.w.Unlock(t.Context(), a, r.code(0)))
}

func TestObserve(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	must(t, r.balance(a))
	_, err := r.w.Cards(t.Context(), a, noCode)
	must(t, err)
	r.sim.ExpireSessions()
	r.confirm(r.propose(a, 20_00))
	r.panics.method = "MoneyInCbConfirm"
	r.confirm(r.propose(a, 20_00))
	want := []string{
		"request_activation", "activate", "balance", "cards",
		"statement !", "renew", "statement", "prepare", "confirm",
		"statement", "prepare", "confirm !",
	}
	if !reflect.DeepEqual(r.ops, want) {
		t.Errorf("observed %q", r.ops)
	}
}

// Calls of one account wait for each other, and end with their context.
func TestCallsWaitForEachOther(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 9)
	r := newRig(t, rigOptions{proxy: func(_ *rig, method string) {
		if method == "GetStatement" {
			arrived <- struct{}{}
		}
	}})
	a, other := r.link(0, true).Account, r.link(1, true).Account
	o := r.propose(a, 20_00)
	release := r.sim.Hold("GetStatement")
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := r.w.Statement(t.Context(), a, noCode); err != nil {
			t.Error(err)
		}
	})
	<-arrived
	errEnded := errors.New("ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := r.w.Statement(ctx, a, noCode); !errors.Is(err, errEnded) {
			t.Errorf("got %v", err)
		}
	})
	waiting.Go(func() {
		if out, err := r.w.Confirm(ctx, o.Key(), camille, noCode); !errors.Is(err, errEnded) || out.Order.State != Proposed {
			t.Errorf("got %q, %v", out.Order.State, err)
		}
	})
	must(t, r.balance(other))
	cancel(errEnded)
	waiting.Wait()
	release()
	wg.Wait()
	r.wantState(o.Key(), Proposed)
	if n := r.users(a); n != 0 {
		t.Errorf("%d users left", n)
	}
}
