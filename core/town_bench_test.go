package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"cartable/core"
	"cartable/core/chat"
	"cartable/core/izly"
	"cartable/core/pronote"
	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/core/towntest"
	"cartable/vault"
)

// townVault is the path of a vault of the full town, which the caller may change. To write it takes the longest:
// CARTABLE_TOWN names a folder where it is kept for other runs.
func townVault(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "vault.db")
	kept := filepath.Join(os.Getenv("CARTABLE_TOWN"), "town.db")
	if os.Getenv("CARTABLE_TOWN") == "" {
		kept = path
	}
	if _, err := os.Stat(kept); err != nil {
		writeTown(b, kept, towntest.Full(time.Now()))
	}
	if kept != path {
		if err := copyFile(path, kept); err != nil {
			b.Fatal(err)
		}
	}
	return path
}

// copyFile has all of it on disk when it returns, or the first commit would wait for that.
func copyFile(to, from string) error {
	old, err := os.Open(from)
	if err != nil {
		return err
	}
	defer old.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, old)
	return errors.Join(err, f.Sync(), f.Close())
}

// townKey opens the vaults of towns, in which nothing is secret.
func townKey(tb testing.TB) vault.Key {
	tb.Helper()
	key, err := vault.NewKey(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func openTown(tb testing.TB, path string) *vault.Vault {
	tb.Helper()
	v, err := vault.Open(path, townKey(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func writeTown(tb testing.TB, path string, t towntest.Town) {
	tb.Helper()
	v := openTown(tb, path)
	if err := t.Write(v); err != nil {
		tb.Fatal(err)
	}
	if err := v.Close(); err != nil {
		tb.Fatal(err)
	}
}

// wakeTown makes the rooms, which ask nobody anything.
func wakeTown(tb testing.TB, s store.Store) *core.Engine {
	tb.Helper()
	client, err := izly.New(izly.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	e, err := core.New(core.Config{Store: s, School: pronote.New(pronote.Config{}), Wallet: client, NoAlerts: true})
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// BenchmarkStart opens the vault of a town and makes the rooms. "MiB" is what they hold then.
func BenchmarkStart(b *testing.B) {
	path := townVault(b)
	var before, after runtime.MemStats
	var opening, rooms time.Duration
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		v := openTown(b, path)
		opened := time.Now()
		e := wakeTown(b, v)
		opening, rooms = opening+opened.Sub(start), rooms+time.Since(opened)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(e)
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(opening.Milliseconds())/float64(b.N), "ms-open/op")
	b.ReportMetric(float64(rooms.Milliseconds())/float64(b.N), "ms-rooms/op")
}

// BenchmarkCleanUp removes what has expired in a town where nobody has cleaned up for a day. "ms-longest" is how long
// one step of it keeps others from writing.
func BenchmarkCleanUp(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		path := townVault(b)
		v := openTown(b, path)
		m := &storetest.Meter{Store: v}
		e := wakeTown(b, m)
		m.Take()
		peak := watchHeap()
		b.StartTimer()
		if err := e.CleanUp(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		u := m.Take()
		b.ReportMetric(float64(u.Longest.Microseconds())/1000, "ms-longest")
		b.ReportMetric(float64(u.Updates), "steps")
		b.ReportMetric(float64(u.Read), "reads")
		b.ReportMetric(float64(peak())/(1<<20), "MiB-peak")
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// watchHeap looks at the heap until the result is called, which tells the most that was in use.
func watchHeap() (peak func() uint64) {
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var top uint64
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapAlloc)
			select {
			case <-stop:
				most <- top
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}

// townPlatform reads what is sent to the end.
type townPlatform struct{ sent int64 }

func (*townPlatform) Name() string                            { return "telegram" }
func (*townPlatform) Run(context.Context, chat.Handler) error { return nil }
func (p *townPlatform) Send(_ context.Context, _ chat.Target, r chat.Reply) error {
	if r.File == nil || r.File.Open == nil {
		return nil
	}
	from, err := r.File.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	n, err := io.Copy(io.Discard, from)
	p.sent += n
	return err
}

// townCommands need neither a school nor Izly.
var townCommands = []string{
	"/aide", "/annuler", "/mesdonnees", "/langue en", "/enfant", "/alertes", "/deconnexion", "/confidentialite", "/supprimer", "/connexion",
	"/recharger",
}

// say has person n of a town write, and waits for what becomes of it.
func say(tb testing.TB, h chat.Handler, n int, text string) {
	tb.Helper()
	done := make(chan struct{})
	if err := h(chat.Message{
		ID: fmt.Sprint(time.Now().UnixNano()), Chat: towntest.Home(n), Person: chat.PersonID(towntest.Home(n)), Private: true, Text: text,
	}, func() { close(done) }); err != nil {
		tb.Fatal(err)
	}
	<-done
}

// BenchmarkCommand is one command of one person after the other.
func BenchmarkCommand(b *testing.B) {
	path := townVault(b)
	v := openTown(b, path)
	defer v.Close()
	m := &storetest.Meter{Store: v}
	e := wakeTown(b, m)
	h := e.Handler(&townPlatform{})
	person := 0
	for _, text := range townCommands {
		b.Run(text[1:], func(b *testing.B) {
			m.Take()
			for b.Loop() {
				person = (person + 7) % 8000
				say(b, h, person, text)
			}
			u := m.Take()
			b.ReportMetric(float64(u.Read)/float64(b.N), "reads/op")
			b.ReportMetric(float64(u.Longest.Microseconds())/1000, "ms-longest")
		})
	}
}
