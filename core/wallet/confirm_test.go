package wallet

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/store"
	"cartable/core/tries"
	sim "cartable/sim/izly"
)

func TestConfirm(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	o := r.propose(a, 20_00)
	r.spent(0, 12_34, 0)
	out := r.confirm(o)
	if !out.Acted || out.Err != nil || out.Order.State != Done || out.Balance == nil || out.Balance.Main != 32_34 {
		t.Errorf("got %+v", out)
	}
	if got := r.order(o.Key()); got.State != Done || got.Known != nil || !slices.Equal(got.Known, out.Order.Known) || !got.Sent.Equal(tuesday) {
		t.Errorf("kept %+v", got)
	}
	for range 3 {
		if out := r.confirm(o); out.Acted || out.Err != nil || out.Order.State != Done {
			t.Errorf("again: %+v", out)
		}
		r.restart()
	}
	if o, cancelled, err := r.w.Cancel(o.Key(), camille); cancelled || err != nil || o.State != Done {
		t.Errorf("cancel: %q, %t, %v", o.State, cancelled, err)
	}
	if h, _ := r.w.Holder(a); h.Balance.Main != 32_34 {
		t.Errorf("balance %v", h.Balance)
	}
	if rec := r.record(a); rec.Open != "" || len(r.dues()) != 0 {
		t.Errorf("still open: %q, %q", rec.Open, r.dues())
	}
	r.spent(0, 32_34, 1)
	r.propose(a, 10_00)
	r.noViolations()
}

// Whatever is asked of Izly, the step is in the store before.
func TestEachStepIsWrittenBeforeItIsTaken(t *testing.T) {
	t.Parallel()
	var o Order
	var counter uint64
	seen := map[string]int{}
	r := newRig(t, rigOptions{proxy: func(r *rig, method string) {
		if o.ID == "" {
			return
		}
		want := Preparing
		if method == "MoneyInCbConfirm" {
			want = Confirming
		}
		rec, got := r.record(o.Account), r.order(o.Key())
		if got.State != want || rec.Open != o.ID || !slices.Equal(r.dues(), []string{o.Key()}) {
			t.Errorf("%s: order %q, open %q, due %q", method, got.State, rec.Open, r.dues())
		}
		if method == "MoneyInCbConfirm" && (rec.Izly.Counter != counter+1 || len(got.Known) == 0 || got.Newest.IsZero() || !got.Sent.Equal(tuesday)) {
			t.Errorf("counter %d, known %d, newest %v, sent %v", rec.Izly.Counter, len(got.Known), got.Newest, got.Sent)
		}
		seen[method]++
	}})
	a := r.link(0, true).Account
	counter = r.record(a).Izly.Counter
	o = r.propose(a, 20_00)
	r.confirm(o)
	if want := map[string]int{"GetStatement": 1, "MoneyInCb": 1, "MoneyInCbConfirm": 1}; fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("asked %v", seen)
	}
}

