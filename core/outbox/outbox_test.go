package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/core/outbox"
	"cartable/core/store"
)

var (
	errRefused = errors.New("refused")
	day        = 24 * time.Hour
)

// in runs a test in a bubble.
func in(test func(t *testing.T)) func(*testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}

func TestALetterGoesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.put("anna", "a")
		r.put("bob", "b")
		r.saw("anna", "a")
		r.saw("bob", "b")
		is(t, "key", r.p.keysOf("a")[0], "anna/a")
		is(t, "waiting", r.o.Len(), 0)
		is(t, "records left", r.records(), 0)
		r.wait(time.Hour)
		r.restart()
		r.saw("anna", "a")
	})
}

func TestLettersGoInOrderWhateverHappensMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "1")
		r.put("anna", "2")
		r.skew = -time.Hour // the clock is set back
		r.put("anna", "3")
		r.restart()
		r.put("anna", "4")
		r.put("bob", "5")
		is(t, "waiting", r.o.Len(), 5)
		r.p.set(func() { r.p.slow["2"] = make(chan struct{}) })
		r.back()
		r.saw("anna", "1")
		r.saw("bob", "5") // whom it does not concern
		r.restart()       // in the middle
		r.put("anna", "6")
		close(r.p.slow["2"])
		synctest.Wait()
		r.saw("anna", "1 2 3 4 6")
		is(t, "records left", r.records(), 0)
	})
}

func TestALetterThatMustWaitHoldsBackNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.put("anna", "morning", notBefore(8*time.Hour))
		r.put("anna", "evening")
		r.saw("anna", "evening")
		must(t, r.send("anna", "answer"))
		r.saw("anna", "evening answer")
		r.wait(8*time.Hour - time.Second)
		r.saw("anna", "evening answer")
		r.wait(time.Second)
		r.saw("anna", "evening answer morning")

		// When its time comes while others wait too, it is where it was put.
		r.put("anna", "1", notBefore(time.Hour))
		r.leave()
		r.put("anna", "2")
		r.restart()
		r.wait(2 * time.Hour)
		r.back()
		r.saw("anna", "evening answer morning 1 2")
	})
}

// TestNewsOfTheDayIsNotToldAtNight has an outage that begins in the evening and ends when people sleep: what answers
// somebody goes then, news wait for the morning, also over a restart.
func TestNewsOfTheDayIsNotToldAtNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.quiet = func(at time.Time) time.Time {
			midnight := at.UTC().Truncate(day)
			switch hour := at.UTC().Hour(); {
			case hour < 7:
				return midnight.Add(7 * time.Hour)
			case hour >= 21:
				return midnight.Add(day + 7*time.Hour)
			}
			return time.Time{}
		}
		r.open()
		r.run()
		unasked := func(l *outbox.Letter) { l.Unasked = true }
		r.wait(20*time.Hour - time.Duration(time.Now().UTC().Hour())*time.Hour)
		r.put("anna", "by day", unasked)
		r.wait(time.Minute)
		r.saw("anna", "by day")
		r.leave()
		r.put("anna", "news", unasked)
		r.put("anna", "answer")
		r.wait(3 * time.Hour)
		r.back()
		r.wait(10 * time.Minute)
		r.saw("anna", "by day answer")
		r.restart()
		r.put("anna", "of the night", unasked)
		r.wait(6 * time.Hour)
		r.saw("anna", "by day answer")
		r.wait(3 * time.Hour)
		r.saw("anna", "by day answer news of the night")
	})
}

func TestALetterThatHasLostItsSenseIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.put("anna", "too late already", until(0))
		is(t, "records", r.records(), 0)
		r.leave()
		r.put("anna", "lesson", until(time.Hour))
		r.put("anna", "grade")
		must(t, r.send("anna", "answer"))
		is(t, "waiting", r.o.Len(), 3)
		r.wait(2 * time.Hour)
		is(t, "waiting", r.o.Len(), 2)
		is(t, "dropped", r.o.Dropped(), 1)
		r.wait(23 * time.Hour) // an answer makes sense for a day
		is(t, "waiting", r.o.Len(), 1)
		r.back()
		r.saw("anna", "grade")
		is(t, "dropped", r.o.Dropped(), 2)
		is(t, "records left", r.records(), 0)
	})
}

func TestALetterWithoutAnEndIsKeptForAWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "a")
		r.put("anna", "b", notBefore(day))
		r.wait(7*day - time.Minute)
		is(t, "waiting", r.o.Len(), 2)
		r.wait(3 * time.Minute)
		is(t, "waiting", r.o.Len(), 1)
		r.wait(day)
		is(t, "waiting", r.o.Len(), 0)
		is(t, "dropped", r.o.Dropped(), 2)
		is(t, "records left", r.records(), 0)
	})
}

// TestExpiryOnAPlatformThatNobodySendsTo needs no adapter.
func TestExpiryOnAPlatformThatNobodySendsTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		elsewhere := func(l *outbox.Letter) { l.To.Chat.Platform = "other" }
		r.run()
		r.put("anna", "a", elsewhere, until(time.Hour))
		r.put("anna", "b", elsewhere)
		is(t, "waiting", r.o.Len(), 2)
		r.wait(2 * time.Hour)
		is(t, "waiting", r.o.Len(), 1)
		fails(t, "send", r.o.Send(context.Background(), chat.Target{Chat: chat.ChatID{Platform: "other", ID: "anna"}}, reply("c")), outbox.ErrNoAdapter)
		other := newPlatform("other")
		r.o.Attach(other)
		synctest.Wait()
		is(t, "seen", other.saw("anna"), "b")
	})
}

func TestAReplyIsSentWithoutAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := &counting{Store: newVault(t)}
		r := rigOver(t, counted)
		must(t, r.send("anna", "a"))
		must(t, r.send("anna", "b"))
		r.saw("anna", "a b")
		is(t, "writes", counted.updates.Load(), 0)
		if a, b := r.p.keysOf("a")[0], r.p.keysOf("b")[0]; a == "" || a == b {
			t.Errorf("keys %q and %q", a, b)
		}
	})
}

// counting counts what is written, and can be told to fail.
type counting struct {
	store.Store
	updates atomic.Int64
	away    atomic.Bool
	full    atomic.Bool // nothing can be written
}

var errDisk = errors.New("the disk is away")

func (c *counting) View(fn func(store.Tx) error) error {
	if c.away.Load() {
		return errDisk
	}
	return c.Store.View(fn)
}

func (c *counting) Update(fn func(store.Tx) error) error {
	c.updates.Add(1)
	if c.away.Load() || c.full.Load() {
		return errDisk
	}
	return c.Store.Update(fn)
}

func TestAReplyThatWasNotDeliveredIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.leave()
		to := target("anna")
		to.Edit, to.Answers, to.Thread = "edit", "answers", "thread"
		must(t, r.o.Send(context.Background(), to, reply("answer")))
		synctest.Wait()
		is(t, "waiting", r.o.Len(), 1)
		r.restart()
		r.back()
		r.saw("anna", "answer")
		for _, key := range r.p.keysOf("answer") {
			is(t, "key", key, r.p.keysOf("answer")[0])
		}
		got := r.p.shown[0]
		if got.to.Edit != "edit" || got.to.Answers != "answers" || got.to.Thread != "thread" || !got.to.Private || len(got.r.Choices) != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAKeyThatTheReplyBringsIsItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.leave()
		to := target("anna")
		to.Key = "mine"
		must(t, r.o.Send(context.Background(), to, reply("answer")))
		r.back()
		for _, key := range r.p.keysOf("answer") {
			is(t, "key", key, "mine")
		}
		r.saw("anna", "answer")
	})
}

