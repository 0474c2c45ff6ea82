//go:build goolm

package matrix

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"cartable/bot/matrix/cryptostore"
)

func TestVerify(t *testing.T) {
	r := newRig(t)
	if _, err := Verify(t.Context(), r.cfg); err == nil {
		t.Error("there is nothing to verify before the first start")
	}
	r.mustConnect()
	report, err := Verify(t.Context(), r.cfg)
	if err != nil || !report.Published || !report.Identity || !report.Signed || !report.Recoverable || report.OneTimeKeys < 50 || report.Others != 0 || report.Old {
		t.Errorf("%+v, %v", report, err)
	}
	key, err := RecoveryKey(r.vault)
	if err != nil || len(strings.Fields(key.Reveal())) != 12 {
		t.Errorf("the recovery key has %d groups, %v", len(strings.Fields(key.Reveal())), err)
	}
}

// TestVerifyFinds breaks one thing after the other.
func TestVerifyFinds(t *testing.T) {
	for _, tt := range []struct {
		name, line, verdict string
		spoil               func(r *rig)
	}{
		{"nothing", "device signed      yes", "People's apps can trust the bot's messages.", func(*rig) {}},
		{"unsigned", "device signed      NO", "will warn", func(r *rig) { r.hs.unsign() }},
		{"another self-signing key", "identity held      NO", "will warn", func(r *rig) {
			r.hs.keys["self_signing_key"]["keys"] = object{"ed25519:x": "x"}
		}},
		{"no recovery data", "recoverable        NO", "can trust", func(r *rig) {
			maps.DeleteFunc(r.hs.data, func(name string, _ json.RawMessage) bool { return strings.HasPrefix(name, "m.") })
		}},
		{"no one-time keys", "one-time keys      0", "cannot begin", func(r *rig) {
			for _, d := range r.hs.devices {
				d.oneTime = 0
			}
		}},
		{"an older copy", "vault up to date   NO", "takes a new device", func(r *rig) { r.hs.data[epochType] = []byte(`{"epoch":"newer"}`) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.mustConnect()
			tt.spoil(r)
			report, err := Verify(t.Context(), r.cfg)
			noError(t, err)
			var text strings.Builder
			noError(t, report.Print(&text))
			if !strings.Contains(text.String(), tt.line) || !strings.Contains(text.String(), tt.verdict) {
				t.Errorf("reported as\n%s", &text)
			}
		})
	}
}

// TestVerifyElsewhere sends the token nowhere but where it is from.
func TestVerifyElsewhere(t *testing.T) {
	r := newRig(t)
	r.mustConnect()
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(other.Close)
	cfg := r.cfg
	cfg.Homeserver = other.URL
	if _, err := Verify(t.Context(), cfg); !errors.Is(err, ErrOtherAccount) || asked {
		t.Errorf("%v; asked %t", err, asked)
	}
}

// TestVerifyBackupUnknown does not take a failed question for a no.
func TestVerifyBackupUnknown(t *testing.T) {
	r := newRig(t)
	r.mustConnect()
	r.hs.refuse = func(call string) (int, string) {
		if call == "GET room_keys/version" {
			return http.StatusForbidden, "M_FORBIDDEN"
		}
		return 0, ""
	}
	if _, err := Verify(t.Context(), r.cfg); err == nil {
		t.Error("the backup is reported as there is none")
	}
}

// TestVerifyChangesNothing looks at the file, also of a restored copy, whose device cryptostore.New would forget.
func TestVerifyChangesNothing(t *testing.T) {
	for _, copied := range []bool{false, true} {
		r := newRig(t)
		r.mustConnect()
		if copied {
			noError(t, cryptostore.MarkCopied(r.vault))
		}
		before, err := os.ReadFile(r.path)
		noError(t, err)
		if _, err := Verify(t.Context(), r.cfg); (err != nil) != copied {
			t.Errorf("copied %t: %v", copied, err)
		}
		after, err := os.ReadFile(r.path)
		noError(t, err)
		if string(before) != string(after) {
			t.Errorf("copied %t: the vault has changed", copied)
		}
	}
}
