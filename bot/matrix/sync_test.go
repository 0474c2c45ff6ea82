//go:build goolm

package matrix

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core"
)

// TestPatience waits longer each time, and not for ever.
func TestPatience(t *testing.T) {
	r := newRig(t)
	s := newSyncer(&link{a: r.Adapter})
	want := firstBackoff
	for range 8 {
		wait, err := s.OnFailedSync(nil, errors.New("no connection"))
		if err != nil || wait != want {
			t.Errorf("waits %v, %v; want %v", wait, err, want)
		}
		want = min(2*want, longBackoff)
	}
	if at, trouble := r.Heard(); !at.IsZero() || trouble == nil {
		t.Errorf("heard at %v, trouble: %v", at, trouble)
	}
	if _, err := s.OnFailedSync(nil, mautrix.MUnknownToken); !errors.Is(err, mautrix.MUnknownToken) {
		t.Errorf("a forgotten token: %v", err)
	}
}

// TestHeard: each answer to a sync is a sign of life, and ends what was wrong before.
func TestHeard(t *testing.T) {
	r := inDirect(t)
	r.pulse.Miss(errors.New("no connection"))
	before, _ := r.Heard()
	r.hs.syncs <- object{}
	r.until("an answer", func() bool {
		at, trouble := r.Heard()
		return at.After(before) && trouble == nil
	})
}

// TestDeviceLists asks for changed devices again until there is an answer.
func TestDeviceLists(t *testing.T) {
	r := inDirect(t)
	noError(t, r.store.PutDevices(t.Context(), ana, map[id.DeviceID]*id.Device{}))
	asked := make(chan bool, 16)
	r.hs.mu.Lock()
	r.hs.watch = func(call string, body object) {
		users, _ := body["device_keys"].(map[string]any)
		if _, about := users[ana]; call == "POST keys/query" && about {
			asked <- true
		}
	}
	r.hs.refuse = func(call string) (int, string) {
		if call == "POST keys/query" {
			return http.StatusForbidden, "M_FORBIDDEN"
		}
		return 0, ""
	}
	r.hs.mu.Unlock()
	r.hs.syncs <- object{"device_lists": object{"changed": []string{ana, ben}}}
	<-asked
	<-asked // by the library, and by us
	outdated, err := r.store.GetOutdatedTrackedUsers(t.Context())
	if err != nil || len(outdated) != 1 {
		t.Errorf("still asked for: %v, %v", outdated, err)
	}
	r.hs.mu.Lock()
	r.hs.refuse = nil
	r.hs.mu.Unlock()
	r.hs.syncs <- object{}
	<-asked
}

// TestGap says in a private chat that messages may be missing.
func TestGap(t *testing.T) {
	r := inDirect(t)
	var many []object
	for range timelineLimit {
		many = append(many, stateEvent("m.room.topic", "", object{"topic": "t"}))
	}
	for _, limited := range []bool{false, true} {
		news := joins(direct, nil, many)
		news["rooms"].(object)["join"].(object)[direct].(object)["timeline"].(object)["limited"] = limited
		r.hs.syncs <- news
	}
	if list := r.sent(direct, 1); len(list) != 1 || bodyOf(list[0]) != "gap" {
		t.Errorf("said %v", list)
	}
}

// encryptedEvent has a session that nobody has heard of.
func encryptedEvent(t *testing.T, name string) *event.Event {
	t.Helper()
	evt := &event.Event{RoomID: direct, Sender: ana, ID: id.EventID(name), Type: event.EventEncrypted, Timestamp: 1}
	noError(t, evt.Content.UnmarshalJSON([]byte(`{"algorithm":"m.megolm.v1.aes-sha2","session_id":"`+strings.Repeat("s", 43)+
		`","sender_key":"k","device_id":"D","ciphertext":"`+strings.Repeat("A", 100)+`"}`)))
	noError(t, evt.Content.ParseRaw(evt.Type))
	return evt
}

// TestUnreadable says once an hour that a message could not be read, and of each event once.
func TestUnreadable(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	now := time.Now()
	r.sayings.now = func() time.Time { return now }
	for _, step := range []struct {
		name  string
		after time.Duration
		said  int
	}{{"$1", 0, 1}, {"$2", time.Minute, 1}, {"$1", 0, 1}, {"$3", time.Hour, 2}} {
		now = now.Add(step.after)
		if known, _ := r.inbox.has(id.EventID(step.name)); !known {
			l.giveUp(encryptedEvent(t, step.name), crypto.ErrNoSessionFound)
		}
		r.sent(direct, step.said)
	}
	if list := r.sent(direct, 2); len(list) != 2 || bodyOf(list[0]) != string(core.TroubleUnreadable)[len("matrix."):] {
		t.Errorf("said %v", list)
	}
	if n := r.Counts()["unreadable"]; n != 3 {
		t.Errorf("counted %d", n)
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
	events, err := r.inbox.waiting()
	if err != nil || len(events) != 1 || events[0].ID != "$1" || events[0].RoomID != direct {
		t.Errorf("%v, %v", events, err)
	}
}

// TestSayings bounds what is said by the hour.
func TestSayings(t *testing.T) {
	now := time.Now()
	s := newSayings(func() time.Time { return now })
	got := ""
	for range 4 {
		for range 3 {
			if s.allow("a", 2) {
				got += "y"
			} else {
				got += "n"
			}
		}
		now = now.Add(30 * time.Minute)
	}
	if got != "yynnnnyynnnn" {
		t.Error(got)
	}
	for i := range 3 * maxSayings {
		now = now.Add(time.Minute)
		s.allow(strings.Repeat("x", i), 1)
	}
	if len(s.said) > maxSayings {
		t.Errorf("remembers %d sayings", len(s.said))
	}
}

// Nothing is answered that was written weeks ago, so the keys to it need not be kept.
func TestOldKeysAreRemoved(t *testing.T) {
	r := newRig(t)
	old := newInbound(t, newOutbound(t, room1), "s")
	old.ReceivedAt = time.Now().Add(-15 * 24 * time.Hour)
	noError(t, r.store.PutGroupSession(background, old))
	r.start()
	r.until("no old key", func() bool {
		have, err := r.store.GetGroupSession(background, room1, old.ID())
		return err == nil && have == nil
	})
}