// Ten have read that the order can be confirmed before the first of them has the account.
func TestConcurrentConfirmsChargeOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	o := r.propose(a, 20_00)
	unlock, err := r.w.lock(t.Context(), a)
	must(t, err)
	var mu sync.Mutex
	var wg sync.WaitGroup
	acted := 0
	for range 10 {
		wg.Go(func() {
			out, err := r.w.Confirm(t.Context(), o.Key(), camille, noCode)
			if out.Order.State != Done || err != nil {
				t.Errorf("%q, %v", out.Order.State, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if out.Acted {
				acted++
			}
		})
	}
	for r.users(a) < 11 {
		runtime.Gosched()
	}
	unlock()
	wg.Wait()
	if acted != 1 {
		t.Errorf("%d acted", acted)
	}
	r.spent(0, 32_34, 1)
	r.noViolations()
	if n := r.users(a); n != 0 {
		t.Errorf("%d users left", n)
	}
}

// What is cancelled, or too late, when the account is free at last is not ordered.
func TestConfirmThatHadToWait(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(r *rig, o Order){
		"cancelled": func(r *rig, o Order) { must(r.t, third(r.w.Cancel(o.Key(), camille))) },
		"too late":  func(r *rig, _ Order) { r.clock.Advance(OrderLife) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a := r.link(0, true).Account
			o := r.propose(a, 20_00)
			unlock, err := r.w.lock(t.Context(), a)
			must(t, err)
			var wg sync.WaitGroup
			wg.Go(func() {
				out, err := r.w.Confirm(t.Context(), o.Key(), camille, noCode)
				if late := name == "too late"; out.Acted || errors.Is(err, ErrExpired) != late || out.Order.ID != o.ID {
					t.Errorf("got %+v, %v", out, err)
				}
			})
			for r.users(a) < 2 {
				runtime.Gosched()
			}
			meanwhile(r, o)
			unlock()
			wg.Wait()
			r.spent(0, 12_34, 0)
			if rec := r.record(a); rec.Open != "" {
				t.Errorf("open %q", rec.Open)
			}
		})
	}
}

// What must hold before an order is taken up.
func TestConfirmRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		before func(r *rig, o Order)
		by     chat.PersonID
		code   string
		want   error
		then   State
	}{
		{"somebody else", func(*rig, Order) {}, mallory, "", ErrNotYours, Proposed},
		{"too late", func(r *rig, _ Order) { r.clock.Advance(OrderLife) }, camille, "", ErrExpired, Proposed},
		{"after the clock was set back", func(r *rig, _ Order) { r.clock.Advance(-3 * time.Hour) }, camille, "", ErrExpired, Proposed},
		{"after the clock was corrected", func(r *rig, _ Order) { r.clock.Advance(-10 * time.Second) }, camille, "", nil, Done},
		{"just in time", func(r *rig, _ Order) { r.clock.Advance(OrderLife - time.Second) }, camille, "", nil, Done},
		{"no code", func(r *rig, o Order) { must(r.t, r.w.KeepCode(o.Account, nil)) }, camille, "", ErrNeedCode, Proposed},
		{"no code but a typed one", func(r *rig, o Order) { must(r.t, r.w.KeepCode(o.Account, nil)) }, camille, "135790", nil, Done},
		{"something typed that is no code", func(*rig, Order) {}, camille, "oui", izly.ErrBadSecretCode, Proposed},
		{"another is not settled", func(r *rig, o Order) {
			r.put(Order{ID: "x", Account: o.Account, State: Unknown})
			r.change(o.Account, func(rec *record) { rec.Open = "x" })
		}, camille, "", new(UnsettledError), Proposed},
		{"another was settled", func(r *rig, o Order) {
			r.put(Order{ID: "x", Account: o.Account, State: Done})
			r.change(o.Account, func(rec *record) { rec.Open = "x" })
		}, camille, "", nil, Done},
		{"another cannot be read", func(r *rig, o Order) {
			r.change(o.Account, func(rec *record) { rec.Open = "x" })
			must(r.t, r.damage.Damage("orders", o.Account, "x"))
		}, camille, "", ErrLocked, Proposed},
		{"another is not there", func(r *rig, o Order) {
			r.change(o.Account, func(rec *record) { rec.Open = "x" })
		}, camille, "", ErrLocked, Proposed},
		{"the account is locked", func(r *rig, o Order) {
			r.change(o.Account, func(rec *record) { rec.Locked = true })
		}, camille, "", ErrLocked, Proposed},
		{"the account cannot be read", func(r *rig, o Order) {
			must(r.t, r.damage.Damage("wallets", "", o.Account))
		}, camille, "", ErrLocked, Proposed},
		{"the order cannot be read", func(r *rig, o Order) {
			must(r.t, r.damage.Damage("orders", o.Account, o.ID))
		}, camille, "", ErrLocked, ""},
		{"the account was removed", func(r *rig, o Order) {
			must(r.t, r.cfg.Store.Update(func(tx store.Tx) error { return r.w.Forget(tx, o.Account) }))
		}, camille, "", ErrGone, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			o := r.propose(r.link(0, true).Account, 20_00)
			tt.before(r, o)
			out, err := r.w.Confirm(t.Context(), o.Key(), tt.by, secret.New(tt.code))
			var unsettled *UnsettledError
			if wantUnsettled := errors.As(tt.want, &unsettled); wantUnsettled {
				if !errors.As(err, &unsettled) || unsettled.Order.ID != "x" {
					t.Errorf("got %v", err)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err != nil && (out.Acted || r.calls("GetStatement")+r.calls("MoneyInCb") > 0) {
				t.Errorf("acted %t, sent %v", out.Acted, r.sim.Requests())
			}
			if tt.then != "" {
				r.wantState(o.Key(), tt.then)
			}
			if errors.Is(err, ErrNotYours) && out.Order.ID != "" {
				t.Error("somebody else's order was shown")
			}
			balance, ordered := int64(12_34), 0
			if tt.then == Done {
				balance, ordered = 32_34, 1
			}
			r.spent(0, balance, ordered)
		})
	}
}

