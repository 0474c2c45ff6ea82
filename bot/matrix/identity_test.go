//go:build goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"cartable/core/secret"
)

// connectOnce connects and gives up the connection again.
func (r *rig) connectOnce() (*link, error) {
	r.t.Helper()
	return r.connect(context.Background())
}

// mustConnect connects and checks that the device is signed by the identity that the vault holds.
func (r *rig) mustConnect() *link {
	r.t.Helper()
	l, err := r.connectOnce()
	if err != nil {
		r.t.Fatal(err)
	}
	own, err := l.ownKeys(r.t.Context())
	noError(r.t, err)
	kept, err := r.store.Identity()
	noError(r.t, err)
	keys, err := kept.Seeds.Decode()
	noError(r.t, err)
	if !own.signed(l.me, l.cli.DeviceID) || keys.MasterKey.PublicKey() != own.master || !kept.Recoverable || kept.RecoveryKey.Empty() {
		r.t.Errorf("signed %t, identity held %t, recoverable %t", own.signed(l.me, l.cli.DeviceID), keys.MasterKey.PublicKey() == own.master, kept.Recoverable)
	}
	return l
}

// reopen is a crash and a new start on the same vault.
func (r *rig) reopen() {
	r.t.Helper()
	r.close()
	r.open()
}

// lose throws the vault away.
func (r *rig) lose() {
	r.t.Helper()
	r.close()
	r.path += "x"
	r.open()
}

func (r *rig) calls(want string) (places []int) {
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	for i, call := range r.hs.requests {
		if strings.HasPrefix(call, want) {
			places = append(places, i)
		}
	}
	return places
}

// TestIdentityFirst is the order of a first start: the vault holds a key before the server depends on it, and
// the server's recovery data is written after it has taken the identity.
func TestIdentityFirst(t *testing.T) {
	r := newRig(t)
	r.hs.watch = func(call string, body object) {
		kept, err := r.store.Identity()
		noError(t, err)
		switch {
		case call == "POST keys/device_signing/upload":
			keys, err := kept.Seeds.Decode()
			noError(t, err)
			published, _ := json.Marshal(body["master_key"])
			if !strings.Contains(string(published), keys.MasterKey.PublicKey().String()) {
				t.Error("the identity is published before the vault holds it")
			}
		case strings.Contains(call, "account_data/m.cross_signing.") && kept.RecoveryKey.Empty():
			t.Error("the seeds are sealed with a recovery key that the vault does not hold")
		}
	}
	r.mustConnect()
	published, data := r.calls("POST keys/device_signing/upload"), r.calls("PUT user/"+botName+"/account_data/m.")
	if len(published) != 1 || len(data) == 0 || data[0] < published[0] {
		t.Errorf("published at %v, recovery data at %v", published, data)
	}
	if n := len(r.calls("POST login")); n != 1 {
		t.Errorf("%d logins", n)
	}

	r.reopen()
	before := len(r.hs.devices)
	r.mustConnect()
	if len(r.calls("POST login")) != 1 || len(r.calls("POST keys/device_signing/upload")) != 1 || len(r.hs.devices) != before {
		t.Error("a later start logged in or published again")
	}
}

// TestIdentityCrashes cuts the first start off at each of its steps; the next one finishes it.
func TestIdentityCrashes(t *testing.T) {
	for _, step := range []string{
		"POST keys/query", "POST keys/upload", "POST keys/device_signing/upload", "PUT user/" + botName + "/account_data/m.secret_storage.key.",
		"PUT user/" + botName + "/account_data/m.cross_signing.self_signing", "PUT user/" + botName + "/account_data/m.secret_storage.default_key",
		"POST keys/signatures/upload", "PUT user/" + botName + "/account_data/" + epochType,
	} {
		t.Run(step, func(t *testing.T) {
			r := newRig(t)
			r.hs.refuse = func(call string) (int, string) {
				if strings.HasPrefix(call, step) {
					return http.StatusBadRequest, "M_UNKNOWN"
				}
				return 0, ""
			}
			if _, err := r.connectOnce(); err == nil {
				t.Fatal("the step was not needed")
			}
			r.reopen()
			r.hs.refuse = nil
			r.mustConnect()
		})
	}
}

