package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cartable/core/chat"
	"cartable/core/store"
	"cartable/core/store/storetest"
)

// TestRandomWalk puts and sends to some chats, while the platform goes away and comes back, the store fails and the
// program is started again. In the end everybody has seen everything that was taken on, in order, and nothing twice,
// for the platform knows messages again by their keys.
func TestRandomWalk(t *testing.T) {
	steps := 300
	if testing.Short() {
		steps = 100
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), in(func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			faulty := &storetest.Faulty{Store: newVault(t)}
			r := rigOver(t, faulty)
			r.p.knows = true
			r.run()
			want := make(map[string][]string)
			told := func(c, text string, err error) {
				switch {
				case err == nil:
					want[c] = append(want[c], text)
				case !errors.Is(err, storetest.ErrFault) && !errors.Is(err, chat.ErrNotReached):
					t.Fatal(err)
				}
			}
			for n := range steps {
				c, text := fmt.Sprint("chat", rnd.IntN(3)), fmt.Sprint(n)
				switch k := rnd.IntN(20); {
				case k < 5:
					err := r.s.Update(func(tx store.Tx) error { return r.o.Put(tx, letter(c, text, until(1000*day))) })
					told(c, text, err)
					if rnd.IntN(3) > 0 {
						r.o.Wake()
					}
				case k < 9:
					told(c, text, r.o.Send(context.Background(), target(c), reply(text)))
				case k < 12:
					r.p.set(func() { r.p.away = !r.p.away })
				case k < 14:
					r.wait(time.Duration(rnd.IntN(200)) * time.Second)
				case k < 15:
					r.p.set(func() {
						if clear(r.p.fails); rnd.IntN(2) == 0 {
							r.p.fails[c] = chat.ErrNotReached
						}
					})
				case k < 17:
					faulty.FailCommit(1 + rnd.IntN(4))
				case k < 18:
					faulty.FailWrite(1 + rnd.IntN(6))
				case k < 19:
					synctest.Wait()
				default:
					r.restart()
				}
			}
			faulty.FailCommit(0)
			faulty.FailWrite(0)
			r.p.set(func() { clear(r.p.fails) })
			for range 10 {
				r.back()
			}
			total := 0
			for c, texts := range want {
				r.saw(c, strings.Join(texts, " "))
				total += len(texts)
			}
			is(t, "dropped", r.o.Dropped(), 0)
			is(t, "waiting", r.o.Len(), 0)
			is(t, "records left", r.records(), 0)
			if total < steps/4 {
				t.Errorf("only %d messages", total)
			}
		}))
	}
}
