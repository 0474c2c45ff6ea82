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

// fallbackPause is the least time between two fallback keys: some servers forget them at once and ask for
// another with each response (matrix-notes §2).
const fallbackPause = time.Hour

// offerFallbackKey gives the server the key that people's devices begin a session with when our one-time keys are
// used up, as they are after a long stop, and a new one when it has been used (the specification's
// device_unused_fallback_key_types). The library makes none.
func (l *link) offerFallbackKey(ctx context.Context, answer *mautrix.RespSync, _ string) bool {
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
func (l *link) uploadFallbackKey(ctx context.Context) error {
	own := l.mach.GetAccount()
	internal, ok := own.Internal.(*account.Account)
	if !ok {
		return errors.New("matrix: the library keeps its keys in a way that is not known")
	}
	if len(internal.FallbackKeyUnpublished()) == 0 {
		if err := internal.GenFallbackKey(); err != nil {
			return fail("make a fallback key", err)
		}
		if err := l.a.store.PutAccount(ctx, own); err != nil {
			return err
		}
	}
	keys := make(map[id.KeyID]*mautrix.OneTimeKey)
	for name, public := range internal.FallbackKeyUnpublished() {
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
	internal.CurrentFallbackKey.Published = true
	return l.a.store.PutAccount(ctx, own)
}
