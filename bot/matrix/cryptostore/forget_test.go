//go:build goolm

package cryptostore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/secret"
	"cartable/core/store"
	"cartable/vault"
)

// furnish puts something of everything into a store.
func furnish(t *testing.T, r *storeRig) (sender id.SenderKey, in *crypto.InboundGroupSession) {
	t.Helper()
	with := newPair(t)
	sender = with.from.IdentityKey()
	out := newOutbound(t, room1)
	in = newInbound(t, out, curve("phone"))
	noError(t, r.SetSession(Session{"https://hs.example.org", bob, "OLD", secret.Store(secret.New("syt_token")), false, nil}))
	noError(t, r.SetIdentity(Identity{Seeds: seeds(), RecoveryKey: secret.Store(secret.New("EsTr ecov"))}))
	noError(t, r.PutAccount(background, with.to))
	noError(t, r.AddSession(background, sender, with.receive("one")))
	noError(t, r.PutOlmHash(background, [32]byte{1}, time.Now()))
	noError(t, r.PutGroupSession(background, in))
	_, err := r.ValidateMessageIndex(background, in.ID(), "$seen", 0, 1)
	noError(t, err)
	noError(t, r.MarkOutboundGroupSessionShared(background, alice, curve("phone"), out.ID()))
	noError(t, r.AddOutboundGroupSession(background, out))
	noError(t, r.PutDevices(background, alice, deviceMap{"phone": device(alice, "phone")}))
	noError(t, r.MarkTrackedUsersOutdated(background, []id.UserID{alice}))
	noError(t, r.PutCrossSigningKey(background, alice, id.XSUsageMaster, "master"))
	noError(t, r.PutSignature(background, alice, "ed phone", alice, "master", "signed"))
	noError(t, r.SetEncryptionEvent(background, room1, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}))
	noError(t, r.SetMember(background, room1, alice, member(event.MembershipJoin, "Alice")))
	noError(t, r.MarkMembersFetched(background, room1))
	noError(t, r.PutSecret(background, id.SecretXSMaster, "hush"))
	noError(t, r.MarkHandled("$done", time.Now()))
	noError(t, r.PutWithheldGroupSession(background, event.RoomKeyWithheldEventContent{RoomID: room1, SessionID: "withheld"}))
	noError(t, r.update(func(tx store.Tx) error {
		return errors.Join(tx.Put(askedBucket, "", "$asked", nil), tx.Put(sealedBucket, "", "$sealed", nil))
	}))
	noError(t, r.SaveNextBatch(background, bob, "token1"))
	noError(t, r.SaveNextBatch(background, bob, "token2"))
	return sender, in
}

func seeds() crypto.CrossSigningSeeds {
	seed := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	return crypto.CrossSigningSeeds{MasterKey: seed(1), SelfSigningKey: seed(2), UserSigningKey: seed(3)}
}

func TestForgetOlm(t *testing.T) {
	r := newStoreRig(t)
	sender, in := furnish(t, r)
	equal(t, r.has(askedBucket, "$asked") && r.has(sealedBucket, "$sealed"), true)
	noError(t, r.PutOlmHash(background, [32]byte{2}, time.Now())) // late, and lost with the device
	noError(t, r.ForgetOlm(background))
	for range 2 {
		gone := []any{
			value[*crypto.OlmAccount](t)(r.GetAccount(background)) != nil,
			r.HasSession(background, sender),
			!value[time.Time](t)(r.GetOlmHash(background, [32]byte{1})).IsZero(),
			!value[time.Time](t)(r.GetOlmHash(background, [32]byte{2})).IsZero(),
			value[*crypto.InboundGroupSession](t)(r.GetGroupSession(background, room1, in.ID())) != nil,
			value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room1)) != nil,
			value[bool](t)(r.IsOutboundGroupSessionShared(background, alice, curve("phone"), in.ID())),
			value[deviceMap](t)(r.GetDevices(background, alice)) != nil,
			len(value[[]id.UserID](t)(r.GetOutdatedTrackedUsers(background))) > 0,
			value[string](t)(r.LoadNextBatch(background, bob)) != "",
			value[Session](t)(r.Session()) != (Session{}),
			r.IsInRoom(background, room1, alice),
			value[bool](t)(r.HasFetchedMembers(background, room1)),
			value[*event.RoomKeyWithheldEventContent](t)(r.GetWithheldGroupSession(background, room1, "withheld")) != nil,
			r.has(askedBucket, "$asked"), // what was in flight in the copy has been dealt with since
			r.has(sealedBucket, "$sealed"),
		}
		for i, there := range gone {
			if there == true {
				t.Errorf("number %d is still there", i)
			}
		}
		equal(t, value[bool](t)(r.IsEncrypted(background, room1)), true)
		equal(t, string(value[Identity](t)(r.Identity()).Seeds.MasterKey), string(seeds().MasterKey))
		equal(t, value[map[id.CrossSigningUsage]id.CrossSigningKey](t)(r.GetCrossSigningKeys(background, alice))[id.XSUsageMaster].First, "master")
		equal(t, value[bool](t)(r.Handled("$done")), true)
		sameNames(t, value[[]id.DeviceID](t)(r.Retired()), []id.DeviceID{"OLD"})
		noError(t, r.Commit(background)) // must not bring the old token back
		r.kill()
	}
	noError(t, r.ForgetOlm(background)) // there is no device now
	sameNames(t, value[[]id.DeviceID](t)(r.Retired()), []id.DeviceID{"OLD"})
	noError(t, r.SetSession(Session{DeviceID: "NEW"}))
	noError(t, r.ForgetOlm(background))
	sameNames(t, value[[]id.DeviceID](t)(r.Retired()), []id.DeviceID{"NEW", "OLD"})
	noError(t, r.Swept())
	equal(t, len(value[[]id.DeviceID](t)(r.Retired())), 0)
}

