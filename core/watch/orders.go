package watch

import (
	"context"
	"time"

	"cartable/core/chat"
	"cartable/core/outbox"
	"cartable/core/store"
	"cartable/core/view"
	"cartable/core/wallet"
)

// lookUp has lost top-ups looked up.
func (w *Watch) lookUp(ctx context.Context) (next time.Duration, err error) {
	defer w.cfg.Outbox.Wake()
	return w.cfg.Wallet.LookUp(ctx, w.tellOrder), nil
}

// lookUpNow makes the look-ups due: an order was lost.
func lookUpNow(w *Watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs[0].next = time.Time{}
}

// tellOrder writes what is known by now of a lost top-up, to its owner's private chat. It does not wait for the
// morning: the person waits for it.
func (w *Watch) tellOrder(tx store.Tx, o wallet.Order, why wallet.Why) error {
	home := o.Chat
	if a, known := w.cfg.Rights.Account(o.Account); known {
		home = a.Home
	}
	v := w.view(tx, home, now(w))
	if holder, known := wallet.HolderIn(tx, o.Account); known && w.cfg.Rights.OfSeveral(o.Account) {
		v.Wallet = view.WalletName(holder)
	}
	return w.cfg.Outbox.Put(tx, outbox.Letter{
		ID: id("order", o.Key(), string(o.State), string(why)), To: chat.Target{Chat: home, Private: true},
		Reply: v.Lost(o, why), Account: o.Account,
	})
}
