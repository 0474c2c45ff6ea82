package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cartable/core/chat"
	"cartable/core/secret"
	simtelegram "cartable/sim/telegram"
)

// adversaries are servers, and networks without one, each of which fails in its own way and would love to
// show the path of what it was asked.
func adversaries(t *testing.T) map[string]string {
	serve := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(func() {
			s.CloseClientConnections()
			s.Close()
		})
		return s.URL
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	tls.StartTLS()
	t.Cleanup(tls.Close)
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { garbage.Close() })
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 4096))
			io.WriteString(c, "HELLO "+simtelegram.DefaultToken+"\r\n\r\n")
			c.Close()
		}
	}()
	answer := func(status int, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, format, r.URL.Path)
		}
	}
	return map[string]string{
		"refused":         closed.URL,
		"no such host":    "http://bot-api.invalid",
		"unknown TLS":     tls.URL,
		"TLS to plain":    strings.Replace(closed.URL, "http:", "https:", 1),
		"no HTTP":         "http://" + garbage.Addr().String(),
		"404 page":        serve(answer(404, "<h1>Not found: %s</h1>")),
		"502 page":        serve(answer(502, "<p>%s</p>")),
		"bad JSON":        serve(answer(200, `{"ok": true, "result": %s`)),
		"other JSON":      serve(answer(200, `{"path": %q}`)),
		"odd result":      serve(answer(200, `{"ok": true, "result": %q}`)),
		"echo in refusal": serve(answer(400, `{"ok": false, "error_code": 400, "description": "Bad Request: %s at http://x%[1]s"}`)),
		"echo in 401":     serve(answer(401, `{"ok": false, "error_code": 401, "description": "Unauthorized: %s"}`)),
		"echo in 500":     serve(answer(500, `{"ok": false, "error_code": 500, "description": "oops: %s"}`)),
		"redirect": serve(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere"+r.URL.Path, http.StatusFound)
		}),
		"redirect to self": serve(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}),
		"cut": serve(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"half an answer": serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, r.URL.Path)
		}),
		"silence": serve(func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body) // only then does the server notice that the client has gone
			<-r.Context().Done()
		}),
	}
}

// TestTokenNeverShows makes every call fail in every way, at debug level.
func TestTokenNeverShows(t *testing.T) {
	for name, base := range adversaries(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := new(lockedBuffer)
			a, err := New(Config{
				Token: secret.New(simtelegram.DefaultToken), API: base, Store: newMemory(), HTTPClient: &http.Client{},
				Log:   slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				Langs: []string{"fr"}, About: func(string) (string, string) { return "a", "b" },
			})
			if err != nil {
				t.Fatal(err)
			}
			a.self.set(botUser{1, "bot"}) // so that everything is tried, not only getMe
			ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
			defer cancel()
			noToken(t, fmt.Sprintf("%+v %#v %v", a, *a.api, a.cfg))
			var errs []error
			ran := make(chan error, 1)
			go func() { ran <- a.Run(ctx, func(chat.Message, func()) error { return nil }) }()
			for _, call := range allCalls(a) {
				errs = append(errs, call(ctx))
			}
			errs = append(errs, <-ran)
			a.Close()
			for _, err := range errs {
				noSecrets(t, fmt.Sprintf("%v\n%+v\n%#v", err, err, err))
				for ; err != nil; err = errors.Unwrap(err) {
					noSecrets(t, err.Error())
				}
			}
			noSecrets(t, log.String())
		})
	}
}

