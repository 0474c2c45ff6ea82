package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cartable/core/towntest"
	"cartable/e2e/proc"
	"cartable/sim/telegram"
	"cartable/vault"
)

// The long form of TestTownLoad is the town that the goals of docs/performance.md are about:
//
//	CARTABLE_LOAD_CHATS=10000 go test -run TownLoad -v -timeout 0 .

// TestTownLoad starts the bot on a vault that many people have used for long, has them speak while it cleans up, and
// has all of them ask for their data at once. How long things take is told, and fails nothing: memory does.
func TestTownLoad(t *testing.T) {
	path := os.Getenv("CARTABLE_BOT")
	if path == "" {
		t.Skip("CARTABLE_BOT names no binary")
	}
	chats := loadNumber(t, "CARTABLE_LOAD_CHATS", 200)
	town := towntest.Town{Chats: chats, Choices: 20 * chats, Readings: 5 * chats, Now: time.Now()}
	l := startTown(t, path, town)
	t.Logf("%d chats, a vault of %.0f MiB: serving after %v, of which %v of processor time",
		chats, float64(l.vaultSize)/(1<<20), l.served.Round(time.Millisecond), l.cpu)

	l.converse("while it cleans up", 8, 20)
	l.waitQuiet()
	idle := l.memory()
	t.Logf("idle: %v", idle)
	if idle.Anonymous > 80<<20 {
		t.Errorf("it takes %v when idle", idle)
	}
	l.converse("when it has", 8, 20)
	l.askForData(min(town.People(), 100))
	if err := l.bot.Stop(10 * time.Second); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// loadNumber is a number of the environment, by which a test gets more to do than a busy machine is asked for.
func loadNumber(t *testing.T, name string, standard int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("%s=%s is no positive number", name, text)
	}
	return n
}

// townLoad is a town, its bot, and its platform.
type townLoad struct {
	t         *testing.T
	town      towntest.Town
	tg        *telegram.Server
	bot       *proc.Process
	vaultSize int64
	served    time.Duration // from the start of the program until it says that it serves
	cpu       time.Duration // until then
}

