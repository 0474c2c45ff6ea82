package watch

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/rights"
	"cartable/core/school"
	"cartable/core/store"
)

func TestCancelledLesson(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	r.school.cancel("Léa", at(1, 0, 0), true, 9)
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 9, 0))
	r.wants() // the first look is silent
	r.school.cancel("Léa", at(0, 0, 0), true, 8, 15, 16)
	r.until(at(0, 12, 0))
	r.wants(`Mon 10:\d\d Léa : 2 cours annulés lundi 16 novembre \| 15:00–16:00 Maths · MARTIN P. \| 16:00–17:00 Anglais LV1 · MARTIN P.` +
		` \[Voir: run /edt 16/11/2026 #kLéa\.\w+\] \[Ne plus prévenir: alert.off cancelled\]`)
	r.school.cancel("Léa", at(3, 0, 0), true, 8)
	r.school.cancel("Léa", at(9, 0, 0), true, 11) // next week
	r.until(at(0, 18, 0))
	r.wants(`Mon 12:\d\d Léa : un cours annulé jeudi 19 novembre \| 08:00–09:00 SVT · .*/edt 19/11/2026 #kLéa.*`,
		`Mon 12:\d\d Léa : un cours annulé mercredi 25 novembre \| 11:00–12:00 SVT · .*/edt 25/11/2026 #kLéa.*`)
	r.school.cancel("Léa", at(3, 0, 0), false, 8)
	r.until(at(1, 3, 0))
	r.school.cancel("Léa", at(3, 0, 0), true, 8)
	r.until(at(1, 9, 0))
	r.wants(`Tue 07:00 Léa : un cours annulé jeudi 19 novembre .*`) // seen before, told when people are awake
	r.school.cancel("Léa", at(1, 0, 0), true, 14, 15, 16)
	r.school.cancel("Léa", at(3, 0, 0), true, 14, 15, 16)
	r.until(at(2, 3, 0))
	r.wants(`Tue 10:\d\d Léa : 6 cours sont annulés d'ici au jeudi 19 novembre. \[Voir: run /edt semaine du 17/11/2026 #kLéa\.\w+\] .*`)
	r.until(at(3, 3, 0))
	r.wants()
	for _, l := range r.did(account).Letters {
		if !l.Until.After(at(2, 6, 0)) {
			t.Errorf("a letter that may be taken back until %s", l.Until)
		}
	}
}

func TestNewGrade(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa", "Hugo")
	r.school.publish("Léa", "SVT", "9")
	r.linkSchool("marc", camille, home)
	r.until(at(0, 9, 0))
	r.wants()
	r.school.publish("Hugo", "MATHÉMATIQUES", "15.5")
	r.until(at(0, 14, 0))
	r.wants(`Mon 12:\d\d Hugo : une nouvelle note \| Maths 15,5/20 · Contrôle 15.5 · classe 11,2` +
		` \[Voir: run /notes MATHÉMATIQUES #kHugo\.\w+\] \[Ne plus prévenir: alert.off grade\]`)
	r.school.publish("Léa", "SVT", "12")
	r.school.publish("Léa", "ANGLAIS LV1", "13")
	r.until(at(1, 3, 0))
	r.wants(`Mon 17:\d\d Léa : 2 nouvelles notes \| Anglais LV1 13/20 .* \| SVT 12/20 .* \[Voir: run /notes #kLéa\.\w+\] .*`)
	for _, mark := range []string{"1", "2", "3", "4", "5", "6"} {
		r.school.publish("Hugo", "SVT", mark)
	}
	r.until(at(2, 3, 0))
	r.wants(`Tue 12:\d\d Hugo : 6 nouvelles notes, en SVT. \[Voir: run /notes SVT #kHugo\.\w+\] .*`)
	r.until(at(3, 3, 0))
	r.wants()
}

