//go:build goolm

package matrix

import (
	"errors"
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// The rules of matrix-notes §4 that a memory store cannot break.

func TestOnePointerForEachSession(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	sender := with.from.IdentityKey()
	noError(t, r.AddSession(background, sender, with.receive("one")))
	noError(t, r.AddOutboundGroupSession(background, newOutbound(t, room1)))
	r.kill()
	latest := value[*crypto.OlmSession](t)(r.GetLatestSession(background, sender))
	equal(t, value[crypto.OlmSessionList](t)(r.GetSessions(background, sender))[0], latest)
	equal(t, value[*crypto.OlmSession](t)(r.GetLatestSession(background, sender)), latest)
	out := value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room1))
	equal(t, value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room1)), out)
}

func TestSecondCopiesAreRefused(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	sender := with.from.IdentityKey()
	session, out := with.receive("one"), newOutbound(t, room1)
	noError(t, r.AddSession(background, sender, session))
	noError(t, r.AddOutboundGroupSession(background, out))
	sessionCopy, outCopy := *session, *out
	for name, err := range map[string]error{
		"add":      r.AddSession(background, sender, &sessionCopy),
		"update":   r.UpdateSession(background, sender, &sessionCopy),
		"outbound": r.UpdateOutboundGroupSession(background, &outCopy),
	} {
		if !errors.Is(err, errForked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeletedSessionsStayDeleted(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	sender := with.from.IdentityKey()
	session := with.receive("one")
	noError(t, r.AddSession(background, sender, session))
	noError(t, r.DeleteSession(background, sender, session))
	noError(t, r.UpdateSession(background, sender, session))
	equal(t, r.HasSession(background, sender), false)
	r.kill()
	equal(t, r.HasSession(background, sender), false)
}

func TestReplacedOutboundSessionsStayReplaced(t *testing.T) {
	r := newStoreRig(t)
	old, new := newOutbound(t, room1), newOutbound(t, room1)
	noError(t, r.AddOutboundGroupSession(background, old))
	noError(t, r.AddOutboundGroupSession(background, new))
	noError(t, r.UpdateOutboundGroupSession(background, old))
	r.kill()
	equal(t, value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room1)).ID(), new.ID())
}

// The library's memory store sorts its sessions by mixed times; this is the order of its SQL store.
func TestLatestSessionIsTheOneThatDecryptedLast(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	sender := with.from.IdentityKey()
	start := time.Now()
	var sessions []*crypto.OlmSession
	for i := range 3 {
		with.begin()
		session := with.receive("one")
		session.CreationTime, session.LastDecryptedTime = start.Add(time.Duration(i)), start.Add(time.Duration(i))
		noError(t, r.AddSession(background, sender, session))
		sessions = append(sessions, session)
	}
	sessions[0].LastDecryptedTime = start.Add(time.Hour)
	noError(t, r.UpdateSession(background, sender, sessions[0]))
	for range 2 {
		list := value[crypto.OlmSessionList](t)(r.GetSessions(background, sender))
		for i, want := range []int{0, 2, 1} {
			equal(t, list[i].ID(), sessions[want].ID())
		}
		equal(t, value[*crypto.OlmSession](t)(r.GetLatestSession(background, sender)), list[0])
		newest := value[time.Time](t)(r.GetNewestSessionCreationTS(background, sender))
		equal(t, newest.Equal(sessions[2].CreationTime), true)
		r.kill()
	}
}

// decrypt is what the machine does with an Olm message of a session that it has.
func decrypt(t *testing.T, r *storeRig, with *pair, session *crypto.OlmSession, hash byte) (body string, kind id.OlmMsgType) {
	t.Helper()
	kind, body = with.send("text")
	_, err := session.Decrypt(body, kind)
	noError(t, err)
	noError(t, r.PutOlmHash(background, [32]byte{hash}, time.Now()))
	noError(t, r.UpdateSession(background, with.from.IdentityKey(), session))
	return body, kind
}

// A crash between the steps of one message leaves all of them or none: then the server's repetition of it
// is decrypted, or known as a repetition.
func TestDecryptedMessageIsOneStep(t *testing.T) {
	for _, test := range []struct {
		name string
		next func(r *storeRig) error
		kept bool
	}{
		{"crash", func(*storeRig) error { return nil }, false},
		{"failed write", func(r *storeRig) error {
			r.fault.broken.Store(true)
			if !errors.Is(r.MarkHandled("$e", time.Now()), errBroken) {
				t.Error("no error")
			}
			return nil
		}, false},
		{"room key", func(r *storeRig) error {
			return r.PutGroupSession(background, newInbound(t, newOutbound(t, room1), "s"))
		}, true},
		{"account", func(r *storeRig) error { return r.PutAccount(background, crypto.NewOlmAccount()) }, true},
		{"token", func(r *storeRig) error { return r.SaveNextBatch(background, bob, "t") }, true},
		{"other session", func(r *storeRig) error {
			return r.AddOutboundGroupSession(background, newOutbound(t, room2))
		}, true},
		{"flush", func(r *storeRig) error { return r.Flush(background) }, true},
		{"commit", func(r *storeRig) error { return r.Commit(background) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newStoreRig(t)
			with := newPair(t)
			session := with.receive("one")
			noError(t, r.AddSession(background, with.from.IdentityKey(), session))
			body, kind := decrypt(t, r, with, session, 1)
			noError(t, test.next(r))
			equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), false)
			r.kill()
			equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), !test.kept)
			session = value[*crypto.OlmSession](t)(r.GetLatestSession(background, with.from.IdentityKey()))
			_, err := session.Decrypt(body, kind)
			equal(t, err != nil, test.kept)
		})
	}
}

