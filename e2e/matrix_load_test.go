//go:build goolm

package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"

	"cartable/e2e/matrixplayer"
	"cartable/e2e/proc"
)

// load is how much TestMatrixLoad asks for. The short form is what a busy test machine can do in some
// seconds; the environment asks for more:
//
//	CARTABLE_LOAD_ROOMS=50 CARTABLE_LOAD_COMMANDS=20 go test -tags goolm -run MatrixLoad -v -timeout 0 .
//	CARTABLE_LOAD_SOAK=1h ...   goes on for an hour, and watches the bot's memory
type load struct {
	rooms, commands int
	rate            float64       // messages a second, of all rooms together
	soak            time.Duration // 0: each room sends its commands once
}

func loadFromEnvironment(t *testing.T) load {
	t.Helper()
	number := func(name string, standard float64) float64 {
		text := os.Getenv(name)
		if text == "" {
			return standard
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n <= 0 {
			t.Fatalf("%s=%s is no positive number", name, text)
		}
		return n
	}
	l := load{
		rooms: int(number("CARTABLE_LOAD_ROOMS", 8)), commands: int(number("CARTABLE_LOAD_COMMANDS", 5)),
		rate: number("CARTABLE_LOAD_RATE", 4),
	}
	if text := os.Getenv("CARTABLE_LOAD_SOAK"); text != "" {
		var err error
		if l.soak, err = time.ParseDuration(text); err != nil {
			t.Fatalf("CARTABLE_LOAD_SOAK: %v", err)
		}
		l.commands = int(l.soak.Seconds() * l.rate / float64(l.rooms))
	}
	return l
}

// TestMatrixLoad measures how long the bot takes to answer in many encrypted rooms, from the message sent to
// the answer decrypted. The commands need neither school nor wallet. Messages come at a steady rate and
// each room waits for its answer before it speaks again.
func TestMatrixLoad(t *testing.T) {
	l := loadFromEnvironment(t)
	w := newWorld(t)
	rooms := w.openRooms(l.rooms)
	first := w.memory()

	var mu sync.Mutex
	var took []time.Duration
	var group sync.WaitGroup
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	pause := time.Duration(float64(l.rooms) / l.rate * float64(time.Second))
	start := time.Now()
	for i, r := range rooms {
		group.Go(func() {
			for n := range l.commands {
				at := start.Add(time.Duration(n)*pause + pause*time.Duration(i)/time.Duration(l.rooms))
				d, err := r.ask(ctx, at)
				if err != nil {
					cancel(fmt.Errorf("room %d, command %d: %w", i, n, err))
					return
				}
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
			}
		})
	}
	watched := make(chan []proc.Memory)
	go func() { watched <- w.watchMemory(ctx) }()
	group.Wait()
	failed := context.Cause(ctx)
	cancel(nil)
	samples := <-watched
	if failed != nil {
		t.Fatal(failed)
	}
	slices.Sort(took)
	quantile := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(time.Millisecond) }
	t.Logf("%d rooms × %d commands at %.1f/s in %v: p50 %v, p95 %v, p99 %v, longest %v; resident memory %v before, %v after",
		l.rooms, l.commands, l.rate, time.Since(start).Round(time.Second), quantile(.5), quantile(.95), quantile(.99), quantile(1),
		first, w.memory())
	if l.soak > 0 {
		w.checkGrowth(first, samples)
	}
}

// loadRoom is an encrypted direct chat of somebody with the bot.
type loadRoom struct {
	player *matrixplayer.Player
	id     id.RoomID
}

// openRooms gives each person five rooms, so that the machine has more to do for the bot than for them.
func (w *world) openRooms(n int) (rooms []loadRoom) {
	w.t.Helper()
	var player *matrixplayer.Player
	for i := range n {
		if i%5 == 0 {
			player = w.Player(fmt.Sprintf("person%d", i/5))
		}
		r := loadRoom{player, player.DM(w.bot.ID)}
		player.WaitFor(r.id, "je suis Cartable")
		rooms = append(rooms, r)
	}
	return rooms
}

// ask sends one command, at its time or as soon as the last one was answered, and measures.
func (r loadRoom) ask(ctx context.Context, at time.Time) (time.Duration, error) {
	select {
	case <-time.After(time.Until(at)):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	sent := time.Now()
	if _, err := r.player.SayErr(ctx, r.id, "!aide"); err != nil {
		return 0, err
	}
	answer, err := r.player.WaitForErr(ctx, r.id, "Ce que je sais faire")
	if err != nil {
		return 0, err
	}
	return answer.At.Sub(sent), nil
}

func (w *world) memory() proc.Memory {
	w.t.Helper()
	m, err := w.bot.process.Memory()
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// watchMemory looks each 10 seconds at what the bot occupies, and tells of it each 5 minutes.
func (w *world) watchMemory(ctx context.Context) (samples []proc.Memory) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return samples
		}
		m, err := w.bot.process.Memory()
		if err != nil {
			continue
		}
		samples = append(samples, m)
		if len(samples)%30 == 0 {
			w.t.Logf("after %d min: %v, the vault %.1f MiB", len(samples)/6, m, float64(w.bot.vaultSize())/(1<<20))
		}
	}
}

// checkGrowth compares the second quarter of the time, when everything is warm, with the last. Pages of files are
// what the kernel keeps of the vault while nobody else needs the memory: no more than the vault has.
func (w *world) checkGrowth(first proc.Memory, samples []proc.Memory) {
	w.t.Helper()
	quarter := len(samples) / 4
	if quarter < 3 {
		w.t.Log("too short to tell whether memory grows")
		return
	}
	most := func(samples []proc.Memory) (m proc.Memory) {
		for _, s := range samples {
			m.Resident, m.Anonymous, m.File = max(m.Resident, s.Resident), max(m.Anonymous, s.Anonymous), max(m.File, s.File)
		}
		return m
	}
	early, late := most(samples[quarter:2*quarter]), most(samples[3*quarter:])
	w.t.Logf("resident memory at most: %v in the second quarter, %v in the last", early, late)
	if late.Anonymous > early.Anonymous+early.Anonymous/5+2<<20 {
		w.t.Error("the bot's own memory grows")
	}
	if late.File > first.File+w.bot.vaultSize()+4<<20 {
		w.t.Error("the bot has more pages of files than the vault explains")
	}
}