func TestLowBalance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	account := r.linkWallet(0, true)
	for i, step := range []struct {
		balance string
		want    string
	}{
		{"4.99", ""}, // the first look is silent
		{"3.00", ""},
		{"5.00", ""}, // not below
		{"4.99", "4,99 €"},
		{"4.50", ""},
		{"-0.10", ""},
		{"12.00", ""},
		{"4.99", "4,99 €"},
	} {
		r.izly.set(step.balance)
		r.until(at(i, 23, 0))
		got := r.told()
		if len(got) != min(1, len(step.want)) || step.want != "" && (!strings.Contains(got[0], "Il ne reste que "+step.want+" sur le compte Izly. [Recharger: run /recharger #"+account+"] [Ne plus prévenir: alert.off balance]")) {
			t.Errorf("%d: %s: told %q", i, step.balance, got)
		}
	}
	r.linkWallet(1, true)
	r.izly.set("9.00")
	r.until(at(8, 23, 0))
	r.izly.set("1.00")
	r.until(at(9, 23, 0))
	if got := r.told(); len(got) != 2 || !strings.Contains(got[0]+got[1], "Izly (Camille …") {
		t.Errorf("of two wallets: %q", got)
	}
}

// apart is a store that tells of a transaction within an Update of the same goroutine, which would read what is no
// longer so, or wait for itself.
type apart struct {
	store.Store
	t      *testing.T
	within *sync.Map // goroutines
}

// goroutine is a name of the one that calls.
func goroutine() string {
	b := make([]byte, 64)
	name, _, _ := strings.Cut(string(b[:runtime.Stack(b, false)]), " [")
	return name
}

func (s apart) View(fn func(store.Tx) error) error {
	if _, within := s.within.Load(goroutine()); within {
		s.t.Error("a View within an Update")
	}
	return s.Store.View(fn)
}

func (s apart) Update(fn func(store.Tx) error) error {
	if _, within := s.within.Load(goroutine()); within {
		s.t.Error("an Update within an Update")
	}
	return s.Store.Update(func(tx store.Tx) error {
		s.within.Store(goroutine(), true)
		defer s.within.Delete(goroutine())
		return fn(tx)
	})
}

// TestLettersReadNothingApart: what a letter says of its account is read before it is written.
func TestLettersReadNothingApart(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	r.damage.Store = apart{r.damage.Store, t, new(sync.Map)}
	r.restart()
	r.linkSchool("marc", camille, home)
	r.linkWallet(0, true)
	r.linkWallet(1, true)
	r.izly.set("9.00")
	r.until(at(0, 22, 0))
	r.izly.set("4.99")
	r.school.publish("Léa", "SVT", "12")
	r.until(at(1, 22, 0))
	if got := r.told(); len(got) != 3 {
		t.Errorf("told %q", got)
	}
}

// TestWalletWithoutCode asks while the session lives, then once a day, and again once somebody has opened another.
func TestWalletWithoutCode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	account := r.linkWallet(0, false)
	r.izly.set("9.00")
	r.until(at(1, 3, 0))
	r.izly.sim.ExpireSessions()
	before := r.izly.count()
	r.until(at(2, 3, 0))
	if asked := r.izly.count() - before; asked > 3 {
		t.Errorf("asked %d times with a session that has ended", asked)
	}
	if r.watch.plans[account].failures != 0 || strings.Contains(r.log.String(), "look failed") {
		t.Errorf("that a code is needed is an error: %s", r.log.String())
	}
	r.until(at(2, 12, 0))
	_ = r.wallet.Unlock(t.Context(), account, secretCode(r, 0))
	r.izly.set("4.00")
	r.until(at(2, 22, 0))
	r.wants()
	if _, err := r.wallet.Balance(t.Context(), account, secretCode(r, 0)); err != nil {
		t.Fatal(err)
	}
	// Izly has blocked the account: it rests until its owner acts.
	r.izly.sim.Block(r.izly.sim.Accounts()[0].Phone)
	r.until(at(3, 22, 0))
	before = r.izly.count()
	r.until(at(5, 22, 0))
	if asked := r.izly.count() - before; asked > 0 || r.did(account).Day > "2026-11-19" {
		t.Errorf("asked %d times for an account that is blocked: %+v", asked, r.did(account))
	}
}