func startTown(t *testing.T, path string, town towntest.Town) *townLoad {
	t.Helper()
	l := &townLoad{t: t, town: town}
	dir := t.TempDir()
	key, err := vault.NewKey(bytes.NewReader(make([]byte, 32))) // nothing in it is secret
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "vault.db")
	v, err := vault.Open(file, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(town.Write(v), v.Close()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	l.vaultSize = info.Size()
	l.tg = telegram.Start(t, telegram.Config{Wait: 2 * time.Minute})
	cmd := exec.Command(path, "run")
	cmd.Dir = dir
	cmd.Env = []string{
		"HOME=" + dir, "CARTABLE_DATA=" + dir, "CARTABLE_KEY=" + key.Encode().Reveal(), "CARTABLE_LISTEN_INTERNAL=127.0.0.1:0",
		"CARTABLE_ACCESS=open", "CARTABLE_WATCH=0", "CARTABLE_TELEGRAM_TOKEN=" + l.tg.Token(), "CARTABLE_TELEGRAM_API=" + l.tg.URL,
	}
	began := time.Now()
	l.bot = proc.Start(t, cmd)
	for !strings.Contains(l.bot.Output(), "msg=serving") {
		select {
		case <-l.bot.Ended():
			t.Fatal("the bot has ended")
		case <-time.After(2 * time.Millisecond):
		}
	}
	l.served = time.Since(began)
	if l.cpu, err = l.bot.CPU(); err != nil {
		t.Log(err)
	}
	return l
}

// townWords need neither a school nor Izly. The answer has the second text in it.
var townWords = [][2]string{
	{"/aide", "/langue"},
	{"/annuler", ""},
	{"/langue fr", ""},
	{"/alertes", ""},
	{"/confidentialite", "/mesdonnees"},
	{"/deconnexion", ""},
	{"/supprimer", ""},
	{"/connexion", ""},
	{"/annuler", ""},
	{"bonjour", ""},
}

// converse has several people at a time say something, one thing after the other, and tells how long answers take.
func (l *townLoad) converse(when string, people, each int) {
	l.t.Helper()
	took, err := l.parallel(people, func(ctx context.Context, first int) (all []time.Duration, err error) {
		for n := range each {
			person := (first + n*people) % l.town.People()
			d, err := l.ask(ctx, person, townWords[n%len(townWords)])
			if err != nil {
				return all, err
			}
			all = append(all, d)
		}
		for n := range each { // afterwards: a platform wants a second between two messages to one chat
			d, err := l.press(ctx, (first+n*people)%l.town.People())
			if err != nil {
				return all, err
			}
			all = append(all, d)
		}
		return all, nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Logf("%s: %s", when, quantiles(took))
}

// ask says one thing and waits for the answer.
func (l *townLoad) ask(ctx context.Context, person int, words [2]string) (time.Duration, error) {
	seat := l.tg.User(towntest.PersonID(person), "Camille", "fr").Private()
	began := time.Now()
	seat.Say(words[0])
	if _, err := seat.Wait(ctx, func(m telegram.Message) bool { return strings.Contains(m.Text, words[1]) }); err != nil {
		return 0, fmt.Errorf("person %d says %q: %w", person, words[0], err)
	}
	return time.Since(began), nil
}

// press presses a button that was there before the bot was started, and has not expired: the languages come.
func (l *townLoad) press(ctx context.Context, person int) (time.Duration, error) {
	seat := l.tg.User(towntest.PersonID(person), "Camille", "fr").Private()
	messages := seat.Messages()
	last := l.town.Choices/l.town.Chats - 1
	began := time.Now()
	seat.PressData(messages[len(messages)-1].ID, towntest.Choice(towntest.Home(person), last))
	if _, err := seat.Wait(ctx, func(telegram.Message) bool { return true }); err != nil {
		return 0, fmt.Errorf("person %d presses: %w", person, err)
	}
	return time.Since(began), nil
}

// askForData has many people ask for their data at once. Each gets both files, or is told to ask again.
func (l *townLoad) askForData(people int) {
	l.t.Helper()
	before := l.memory()
	var most atomic.Int64
	ctx, stop := context.WithCancel(l.t.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		for ctx.Err() == nil {
			if m, err := l.bot.Memory(); err == nil && m.Anonymous > most.Load() {
				most.Store(m.Anonymous)
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	var later atomic.Int64
	took, err := l.parallel(people, func(ctx context.Context, person int) ([]time.Duration, error) {
		seat := l.tg.User(towntest.PersonID(person), "Camille", "fr").Private()
		began := time.Now()
		seat.Say("/mesdonnees")
		last, err := seat.Wait(ctx, func(m telegram.Message) bool {
			return m.Document != nil && m.Document.Name == "cartable.html" || strings.Contains(m.Text, "dans quelques minutes")
		})
		if err != nil {
			return nil, fmt.Errorf("person %d asks for their data: %w", person, err)
		}
		if last.Document == nil {
			later.Add(1)
		}
		return []time.Duration{time.Since(began)}, nil
	})
	stop()
	watching.Wait()
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Logf("%d people ask for their data at once: %s; %d are told to ask again; the bot's own memory %.1f MiB before, %.1f at most",
		people, quantiles(took), later.Load(), float64(before.Anonymous)/(1<<20), float64(most.Load())/(1<<20))
	if most.Load() > before.Anonymous+64<<20 {
		l.t.Error("that takes too much memory")
	}
}

// parallel runs do in several goroutines, which it numbers, and gathers what they measure.
func (l *townLoad) parallel(n int, do func(context.Context, int) ([]time.Duration, error)) ([]time.Duration, error) {
	ctx, cancel := context.WithCancelCause(l.t.Context())
	defer cancel(nil)
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			took, err := do(ctx, i)
			if err != nil {
				cancel(err)
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
		})
	}
	group.Wait()
	return all, context.Cause(ctx)
}

// waitQuiet waits until the bot does nothing: it has cleaned up.
func (l *townLoad) waitQuiet() {
	l.t.Helper()
	for range 600 {
		before, err1 := l.bot.CPU()
		time.Sleep(time.Second)
		after, err2 := l.bot.CPU()
		if errors.Join(err1, err2) != nil || after-before < 20*time.Millisecond {
			return
		}
	}
	l.t.Error("the bot does not come to rest")
}

func (l *townLoad) memory() proc.Memory {
	l.t.Helper()
	m, err := l.bot.Memory()
	if err != nil {
		l.t.Fatal(err)
	}
	return m
}

// quantiles tells of measurements.
func quantiles(took []time.Duration) string {
	if len(took) == 0 {
		return "nothing was measured"
	}
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(100 * time.Microsecond) }
	return fmt.Sprintf("%d answers, p50 %v, p95 %v, p99 %v, longest %v", len(took), at(.5), at(.95), at(.99), at(1))
}
