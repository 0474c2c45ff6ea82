//go:build goolm

package matrix

import (
	"bytes"
	"image/png"
	"maps"
	"net/http"
	"testing"

	"cartable/bot/matrix/cryptostore"
	"cartable/core/store"
)

// given tells whether the account was given what it lacked.
func (r *rig) given() (yes bool) {
	noError(r.t, r.vault.View(func(tx store.Tx) error {
		record, err := cryptostore.Find[profile](tx, profileBucket, profileName)
		yes = record != nil && record.Given
		return err
	}))
	return yes
}

// shown is the profile that the homeserver has.
func (hs *homeserver) shown() object {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return maps.Clone(hs.profile)
}

// blank takes name and picture away.
func (hs *homeserver) blank() {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.profile = object{}
}

// TestProfile gives a new account a name and a picture, once, and leaves alone what somebody has chosen.
func TestProfile(t *testing.T) {
	for _, tt := range []struct{ has, name, picture string }{
		{"", shownName, "mxc://example.org/file0"},
		{"cartable", shownName, "mxc://example.org/file0"}, // what servers make of the address
		{"Le sac", "Le sac", "mxc://example.org/file0"},
	} {
		r := newRig(t)
		r.hs.profile = object{"displayname": tt.has}
		r.start()
		r.until("a profile", r.given)
		if is := r.hs.shown(); is["displayname"] != tt.name || is["avatar_url"] != tt.picture {
			t.Errorf("%q: the profile is %v", tt.has, is)
		}
		r.hs.mu.Lock()
		sent := r.hs.files["file0"]
		r.hs.mu.Unlock()
		if !bytes.Equal(sent, picture) {
			t.Error("another picture was sent")
		}
		r.hs.blank() // somebody wants none
		r.restart()
		r.connection()
		r.hs.addRoom(direct, ana, botName)
		r.hs.syncs <- invites(direct, ana, true)
		r.hear()
		if is := r.hs.shown(); len(is) != 0 {
			t.Errorf("%q: given again: %v", tt.has, is)
		}
	}
	r := newRig(t)
	r.start()
	r.until("a profile", r.given)
	if is := r.hs.shown(); is["displayname"] != "Car" || is["avatar_url"] != "mxc://example.org/own" || r.hs.asked("PUT profile") {
		t.Errorf("the profile is %v", is)
	}
}

// TestProfileAfterTrouble tries again at the next start.
func TestProfileAfterTrouble(t *testing.T) {
	r := newRig(t)
	r.hs.profile = object{}
	r.hs.refusing(func(call string) (int, string) {
		if call == "PUT profile/"+botName+"/avatar_url" {
			return http.StatusInternalServerError, "M_UNKNOWN"
		}
		return 0, ""
	})
	r.start()
	r.until("the trouble", func() bool { return r.hs.asked("PUT profile/" + botName + "/avatar_url") })
	r.hs.refusing(nil)
	r.restart()
	r.until("a profile", r.given)
	if is := r.hs.shown(); is["displayname"] != shownName || is["avatar_url"] == nil {
		t.Errorf("the profile is %v", is)
	}
}

// TestPicture is a small square.
func TestPicture(t *testing.T) {
	is, err := png.DecodeConfig(bytes.NewReader(picture))
	noError(t, err)
	if is.Width != is.Height || is.Width < 128 || len(picture) > 8<<10 {
		t.Errorf("%d by %d, %d bytes", is.Width, is.Height, len(picture))
	}
}
