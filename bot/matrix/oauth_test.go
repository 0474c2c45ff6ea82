//go:build goolm

package matrix

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/secret"
	"cartable/core/store/storetest"
)

// logInWithCode logs the bot in with a code, which who allows in a browser.
func (r *rig) logInWithCode(who string) error {
	r.t.Helper()
	return Login(r.t.Context(), r.cfg, func(d DeviceCode) error {
		r.hs.auth.allow(d.Code, who)
		return nil
	})
}

// withAuth is a bot on a homeserver that takes no passwords. The clock is the test's.
func withAuth(t *testing.T) (r *rig, clock *storetest.Clock) {
	t.Helper()
	r = newRig(t)
	newAuthServer(t, r.hs)
	r.cfg.Password = secret.Text{}
	clock = storetest.NewClock(time.Now())
	r.cfg.Now = clock.Now
	r.reopen()
	return r, clock
}

// TestNoPasswordLogin tells an operator whose homeserver takes no passwords what to do, without giving it one.
func TestNoPasswordLogin(t *testing.T) {
	r, _ := withAuth(t)
	r.cfg.Password = secret.New(botPassword)
	r.reopen()
	if _, err := r.connectOnce(); !errors.Is(err, ErrNoPasswordLogin) || !lasting(err) {
		t.Errorf("got %v", err)
	}
	equal(t, r.hs.count("POST login"), 0)
}

// TestLoginWithCode logs in by a code, talks, has its token renewed in time and after the homeserver has forgotten it,
// and goes on so after a restart.
func TestLoginWithCode(t *testing.T) {
	r, _ := withAuth(t)
	noError(t, r.logInWithCode(botName))
	first := value[cryptostore.Session](t)(r.store.Session())
	r.hs.addRoom(direct, ana, botName)
	r.start()
	r.hs.syncs <- invites(direct, ana, true)
	r.hear()
	equal(t, r.hs.auth.count("token "+grantRefresh), 0)
	r.hs.mu.Lock()
	r.hs.devices[first.DeviceID.String()].token = "another" // as some servers do at any time
	r.hs.mu.Unlock()
	r.until("the login is renewed", func() bool { return r.hs.auth.count("token "+grantRefresh) == 1 })
	r.hearsNothing(direct, "one")
	r.restart()
	r.hearsNothing(direct, "two")
	equal(t, r.hs.auth.count("token "+grantRefresh), 1)
	next := value[cryptostore.Session](t)(r.store.Session())
	if next.DeviceID != first.DeviceID || next.AccessToken == first.AccessToken || next.OAuth.Refresh == first.OAuth.Refresh {
		t.Error("the session did not change as it should")
	}
}

// TestRenewsInTime renews a token before it ends, once for all who need it.
func TestRenewsInTime(t *testing.T) {
	r, clock := withAuth(t)
	noError(t, r.logInWithCode(botName))
	l := value[*connection](t)(r.connectOnce())
	for times := range 2 {
		clock.Advance(4*time.Minute + 45*time.Second)
		done := make(chan error, 8)
		for range cap(done) {
			go func() {
				_, err := l.cli.Whoami(t.Context())
				done <- err
			}()
		}
		for range cap(done) {
			noError(t, <-done)
		}
		equal(t, r.hs.auth.count("token "+grantRefresh), times+1)
	}
}

// TestRenewalIsKeptFirst has the disk fail when a token was renewed: the new one is not used, is not lost either, and
// no refresh token is sent twice.
func TestRenewalIsKeptFirst(t *testing.T) {
	r, clock := withAuth(t)
	noError(t, r.logInWithCode(botName))
	l := value[*connection](t)(r.connectOnce())
	before := r.hs.count("GET account/whoami")
	clock.Advance(time.Hour)
	r.vault.Close()
	for range 2 {
		if _, err := l.cli.Whoami(t.Context()); err == nil {
			t.Error("a token was used that is not in the vault")
		}
	}
	equal(t, r.hs.count("GET account/whoami"), before)
	equal(t, r.hs.auth.count("token "+grantRefresh), 1)
}

