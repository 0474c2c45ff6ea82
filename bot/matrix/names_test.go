//go:build goolm

package matrix

import (
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// signedDevice is what somebody publishes of a device whose identity key is whatever they like.
func signedDevice(t *testing.T, account *crypto.OlmAccount, user id.UserID, name id.DeviceID, key string) *mautrix.DeviceKeys {
	t.Helper()
	keys := &mautrix.DeviceKeys{
		UserID: user, DeviceID: name, Algorithms: []id.Algorithm{id.AlgorithmMegolmV1, id.AlgorithmOlmV1},
		Keys: mautrix.KeyMap{
			id.NewDeviceKeyID(id.KeyAlgorithmCurve25519, name): key,
			id.NewDeviceKeyID(id.KeyAlgorithmEd25519, name):    string(account.SigningKey()),
		},
	}
	signature, err := account.SignJSON(keys)
	noError(t, err)
	keys.Signatures = signatures.NewSingleSignature(user, id.KeyAlgorithmEd25519, name.String(), signature)
	return keys
}

// A stranger with an impossible device stops nobody.
func TestImpossibleDevice(t *testing.T) {
	r := inDirect(t)
	r.connection()
	noError(t, r.store.SetEncryptionEvent(t.Context(), direct, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}))
	account := crypto.NewOlmAccount()
	r.hs.mu.Lock()
	r.hs.others[ana] = object{"EVIL": signedDevice(t, account, ana, "EVIL", strings.Repeat("A", 5000))}
	r.hs.mu.Unlock()
	noError(t, r.Send(t.Context(), chat.Target{Chat: chatOf(direct)}, chat.Reply{Title: "hello"}))
	noError(t, r.store.MarkHandled("$else", time.Now()))
	r.restart()
	r.connection()
	noError(t, r.store.MarkHandled("$more", time.Now()))
}
