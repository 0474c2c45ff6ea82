package core

import (
	"context"
	"errors"
	"sync"

	"cartable/core/izly"
	"cartable/core/secret"
)

// walletAccount is one linked Izly account: calls one after the other.
type walletAccount struct {
	e     *Engine
	owner PersonID
	id    string

	turnstile chan struct{} // holds one token; whoever has it may use the wallet

	mu  sync.Mutex // guards rec, which is read while a call is under way
	rec link
}

// errNeedCode says that the session must be renewed and the secret code is not kept: the person has to
// be asked for it.
var errNeedCode = errors.New("core: the secret code is needed")

// LinkWallet finishes an enrolment that izly.Client.RequestActivation began, and keeps the account for
// the chat; an earlier link of the same account is replaced. keep, when not nil, is the secret code, to
// be stored. It returns the errors of izly.Client.Activate.
func (e *Engine) LinkWallet(ctx context.Context, chat ChatID, owner PersonID, phone string, act izly.Activation, keep *secret.Text) (izly.Account, error) {
	l := link{ID: e.newID(), Chat: chat, Owner: owner, Created: e.cfg.Now(), Wallet: &walletLink{}}
	if keep != nil {
		code := secret.Store(*keep)
		l.Wallet.Code = &code
	}
	linked := false
	w, err := e.cfg.Wallet.Activate(ctx, phone, act, func(_ context.Context, a izly.Account) error {
		l.Wallet.Account = a
		if linked {
			return e.keepLink(l)
		}
		linked = true
		return e.cfg.Store.Update(func(tx Tx) error { return links.put(tx, l.ID, l) })
	})
	if err != nil {
		return izly.Account{}, errors.Join(err, e.cfg.Store.Update(func(tx Tx) error { return links.delete(tx, l.ID) }))
	}
	l.Wallet.Account = w.Account()
	if err := e.replaceLink(l, func(old link) bool {
		return old.Wallet != nil && (old.ID == l.ID || old.Wallet.Account.Phone == l.Wallet.Account.Phone)
	}); err != nil {
		return izly.Account{}, err
	}
	return w.Account(), nil
}

// record is a copy of the link as it stands.
func (a *walletAccount) record() link {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.rec
}

// change stores a changed copy of the link, durably, and then uses it.
func (a *walletAccount) change(alter func(*walletLink)) error {
	return a.changeLink(func(l *link) {
		updated := *l.Wallet
		alter(&updated)
		l.Wallet = &updated
	})
}

// moveTo makes the link one of another private chat of its owner's.
func (a *walletAccount) moveTo(chat ChatID) error {
	return a.changeLink(func(l *link) { l.Chat = chat })
}

func (a *walletAccount) changeLink(alter func(*link)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.rec
	alter(&rec)
	if err := a.e.keepLink(rec); err != nil {
		return err
	}
	a.rec = rec
	return nil
}

// do runs fn, which only reads, with the wallet. A session that has expired is renewed once, with code or
// else the kept one, and fn runs again; without any code it returns errNeedCode.
func (a *walletAccount) do(ctx context.Context, code secret.Text, fn func(*izly.Wallet) error) error {
	return a.locked(ctx, code, func(w *izly.Wallet, code secret.Text) error {
		return a.renewing(ctx, w, code, fn)
	})
}

// locked gives fn the wallet alone, and the code to use: code itself or else the kept one, which may be
// empty. A link that is stopped is refused, except that a code which the person has just typed may end
// the stop that a wrong one began.
func (a *walletAccount) locked(ctx context.Context, code secret.Text, fn func(*izly.Wallet, secret.Text) error) error {
	select {
	case a.turnstile <- struct{}{}:
		defer func() { <-a.turnstile }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	rec := a.record().Wallet
	typed := !code.Empty()
	if !typed && rec.Code != nil {
		code = rec.Code.Text
	}
	w := a.e.cfg.Wallet.Open(rec.Account, func(_ context.Context, account izly.Account) error {
		return a.change(func(l *walletLink) { l.Account = account })
	})
	switch {
	case rec.Stopped == "":
	case rec.Stopped == stoppedWrongCode && typed:
		if err := a.renew(ctx, w, code); err != nil {
			return err
		}
	default:
		return &stoppedError{reason: rec.Stopped}
	}
	err := fn(w, code)
	if reason := walletStop(err, false); reason != "" {
		err = errors.Join(err, a.change(func(l *walletLink) { l.Stopped = reason }))
	}
	return err
}

// renewing runs fn, and once more after a renewal when the session has expired.
func (a *walletAccount) renewing(ctx context.Context, w *izly.Wallet, code secret.Text, fn func(*izly.Wallet) error) error {
	err := fn(w)
	if !errors.Is(err, izly.ErrSessionExpired) {
		return err
	}
	if err := a.renew(ctx, w, code); err != nil {
		return err
	}
	return fn(w)
}

// renew asks once for a new session. Whatever the server refuses, the link rests until the person acts:
// real accounts have been blocked by retries.
func (a *walletAccount) renew(ctx context.Context, w *izly.Wallet, code secret.Text) error {
	if code.Empty() {
		return errNeedCode
	}
	err := w.Renew(ctx, code)
	if err == nil {
		return a.change(func(l *walletLink) { l.Stopped = "" })
	}
	if reason := walletStop(err, true); reason != "" {
		return errors.Join(err, a.change(func(l *walletLink) {
			l.Stopped = reason
			if reason == stoppedWrongCode {
				l.Code = nil // the kept code is worth nothing
			}
		}))
	}
	return err
}

// walletStop is the reason for which a link must rest after err, or "".
func walletStop(err error, renewing bool) stopReason {
	var refused *izly.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, izly.ErrBlocked):
		return stoppedBlocked
	case errors.Is(err, izly.ErrMustEnrol), errors.Is(err, izly.ErrActivationSent):
		return stoppedEnrol
	case renewing && errors.Is(err, izly.ErrWrongCode):
		return stoppedWrongCode
	case renewing && errors.As(err, &refused):
		return stoppedRefused
	default:
		return ""
	}
}
