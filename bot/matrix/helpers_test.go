//go:build goolm

package matrix

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"

	"cartable/vault"
)

var background = context.Background()

const (
	room1 = id.RoomID("!one:example.org")
	room2 = id.RoomID("!two:example.org")
)

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

// newVault is an empty vault.
func newVault(t testing.TB) *vault.Vault {
	t.Helper()
	v := value[*vault.Vault](t)(vault.Open(filepath.Join(t.TempDir(), "vault.db"), value[vault.Key](t)(vault.NewKey(nil))))
	t.Cleanup(func() { noError(t, v.Close()) })
	return v
}
