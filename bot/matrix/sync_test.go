//go:build goolm

package matrix

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
)

// TestPatience waits longer each time, and not for ever.
func TestPatience(t *testing.T) {
	r := newRig(t)
	s := newSyncer(&connection{a: r.Adapter})
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

// TestLimiter bounds what is said by the hour.
func TestLimiter(t *testing.T) {
	now := time.Now()
	s := newLimiter(func() time.Time { return now })
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
	for i := range 3 * maxLimited {
		now = now.Add(time.Minute)
		s.allow(strings.Repeat("x", i), 1)
	}
	if len(s.done) > maxLimited {
		t.Errorf("remembers %d things", len(s.done))
	}
}

// Nothing is answered that was written weeks ago, so the keys to it need not be kept; but not before the bot has
// fetched what was written while it was off.
func TestOldKeysAreRemoved(t *testing.T) {
	r := inDirect(t)
	old := newInbound(t, newOutbound(t, room1), "s")
	old.ReceivedAt = time.Now().Add(-15 * 24 * time.Hour)
	noError(t, r.store.PutGroupSession(background, old))
	have := func() bool {
		return value[*crypto.InboundGroupSession](t)(r.store.GetGroupSession(background, room1, old.ID())) != nil
	}
	r.restart()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$1", ana, "!edt")})
	r.hear()
	equal(t, have(), true)
	r.removeKeys(t.Context()) // as every hour
	equal(t, have(), false)
}

// An answer to a sync that is none, as from a proxy, makes the bot connect anew and go on from where it was: asked
// without a token, the homeserver would call all that was written since old.
func TestResponseWithoutAToken(t *testing.T) {
	r := inDirect(t)
	r.connection()
	for range 2 { // the place of the first is on the disk then
		r.hs.syncs <- object{}
	}
	var once sync.Once
	r.hs.mu.Lock()
	r.hs.refuse = func(call string) (status int, code string) {
		if call == "GET sync" {
			once.Do(func() { status = http.StatusOK })
		}
		return status, ""
	}
	r.hs.mu.Unlock()
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$1", ana, "!edt")})
	if m := r.hear(); m.Text != "!edt" {
		t.Errorf("the core heard %q", m.Text)
	}
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	if list := r.hs.since[1:]; slices.Contains(list, "") {
		t.Errorf("asked without a token: %q", list)
	}
}

// A response that cannot be handled comes again, and after a few times the bot goes on without it.
func TestUnhandledResponse(t *testing.T) {
	r := inDirect(t)
	r.connection()
	nothing := object{"rooms": object{"join": object{group: nil}}} // the library panics
	r.hs.mu.Lock()
	asked := len(r.hs.since)
	r.hs.mu.Unlock()
	r.hs.syncs <- nothing
	r.hs.syncs <- joins(direct, nil, []object{messageEvent("$1", ana, "!edt")})
	if m := r.hear(); m.Text != "!edt" {
		t.Errorf("the core heard %q", m.Text)
	}
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	tries := make(map[string]int)
	for _, since := range r.hs.since[asked-1:] {
		tries[since]++
	}
	if most := slices.Max(slices.Collect(maps.Values(tries))); most != maxTries {
		t.Errorf("asked for from %q", r.hs.since[asked-1:])
	}
}

// A stop in the pause after a response that was not handled does not mark it as handled.
func TestStopAfterUnhandledResponse(t *testing.T) {
	r := inDirect(t)
	r.connection()
	r.hs.syncs <- object{}
	r.hs.syncs <- object{"rooms": object{"join": object{group: nil}}}
	r.until("the library has panicked", func() bool { _, trouble := r.Heard(); return trouble != nil })
	before := value[string](t)(r.store.HandledUpTo(botName))
	equal(t, before != "", true)
	noError(t, r.finish())
	equal(t, value[string](t)(r.store.HandledUpTo(botName)), before)
}
