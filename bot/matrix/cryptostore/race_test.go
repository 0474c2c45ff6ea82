//go:build goolm

package cryptostore

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// The machine decrypts and encrypts Olm messages under one lock, but looks for sessions and adds new ones
// without it.
func TestOlmUnderConcurrentUse(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	sender := with.from.IdentityKey()
	session := with.receive("first")
	noError(t, r.AddSession(background, sender, session))
	const messages = 30
	var bodies []string
	var kind id.OlmMsgType
	for range messages {
		k, body := with.send("text")
		kind, bodies = k, append(bodies, body)
	}
	others := newPair(t)
	added := make([]*crypto.OlmSession, 10)
	for i := range added {
		others.begin()
		added[i] = others.receive("hello")
	}

	var olmLock sync.Mutex
	together(
		func() {
			for i, body := range bodies {
				olmLock.Lock()
				latest, err := r.GetLatestSession(background, sender)
				noErrorIn(t, err)
				_, err = latest.Decrypt(body, kind)
				noErrorIn(t, err)
				noErrorIn(t, r.PutOlmHash(background, [32]byte{byte(i)}, time.Now()))
				noErrorIn(t, r.UpdateSession(background, sender, latest))
				olmLock.Unlock()
			}
		},
		func() {
			for range messages {
				olmLock.Lock()
				latest, _ := r.GetLatestSession(background, sender)
				_, _, err := latest.Encrypt([]byte("answer"))
				noErrorIn(t, err)
				noErrorIn(t, r.UpdateSession(background, sender, latest))
				olmLock.Unlock()
			}
		},
		func() {
			for _, s := range added {
				noErrorIn(t, r.AddSession(background, others.from.IdentityKey(), s))
			}
		},
		func() {
			for i := range messages {
				list, err := r.GetSessions(background, others.from.IdentityKey())
				noErrorIn(t, err)
				_, err = r.GetNewestSessionCreationTS(background, sender)
				noErrorIn(t, err)
				_, err = r.GetOlmHash(background, [32]byte{byte(i)})
				noErrorIn(t, err)
				r.HasSession(background, sender)
				_ = slices.Clone(list)
			}
		},
	)
	noError(t, r.Flush(background))
	r.kill()
	latest := value[*crypto.OlmSession](t)(r.GetLatestSession(background, sender))
	for i, body := range bodies {
		if _, err := latest.Decrypt(body, kind); err == nil {
			t.Errorf("message %d is decrypted twice", i)
		}
		equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{byte(i)})).IsZero(), false)
	}
	equal(t, len(value[crypto.OlmSessionList](t)(r.GetSessions(background, others.from.IdentityKey()))), len(added))
}

// Rooms are encrypted side by side, each under a lock, while sessions are removed because devices changed,
// and the process dies now and then. No index of a session may ever be used twice.
func TestOutboundUnderConcurrentUse(t *testing.T) {
	r := newStoreRig(t)
	type used struct {
		session id.SessionID
		index   uint
	}
	var mu sync.Mutex
	seen := make(map[used]bool)
	talk := func(room id.RoomID) func() {
		return func() {
			for range 20 {
				session, err := r.GetOutboundGroupSession(background, room)
				noErrorIn(t, err)
				if session == nil {
					session = newOutbound(t, room)
					noErrorIn(t, r.AddOutboundGroupSession(background, session))
				}
				text, err := session.Encrypt([]byte("hello"))
				noErrorIn(t, err)
				noErrorIn(t, r.UpdateOutboundGroupSession(background, session))
				index, err := crypto.ParseMegolmMessageIndex(text)
				noErrorIn(t, err)
				mu.Lock()
				if seen[used{session.ID(), index}] {
					t.Errorf("index %d of %s is used twice", index, session.ID())
				}
				seen[used{session.ID(), index}] = true
				mu.Unlock()
			}
		}
	}
	for range 3 {
		together(talk(room1), talk(room2), talk("!three:example.org"), func() {
			for range 3 {
				noErrorIn(t, r.RemoveOutboundGroupSession(background, room2))
			}
		})
		r.kill()
	}
	equal(t, len(seen), 3*3*20)
}

func TestEverythingUnderConcurrentUse(t *testing.T) {
	r := newStoreRig(t)
	const rounds = 15
	name := func(i int) string { return strconv.Itoa(i) }
	together(
		func() {
			for i := range rounds {
				noErrorIn(t, r.SaveNextBatch(background, bob, name(i)))
				noErrorIn(t, r.MarkTrackedUsersOutdated(background, []id.UserID{alice}))
			}
		},
		func() {
			for i := range rounds {
				noErrorIn(t, r.MarkHandled(id.EventID("$"+name(i)), time.Now()))
				_, err := r.Handled(id.EventID("$" + name(i)))
				noErrorIn(t, err)
				noErrorIn(t, r.PutSecret(background, "s", name(i)))
			}
		},
		func() {
			for i := range rounds {
				noErrorIn(t, r.PutDevices(background, alice, deviceMap{"A": device(alice, id.DeviceID(name(i)))}))
				devices, err := r.GetDevices(background, alice)
				noErrorIn(t, err)
				devices["A"].Trust = id.TrustStateBlacklisted // a copy
			}
		},
		func() {
			for i := range rounds {
				noErrorIn(t, r.PutDevice(background, alice, device(alice, id.DeviceID("one"+name(i)))))
				noErrorIn(t, r.PutSignature(background, alice, "k", alice, id.Ed25519(name(i)), "s"))
				_, err := r.GetOutdatedTrackedUsers(background)
				noErrorIn(t, err)
			}
		},
		func() {
			for i := range rounds {
				noErrorIn(t, r.SetMember(background, room1, id.UserID("@"+name(i)), member(event.MembershipJoin, name(i))))
				_, err := r.GetRoomJoinedOrInvitedMembers(background, room1)
				noErrorIn(t, err)
			}
		},
		func() {
			for range rounds {
				noErrorIn(t, r.SetEncryptionEvent(background, room1, nil))
				noErrorIn(t, r.SetPowerLevels(background, room1, &event.PowerLevelsEventContent{}))
				_, err := r.FindSharedRooms(background, "@3")
				noErrorIn(t, err)
			}
		},
		func() {
			for i := range rounds {
				ok, err := r.ValidateMessageIndex(background, "s", id.EventID(name(i)), 0, 1)
				noErrorIn(t, err)
				if ok != (i == 0) {
					t.Errorf("event %d: %t", i, ok)
				}
			}
		},
	)
	noError(t, r.Commit(background))
	r.kill()
	equal(t, value[string](t)(r.LoadNextBatch(background, bob)), name(rounds-1))
	equal(t, len(value[[]id.UserID](t)(r.GetRoomJoinedOrInvitedMembers(background, room1))), rounds)
	equal(t, len(value[map[id.Ed25519]string](t)(r.GetSignaturesForKeyBy(background, alice, "k", alice))), rounds)
}

// together runs all and waits.
func together(jobs ...func()) {
	var wg sync.WaitGroup
	for _, job := range jobs {
		wg.Go(job)
	}
	wg.Wait()
}

// noErrorIn is noError for other goroutines than the test's.
func noErrorIn(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
