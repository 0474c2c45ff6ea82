package watch

import (
	"context"
	"errors"
	"time"

	"cartable/core/izly"
	"cartable/core/secret"
	"cartable/core/wallet"
)

// LowBalanceBelow is what people are told of when their wallet comes below it.
const LowBalanceBelow izly.Cents = 5_00

// walletRests tells whether a wallet is not to be asked now: it rests, its looks of the day are made, or its session
// has ended today and nobody has been seen to open another.
func (w *Watch) walletRests(p *plan, did today, now time.Time) bool {
	status, known := w.cfg.Wallet.Status(p.account)
	switch {
	case !known || status.Stopped != "":
		return true
	case !status.CodeKept && p.ended.day == now.Format(time.DateOnly) && p.ended.balance == lastBalance(w, p.account):
		return true
	}
	return spent(w, p, did, mostWalletLooks, now)
}

// ended is the day on which a wallet wanted a code that is not kept, and what was known of it then.
type ended struct {
	day     string
	balance izly.Balance
}

// lastBalance is the one that was heard last, whoever asked.
func lastBalance(w *Watch, account string) (b izly.Balance) {
	if holder, _ := w.cfg.Wallet.Holder(account); holder.Balance != nil {
		b = *holder.Balance
	}
	return b
}

// readWallet reads the balance, which is one request and a renewal at the most. That the session wants a code which is
// not kept is no error: its owner is asked for it when they want something.
func (w *Watch) readWallet(ctx context.Context, p *plan, _ today) (found []finding, requests int, err error) {
	b, err := w.cfg.Wallet.Balance(ctx, p.account, secret.Text{})
	switch {
	case errors.Is(err, wallet.ErrNeedCode):
		p.ended = ended{now(w).Format(time.DateOnly), lastBalance(w, p.account)}
		return nil, 1, nil
	case err != nil:
		return nil, 1, err
	}
	return []finding{{kind: LowBalance, left: b.Main, whose: whose(w, p.account)}}, 1, nil
}

// whose is the holder of a wallet, where its owner has several.
func whose(w *Watch, account string) *wallet.Holder {
	if !w.cfg.Rights.OfSeveral(account) {
		return nil
	}
	holder, known := w.cfg.Wallet.Holder(account)
	if !known {
		return nil
	}
	return &holder
}