// What comes back becomes the state of the order, and the account is free or waits.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		sim     sim.Config
		before  func(r *rig)
		want    State
		err     error
		balance int64
		ordered int
	}{
		{"done", sim.Config{}, func(*rig) {}, Done, nil, 32_34, 1},
		{"the bank asks", sim.Config{ThreeDSecure: true}, func(*rig) {}, Pending, nil, 12_34, 1},
		{"refused", sim.Config{}, func(r *rig) { r.sim.FailNext("MoneyInCbConfirm", 9999, 3, "Non.") }, Refused, new(izly.Error), 12_34, 1},
		{"wrong code", sim.Config{}, func(r *rig) { r.sim.FailNext("MoneyInCbConfirm", 105, 2, "Non.") }, Refused, izly.ErrWrongCode, 12_34, 1},
		{"lost and made", sim.Config{}, func(r *rig) { r.sim.DropAnswer("MoneyInCbConfirm", false) }, Unknown, izly.ErrOutcomeUnknown, 32_34, 1},
		{"lost and not made", sim.Config{}, func(r *rig) { r.sim.DropAnswer("MoneyInCbConfirm", true) }, Unknown, izly.ErrOutcomeUnknown, 12_34, 1},
		{"cut off", sim.Config{}, func(r *rig) { r.sim.Truncate("MoneyInCbConfirm") }, Unknown, izly.ErrOutcomeUnknown, 32_34, 1},
		{"a fault", sim.Config{}, func(r *rig) { r.sim.Fault("MoneyInCbConfirm") }, Unknown, izly.ErrOutcomeUnknown, 12_34, 1},
		{"a panic while the answer is read", sim.Config{}, func(r *rig) { r.panics.method = "MoneyInCbConfirm" }, Unknown, izly.ErrOutcomeUnknown, 32_34, 1},
		{"no statement", sim.Config{}, func(r *rig) { r.sim.Fault("GetStatement") }, Failed, new(izly.StatusError), 12_34, 0},
		{"not prepared", sim.Config{}, func(r *rig) { r.sim.FailNext("MoneyInCb", 9999, 3, "Plus tard.") }, Failed, new(izly.Error), 12_34, 0},
		{"a panic while it is prepared", sim.Config{}, func(r *rig) { r.panics.method = "MoneyInCb" }, Failed, secret.ErrPanic, 12_34, 0},
		{"no connection", sim.Config{}, func(r *rig) { r.panics.offline = "MoneyInCbConfirm" }, Failed, izly.ErrNetwork, 12_34, 0},
		{"session over", sim.Config{}, func(r *rig) { r.sim.ExpireSessions() }, Done, nil, 32_34, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{sim: tt.sim})
			a := r.link(0, true).Account
			o := r.propose(a, 20_00)
			tt.before(r)
			out := r.confirm(o)
			if !out.Acted || out.Order.State != tt.want || out.Order.Account != a || (out.Err != nil) != (tt.err != nil) {
				t.Errorf("got %+v", out)
			}
			switch want := tt.err.(type) {
			case *izly.Error:
				if !errors.As(out.Err, &want) || want.Msg == "" {
					t.Errorf("got %v", out.Err)
				}
			case *izly.StatusError:
				if !errors.As(out.Err, &want) {
					t.Errorf("got %v", out.Err)
				}
			default:
				if !errors.Is(out.Err, tt.err) {
					t.Errorf("got %v", out.Err)
				}
			}
			r.spent(0, tt.balance, tt.ordered)
			kept := r.order(o.Key())
			if kept.State != tt.want || !kept.NextCheck.Equal(out.Order.NextCheck) || (len(kept.Known) > 0) != (tt.want == Unknown) || kept.Newest.IsZero() != (kept.Known == nil) || len(out.Order.Known) != len(kept.Known) {
				t.Errorf("kept %+v", kept)
			}
			r.panics.method = ""
			_, err := r.w.Propose(t.Context(), r.wish(a, 10_00))
			var unsettled *UnsettledError
			if got := errors.As(err, &unsettled); got != (tt.want == Unknown) || got && unsettled.Order.ID != o.ID {
				t.Errorf("the next top-up: %v", err)
			}
			open, waits, err := r.w.Unsettled(a)
			if waits != (tt.want == Unknown) || err != nil || waits && open.ID != o.ID {
				t.Errorf("unsettled: %t, %v", waits, err)
			}
			select {
			case <-r.w.Wake():
				waits = !waits
			default:
			}
			if waits {
				t.Error("the look-up was woken for nothing, or not at all")
			}
			status, _ := r.w.Status(a)
			if forgotten := tt.name == "wrong code"; status.CodeKept == forgotten || status.Stopped != "" {
				t.Errorf("status %+v", status)
			}
			if strings.Contains(r.log.String(), "135790") {
				t.Error("the secret code is in the log")
			}
			r.noViolations()
		})
	}
}

