//go:build goolm

package cryptostore

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// recorder notes in which order the library writes.
type recorder struct {
	*Store
	calls []string
}

func (r *recorder) note(call string) { r.calls = append(r.calls, call) }

func (r *recorder) PutAccount(ctx context.Context, account *crypto.OlmAccount) error {
	r.note("account")
	return r.Store.PutAccount(ctx, account)
}

func (r *recorder) AddSession(ctx context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	r.note("new session")
	return r.Store.AddSession(ctx, key, session)
}

func (r *recorder) UpdateSession(ctx context.Context, key id.SenderKey, session *crypto.OlmSession) error {
	r.note("session")
	return r.Store.UpdateSession(ctx, key, session)
}

func (r *recorder) PutOlmHash(ctx context.Context, hash [32]byte, received time.Time) error {
	r.note("hash")
	return r.Store.PutOlmHash(ctx, hash, received)
}

func (r *recorder) PutGroupSession(ctx context.Context, session *crypto.InboundGroupSession) error {
	r.note("room key")
	return r.Store.PutGroupSession(ctx, session)
}

// roomKey is an Olm message with the key of a room, from alice's device to bob's.
func (p *pair) roomKey(out *crypto.OutboundGroupSession) *event.Event {
	p.t.Helper()
	text, err := json.Marshal(map[string]any{
		"type": "m.room_key", "sender": alice, "recipient": bob,
		"keys": map[string]any{"ed25519": p.from.SigningKey()}, "recipient_keys": map[string]any{"ed25519": p.to.SigningKey()},
		"content": map[string]any{
			"algorithm": id.AlgorithmMegolmV1, "room_id": out.RoomID, "session_id": out.ID(), "session_key": out.Internal.Key(),
		},
	})
	noError(p.t, err)
	kind, body := p.send(string(text))
	return &event.Event{Sender: alice, Type: event.ToDeviceEncrypted, Content: event.Content{Parsed: &event.EncryptedEventContent{
		Algorithm: id.AlgorithmOlmV1, SenderKey: p.from.IdentityKey(),
		OlmCiphertext: event.OlmCiphertexts{p.to.IdentityKey(): {Body: body, Type: kind}},
	}}}
}

// TestLibraryWritesInOrder fails when the library no longer writes in the order from which step (hash.go) is made.
func TestLibraryWritesInOrder(t *testing.T) {
	r := newStoreRig(t)
	with := newPair(t)
	noError(t, r.PutAccount(background, with.to))
	noError(t, r.PutDevices(background, alice, deviceMap{"A": {
		UserID: alice, DeviceID: "A", IdentityKey: with.from.IdentityKey(), SigningKey: with.from.SigningKey(),
	}}))
	cli, err := mautrix.NewClient("http://127.0.0.1:1", bob, "")
	noError(t, err)
	cli.DeviceID = "B"
	seen := &recorder{Store: r.Store}
	mach := crypto.NewOlmMachine(cli, nil, seen, r.Store)
	mach.DisableRatchetTracking = true // as the adapter has it
	noError(t, mach.Load(background))
	for _, want := range [][]string{
		{"hash", "new session", "account", "room key"}, // a first message uses up a one-time key
		{"hash", "session", "room key"},
	} {
		seen.calls = nil
		mach.HandleToDeviceEvent(background, with.roomKey(newOutbound(t, room1)))
		if !slices.Equal(seen.calls, want) {
			t.Errorf("the library wrote %q; want %q", seen.calls, want)
		}
	}
}
