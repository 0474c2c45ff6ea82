package telegram

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// webhook is the address that updates go to, and how the last deliveries went.
type webhook struct {
	url       string
	secret    string
	cancel    context.CancelFunc
	lastError string
	errorDate time.Time
}

func (h *webhook) stop() {
	if h.cancel != nil {
		h.cancel()
	}
	*h = webhook{}
}

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

// setWebhook accepts plain http too, so that a test needs no certificate.
func (s *Server) setWebhook(q *query) (any, error) {
	target, secret := q.str("url"), q.str("secret_token")
	if target == "" {
		return s.deleteWebhook(q)
	}
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "":
		return nil, badRequest("invalid webhook URL specified")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, badRequest("bad webhook: An HTTPS URL must be provided for webhook")
	case len(secret) > 256:
		return nil, badRequest("secret token is too long")
	case !secretForm.MatchString(secret):
		return nil, badRequest("secret token contains unallowed characters")
	}
	select {
	case <-s.closed:
		return nil, &apiError{Code: http.StatusInternalServerError, Description: "Internal Server Error: restart"}
	default:
	}
	if err := s.queue.allow(q); err != nil {
		return nil, err
	}
	s.queue.endPoll("terminated by setWebhook request")
	if q.flag("drop_pending_updates") {
		s.queue.forget()
	}
	s.hook.stop()
	ctx, cancel := context.WithCancel(context.Background())
	s.hook = webhook{url: target, secret: secret, cancel: cancel}
	s.work.Go(func() { s.deliverAll(ctx, target, secret) })
	return true, nil
}

func (s *Server) deleteWebhook(q *query) (any, error) {
	s.hook.stop()
	if q.flag("drop_pending_updates") {
		s.queue.forget()
	}
	return true, nil
}

func (s *Server) getWebhookInfo(*query) (any, error) {
	info := map[string]any{
		"url": s.hook.url, "has_custom_certificate": false, "pending_update_count": len(s.queue.pending),
	}
	if s.hook.url != "" {
		info["max_connections"] = 40
	}
	if s.hook.lastError != "" {
		info["last_error_message"], info["last_error_date"] = s.hook.lastError, s.hook.errorDate.Unix()
	}
	if len(s.queue.allowed) > 0 {
		info["allowed_updates"] = s.queue.allowed
	}
	return info, nil
}

// deliverAll posts the updates one by one, and repeats each until it is accepted.
func (s *Server) deliverAll(ctx context.Context, target, secret string) {
	for {
		s.mu.Lock()
		var u *update
		if len(s.queue.pending) > 0 {
			u = s.queue.pending[0]
		}
		changed := s.queue.changed.next()
		s.mu.Unlock()
		if u == nil {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				continue
			}
		}
		err := s.deliver(ctx, target, secret, u)
		if ctx.Err() != nil {
			return
		}
		s.delivered(u, err)
		if err != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(s.conf.Retry):
			}
		}
	}
}

func (s *Server) deliver(ctx context.Context, target, secret string, u *update) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(u.raw))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if secret != "" {
		r.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	}
	answer, err := s.conf.WebhookHTTP.Do(r)
	if err != nil {
		return refusal("Connection failed")
	}
	answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return refusal("Wrong response from the webhook: " + answer.Status)
	}
	return nil
}

func (s *Server) delivered(u *update, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.changed.fire()
	if err != nil {
		s.hook.lastError, s.hook.errorDate = err.Error(), s.conf.Now()
		return
	}
	u.confirmed = true
	s.queue.byID[u.id].delivered++
	s.queue.drop(u)
}