// Another goroutine may write between a hash and its session.
func TestHashDoesNotGoAlone(t *testing.T) {
	r := newStoreRig(t)
	noError(t, r.PutOlmHash(background, [32]byte{1}, time.Now()))
	noError(t, r.MarkHandled("$e", time.Now()))
	equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), false)
	r.kill()
	equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), true)
}

// Only the session that decrypted may be late. If the next one were as well, a message that it encrypts
// could leave before the session is on the disk, and its key would be used again after a crash.
func TestEncryptingIsNeverLate(t *testing.T) {
	r := newStoreRig(t)
	gone, with := newPair(t), newPair(t)
	doomed, session := gone.receive("one"), with.receive("one")
	noError(t, r.AddSession(background, gone.from.IdentityKey(), doomed))
	noError(t, r.AddSession(background, with.from.IdentityKey(), session))
	noError(t, r.DeleteSession(background, gone.from.IdentityKey(), doomed))
	noError(t, r.PutOlmHash(background, [32]byte{1}, time.Now()))
	noError(t, r.UpdateSession(background, gone.from.IdentityKey(), doomed))
	_, before, err := session.Encrypt([]byte("answer"))
	noError(t, err)
	noError(t, r.UpdateSession(background, with.from.IdentityKey(), session))
	r.kill()
	session = value[*crypto.OlmSession](t)(r.GetLatestSession(background, with.from.IdentityKey()))
	_, after, err := session.Encrypt([]byte("answer"))
	noError(t, err)
	equal(t, string(before) != string(after), true)
}

func TestDecryptedMessageCostsOneWrite(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	session := with.receive("one")
	noError(t, r.AddSession(background, with.from.IdentityKey(), session))
	before := r.fault.writes.Load()
	decrypt(t, r, with, session, 1)
	noError(t, r.PutGroupSession(background, newInbound(t, newOutbound(t, room1), "s")))
	equal(t, r.fault.writes.Load()-before, 1)
	noError(t, r.UpdateSession(background, with.from.IdentityKey(), session)) // encrypting: at once
	equal(t, r.fault.writes.Load()-before, 2)
}

// What the memory changes must not run ahead of the disk.
func TestFailedWritesChangeNothing(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	session, out := with.receive("one"), newOutbound(t, room1)
	r.fault.broken.Store(true)
	for name, err := range map[string]error{
		"account":  r.PutAccount(background, crypto.NewOlmAccount()),
		"session":  r.AddSession(background, with.from.IdentityKey(), session),
		"outbound": r.AddOutboundGroupSession(background, out),
		"journal":  r.MarkHandled("$e", time.Now()),
		"forget":   r.ForgetOlm(background),
	} {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	equal(t, value[*crypto.OlmAccount](t)(r.GetAccount(background)), nil)
	equal(t, r.HasSession(background, with.from.IdentityKey()), false)
	equal(t, value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room1)), nil)
	equal(t, value[bool](t)(r.Handled("$e")), false)
}

func TestIndicesGoWithTheirSession(t *testing.T) {
	r := newStoreRig(t)
	out := newOutbound(t, room1)
	in := newInbound(t, out, "s")
	noError(t, r.PutGroupSession(background, in))
	valid := func(evt id.EventID) bool {
		return value[bool](t)(r.ValidateMessageIndex(background, in.ID(), evt, 0, 1))
	}
	equal(t, valid("$1") && !valid("$2"), true)
	noError(t, r.RedactGroupSession(background, room1, in.ID(), ""))
	equal(t, valid("$2") && !valid("$1"), true)
	noError(t, r.PutGroupSession(background, in))
	_, err := r.RedactGroupSessions(background, room1, "", "")
	noError(t, err)
	equal(t, valid("$3"), true)
}