func TestWhatAsksOrHasAFileIsNotKept(t *testing.T) {
	asking, secret, file := reply("?"), reply("?"), reply("file")
	asking.Expect, secret.Expect = chat.ExpectText, chat.ExpectSecret
	file.File = &chat.File{Name: "cartable.json", Open: chat.Bytes([]byte("{}"))}
	for name, reply := range map[string]chat.Reply{"question": asking, "secret": secret, "file": file} {
		t.Run(name, in(func(t *testing.T) {
			r := newRig(t)
			r.run()
			fails(t, "put", r.s.Update(func(tx store.Tx) error { return r.o.Put(tx, outbox.Letter{To: target("anna"), Reply: reply}) }), outbox.ErrNotKept)
			must(t, r.o.Send(context.Background(), target("bob"), reply))
			r.leave()
			fails(t, "send", r.o.Send(context.Background(), target("anna"), reply), chat.ErrNotReached)
			r.put("anna", "letter")
			fails(t, "send behind a letter", r.o.Send(context.Background(), target("anna"), reply), chat.ErrNotReached)
			is(t, "waiting", r.o.Len(), 1)
			r.back()
			r.saw("anna", "letter")
		}))
	}
}

func TestLettersGoBeforeANewReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t) // without Run
		r.put("anna", "1")
		r.put("anna", "2")
		r.put("bob", "b")
		must(t, r.send("anna", "3"))
		r.saw("anna", "1 2 3")
		r.saw("bob", "")
		r.leave()
		r.put("anna", "4")
		must(t, r.send("anna", "5")) // which is behind it now
		is(t, "tried", len(r.p.keysOf("5")), 0)
		r.p.set(func() { r.p.away = false })
		must(t, r.send("anna", "6"))
		r.saw("anna", "1 2 3 4 5 6")
		r.run()
		r.saw("anna", "1 2 3 4 5 6")
		r.saw("bob", "b")
		is(t, "records left", r.records(), 0)
	})
}

func TestAReplyWaitsForTheOneBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first, given := make(chan struct{}), make(chan error, 3)
		r.p.slow["1"] = first
		send := func(ctx context.Context, text string) {
			go func() { given <- r.o.Send(ctx, target("anna"), reply(text)) }()
			synctest.Wait()
		}
		send(context.Background(), "1")
		hurried, cancel := context.WithCancel(context.Background())
		send(hurried, "2")
		send(context.Background(), "3")
		must(t, r.send("bob", "b"))
		r.saw("bob", "b")
		cancel()
		must(t, <-given) // who could not wait is kept
		close(first)
		must(t, <-given)
		must(t, <-given)
		r.run()
		r.saw("anna", "1 2 3")
	})
}

// TestWhoGaveUpFirstIsNotFirst has one who was waiting be kept before the one for whom it waited.
func TestWhoGaveUpFirstIsNotFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first, given := make(chan struct{}), make(chan error)
		r.p.slow["1"] = first
		go func() { given <- r.o.Send(context.Background(), target("anna"), reply("1")) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		must(t, r.o.Send(ctx, target("anna"), reply("2")))
		r.leave()
		close(first)
		must(t, <-given)
		r.p.set(func() { r.p.away = false })
		must(t, r.send("anna", "3"))
		r.saw("anna", "1 2 3")
	})
}

func TestAReplyToAChatThatIsGoneIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		must(t, r.o.Present(chatOf("anna"), false))
		fails(t, "send", r.send("anna", "answer"), chat.ErrNotReached)
		is(t, "records", r.records(), 1)
	})
}

// TestAnEndedContextKeepsTheReply is a stop while an answer, or a letter before it, is on its way. It says nothing of
// the platform.
func TestAnEndedContextKeepsTheReply(t *testing.T) {
	for _, slow := range []string{"letter", "answer"} {
		t.Run(slow, in(func(t *testing.T) {
			r := newRig(t)
			r.put("anna", "letter")
			r.open()
			r.p.slow[slow] = make(chan struct{})
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			must(t, r.o.Send(ctx, target("anna"), reply("answer")))
			r.p.set(func() { clear(r.p.slow) })
			r.run()
			r.saw("anna", "letter answer")
		}))
	}
}

func TestAWithdrawnLetterIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		for _, text := range []string{"1", "2", "3"} {
			r.put("anna", text)
		}
		r.put("bob", "2")
		withdraw := func(id string) {
			r.update(func(tx store.Tx) error { return r.o.Withdraw(tx, chatOf("anna"), id) })
		}
		withdraw("anna/1")
		withdraw("unknown")
		first := make(chan struct{})
		r.p.set(func() { r.p.slow["2"] = first })
		r.back()
		r.p.set(func() { r.p.away = true })
		withdraw("anna/2") // which is on its way
		withdraw("anna/3") // behind it
		close(first)
		synctest.Wait()
		r.back()
		r.saw("anna", "")
		r.saw("bob", "2")
		is(t, "records left", r.records(), 0)
	})
}

func TestOneIDIsOneLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		named := func(l *outbox.Letter) { l.ID = "same" }
		r.put("anna", "1", named)
		r.put("anna", "2", named)
		r.put("bob", "3", named)
		unnamed := func(l *outbox.Letter) { l.ID = "" }
		r.put("anna", "4", unnamed)
		r.put("anna", "5", unnamed)
		r.back()
		r.saw("anna", "1 4 5")
		r.saw("bob", "3")
		if a, b := r.p.keysOf("4")[0], r.p.keysOf("5")[0]; a == "" || a == b {
			t.Errorf("keys %q and %q", a, b)
		}
	})
}

func TestAChatThatIsGoneGetsNothingUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "1")
		r.put("anna", "2")
		r.put("bob", "b")
		r.p.fails["anna"] = fmt.Errorf("blocked: %w", chat.ErrChatGone)
		gone := func(want bool) {
			t.Helper()
			got, err := r.o.Gone(chatOf("anna"))
			must(t, err)
			is(t, "gone", got, want)
		}
		gone(false)
		r.back()
		gone(true)
		r.saw("bob", "b")
		is(t, "tried", len(r.p.keysOf("2")), 0)
		is(t, "waiting", r.o.Len(), 0)
		is(t, "dropped", r.o.Dropped(), 2)
		tries := r.p.tries()
		r.put("anna", "3")
		r.restart()
		gone(true)
		is(t, "tries", r.p.tries(), tries)
		is(t, "records", r.records(), 1) // that it is gone

		r.p.set(func() { clear(r.p.fails) })
		must(t, r.o.Present(chatOf("anna"), true))
		gone(false)
		is(t, "records", r.records(), 0)
		r.put("anna", "4")
		r.saw("anna", "4")

		r.p.set(func() { r.p.fails["anna"] = chat.ErrChatGone })
		fails(t, "send", r.send("anna", "5"), chat.ErrChatGone)
		gone(true)
	})
}

func TestAChatThatWasGoneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.update(func(tx store.Tx) error { return outbox.PutGone(tx, chatOf("anna"), time.Now()) })
		r.run()
		r.put("anna", "1")
		gone, err := r.o.Gone(chatOf("anna"))
		must(t, err)
		is(t, "gone", gone, true)
		must(t, r.o.Present(chatOf("anna"), true))
		r.put("anna", "2")
		r.saw("anna", "2")
	})
}

func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := &counting{Store: newVault(t)}
		r := rigOver(t, counted)
		r.leave()
		r.run()
		must(t, r.o.Present(chatOf("anna"), true))
		is(t, "writes for nothing", counted.updates.Load(), 0)
		r.put("anna", "1")
		r.put("bob", "b")
		must(t, r.o.Present(chatOf("anna"), false))
		is(t, "waiting", r.o.Len(), 1)
		writes := counted.updates.Load()
		must(t, r.o.Present(chatOf("anna"), false))
		is(t, "writes for nothing", counted.updates.Load(), writes)
		r.back()
		r.saw("anna", "")
		r.saw("bob", "b")
	})
}

func TestWhatOthersWouldReadIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "1")
		r.put("anna", "2")
		r.put("anna", "for all", func(l *outbox.Letter) { l.To.Private = false })
		r.p.fails["1"], r.p.fails["2"] = chat.ErrNotPrivate, chat.ErrNotPrivate
		r.back()
		r.saw("anna", "for all")
		is(t, "tried", len(r.p.keysOf("2")), 0)
		is(t, "dropped", r.o.Dropped(), 2)
		gone, err := r.o.Gone(chatOf("anna"))
		must(t, err)
		is(t, "gone", gone, false)

		// An adapter that says so of what is not private is believed once.
		r.p.set(func() { r.p.fails["odd"] = chat.ErrNotPrivate })
		r.put("anna", "odd", func(l *outbox.Letter) { l.To.Private = false })
		is(t, "waiting", r.o.Len(), 0)

		r.leave()
		r.put("anna", "3", notBefore(day))
		r.p.set(func() { r.p.away, r.p.fails["answer"] = false, chat.ErrNotPrivate })
		fails(t, "send", r.send("anna", "answer"), chat.ErrNotPrivate)
		is(t, "records left", r.records(), 0)
	})
}

func TestARefusedLetterIsGivenUpInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.p.fails["odd"] = errRefused
		r.put("anna", "odd")
		r.put("anna", "1")
		must(t, r.send("anna", "2"))
		r.saw("anna", "1 2") // which it does not hold up
		r.wait(time.Second / 2)
		is(t, "tries", len(r.p.keysOf("odd")), 1)
		r.restart() // does not begin again
		r.wait(time.Hour)
		is(t, "tries", len(r.p.keysOf("odd")), 5)
		is(t, "dropped", r.o.Dropped(), 1)
		is(t, "records left", r.records(), 0)
		for _, never := range []string{"odd", "anna"} {
			if strings.Contains(r.log.String(), never) {
				t.Errorf("%q in the log:\n%s", never, r.log)
			}
		}
		if !strings.Contains(r.log.String(), "letters dropped") {
			t.Errorf("nothing in the log:\n%s", r.log)
		}
		fails(t, "send", r.send("anna", "odd"), errRefused)
		is(t, "waiting", r.o.Len(), 0)
	})
}

func TestAPanicOfAnAdapterIsTheLettersFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.p.during["odd"] = func() { panic("odd") }
		r.run()
		r.put("anna", "odd")
		r.put("anna", "1")
		r.wait(time.Hour)
		r.saw("anna", "1")
		is(t, "tries", len(r.p.keysOf("odd")), 5)
		is(t, "records left", r.records(), 0)
		if strings.Contains(r.log.String(), "odd") {
			t.Errorf("its text is in the log:\n%s", r.log)
		}
	})
}

// TestOneFailingChatHoldsUpNoOther has a chat that the platform never takes anything for.
func TestOneFailingChatHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.p.fails["anna"] = chat.ErrNotReached
		r.put("anna", "a")
		r.wait(time.Hour) // it looks as if nobody could be reached
		for n := range 60 {
			sent := time.Now()
			r.put("bob", fmt.Sprint(n))
			r.wait(10 * time.Minute)
			if got := r.p.shown[len(r.p.shown)-1]; n > 0 && got.at.Sub(sent) > 2*time.Second {
				t.Errorf("letter %d took %v", n, got.at.Sub(sent))
			}
		}
		is(t, "waiting", r.o.Len(), 0) // it is given up at some time
		is(t, "dropped", r.o.Dropped(), 1)
		r.p.set(func() { clear(r.p.fails) })
		r.put("anna", "b")
		r.saw("anna", "b")
	})
}

// TestALetterThatIsNeverTakenEndsEvenInAQuietBot has one person, whose messages arrive, and a letter that the platform
// never takes.
func TestALetterThatIsNeverTakenEndsEvenInAQuietBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		r.p.fails["odd"] = chat.ErrNotReached
		r.put("anna", "odd")
		for n := range 20 { // in a few minutes it could also be the platform
			r.wait(10 * time.Second)
			must(t, r.send("anna", fmt.Sprint(n)))
		}
		r.saw("anna", "")
		is(t, "waiting", r.o.Len(), 21)
		for range 3 {
			r.wait(20 * time.Minute)
			must(t, r.send("anna", "again"))
		}
		if got := r.p.saw("anna"); !strings.HasPrefix(got, "0 1 2 3 ") || !strings.HasSuffix(got, " 19 again again again") {
			t.Errorf("seen: %s", got)
		}
		is(t, "dropped", r.o.Dropped(), 1)
	})
}

// TestASilentPlatformLosesNothing has nobody write: the platform is away, and only one chat has letters.
func TestASilentPlatformLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "a")
		r.wait(6 * day)
		if tries := r.p.tries(); tries < 6*24*12 || tries > 6*24*26 {
			t.Errorf("%d tries", tries)
		}
		r.back()
		r.saw("anna", "a")
	})
}

func TestAPlatformThatIsAwayIsTriedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		other := newPlatform("other")
		r.o.Attach(other)
		r.leave()
		r.run()
		const chats = 40
		must(t, r.s.Update(func(tx store.Tx) error {
			for n := range chats {
				if err := errors.Join(r.o.Put(tx, letter(fmt.Sprint(n), "1")), r.o.Put(tx, letter(fmt.Sprint(n), "2"))); err != nil {
					return err
				}
			}
			return nil
		}))
		r.o.Wake()
		r.wait(time.Hour)
		if tries := r.p.tries(); tries < 12 || tries > 40 {
			t.Errorf("%d tries in an hour", tries)
		}
		tried := make(map[string]bool)
		for _, s := range r.p.tried[8:] {
			tried[s.to.Chat.ID] = true
		}
		is(t, "chats tried, one after the other", len(tried), len(r.p.tried)-8)
		is(t, "waiting", r.o.Len(), 2*chats)
		r.put("anna", "elsewhere", func(l *outbox.Letter) { l.To.Chat.Platform = "other" })
		is(t, "seen elsewhere", other.saw("anna"), "elsewhere")

		r.back()
		for n := range chats {
			r.saw(fmt.Sprint(n), "1 2")
		}
		if r.p.most > 8 {
			t.Errorf("%d at the same time", r.p.most)
		}
		is(t, "dropped", r.o.Dropped(), 0)
		is(t, "records left", r.records(), 0)
	})
}

// TestAReplyThatArrivesTellsThatThePlatformIsBack needs no pause to end.
func TestAReplyThatArrivesTellsThatThePlatformIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "a")
		r.wait(12 * time.Hour)
		r.p.set(func() { r.p.away = false })
		must(t, r.send("bob", "b"))
		r.wait(time.Second)
		r.saw("anna", "a")
	})
}

// TestAPlatformThatComesAndGoesLosesNothing takes something now and then, and never Anna's.
func TestAPlatformThatComesAndGoesLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		r.put("anna", "a")
		for n := range 8 {
			r.wait(10 * time.Minute)
			r.p.set(func() { r.p.away, r.p.fails["anna"] = false, chat.ErrNotReached })
			must(t, r.send("bob", fmt.Sprint(n)))
			r.leave()
		}
		r.p.set(func() { clear(r.p.fails) })
		r.back()
		r.saw("anna", "a")
		is(t, "dropped", r.o.Dropped(), 0)
	})
}

func TestASlowChatHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		never := make(chan struct{})
		r.p.slow["slow"] = never
		r.put("anna", "slow")
		for n := range 20 {
			r.put(fmt.Sprint(n), "quick")
			r.saw(fmt.Sprint(n), "quick")
		}
		must(t, r.send("bob", "answer"))
		r.wait(time.Hour) // an attempt has an end, and another begins
		if tries := len(r.p.keysOf("slow")); tries < 2 {
			t.Errorf("%d tries", tries)
		}
		close(never)
		synctest.Wait()
		r.wait(6 * time.Minute)
		r.saw("anna", "slow")
	})
}

// TestACrashBetweenSendingAndRemoving sends again, under the same key.
func TestACrashBetweenSendingAndRemoving(t *testing.T) {
	for known, want := range map[bool]string{true: "a b", false: "a b a b"} {
		t.Run(fmt.Sprintf("keys are known: %t", known), in(func(t *testing.T) {
			counted := &counting{Store: newVault(t)}
			r := rigOver(t, counted)
			r.p.knows = known
			r.p.during["a"] = func() { counted.full.Store(true) }
			r.put("anna", "a")
			r.put("anna", "b")
			r.run()
			r.saw("anna", "a b")
			r.stop()
			clear(r.p.during)
			counted.full.Store(false)
			r.restart()
			r.saw("anna", want)
			for _, text := range []string{"a", "b"} {
				if keys := r.p.keysOf(text); len(keys) != 2 || keys[0] != keys[1] {
					t.Errorf("keys %q", keys)
				}
			}
			is(t, "records left", r.records(), 0)
		}))
	}
}

