//go:build goolm

package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/id"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/secret"
)

// connectOnce connects and gives up the connection again.
func (r *rig) connectOnce() (*connection, error) {
	r.t.Helper()
	return r.connect(context.Background())
}

// mustConnect connects and checks that the device is signed by the identity that the vault holds.
func (r *rig) mustConnect() *connection {
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
			if kept.Next == nil {
				t.Fatal("the identity is published before the vault holds it")
			}
			keys, err := kept.Next.Decode()
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
	}, ErrAuthentication, func(r *rig, _ string) { r.reopen(); r.mustConnect() }},
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
	{"other homeserver in the settings", func(r *rig) {
		r.cfg.Homeserver, r.cfg.User = newHomeserver(r.t).URL, botName
		r.reopen()
	}, ErrOtherAccount, nil},
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

// strayFromHistory makes the vault one that the homeserver has seen a newer one of.
func (r *rig) strayFromHistory() {
	r.t.Helper()
	noError(r.t, r.store.ConfirmEpoch(value[string](r.t)(r.store.NextEpoch())))
}

// TestRolledBack puts an older vault under a living account.
func TestRolledBack(t *testing.T) {
	r := newRig(t)
	before := r.mustConnect().cli.DeviceID
	r.strayFromHistory()
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
	r.strayFromHistory()
	r.hs.mu.Lock()
	delete(r.hs.devices, before.String())
	r.hs.mu.Unlock()
	r.reopen()
	if l := r.mustConnect(); l.cli.DeviceID == before {
		t.Error("the device of an old copy came back")
	}
}

// TestEpochAnswersLost loses the answers to new epochs, the first of which arrives: the vault is as new as ever.
func TestEpochAnswersLost(t *testing.T) {
	r := newRig(t)
	before := r.mustConnect().cli.DeviceID
	put := "PUT user/" + botName + "/account_data/" + epochType
	taken := false
	r.hs.watch = func(call string, body object) {
		if call == put && !taken {
			taken = true
			r.hs.mu.Lock()
			r.hs.data[epochType] = []byte(`{"epoch":"` + body["epoch"].(string) + `"}`)
			r.hs.mu.Unlock()
		}
	}
	r.hs.refuse = func(call string) (int, string) {
		if call == put {
			return http.StatusBadRequest, "M_UNKNOWN"
		}
		return 0, ""
	}
	for range 2 {
		r.reopen()
		if _, err := r.connectOnce(); err == nil {
			t.Fatal("the epoch was not needed")
		}
	}
	r.hs.refuse = nil
	if l := r.mustConnect(); l.cli.DeviceID != before {
		t.Error("a healthy vault was taken for an old copy")
	}
}

// TestCopyRuns finds, while the bot runs, that a copy of its vault does too.
func TestCopyRuns(t *testing.T) {
	r := newRig(t)
	l := r.mustConnect()
	ours := string(r.hs.data[epochType])
	noError(t, l.renewEpoch(t.Context()))
	if string(r.hs.data[epochType]) == ours {
		t.Error("the epoch is not renewed")
	}
	r.hs.data[epochType] = []byte(`{"epoch":"of the copy"}`)
	ctx, end := context.WithCancelCause(t.Context())
	err := r.read(ctx, end, l, l.renewEpoch)
	if !errors.Is(err, ErrCopied) || !lasting(err) {
		t.Errorf("got %v", err)
	}
	if string(r.hs.data[epochType]) != `{"epoch":"of the copy"}` {
		t.Error("the epoch of the copy is written over")
	}
	delete(r.hs.data, epochType) // nobody's
	noError(t, l.renewEpoch(t.Context()))
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

// identity is what the vault holds, as text to compare.
func (r *rig) identity() string {
	r.t.Helper()
	kept := value[cryptostore.Identity](r.t)(r.store.Identity())
	return string(kept.Seeds.MasterKey) + kept.RecoveryKey.Reveal()
}

// served is the identity that the homeserver has, as text to compare.
func (r *rig) served() string {
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	text, err := json.Marshal([]any{r.hs.keys["master_key"]["keys"], r.hs.keys["self_signing_key"]["keys"]})
	noError(r.t, err)
	return string(text)
}

// TestIdentityNotListed has the homeserver leave keys out of its answers. Nothing is replaced, whether the
// vault holds them or not, and the next attempt goes on with them.
func TestIdentityNotListed(t *testing.T) {
	master, selfSigning := []string{"master_key", "self_signing_key", "user_signing_key"}, []string{"self_signing_key"}
	for _, tt := range []struct {
		name   string
		hidden []string
		once   bool // until it is asked to take others
		lost   bool // the vault
	}{
		{"all, once", master, true, false},
		{"all, for long", master, false, false},
		{"the self-signing key, for long", selfSigning, false, false},
		{"all, once, vault lost", master, true, true},
		{"all, for long, vault lost", master, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.mustConnect()
			held, served := r.identity(), r.served()
			if tt.lost {
				r.cfg.RecoveryKey = value[cryptostore.Identity](t)(r.store.Identity()).RecoveryKey.Text
				r.lose()
			}
			r.reopen()
			r.hs.hidden = tt.hidden
			r.hs.watch = func(call string, _ object) {
				if tt.once && call == "POST keys/device_signing/upload" {
					r.hs.mu.Lock()
					defer r.hs.mu.Unlock()
					r.hs.hidden = nil
				}
			}
			if _, err := r.connectOnce(); err == nil || lasting(err) {
				t.Errorf("got %v, want an error that passes", err)
			}
			r.reopen()
			r.hs.hidden = nil
			r.mustConnect()
			if r.identity() != held || r.served() != served {
				t.Error("the identity was replaced")
			}
		})
	}
}

