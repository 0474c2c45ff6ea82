package wallet

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/izly"
	"cartable/core/store"
	sim "cartable/sim/izly"
)

// lose confirms an order whose answer is lost.
func (r *rig) lose(account string, made bool) Order {
	r.t.Helper()
	r.sim.DropAnswer("MoneyInCbConfirm", !made)
	o := r.propose(account, 20_00)
	if out := r.confirm(o); out.Order.State != Unknown {
		r.t.Fatalf("got %+v", out)
	}
	return o
}

// wantTold checks all that was told of an order.
func (r *rig) wantTold(o Order, want ...toldRecord) {
	r.t.Helper()
	if got := r.toldOf(o); !slices.Equal(got, want) {
		r.t.Errorf("told %+v, want %+v", got, want)
	}
}

func TestLostTopUpThatWasMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	o := r.lose(r.link(0, true).Account, true)
	if list, _, err := listDue(r.w); err != nil || len(list) != 1 || !list[0].at.Equal(tuesday.Add(time.Minute)) {
		t.Errorf("due %v, %v", list, err)
	}
	looks := r.calls("GetStatement")
	if next := r.later(0); next != time.Minute {
		t.Errorf("next in %v", next)
	}
	if next := r.later(59 * time.Second); next != time.Second || r.calls("GetStatement") != looks {
		t.Errorf("looked too early, next in %v", next)
	}
	if next := r.later(time.Second); next != lookUpIdle {
		t.Errorf("next in %v", next)
	}
	r.wantTold(o, toldRecord{Done, WhySettled, 1})
	r.later(time.Hour)
	r.wantTold(o, toldRecord{Done, WhySettled, 1})
	if out := r.confirm(o); out.Acted || out.Order.State != Done {
		t.Errorf("got %+v", out)
	}
	r.propose(o.Account, 10_00)
	r.spent(0, 32_34, 1)
	r.noViolations()
}

func TestLostTopUpThatWasNotMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	o := r.lose(r.link(0, true).Account, false)
	looks := r.calls("GetStatement")
	for i, step := range []struct{ wait, next time.Duration }{{time.Minute, 4 * time.Minute}, {4 * time.Minute, 10 * time.Minute}} {
		if next := r.later(step.wait); next != step.next {
			t.Errorf("look %d: next in %v", i, next)
		}
		if next := r.later(0); next != step.next || r.calls("GetStatement") != looks+i+1 {
			t.Errorf("look %d: %d looks, next in %v", i, r.calls("GetStatement")-looks, next)
		}
		r.wantTold(o)
		r.wantState(o.Key(), Unknown)
		r.restart()
	}
	r.later(10 * time.Minute)
	r.wantTold(o, toldRecord{Untraced, WhySettled, 1})
	r.lookAll()
	if n := r.calls("GetStatement") - looks; n != 3 {
		t.Errorf("%d looks", n)
	}
	r.spent(0, 12_34, 1)
	r.confirm(r.propose(o.Account, 20_00))
	r.spent(0, 32_34, 2)
}

func TestLostTopUpThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	o := r.lose(r.link(0, true).Account, true)
	for range 3 {
		r.sim.Fault("GetStatement")
	}
	r.later(time.Minute)
	r.later(4 * time.Minute)
	r.wantTold(o)
	r.later(10 * time.Minute)
	r.wantTold(o, toldRecord{Unchecked, WhySettled, 1})
}

// The order changes the session, so that without its answer the code is needed to look.
func TestLostTopUpWithoutTheCode(t *testing.T) {
	t.Parallel()
	for name, helps := range map[string]bool{"the person helps": true, "nobody helps": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a := r.link(0, false).Account
			o := r.propose(a, 20_00)
			r.sim.DropAnswer("MoneyInCbConfirm", false)
			_, err := r.w.Confirm(t.Context(), o.Key(), camille, r.code(0))
			must(t, err)
			r.later(time.Minute)
			r.wantTold(o, toldRecord{Unknown, WhyNeedCode, 1})
			want := Unchecked
			if helps {
				must(t, r.w.Unlock(t.Context(), a, r.code(0)))
				want = Done
			}
			r.later(4 * time.Minute)
			r.later(10 * time.Minute)
			r.wantTold(o, toldRecord{Unknown, WhyNeedCode, 1}, toldRecord{want, WhySettled, 1})
		})
	}
}

func TestLostTopUpOverARestartAndANewLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	o := r.lose(a, true)
	r.restart()
	r.link(0, true, a)
	if _, err := r.w.Propose(t.Context(), r.wish(a, 20_00)); !errors.As(err, new(*UnsettledError)) {
		t.Errorf("got %v", err)
	}
	r.later(time.Minute)
	r.wantTold(o, toldRecord{Done, WhySettled, 1})
	r.spent(0, 32_34, 1)
}

