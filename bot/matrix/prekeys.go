//go:build goolm

package matrix

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/goolm/account"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"
)

// enoughKeys is how many one-time keys the library keeps on the server.
const enoughKeys = 50

// countKeys asks the server how many of our one-time keys it has when a response tells of few or of none. Some
// leave the number out of a first response (Dendrite does); the library takes that for none and makes so many new
// ones that it forgets the oldest, which the server goes on giving away: who gets such a key cannot be read.
func (l *connection) countKeys(ctx context.Context, answer *mautrix.RespSync, _ string) bool {
	if answer.DeviceOTKCount.SignedCurve25519 >= enoughKeys {
		return true
	}
	have, err := l.cli.UploadKeys(ctx, &mautrix.ReqUploadKeys{})
	if err != nil {
		l.a.log.Warn("one-time keys not counted, tried again at the next news", "error", fail("count one-time keys", err))
		answer.DeviceOTKCount.SignedCurve25519 = enoughKeys
		return true
	}
	answer.DeviceOTKCount.SignedCurve25519 = have.OneTimeKeyCounts.SignedCurve25519
	return true
}

// fallbackPause is the least time between two fallback keys: some servers forget them at once and ask for
// another with each response (matrix-notes §2).
const fallbackPause = time.Hour

// offerFallbackKey gives the server the key that people's devices begin a session with when our one-time keys are
// used up, as they are after a long stop, and a new one when it has been used (the specification's
// device_unused_fallback_key_types). The library makes none.
func (l *connection) offerFallbackKey(ctx context.Context, answer *mautrix.RespSync, _ string) bool {
	now := l.a.cfg.Now()
	if answer.FallbackKeys == nil || // a server that knows nothing of them
		slices.Contains(answer.FallbackKeys, id.KeyAlgorithmSignedCurve25519) || now.Sub(l.fallback) < fallbackPause {
		return true
	}
	l.fallback = now
	if err := l.uploadFallbackKey(ctx); err != nil {
		l.a.log.Warn("fallback key not given, tried again within the hour", "error", err)
	}
	return true
}

// uploadFallbackKey makes a key, unless one waits that never arrived, and keeps it before it is given away.
func (l *connection) uploadFallbackKey(ctx context.Context) error {
	own := l.mach.GetAccount()
	internal, ok := own.Internal.(*account.Account)
	if !ok {
		return errors.New("matrix: the library keeps its keys in a way that is not known")
	}
	if !l.unarrived && len(internal.FallbackKeyUnpublished()) == 0 {
		if err := internal.GenFallbackKey(); err != nil {
			return fail("make a fallback key", err)
		}
		if err := l.a.store.PutAccount(ctx, own); err != nil {
			return err
		}
	}
	l.unarrived = true // the library marks it as published together with the next one-time keys
	keys := make(map[id.KeyID]*mautrix.OneTimeKey)
	for name, public := range internal.FallbackKey() {
		key := &mautrix.OneTimeKey{Key: public, Fallback: true, IsSigned: true}
		signature, err := own.SignJSON(key)
		if err != nil {
			return fail("sign a fallback key", err)
		}
		key.Signatures = signatures.NewSingleSignature(l.me, id.KeyAlgorithmEd25519, l.cli.DeviceID.String(), signature)
		keys[id.NewKeyID(id.KeyAlgorithmSignedCurve25519, name)] = key
	}
	request := map[string]any{"fallback_keys": keys}
	if _, err := l.cli.MakeRequest(ctx, http.MethodPost, l.cli.BuildClientURL("v3", "keys", "upload"), request, nil); err != nil {
		return fail("upload a fallback key", err)
	}
	l.unarrived = false
	internal.CurrentFallbackKey.Published = true
	return l.a.store.PutAccount(ctx, own)
}
