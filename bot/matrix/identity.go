//go:build goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"

	"cartable/core/secret"
)

// ensureIdentity makes sure that the account has a cross-signing identity, that we hold it and that it has
// signed our device: without, clients warn of the bot or keep their keys from it. The order is the one of
// matrix-notes §5: nothing on the server depends on a key before the vault holds that key.
func (l *link) ensureIdentity(ctx context.Context) error {
	kept, err := l.a.store.Identity()
	if err != nil {
		return err
	}
	if !kept.empty() {
		if err := l.mach.ImportCrossSigningKeys(kept.Seeds); err != nil {
			return fmt.Errorf("matrix: the encryption identity in the vault: %w", err)
		}
	}
	if _, err := l.mach.FetchKeys(ctx, []id.UserID{l.me}, true); err != nil {
		return fail("ask for our keys", err)
	}
	own, err := l.ownKeys(ctx)
	if err != nil {
		return err
	}
	switch {
	case own.master == "" || kept.ResetAllowed:
		err = l.makeIdentity(ctx, kept)
	case l.holds(own):
		err = l.finishRecovery(ctx, kept)
	default:
		err = l.recoverIdentity(ctx, own, kept)
	}
	if err != nil {
		return err
	}
	return l.signDevice(ctx)
}

// ownKeys is what the server says about our account.
type ownKeys struct {
	master, selfSigning id.Ed25519
	device              mautrix.DeviceKeys
}

func (l *link) ownKeys(ctx context.Context) (ownKeys, error) {
	answer, err := l.cli.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{l.me: mautrix.DeviceIDList{}}})
	if err != nil {
		return ownKeys{}, fail("ask for our keys", err)
	}
	master, selfSigning := answer.MasterKeys[l.me], answer.SelfSigningKeys[l.me]
	return ownKeys{
		master: master.FirstKey(), selfSigning: selfSigning.FirstKey(),
		device: answer.DeviceKeys[l.me][l.cli.DeviceID],
	}, nil
}

// holds tells whether the private keys of the published identity are ours.
func (l *link) holds(own ownKeys) bool {
	keys := l.mach.CrossSigningKeys
	return keys != nil && keys.MasterKey.PublicKey() == own.master && keys.SelfSigningKey.PublicKey() == own.selfSigning
}

// recoverIdentity fetches the private keys of the published identity with the recovery key.
func (l *link) recoverIdentity(ctx context.Context, own ownKeys, kept Identity) error {
	recovery := l.a.cfg.RecoveryKey.Reveal()
	if recovery == "" {
		recovery = kept.RecoveryKey.Reveal()
	}
	if recovery == "" {
		return fmt.Errorf("matrix: %w", ErrIdentityUnknown)
	}
	keyID, data, err := l.mach.SSSS.GetDefaultKeyData(ctx)
	if err != nil && passing(err) && statusOf(err) != 0 {
		return fail("fetch the recovery data", err)
	} else if err != nil {
		return fmt.Errorf("matrix: the account has no recovery data: %w", ErrIdentityUnknown)
	}
	useless := ErrRecoveryKey
	if l.a.cfg.RecoveryKey.Empty() {
		useless = ErrIdentityUnknown // it is the vault's own
	}
	key, err := data.VerifyRecoveryKey(keyID, recovery)
	if key == nil || err != nil {
		return fmt.Errorf("matrix: %w", useless)
	}
	if err := l.mach.FetchCrossSigningKeysFromSSSS(ctx, key); err != nil {
		if passing(err) && statusOf(err) != 0 {
			return fail("fetch the encryption identity", err)
		}
		return fmt.Errorf("matrix: %w", useless)
	}
	if !l.holds(own) {
		return fmt.Errorf("matrix: the recovery key opens an older identity: %w", useless)
	}
	l.a.log.Info("encryption identity recovered")
	return l.a.store.SetIdentity(Identity{
		Seeds: l.mach.ExportCrossSigningKeys(), RecoveryKey: secret.Store(secret.New(recovery)), Recoverable: true,
	})
}

// makeIdentity gives the account a new identity. The seeds are in the vault before the server is asked, so
// that a crash or a refusal leaves either the old identity whole or the new one held.
func (l *link) makeIdentity(ctx context.Context, kept Identity) error {
	keys, err := l.mach.GenerateCrossSigningKeys()
	if err != nil {
		return fmt.Errorf("matrix: make an encryption identity: %w", err)
	}
	made := Identity{Seeds: keys.Seeds(), ResetAllowed: kept.ResetAllowed}
	if err := l.a.store.SetIdentity(made); err != nil {
		return err
	}
	if err := l.mach.PublishCrossSigningKeys(ctx, keys, l.authenticate); err != nil {
		if statusOf(err) == http.StatusUnauthorized || refusedAs(err, mautrix.MForbidden) {
			return fmt.Errorf("matrix: %w", ErrAuthentication)
		}
		return fail("publish the encryption identity", err)
	}
	made.ResetAllowed = false
	if err := l.a.store.SetIdentity(made); err != nil {
		return err
	}
	l.a.log.Info("encryption identity made")
	return l.finishRecovery(ctx, made)
}