func TestNotAtNight(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 20, 0))
	r.phone.down = true
	r.school.publish("Léa", "SVT", "12")
	r.until(at(0, 21, 0)) // found, and not delivered
	if n := len(r.letters()); n != 1 {
		t.Fatalf("%d letters wait", n)
	}
	r.phone.down = false
	r.deliver()
	r.wants(`Mon 21:00 Léa : une nouvelle note .*`) // when its time had come, and the platform is back
	for _, quiet := range []time.Time{at(0, 21, 0), at(0, 23, 59), at(1, 0, 0), at(1, 6, 59)} {
		if got := decent(r.watch, quiet); !got.Equal(at(1, 7, 0)) {
			t.Errorf("%s: told at %s", quiet, got)
		}
	}
	for _, awake := range []time.Time{at(0, 7, 0), at(0, 20, 59)} {
		if got := decent(r.watch, awake); !got.IsZero() {
			t.Errorf("%s: told at %s", awake, got)
		}
	}
	// What is seen before seven waits; what is over by then is not told.
	r.until(at(1, 3, 0))
	r.school.cancel("Léa", at(1, 0, 0), true, 8, 9)
	r.until(at(1, 6, 58))
	if n := len(r.letters()); n != 1 {
		t.Errorf("at 6:58: %d letters wait", n)
	}
	r.until(at(1, 7, 1))
	r.wants(`Tue 07:00 Léa : 2 cours annulés mardi 17 novembre .*`)
	r.school.cancel("Léa", at(1, 0, 0), true, 11)
	r.phone.down = true
	r.until(at(1, 10, 30))
	if n := len(r.letters()); n != 1 {
		t.Errorf("at 10:30: %d letters wait", n)
	}
	r.clock.Set(at(1, 12, 0)) // it is over
	r.phone.down = false
	r.deliver()
	r.wants()
	if _, known := r.watch.plans[account]; !known {
		t.Error("the plan is gone")
	}
}

func TestOffMeansOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 23, 0))
	must(t, r.watch.Turn(account, false, NewGrade))
	r.school.publish("Léa", "SVT", "12")
	r.school.cancel("Léa", at(1, 0, 0), true, 16)
	r.school.asked = nil
	r.until(at(1, 23, 0))
	r.wants(`Tue 07:00 Léa : un cours annulé .*`)
	for _, what := range r.school.asked {
		if strings.HasSuffix(what, "grades") {
			t.Errorf("nobody is told of grades, and %s", what)
		}
	}
	// On again: what happened meanwhile is not new.
	must(t, r.watch.Turn(account, true, NewGrade))
	r.until(at(2, 13, 0))
	r.wants()
	r.school.publish("Léa", "SVT", "13")
	r.until(at(3, 3, 0))
	r.wants(`Wed 18:\d\d Léa : une nouvelle note \| SVT 13/20 .*`)

	// What was held back for the morning is taken back.
	r.school.cancel("Léa", at(3, 0, 0), true, 16)
	r.until(at(3, 6, 58))
	if n := len(r.letters()); n != 1 {
		t.Fatalf("%d letters wait", n)
	}
	must(t, r.watch.Turn(account, false, KindsOf(rights.School)...))
	if n := len(r.letters()); n != 0 {
		t.Errorf("%d letters wait", n)
	}
	r.school.asked = nil
	r.until(at(4, 23, 0))
	r.wants()
	if len(r.school.asked) > 0 {
		t.Errorf("nobody is told anything, and %v", r.school.asked)
	}
	// It stays so after a restart and when the account is linked again.
	r.restart()
	if again := r.linkSchool("marc", camille, home); again != account {
		t.Fatalf("linked as %s", again)
	}
	if s, found, err := r.watch.Subscribed(account); err != nil || !found || len(s.Kinds) > 0 {
		t.Errorf("subscribed: %+v, %t, %v", s, found, err)
	}
	if err := r.watch.Turn("nobody's", true, NewGrade); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
}