// accidents are the rows of the table in matrix-notes §5, and what else may happen to an account.
var accidents = []struct {
	name   string
	happen func(r *rig)
	want   error // nil: it is mended
	check  func(r *rig, before string)
}{
	{"vault lost, no recovery key", func(r *rig) { r.lose() }, ErrIdentityUnknown, nil},
	{"vault lost, recovery key given", func(r *rig) {
		kept, err := r.store.Identity()
		noError(r.t, err)
		r.cfg.RecoveryKey = kept.RecoveryKey.Text
		r.lose()
	}, nil, func(r *rig, before string) {
		if r.hs.devices[before] != nil || len(r.hs.devices) != 1 {
			r.t.Error("the old device is still there")
		}
	}},
	{"vault lost, wrong recovery key", func(r *rig) {
		r.cfg.RecoveryKey = secret.New("EsTc LW2K PGiF wKEA 3As5 g5c4 BXwk qeeJ ZJV8 Q9fu gUMN UE4d")
		r.lose()
	}, ErrRecoveryKey, nil},
	{"vault lost, new identity allowed", func(r *rig) {
		r.lose()
		noError(r.t, AllowReset(r.vault))
		r.reopen()
	}, nil, nil},
	{"new identity allowed, wrong password", func(r *rig) {
		noError(r.t, AllowReset(r.vault))
		r.cfg.Password = secret.New("no longer")
		r.reopen()
	}, ErrAuthentication, nil},
	{"device deleted", func(r *rig) { clear(r.hs.devices); r.reopen() }, nil, func(r *rig, before string) {
		if r.hs.devices[before] == nil {
			r.t.Error("the device came back under another name")
		}
	}},
	{"device deleted, wrong password", func(r *rig) {
		clear(r.hs.devices)
		r.cfg.Password = secret.New("no longer")
		r.reopen()
	}, ErrLogin, nil},
	{"device deleted, no password", func(r *rig) {
		clear(r.hs.devices)
		r.cfg.Password = secret.Text{}
		r.reopen()
	}, ErrNoPassword, nil},
	{"signature lost by the server", func(r *rig) { r.hs.unsign(); r.reopen() }, nil, nil},
	{"keys lost by the server", func(r *rig) {
		for _, d := range r.hs.devices {
			d.keys = nil
		}
		r.reopen()
	}, nil, nil},
	{"other keys for the device", func(r *rig) {
		for name, d := range r.hs.devices {
			d.keys["keys"] = object{"ed25519:" + name: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
		}
		r.reopen()
	}, ErrDeviceTaken, nil},
	{"other account in the settings", func(r *rig) { r.cfg.User = "@other:example.org"; r.reopen() }, ErrOtherAccount, nil},
	{"other homeserver in the settings", func(r *rig) { r.cfg.Homeserver = "http://127.0.0.1:1"; r.reopen() }, ErrOtherAccount, nil},
	{"Olm state gone", func(r *rig) { noError(r.t, r.store.ForgetOlm(r.t.Context())); r.reopen() }, nil, func(r *rig, before string) {
		if r.hs.devices[before] != nil || len(r.hs.devices) != 1 {
			r.t.Error("the old device is still there, or was used again")
		}
	}},
}

func TestAccidents(t *testing.T) {
	for _, tt := range accidents {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			before := r.mustConnect().cli.DeviceID.String()
			keys, data := maps.Clone(r.hs.keys), maps.Clone(r.hs.data)
			tt.happen(r)
			if tt.want == nil {
				r.mustConnect()
			} else if _, err := r.connectOnce(); !errors.Is(err, tt.want) || !lasting(err) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil && !(maps.EqualFunc(keys, r.hs.keys, sameJSON) && slices.Equal(data["m.cross_signing.master"], r.hs.data["m.cross_signing.master"])) {
				t.Error("the refusal has changed the account's identity")
			}
			if tt.check != nil {
				tt.check(r, before)
			}
		})
	}
}

func sameJSON(a, b object) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// TestForeignDevicesStay leaves alone what a person uses the account with.
func TestForeignDevicesStay(t *testing.T) {
	r := newRig(t)
	r.hs.devices["ELEMENT"] = &fakeDevice{name: "Element on a desk"}
	r.hs.devices["OLD"] = &fakeDevice{name: deviceName}
	r.mustConnect()
	if r.hs.devices["ELEMENT"] == nil || r.hs.devices["OLD"] != nil {
		t.Errorf("devices left: %v", slices.Collect(maps.Keys(r.hs.devices)))
	}
}

// TestRolledBack puts an older vault under a living account.
func TestRolledBack(t *testing.T) {
	r := newRig(t)
	before := r.mustConnect().cli.DeviceID
	noError(t, r.vault.Update(func(tx Tx) error { return put(tx, mainBucket, keyEpoch, epochs{Current: "of long ago"}) }))
	r.reopen()
	l := r.mustConnect()
	if l.cli.DeviceID == before || r.hs.devices[before.String()] != nil {
		t.Errorf("device %s was %s before", l.cli.DeviceID, before)
	}
	if session, err := r.store.Session(); err != nil || session.DeviceID != l.cli.DeviceID {
		t.Errorf("the vault says %v, %v", session.DeviceID, err)
	}
}

// TestRolledBackAndLoggedOut puts an older vault under an account that was logged out meanwhile: the keys of
// its device must not come back to life.
func TestRolledBackAndLoggedOut(t *testing.T) {
	r := newRig(t)
	before := r.mustConnect().cli.DeviceID
	noError(t, r.vault.Update(func(tx Tx) error { return put(tx, mainBucket, keyEpoch, epochs{Current: "of long ago"}) }))
	r.hs.mu.Lock()
	delete(r.hs.devices, before.String())
	r.hs.mu.Unlock()
	r.reopen()
	if l := r.mustConnect(); l.cli.DeviceID == before {
		t.Error("the device of an old copy came back")
	}
}

func TestSameUser(t *testing.T) {
	for given, want := range map[string]bool{
		botName: true, "cartable": true, "@cartable": true, "@cartable:example.com": false, "other": false, "": false,
	} {
		if got := sameUser(id.UserID(botName), given); got != want {
			t.Errorf("%q: %t", given, got)
		}
	}
}

func TestVerify(t *testing.T) {
	r := newRig(t)
	if _, err := Verify(t.Context(), r.cfg); err == nil {
		t.Error("there is nothing to verify before the first start")
	}
	r.mustConnect()
	report, err := Verify(t.Context(), r.cfg)
	if err != nil || !report.Published || !report.Identity || !report.Signed || !report.Recoverable || report.OneTimeKeys < 50 || report.Others != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	r.hs.unsign()
	var text strings.Builder
	report, err = Verify(t.Context(), r.cfg)
	noError(t, err)
	noError(t, report.Print(&text))
	if report.Signed || !strings.Contains(text.String(), "device signed      NO") || strings.Contains(text.String(), "can trust") {
		t.Errorf("an unsigned device is reported as\n%s", &text)
	}
	key, err := RecoveryKey(r.vault)
	if err != nil || len(strings.Fields(key.Reveal())) != 12 {
		t.Errorf("the recovery key has %d groups, %v", len(strings.Fields(key.Reveal())), err)
	}
}
