package telegram

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/secret"
	"cartable/core/store"
	simtelegram "cartable/sim/telegram"
	"cartable/vault"
)

// instant is a network without a network.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":1001,"type":"private"}}}`)),
	}, nil
}

// null is a store that keeps nothing.
type null struct{ store.Tx }

func (null) View(fn func(store.Tx) error) error                          { return fn(null{}) }
func (null) Update(fn func(store.Tx) error) error                        { return fn(null{}) }
func (null) Get(_, _, _ string) ([]byte, error)                          { return nil, nil }
func (null) Put(_, _, _ string, _ []byte) error                          { return nil }
func (null) Delete(_, _, _ string) error                                 { return nil }
func (null) Scan(_, _ string, _ func(string, []byte) error) (int, error) { return 0, nil }

func benchAdapter(b testing.TB, s store.Store) *Adapter {
	b.Helper()
	a, err := New(Config{
		Token: secret.New(simtelegram.DefaultToken), Store: s, HTTPClient: &http.Client{Transport: instant{}},
	})
	if err != nil {
		b.Fatal(err)
	}
	a.limiter = newLimiter(limits{limit{1 << 20, time.Nanosecond}, limit{1 << 20, time.Nanosecond}, limit{1 << 20, time.Nanosecond}})
	a.self.set(botUser{1, "cartable_bot"})
	a.handle = func(_ chat.Message, done func()) error { done(); return nil }
	return a
}

// rawUpdate is a command as Telegram sends it.
func rawUpdate(id int) json.RawMessage {
	return json.RawMessage(`{"update_id":` + strconv.Itoa(id) + `,"message":{"message_id":` + strconv.Itoa(id) + `,
"from":{"id":1001,"is_bot":false,"first_name":"Anna","last_name":"Martin","username":"anna","language_code":"fr"},
"chat":{"id":1001,"first_name":"Anna","last_name":"Martin","username":"anna","type":"private"},"date":1795000000,
"text":"/edt demain","entities":[{"offset":0,"length":4,"type":"bot_command"}]}}`)
}

// BenchmarkUpdate is the way of an update from the answer of getUpdates to the engine and out of the
// store again, without disk.
func BenchmarkUpdate(b *testing.B) {
	a := benchAdapter(b, null{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := a.take([]json.RawMessage{rawUpdate(i + 1)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpdateVault is the same with the real store, one update at a time: two synced transactions.
func BenchmarkUpdateVault(b *testing.B) {
	key, err := vault.NewKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(b.TempDir(), "vault.db"), key)
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	a := benchAdapter(b, v)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := a.take([]json.RawMessage{rawUpdate(i + 1)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDraw is the drawing of a day's timetable with its buttons.
func BenchmarkDraw(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		render(replies["timetable"], style{username: "cartable_bot"})
	}
}

// BenchmarkSend is the way of that reply to the network, the library's form included.
func BenchmarkSend(b *testing.B) {
	a := benchAdapter(b, null{})
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Send(context.Background(), chat.Target{Chat: chatOf(1001)}, replies["timetable"]); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOverhead holds the bar: 200 µs and 60 allocations for an update besides network and disk.
func TestOverhead(t *testing.T) {
	a, n := benchAdapter(t, null{}), 0
	allocs := testing.AllocsPerRun(200, func() {
		n++
		if _, err := a.take([]json.RawMessage{rawUpdate(n)}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 60 {
		t.Errorf("%v allocations for an update", allocs)
	}
}