func TestNobodyToTell(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 12, 0))
	must(t, r.outbox.Present(home, false))
	r.school.asked = nil
	r.until(at(1, 22, 0))
	if len(r.school.asked) > 0 {
		t.Errorf("the chat is gone, and %v", r.school.asked)
	}
	must(t, r.outbox.Present(home, true))
	r.school.publish("Léa", "SVT", "12")
	r.until(at(2, 22, 0))
	r.wants(`Wed 12:\d\d Léa : une nouvelle note .*`)

	// The account has moved: it is told where its owner is.
	must(t, r.rights.Move(camille, chat.ChatID{Platform: "test", ID: "new home"}))
	r.school.publish("Léa", "SVT", "13")
	r.until(at(3, 22, 0))
	r.wants(`Thu 12:\d\d Léa : une nouvelle note .*`)
	if to := r.phone.got[len(r.phone.got)-1].to.Chat; to.ID != "new home" {
		t.Errorf("told in %v", to)
	}
	if s, _, err := r.watch.Subscribed(account); err != nil || s.Chat.ID != "new home" {
		t.Errorf("subscribed: %+v, %v", s, err)
	}
	r.move(chat.ChatID{Platform: "test", ID: "new home"}, home)
	if s, _, err := r.watch.Subscribed(account); err != nil || s.Chat != home {
		t.Errorf("subscribed: %+v, %v", s, err)
	}
	r.school.publish("Léa", "SVT", "14")
	r.until(at(4, 22, 0))
	r.wants(`Fri 12:\d\d Léa : une nouvelle note .*`)
	if to := r.phone.got[len(r.phone.got)-1].to.Chat; to != home {
		t.Errorf("told in %v", to)
	}

	// Unlinked: nothing is looked at or kept any more, also by a look that began before.
	a, _ := r.rights.Account(account)
	must(t, r.damage.Update(func(tx store.Tx) error {
		return errors.Join(r.rights.Forget(tx, account), r.family.Forget(tx, account), r.outbox.Forget(tx, account), r.watch.Forget(tx, account))
	}))
	must(t, note(r.watch, a, []finding{{kind: NewGrade}}, 1, r.clock.Now()))
	must(t, r.rights.Refresh()) // the clock finds out by itself
	r.school.asked = nil
	r.until(at(8, 22, 0))
	if len(r.watch.plans)+len(r.watch.waiting)+len(r.school.asked) > 0 {
		t.Errorf("unlinked, and %v", r.school.asked)
	}
	must(t, r.damage.View(func(tx store.Tx) error {
		for _, bucket := range []string{"subscriptions", "subscriptions_of_chat", "seen", "looks"} {
			if _, err := tx.All(bucket, func(group, name string, _ []byte) error {
				t.Errorf("%s: %q %q is left", bucket, group, name)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestLettersMoveWithTheirChat so that they can still be taken back.
func TestLettersMoveWithTheirChat(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	other := chat.ChatID{Platform: "test", ID: "other"}
	must(t, r.damage.Update(func(tx store.Tx) error {
		return todays.Put(tx, "", account, today{Letters: []letter{
			{ID: "1", Kind: NewGrade, Chat: home}, {ID: "2", Kind: NewGrade, Chat: other},
		}})
	}))
	to := chat.ChatID{Platform: "test", ID: "new home"}
	r.move(home, to)
	must(t, r.damage.View(func(tx store.Tx) error {
		got, _, err := todays.Get(tx, "", account)
		if len(got.Letters) != 2 || got.Letters[0].Chat != to || got.Letters[1].Chat != other {
			t.Errorf("letters: %+v", got.Letters)
		}
		return err
	}))
}

// move makes one chat another, as a platform does.
func (r *rig) move(old, to chat.ChatID) {
	r.t.Helper()
	must(r.t, r.damage.Update(func(tx store.Tx) error {
		return errors.Join(r.rights.MoveChat(tx, old, to), r.outbox.MoveChat(tx, old, to), r.watch.MoveChat(tx, old, to))
	}))
	must(r.t, r.rights.Refresh())
}

func TestOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	r.off = true
	r.restart()
	r.linkSchool("marc", camille, home)
	r.school.asked = nil
	r.until(at(1, 3, 0))
	if len(r.school.asked) > 0 || r.watch.On() {
		t.Errorf("alerts are off, and %v", r.school.asked)
	}
}

// TestTwoFamilies: nobody is told of the children of others.
func TestTwoFamilies(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	dad := chat.PersonID{Platform: "test", ID: "dad"}
	mine := r.linkSchool("marc", camille, home)
	r.linkSchool("paul", dad, chat.ChatID{Platform: "test", ID: "dad"})
	r.until(at(0, 11, 0))
	must(t, r.watch.Turn(mine, false, NewGrade))
	r.school.publish("Léa", "SVT", "12")
	r.until(at(0, 22, 0))
	if len(r.phone.got) != 1 || r.phone.got[0].to.Chat.ID != "dad" {
		t.Errorf("told %+v", r.phone.got)
	}
}

// TestHiddenPage: a school that does not show grades is looked at all the same.
func TestHiddenPage(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	r.school.noGrades = true
	r.linkSchool("marc", camille, home)
	r.until(at(0, 20, 0))
	r.school.cancel("Léa", at(1, 0, 0), true, 16)
	r.until(at(1, 9, 0))
	r.wants(`Mon 20:\d\d Léa : un cours annulé .*`)
	if strings.Contains(r.log.String(), "look failed") {
		t.Error("that counts as a failure")
	}
}

// TestTrouble: a school that fails is left alone for longer each time, and nothing is lost.
func TestTrouble(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(1, 6, 0))
	asked := func(until time.Time) int {
		before, _ := r.school.count()
		r.until(until)
		after, _ := r.school.count()
		return after - before
	}
	r.school.fails = errors.New("garbled")
	if n := asked(at(1, 8, 30)); n > 4 { // it would be seven looks
		t.Errorf("%d requests in the morning to a school that fails", n)
	}
	if n := asked(at(1, 21, 0)); n > 8 {
		t.Errorf("%d requests to a school that fails", n)
	}
	if p := r.watch.plans[account]; p.failures < 4 {
		t.Errorf("%d looks failed", p.failures)
	}
	r.school.fails = nil
	r.school.publish("Léa", "SVT", "12")
	r.until(at(2, 22, 0))
	r.wants(`Wed \d\d:\d\d Léa : une nouvelle note .*`)

	r.school.fails = school.ErrPause // a pause, which family keeps and makes longer each time
	if n := asked(at(3, 12, 0)); n < 1 || n > 6 {
		t.Errorf("%d requests to a school that wants a pause", n)
	}
	r.clock.Set(at(3, 20, 0))
	if _, err := r.family.Week(t.Context(), r.family.Pupils([]string{account})[0], at(3, 0, 0), 0); err != nil {
		t.Fatal(err) // an old one
	}
	status, _ := r.family.Status(account)
	if p := r.watch.plans[account]; !status.Paused.After(r.clock.Now()) || !r.watch.schoolRests(p, today{}, r.clock.Now()) || !p.rest.Equal(status.Paused) {
		t.Errorf("paused until %s, and the account rests until %s", status.Paused, p.rest)
	}
	r.school.fails = nil
	r.until(at(4, 22, 0))

	r.school.fails = school.ErrWrongPassword
	r.until(at(5, 22, 0))
	if n := asked(at(8, 22, 0)); n != 0 || r.did(account).Day == "2026-11-24" || r.watch.plans[account].failures > 0 {
		t.Errorf("%d requests for an account that is stopped, %+v", n, r.did(account))
	}
}

// TestOffMeanwhile: what is turned off while a look is under way is not told by it.
func TestOffMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRig(t, "Léa")
	account := r.linkSchool("marc", camille, home)
	r.until(at(0, 22, 0))
	r.school.publish("Léa", "SVT", "12")
	pupil := r.family.Pupils([]string{account})[0]
	grades, err := r.family.Grades(t.Context(), pupil, "", 0)
	must(t, err)
	found := []finding{{kind: NewGrade, pupil: pupil, grades: grades}}
	a, _ := r.rights.Account(account)
	must(t, r.watch.Turn(account, false, NewGrade))
	must(t, note(r.watch, a, found, 1, r.clock.Now()))
	must(t, r.watch.Turn(account, true, NewGrade))
	must(t, note(r.watch, a, found, 1, r.clock.Now())) // the first look since
	if n := len(r.letters()); n != 0 {
		t.Errorf("%d letters", n)
	}
	r.school.publish("Léa", "SVT", "13")
	r.clock.Set(r.clock.Now().Add(time.Minute))
	if found[0].grades, err = r.family.Grades(t.Context(), pupil, "", 0); err != nil {
		t.Fatal(err)
	}
	must(t, note(r.watch, a, found, 1, r.clock.Now()))
	if n := len(r.letters()); n != 1 {
		t.Errorf("%d letters", n)
	}
	must(t, r.damage.Update(func(tx store.Tx) error { return r.outbox.Forget(tx, account) }))
	if n := len(r.letters()); n != 0 {
		t.Errorf("%d letters about an account that is gone", n)
	}
}
