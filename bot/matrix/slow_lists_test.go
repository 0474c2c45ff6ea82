//go:build goolm

package matrix

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// hasDevices has the homeserver list these devices as ana's from now on.
func (r *rig) hasDevices(devices object) {
	r.hs.mu.Lock()
	defer r.hs.mu.Unlock()
	r.hs.others[ana] = devices
}

// devicesOf are the devices that the bot knows of ana and takes for all that she has.
func (r *rig) devicesOf(t *testing.T) []id.DeviceID {
	t.Helper()
	return slices.Sorted(maps.Keys(value[map[id.DeviceID]*id.Device](t)(r.store.GetDevices(t.Context(), ana))))
}

// holdFirst keeps back the answer to the first question for ana's devices, which is made already, until goOn.
func (hs *homeserver) holdFirst() (held, goOn chan struct{}) {
	held, goOn = make(chan struct{}), make(chan struct{})
	first := make(chan bool, 1)
	first <- true
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.hold = func(call string, body object) {
		if !slices.Contains(asksFor(call, body), ana) {
			return
		}
		select {
		case <-first:
			close(held)
			<-goOn
		default:
		}
	}
	return held, goOn
}

// anasNews are that her devices have changed.
func anasNews() object { return object{"device_lists": object{"changed": []string{ana}}} }

// twoDevices is what the homeserver lists of Ana when she has a phone, and when she has added a laptop.
func twoDevices(t *testing.T) (phone, both object) {
	both = object{}
	for _, name := range []id.DeviceID{"PHONE", "LAPTOP"} {
		account := crypto.NewOlmAccount()
		both[name.String()] = signedDevice(t, account, ana, name, string(account.IdentityKey()))
	}
	return object{"PHONE": both["PHONE"]}, both
}

// tracksPhone is a bot that knows Ana's phone, and what the homeserver lists when she has added a laptop.
func tracksPhone(t *testing.T) (r *rig, both object) {
	r = inDirect(t)
	phone, both := twoDevices(t)
	r.hasDevices(phone)
	noError(t, r.connection().askDevices(t.Context(), ana))
	return r, both
}

// TestSlowListOfSomebodyTracked has Ana add a device while a slow question for hers is under way, and the library ask
// for them as soon as it is told: the slow answer does not take the new device away again.
func TestSlowListOfSomebodyTracked(t *testing.T) {
	r, both := tracksPhone(t)
	l := r.connection()
	noError(t, r.store.MarkTrackedUsersOutdated(t.Context(), []id.UserID{ana}))
	held, goOn := r.hs.holdFirst()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.fetchLists(t.Context(), []id.UserID{ana})
	}()
	<-held
	r.hasDevices(both)
	r.reads(anasNews())
	equal(t, len(r.devicesOf(t)), 2)
	close(goOn)
	<-done
	equal(t, len(r.devicesOf(t)), 2)
}

// TestSlowListOfTheLibrary has the library's question be the slow one, and the bot ask meanwhile.
func TestSlowListOfTheLibrary(t *testing.T) {
	r, both := tracksPhone(t)
	held, goOn := r.hs.holdFirst()
	r.hs.syncs <- anasNews()
	<-held
	r.hasDevices(both)
	noError(t, r.connection().askDevices(t.Context(), ana))
	close(goOn)
	r.hearsNothing(direct, "after")
	equal(t, len(r.devicesOf(t)), 2)
}

// TestSlowListWhileSharing has Ana add a device while the bot asks for hers, the first time, to say something: the new
// one is asked for and given the key before anything is said. What she had before may be nothing.
func TestSlowListWhileSharing(t *testing.T) {
	for _, before := range []bool{false, true} {
		r := inDirect(t)
		r.encrypt(direct)
		phone, both := twoDevices(t)
		if !before {
			clear(phone)
		}
		r.hasDevices(phone)
		l := r.connection()
		held, goOn := r.hs.holdFirst()
		claimed, said := make(chan object, 8), make(chan int, 1)
		r.hs.set(func(call string, body object) {
			if call == "POST keys/claim" { // without an Olm session, a device that is to have the key shows here
				mine, _ := body["one_time_keys"].(object)[ana].(object)
				claimed <- mine
			}
			if strings.Contains(call, "/send/m.room.encrypted") {
				said <- len(claimed)
			}
		})
		ended := make(chan error, 1)
		go func() {
			_, err := l.cli.SendMessageEvent(t.Context(), direct, event.EventMessage, &event.MessageEventContent{MsgType: event.MsgText, Body: "hello"})
			ended <- err
		}()
		<-held
		r.hasDevices(both)
		r.reads(anasNews())
		close(goOn)
		noError(t, <-ended)
		r.hs.set(nil)
		given := object{}
		for range <-said {
			maps.Copy(given, <-claimed)
		}
		equal(t, given["LAPTOP"] != nil, true)
		equal(t, len(r.devicesOf(t)), 2)
	}
}