// An order that somebody else has changed meanwhile is not sent.
func TestOrderThatIsNotPreparingIsNotSent(t *testing.T) {
	t.Parallel()
	var o Order
	r := newRig(t, rigOptions{proxy: func(r *rig, method string) {
		if method == "MoneyInCb" {
			o.State = Failed
			r.put(o)
		}
	}})
	o = r.propose(r.link(0, true).Account, 20_00)
	if out := r.confirm(o); out.Order.State != Failed || !errors.Is(out.Err, ErrGone) {
		t.Errorf("got %+v", out)
	}
	r.spent(0, 12_34, 0)
}

func TestFee(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	wish := r.wish(a, 20_00)
	wish.Fee = 45 // and Izly announces none
	o, err := r.w.Propose(t.Context(), wish)
	must(t, err)
	out := r.confirm(o)
	if !out.Acted || !errors.Is(out.Err, ErrFee) || out.Fee != 0 || out.Order.Fee != 45 || out.Order.State != Failed {
		t.Errorf("got %+v", out)
	}
	r.spent(0, 12_34, 0)
	r.wantState(o.Key(), Failed)
}

func TestConfirmOfAStoppedAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason StopReason
		code   string
		want   State
	}{
		{StoppedWrongCode, "", Failed},
		{StoppedWrongCode, "135790", Done},
		{StoppedBlocked, "135790", Failed},
		{StoppedRefused, "135790", Failed},
		{StoppedEnrol, "135790", Failed},
	} {
		t.Run(string(tt.reason)+tt.code, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{})
			a := r.link(0, true).Account
			o := r.propose(a, 20_00)
			r.change(a, func(rec *record) { rec.Stopped = tt.reason })
			out, err := r.w.Confirm(t.Context(), o.Key(), camille, secret.New(tt.code))
			must(t, err)
			if out.Order.State != tt.want || tt.want == Failed && !isStopped(out.Err, tt.reason) {
				t.Errorf("got %+v", out)
			}
			if n := r.calls("GetStatement"); tt.want == Failed && n > 0 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// Whoever comes second does not wait for an account that is in use.
func TestSecondPressIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	o := r.propose(a, 20_00)
	o.State = Confirming
	r.put(o)
	unlock, err := r.w.lock(t.Context(), a)
	must(t, err)
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if out, err := r.w.Confirm(ctx, o.Key(), camille, noCode); err != nil || out.Acted || out.Order.State != Confirming {
		t.Errorf("got %+v, %v", out, err)
	}
}

