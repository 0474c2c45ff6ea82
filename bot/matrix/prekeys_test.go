//go:build goolm

package matrix

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/goolm/account"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"
)

// TestFallbackKey lets a device begin a session with the bot after its one-time keys have run out, also when it was
// killed meanwhile; the key is given once, and again when it has been used.
func TestFallbackKey(t *testing.T) {
	r := newRig(t)
	var clock atomic.Int64 // hours
	r.close()
	r.cfg.Now = func() time.Time { return time.Now().Add(time.Duration(clock.Load()) * time.Hour) }
	r.open()
	uploads := make(chan object, 16)
	r.hs.watch = func(call string, body object) {
		if keys, given := body["fallback_keys"].(map[string]any); given && call == "POST keys/upload" {
			uploads <- keys
		}
	}
	unused := func(kinds ...string) object {
		return object{"device_unused_fallback_key_types": append([]string{}, kinds...)}
	}
	quiet := func() { // nothing more comes of the responses so far
		t.Helper()
		r.hearsNothing(direct, "x"+time.Now().String())
		if len(uploads) > 0 {
			t.Error("a fallback key was given that nobody asked for")
		}
	}
	r.hs.addRoom(direct, ana, botName)
	r.start()
	r.hs.syncs <- invites(direct, ana, true)
	r.hear()
	quiet() // the server does not know such keys

	r.hs.syncs <- unused()
	first := mustBeSigned(t, r, <-uploads)
	r.hs.syncs <- unused() // a server that forgets it
	quiet()
	clock.Add(2)
	r.hs.syncs <- unused("signed_curve25519")
	quiet()

	r.restart()
	stored := value[*account.Account](t)(r.internalAccount())
	other, err := account.NewAccount()
	noError(t, err)
	session, err := other.NewOutboundSession(stored.IdKeys.Curve25519.B64Encoded(), first)
	noError(t, err)
	_, sealed, err := session.Encrypt([]byte("hello"))
	noError(t, err)
	opened, err := stored.NewInboundSession(string(sealed))
	noError(t, err)
	plain, err := opened.Decrypt(string(sealed), id.OlmMsgTypePreKey)
	noError(t, err)
	equal(t, string(plain), "hello")

	r.hs.syncs <- unused()
	if second := mustBeSigned(t, r, <-uploads); second == first {
		t.Error("a used key was given again")
	}
}

// TestFallbackKeyNotTaken keeps a key that the server refused for the next time.
func TestFallbackKeyNotTaken(t *testing.T) {
	r := inDirect(t)
	refused := make(chan object, 16)
	r.hs.mu.Lock()
	r.hs.watch = func(call string, body object) {
		if keys, given := body["fallback_keys"].(map[string]any); given && call == "POST keys/upload" {
			refused <- keys
		}
	}
	r.hs.refuse = func(call string) (int, string) {
		if call == "POST keys/upload" {
			return http.StatusForbidden, "M_FORBIDDEN"
		}
		return 0, ""
	}
	r.hs.mu.Unlock()
	r.hs.syncs <- object{"device_unused_fallback_key_types": []string{}}
	first := mustBeSigned(t, r, <-refused)
	r.close()
	r.hs.mu.Lock()
	r.hs.refuse = nil
	r.hs.mu.Unlock()
	r.open()
	r.start()
	r.hs.syncs <- object{"device_unused_fallback_key_types": []string{}}
	equal(t, mustBeSigned(t, r, <-refused), first)
}

func (r *rig) internalAccount() (*account.Account, error) {
	own, err := r.store.GetAccount(background)
	if err != nil {
		return nil, err
	}
	return own.Internal.(*account.Account), nil
}

// mustBeSigned checks an upload as a client would that claims the key, and gives the key.
func mustBeSigned(t *testing.T, r *rig, upload object) id.Curve25519 {
	t.Helper()
	equal(t, len(upload), 1)
	own := value[*crypto.OlmAccount](t)(r.store.GetAccount(background))
	for _, raw := range upload {
		equal(t, raw.(map[string]any)["fallback"], any(true))
		data, err := json.Marshal(raw)
		noError(t, err)
		var key mautrix.OneTimeKey
		noError(t, json.Unmarshal(data, &key))
		device := r.connection().cli.DeviceID
		valid, err := signatures.VerifySignatureJSON(key.RawData, id.UserID(botName), device.String(), own.SigningKey())
		if err != nil || !valid {
			t.Errorf("the fallback key is not signed: %v", err)
		}
		return key.Key
	}
	return ""
}

// TestKeysAreCounted gives the server new one-time keys when it has few, and none because a response does not say
// how many it has.
func TestKeysAreCounted(t *testing.T) {
	r := inDirect(t)
	r.restart() // within a minute of an upload the library counts by itself
	uploads := make(chan int, 16)
	r.hs.mu.Lock()
	r.hs.watch = func(call string, body object) {
		if keys, given := body["one_time_keys"].(map[string]any); given && call == "POST keys/upload" {
			uploads <- len(keys)
		}
	}
	r.hs.mu.Unlock()
	r.hs.syncs <- object{"device_one_time_keys_count": object{}}
	r.hearsNothing(direct, "after")
	if len(uploads) > 0 {
		t.Errorf("%d keys were given that the server has room for", <-uploads)
	}
	r.hs.mu.Lock()
	for _, d := range r.hs.devices {
		d.oneTime = 20
	}
	r.hs.mu.Unlock()
	r.hs.syncs <- object{"device_one_time_keys_count": object{"signed_curve25519": 20}}
	equal(t, <-uploads, enoughKeys-20)
}