// An earlier top-up of the same amount is not the lost one.
func TestLostTopUpIsNotTakenForAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	r.confirm(r.propose(a, 20_00))
	o := r.lose(a, false)
	r.lookAll()
	r.wantTold(o, toldRecord{Untraced, WhySettled, 1})
}

// What became of a lost top-up does not hang on the clocks: neither on ours beside Izly's, nor on ours alone.
func TestLostTopUpWithWrongClocks(t *testing.T) {
	t.Parallel()
	for _, made := range []bool{true, false} {
		want, balance := Untraced, int64(12_34)
		if made {
			want, balance = Done, 32_34
		}
		for _, ahead := range []time.Duration{-26 * time.Hour, -3 * time.Hour, 3 * time.Hour, 26 * time.Hour} {
			t.Run(fmt.Sprintf("made %t, ours %v ahead", made, ahead), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, rigOptions{sim: sim.Config{Now: func() time.Time { return tuesday.Add(-ahead) }}})
				o := r.lose(r.link(0, true).Account, made)
				r.lookAll()
				r.wantTold(o, toldRecord{want, WhySettled, 1})
				r.spent(0, balance, 1)
			})
			t.Run(fmt.Sprintf("made %t, set by %v", made, ahead), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, rigOptions{})
				o := r.lose(r.link(0, true).Account, made)
				r.clock.Advance(ahead)
				r.lookAll() // half an hour of the clock as it is now
				r.wantTold(o, toldRecord{want, WhySettled, 1})
				r.spent(0, balance, 1)
			})
		}
	}
}

// A crash between two steps, and what the next start makes of it.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		state, then State
		look        bool // at once
	}{
		{Preparing, Failed, false},
		{Confirming, Unknown, true},
		{Unknown, Unknown, false},
		{Done, Done, false},
		{Proposed, Proposed, false},
	} {
		for _, lost := range []string{"nothing", "what is due", "the account"} {
			t.Run(string(tt.state)+" without "+lost, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, rigOptions{})
				a := r.link(0, true).Account
				o := r.propose(a, 20_00)
				o.State, o.Sent, o.NextCheck, o.Known = tt.state, tuesday, tuesday.Add(time.Minute), r.known(a)
				r.put(o)
				if tt.state != Proposed {
					r.change(a, func(rec *record) { rec.Open = o.ID })
				}
				want := tt.then
				switch lost {
				case "what is due":
					must(t, r.damage.Damage("orders_due", "", o.Key()))
				case "the account":
					must(t, r.damage.Damage("wallets", "", a))
				}
				r.restart()
				r.wantState(o.Key(), want)
				if lost == "nothing" {
					if rec := r.record(a); (rec.Open != "") != want.underWay() {
						t.Errorf("open %q", rec.Open)
					}
				}
				if due := slices.Contains(r.dues(), o.Key()); due != (want.underWay() || want == Proposed && lost != "what is due") {
					t.Errorf("due: %t", due)
				}
				looks := r.calls("GetStatement")
				r.later(0)
				if looked := r.calls("GetStatement") > looks; looked != (tt.look && lost != "the account") {
					t.Errorf("looked: %t", looked)
				}
				r.lookAll()
				switch {
				case want != Unknown:
					r.wantTold(o)
				case lost == "the account":
					r.wantTold(o, toldRecord{Unchecked, WhySettled, 1})
				default:
					r.wantTold(o, toldRecord{Untraced, WhySettled, 1})
				}
				if keys := r.dues(); len(keys) > 0 {
					t.Errorf("still due: %q", keys)
				}
			})
		}
	}
}

// A record of what is due that is lost while the program runs is made good from the account.
func TestDueThatCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	o := r.lose(r.link(0, true).Account, true)
	must(t, r.damage.Damage("orders_due", "", o.Key()))
	if next := r.later(0); next != time.Minute || !slices.Equal(r.dues(), []string{o.Key()}) {
		t.Errorf("next in %v, due %q", next, r.dues())
	}
	r.later(time.Minute)
	r.wantTold(o, toldRecord{Done, WhySettled, 1})
}

// What a start cannot write does not stop it, and is written later.
func TestStartWithAStoreThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	o := r.propose(a, 20_00)
	o.State = Preparing
	r.put(o)
	r.change(a, func(rec *record) { rec.Open = o.ID })
	r.down.fail(1)
	r.restart()
	if next := r.later(OrderLife); next != lookUpAgain {
		t.Errorf("next in %v", next)
	}
	r.down.fail(0)
	r.later(0)
	r.wantState(o.Key(), Failed)
	r.propose(a, 10_00)
}

