//go:build goolm

package cryptostore

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
// is decrypted, or known as a repetition. What ends the step is on the disk with it or follows from it.
func TestDecryptedMessageIsOneStep(t *testing.T) {
	for _, test := range []struct {
		name string
		next func(r *storeRig, with *pair, session *crypto.OlmSession) error
		kept bool
	}{
		{"crash", func(*storeRig, *pair, *crypto.OlmSession) error { return nil }, false},
		{"failed write", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error {
			r.fault.broken.Store(true)
			if !errors.Is(r.SaveNextBatch(background, bob, "t"), errBroken) {
				t.Error("no error")
			}
			return nil
		}, false},
		{"room key", func(r *storeRig, with *pair, _ *crypto.OlmSession) error {
			return r.PutGroupSession(background, newInbound(t, newOutbound(t, room1), with.from.IdentityKey()))
		}, true},
		{"other room key", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error {
			return r.PutGroupSession(background, newInbound(t, newOutbound(t, room1), curve("other")))
		}, false},
		{"account", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error {
			return r.PutAccount(background, crypto.NewOlmAccount())
		}, true},
		{"token", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error { return r.SaveNextBatch(background, bob, "t") }, true},
		{"own room key", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error {
			return r.AddOutboundGroupSession(background, newOutbound(t, room2))
		}, false},
		{"what others write", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error {
			noError(t, r.MarkOutboundGroupSessionShared(background, alice, curve("key"), "s"))
			value[bool](t)(r.IsOutboundGroupSessionShared(background, alice, curve("key"), "s"))
			return r.MarkHandled("$e", time.Now())
		}, false},
		{"encryption", func(r *storeRig, with *pair, session *crypto.OlmSession) error {
			_, _, err := session.Encrypt([]byte("answer"))
			noError(t, err)
			return r.UpdateSession(background, with.from.IdentityKey(), session)
		}, true},
		{"encryption to others", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error {
			other := newPair(t)
			return r.AddSession(background, other.from.IdentityKey(), other.receive("one"))
		}, false},
		{"flush", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error { return r.Flush(background) }, true},
		{"commit", func(r *storeRig, _ *pair, _ *crypto.OlmSession) error { return r.Commit(background) }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newStoreRig(t)
			with := newPair(t)
			session := with.receive("one")
			noError(t, r.AddSession(background, with.from.IdentityKey(), session))
			body, kind := decrypt(t, r, with, session, 1)
			noError(t, test.next(r, with, session))
			equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), false)
			r.kill()
			equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), !test.kept)
			session = value[*crypto.OlmSession](t)(r.GetLatestSession(background, with.from.IdentityKey()))
			_, err := session.Decrypt(body, kind)
			equal(t, err != nil, test.kept)
		})
	}
}

// The first message of a session uses up a one-time key of the account: that is part of the step. The server
// repeats what a crash has cut off, and it is read as if for the first time, or known as a repetition.
func TestFirstMessageIsOneStep(t *testing.T) {
	for _, test := range []struct {
		name string
		next func(r *storeRig, with *pair) error
		kept bool
	}{
		{"crash", func(*storeRig, *pair) error { return nil }, false},
		{"what others write", func(r *storeRig, _ *pair) error { return r.MarkHandled("$e", time.Now()) }, false},
		{"room key", func(r *storeRig, with *pair) error {
			return r.PutGroupSession(background, newInbound(t, newOutbound(t, room1), with.from.IdentityKey()))
		}, true},
		{"token", func(r *storeRig, _ *pair) error { return r.SaveNextBatch(background, bob, "t") }, true},
		{"more one-time keys", func(r *storeRig, with *pair) error {
			noError(t, with.to.Internal.GenOneTimeKeys(1))
			return r.PutAccount(background, with.to)
		}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newStoreRig(t)
			with := newPair(t)
			sender := with.from.IdentityKey()
			noError(t, r.PutAccount(background, with.to))
			kind, body := with.send("room key")
			session, err := with.to.NewInboundSessionFrom(sender, body)
			noError(t, err)
			_, err = session.Decrypt(body, kind)
			noError(t, err)
			noError(t, r.PutOlmHash(background, [32]byte{1}, time.Now()))
			noError(t, r.AddSession(background, sender, session))
			noError(t, with.to.Internal.RemoveOneTimeKeys(session.Internal))
			noError(t, r.PutAccount(background, with.to))
			noError(t, test.next(r, with))
			r.kill()
			equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), !test.kept)
			equal(t, r.HasSession(background, sender), test.kept)
			again, err := value[*crypto.OlmAccount](t)(r.GetAccount(background)).NewInboundSessionFrom(sender, body)
			if err == nil {
				_, err = again.Decrypt(body, kind)
			}
			equal(t, err != nil, test.kept) // without its one-time key
		})
	}
}