// A code that is typed counts for more than the one that is kept.
func TestTypedCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, true).Account
	wrong := secret.New("000000")
	must(t, r.w.KeepCode(a, &wrong))
	o := r.propose(a, 20_00)
	out, err := r.w.Confirm(t.Context(), o.Key(), camille, secret.New("135 790"))
	if err != nil || out.Order.State != Done {
		t.Errorf("got %+v, %v", out, err)
	}
	r.noViolations()
}

// A wrong code is forgotten as soon as the store works, unless another has been given with a new link.
func TestWrongCodeIsForgottenLater(t *testing.T) {
	t.Parallel()
	for name, relinked := range map[string]bool{"the same link": false, "a new link": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rigOptions{proxy: func(r *rig, method string) {
				if method == "MoneyInCbConfirm" {
					r.down.fail(1)
				}
			}})
			a := r.link(0, true).Account
			r.sim.FailNext("MoneyInCbConfirm", 105, 2, "Votre code secret est incorrect.")
			o := r.propose(a, 20_00)
			if out := r.confirm(o); out.Order.State != Refused {
				t.Errorf("got %+v", out)
			}
			r.wantState(o.Key(), Confirming)
			select {
			case <-r.w.Wake():
			default:
				t.Error("the look-up was not woken")
			}
			r.down.fail(0)
			if relinked {
				r.link(0, true, a)
			}
			r.later(0)
			r.wantState(o.Key(), Refused)
			if s, _ := r.w.Status(a); s.CodeKept != relinked {
				t.Errorf("status %+v", s)
			}
		})
	}
}

// A store that fails at any one write, or from any write on for a while: never charged twice, never told that
// nothing happened when money moved, and settled as soon as the store works again.
func TestStoreFailsAtEachWrite(t *testing.T) {
	t.Parallel()
	once := func(r *rig) bool { return r.faulty.Failed() }
	lasting := func(r *rig) bool { return r.down.failed }
	faults := []fault{
		{"write", func(r *rig, n int) { r.faulty.FailWrite(n) }, once, false},
		{"commit", func(r *rig, n int) { r.faulty.FailCommit(n) }, once, false},
		{"down", func(r *rig, n int) { r.down.fail(n) }, lasting, false},
		{"crash", func(r *rig, n int) { r.down.fail(n) }, lasting, true},
	}
	for answer, before := range map[string]func(r *rig){
		"done":         func(*rig) {},
		"lost":         func(r *rig) { r.sim.DropAnswer("MoneyInCbConfirm", false) },
		"lost for all": func(r *rig) { r.sim.DropAnswer("MoneyInCbConfirm", true) },
		"refused":      func(r *rig) { r.sim.FailNext("MoneyInCbConfirm", 9999, 3, "Non.") },
		"wrong code":   func(r *rig) { r.sim.FailNext("MoneyInCbConfirm", 105, 2, "Non.") },
		"panic":        func(r *rig) { r.panics.method = "MoneyInCbConfirm" },
		"session over": func(r *rig) { r.sim.ExpireSessions() },
	} {
		for _, f := range faults {
			t.Run(answer+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					if !f.strikes(t, n, before) || t.Failed() {
						if n < 5 || t.Failed() {
							t.Errorf("ended with %d", n)
						}
						return
					}
				}
			})
		}
	}
}

