//go:build goolm

package e2e

import (
	"fmt"
	"net/http/httputil"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"cartable/e2e/homeserver"
	"cartable/e2e/matrixplayer"
)

// TestMatrixNewcomerMeanwhile invites Bob while the bot is giving out the keys of what it says, which takes a while here, or is
// reading who is in the room: he reads what it says from then on.
func TestMatrixNewcomerMeanwhile(t *testing.T) {
	for _, tt := range []struct {
		slow  []string
		after time.Duration
	}{
		{nil, 50 * time.Millisecond},
		{[]string{"/keys/", "/sendToDevice/"}, 50 * time.Millisecond},
		{[]string{"/keys/", "/sendToDevice/"}, 900 * time.Millisecond},
		{[]string{"/state"}, 300 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(tt.slow, tt.after), func(t *testing.T) {
			hs := homeserver.Start(t)
			proxy := newProxy(t, hs, func(p *httputil.ReverseProxy) { p.Transport = slowly{tt.slow, 400 * time.Millisecond} })
			w := newWorldOn(t, hs, "CARTABLE_MATRIX_HOMESERVER="+proxy.URL)
			anna, bob := w.Player("anna"), w.Player("bob")
			group := anna.Create(&mautrix.ReqCreateRoom{
				Preset: "private_chat", Name: "Famille", Invite: []id.UserID{w.bot.ID}, InitialState: []*event.Event{matrixplayer.Encryption()},
			})
			anna.WaitMembers(group, w.bot.ID)
			time.Sleep(tt.after)
			anna.Invite(group, bob.ID)
			bob.Join(group)
			anna.WaitMembers(group, bob.ID)
			anna.WaitFor(group, "je suis Cartable")
			anna.Say(group, "!aide")
			anna.WaitFor(group, "Ce que je sais faire")
			bob.WaitFor(group, "Ce que je sais faire")
		})
	}
}
