//go:build goolm

package matrix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
)

// ensureIdentity makes sure that the account has a cross-signing identity, that we hold it and that it has
// signed our device: without, clients warn of the bot or keep their keys from it. The order is the one of
// matrix-notes §5: nothing on the server depends on a key before the vault holds that key, and the vault
// gives no key up before the server has another.
func (l *connection) ensureIdentity(ctx context.Context) error {
	if err := l.askDevices(ctx, l.me); err != nil {
		return fail("ask for our keys", err)
	}
	own, err := l.ownKeys(ctx)
	if err != nil {
		return err
	}
	kept, err := l.heldIdentity(own)
	if err != nil {
		return err
	}
	switch {
	case kept.ResetAllowed:
		kept, err = l.resetIdentity(ctx, kept)
	case own.master == "" && kept.Empty():
		kept, err = l.firstIdentity(ctx, kept)
	case l.misses(own):
		err = l.publishWhereNone(ctx, l.mach.CrossSigningKeys)
	case !l.holds(own):
		kept, err = l.recoverIdentity(ctx, own, kept)
	}
	if err == nil {
		err = l.finishRecovery(ctx, kept)
	}
	if err == nil {
		err = l.signDevice(ctx)
	}
	return err
}

// heldIdentity reads the identity from the vault. New keys take the place of the old ones when the server has
// them: its answer to them may have been lost.
func (l *connection) heldIdentity(own ownKeys) (cryptostore.Identity, error) {
	kept, err := l.a.store.Identity()
	if err != nil {
		return kept, err
	}
	if kept.Next != nil {
		next, err := kept.Next.Decode()
		if err != nil {
			return kept, fmt.Errorf("matrix: the new encryption identity in the vault: %w", err)
		}
		if next.MasterKey.PublicKey() == own.master {
			if kept, err = l.published(kept); err != nil {
				return kept, err
			}
		}
	}
	if !kept.Empty() {
		if err := l.mach.ImportCrossSigningKeys(kept.Seeds); err != nil {
			return kept, fmt.Errorf("matrix: the encryption identity in the vault: %w", err)
		}
	}
	return kept, nil
}

// ownKeys is what the server says about our account.
type ownKeys struct {
	master, selfSigning id.Ed25519 // empty when there are none
	identity            mautrix.CrossSigningKeys
	device              mautrix.DeviceKeys
}

func (l *connection) ownKeys(ctx context.Context) (ownKeys, error) {
	answer, err := l.cli.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{l.me: mautrix.DeviceIDList{}}})
	if err != nil {
		return ownKeys{}, fail("ask for our keys", err)
	}
	master, selfSigning := answer.MasterKeys[l.me], answer.SelfSigningKeys[l.me]
	return ownKeys{
		master: master.FirstKey(), selfSigning: selfSigning.FirstKey(), identity: master,
		device: answer.DeviceKeys[l.me][l.cli.DeviceID],
	}, nil
}

// holds tells whether the private keys of the published identity are ours.
func (l *connection) holds(own ownKeys) bool {
	keys := l.mach.CrossSigningKeys
	return keys != nil && keys.MasterKey.PublicKey() == own.master && keys.SelfSigningKey.PublicKey() == own.selfSigning
}

// misses tells whether we hold keys where the server, by its answer, has none.
func (l *connection) misses(own ownKeys) bool {
	keys := l.mach.CrossSigningKeys
	return keys != nil && (own.master == "" || own.master == keys.MasterKey.PublicKey() && own.selfSigning == "")
}

// firstIdentity gives an identity to an account that has none.
func (l *connection) firstIdentity(ctx context.Context, kept cryptostore.Identity) (cryptostore.Identity, error) {
	keys, err := l.newKeys(&kept)
	if err == nil {
		err = l.publishWhereNone(ctx, keys)
	}
	if err != nil {
		return kept, err
	}
	return l.published(kept)
}

// resetIdentity puts a new identity in the place of the published one, as the operator has asked. When the
// server refuses, the old one stays and the wish is done with: whoever still has it says so again.
func (l *connection) resetIdentity(ctx context.Context, kept cryptostore.Identity) (cryptostore.Identity, error) {
	keys, err := l.newKeys(&kept)
	if err == nil {
		err = l.publish(ctx, keys)
	}
	switch {
	case err == nil:
		return l.published(kept)
	case passing(err) || tokenLost(err):
		return kept, err
	}
	l.a.log.Warn("the homeserver refused the new encryption identity: the account keeps the one that it has, and the reset is called off")
	kept.Next, kept.ResetAllowed = nil, false
	return kept, cmp.Or(l.a.store.SetIdentity(kept), err)
}

