package telegram_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-telegram/bot"

	"cartable/sim/telegram"
)

// clock is a Now that moves only when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 16, 7, 30, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// library is a bot of the real client library.
func library(t *testing.T, tg *telegram.Server, options ...bot.Option) *bot.Bot {
	t.Helper()
	options = append([]bot.Option{bot.WithServerURL(tg.URL), bot.WithSkipGetMe()}, options...)
	b, err := bot.New(tg.Token(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// answer is the envelope of every answer.
type answer struct {
	Status      int  `json:"-"`
	OK          bool `json:"ok"`
	Result      json.RawMessage
	Code        int `json:"error_code"`
	Description string
	Parameters  struct {
		RetryAfter int   `json:"retry_after"`
		MigrateTo  int64 `json:"migrate_to_chat_id"`
	}
}

type params = map[string]any

// call calls a method with JSON by plain net/http.
func call(t *testing.T, tg *telegram.Server, method string, p params) answer {
	t.Helper()
	a, err := try(tg, method, p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// try is call for other goroutines.
func try(tg *telegram.Server, method string, p params) (answer, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return answer{}, err
	}
	return tryPost(tg.URL+"/bot"+tg.Token()+"/"+method, "application/json", body)
}

func post(t *testing.T, url, kind string, body []byte) answer {
	t.Helper()
	a, err := tryPost(url, kind, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tryPost(url, kind string, body []byte) (answer, error) {
	resp, err := http.Post(url, kind, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{Status: resp.StatusCode}
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, fmt.Errorf("%d %s: %w", resp.StatusCode, text, err)
	}
	return a, nil
}

// must is call for what has to succeed; it decodes the result into v unless that is nil.
func must(t *testing.T, tg *telegram.Server, method string, p params, v any) {
	t.Helper()
	a := call(t, tg, method, p)
	if !a.OK {
		t.Fatalf("%s: %d %s", method, a.Code, a.Description)
	}
	if v != nil {
		if err := json.Unmarshal(a.Result, v); err != nil {
			t.Fatal(err)
		}
	}
}

// send sends a message and returns its id.
func send(t *testing.T, tg *telegram.Server, p params) int {
	t.Helper()
	var m struct {
		ID int `json:"message_id"`
	}
	must(t, tg, "sendMessage", p, &m)
	return m.ID
}

func refused(t *testing.T, a answer, code int, description string) {
	t.Helper()
	if a.OK || a.Code != code || a.Status != code || !strings.Contains(a.Description, description) {
		t.Errorf("got %d %d %q, want %d %q", a.Status, a.Code, a.Description, code, description)
	}
}

// updates is one getUpdates without waiting.
func updates(t *testing.T, tg *telegram.Server, p params) []int64 {
	t.Helper()
	var got []struct {
		ID int64 `json:"update_id"`
	}
	must(t, tg, "getUpdates", p, &got)
	var ids []int64
	for _, u := range got {
		ids = append(ids, u.ID)
	}
	return ids
}

func keyboard(buttons ...params) params {
	return params{"inline_keyboard": [][]params{buttons}}
}
