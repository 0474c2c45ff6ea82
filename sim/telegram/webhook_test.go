package telegram_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"cartable/sim/telegram"
)

// hook is a bot's webhook that refuses what it is told to.
type hook struct {
	mu     sync.Mutex
	refuse int // so many deliveries
	got    []int64
	secret []string
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var u struct {
		ID int64 `json:"update_id"`
	}
	json.NewDecoder(r.Body).Decode(&u)
	h.got = append(h.got, u.ID)
	h.secret = append(h.secret, r.Header.Get("X-Telegram-Bot-Api-Secret-Token"))
	if h.refuse--; h.refuse >= 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func TestWebhook(t *testing.T) {
	tg := telegram.Start(t, telegram.Config{FirstUpdate: 1})
	p := tg.User(1001, "Anna", "fr").Private()
	h := &hook{refuse: 2}
	srv := httptest.NewServer(h)
	defer srv.Close()

	p.Say("a")
	must(t, tg, "setWebhook", params{"url": srv.URL + "/hook", "secret_token": "s3cret_-"}, nil)
	p.Say("b")
	tg.WaitConfirmed()
	tg.Duplicate(1)
	tg.WaitConfirmed()

	h.mu.Lock()
	if !slices.Equal(h.got, []int64{1, 1, 1, 2, 1}) || h.secret[0] != "s3cret_-" {
		t.Errorf("got %v with %v", h.got, h.secret)
	}
	h.mu.Unlock()
	if tg.Delivered(1) != 2 || tg.Delivered(2) != 1 {
		t.Errorf("accepted %d and %d times", tg.Delivered(1), tg.Delivered(2))
	}
	var info struct {
		URL     string
		Pending int    `json:"pending_update_count"`
		Error   string `json:"last_error_message"`
	}
	must(t, tg, "getWebhookInfo", nil, &info)
	if info.URL != srv.URL+"/hook" || info.Pending != 0 || info.Error != "Wrong response from the webhook: 503 Service Unavailable" {
		t.Errorf("info %+v", info)
	}

	must(t, tg, "deleteWebhook", nil, nil)
	left := p.Say("c").Update
	if got := updates(t, tg, nil); !slices.Equal(got, []int64{left}) {
		t.Errorf("polling after it: %v", got)
	}
}