// TestIdentityOnNewAccount publishes what the vault holds on a homeserver that was made anew, also on one that
// wants the password for it.
func TestIdentityOnNewAccount(t *testing.T) {
	for _, insists := range []bool{false, true} {
		r := newRig(t)
		r.hs.insists = insists
		r.mustConnect()
		served := r.served()
		clear(r.hs.keys)
		clear(r.hs.data)
		clear(r.hs.devices)
		r.reopen()
		r.mustConnect()
		if r.served() != served {
			t.Errorf("insists %t: another identity", insists)
		}
	}
}

// TestResetRefused keeps the identity whole when the homeserver does not take another, and forgets the wish.
func TestResetRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		refuse func(r *rig)
		want   error // nil: any that passes
	}{
		{"wrong password", func(r *rig) { r.cfg.Password = secret.New("no longer") }, ErrAuthentication},
		{"no password", func(r *rig) { r.cfg.Password = secret.Text{} }, ErrNoPassword},
		{"approval in the browser", func(r *rig) { r.hs.browser = true }, ErrApproval},
		{"forbidden", func(r *rig) {
			r.hs.refuse = func(call string) (int, string) {
				if call == "POST keys/device_signing/upload" {
					return http.StatusBadRequest, "M_INVALID_PARAM"
				}
				return 0, ""
			}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.mustConnect()
			held, served := r.identity(), r.served()
			noError(t, AllowReset(r.vault))
			tt.refuse(r)
			r.reopen()
			if _, err := r.connectOnce(); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			r.reopen()
			r.mustConnect()
			if r.identity() != held || r.served() != served {
				t.Error("the identity was replaced")
			}
		})
	}
}

// TestResetApproved is the way to a new identity where the homeserver wants an approval.
func TestResetApproved(t *testing.T) {
	r := newRig(t)
	r.mustConnect()
	served := r.served()
	r.hs.browser = true
	noError(t, AllowReset(r.vault))
	r.reopen()
	if _, err := r.connectOnce(); !errors.Is(err, ErrApproval) || !lasting(err) {
		t.Fatalf("got %v", err)
	}
	r.hs.browser = false
	noError(t, AllowReset(r.vault))
	r.reopen()
	r.mustConnect()
	if r.served() == served {
		t.Error("the identity is the old one")
	}
}

