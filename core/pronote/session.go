package pronote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"cartable/core/pronote/cipher"
)

// Session is a login that lives at a server. Its calls run one after the other, also when several
// goroutines make them, because the requests of a session are numbered. Each call is one request; an answer
// that is lost on the way is asked for once more.
type Session struct {
	client        *Client
	transport     *transport
	root          Address
	space         Space
	establishment establishment
	family        family

	busy chan struct{} // held by the request in flight

	mu      sync.Mutex // guards what follows
	channel channel
	dead    bool
}

// query is one function call of a logged-in session.
type query struct {
	op    string
	tab   tab
	pupil *pupil // nil for requests about nobody
	data  any    // nil for none
}

// ask makes a call and decodes the payload of its answer into out.
func (s *Session) ask(ctx context.Context, q query, out any) error {
	payload, err := s.call(ctx, q.op, s.secured(q), true)
	if err != nil {
		return err
	}
	return decodePayload(q.op, payload, out)
}

// decodePayload reads a payload that must be there.
func decodePayload(op string, payload json.RawMessage, out any) error {
	if !cipher.IsObject(payload) {
		return &ReplyError{op, "answer without data"}
	}
	if err := json.Unmarshal(payload, out); err != nil {
		return unreadable(op, err)
	}
	return nil
}

// secured puts a query into the names of the dialect. The signature says for which screen it is and, where
// an account has several members, for which of them (pronote-today §4.1, §6.2).
func (s *Session) secured(q query) map[string]any {
	secured := map[string]any{}
	if q.data != nil {
		secured[s.channel.dialect.payload] = q.data
	}
	if q.tab != tabNone {
		signature := map[string]any{"onglet": q.tab}
		if q.pupil != nil && s.family.Members {
			signature["membre"] = map[string]any{"N": q.pupil.N, "G": kindPupil}
		}
		secured[s.channel.dialect.signature] = signature
	}
	return secured
}

// call makes one request and gives the payload of its answer. It waits for the request in flight. repeat
// allows to send it again when the answer was lost, which only reads may do.
func (s *Session) call(ctx context.Context, op string, secured map[string]any, repeat bool) (json.RawMessage, error) {
	release, err := s.acquire(ctx, op)
	if err != nil {
		return nil, err
	}
	defer release()
	r, err := s.seal(op, secured)
	if err != nil {
		return nil, err
	}
	return s.exchange(ctx, r, repeat)
}

// acquire waits for the turn of a request.
func (s *Session) acquire(ctx context.Context, op string) (release func(), err error) {
	select {
	case s.busy <- struct{}{}:
		return func() { <-s.busy }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("pronote: %s: %w", op, context.Cause(ctx))
	}
}

func (s *Session) seal(op string, secured map[string]any) (request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return request{}, fmt.Errorf("pronote: %s: %w", op, ErrSessionExpired)
	}
	return s.channel.seal(op, secured)
}

// exchange sends r and opens the answer. The caller holds busy. When the two ends no longer agree on what
// was said, the session ends here.
func (s *Session) exchange(ctx context.Context, r request, repeat bool) (json.RawMessage, error) {
	a, err := s.send(ctx, r, false)
	if lost, ok := errors.AsType[*NetworkError](err); ok {
		switch {
		case !lost.Sent:
			s.unsend(r)
			return nil, err
		case repeat && ctx.Err() == nil:
			s.client.log.DebugContext(ctx, "pronote: answer lost, asking again", "function", r.op)
			a, err = s.send(ctx, r, true)
		}
	}
	if err == nil {
		err = notAnAnswer(r.op, a)
	}
	if err != nil {
		s.end()
		return nil, err
	}
	body := a.body
	a = answer{} // so that the body can be freed while its content is read
	payload, err := s.channel.open(r, body)
	if _, incoherent := errors.AsType[*ReplyError](err); incoherent || errors.Is(err, ErrSessionExpired) {
		s.end()
	}
	return payload, err
}

func (s *Session) send(ctx context.Context, r request, repeated bool) (answer, error) {
	body, err := r.body(repeated)
	if err != nil {
		return answer{}, fmt.Errorf("pronote: %s: encode: %w", r.op, err)
	}
	a, err := s.transport.send(ctx, r.op, string(s.root)+s.channel.path(r), body)
	s.client.log.DebugContext(ctx, "pronote: request", "function", r.op, "number", r.number,
		"repeated", repeated, "sent_bytes", len(body), "status", a.status, "received_bytes", len(a.body))
	return a, err
}

// unsend gives back the number of a request that did not leave.
func (s *Session) unsend(r request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channel.next = r.number
}

// end makes every later call return ErrSessionExpired.
func (s *Session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
}
