//go:build goolm

package matrix

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"maunium.net/go/mautrix"

	"cartable/bot/matrix/cryptostore"
)

// recoveryData are the calls that recovery needs, in order.
var recoveryData = []string{
	"m.secret_storage.default_key", "m.secret_storage.key.", "m.cross_signing.master", "m.cross_signing.self_signing", "m.cross_signing.user_signing",
}

// TestRecoveryCutOff loses the connection at each step of a recovery. That says nothing about the key: it is
// tried again.
func TestRecoveryCutOff(t *testing.T) {
	for _, step := range recoveryData {
		r := newRig(t)
		r.mustConnect()
		r.cfg.RecoveryKey = value[cryptostore.Identity](t)(r.store.Identity()).RecoveryKey.Text
		r.lose()
		r.hs.set(func(call string, _ object) {
			if strings.HasPrefix(call, "GET user/"+botName+"/account_data/"+step) {
				panic(http.ErrAbortHandler)
			}
		})
		if _, err := r.connect(mautrix.WithMaxRetries(t.Context(), 0)); err == nil || lasting(err) {
			t.Errorf("%s: got %v, want an error that passes", step, err)
		}
		r.hs.set(nil)
		r.reopen()
		r.mustConnect()
	}
}

// TestRecoveryDataGone makes a recovery key anew when the homeserver has lost what the old one opens.
func TestRecoveryDataGone(t *testing.T) {
	for _, step := range recoveryData {
		r := newRig(t)
		r.mustConnect()
		before := r.identity()
		maps.DeleteFunc(r.hs.data, func(name string, _ json.RawMessage) bool { return strings.HasPrefix(name, step) })
		r.reopen()
		r.mustConnect()
		if r.identity() == before {
			t.Errorf("%s: the recovery key is the one whose data is gone", step)
		}
		r.cfg.RecoveryKey = value[cryptostore.Identity](t)(r.store.Identity()).RecoveryKey.Text
		r.lose()
		r.mustConnect()
	}
}

// TestRecoveryDataOfOthers leaves alone what somebody who uses the account by hand has put there, and says so
// when asked.
func TestRecoveryDataOfOthers(t *testing.T) {
	r := newRig(t)
	r.mustConnect()
	before := r.identity()
	l, err := r.connectOnce()
	noError(t, err)
	key, err := l.mach.SSSS.GenerateAndUploadKey(t.Context(), "")
	noError(t, err)
	noError(t, l.mach.UploadCrossSigningKeysToSSSS(t.Context(), key, l.mach.CrossSigningKeys))
	noError(t, l.mach.SSSS.SetDefaultKeyID(t.Context(), key.ID))
	theirs := maps.Clone(r.hs.data)
	r.reopen()
	r.mustConnect()
	for _, name := range []string{"m.secret_storage.default_key", "m.cross_signing.master"} {
		if string(r.hs.data[name]) != string(theirs[name]) || r.identity() != before {
			t.Errorf("%s was replaced", name)
		}
	}
	report, err := Verify(t.Context(), r.cfg)
	if err != nil || report.Recoverable {
		t.Errorf("reported as recoverable: %t, %v", report.Recoverable, err)
	}
}