// finishRecovery makes the identity recoverable, if it is not: a recovery key, and the seeds sealed with it
// on the server. The vault has the key before the server relies on it.
func (l *link) finishRecovery(ctx context.Context, kept Identity) error {
	if kept.Recoverable {
		return nil
	}
	key, err := l.mach.SSSS.GenerateAndUploadKey(ctx, "")
	if err != nil {
		return fail("make a recovery key", err)
	}
	kept.RecoveryKey = secret.Store(secret.New(key.RecoveryKey()))
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

// signDevice signs our device and lets it sign the identity, unless the server has both: the vault's word
// does not count, since the server forgets signatures with a device.
func (l *link) signDevice(ctx context.Context) error {
	own, err := l.ownKeys(ctx)
	if err != nil {
		return err
	}
	if own.signed(l.me, l.cli.DeviceID) {
		return nil
	}
	if err := l.mach.SignOwnDevice(ctx, l.mach.OwnIdentity()); err != nil {
		return fail("sign the device", err)
	}
	if err := l.mach.SignOwnMasterKey(ctx); err != nil {
		return fail("sign the identity", err)
	}
	l.a.log.Info("device signed")
	return nil
}

// signed tells whether the identity has signed our device, by the server's answer.
func (o ownKeys) signed(me id.UserID, device id.DeviceID) bool {
	if o.selfSigning == "" || o.device.Keys.GetEd25519(device) == "" {
		return false
	}
	ok, err := signatures.VerifySignatureJSON(o.device, me, o.selfSigning.String(), o.selfSigning)
	return ok && err == nil
}

// authenticate answers the server's question for the password.
func (l *link) authenticate(question *mautrix.RespUserInteractive) any {
	password := l.a.cfg.Password.Reveal()
	if password == "" || question.Session == "" && len(question.Flows) == 0 {
		return nil
	}
	return &mautrix.ReqUIAuthLogin{
		BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: question.Session},
		User:         l.me.String(), Password: password,
	}
}

// retireDevices deletes the devices that the bot had before: they would go on being sent keys. It is no
// trouble when that fails, and tried again at the next start.
func (l *link) retireDevices(ctx context.Context, how login) {
	retired, err := l.a.store.Retired()
	if err == nil && (len(retired) > 0 || how.fresh) {
		err = l.retire(ctx, retired, how)
	}
	if err != nil {
		l.a.log.Warn("former devices not deleted", "error", err)
	}
}

// retire deletes what the vault gave up, and with a new device also what a lost vault had: such devices are
// known by their name.
func (l *link) retire(ctx context.Context, retired []id.DeviceID, how login) error {
	answer, err := l.cli.GetDevicesInfo(ctx)
	if err != nil {
		return fail("list devices", err)
	}
	var former []id.DeviceID
	for _, d := range answer.Devices {
		ours := slices.Contains(retired, d.DeviceID) || how.fresh && d.DisplayName == deviceName
		if ours && d.DeviceID != l.cli.DeviceID {
			former = append(former, d.DeviceID)
		}
	}
	if len(former) > 0 {
		if err := l.deleteDevices(ctx, former); err != nil {
			return err
		}
		l.a.log.Info("former devices deleted", "count", len(former))
	}
	return l.a.store.SetRetired(nil)
}

// deleteDevices asks twice: the first answer names the authentication that the server wants.
func (l *link) deleteDevices(ctx context.Context, devices []id.DeviceID) error {
	request := mautrix.ReqDeleteDevices[any]{Devices: devices}
	ask := func() ([]byte, error) {
		return l.cli.MakeFullRequest(ctx, mautrix.FullRequest{
			Method: http.MethodPost, URL: l.cli.BuildClientURL("v3", "delete_devices"),
			RequestJSON: &request, SensitiveContent: true,
		})
	}
	body, err := ask()
	if statusOf(err) != http.StatusUnauthorized {
		return fail("delete devices", err)
	}
	var question mautrix.RespUserInteractive
	if err := json.Unmarshal(body, &question); err != nil {
		return errors.New("matrix: delete devices: unreadable answer")
	}
	if request.Auth = l.authenticate(&question); request.Auth == nil {
		return fmt.Errorf("matrix: delete devices: %w", ErrNoPassword)
	}
	_, err = ask()
	return fail("delete devices", err)
}
