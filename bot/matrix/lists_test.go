//go:build goolm

package matrix

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"
)

const gone = "@gone:dead.example"

// listRig is a bot in a private chat that knows the devices of somebody whose homeserver does not answer any
// more. asked hears of each question for them.
func listRig(t *testing.T) (r *rig, clock *atomic.Int64, asked chan bool) {
	t.Helper()
	r, clock, asked = newRig(t), new(atomic.Int64), make(chan bool, 16)
	r.close()
	r.cfg.Now = func() time.Time { return time.Now().Add(time.Duration(clock.Load()) * time.Minute) }
	r.open()
	noError(t, r.store.PutDevices(t.Context(), gone, map[id.DeviceID]*id.Device{}))
	r.hs.addRoom(direct, ana, botName)
	r.start()
	r.hs.syncs <- invites(direct, ana, true)
	r.hear()
	r.hs.watchLists(asked, nil)
	return r, clock, asked
}

// watchLists tells of questions for the devices of gone; each but the first then waits for goOn, if there is one.
func (hs *homeserver) watchLists(asked chan bool, goOn chan struct{}) {
	var questions atomic.Int64
	hs.set(func(call string, body object) {
		users, _ := body["device_keys"].(object)
		if _, about := users[gone]; call != "POST keys/query" || !about {
			return
		}
		asked <- true
		if questions.Add(1) > 1 && goOn != nil {
			<-goOn
		}
	})
}

// quietly makes sure that a response does not lead to a question.
func quietly(t *testing.T, r *rig, asked chan bool, until string) {
	t.Helper()
	r.hearsNothing(direct, until)
	l := r.connection()
	r.until("an end of the questions", func() bool { return !l.lists.busy.Load() })
	if len(asked) != 0 {
		t.Errorf("%s: asked", until)
	}
}

// TestDeviceLists asks for changed devices again until there is an answer, less often each time, and from the
// start when there is news.
func TestDeviceLists(t *testing.T) {
	r, clock, asked := listRig(t)
	changed := object{"device_lists": object{"changed": []string{gone, ben}}}
	r.hs.syncs <- changed
	<-asked
	<-asked // by the library, and by us
	quietly(t, r, asked, "within a minute")
	for _, pause := range []int64{1, 2, 4, 8, 16, 32, 60, 60} {
		clock.Add(pause - 1)
		quietly(t, r, asked, time.Duration(clock.Load()).String())
		clock.Add(1)
		r.hs.syncs <- object{}
		<-asked
		quietly(t, r, asked, time.Duration(clock.Load()).String()+" later")
	}
	r.hs.syncs <- changed
	<-asked
	<-asked
	r.until("an end of the questions", func() bool { return !r.connection().lists.busy.Load() })
	r.hs.mu.Lock()
	r.hs.others[gone] = object{}
	r.hs.mu.Unlock()
	clock.Add(1)
	r.hs.syncs <- object{}
	<-asked
	r.until("an end of the marks", func() bool {
		return len(value[[]id.UserID](t)(r.store.GetOutdatedTrackedUsers(t.Context()))) == 0
	})
}

// TestDeviceListsRefused asks again also when the bot's own homeserver did not answer.
func TestDeviceListsRefused(t *testing.T) {
	r, clock, asked := listRig(t)
	r.hs.mu.Lock()
	r.hs.refuse = func(call string) (int, string) {
		if call == "POST keys/query" {
			return http.StatusForbidden, "M_FORBIDDEN"
		}
		return 0, ""
	}
	r.hs.mu.Unlock()
	r.hs.syncs <- object{"device_lists": object{"changed": []string{gone}}}
	<-asked
	<-asked
	quietly(t, r, asked, "within a minute")
	clock.Add(1)
	r.hs.syncs <- object{}
	<-asked
}

// TestDeadServer goes on reading while a homeserver is waited for that does not answer.
func TestDeadServer(t *testing.T) {
	r, _, asked := listRig(t)
	goOn := make(chan struct{})
	defer close(goOn)
	r.hs.watchLists(asked, goOn)
	r.hs.syncs <- object{"device_lists": object{"changed": []string{gone}}}
	<-asked
	<-asked
	r.hearsNothing(direct, "one")
	r.hearsNothing(direct, "two")
	if len(asked) != 0 {
		t.Error("asked while waiting for the answer")
	}
}