// The memory store has neither of these two.
func TestRedactByAge(t *testing.T) {
	r := newStoreRig(t)
	var names []id.SessionID
	for _, at := range []time.Time{time.Now(), time.Now().Add(-3 * time.Hour), {}} {
		in := newInbound(t, newOutbound(t, room1), "s") // used for an hour
		in.ReceivedAt = at
		names = append(names, in.ID())
		noError(t, r.PutGroupSession(background, in))
	}
	unknown := newInbound(t, newOutbound(t, room1), "s") // came before the room's settings did
	unknown.ReceivedAt, unknown.MaxAge = time.Now().Add(-15*24*time.Hour), 0
	noError(t, r.PutGroupSession(background, unknown))
	scheduled := newInbound(t, newOutbound(t, room1), "s")
	scheduled.ReceivedAt, scheduled.IsScheduled = time.Now().Add(-3*time.Hour), true
	noError(t, r.PutGroupSession(background, scheduled))
	sameNames(t, value[[]id.SessionID](t)(r.RedactExpiredGroupSessions(background)), []id.SessionID{names[1], unknown.ID()})
	sameNames(t, value[[]id.SessionID](t)(r.RedactOutdatedGroupSessions(background)), names[2:])
	r.kill()
	sameNames(t, namesOf(r.GetAllGroupSessions(background).AsList())(t), []id.SessionID{names[0], scheduled.ID()})
}

func TestRecipientsOfOldSessionsAreForgotten(t *testing.T) {
	r := newStoreRig(t)
	var names []id.SessionID
	for range keptRecipients + 1 {
		out := newOutbound(t, room1)
		names = append(names, out.ID())
		noError(t, r.MarkOutboundGroupSessionShared(background, alice, "key", out.ID()))
		noError(t, r.AddOutboundGroupSession(background, out))
		noError(t, r.AddOutboundGroupSession(background, out))
	}
	for i, name := range names {
		equal(t, value[bool](t)(r.IsOutboundGroupSessionShared(background, alice, "key", name)), i > 0)
	}
}

func TestForgetRoom(t *testing.T) {
	r := newStoreRig(t)
	for _, room := range []id.RoomID{room1, room2} {
		noError(t, r.SetMember(background, room, alice, member(event.MembershipJoin, "Alice")))
		noError(t, r.SetJoinRules(background, room, &event.JoinRulesEventContent{JoinRule: event.JoinRuleInvite}))
		out := newOutbound(t, room)
		noError(t, r.AddOutboundGroupSession(background, out))
		noError(t, r.PutGroupSession(background, newInbound(t, out, "s")))
	}
	noError(t, r.ForgetRoom(background, room1))
	r.kill()
	for room, want := range map[id.RoomID]bool{room1: false, room2: true} {
		equal(t, r.IsInRoom(background, room, alice), want)
		equal(t, value[*event.JoinRulesEventContent](t)(r.GetJoinRules(background, room)) != nil, want)
		equal(t, value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room)) != nil, want)
		equal(t, len(namesOf(r.GetGroupSessionsForRoom(background, room).AsList())(t)) > 0, want)
	}
}

// Servers repeat what they said with each answer; only news may cost a write.
func TestKnownFactsAreNotWritten(t *testing.T) {
	r := newStoreRig(t)
	say := func(s *Store) {
		noError(t, s.PutDevices(background, alice, deviceMap{"A": device(alice, "A"), "B": device(alice, "B")}))
		noError(t, s.PutDevice(background, alice, device(alice, "A")))
		noError(t, s.PutCrossSigningKey(background, alice, id.XSUsageMaster, "m"))
		noError(t, s.PutSignature(background, alice, "k", alice, "m", "s"))
		noError(t, s.SetEncryptionEvent(background, room1, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}))
		noError(t, s.SetMember(background, room1, alice, member(event.MembershipJoin, "Alice")))
		noError(t, s.SetMembership(background, room1, alice, event.MembershipJoin))
		noError(t, s.SetPowerLevels(background, room1, &event.PowerLevelsEventContent{Users: map[id.UserID]int{alice: 1, bob: 2}}))
		noError(t, s.MarkTrackedUsersOutdated(background, nil))
	}
	say(r.Store)
	writes := 0
	s, err := NewStore(&spyVault{r.vault, func(bucket, key string) { writes++ }})
	noError(t, err)
	say(s)
	equal(t, writes, 0)
}