// TestLoginEnds has the operator end the login: the bot stops, says what to do, and asks for nothing more, not at the
// next start either.
func TestLoginEnds(t *testing.T) {
	r, clock := withAuth(t)
	noError(t, r.logInWithCode(botName))
	r.hs.addRoom(direct, ana, botName)
	r.start()
	r.connection()
	r.hs.auth.mu.Lock()
	r.hs.auth.refuses = "invalid_grant"
	r.hs.auth.mu.Unlock()
	clock.Advance(time.Hour)
	err := <-r.ended
	r.stop()
	r.stop = nil
	if !errors.Is(err, ErrLoginEnded) || strings.Contains(err.Error(), "http://") {
		t.Errorf("ended with %v", err)
	}
	equal(t, r.hs.auth.count("token "+grantRefresh), 1)
	r.reopen()
	if _, err := r.connectOnce(); !errors.Is(err, ErrLoginEnded) {
		t.Errorf("got %v", err)
	}
	equal(t, r.hs.auth.count("token "+grantRefresh), 1)

	r.hs.auth.mu.Lock()
	r.hs.auth.refuses = ""
	r.hs.auth.mu.Unlock()
	before := value[cryptostore.Session](t)(r.store.Session()).DeviceID
	noError(t, r.logInWithCode(botName)) // the same device, whose keys people know
	r.reopen()
	l := value[*connection](t)(r.connectOnce())
	equal(t, l.cli.DeviceID, before)
}

// TestCodeRefused keeps nothing of a login that did not come about.
func TestCodeRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		who  string
		set  func(*authServer)
		want error
	}{
		{"declined", "no", nil, ErrDenied},
		{"too late", "", func(s *authServer) { s.refuses = "expired_token" }, ErrCodeExpired},
		{"somebody else", ana, nil, ErrOtherLogin},
		{"no codes", botName, func(s *authServer) { s.grants = []string{"authorization_code"} }, ErrNoDeviceCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := withAuth(t)
			if tt.set != nil {
				tt.set(r.hs.auth)
			}
			if err := r.logInWithCode(tt.who); !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
			equal(t, value[cryptostore.Session](t)(r.store.Session()).UserID, "")
			equal(t, len(r.hs.auth.refresh), 0)
		})
	}
	r := newRig(t)
	if err := Login(t.Context(), r.cfg, nil); !errors.Is(err, errNoAuthority) {
		t.Errorf("a homeserver with passwords: %v", err)
	}
}

// TestToken uses an access token of the settings, and says what is wrong with one.
func TestToken(t *testing.T) {
	r, _ := withAuth(t)
	r.hs.devices["OWN"] = &fakeDevice{name: deviceName, token: "mct_1"}
	r.hs.devices["ANA"] = &fakeDevice{token: "mct_ana", owner: ana}
	connect := func(token string) error {
		r.cfg.Token = secret.New(token)
		r.reopen()
		_, err := r.connectOnce()
		return err
	}
	for token, want := range map[string]error{"mct_unknown": ErrToken, "mct_ana": ErrTokenAccount} {
		if err := connect(token); !errors.Is(err, want) || !lasting(err) {
			t.Errorf("%s: %v", token, err)
		}
	}
	noError(t, connect("mct_1"))
	equal(t, r.store.Unreadable(), 0)

	r.hs.devices["OWN"].token = "mct_2" // it was revoked
	asked := r.hs.count("GET account/whoami")
	if err := connect("mct_1"); !errors.Is(err, ErrToken) {
		t.Errorf("a token that was revoked: %v", err)
	}
	equal(t, r.hs.count("GET account/whoami"), asked+1)
	noError(t, connect("mct_2")) // another one of the same device
	equal(t, value[cryptostore.Session](t)(r.store.Session()).DeviceID, "OWN")

	r.hs.devices["NEXT"] = &fakeDevice{name: deviceName, token: "mct_3"}
	delete(r.hs.devices, "OWN")
	before := value[*crypto.OlmAccount](t)(r.store.GetAccount(t.Context())).IdentityKey()
	noError(t, connect("mct_3")) // of another device, since that one was ended
	if value[*crypto.OlmAccount](t)(r.store.GetAccount(t.Context())).IdentityKey() == before {
		t.Error("two devices have the same keys")
	}
	equal(t, value[cryptostore.Session](t)(r.store.Session()).DeviceID, "NEXT")

	noError(t, cryptostore.MarkCopied(r.vault))
	if err := connect("mct_3"); !errors.Is(err, ErrTokenDevice) {
		t.Errorf("the device of a copy: %v", err)
	}
}

// TestDeletionRefused asks a homeserver once to delete former devices, and does not keep asking at each start.
func TestDeletionRefused(t *testing.T) {
	r, _ := withAuth(t)
	r.hs.devices["LOST"] = &fakeDevice{name: deviceName, token: "lost"}
	noError(t, r.logInWithCode(botName))
	for range 2 {
		r.reopen()
		value[*connection](t)(r.connectOnce())
	}
	equal(t, r.hs.count("POST delete_devices"), 1)

	r = newRig(t)
	r.hs.devices["LOST"] = &fakeDevice{name: deviceName, token: "lost"}
	down := true
	r.hs.refusing(func(call string) (int, string) {
		if down && call == "POST delete_devices" {
			return http.StatusBadRequest, "M_UNKNOWN"
		}
		return 0, ""
	})
	value[*connection](t)(r.connectOnce())
	if n := r.hs.count("POST delete_devices"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