// Nothing of the device is left in the file, under whatever name.
func TestForgetOlmDeletes(t *testing.T) {
	r := newStoreRig(t)
	var names []string
	spy := &spyVault{Store: r.vault, seen: func(bucket, key string) { names = append(names, bucket+"\x00"+key) }}
	s, err := New(spy, nil)
	noError(t, err)
	r.Store = s
	furnish(t, r)
	noError(t, s.SetMembership(background, room2, alice, event.MembershipInvite))
	old := "matrix.0."
	noError(t, s.ForgetOlm(background))
	noError(t, r.vault.View(func(tx store.Tx) error {
		for _, name := range names {
			bucket, key, _ := bytes.Cut([]byte(name), []byte{0})
			value, err := tx.Get(string(bucket), "", string(key))
			if err != nil {
				return err
			}
			if value != nil && bytes.HasPrefix(bucket, []byte(old)) {
				t.Errorf("%s still has %q", bucket, key)
			}
		}
		return nil
	}))
	if len(names) < 20 {
		t.Errorf("only %d writes seen", len(names))
	}
}

// spyVault tells what is put where.
type spyVault struct {
	store.Store
	seen func(bucket, key string)
}

type spyTx struct {
	store.Tx
	seen func(bucket, key string)
}

func (v *spyVault) Update(fn func(store.Tx) error) error {
	return v.Store.Update(func(tx store.Tx) error { return fn(spyTx{tx, v.seen}) })
}

func (tx spyTx) Put(bucket, group, name string, value []byte) error {
	tx.seen(bucket, name)
	return tx.Tx.Put(bucket, group, name, value)
}

func TestMarkedCopyTakesANewDevice(t *testing.T) {
	r := newStoreRig(t)
	sender, _ := furnish(t, r)
	noError(t, MarkCopied(&r.fault))
	equal(t, r.HasSession(background, sender), true) // the store that is open goes on
	r.kill()
	equal(t, r.HasSession(background, sender), false)
	sameNames(t, value[[]id.DeviceID](t)(r.Retired()), []id.DeviceID{"OLD"})
	noError(t, r.PutAccount(background, crypto.NewOlmAccount()))
	r.kill() // forgotten once, not at each start
	equal(t, value[*crypto.OlmAccount](t)(r.GetAccount(background)) != nil, true)
}

func TestEpochs(t *testing.T) {
	r := newStoreRig(t)
	known := func(epoch string) bool { return value[bool](t)(r.EpochKnown(epoch)) }
	first := value[string](t)(r.NextEpoch())
	r.kill()
	equal(t, known(first) && known("") && known("of another device"), true)
	noError(t, r.ConfirmEpoch(first))
	equal(t, known(first) && known("") && !known("of another device"), true)
	second := value[string](t)(r.NextEpoch())
	r.kill()
	equal(t, known(first) && known(second), true) // it may have reached the server, or not
	noError(t, r.ConfirmEpoch(second))
	r.kill()
	equal(t, known(second) && !known(first), true)
	noError(t, r.ForgetOlm(background))
	equal(t, known(second) && known("of another device"), true)
}

