package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	simtelegram "cartable/sim/telegram"
)

// addresses are where a bot says that it listens.
func (p *process) addresses() (internal, public string) {
	p.t.Helper()
	found := regexp.MustCompile(`msg=serving .*internal=(\S+) public=(\S+)`).FindStringSubmatch(p.log.String())
	if found == nil {
		p.t.Fatalf("no addresses in\n%s", p.log)
	}
	return found[1], found[2]
}

// fetch asks for a page.
func fetch(t *testing.T, method, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// TestListeners has nothing of what the operator asks on the public listener, and nothing public on the other.
func TestListeners(t *testing.T) {
	tg := simtelegram.Start(t, simtelegram.Config{})
	data := filepath.Join(t.TempDir(), "data")
	environ := []string{
		"CARTABLE_DATA=" + data, "CARTABLE_LISTEN=127.0.0.1:0", "CARTABLE_LISTEN_INTERNAL=127.0.0.1:0",
		"CARTABLE_TELEGRAM_TOKEN=" + tg.Token(), "CARTABLE_TELEGRAM_API=" + tg.URL,
	}
	bot := startBot(t, append(environ, "CARTABLE_TELEGRAM_WEBHOOK=1", "CARTABLE_PUBLIC_URL=https://bot.example.org")...)
	internal, public := bot.addresses()
	for _, tt := range []struct {
		method, url string
		want        int
	}{
		{"POST", public + webhookPath, http.StatusUnauthorized}, // it has not Telegram's secret
		{"GET", public + healthPath, http.StatusNotFound},
		{"GET", public + readyPath, http.StatusNotFound},
		{"GET", public + metricsPath, http.StatusNotFound},
		{"POST", internal + webhookPath, http.StatusNotFound},
		{"GET", internal + healthPath, http.StatusOK},
		{"GET", internal + metricsPath, http.StatusOK},
		{"POST", internal + metricsPath, http.StatusMethodNotAllowed},
	} {
		if status, _ := fetch(t, tt.method, tt.url); status != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, strings.TrimPrefix(tt.url, "http://127.0.0.1"), status, tt.want)
		}
	}
	if _, text := fetch(t, "GET", internal+metricsPath); !regexp.MustCompile(`(?m)^cartable_vault_file_bytes [1-9]`).MatchString(text) || !strings.Contains(text, `platform="telegram"`) {
		t.Errorf("counts\n%s", text)
	}
	tg.WaitCalls("getMe", 1)
	for end := time.Now().Add(10 * time.Second); ; {
		status, text := fetch(t, "GET", internal+readyPath)
		if status == http.StatusOK {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not ready: %s", text)
		}
	}
	check := []string{"CARTABLE_LISTEN_INTERNAL=" + strings.TrimPrefix(internal, "http://")}
	if err := run(t.Context(), []string{"healthcheck"}, check, strings.NewReader(""), io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	bot.stop()

	bot = startBot(t, environ...) // polling: nothing is public
	if _, public := bot.addresses(); public != "none" {
		t.Errorf("listens at %s", public)
	}
	if !strings.Contains(bot.log.String(), "CARTABLE_LISTEN has no effect") {
		t.Error("that the setting has no effect is not said")
	}
	bot.stop()
}

// TestPanicInARequest is no news for whoever asks, and its text is in no log.
func TestPanicInARequest(t *testing.T) {
	log := newOutput()
	h := recovered(slog.New(slog.NewTextHandler(log, nil)), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter2") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if text := log.String(); w.Code != http.StatusInternalServerError || strings.Contains(text+w.Body.String(), "hunter2") || !strings.Contains(text, "type=string") {
		t.Errorf("answered %d, logged %s", w.Code, text)
	}
}
