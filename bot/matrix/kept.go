//go:build goolm

package matrix

import (
	"context"
	"fmt"
	"log/slog"

	"maunium.net/go/mautrix"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/secret"
	"cartable/core/store"
)

// openStore opens the store of the device, with whose end what waits for an answer or a key is for nobody any more.
func openStore(v store.Store, log *slog.Logger) (*cryptostore.Store, error) {
	return cryptostore.New(v, log, inboxBucket, waitingBucket)
}

// RecoveryKey is what brings the bot's identity back when the vault is lost; empty before the first start.
func RecoveryKey(v store.Store) (secret.Text, error) {
	s, err := openStore(v, nil)
	if err != nil {
		return secret.Text{}, err
	}
	kept, err := s.Identity()
	return kept.RecoveryKey.Text, err
}

// AllowReset lets the next start give the account a new encryption identity in place of one whose keys are
// lost. People see in their apps that the identity has changed.
func AllowReset(v store.Store) error {
	s, err := openStore(v, nil)
	if err != nil {
		return err
	}
	kept, err := s.Identity()
	if err != nil {
		return err
	}
	kept.ResetAllowed = true
	return s.SetIdentity(kept)
}

// epochType is the account data that says how new a vault must be, see cryptostore/forget.go.
const epochType = "org.cartable.epoch"

// epochData is the content of it.
type epochData struct {
	Epoch string `json:"epoch"`
}

// rolledBack tells whether the homeserver has seen the bot with a newer vault, and which epoch it has.
func (a *Adapter) rolledBack(ctx context.Context, cli *mautrix.Client) (old bool, epoch string, err error) {
	var data epochData
	if err := cli.GetAccountData(ctx, epochType, &data); err != nil && !refusedAs(err, mautrix.MNotFound) {
		return false, "", fail("ask for the place in time", err)
	}
	known, err := a.store.EpochKnown(data.Epoch)
	return !known, data.Epoch, err
}

// bumpEpoch makes copies of the vault that are older than now recognisable.
func (l *connection) bumpEpoch(ctx context.Context) error {
	next, err := l.a.store.NextEpoch()
	if err != nil {
		return err
	}
	if err := l.cli.SetAccountData(ctx, epochType, epochData{next}); err != nil {
		return fail("note the place in time", err)
	}
	return l.a.store.ConfirmEpoch(next)
}

// renewEpoch is bumpEpoch for a bot that runs, which must not write over the epoch of another copy of its
// vault: neither would ever notice the other.
func (l *connection) renewEpoch(ctx context.Context) error {
	copied, epoch, err := l.a.rolledBack(ctx, l.cli)
	if err != nil {
		return err
	}
	if copied {
		return fmt.Errorf("matrix: %w", ErrCopied)
	}
	if err := l.a.store.ConfirmEpoch(epoch); err != nil { // an answer may have been lost
		return err
	}
	return l.bumpEpoch(ctx)
}