// TestALetterThatCannotBeRemovedIsNotSentAgain has the removal fail and the program go on.
func TestALetterThatCannotBeRemovedIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := &counting{Store: newVault(t)}
		r := rigOver(t, counted)
		r.p.during["a"] = func() { counted.full.Store(true) }
		r.put("anna", "a")
		r.put("anna", "b")
		r.run()
		r.saw("anna", "a b")
		must(t, r.send("anna", "c"))
		r.wait(time.Minute)
		is(t, "records", r.records(), 2)
		counted.full.Store(false)
		r.wait(2 * time.Second)
		is(t, "records left", r.records(), 0)
		r.saw("anna", "a b c")
		is(t, "tries", r.p.tries(), 3)
	})
}

// TestARefusalThatCannotBeNotedIsNotRepeatedAtOnce has the writing fail of what a try came to.
func TestARefusalThatCannotBeNotedIsNotRepeatedAtOnce(t *testing.T) {
	for name, refusal := range map[string]error{"refused": errRefused, "gone": chat.ErrChatGone, "not private": chat.ErrNotPrivate} {
		t.Run(name, in(func(t *testing.T) {
			counted := &counting{Store: newVault(t)}
			r := rigOver(t, counted)
			r.p.during["a"] = func() { counted.full.Store(true) }
			r.p.fails["a"] = refusal
			r.put("anna", "a")
			r.run()
			r.wait(time.Minute)
			if tries := r.p.tries(); tries < 2 || tries > 62 {
				t.Errorf("%d tries in a minute", tries)
			}
			must(t, r.send("anna", "answer"))
			r.saw("anna", "answer")
		}))
	}
}

func TestAStoreThatFailsStopsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := &counting{Store: newVault(t)}
		r := rigOver(t, counted)
		r.run()
		r.put("anna", "later", notBefore(time.Hour))
		counted.away.Store(true)
		must(t, r.send("anna", "answer"))
		r.saw("anna", "answer")
		r.leave()
		fails(t, "send", r.send("anna", "lost"), errDisk)
		fails(t, "send", r.send("anna", "lost"), chat.ErrNotReached)
		fails(t, "present", r.o.Present(chatOf("anna"), false), errDisk)
		_, err := r.o.Gone(chatOf("anna"))
		fails(t, "gone", err, errDisk)
		_, err = outbox.New(outbox.Config{Store: counted})
		fails(t, "new", err, errDisk)
		before := counted.updates.Load()
		r.wait(2 * time.Hour)
		if n := counted.updates.Load() - before; n > 2*60*60 {
			t.Errorf("%d attempts to write in two hours", n)
		}
		counted.away.Store(false)
		r.back()
		r.saw("anna", "answer later")
	})
}

// TestRunWaitsForWhatIsOnItsWay has an adapter that does not look at its context.
func TestRunWaitsForWhatIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		hold, ended := make(chan struct{}), make(chan struct{})
		r.p.during["a"] = func() { <-hold }
		r.run()
		r.put("anna", "a")
		go func() { r.stop(); close(ended) }()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("it did not wait")
		default:
		}
		close(hold)
		<-ended
		r.saw("anna", "a")
		is(t, "records left", r.records(), 0)
	})
}

// TestTheNextLetterIsTheEarliest has a chat that waited longest get something that is due now.
func TestTheNextLetterIsTheEarliest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		for n := range 5 {
			r.put(fmt.Sprint(n), "later", notBefore(time.Duration(n+1)*time.Hour))
		}
		for _, c := range []string{"4", "2"} {
			r.put(c, "now")
			r.saw(c, "now")
		}
		r.wait(3 * time.Hour)
		r.saw("0", "later")
		r.saw("1", "later")
		r.saw("2", "now later")
		r.saw("3", "")
	})
}

// TestOutagesAreNotTheLettersFault has two, with everything delivered between them.
func TestOutagesAreNotTheLettersFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.run()
		for n := range 2 {
			r.leave()
			r.put("anna", fmt.Sprint(n))
			r.put("bob", fmt.Sprint(n))
			r.put("anna", "later", notBefore(day)) // so that the chat is not forgotten
			r.wait(time.Hour)
			r.back()
			r.wait(time.Hour)
		}
		r.saw("anna", "0 1")
		if strings.Contains(r.log.String(), "not taken") {
			t.Errorf("a try was counted:\n%s", r.log)
		}
	})
}

