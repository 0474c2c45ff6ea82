//go:build goolm

package matrix

import (
	"errors"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix"
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