// An answer that is lost leaves it open which epoch the server has, also when further ones are offered.
func TestEveryOfferedEpochIsKnown(t *testing.T) {
	r := newStoreRig(t)
	known := func(epoch string) bool { return value[bool](t)(r.EpochKnown(epoch)) }
	current := value[string](t)(r.NextEpoch())
	noError(t, r.ConfirmEpoch(current))
	lost := value[string](t)(r.NextEpoch())
	later := value[string](t)(r.NextEpoch())
	r.kill()
	equal(t, known(current) && known(lost) && known(later) && !known("another"), true)
	noError(t, r.ConfirmEpoch("another"))
	equal(t, known("another"), false)
	noError(t, r.ConfirmEpoch(lost)) // the server has it after all
	equal(t, known(lost) && !known(current) && !known(later), true)
	for range 2 * keptOffers {
		later = value[string](t)(r.NextEpoch())
	}
	equal(t, known(lost) && known(later), true)
	equal(t, len(value[epochs](t)(readMain[epochs](r.Store, keyEpoch)).Offered), keptOffers)
}

// A copy of the file that nobody marked.
func TestOldCopyIsNoticed(t *testing.T) {
	r := newStoreRig(t)
	server := value[string](t)(r.NextEpoch())
	noError(t, r.ConfirmEpoch(server))
	var backup bytes.Buffer
	noError(t, r.vault.Backup(&backup, nil))
	r.kill()
	server = value[string](t)(r.NextEpoch()) // as at each start
	noError(t, r.ConfirmEpoch(server))
	equal(t, value[bool](t)(r.EpochKnown(server)), true)

	noError(t, r.vault.Close())
	r.path += ".restored"
	noError(t, vault.Restore(&backup, r.path))
	r.open()
	equal(t, value[bool](t)(r.EpochKnown(server)), false)
}

// An account that cannot be read is no reason to make another unasked; MarkCopied is how to ask.
func TestUnreadableAccount(t *testing.T) {
	r := newStoreRig(t)
	furnish(t, r)
	noError(t, r.update(func(tx store.Tx) error { return tx.Put(r.own("account"), "", "", []byte(`{"Pickle":"AAAA"}`)) }))
	if _, err := New(&r.fault, nil); err == nil {
		t.Fatal("no error")
	}
	noError(t, MarkCopied(&r.fault))
	r.kill()
	equal(t, value[*crypto.OlmAccount](t)(r.GetAccount(background)), nil)
}

func TestUnreadableSessionsAreLeftOut(t *testing.T) {
	r := newStoreRig(t)
	sender, _ := furnish(t, r)
	noError(t, r.update(func(tx store.Tx) error {
		if err := tx.Put(r.own("olm"), "", "damaged", []byte("{")); err != nil {
			return err
		}
		return tx.Put(r.own("outbound"), "", string(room1), []byte(`{"Pickle":"AAAA"}`))
	}))
	equal(t, r.Unreadable(), 0)
	r.kill()
	equal(t, r.Unreadable(), 2)
	equal(t, r.HasSession(background, sender), true)
	equal(t, value[*crypto.OutboundGroupSession](t)(r.GetOutboundGroupSession(background, room1)), nil)
}

func TestRecordsAreKept(t *testing.T) {
	r := newStoreRig(t)
	equal(t, value[Session](t)(r.Session()), Session{})
	equal(t, value[Identity](t)(r.Identity()).Empty(), true)
	key := r.PickleKey()
	equal(t, len(key), 32)
	furnish(t, r)
	r.kill()
	equal(t, string(r.PickleKey()), string(key))
	session := value[Session](t)(r.Session())
	equal(t, session.AccessToken.Reveal(), "syt_token")
	equal(t, session.DeviceID, "OLD")
	identity := value[Identity](t)(r.Identity())
	equal(t, identity.Empty(), false)
	equal(t, identity.RecoveryKey.Reveal(), "EsTr ecov")
	equal(t, string(identity.Seeds.UserSigningKey), string(seeds().UserSigningKey))
	equal(t, fmt.Sprintf("%v %+v", identity, identity), "[redacted] [redacted]")
}

// The vault seals all; this is that nothing goes by it.
func TestFileTellsNothing(t *testing.T) {
	r := newStoreRig(t)
	sender, in := furnish(t, r)
	noError(t, r.Commit(background))
	file, err := os.ReadFile(r.path)
	noError(t, err)
	for _, word := range []string{
		"alice", "bob", "example.org", "syt_token", "EsTr", "token2", "$done", "phone", "matrix", "megolm",
		string(sender), string(in.ID()), string(r.PickleKey()), string(seeds().MasterKey),
	} {
		if bytes.Contains(file, []byte(word)) {
			t.Errorf("the file has %q in clear", word)
		}
	}
}