// Telling and settling are one: neither without the other.
func TestTellIsInTheTransactionThatSettles(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]Tell{
		"error": func(store.Tx, Order, Why) error { return errors.New("full") },
		"panic": func(store.Tx, Order, Why) error { panic("told") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			o := r.lose(r.link(0, true).Account, true)
			r.clock.Advance(time.Minute)
			looks := r.calls("GetStatement")
			for range 3 {
				if next := r.w.LookUp(t.Context(), func(tx store.Tx, o Order, why Why) error {
					if o.State != Done || r.tell(tx, o, why) != nil {
						t.Errorf("told %+v", o)
					}
					return fails(tx, o, why)
				}); next != lookUpAgain {
					t.Errorf("next in %v", next)
				}
			}
			if n := r.calls("GetStatement") - looks; n > 2 { // one, and one more after the renewal
				t.Errorf("%d looks within a minute", n)
			}
			r.wantTold(o)
			r.wantState(o.Key(), Unknown)
			r.later(time.Minute)
			r.wantTold(o, toldRecord{Done, WhySettled, 1})
			r.wantState(o.Key(), Done)
		})
	}
}

// One order that fails does not keep the next from being looked up, nor does an account that is in use.
func TestLookUpGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a, b := r.link(0, true).Account, r.link(1, true).Account
	first := r.lose(a, true)
	second := r.propose(b, 10_00)
	second.State, second.Sent, second.NextCheck = Unknown, tuesday, tuesday.Add(time.Minute)
	r.put(second)
	must(t, r.cfg.Store.Update(func(tx store.Tx) error { return dues.Put(tx, "", second.Key(), due{second.NextCheck}) }))
	unlock, err := r.w.lock(t.Context(), a)
	must(t, err)
	if next := r.later(time.Minute); next != lookUpBusy {
		t.Errorf("next in %v", next)
	}
	unlock()
	r.wantState(first.Key(), Unknown)
	if o := r.order(second.Key()); o.Checks != 1 {
		t.Errorf("%d looks", o.Checks)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.w.LookUp(ctx, r.tell)
	if o := r.order(first.Key()); o.Checks != 0 || o.State != Unknown {
		t.Errorf("after the end: %+v", o)
	}
	r.later(0)
	r.wantState(first.Key(), Done)
}

// A look that ends with the program does not count.
func TestLookUpThatIsCutOff(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 9)
	r := newRig(t, rigOptions{proxy: func(_ *rig, method string) {
		if method == "GetStatement" {
			arrived <- struct{}{}
		}
	}})
	o := r.lose(r.link(0, true).Account, true)
	<-arrived
	release := r.sim.Hold("GetStatement")
	defer release()
	r.clock.Advance(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.w.LookUp(ctx, r.tell) })
	<-arrived
	cancel()
	wg.Wait()
	if o := r.order(o.Key()); o.Checks != 0 || o.State != Unknown {
		t.Errorf("after the end: %+v", o)
	}
	r.later(time.Minute)
	r.wantState(o.Key(), Done)
}