type fault struct {
	name   string
	set    func(r *rig, n int)
	struck func(r *rig) bool
	crash  bool // the program starts anew then
}

// strikes takes one order through a fault and tells whether the fault came about.
func (f fault) strikes(t *testing.T, n int, before func(r *rig)) bool {
	r := newRig(t, rigOptions{once: true}) // so that each write is counted once
	a := r.link(0, true).Account
	o := r.propose(a, 20_00)
	before(r)
	f.set(r, n)
	out, err := r.w.Confirm(t.Context(), o.Key(), camille, noCode)
	made := r.sim.Balance("33611223344") == 32_34
	ordered := r.calls("MoneyInCbConfirm")
	switch state := out.Order.State; {
	case err != nil && (ordered > 0 || out.Acted || state != Proposed):
		t.Errorf("%d orders were sent, and Confirm says %q, %v", ordered, state, err)
	case err == nil && made && state != Done && state != Unknown:
		t.Errorf("money has moved, and Confirm says %q", state)
	case err == nil && !made && (state == Done || state == Proposed):
		t.Errorf("no money has moved, and Confirm says %q", state)
	}
	// Whoever presses again while the store is down is not told that nothing happened either.
	if again, err := r.w.Confirm(t.Context(), o.Key(), camille, noCode); err == nil && made && again.Order.State.Settled() && again.Order.State != Done {
		t.Errorf("money has moved, and the second press is told %q", again.Order.State)
	}
	r.down.fail(0)
	r.panics.method = ""
	if f.crash {
		r.restart()
	}
	if err != nil { // nothing was done, so it can be tried again
		r.confirm(o)
	}
	r.later(0)
	if got := r.order(o.Key()).State; err == nil && !f.crash && out.Order.State.Settled() && got != out.Order.State {
		t.Errorf("Confirm said %q, and it became %q as soon as the store worked", out.Order.State, got)
	}
	r.lookAll()
	struck := f.struck(r) // some only now
	r.faulty.FailWrite(0)
	r.faulty.FailCommit(0)
	r.lookAll()
	made = r.sim.Balance("33611223344") == 32_34
	got := r.order(o.Key())
	if made != (got.State == Done) || !got.State.Settled() || got.Known != nil {
		t.Errorf("made: %t, and the order is %q", made, got.State)
	}
	r.confirm(o)
	if n := r.calls("MoneyInCbConfirm"); n > 1 {
		t.Errorf("ordered %d times", n)
	}
	for _, told := range r.toldOf(o) {
		if told.Times != 1 || told.State != got.State && told.Why == WhySettled {
			t.Errorf("told %+v, the order is %q", told, got.State)
		}
	}
	if rec := r.record(a); rec.Open != "" || len(r.w.known) != 0 {
		t.Errorf("still open: %q, %d not written", rec.Open, len(r.w.known))
	}
	if keys := r.dues(); len(keys) != 0 {
		t.Errorf("still due: %q", keys)
	}
	r.propose(a, 10_00)
	r.noViolations()
	return struck
}

