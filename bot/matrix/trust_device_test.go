//go:build goolm

package matrix

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/chat"
)

// stranger is a device that writes in ana's name. The bot has the key of what it writes.
type stranger struct {
	r       *rig
	account *crypto.OlmAccount
	out     *crypto.OutboundGroupSession
	said    int
}

func newStranger(t *testing.T, r *rig) *stranger {
	t.Helper()
	s := &stranger{r: r, account: crypto.NewOlmAccount(), out: newOutbound(t, direct)}
	noError(t, r.store.SetEncryptionEvent(t.Context(), direct, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}))
	in, err := crypto.NewInboundGroupSession(s.account.IdentityKey(), s.account.SigningKey(), direct, s.out.Internal.Key(), time.Hour, 100, nil, false)
	noError(t, err)
	noError(t, r.store.PutGroupSession(t.Context(), in))
	return s
}

// publish has the homeserver list the device as ana's.
func (s *stranger) publish(t *testing.T) {
	t.Helper()
	const name = "LATE"
	keys := &mautrix.DeviceKeys{
		UserID: ana, DeviceID: name, Algorithms: []id.Algorithm{id.AlgorithmMegolmV1, id.AlgorithmOlmV1},
		Keys: mautrix.KeyMap{
			id.NewDeviceKeyID(id.KeyAlgorithmCurve25519, name): string(s.account.IdentityKey()),
			id.NewDeviceKeyID(id.KeyAlgorithmEd25519, name):    string(s.account.SigningKey()),
		},
	}
	signature, err := s.account.SignJSON(keys)
	noError(t, err)
	keys.Signatures = signatures.NewSingleSignature(ana, id.KeyAlgorithmEd25519, name, signature)
	s.r.hs.mu.Lock()
	defer s.r.hs.mu.Unlock()
	s.r.hs.others[ana] = object{name: keys}
}

// say sends an encrypted message.
func (s *stranger) say(t *testing.T, text string) {
	t.Helper()
	plain, err := json.Marshal(object{"room_id": direct, "type": "m.room.message", "content": object{"msgtype": "m.text", "body": text}})
	noError(t, err)
	sealed, err := s.out.Encrypt(plain)
	noError(t, err)
	s.said++
	s.r.hs.syncs <- joins(direct, nil, []object{{
		"type": "m.room.encrypted", "sender": ana, "event_id": fmt.Sprintf("$sealed%d", s.said), "origin_server_ts": 1,
		"content": object{"algorithm": id.AlgorithmMegolmV1, "session_id": s.out.ID(), "ciphertext": string(sealed)},
	}})
}

// asked is how often the homeserver was asked for devices.
func (s *stranger) asked() (n int) {
	s.r.hs.mu.Lock()
	defer s.r.hs.mu.Unlock()
	for call := range slices.Values(s.r.hs.requests) {
		if call == "POST keys/query" {
			n++
		}
	}
	return n
}

// TestLookAgain refuses a device that its owner's server does not list, and takes it when it is listed later:
// then it is asked for again, but at most once a minute.
func TestLookAgain(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	s := newStranger(t, r)
	refusals := func(n uint64) {
		t.Helper()
		r.until(fmt.Sprintf("%d refusals", n), func() bool { return r.counters.refused.Load() == n })
	}

	r.limiter.allow(string(chat.NoticeUnknownDevice)+" "+direct, 1) // an answer would ask for devices, too
	before := s.asked()
	s.say(t, "not listed")
	refusals(1)
	if n := s.asked() - before; n != 2 { // once by the library, once by us
		t.Errorf("asked %d times for the devices", n)
	}

	later := func(d time.Duration) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.fetched[ana] = l.fetched[ana].Add(-d)
	}
	s.publish(t)
	later(fetchPause / 2)
	s.say(t, "too soon")
	refusals(2)
	if n := s.asked() - before; n != 2 {
		t.Errorf("asked %d times for the devices within a minute", n)
	}

	later(fetchPause / 2) // whoever tries again and again does not wait for ever
	s.say(t, "listed")
	if m := r.hear(); m.Text != "listed" || m.Person != personOf(ana) {
		t.Errorf("the core heard %+v", m)
	}
	if n := s.asked() - before; n != 3 {
		t.Errorf("asked %d times for the devices, once they are known", n)
	}
	s.say(t, "known")
	if m := r.hear(); m.Text != "known" {
		t.Errorf("the core heard %+v", m)
	}
}
