//go:build goolm

package matrix

import (
	"strings"
	"testing"

	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// TestVerdicts states what is accepted by name: the library's numbers are in no order of trust.
func TestVerdicts(t *testing.T) {
	want := map[id.TrustState]verdict{
		id.TrustStateCrossSignedTOFU: trusted, id.TrustStateCrossSignedVerified: trusted, id.TrustStateVerified: trusted,
		id.TrustStateUnset: unsigned, id.TrustStateCrossSignedUntrusted: changed,
		id.TrustStateUnknownDevice: refused, id.TrustStateForwarded: refused, id.TrustStateBackup: refused,
		id.TrustStateDeviceKeyMismatch: refused, id.TrustStateBlacklisted: refused, id.TrustStateInvalid: refused, 42: refused,
	}
	for state, v := range want {
		if got := verdictOf(state); got != v {
			t.Errorf("%s: %d", state.String(), got)
		}
	}
}

// TestJudge tells encrypted rooms from others, and what came encrypted from what did not.
func TestJudge(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	for _, tt := range []struct {
		name                         string
		encrypted, sealed, forwarded bool
		trust                        id.TrustState
		want                         verdict
	}{
		{"clear room", false, false, false, 0, inClear},
		{"clear event", true, false, false, id.TrustStateVerified, refused},
		{"signed device", true, true, false, id.TrustStateCrossSignedTOFU, trusted},
		{"forwarded key", true, true, true, id.TrustStateCrossSignedTOFU, refused},
		{"unsigned device", true, true, false, id.TrustStateUnset, unsigned},
		{"unknown device", true, true, false, id.TrustStateUnknownDevice, refused},
		{"changed identity", true, true, false, id.TrustStateCrossSignedUntrusted, changed},
	} {
		if tt.encrypted {
			noError(t, r.store.SetEncryptionEvent(t.Context(), direct, &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}))
		}
		evt := &event.Event{RoomID: direct, Sender: ana, ID: id.EventID("$" + tt.name)}
		evt.Mautrix.WasEncrypted, evt.Mautrix.TrustState, evt.Mautrix.ForwardedKeys = tt.sealed, tt.trust, tt.forwarded
		if got, err := l.judge(t.Context(), evt); err != nil || got != tt.want {
			t.Errorf("%s: %d, want %d (%v)", tt.name, got, tt.want, err)
		}
	}
}

// TestChangedIdentity refuses somebody with a new identity until they give up what was linked.
func TestChangedIdentity(t *testing.T) {
	r := inDirect(t)
	l := r.connection()
	ctx := t.Context()
	noError(t, r.store.PutCrossSigningKey(ctx, ana, id.XSUsageMaster, "the first"))
	noError(t, r.store.PutCrossSigningKey(ctx, ana, id.XSUsageMaster, "the second"))
	say := func(name, text string) {
		evt := &event.Event{RoomID: direct, Sender: ana, ID: id.EventID(name), Type: event.EventMessage}
		evt.Content.Parsed = &event.MessageEventContent{MsgType: event.MsgText, Body: text}
		noError(t, l.onMessage(ctx, evt, evt.Content.AsMessage(), changed))
	}
	say("$1", "!solde")
	say("$2", "oui 1")
	if len(r.core.disowned) != 0 {
		t.Fatal("the accounts were forgotten unasked")
	}
	say("$3", "oui "+r.offers.identityCode(ana))
	keys, err := r.store.GetCrossSigningKeys(ctx, ana)
	noError(t, err)
	if len(r.core.disowned) != 1 || keys[id.XSUsageMaster].First != "the second" {
		t.Errorf("disowned %v, trusts %v", r.core.disowned, keys[id.XSUsageMaster].First)
	}
	r.hearsNothing(direct, "after") // none of it reached the core
}

// TestChangedIdentityInAGroup leaves somebody alone who speaks to others.
func TestChangedIdentityInAGroup(t *testing.T) {
	r := inGroup(t)
	l := r.connection()
	say := func(name, text string) {
		evt := &event.Event{RoomID: group, Sender: ben, ID: id.EventID(name), Type: event.EventMessage}
		evt.Content.Parsed = &event.MessageEventContent{MsgType: event.MsgText, Body: text}
		noError(t, l.onMessage(t.Context(), evt, evt.Content.AsMessage(), changed))
	}
	say("$1", "on mange quoi ce soir ?")
	say("$2", "!edt")
	if list := r.sent(group, 1); len(list) != 1 || !strings.Contains(bodyOf(list[0]), "new_identity") {
		t.Errorf("said %v", list)
	}
}