// bounded is a store of which nothing goes through a whole bucket.
type bounded struct {
	store.Store
	t     *testing.T
	start atomic.Bool // that is allowed
}

func (b *bounded) View(fn func(store.Tx) error) error {
	return b.Store.View(func(tx store.Tx) error { return fn(boundedTx{tx, b}) })
}

func (b *bounded) Update(fn func(store.Tx) error) error {
	return b.Store.Update(func(tx store.Tx) error { return fn(boundedTx{tx, b}) })
}

type boundedTx struct {
	store.Tx
	b *bounded
}

func (t boundedTx) All(bucket string, fn func(group, name string, value []byte) error) (int, error) {
	if !t.b.start.Load() {
		t.b.t.Errorf("went through all of %s", bucket)
	}
	return t.Tx.All(bucket, fn)
}

func (t boundedTx) Scan(bucket, group string, fn func(name string, value []byte) error) (int, error) {
	n := 0
	return t.Tx.Scan(bucket, group, func(name string, value []byte) error {
		if n++; n > 60 {
			t.b.t.Errorf("went through %d records of %s", n, bucket)
		}
		return fn(name, value)
	})
}

func TestNothingGoesThroughAllChats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bounded{Store: newVault(t), t: t}
		b.start.Store(true)
		r := rigOver(t, b)
		b.start.Store(false)
		r.leave()
		r.run()
		for n := range 120 {
			r.put(fmt.Sprint(n), "1", until(day))
		}
		must(t, r.send("anna", "answer"))
		must(t, r.o.Present(chatOf("1"), false))
		r.move("2", "anna")
		r.wait(time.Hour)
		r.back()
		r.saw("anna", "1 answer")
		r.leave()
		for n := range 120 {
			r.put(fmt.Sprint(n), "2", until(time.Hour))
		}
		r.wait(2 * time.Hour)
		is(t, "waiting", r.o.Len(), 0)
	})
}

func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.p.slow["a"] = make(chan struct{})
		r.run()
		r.put("anna", "a")
		r.put("anna", "b")
		r.stop() // returns
		is(t, "tries", r.p.tries(), 1)
		must(t, r.send("bob", "drains")) // replies still go out
		r.saw("bob", "drains")
		close(r.p.slow["a"])
		r.open()
		r.run()
		r.saw("anna", "a b")
		is(t, "dropped", r.o.Dropped(), 0)
	})
}

func TestTheLettersOfAChatAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		var want []string
		for n := range 55 {
			r.put("anna", fmt.Sprint(n))
			if n >= 5 {
				want = append(want, fmt.Sprint(n))
			}
		}
		r.put("bob", "b")
		is(t, "waiting", r.o.Len(), 51)
		is(t, "dropped", r.o.Dropped(), 5)

		r.back()
		r.saw("anna", strings.Join(want, " "))
	})
}

func TestTheSizeOfTheLettersOfAChatIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.leave()
		r.run()
		large := func(l *outbox.Letter) { l.Reply = sized(64 << 10) }
		for n := range 6 {
			r.put("anna", fmt.Sprint(n), large)
		}
		is(t, "waiting", r.o.Len(), 4)
		is(t, "dropped", r.o.Dropped(), 2)
		err := r.s.Update(func(tx store.Tx) error {
			return r.o.Put(tx, letter("anna", "larger", func(l *outbox.Letter) { l.Reply = sized(64<<10 + 1) }))
		})
		fails(t, "put", err, outbox.ErrTooLarge)
		err = r.o.Send(context.Background(), target("anna"), sized(64<<10+1))
		fails(t, "send", err, chat.ErrNotReached)
		fails(t, "send", err, outbox.ErrTooLarge)
		r.back()
		is(t, "records left", r.records(), 0)
	})
}

// sized is a reply of so many bytes of text.
func sized(n int) chat.Reply {
	title := "title"
	return chat.Reply{Title: title, Body: []chat.Line{{Text: strings.Repeat("x", n-len(title)-2)}}}
}
