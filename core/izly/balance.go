package izly

import (
	"context"
	"errors"
)

// Balance asks for the balance. No call of the protocol is made for it: UP stands in the answers to
// MoneyInCbCbList and GetStatement, and neither needs a one-time password (izly-today §4). A server that
// tells it in neither leaves the last balance heard, which Balance.At dates, or ErrNoBalance.
func (w *Wallet) Balance(ctx context.Context) (Balance, error) {
	end, err := w.begin(ctx)
	if err != nil {
		return Balance{}, err
	}
	defer end()
	doc, err := w.call(ctx, opCards, rootCards)
	if b := w.c.readBalance(doc); b != nil {
		return *b, nil
	}
	if err != nil && !onlyThisCall(err) {
		return Balance{}, err
	}
	if doc, err = w.call(ctx, opStatement, rootStatement, statementArgs("-1", 0)...); err != nil {
		return Balance{}, err
	}
	if b := w.c.readBalance(doc); b != nil {
		return *b, nil
	}
	if b := w.Account().Balance; b != nil {
		return *b, nil
	}
	return Balance{}, ErrNoBalance
}

// onlyThisCall tells whether err is about a call, so that another one may work: not the session, the
// account or the way to the server.
func onlyThisCall(err error) bool {
	var refused *Error
	var unreadable *ReplyError
	return errors.As(err, &refused) && refused.kind() == nil || errors.As(err, &unreadable)
}

// readBalance finds UP anywhere in an answer: its place is not known for all of them. It gives nil where
// there is none, or none that can be read.
func (c *Client) readBalance(doc *node) *Balance {
	for up := range doc.named("UP") {
		main, err := ParseCents(up.at("BAL"))
		if err != nil {
			continue
		}
		b := &Balance{Main: main, At: readDate(up.at("LUD"), c.cfg.Location)}
		if cash, err := ParseCents(up.at("CASHBAL")); err == nil {
			b.Cash = cash
		}
		if b.At.IsZero() {
			b.At = c.cfg.Now().In(c.cfg.Location)
		}
		return b
	}
	return nil
}