// The secret code, keys and tokens are in no log and no error of a life with losses, stops and renewals.
func TestNoSecretsInLogs(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	s := r.record(a).Izly
	r.lose(a, true)
	r.sim.ExpireSessions()
	r.later(time.Minute)
	r.panics.method = "MoneyInCbConfirm"
	out := r.confirm(r.propose(a, 20_00))
	text := r.log.String() + out.Err.Error()
	for name, word := range map[string]string{
		"code": "135790", "key": s.HOTPKey.Reveal(), "session": s.SessionID.Reveal(), "token": s.AccessToken.Reveal(),
		"phone": "33611223344", "card": perso, "name": "Camille", "account": a,
	} {
		if strings.Contains(text, word) {
			t.Errorf("the %s is in the log", name)
		}
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	before := nameOf(izly.Operation{At: tuesday.Add(-time.Hour), Type: izly.TypeTopUp, Amount: 20_00})
	o := Order{Amount: 20_00, Sent: tuesday, Known: []string{"1", "2", before}}
	made := izly.Operation{ID: "3", At: tuesday.Add(time.Second), Type: izly.TypeTopUp, Status: izly.StatusDone, Credit: true, Amount: 20_00}
	for _, tt := range []struct {
		name   string
		change func(*izly.Operation)
		want   State
	}{
		{"made", func(*izly.Operation) {}, Done},
		{"paid in cash", func(op *izly.Operation) { op.Type = izly.TypeCashTopUp }, Done},
		{"by transfer from a bank", func(op *izly.Operation) { op.Type = izly.TypeBankTopUp }, Done},
		{"failed", func(op *izly.Operation) { op.Status = izly.StatusFailed }, Refused},
		{"pending", func(op *izly.Operation) { op.Status = izly.StatusPending }, Pending},
		{"of a status that is not known", func(op *izly.Operation) { op.Status = izly.StatusUnknown }, Done},
		{"a debit", func(op *izly.Operation) { op.Credit = false }, ""},
		{"less", func(op *izly.Operation) { op.Amount = 19_99 }, ""},
		{"more", func(op *izly.Operation) { op.Amount = 20_01 }, ""},
		{"known before", func(op *izly.Operation) { op.ID = "2" }, ""},
		{"a refund", func(op *izly.Operation) { op.Type = izly.TypeRefund }, ""},
		{"from a friend", func(op *izly.Operation) { op.Type = izly.TypeReceived }, ""},
		{"hours earlier, by another clock", func(op *izly.Operation) { op.At = tuesday.Add(-5 * time.Hour) }, Done},
		{"hours later, by another clock", func(op *izly.Operation) { op.At = tuesday.Add(5 * time.Hour) }, Done},
		{"without a date", func(op *izly.Operation) { op.At = time.Time{} }, Done},
		{"without an ID", func(op *izly.Operation) { op.ID = "" }, Done},
		{"without an ID, known before", func(op *izly.Operation) { op.ID, op.At = "", tuesday.Add(-time.Hour) }, ""},
	} {
		op := made
		tt.change(&op)
		other := izly.Operation{ID: "4", At: tuesday, Type: izly.TypeTerminal, Status: izly.StatusDone, Amount: 3_30}
		if got := trace(o, izly.Statement{Operations: []izly.Operation{other, op, other}}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	twin := made
	twin.ID, twin.At = "", tuesday.Add(-time.Hour)
	if got := trace(o, izly.Statement{Operations: []izly.Operation{twin, twin}}); got != Done {
		t.Errorf("one more without an ID than before: %q", got)
	}
	if got := trace(o, izly.Statement{}); got != "" {
		t.Errorf("an empty statement: %q", got)
	}
	if !reflect.DeepEqual(o.Known, []string{"1", "2", before}) {
		t.Error("the order was changed")
	}
}

// TestTracePassesOverWhatIsOlder has a line vanish from a statement of one page: an older top-up of the same amount moves up.
func TestTracePassesOverWhatIsOlder(t *testing.T) {
	t.Parallel()
	topUp := func(id string, at time.Time) izly.Operation {
		return izly.Operation{ID: id, At: at, Type: izly.TypeTopUp, Status: izly.StatusDone, Credit: true, Amount: 20_00}
	}
	hours := func(n int) time.Time { return tuesday.Add(-time.Duration(n) * time.Hour) } // Izly's clock, far behind ours
	o := Order{Amount: 20_00, Sent: tuesday}
	o.remember(izly.Statement{Operations: []izly.Operation{topUp("3", hours(30)), topUp("4", hours(20)), topUp("2", hours(40))}})
	moved := topUp("1", hours(21))
	for _, tt := range []struct {
		name string
		then []izly.Operation
		want State
	}{
		{"nothing new", []izly.Operation{topUp("4", hours(20)), topUp("3", hours(30)), moved}, ""},
		{"made", []izly.Operation{topUp("5", hours(19)), topUp("4", hours(20)), moved}, Done},
		{"made, below what has moved up", []izly.Operation{moved, topUp("5", hours(19))}, Done},
		{"made in the same second", []izly.Operation{topUp("5", hours(20)), moved}, Done},
		{"without a date", []izly.Operation{topUp("5", time.Time{}), moved}, Done},
	} {
		if got := trace(o, izly.Statement{Operations: tt.then}); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if old := (Order{Amount: 20_00, Known: []string{"4"}}); trace(old, izly.Statement{Operations: []izly.Operation{moved}}) != Done {
		t.Error("an order of before, which knows no time, finds nothing")
	}
}

// TestTraceOfAnOrderOfBefore has lines without an ID, of which 0.1 noted nothing but that: none of them is new for sure.
func TestTraceOfAnOrderOfBefore(t *testing.T) {
	t.Parallel()
	bare := izly.Operation{At: tuesday, Type: izly.TypeTopUp, Status: izly.StatusDone, Credit: true, Amount: 20_00}
	named := bare
	named.ID = "3"
	o := Order{Amount: 20_00, Known: []string{"1", "", "2"}}
	if got := trace(o, izly.Statement{Operations: []izly.Operation{bare, bare}}); got != "" {
		t.Errorf("without an ID: %q", got)
	}
	if got := trace(o, izly.Statement{Operations: []izly.Operation{bare, named, bare}}); got != Done {
		t.Errorf("with an ID: %q", got)
	}
	o.Known = []string{"1", "2"}
	if got := trace(o, izly.Statement{Operations: []izly.Operation{bare}}); got != Done {
		t.Errorf("where each had an ID: %q", got)
	}
}