// TestWrongCodesOfTopUpsAreCounted has wrong codes typed at one top-up after the other: they are held back as others are,
// before anything is sent.
func TestWrongCodesOfTopUpsAreCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	a := r.link(0, false).Account
	confirm := func(o Order, code secret.Text) (Outcome, error) {
		return r.w.Confirm(t.Context(), o.Key(), camille, code)
	}
	for n := range mostTyped {
		if out, err := confirm(r.propose(a, 20_00), secret.New("000000")); err != nil || !errors.Is(out.Err, izly.ErrWrongCode) {
			t.Fatalf("%d: %+v, %v", n, out, err)
		}
		r.clock.Advance(time.Second)
	}
	o, before := r.propose(a, 20_00), len(r.sim.Requests())
	out, err := confirm(o, r.code(0))
	held, is := errors.AsType[*tries.HeldError](err)
	if !is || !held.Own || out.Acted || out.Order.State != Proposed || len(r.sim.Requests()) != before {
		t.Errorf("got %+v, %v", out, err)
	}
	if o := r.order(o.Key()); o.State != Proposed || r.record(a).Open != "" {
		t.Errorf("the order: %+v", o)
	}
	r.sim.ExpireSessions()
	if err := r.w.Unlock(t.Context(), a, r.code(0)); heldUntil(err).IsZero() || len(r.sim.Requests()) > before+1 {
		t.Errorf("the same codes elsewhere: %v", err)
	}
	r.clock.Advance(time.Hour)
	if out, err := confirm(r.propose(a, 20_00), r.code(0)); err != nil || out.Order.State != Done {
		t.Errorf("later: %+v, %v", out, err)
	}
	r.spent(0, 32_34, mostTyped+1)
}

// TestACodeOfATopUpCountsUntilItIsAnswered, and no longer than that unless it was wrong. A right one forgives.
func TestACodeOfATopUpCountsUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		keep   bool
		before func(r *rig, o Order)
		counts int // of the one before, and this one
	}{
		{"right", false, func(*rig, Order) {}, 0},
		{"right, after a renewal", false, func(r *rig, _ Order) { r.sim.ExpireSessions() }, 0},
		{"refused for the card", false, func(r *rig, _ Order) { r.sim.FailNext("MoneyInCbConfirm", 9999, 3, "Non.") }, 1},
		{"lost", false, func(r *rig, _ Order) { r.sim.DropAnswer("MoneyInCbConfirm", true) }, 1},
		{"not sent", false, func(r *rig, _ Order) { r.sim.Fault("GetStatement") }, 1},
		{"not written", false, func(r *rig, _ Order) { r.down.fail(3) }, 2}, // nor taken back
		{"not written, once", false, func(r *rig, _ Order) { r.faulty.FailCommit(2) }, 1},
		{"wrong", false, func(r *rig, _ Order) { r.sim.FailNext("MoneyInCbConfirm", 105, 2, "Non.") }, 2},
		{"wrong at a renewal", false, func(r *rig, _ Order) {
			r.sim.ExpireSessions()
			r.sim.FailNext("Logon", 105, 2, "Non.")
		}, 2},
		{"decided on before", false, func(r *rig, o Order) { must(r.t, third(r.w.Cancel(o.Key(), camille))) }, 1},
		{"kept", true, func(*rig, Order) {}, 1},
		{"kept, wrong", true, func(r *rig, _ Order) { r.sim.FailNext("MoneyInCbConfirm", 105, 2, "Non.") }, 2},
		{"kept, wrong at a renewal", true, func(r *rig, _ Order) {
			r.sim.ExpireSessions()
			r.sim.FailNext("Logon", 105, 2, "Non.")
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			during, account := -1, ""
			var r *rig
			counted := func() (n int) {
				l := codes(account)
				for l.Most = 1; counts(r.w).Held(l) != nil; l.Most++ {
					n++
				}
				return n
			}
			r = newRig(t, rigOptions{proxy: func(_ *rig, method string) {
				if r != nil && method == "MoneyInCbConfirm" {
					during = counted()
				}
			}})
			a := r.link(0, tt.keep).Account
			o := r.propose(a, 20_00)
			account = a
			must(t, counts(r.w).Note(codes(a)))
			r.clock.Advance(time.Second)
			tt.before(r, o)
			code := r.code(0)
			if tt.keep {
				code = noCode
			}
			_, _ = r.w.Confirm(t.Context(), o.Key(), camille, code)
			r.down.fail(0)
			if n := counted(); n != tt.counts {
				t.Errorf("%d count afterwards, want %d", n, tt.counts)
			}
			if during >= 0 && !tt.keep && during != 2 {
				t.Errorf("%d count while it is under way", during)
			}
		})
	}
}
