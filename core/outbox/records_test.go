package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/core/outbox"
	"cartable/core/store"
	"cartable/core/store/storetest"
)

func (r *rig) move(old, to string) {
	r.t.Helper()
	r.update(func(tx store.Tx) error { return r.o.MoveChat(tx, chatOf(old), chatOf(to)) })
}

func TestLettersFollowAChatThatHasMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		placed := func(l *outbox.Letter) { l.To.Thread, l.To.Edit, l.To.Answers = "thread", "edit", "answers" }
		r.put("group", "1", placed, aboutAccount("school"))
		r.wait(time.Second)
		r.put("super", "2")
		r.wait(time.Second)
		r.put("group", "3")
		r.wait(time.Second)
		r.put("group", "same", func(l *outbox.Letter) { l.ID = "same" })
		r.put("super", "same", func(l *outbox.Letter) { l.ID = "same" })
		r.put("bob", "b")
		must(t, r.o.Present(chatOf("old friend"), false))
		r.move("group", "super")
		r.move("group", "super") // the platform may say so twice
		r.move("super", "super")
		r.move("old friend", "new friend")
		r.restart()
		r.back()
		r.saw("group", "")
		r.saw("super", "1 2 3 same")
		r.saw("bob", "b")
		for _, s := range r.p.shown {
			if s.text() == "1" && s.to != (chat.Target{Chat: chatOf("super"), Private: true, Key: "group/1"}) {
				t.Errorf("sent to %+v", s.to)
			}
		}
		for _, c := range []string{"old friend", "new friend"} { // it will show
			gone, err := r.o.Gone(chatOf(c))
			must(t, err)
			is(t, "gone", gone, false)
		}
		r.wait(2 * time.Hour)
		must(t, r.s.Update(func(tx store.Tx) error { _, err := r.o.Sweep(tx, time.Now()); return err }))
		is(t, "records left", r.records(), 0)
	})
}

// TestLettersThatMoveToAChatThatIsGone are dropped like others.
func TestLettersThatMoveToAChatThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		must(t, r.o.Present(chatOf("super"), false))
		r.put("group", "1")
		r.put("group", "2")
		r.move("group", "super")
		r.p.fails["super"] = chat.ErrChatGone
		r.run()
		r.wait(time.Minute)
		is(t, "tries", r.p.tries(), 1)
		is(t, "dropped", r.o.Dropped(), 2)
		is(t, "waiting", r.o.Len(), 0)
	})
}

// TestLettersPutAtTheSameInstant keep their order when chats become one.
func TestLettersPutAtTheSameInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		must(t, r.s.Update(func(tx store.Tx) error {
			for _, c := range []string{"super", "group"} {
				for _, text := range []string{"1", "2"} {
					if err := r.o.Put(tx, letter(c, c+text)); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		r.move("group", "super")
		r.run()
		r.back()
		r.saw("super", "super1 super2 group1 group2")
	})
}

// TestAChatMovesWhileALetterIsOnItsWay is what Telegram does: it tells of the move when something is sent, and takes
// the message for the new chat.
func TestAChatMovesWhileALetterIsOnItsWay(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("moved on: %t", again), in(func(t *testing.T) {
			r := newRig(t)
			r.put("group", "1", aboutAccount("school"))
			r.put("group", "2")
			hold := make(chan struct{})
			r.p.during["1"] = func() {
				if r.s.Update(func(tx store.Tx) error { return r.o.MoveChat(tx, chatOf("group"), chatOf("super")) }) == nil {
					r.o.Wake()
				}
				<-hold
			}
			r.run()
			is(t, "tries while it is on its way", r.p.tries(), 1)
			r.wait(10 * time.Second)
			must(t, r.s.Update(func(tx store.Tx) error { _, err := r.o.Sweep(tx, time.Now()); return err }))
			is(t, "tries while it is on its way", r.p.tries(), 1)
			if again {
				r.p.set(func() { r.p.away = true; delete(r.p.during, "1") })
			}
			close(hold)
			synctest.Wait()
			if again {
				r.restart()
				r.back()
				r.saw("super", "1 2")
			} else {
				r.saw("group", "1")
				r.wait(2 * time.Second)
				r.saw("super", "2")
			}
			is(t, "times 1 was taken", len(r.p.keys), 2)
			r.wait(2 * time.Hour)
			must(t, r.s.Update(func(tx store.Tx) error { _, err := r.o.Sweep(tx, time.Now()); return err }))
			is(t, "records left", r.records(), 0)
		}))
	}
}

func TestLettersGoWithTheirAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "1", aboutAccount("school"))
		r.put("anna", "2")
		r.put("anna", "3", aboutAccount("wallet"))
		r.put("bob", "4", aboutAccount("school"))
		r.put("group", "5", aboutAccount("school"))
		r.put("anna", "6", aboutAccount("school"))
		r.update(func(tx store.Tx) error { return r.o.Withdraw(tx, chatOf("anna"), "anna/1") })
		r.move("group", "super")
		r.update(func(tx store.Tx) error { return errors.Join(r.o.Forget(tx, "school"), r.o.Forget(tx, "unknown")) })
		r.back()
		r.saw("anna", "2 3")
		r.saw("bob", "")
		r.saw("super", "")
		r.wait(2 * time.Hour)
		must(t, r.s.Update(func(tx store.Tx) error { _, err := r.o.Sweep(tx, time.Now()); return err }))
		is(t, "records left", r.records(), 0)
	})
}

func TestForgettingAChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		must(t, r.s.Update(func(tx store.Tx) error { // not even collected
			return errors.Join(r.o.Put(tx, letter("anna", "1", aboutAccount("school"))), r.o.Put(tx, letter("bob", "b", aboutAccount("school"))))
		}))
		must(t, r.o.Present(chatOf("carla"), false))
		r.update(func(tx store.Tx) error {
			return errors.Join(r.o.ForgetChat(tx, chatOf("anna")), r.o.ForgetChat(tx, chatOf("carla")), r.o.ForgetChat(tx, chatOf("nobody")))
		})
		is(t, "records of Bob", r.records(), 3)
		r.run()
		r.back()
		r.saw("anna", "")
		r.saw("bob", "b")
		is(t, "records left", r.records(), 0)
	})
}

// TestSweepFromOutside is that of core, which does not go through Run.
func TestSweepFromOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		must(t, r.s.Update(func(tx store.Tx) error {
			for n := range 250 {
				if err := r.o.Put(tx, letter(fmt.Sprint(n), "1", until(time.Hour))); err != nil {
					return err
				}
			}
			return r.o.Put(tx, letter("anna", "2", until(day)))
		}))
		r.open()
		is(t, "waiting", r.o.Len(), 251)
		sweep := func() {
			must(t, r.s.Update(func(tx store.Tx) error { _, err := r.o.Sweep(tx, time.Now()); return err }))
			r.open()
		}
		sweep()
		is(t, "waiting", r.o.Len(), 251)
		time.Sleep(time.Hour)
		sweep()
		is(t, "waiting", r.o.Len(), 231) // a portion at a time
		for range 12 {
			sweep()
		}
		is(t, "waiting", r.o.Len(), 1)
		r.leave()
		r.run()
		r.back()
		r.saw("anna", "2")
	})
}

// TestManyLettersAreCollectedInPortions puts more than a few portions before Run looks.
func TestManyLettersAreCollectedInPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		must(t, r.s.Update(func(tx store.Tx) error {
			for n := range 850 {
				if err := r.o.Put(tx, letter(fmt.Sprint(n), "1", notBefore(time.Hour), until(time.Hour))); err != nil {
					return err
				}
			}
			return nil
		}))
		r.run()
		is(t, "waiting", r.o.Len(), 850)
		r.wait(2 * time.Hour)
		is(t, "records left", r.records(), 0)
		is(t, "dropped", r.o.Dropped(), 850)
	})
}

// damage makes a record one that nobody can read.
func (r *rig) damage(bucket, group string, name func(string) bool) {
	r.t.Helper()
	var doomed string
	must(r.t, r.s.View(func(tx store.Tx) error {
		_, err := tx.Scan(bucket, group, func(n string, _ []byte) error {
			if name(n) {
				doomed = n
			}
			return nil
		})
		return err
	}))
	must(r.t, r.s.(storetest.Damageable).Damage(bucket, group, doomed))
}

func whichever(string) bool { return true }

func TestAnUnreadableLetterStandsInNobodysWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.put("anna", "1", aboutAccount("school"))
		r.damage("letters", chatOf("anna").Key(), whichever)
		r.wait(time.Second)
		r.put("anna", "2")
		r.put("bob", "b")
		r.restart()
		is(t, "damaged", r.o.Damaged(), 1)
		is(t, "waiting", r.o.Len(), 2)
		r.move("anna", "anna 2")
		r.back()
		r.saw("anna 2", "2")
		r.saw("bob", "b")
		r.update(func(tx store.Tx) error { return r.o.Withdraw(tx, chatOf("anna"), "anna/1") })
		must(t, r.s.Update(func(tx store.Tx) error { return r.o.Forget(tx, "school") }))
		must(t, r.o.Present(chatOf("anna"), false)) // takes it away
		must(t, r.o.Present(chatOf("anna"), true))
		r.wait(2 * time.Hour)
		must(t, r.s.Update(func(tx store.Tx) error { _, err := r.o.Sweep(tx, time.Now()); return err }))
		is(t, "records left", r.records(), 0)
	})
}

func TestAnUnreadableAbsenceIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		must(t, r.o.Present(chatOf("anna"), false))
		r.damage("gone", "", whichever)
		r.put("anna", "1")
		gone, err := r.o.Gone(chatOf("anna"))
		must(t, err)
		is(t, "gone", gone, true)
		r.saw("anna", "")
		must(t, r.o.Present(chatOf("anna"), true))
		r.put("anna", "2")
		r.saw("anna", "2")
	})
}

// TestLettersAreFoundWithoutWhatLeadsToThem damages the note of what was put.
func TestLettersAreFoundWithoutWhatLeadsToThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		put := func(c, text string) {
			must(t, r.s.Update(func(tx store.Tx) error { return r.o.Put(tx, letter(c, text)) }))
		}
		put("anna", "1")
		put("bob", "b")
		r.damage("letters_posted", "", func(name string) bool { return name == chatOf("anna").Key() })
		r.p.set(func() { r.p.away = false })
		r.o.Wake()
		r.run()
		r.saw("anna", "1")
		r.saw("bob", "b")
		is(t, "records left", r.records(), 0)
		put("anna", "2")
		r.damage("letters_posted", "", whichever)
		put("anna", "3") // which writes over it
		r.o.Wake()
		synctest.Wait()
		r.saw("anna", "1 2 3")
		is(t, "records left", r.records(), 0)
	})
}

func TestAnUnreadableMoveIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.put("group", "1")
		hold := make(chan struct{})
		r.p.during["1"] = func() {
			_ = r.s.Update(func(tx store.Tx) error { return r.o.MoveChat(tx, chatOf("group"), chatOf("super")) })
			<-hold
		}
		r.run()
		r.damage("letters_moved", "", whichever)
		r.p.set(func() { delete(r.p.during, "1") })
		close(hold)
		synctest.Wait()
		r.o.Wake()
		synctest.Wait()
		r.saw("super", "1") // twice: nothing tells that it was there
		r.update(func(tx store.Tx) error { return r.o.ForgetChat(tx, chatOf("group")) })
		is(t, "records left", r.records(), 0)
	})
}

// TestEachFailedWriteIsSaid has each write of what is done in turn fail: whoever commits must know.
func TestEachFailedWriteIsSaid(t *testing.T) {
	for name, do := range map[string]func(r *rig) error{
		"put": func(r *rig) error {
			return r.s.Update(func(tx store.Tx) error { return r.o.Put(tx, letter("anna", "new", aboutAccount("school"))) })
		},
		"keep": func(r *rig) error {
			err := r.o.Send(context.Background(), target("anna"), reply("kept"))
			if err != nil && !errors.Is(err, chat.ErrNotReached) {
				r.t.Errorf("the cause is missing: %v", err)
			}
			return err
		},
		"withdraw": func(r *rig) error {
			return r.s.Update(func(tx store.Tx) error { return r.o.Withdraw(tx, chatOf("anna"), "anna/1") })
		},
		"forget": func(r *rig) error {
			return r.s.Update(func(tx store.Tx) error { return r.o.Forget(tx, "school") })
		},
		"forget chat": func(r *rig) error {
			return r.s.Update(func(tx store.Tx) error { return r.o.ForgetChat(tx, chatOf("anna")) })
		},
		"move": func(r *rig) error {
			return r.s.Update(func(tx store.Tx) error { return r.o.MoveChat(tx, chatOf("anna"), chatOf("bob")) })
		},
		"sweep": func(r *rig) error {
			return r.s.Update(func(tx store.Tx) error { _, err := r.o.Sweep(tx, time.Now().Add(30*day)); return err })
		},
		"present": func(r *rig) error { return r.o.Present(chatOf("anna"), false) },
	} {
		t.Run(name, in(func(t *testing.T) {
			faulty := &storetest.Faulty{Store: newVault(t)}
			r := rigOver(t, faulty)
			r.leave()
			letters := 3
			if name == "put" { // the oldest makes room
				letters = 50
			}
			for n := range letters {
				r.put("anna", fmt.Sprint(n), aboutAccount("school"), until(day))
			}
			r.put("bob", "b")
			before := r.records()
			for n := 1; ; n++ {
				r.open()
				faulty.FailWrite(n)
				err := do(r)
				if !faulty.Failed() {
					must(t, err)
					if n == 1 {
						t.Error("nothing was written")
					}
					break
				}
				fails(t, fmt.Sprint("write ", n), err, storetest.ErrFault)
				is(t, "records", r.records(), before)
			}
		}))
	}
}