// newKeys are the keys of an identity that is not published, or not for certain. They are in the vault when it
// returns, beside those that are in use.
func (l *connection) newKeys(kept *cryptostore.Identity) (*crypto.CrossSigningKeysCache, error) {
	if kept.Next != nil {
		keys, err := kept.Next.Decode()
		return &keys, err
	}
	keys, err := l.mach.GenerateCrossSigningKeys()
	if err != nil {
		return nil, fmt.Errorf("matrix: make an encryption identity: %w", err)
	}
	seeds := keys.Seeds()
	kept.Next = &seeds
	return keys, l.a.store.SetIdentity(*kept)
}

// published notes that the server has the new keys.
func (l *connection) published(kept cryptostore.Identity) (cryptostore.Identity, error) {
	kept = cryptostore.Identity{Seeds: *kept.Next}
	if err := l.a.store.SetIdentity(kept); err != nil {
		return kept, err
	}
	l.a.log.Info("encryption identity made")
	return kept, nil
}

// errUnclear says that the server has keys by one answer and none by another.
var errUnclear = errors.New("matrix: the homeserver's answers disagree about the encryption identity")

// publishWhereNone publishes keys on a server that has said that it has none. That was one answer, and keys
// that are replaced by mistake are lost: so they go without the password, which a server with keys insists on.
// Some always do; they are given it when a second answer and the account's recovery data agree with the first.
func (l *connection) publishWhereNone(ctx context.Context, keys *crypto.CrossSigningKeysCache) error {
	err := l.mach.PublishCrossSigningKeys(ctx, keys, nil)
	if statusOf(err) != http.StatusUnauthorized || tokenLost(err) {
		return fail("publish the encryption identity", err)
	}
	own, err := l.ownKeys(ctx)
	if err != nil {
		return err
	}
	var sealed map[string]any
	err = l.cli.GetAccountData(ctx, event.AccountDataCrossSigningMaster.Type, &sealed)
	switch {
	case own.master != "" || err == nil:
		return &Error{Op: "publish the encryption identity", cause: errUnclear}
	case !refusedAs(err, mautrix.MNotFound):
		return fail("fetch the recovery data", err)
	}
	return l.publish(ctx, keys)
}

// publish publishes keys, in the place of others if there are any.
func (l *connection) publish(ctx context.Context, keys *crypto.CrossSigningKeysCache) error {
	refusal := ErrAuthentication
	err := l.mach.PublishCrossSigningKeys(ctx, keys, func(question *mautrix.RespUserInteractive) any {
		answer, err := l.authenticate(question)
		if err != nil {
			refusal = err
			return nil
		}
		return answer
	})
	if !tokenLost(err) && (statusOf(err) == http.StatusUnauthorized || refusedAs(err, mautrix.MForbidden)) {
		return fmt.Errorf("matrix: %w", refusal)
	}
	return fail("publish the encryption identity", err)
}

// authenticate answers the server's question for the password.
func (l *connection) authenticate(question *mautrix.RespUserInteractive) (any, error) {
	password := l.a.cfg.Password.Reveal()
	switch {
	case !question.HasSingleStageFlow(mautrix.AuthTypePassword):
		return nil, ErrApproval
	case password == "":
		return nil, ErrNoPassword
	}
	return &mautrix.ReqUIAuthLogin{
		BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: question.Session},
		User:         l.me.String(), Password: password,
	}, nil
}

// signDevice signs our device and lets it sign the identity, where the server lacks either: the vault's word
// does not count, since the server forgets signatures with a device.
func (l *connection) signDevice(ctx context.Context) error {
	own, err := l.ownKeys(ctx)
	if err != nil {
		return err
	}
	if !own.signed(l.me, l.cli.DeviceID) {
		if err := l.mach.SignOwnDevice(ctx, l.mach.OwnIdentity()); err != nil {
			return fail("sign the device", err)
		}
		l.a.log.Info("device signed")
	}
	if !own.countersigned(l.me, l.cli.DeviceID) {
		if err := l.mach.SignOwnMasterKey(ctx); err != nil {
			return fail("sign the identity", err)
		}
	}
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

// countersigned tells whether our device has signed the identity, by the server's answer.
func (o ownKeys) countersigned(me id.UserID, device id.DeviceID) bool {
	key := o.device.Keys.GetEd25519(device)
	if o.master == "" || key == "" {
		return false
	}
	ok, err := signatures.VerifySignatureJSON(o.identity, me, device.String(), key)
	return ok && err == nil
}
