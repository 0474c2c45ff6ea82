//go:build goolm

package cryptostore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/core/store"
	"cartable/core/store/storetest"
	"cartable/vault"
)

const (
	alice = id.UserID("@alice:example.org")
	bob   = id.UserID("@bob:example.org")
	room1 = id.RoomID("!one:example.org")
	room2 = id.RoomID("!two:example.org")
)

// Buckets of whoever uses the store, that it empties.
const (
	askedBucket  = "beside.asked"
	sealedBucket = "beside.sealed"
)

// storeRig is a Store on a vault of its own that can be restarted as a process is by kill -9: with nothing
// but what is on the disk.
type storeRig struct {
	*Store
	t     testing.TB
	path  string
	key   vault.Key
	vault *vault.Vault
	fault faultyVault
}

func newStoreRig(t testing.TB) *storeRig {
	t.Helper()
	key, err := vault.NewKey(rand.Reader)
	noError(t, err)
	r := &storeRig{t: t, path: filepath.Join(t.TempDir(), "vault.db"), key: key}
	r.open()
	t.Cleanup(func() { noError(t, r.vault.Close()) })
	return r
}

func (r *storeRig) open() {
	r.t.Helper()
	v, err := vault.Open(r.path, r.key)
	noError(r.t, err)
	r.vault = v
	r.fault.Store = storetest.Twice(v)
	r.Store, err = New(&r.fault, nil, askedBucket, sealedBucket)
	noError(r.t, err)
}

// kill is a restart after a crash.
func (r *storeRig) kill() {
	r.t.Helper()
	noError(r.t, r.vault.Close())
	r.fault.broken.Store(false)
	r.open()
}

// has tells whether there is such a record.
func (r *storeRig) has(bucket, key string) (there bool) {
	r.t.Helper()
	noError(r.t, r.vault.View(func(tx store.Tx) error {
		record, err := tx.Get(bucket, "", key)
		there = record != nil
		return err
	}))
	return there
}

// count tells how many records a bucket has.
func (r *storeRig) count(bucket string) (n int) {
	r.t.Helper()
	noError(r.t, r.vault.View(func(tx store.Tx) error {
		_, err := tx.Scan(bucket, "", func(string, []byte) error { n++; return nil })
		return err
	}))
	return n
}

var errBroken = errors.New("the disk is full")

// faultyVault refuses to write while it is broken, and counts its writes.
type faultyVault struct {
	store.Store
	broken atomic.Bool
	writes atomic.Int64
}

func (v *faultyVault) Update(fn func(store.Tx) error) error {
	v.writes.Add(1)
	return v.Store.Update(func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if v.broken.Load() {
			return errBroken
		}
		return nil
	})
}

// peer is a store that the conformance suite runs on: ours, or what mautrix has for memory.
type peer struct {
	allStores
	ours    bool
	restart func()
}

type allStores interface {
	crypto.Store
	mautrix.StateStore
	crypto.StateStore
}

// onBoth runs a test on our store and on the library's, each from empty.
func onBoth(t *testing.T, test func(t *testing.T, p *peer)) {
	t.Run("vault", func(t *testing.T) {
		r := newStoreRig(t)
		p := &peer{allStores: r.Store, ours: true}
		p.restart = func() {
			t.Helper()
			noError(t, r.Flush(t.Context()))
			r.kill()
			p.allStores = r.Store
		}
		test(t, p)
	})
	t.Run("memory", func(t *testing.T) {
		test(t, &peer{allStores: struct {
			*crypto.MemoryStore
			*mautrix.MemoryStateStore
		}{crypto.NewMemoryStore(nil), mautrix.NewMemoryStateStore().(*mautrix.MemoryStateStore)}, restart: func() {}})
	})
}

// pair is an Olm session between two accounts, seen from the side that began.
type pair struct {
	t    testing.TB
	from *crypto.OlmAccount // the other's, for the store under test
	to   *crypto.OlmAccount
	out  *crypto.OlmSession
}

func newPair(t testing.TB) *pair {
	t.Helper()
	p := &pair{t: t, from: crypto.NewOlmAccount(), to: crypto.NewOlmAccount()}
	p.begin()
	return p
}

// begin makes a session with a one-time key of the receiver.
func (p *pair) begin() {
	p.t.Helper()
	noError(p.t, p.to.Internal.GenOneTimeKeys(1))
	keys, err := p.to.Internal.OneTimeKeys()
	noError(p.t, err)
	p.to.Internal.MarkKeysAsPublished()
	for _, key := range keys {
		session, err := p.from.Internal.NewOutboundSession(p.to.IdentityKey(), key)
		noError(p.t, err)
		p.out = newOlmSession(time.Now())
		p.out.Internal = session
	}
}

func newOlmSession(at time.Time) *crypto.OlmSession {
	return &crypto.OlmSession{ExpirationMixin: crypto.ExpirationMixin{TimeMixin: crypto.TimeMixin{
		CreationTime: at, LastEncryptedTime: at, LastDecryptedTime: at,
	}}}
}

func (p *pair) send(text string) (id.OlmMsgType, string) {
	p.t.Helper()
	kind, body, err := p.out.Encrypt([]byte(text))
	noError(p.t, err)
	return kind, string(body)
}

// receive makes the receiver's session of a first message.
func (p *pair) receive(text string) *crypto.OlmSession {
	p.t.Helper()
	kind, body := p.send(text)
	session, err := p.to.NewInboundSessionFrom(p.from.IdentityKey(), body)
	noError(p.t, err)
	plain, err := session.Decrypt(body, kind)
	noError(p.t, err)
	equal(p.t, string(plain), text)
	return session
}

func newOutbound(t testing.TB, room id.RoomID) *crypto.OutboundGroupSession {
	t.Helper()
	session, err := crypto.NewOutboundGroupSession(room, nil, nil)
	noError(t, err)
	session.Shared = true
	return session
}

func newInbound(t testing.TB, out *crypto.OutboundGroupSession, sender id.SenderKey) *crypto.InboundGroupSession {
	t.Helper()
	session, err := crypto.NewInboundGroupSession(sender, "signing", out.RoomID, out.Internal.Key(), time.Hour, 100, nil, false)
	noError(t, err)
	return session
}

// curve makes an identity key of a name.
func curve(name string) id.IdentityKey {
	sum := sha256.Sum256([]byte(name))
	return id.IdentityKey(base64.RawStdEncoding.EncodeToString(sum[:]))
}

func member(membership event.Membership, name string) *event.MemberEventContent {
	return &event.MemberEventContent{Membership: membership, Displayname: name}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// value is for calls of which only the result is of interest.
func value[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		noError(t, err)
		return v
	}
}

var background = context.Background()
