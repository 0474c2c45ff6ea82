package izly

import (
	"context"
	"errors"
)

// Balance asks for the balance. The SOAP service has no call for it: UP stands in the answers to
// MoneyInCbCbList and GetStatement, which need no one-time password (izly-today §4). Where neither has it,
// a wallet of the current world asks the REST service. A server that tells it nowhere leaves the last
// balance heard, which Balance.At dates, or ErrNoBalance.
func (w *Wallet) Balance(ctx context.Context) (Balance, error) {
	end, err := w.begin(ctx)
	if err != nil {
		return Balance{}, err
	}
	defer end()
	for _, ask := range w.balanceCalls() {
		b, err := ask(ctx)
		if b != nil {
			return *b, nil
		}
		if err != nil && !onlyThisCall(err) {
			return Balance{}, err
		}
	}
	if b := w.Account().Balance; b != nil {
		return *b, nil
	}
	return Balance{}, ErrNoBalance
}

// balanceCalls are the calls whose answers hold a balance, the cheapest first.
func (w *Wallet) balanceCalls() []func(context.Context) (*Balance, error) {
	soap := func(op, root string, args ...arg) func(context.Context) (*Balance, error) {
		return func(ctx context.Context) (*Balance, error) {
			doc, err := w.call(ctx, op, root, args...)
			return w.c.readBalance(doc), err
		}
	}
	calls := []func(context.Context) (*Balance, error){
		soap(opCards, rootCards),
		soap(opStatement, rootStatement, statementArgs("-1", 0)...),
	}
	if w.Account().World == EnrolCurrent {
		calls = append(calls, func(ctx context.Context) (*Balance, error) {
			b, err := w.restBalance(ctx)
			w.hear(ctx, b)
			return b, err
		})
	}
	return calls
}

// onlyThisCall tells whether err is about one call, so that another may work: not about the session, the
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
		if b := c.newBalance(up.at("BAL"), up.at("CASHBAL"), up.at("LUD")); b != nil {
			return b
		}
	}
	return nil
}

func (c *Client) newBalance(bal, cash, lud string) *Balance {
	main, err := ParseCents(bal)
	if err != nil {
		return nil
	}
	b := &Balance{Main: main, At: readDate(lud, c.cfg.Location)}
	if cents, err := ParseCents(cash); err == nil {
		b.Cash = cents
	}
	if b.At.IsZero() {
		b.At = c.cfg.Now().In(c.cfg.Location)
	}
	return b
}