// allCalls are all ways to reach Telegram.
func allCalls(a *Adapter) []func(context.Context) error {
	to, file := chat.Target{Chat: chatOf(5)}, &chat.File{Name: "a.json", Open: chat.Bytes([]byte("{}"))}
	picture := a.picture(&message{Photo: []photoSize{{FileID: "x", Width: 1, Height: 1}}})
	send := func(to chat.Target, r chat.Reply) func(context.Context) error {
		return func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			return a.Send(ctx, to, r)
		}
	}
	edit := to
	edit.Edit = "7"
	return []func(context.Context) error{
		send(to, chat.Reply{Title: "a"}), send(edit, chat.Reply{Title: "a"}), send(to, chat.Reply{File: file}),
		func(ctx context.Context) error { _, err := a.api.getMe(ctx); return err },
		func(ctx context.Context) error { _, err := picture(ctx); return err },
		func(ctx context.Context) error { _, err := a.api.download(ctx, "photos/a.png", 10); return err },
		func(ctx context.Context) error { _, err := a.api.download(ctx, "../bot", 10); return err },
		func(ctx context.Context) error { return a.Redact(ctx, chat.Message{ID: "1", Chat: to.Chat}) },
		func(ctx context.Context) error { return a.answerQuery(ctx, "1", "no") },
		func(ctx context.Context) error { return a.api.chatAction(ctx, 5, 0) },
		func(ctx context.Context) error { return a.api.dropButtons(ctx, 5, 1) },
		a.api.deleteWebhook,
		func(ctx context.Context) error { _, err := a.api.getUpdates(ctx, 0, 0); return err },
	}
}

// noSecrets: no token, no address, nothing of what the server's page says.
func noSecrets(t *testing.T, text string) {
	t.Helper()
	noToken(t, text)
	for _, part := range []string{"/bot7", "Not found:", "http://"} {
		if strings.Contains(text, part) {
			t.Fatalf("%q shows in %.400s", part, text)
		}
	}
}

func noToken(t *testing.T, text string) {
	t.Helper()
	_, key, _ := strings.Cut(simtelegram.DefaultToken, ":")
	for _, part := range []string{key, key[:12], key[len(key)-12:]} {
		if strings.Contains(text, part) {
			t.Fatalf("%q shows in %.400s", part, text)
		}
	}
}

func TestBadSettings(t *testing.T) {
	good := Config{Token: secret.New(simtelegram.DefaultToken), Store: newMemory()}
	for name, change := range map[string]func(*Config){
		"no token":          func(c *Config) { c.Token = secret.Text{} },
		"half a token":      func(c *Config) { c.Token = secret.New("12345:tooshort") },
		"token with a line": func(c *Config) { c.Token = secret.New(simtelegram.DefaultToken + "\nX") },
		"path in token":     func(c *Config) { c.Token = secret.New("1/" + simtelegram.DefaultToken) },
		"no URL":            func(c *Config) { c.API = "http://[::1" },
		"password in URL":   func(c *Config) { c.API = "https://me:hunter2@example.org" },
		"other scheme":      func(c *Config) { c.API = "ftp://hunter2" },
		"no store":          func(c *Config) { c.Store = nil },
		"bad webhook":       func(c *Config) { c.Webhook = &WebhookConfig{PublicURL: "hunter2"} },
	} {
		cfg := good
		change(&cfg)
		_, err := New(cfg)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, "telegramtest") || strings.Contains(text, "tooshort") {
			t.Errorf("%s: quoted in %q", name, text)
		}
	}
	trimmed := good
	trimmed.Token = secret.New(" " + simtelegram.DefaultToken + "\n")
	if _, err := New(trimmed); err != nil {
		t.Errorf("white space around the token: %v", err)
	}
}

func TestClean(t *testing.T) {
	c := &api{token: secret.New(simtelegram.DefaultToken)}
	_, key, _ := strings.Cut(simtelegram.DefaultToken, ":")
	tests := []struct{ in, want string }{
		{"dial tcp: refused", "dial tcp: refused"},
		{"Post \"https://x.org/bot" + simtelegram.DefaultToken + "/getMe\": EOF", `Post "[address]": EOF`},
		{"path /bot700000001%3A" + key + "/x", "path /bot700000001%3A[token]/x"},
		{strings.Repeat("é", 400), strings.Repeat("é", 299) + "…"},
		{strings.Repeat("é", 300), strings.Repeat("é", 300)},
	}
	for _, tt := range tests {
		if got := c.clean(tt.in); got != tt.want {
			t.Errorf("%.60q: %q, want %q", tt.in, got, tt.want)
		}
	}
}
