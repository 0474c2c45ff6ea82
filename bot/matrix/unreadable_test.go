//go:build goolm

package matrix

import (
	"encoding/json"
	"fmt"
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

// encryptedEvent has a session that nobody has heard of.
func encryptedEvent(t *testing.T, name string) *event.Event {
	t.Helper()
	evt := &event.Event{RoomID: direct, Sender: ana, ID: id.EventID(name), Type: event.EventEncrypted, Timestamp: 1}
	noError(t, evt.Content.UnmarshalJSON([]byte(`{"algorithm":"m.megolm.v1.aes-sha2","session_id":"`+strings.Repeat("s", 43)+
		`","sender_key":"k","device_id":"D","ciphertext":"`+strings.Repeat("A", 100)+`"}`)))
	noError(t, evt.Content.ParseRaw(evt.Type))
	return evt
}

// TestUnreadable says that a message could not be read: of each event once, and once for those of a minute.
func TestUnreadable(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	now := time.Now().Truncate(time.Minute)
	r.limiter.now = func() time.Time { return now }
	for _, step := range []struct {
		name  string
		after time.Duration
		said  int
	}{{"$1", 0, 1}, {"$2", time.Second, 1}, {"$1", time.Minute, 1}, {"$3", 0, 2}} {
		now = now.Add(step.after)
		if known, _ := r.inbox.has(id.EventID(step.name)); !known {
			l.giveUp(encryptedEvent(t, step.name), crypto.ErrNoSessionFound)
		}
		r.sent(direct, step.said)
	}
	if list := r.sent(direct, 2); len(list) != 2 || bodyOf(list[0]) != string(chat.NoticeUnreadable)[len("matrix."):] {
		t.Errorf("said %v", list)
	}
	if n := r.Counts()["unreadable"]; n != 3 {
		t.Errorf("counted %d", n)
	}
}

func (l *connection) hasTold(name id.EventID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told[name]
}

// TestUnreadableIsToldSoon does not wait for the end of the attempts, and of what could be read in time nothing is said.
func TestUnreadableIsToldSoon(t *testing.T) {
	if untoldFor > 9*time.Second {
		t.Errorf("people are told after %v", untoldFor)
	}
	r := inDirect(t)
	r.untold = 50 * time.Millisecond
	l := r.connection()
	l.noteEncrypted(t.Context(), encryptedEvent(t, "$read"))
	l.noLongerWaits("$read")
	evt := encryptedEvent(t, "$lost")
	l.noteEncrypted(t.Context(), evt)
	r.until("it is told", func() bool { return l.hasTold("$lost") }) // later than the other one would have been
	if l.hasTold("$read") {
		t.Error("told of a message that was read in time")
	}
	r.sent(direct, 1)
	if !r.inbox.stillSealed("$lost") {
		t.Error("its key is not waited for any more")
	}
	r.limiter.now = func() time.Time { return time.Now().Add(5 * time.Minute) }
	l.giveUp(evt, crypto.ErrNoSessionFound)
	r.hearsNothing(direct, "after")
	if list := r.sent(direct, 1); len(list) != 1 || bodyOf(list[0]) != "unreadable" {
		t.Errorf("said %v", list)
	}
}

// TestWithheld tells people with a strict app what to change.
func TestWithheld(t *testing.T) {
	r := inDirect(t)
	evt := encryptedEvent(t, "$1")
	noError(t, r.store.PutWithheldGroupSession(t.Context(), event.RoomKeyWithheldEventContent{
		RoomID: direct, SessionID: evt.Content.AsEncrypted().SessionID, Code: event.RoomKeyWithheldUnverified, Algorithm: id.AlgorithmMegolmV1,
	}))
	l := r.connection()
	l.helper.HandleEncrypted(t.Context(), evt)
	if list := r.sent(direct, 1); bodyOf(list[0]) != "withheld" {
		t.Errorf("said %v", list)
	}
}

// TestWaitingSurvives keeps an event whose key has not come over a restart, and forgets one that was settled.
func TestWaitingSurvives(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	l.noteEncrypted(t.Context(), encryptedEvent(t, "$1"))
	l.noteEncrypted(t.Context(), encryptedEvent(t, "$2"))
	l.giveUp(encryptedEvent(t, "$2"), crypto.ErrNoSessionFound)
	r.restart()
	r.connection()
	events, _, err := r.inbox.waiting()
	if err != nil || len(events) != 1 || events[0].ID != "$1" || events[0].RoomID != direct {
		t.Errorf("%v, %v", events, err)
	}
}

// TestLeftToTheNextConnection has the connection end while the bot waits for a key: the message is not given up.
func TestLeftToTheNextConnection(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	evt := encryptedEvent(t, "$1")
	l.noteEncrypted(t.Context(), evt)
	noError(t, r.finish())
	l.notDecrypted(evt, crypto.ErrNoSessionFound)
	noError(t, r.Close())
	if handled, err := r.store.Handled(evt.ID); err != nil || handled {
		t.Errorf("given up: %t, %v", handled, err)
	}
	if events, _, err := r.inbox.waiting(); err != nil || len(events) != 1 {
		t.Errorf("waiting: %v, %v", events, err)
	}
}

// seal is a message whose key the bot does not have.
func (s *stranger) seal(t *testing.T, text string) *event.Event {
	t.Helper()
	plain, err := json.Marshal(object{"room_id": direct, "type": "m.room.message", "content": object{"msgtype": "m.text", "body": text}})
	noError(t, err)
	sealed, err := s.out.Encrypt(plain)
	noError(t, err)
	evt := &event.Event{RoomID: direct, Sender: ana, ID: id.EventID("$" + text), Type: event.EventEncrypted, Timestamp: 1}
	noError(t, json.Unmarshal(fmt.Appendf(nil, `{"algorithm":"m.megolm.v1.aes-sha2","session_id":%q,"ciphertext":%q}`, s.out.ID(), sealed), &evt.Content))
	noError(t, evt.Content.ParseRaw(evt.Type))
	evt.Mautrix.EventSource = event.SourceJoin | event.SourceTimeline
	return evt
}

// offerKey lets the bot begin an Olm session with the device.
func (s *stranger) offerKey(t *testing.T) {
	t.Helper()
	noError(t, s.account.Internal.GenOneTimeKeys(1))
	for name, public := range value[map[string]id.Curve25519](t)(s.account.Internal.OneTimeKeys()) {
		key := &mautrix.OneTimeKey{Key: public, IsSigned: true}
		signature, err := s.account.SignJSON(key)
		noError(t, err)
		key.Signatures = signatures.NewSingleSignature(ana, id.KeyAlgorithmEd25519, "LATE", signature)
		s.r.hs.claims = object{ana: object{"LATE": object{"signed_curve25519:" + name: key}}}
	}
}

// answer does as a client does that is sent an empty message in a new Olm session: it sends the room key again.
func (s *stranger) answer(t *testing.T, sessionKey string, body object) {
	own := value[*crypto.OlmAccount](t)(s.r.store.GetAccount(background))
	sent := body["messages"].(object)[ana].(object)["LATE"].(object)["ciphertext"].(object)[string(s.account.IdentityKey())].(object)
	session, err := s.account.NewInboundSessionFrom(own.IdentityKey(), sent["body"].(string))
	noError(t, err)
	plain, err := session.Decrypt(sent["body"].(string), id.OlmMsgType(sent["type"].(float64)))
	if err != nil || !strings.Contains(string(plain), "m.dummy") {
		t.Errorf("the device was sent %s, %v", plain, err)
	}
	key, err := json.Marshal(object{
		"type": "m.room_key", "sender": ana, "keys": object{"ed25519": s.account.SigningKey()},
		"recipient": botName, "recipient_keys": object{"ed25519": own.SigningKey()},
		"content": object{"algorithm": id.AlgorithmMegolmV1, "room_id": direct, "session_id": s.out.ID(), "session_key": sessionKey},
	})
	noError(t, err)
	kind, sealed, err := session.Encrypt(key)
	noError(t, err)
	s.r.hs.syncs <- object{"to_device": object{"events": []object{{
		"type": "m.room.encrypted", "sender": ana, "content": object{
			"algorithm": id.AlgorithmOlmV1, "sender_key": s.account.IdentityKey(),
			"ciphertext": object{string(own.IdentityKey()): object{"type": kind, "body": string(sealed)}},
		},
	}}}}
}

// TestMend reads two messages of a device whose Olm session is broken, as after an older copy of the vault was
// put back: one new session is enough for both.
func TestMend(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	s := newStranger(t, r)
	s.out = newOutbound(t, direct)
	sessionKey := s.out.Internal.Key()
	s.publish(t)
	s.offerKey(t)
	value[map[id.UserID]map[id.DeviceID]*id.Device](t)(l.mach.FetchKeys(t.Context(), []id.UserID{ana}, true))

	renewed, goOn := make(chan object, 4), make(chan struct{})
	r.hs.set(func(call string, body object) {
		if strings.HasPrefix(call, "PUT sendToDevice/m.room.encrypted/") {
			renewed <- body
			<-goOn
		}
	})
	l.notDecrypted(s.seal(t, "first"), crypto.ErrNoSessionFound)
	first := <-renewed
	l.notDecrypted(s.seal(t, "second"), crypto.ErrNoSessionFound)
	close(goOn)
	s.answer(t, sessionKey, first)
	heard := map[string]bool{r.hear().Text: true, r.hear().Text: true}
	if !heard["first"] || !heard["second"] || len(renewed) != 0 {
		t.Errorf("heard %v, %d more new sessions", heard, len(renewed))
	}
	if n := r.Counts()["unreadable"]; n != 0 {
		t.Errorf("%d messages were given up", n)
	}
}