// TestResetCutOff loses the connection at the moment of the reset, before the homeserver has taken the new
// keys or after. The next start finishes it with the same keys.
func TestResetCutOff(t *testing.T) {
	for _, taken := range []bool{false, true} {
		r := newRig(t)
		r.mustConnect()
		held, served := r.identity(), r.served()
		noError(t, AllowReset(r.vault))
		r.reopen()
		ctx, crash := context.WithCancel(t.Context())
		asked := ""
		r.hs.watch = func(call string, body object) {
			if call != "POST keys/device_signing/upload" || ctx.Err() != nil {
				return
			}
			r.hs.mu.Lock()
			defer r.hs.mu.Unlock()
			keys, err := json.Marshal([]any{body["master_key"].(object)["keys"], body["self_signing_key"].(object)["keys"]})
			noError(t, err)
			asked = string(keys)
			if taken {
				for _, name := range []string{"master_key", "self_signing_key", "user_signing_key"} {
					r.hs.keys[name] = body[name].(object)
				}
			}
			crash()
		}
		if _, err := r.connect(ctx); err == nil {
			t.Fatal("not cut off")
		}
		if r.identity() != held {
			t.Error("the old identity was given up before the server had the new one")
		}
		r.reopen()
		r.mustConnect()
		if got := r.served(); got == served || got != asked {
			t.Errorf("taken %t: the identity is not the one that was made", taken)
		}
	}
}

// TestCountersigned finishes the signatures of a device after a crash between the two.
func TestCountersigned(t *testing.T) {
	r := newRig(t)
	r.mustConnect()
	r.cfg.RecoveryKey = value[cryptostore.Identity](t)(r.store.Identity()).RecoveryKey.Text
	r.lose()
	uploads := 0
	r.hs.refuse = func(call string) (int, string) {
		if call == "POST keys/signatures/upload" {
			if uploads++; uploads > 1 {
				return http.StatusBadRequest, "M_UNKNOWN"
			}
		}
		return 0, ""
	}
	if _, err := r.connectOnce(); err == nil {
		t.Fatal("the step was not needed")
	}
	r.hs.refuse = nil
	r.reopen()
	l := r.mustConnect()
	own, err := l.ownKeys(t.Context())
	noError(t, err)
	if !own.countersigned(l.me, l.cli.DeviceID) {
		t.Error("the device has not signed the identity")
	}
	before := len(r.calls("POST keys/signatures/upload"))
	r.reopen()
	r.mustConnect()
	if len(r.calls("POST keys/signatures/upload")) != before {
		t.Error("signed again what was signed")
	}
}

// TestLostInTwoSteps gives the recovery key only after a start without; TestForeignDevicesStay has the rest. A
// deletion that fails is tried again at each start until it has succeeded; TestDeletionRefused has one that is refused.
func TestLostInTwoSteps(t *testing.T) {
	r := newRig(t)
	before := r.mustConnect().cli.DeviceID.String()
	recovery := value[cryptostore.Identity](t)(r.store.Identity()).RecoveryKey.Text
	r.lose()
	if _, err := r.connectOnce(); !errors.Is(err, ErrIdentityUnknown) {
		t.Fatalf("got %v", err)
	}
	r.cfg.RecoveryKey = recovery
	r.hs.refuse = func(call string) (int, string) {
		if call == "POST delete_devices" {
			return http.StatusInternalServerError, "M_UNKNOWN"
		}
		return 0, ""
	}
	r.reopen()
	r.mustConnect()
	r.cfg.RecoveryKey = secret.Text{}
	clear(r.hs.devices[before].keys)
	r.hs.refuse = nil
	r.reopen()
	r.mustConnect()
	if r.hs.devices[before] != nil || len(r.hs.devices) != 1 {
		t.Error("the old device is still there")
	}
	lists := len(r.calls("GET devices"))
	r.reopen()
	r.mustConnect()
	if len(r.calls("GET devices")) != lists {
		t.Error("looked for old devices again")
	}
}

// TestNewAddress follows the account to another address of its homeserver, when the settings name it in full.
func TestNewAddress(t *testing.T) {
	r := newRig(t)
	device := r.mustConnect().cli.DeviceID
	served := ""
	moved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		served = q.Header.Get("Authorization")
		r.hs.serve(w, q)
	}))
	t.Cleanup(moved.Close)
	r.cfg.Homeserver, r.cfg.User = moved.URL, "cartable"
	r.reopen()
	if _, err := r.connectOnce(); !errors.Is(err, ErrOtherAccount) || served != "" {
		t.Errorf("with a short name: %v; the token was sent: %t", err, served != "")
	}
	r.cfg.User = botName
	r.reopen()
	if l := r.mustConnect(); l.cli.DeviceID != device || len(r.calls("POST login")) != 1 {
		t.Error("another device at the new address")
	}
	r.cfg.User = "cartable"
	r.reopen()
	r.mustConnect()
}