// The keys that a new account is about to publish are on the disk before they leave, whatever came before.
func TestPublishedKeysAreNeverLate(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	noError(t, r.PutOlmHash(background, [32]byte{1}, time.Now()))
	noError(t, r.AddSession(background, with.from.IdentityKey(), with.receive("one")))
	noError(t, r.PutAccount(background, with.to)) // of the step
	noError(t, with.to.Internal.GenOneTimeKeys(5))
	noError(t, r.PutAccount(background, with.to))
	want := len(value[map[string]id.Curve25519](t)(with.to.Internal.OneTimeKeys()))
	r.kill()
	account := value[*crypto.OlmAccount](t)(r.GetAccount(background))
	equal(t, len(value[map[string]id.Curve25519](t)(account.Internal.OneTimeKeys())), want)
}

// A session that is deleted while its step waits does not come back with it.
func TestDeletedSessionsStayDeletedAfterAStep(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	sender := with.from.IdentityKey()
	session := with.receive("one")
	noError(t, r.AddSession(background, sender, session))
	decrypt(t, r, with, session, 1)
	noError(t, r.DeleteSession(background, sender, session))
	noError(t, r.Flush(background))
	r.kill()
	equal(t, r.HasSession(background, sender), false)
	equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), false)
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

// Another goroutine may also add a session to encrypt with then, which is not the one that decrypted.
func TestNewSessionIsNoStep(t *testing.T) {
	r := newStoreRig(t)
	with, to := newPair(t), newPair(t)
	session := with.receive("one")
	noError(t, r.AddSession(background, with.from.IdentityKey(), session))
	kind, body := with.send("two")
	_, err := session.Decrypt(body, kind)
	noError(t, err)
	noError(t, r.PutOlmHash(background, [32]byte{1}, time.Now()))
	noError(t, r.AddSession(background, to.to.IdentityKey(), to.out))
	noError(t, r.UpdateSession(background, with.from.IdentityKey(), session))
	r.kill()
	equal(t, r.HasSession(background, to.to.IdentityKey()), true)
	equal(t, value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(), true)
	_, err = value[*crypto.OlmSession](t)(r.GetLatestSession(background, with.from.IdentityKey())).Decrypt(body, kind)
	noError(t, err)
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
	noError(t, r.PutGroupSession(background, newInbound(t, newOutbound(t, room1), with.from.IdentityKey())))
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
		noError(t, r.MarkOutboundGroupSessionShared(background, alice, curve("key"), out.ID()))
		noError(t, r.AddOutboundGroupSession(background, out))
		noError(t, r.AddOutboundGroupSession(background, out))
	}
	for i, name := range names {
		equal(t, value[bool](t)(r.IsOutboundGroupSessionShared(background, alice, curve("key"), name)), i > 0)
	}
}

func TestForgetRoom(t *testing.T) {
	r := newStoreRig(t)
	outs := make(map[id.RoomID]id.SessionID)
	for _, room := range []id.RoomID{room1, room2} {
		noError(t, r.SetMember(background, room, alice, member(event.MembershipJoin, "Alice")))
		noError(t, r.SetJoinRules(background, room, &event.JoinRulesEventContent{JoinRule: event.JoinRuleInvite}))
		out := newOutbound(t, room)
		noError(t, r.AddOutboundGroupSession(background, out))
		noError(t, r.MarkOutboundGroupSessionShared(background, alice, curve("key"), out.ID()))
		noError(t, r.PutGroupSession(background, newInbound(t, out, "s")))
		noError(t, r.PutWithheldGroupSession(background, event.RoomKeyWithheldEventContent{RoomID: room, SessionID: "w"}))
		outs[room] = out.ID()
	}
	noError(t, r.ForgetRoom(background, room1))
	r.kill()
	for room, want := range map[id.RoomID]bool{room1: false, room2: true} {
		equal(t, r.IsInRoom(background, room, alice), want)
		equal(t, value[*event.JoinRulesEventContent](t)(r.GetJoinRules(background, room)) != nil, want)
		equal(t, value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room)) != nil, want)
		equal(t, len(namesOf(r.GetGroupSessionsForRoom(background, room).AsList())(t)) > 0, want)
		equal(t, value[bool](t)(r.IsOutboundGroupSessionShared(background, alice, curve("key"), outs[room])), want)
		equal(t, value[*event.RoomKeyWithheldEventContent](t)(r.GetWithheldGroupSession(background, room, "w")) != nil, want)
	}
	equal(t, r.count(r.own("sharings")), 1)
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
	s, err := New(&spyVault{r.vault, func(bucket, key string) { writes++ }}, nil)
	noError(t, err)
	say(s)
	equal(t, writes, 0)
}
