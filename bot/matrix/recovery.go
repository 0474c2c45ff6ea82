//go:build goolm

package matrix

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/ssss"
	"maunium.net/go/mautrix/event"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/secret"
)

// recoverIdentity fetches the private keys of the published identity with the recovery key.
func (l *connection) recoverIdentity(ctx context.Context, own ownKeys, kept cryptostore.Identity) (cryptostore.Identity, error) {
	recovery, useless := l.a.cfg.RecoveryKey.Reveal(), ErrRecoveryKey
	if recovery == "" { // perhaps the vault's own helps
		recovery, useless = kept.RecoveryKey.Reveal(), ErrIdentityUnknown
	}
	if recovery == "" {
		return kept, fmt.Errorf("matrix: %w", ErrIdentityUnknown)
	}
	keyID, data, err := l.mach.SSSS.GetDefaultKeyData(ctx)
	switch {
	case noRecoveryData(err):
		return kept, fmt.Errorf("matrix: the account has no recovery data: %w", ErrIdentityUnknown)
	case err != nil:
		return kept, fail("fetch the recovery data", err)
	}
	key, _ := data.VerifyRecoveryKey(keyID, recovery)
	if key == nil {
		return kept, fmt.Errorf("matrix: %w", useless)
	}
	err = l.mach.FetchCrossSigningKeysFromSSSS(ctx, key)
	switch {
	case noRecoveryData(err), notOpened(err):
		return kept, fmt.Errorf("matrix: %w", useless)
	case err != nil:
		return kept, fail("fetch the encryption identity", err)
	case !l.holds(own):
		return kept, fmt.Errorf("matrix: the recovery key opens an older identity: %w", useless)
	}
	l.a.log.Info("encryption identity recovered")
	kept = cryptostore.Identity{Seeds: l.mach.ExportCrossSigningKeys(), RecoveryKey: secret.Store(secret.New(recovery)), Recoverable: true}
	return kept, l.a.store.SetIdentity(kept)
}

// noRecoveryData tells whether the server has said that something of the recovery data is not there. That it
// said nothing is another matter.
func noRecoveryData(err error) bool {
	return errors.Is(err, ssss.ErrNoDefaultKeyID) || refusedAs(err, mautrix.MNotFound)
}

// notOpened tells whether a key does not open what the server has.
func notOpened(err error) bool {
	_, garbled := errors.AsType[base64.CorruptInputError](err)
	return garbled || errors.Is(err, ssss.ErrNotEncryptedForKey) || errors.Is(err, ssss.ErrKeyDataMACMismatch)
}

// finishRecovery makes the identity recoverable, if it is not: a recovery key, and the seeds sealed with it
// on the server. The vault has the key before the server relies on it. What somebody else has put there in
// the meantime is left alone: it may be the only copy of something of theirs.
func (l *connection) finishRecovery(ctx context.Context, kept cryptostore.Identity) error {
	if kept.Recoverable {
		found, err := findSealed(ctx, l.mach.SSSS, kept)
		switch {
		case err != nil:
			return err
		case found == sealedByOthers:
			l.a.log.Warn("somebody has put other recovery data in the place of the bot's: its recovery key does not bring its identity back any more; `bot matrix reset-identity --yes` makes new ones")
		}
		if found != sealedNowhere {
			return nil
		}
		l.a.log.Warn("the recovery data is gone from the homeserver; the recovery key that you know is of no more use")
	}
	key, err := l.mach.SSSS.GenerateAndUploadKey(ctx, "")
	if err != nil {
		return fail("make a recovery key", err)
	}
	kept.RecoveryKey, kept.Recoverable = secret.Store(secret.New(key.RecoveryKey())), false
	if err := l.a.store.SetIdentity(kept); err != nil {
		return err
	}
	if err := l.mach.UploadCrossSigningKeysToSSSS(ctx, key, l.mach.CrossSigningKeys); err != nil {
		return fail("keep the identity recoverable", err)
	}
	if err := l.mach.SSSS.SetDefaultKeyID(ctx, key.ID); err != nil {
		return fail("keep the identity recoverable", err)
	}
	kept.Recoverable = true
	if err := l.a.store.SetIdentity(kept); err != nil {
		return err
	}
	l.a.log.Warn("a recovery key was made; write it down: `bot matrix recovery-key` shows it while the bot is stopped")
	return nil
}

// sealing is what the server has of the seeds.
type sealing int

const (
	sealedByUs     sealing = iota // all, under our recovery key
	sealedByOthers                // something that our recovery key does not open
	sealedNowhere                 // not all
)

// findSealed opens what the server has of the seeds with the recovery key.
func findSealed(ctx context.Context, secrets *ssss.Machine, kept cryptostore.Identity) (sealing, error) {
	keyID, data, err := secrets.GetDefaultKeyData(ctx)
	switch {
	case noRecoveryData(err):
		return sealedNowhere, nil
	case err != nil:
		return sealedNowhere, fail("fetch the recovery data", err)
	}
	key, _ := data.VerifyRecoveryKey(keyID, kept.RecoveryKey.Reveal())
	if key == nil {
		return sealedByOthers, nil
	}
	for _, part := range []struct {
		name event.Type
		seed []byte
	}{
		{event.AccountDataCrossSigningMaster, kept.Seeds.MasterKey},
		{event.AccountDataCrossSigningSelf, kept.Seeds.SelfSigningKey},
		{event.AccountDataCrossSigningUser, kept.Seeds.UserSigningKey},
	} {
		seed, err := secrets.GetDecryptedAccountData(ctx, part.name, key)
		switch {
		case noRecoveryData(err):
			return sealedNowhere, nil
		case notOpened(err), err == nil && !bytes.Equal(seed, part.seed):
			return sealedByOthers, nil
		case err != nil:
			return sealedNowhere, fail("fetch the recovery data", err)
		}
	}
	return sealedByUs, nil
}
