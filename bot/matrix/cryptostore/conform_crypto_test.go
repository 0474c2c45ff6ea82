//go:build goolm

package cryptostore

import (
	"errors"
	"slices"
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// The tests of these files say what a store has to do, and run on ours, restarted between the steps, and
// on the library's memory stores. Where the two differ on purpose, p.ours tells them apart and a comment
// says why the memory store is not followed.

func TestAccountConforms(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		account, err := p.GetAccount(background)
		if account != nil || err != nil {
			t.Fatalf("an empty store has account %v, error %v", account, err)
		}
		made := crypto.NewOlmAccount()
		made.Shared, made.KeyBackupVersion = true, "7"
		noError(t, p.PutAccount(background, made))
		p.restart()
		account = value[*crypto.OlmAccount](t)(p.GetAccount(background))
		equal(t, account.IdentityKey(), made.IdentityKey())
		equal(t, account.SigningKey(), made.SigningKey())
		equal(t, account.Shared, true)
		equal(t, account.KeyBackupVersion, "7")
		equal(t, account, value[*crypto.OlmAccount](t)(p.GetAccount(background)))
	})
}

func TestOlmSessionsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		with := newPair(t)
		sender := with.from.IdentityKey()
		equal(t, p.HasSession(background, sender), false)
		equal(t, len(value[crypto.OlmSessionList](t)(p.GetSessions(background, sender))), 0)
		equal(t, value[*crypto.OlmSession](t)(p.GetLatestSession(background, sender)), nil)
		equal(t, value[time.Time](t)(p.GetNewestSessionCreationTS(background, sender)).IsZero(), true)

		session := with.receive("one")
		noError(t, p.AddSession(background, sender, session))
		p.restart()
		equal(t, p.HasSession(background, sender), true)
		got := value[*crypto.OlmSession](t)(p.GetLatestSession(background, sender))
		equal(t, got.ID(), session.ID())
		equal(t, got.CreationTime.Equal(session.CreationTime), true)
		equal(t, value[time.Time](t)(p.GetNewestSessionCreationTS(background, sender)).Equal(session.CreationTime), true)

		kind, body := with.send("two")
		plain, err := got.Decrypt(body, kind)
		noError(t, err)
		equal(t, string(plain), "two")
		noError(t, p.UpdateSession(background, sender, got))
		p.restart()
		list := value[crypto.OlmSessionList](t)(p.GetSessions(background, sender))
		equal(t, len(list), 1)
		if _, err := list[0].Decrypt(body, kind); err == nil {
			t.Fatal("the message is decrypted twice: the update was lost")
		}
		kind, body = with.send("three")
		plain, err = list[0].Decrypt(body, kind)
		noError(t, err)
		equal(t, string(plain), "three")

		noError(t, p.DeleteSession(background, sender, list[0]))
		noError(t, p.DeleteSession(background, sender, list[0]))
		p.restart()
		equal(t, p.HasSession(background, sender), false)
		equal(t, p.HasSession(background, "other"), false)
	})
}

func TestOlmHashesConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		hash, at := [32]byte{1}, time.Now().Truncate(time.Millisecond)
		equal(t, value[time.Time](t)(p.GetOlmHash(background, hash)).IsZero(), true)
		noError(t, p.PutOlmHash(background, hash, at))
		equal(t, value[time.Time](t)(p.GetOlmHash(background, hash)).IsZero(), false)
		p.restart()
		got := value[time.Time](t)(p.GetOlmHash(background, hash))
		equal(t, got.IsZero(), false)
		noError(t, p.DeleteOldOlmHashes(background, at))
		equal(t, value[time.Time](t)(p.GetOlmHash(background, hash)).IsZero(), false)
		noError(t, p.DeleteOldOlmHashes(background, at.Add(time.Second)))
		p.restart()
		if p.ours { // the memory store keeps no times, and never deletes
			equal(t, got.Equal(at), true)
			equal(t, value[time.Time](t)(p.GetOlmHash(background, hash)).IsZero(), true)
		}
	})
}

func TestGroupSessionsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		out := newOutbound(t, room1)
		in := newInbound(t, out, "sender")
		in.RatchetSafety.NextIndex, in.KeyBackupVersion, in.SourceUser = 3, "b", alice
		equal(t, value[*crypto.InboundGroupSession](t)(p.GetGroupSession(background, room1, in.ID())), nil)
		noError(t, p.PutGroupSession(background, in))
		p.restart()
		got := value[*crypto.InboundGroupSession](t)(p.GetGroupSession(background, room1, in.ID()))
		equal(t, got.ID(), in.ID())
		equal(t, got.SenderKey, in.SenderKey)
		equal(t, got.RatchetSafety.NextIndex, 3)
		equal(t, got.KeyBackupVersion, "b")
		equal(t, got.SourceUser, alice)
		equal(t, got.MaxAge, in.MaxAge)
		equal(t, got.ReceivedAt.Equal(in.ReceivedAt), true)
		equal(t, got.ForwardingChains != nil, true)
		text, err := out.Encrypt([]byte("hello"))
		noError(t, err)
		plain, index, err := got.Internal.Decrypt(text)
		noError(t, err)
		equal(t, string(plain), "hello")
		equal(t, index, 0)
		equal(t, value[*crypto.InboundGroupSession](t)(p.GetGroupSession(background, room2, in.ID())), nil)

		noError(t, p.RedactGroupSession(background, room1, in.ID(), "test"))
		p.restart()
		equal(t, value[*crypto.InboundGroupSession](t)(p.GetGroupSession(background, room1, in.ID())), nil)
	})
}

func TestWithheldSessionsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		in := newInbound(t, newOutbound(t, room1), "sender")
		notice := event.RoomKeyWithheldEventContent{
			RoomID: room1, SessionID: in.ID(), SenderKey: "sender", Algorithm: id.AlgorithmMegolmV1,
			Code: event.RoomKeyWithheldUnverified, Reason: "why",
		}
		noError(t, p.SetMembership(background, room1, alice, event.MembershipJoin)) // ours keeps no notices of unknown rooms
		got, err := p.GetWithheldGroupSession(background, room1, in.ID())
		equal(t, got, nil)
		noError(t, err)
		noError(t, p.PutWithheldGroupSession(background, notice))
		p.restart()
		equal(t, *value[*event.RoomKeyWithheldEventContent](t)(p.GetWithheldGroupSession(background, room1, in.ID())), notice)
		session, err := p.GetGroupSession(background, room1, in.ID())
		equal(t, session, nil)
		equal(t, errors.Is(err, crypto.ErrGroupSessionWithheld), true)
		var stored *event.RoomKeyWithheldEventContent
		equal(t, errors.As(err, &stored), true)
		if p.ours { // the memory store's error is an empty notice
			equal(t, *stored, notice)
		}

		noError(t, p.PutGroupSession(background, in))
		noError(t, p.PutWithheldGroupSession(background, notice))
		p.restart()
		equal(t, value[*crypto.InboundGroupSession](t)(p.GetGroupSession(background, room1, in.ID())).ID(), in.ID())
		if p.ours { // the memory store goes on to show what PutGroupSession is to replace
			equal(t, value[*event.RoomKeyWithheldEventContent](t)(p.GetWithheldGroupSession(background, room1, in.ID())), nil)
		}
	})
}

func TestManyGroupSessionsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		var names []id.SessionID
		for _, s := range []struct {
			room   id.RoomID
			sender id.SenderKey
			backup id.KeyBackupVersion
		}{{room1, "a", "1"}, {room1, "b", "2"}, {room2, "a", "1"}, {room2, "b", ""}} {
			in := newInbound(t, newOutbound(t, s.room), s.sender)
			in.KeyBackupVersion = s.backup
			names = append(names, in.ID())
			noError(t, p.PutGroupSession(background, in))
		}
		noError(t, p.SetMembership(background, room1, alice, event.MembershipJoin))
		noError(t, p.PutWithheldGroupSession(background, event.RoomKeyWithheldEventContent{RoomID: room1, SessionID: "w"}))
		p.restart()
		sameNames(t, namesOf(p.GetGroupSessionsForRoom(background, room1).AsList())(t), names[:2])
		sameNames(t, namesOf(p.GetAllGroupSessions(background).AsList())(t), names)
		sameNames(t, namesOf(p.GetGroupSessionsWithoutKeyBackupVersion(background, "1").AsList())(t), []id.SessionID{names[1], names[3]})
		if p.ours { // the memory store gives a nil iterator
			sameNames(t, namesOf(p.GetGroupSessionsForRoom(background, "!none").AsList())(t), nil)
		}

		if _, err := p.RedactGroupSessions(background, "", "", ""); err == nil {
			t.Error("redacts neither room nor sender")
		}
		sameNames(t, value[[]id.SessionID](t)(p.RedactGroupSessions(background, room1, "a", "")), names[:1])
		p.restart()
		sameNames(t, value[[]id.SessionID](t)(p.RedactGroupSessions(background, "", "a", "")), names[2:3])
		sameNames(t, value[[]id.SessionID](t)(p.RedactGroupSessions(background, room2, "", "")), names[3:])
		p.restart()
		sameNames(t, namesOf(p.GetAllGroupSessions(background).AsList())(t), names[1:2])
	})
}

