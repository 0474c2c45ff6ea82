package izly

import (
	"context"
	"fmt"
	"sync"

	"cartable/core/secret"
)

// Keep stores an account durably, replacing what it stored before: when it returns nil the account
// survives a crash. It is called before a one-time password leaves, which it prevents by
// failing, and whenever the account has changed. It must not call the wallet.
type Keep func(ctx context.Context, a Account) error

// Wallet is one enrolled account. Its methods may be used by several goroutines and wait for each other:
// two passwords at once would race for the counter. For the same reason an account may be open in one
// Wallet only. Each method makes its calls with a deadline of 40 s each, or ctx's if that is earlier.
type Wallet struct {
	c    *Client
	keep Keep
	turn chan struct{} // holds one value while a method runs

	mu sync.Mutex // guards a, which only the method with the turn changes
	a  Account
}

// Open gives the wallet of an account that Keep has stored. Nothing is sent.
func (c *Client) Open(a Account, keep Keep) *Wallet {
	return &Wallet{c: c, keep: keep, turn: make(chan struct{}, 1), a: a.clone()}
}

// Account gives the account as it stands, without waiting for a call under way.
func (w *Wallet) Account() Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.a.clone()
}

func (a Account) clone() Account {
	if a.Balance != nil {
		b := *a.Balance
		a.Balance = &b
	}
	return a
}

// begin waits for the wallet's turn and gives the function that ends it.
func (w *Wallet) begin(ctx context.Context) (end func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case w.turn <- struct{}{}:
		return func() { <-w.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// change applies f to the account and stores it; the change stands even if storing fails. What the
// server has answered is stored even when ctx is done.
func (w *Wallet) change(ctx context.Context, f func(a *Account)) error {
	w.mu.Lock()
	f(&w.a)
	a := w.a.clone()
	w.mu.Unlock()
	if err := w.keep(context.WithoutCancel(ctx), a); err != nil {
		return fmt.Errorf("izly: keep the account: %w", err)
	}
	return nil
}

// spend gives the next one-time password after storing that it is used. On an error nothing may be sent.
func (w *Wallet) spend(ctx context.Context) (string, error) {
	a := w.Account()
	key, err := decodeKey(a.HOTPKey.Reveal())
	if err != nil {
		return "", ErrMustEnrol // there is no key yet, or the record is not ours
	}
	password := otp(key, a.Counter)
	a.Counter++
	if err := w.keep(ctx, a); err != nil {
		return "", fmt.Errorf("izly: keep the counter: %w", err)
	}
	w.mu.Lock()
	w.a.Counter = a.Counter
	w.mu.Unlock()
	// A connection that the server has closed meanwhile would cost the answer.
	w.c.http.CloseIdleConnections()
	return password, nil
}

// call makes a call within the session and stores the balance in its answer, if any.
func (w *Wallet) call(ctx context.Context, op, root string, args ...arg) (*node, error) {
	doc, err := w.send(ctx, op, args...)
	if err != nil {
		return nil, err
	}
	if doc.name != root {
		return nil, unexpected(op, doc)
	}
	w.hear(ctx, w.c.readBalance(doc))
	return doc, nil
}

// send makes a call within the session: the session's arguments, then args.
func (w *Wallet) send(ctx context.Context, op string, args ...arg) (*node, error) {
	if err := w.checkSession(op); err != nil {
		return nil, err
	}
	a := w.Account()
	session := []arg{{name: "userId", value: a.Phone}, {name: "sessionId", value: a.SessionID.Reveal()}}
	return w.c.soap(ctx, op, a.AccessToken.Text, append(session, args...)...)
}

// checkSession spares a call without a session: that of an enrolment whose answer was lost.
func (w *Wallet) checkSession(op string) error {
	if a := w.Account(); a.SessionID.Empty() || a.AccessToken.Empty() {
		return fmt.Errorf("izly: %s: %w", op, ErrSessionExpired)
	}
	return nil
}

// unexpected is the error for a document that is neither the answer nor a refusal.
func unexpected(op string, doc *node) error {
	if doc.name == rootUserData {
		return fmt.Errorf("izly: %s: %w", op, ErrActivationSent)
	}
	return &ReplyError{op, "another document than expected"}
}

// hear stores a balance. Losing one is no reason to fail: the next answer brings another.
func (w *Wallet) hear(ctx context.Context, b *Balance) {
	if b == nil {
		return
	}
	if err := w.change(ctx, func(a *Account) { a.Balance = b }); err != nil {
		w.c.cfg.Log.Warn("izly balance not stored", "err", err)
	}
}

func stored(text string) secret.Stored { return secret.Store(secret.New(text)) }
