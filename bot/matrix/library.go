//go:build goolm

package matrix

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/crypto/goolm/account"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// What depends on how the library works inside, and not only on what it promises, is in this file; in which order it
// writes an Olm message to its store, in cryptostore/hash.go. The two library_test.go fail when that is no longer so, and
// e2e tries all of it against a real homeserver: a new version of the library is taken when they pass.

// beforeLibrary registers what has to see a response before the library does (it calls those first that came first):
// what is too old to be decrypted leaves it, the one-time keys are counted before it makes new ones, and the state of a
// room is known before its members change sessions. Changed devices are marked before all that, see ProcessResponse.
func (l *connection) beforeLibrary() {
	l.sync.OnSync(l.leaveOutOld)
	l.sync.OnSync(l.countKeys)
	l.sync.OnEvent(l.cli.StateStoreSyncHandler)
	l.sync.OnEventType(event.EventEncrypted, l.noteEncrypted)
}

// afterLibrary registers what works on what the library has made of a response.
func (l *connection) afterLibrary() {
	l.sync.OnSync(l.refreshLists)
	l.sync.OnSync(l.offerFallbackKey)
}

// sealer encrypts what is sent. The library reads who is in a room, gives them the key of a new session, which takes
// some requests, and keeps the session last: who comes meanwhile could not read what is said until the next session.
// The store does not keep such a session (Store.BeginSharing), the library then finds none (ErrNoGroupSession), and
// it is tried again.
type sealer struct {
	*cryptohelper.CryptoHelper
	a *Adapter
}

var _ mautrix.CryptoHelper = sealer{}

// maxShares bounds how often a session is shared anew for one message.
const maxShares = 4

// Encrypt implements mautrix.CryptoHelper. Messages to one room are encrypted one after the other.
func (s sealer) Encrypt(ctx context.Context, room id.RoomID, kind event.Type, content any) (sealed *event.EncryptedEventContent, err error) {
	defer s.a.sealing.WithLock(room)()
	for range maxShares {
		s.a.store.BeginSharing(room)
		sealed, err = s.CryptoHelper.Encrypt(s.a.store.AskedNow(ctx), room, kind, content)
		if !errors.Is(err, crypto.ErrNoGroupSession) {
			break
		}
	}
	return sealed, err
}

// readState asks for the state of a room and keeps it. An answer that was overtaken by the news that somebody has come
// or gone would put them out again, or bring them back: it is asked for once more.
func (l *connection) readState(ctx context.Context, name id.RoomID) (mautrix.RoomStateMap, error) {
	for range maxShares {
		before := l.a.store.Moves(name)
		state, err := l.cli.State(ctx, name)
		if err != nil {
			return nil, fail("read a room", err)
		}
		if l.a.store.Moves(name) == before {
			return state, nil
		}
	}
	return nil, errors.New("matrix: read a room: people come and go all the time")
}

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
