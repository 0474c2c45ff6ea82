package telegram

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/go-telegram/bot"

	"cartable/core/secret"
)

// WebhookConfig makes Telegram send updates instead of being asked for them.
type WebhookConfig struct {
	// PublicURL is where Telegram reaches Webhook: https, on port 443, 80, 88 or 8443 (a Bot API server of
	// one's own takes http as well). Its path is no
	// secret; Telegram proves itself by a header.
	PublicURL string
}

func (w *WebhookConfig) check() error {
	u, err := url.Parse(w.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return errors.New("telegram: the public address of the webhook must be an http or https address")
	}
	return nil
}

const (
	secretHeader = "X-Telegram-Bot-Api-Secret-Token"
	maxUpdate    = 1 << 20 // bytes of a webhook's body: one update
	watchEvery   = time.Minute
	webhookConns = 10 // calls that Telegram may make at once
)

// webhookSecret is what Telegram sends with each update. It is made once and kept, and made anew if it
// cannot be read: serve tells Telegram at each start.
func (b *inbox) webhookSecret() (secret.Text, error) {
	const key = "webhook secret"
	kept, err := b.record(key)
	if err == nil && len(kept) > 0 {
		return secret.New(string(kept)), nil
	}
	made := rand.Text()
	if err := b.setRecord(key, []byte(made)); err != nil {
		return secret.Text{}, fmt.Errorf("telegram: store the webhook's secret: %w", err)
	}
	return secret.New(made), nil
}

// serve tells Telegram where to send updates, and waits. The webhook stays set when it returns: Telegram
// keeps what comes meanwhile for a day.
func (a *Adapter) serve(ctx context.Context) error {
	err := a.persist(ctx, func(ctx context.Context) error {
		return a.api.typed(ctx, "setWebhook", quickCall, func(ctx context.Context) error {
			_, err := a.api.bot.SetWebhook(ctx, &bot.SetWebhookParams{
				URL: a.cfg.Webhook.PublicURL, MaxConnections: webhookConns,
				AllowedUpdates: allowedUpdates, SecretToken: a.hookSecret.Reveal(),
			})
			return err
		})
	})
	if err != nil {
		return err
	}
	a.delivered.Store(time.Now().Unix()) // what went wrong before does not concern this webhook
	a.log.Info("webhook set")
	p := a.patience()
	for sleep(ctx, watchEvery) {
		a.watchWebhook(ctx, &p)
	}
	return nil
}

// watchWebhook asks whether Telegram can deliver. Its last failure counts for as long as updates wait and none
// has come since: Telegram takes its time between two attempts.
func (a *Adapter) watchWebhook(ctx context.Context, p *patience) {
	info, err := a.api.webhookInfo(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		p.complain("Telegram cannot be reached", err)
	case a.inbox.full():
		p.complain(tooManyWait, nil)
	case info.PendingUpdateCount > 0 && int64(info.LastErrorDate) >= a.delivered.Load():
		p.complain("Telegram could not deliver updates to the webhook",
			fmt.Errorf("%s; %d updates wait", a.api.clean(info.LastErrorMessage), info.PendingUpdateCount))
	default:
		p.fine()
	}
}

// Webhook is the handler for what Telegram sends to WebhookConfig.PublicURL. It answers 200 once an
// update is stored, and 503 when it cannot be, or while Run does not run; Telegram then tries again. Without
// a WebhookConfig it is never found.
func (a *Adapter) Webhook() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case a.hookSecret.Empty():
			http.NotFound(w, r)
			return
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.WriteHeader(a.receive(w, r))
	})
}

func (a *Adapter) receive(w http.ResponseWriter, r *http.Request) (status int) {
	given, want := r.Header.Get(secretHeader), a.hookSecret.Reveal()
	if subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		a.counters.refused.Add(1)
		return http.StatusUnauthorized
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpdate))
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		return http.StatusRequestEntityTooLarge
	case err != nil, !json.Valid(body):
		return http.StatusBadRequest
	case a.inbox.full():
		return http.StatusServiceUnavailable
	}
	if _, err := a.take([]json.RawMessage{body}); err != nil {
		return http.StatusServiceUnavailable
	}
	now := time.Now()
	a.delivered.Store(now.Unix())
	a.pulse.Beat(now)
	return http.StatusOK
}