func namesOf(sessions []*crypto.InboundGroupSession, err error) func(t *testing.T) []id.SessionID {
	return func(t *testing.T) (names []id.SessionID) {
		t.Helper()
		noError(t, err)
		for _, s := range sessions {
			names = append(names, s.ID())
		}
		return names
	}
}

func sameNames[T ~string](t *testing.T, got, want []T) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestOutboundSessionsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		equal(t, value[*crypto.OutboundGroupSession](t)(p.GetOutboundGroupSession(background, room1)), nil)
		out := newOutbound(t, room1)
		in := newInbound(t, out, "sender")
		noError(t, p.AddOutboundGroupSession(background, out))
		p.restart()
		got := value[*crypto.OutboundGroupSession](t)(p.GetOutboundGroupSession(background, room1))
		equal(t, got.ID(), out.ID())
		equal(t, got.Shared, true)
		equal(t, got.MaxAge, out.MaxAge)
		equal(t, got.MaxMessages, out.MaxMessages)
		equal(t, got.Users != nil, true)
		for index := range uint(3) {
			text, err := got.Encrypt([]byte("hello"))
			noError(t, err)
			noError(t, p.UpdateOutboundGroupSession(background, got))
			_, have, err := in.Internal.Decrypt(text)
			noError(t, err)
			equal(t, have, index)
			p.restart()
			got = value[*crypto.OutboundGroupSession](t)(p.GetOutboundGroupSession(background, room1))
			equal(t, got.MessageCount, int(index)+1)
		}
		noError(t, p.RemoveOutboundGroupSession(background, room1))
		noError(t, p.RemoveOutboundGroupSession(background, room1))
		noError(t, p.UpdateOutboundGroupSession(background, got))
		p.restart()
		equal(t, value[*crypto.OutboundGroupSession](t)(p.GetOutboundGroupSession(background, room1)), nil)
	})
}

func TestSharedSessionsConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		shared := func(user id.UserID, key id.IdentityKey, name id.SessionID) bool {
			return value[bool](t)(p.IsOutboundGroupSessionShared(background, user, key, name))
		}
		equal(t, shared(alice, curve("key"), "s"), false)
		noError(t, p.MarkOutboundGroupSessionShared(background, alice, curve("key"), "s"))
		equal(t, shared(alice, curve("key"), "s"), true)
		noError(t, p.MarkOutboundGroupSessionShared(background, alice, curve("key2"), "s"))
		p.restart()
		equal(t, shared(alice, curve("key"), "s") && shared(alice, curve("key2"), "s"), true)
		equal(t, shared(bob, curve("key"), "s") || shared(alice, curve("key"), "t") || shared(alice, curve("key3"), "s"), false)
	})
}

func TestMessageIndicesConform(t *testing.T) {
	onBoth(t, func(t *testing.T, p *peer) {
		for _, step := range []struct {
			session id.SessionID
			event   id.EventID
			index   uint
			time    int64
			want    bool
		}{
			{"s", "", 0, 0, true},
			{"s", "$1", 0, 10, true},
			{"s", "$1", 0, 10, true},
			{"s", "$2", 0, 10, false},
			{"s", "$1", 0, 11, false},
			{"s", "$1", 0, 10, true}, // what was refused has changed nothing
			{"s", "", 0, 0, false},
			{"s", "$2", 1, 10, true},
			{"t", "$3", 0, 10, true},
			{"t", "$1", 0, 10, false},
		} {
			got := value[bool](t)(p.ValidateMessageIndex(background, step.session, step.event, step.index, step.time))
			if got != step.want {
				t.Errorf("%+v: got %t", step, got)
			}
			p.restart()
		}
	})
}
