//go:build goolm

package matrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	botName     = "@cartable:example.org"
	botPassword = "Tilleul-2611-bot"
)

// object is JSON as it comes.
type object = map[string]any

// homeserver plays the part of a homeserver that the bot's account and rooms need, on loopback. What the real
// one does with encryption is left to e2e.
type homeserver struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	devices  map[string]*fakeDevice
	others   map[string]object // devices of other users, as published
	logins   int
	keys     map[string]object // "master_key", "self_signing_key", "user_signing_key"
	data     map[string]json.RawMessage
	rooms    map[string]*fakeRoom
	requests []string                                    // "PUT /_matrix/…" in order
	refuse   func(call string) (status int, code string) // "": as usual
	pause    time.Duration                               // how long to wait after a 429; 0: 100 ms
	lose     func(call string) bool                      // nil: nothing
	watch    func(call string, body object)              // sees each call before it is answered
	hold     func(call string, body object)              // may keep back an answer that is made
	syncs    chan object
	since    []string // of each sync
	files    map[string][]byte
	upload   int // bytes that a file may have; 0: it does not say
	token    int
	given    map[string]object // what was answered to a sync, by its since
	hidden   []string          // "master_key" and the like: keys that it has, and leaves out of its answers
	insists  bool              // it wants the password for the first keys, too
	browser  bool              // it takes no password for other keys: that is approved in a browser
	auth     *authServer       // nil: it takes passwords
	claims   object            // one-time keys of other users' devices
	profile  object            // of the bot
}

type fakeDevice struct {
	name, token string
	owner       string // "": the bot
	keys        object
	oneTime     int
}

type fakeRoom struct {
	name   string
	state  []object
	sent   []object // events of the bot: "type", "content", "txn"
	joined bool
	left   bool
	gone   []string // redacted events
	mute   bool     // the bot may not write
	guard  bool     // the bot may not redact
}

func newHomeserver(t testing.TB) *homeserver {
	hs := &homeserver{
		t: t, devices: map[string]*fakeDevice{}, others: map[string]object{}, keys: map[string]object{}, data: map[string]json.RawMessage{},
		profile: object{"displayname": "Car", "avatar_url": "mxc://example.org/own"},
		rooms:   map[string]*fakeRoom{}, syncs: make(chan object, 64), given: map[string]object{}, files: map[string][]byte{},
	}
	hs.Server = httptest.NewServer(http.HandlerFunc(hs.serve))
	t.Cleanup(hs.Close)
	return hs
}

// serve answers one call. Paths are cut to what follows /_matrix/client/v3/, or else /_matrix/.
func (hs *homeserver) serve(w http.ResponseWriter, r *http.Request) {
	_, place, found := strings.Cut(r.URL.Path, "/_matrix/client/v3/")
	if !found {
		place = strings.TrimPrefix(r.URL.Path, "/_matrix/")
	}
	call := r.Method + " " + place
	raw, _ := io.ReadAll(r.Body)
	body := object{}
	_ = json.Unmarshal(raw, &body)
	hs.mu.Lock()
	hs.requests = append(hs.requests, call)
	watch, refuse, pause := hs.watch, hs.refuse, hs.pause
	hs.mu.Unlock()
	if watch != nil {
		watch(call, body)
	}
	if refuse != nil {
		if status, code := refuse(call); status != 0 {
			answer := object{"errcode": code, "error": "as the test wishes"}
			if status == http.StatusTooManyRequests {
				answer["retry_after_ms"] = cmp.Or(pause, 100*time.Millisecond).Milliseconds()
			}
			reply(w, status, answer)
			return
		}
	}
	if place == "sync" {
		hs.sync(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/_matrix/") && strings.Contains(r.URL.Path, "/media/") {
		hs.media(w, r, raw)
		return
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if call == "GET login" {
		flows := []object{{"type": "m.login.password"}, {"type": "m.login.application_service"}}
		if hs.auth != nil {
			flows = []object{{"type": "m.login.sso", "delegated_oidc_compatibility": true}}
		}
		reply(w, http.StatusOK, object{"flows": flows})
		return
	}
	if strings.HasSuffix(place, "/auth_metadata") {
		if hs.auth == nil {
			reply(w, http.StatusNotFound, object{"errcode": "M_UNRECOGNIZED", "error": "no such thing"})
			return
		}
		reply(w, http.StatusOK, hs.auth.metadata())
		return
	}
	if place == "login" {
		hs.login(w, body)
		return
	}
	device := hs.deviceOf(r)
	if device == "" {
		reply(w, http.StatusUnauthorized, object{"errcode": "M_UNKNOWN_TOKEN", "error": "unknown token"})
		return
	}
	status, answer := hs.answer(call, strings.Split(place, "/"), device, body, raw)
	if hs.lose != nil && hs.lose(call) {
		status, answer = http.StatusInternalServerError, object{"errcode": "M_UNKNOWN", "error": "as the test wishes"}
	}
	if hold := hs.hold; hold != nil {
		made, _ := json.Marshal(answer)
		answer = json.RawMessage(made)
		hs.mu.Unlock()
		hold(call, body)
		hs.mu.Lock()
	}
	reply(w, status, answer)
}

// set sets watch, also while a call may be under way.
func (hs *homeserver) set(watch func(call string, body object)) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.watch = watch
}

func reply(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

// asked tells whether a call that begins so has come.
func (hs *homeserver) asked(call string) bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return slices.ContainsFunc(hs.requests, func(c string) bool { return strings.HasPrefix(c, call) })
}

// count is how often a call that begins so has come.
func (hs *homeserver) count(call string) (n int) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	for _, c := range hs.requests {
		if strings.HasPrefix(c, call) {
			n++
		}
	}
	return n
}

func (hs *homeserver) login(w http.ResponseWriter, body object) {
	if hs.auth != nil || body["password"] != botPassword {
		reply(w, http.StatusForbidden, object{"errcode": "M_FORBIDDEN", "error": "wrong"})
		return
	}
	hs.logins++
	name, _ := body["device_id"].(string)
	if name == "" {
		name = fmt.Sprintf("DEVICE%d", hs.logins)
	}
	d := hs.devices[name]
	if d == nil {
		title, _ := body["initial_device_display_name"].(string)
		d = &fakeDevice{name: title}
		hs.devices[name] = d
	}
	d.token = fmt.Sprintf("token-%d", hs.logins)
	reply(w, http.StatusOK, object{"user_id": botName, "device_id": name, "access_token": d.token})
}

func (hs *homeserver) deviceOf(r *http.Request) string {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	for name, d := range hs.devices {
		if d.token == token && token != "" {
			return name
		}
	}
	return ""
}

// answer is called with mu held.
func (hs *homeserver) answer(call string, path []string, device string, body object, raw []byte) (int, any) {
	ok := http.StatusOK
	d := hs.devices[device]
	switch {
	case strings.HasSuffix(call, "/whoami"):
		return ok, object{"user_id": cmp.Or(d.owner, botName), "device_id": device}
	case call == "POST keys/query":
		return ok, hs.published(body)
	case call == "POST keys/upload":
		if keys, there := body["device_keys"].(map[string]any); there {
			d.keys = keys
		}
		if keys, there := body["one_time_keys"].(map[string]any); there {
			d.oneTime += len(keys)
		}
		return ok, object{"one_time_key_counts": object{"signed_curve25519": d.oneTime}}
	case call == "POST keys/claim":
		return ok, object{"one_time_keys": hs.claims}
	case strings.HasPrefix(call, "PUT sendToDevice/"):
		return ok, object{}
	case call == "POST keys/device_signing/upload":
		return hs.publish(body)
	case call == "POST keys/signatures/upload":
		hs.sign(body)
		return ok, object{}
	case call == "GET devices":
		var list []object
		for _, name := range slices.Sorted(maps.Keys(hs.devices)) {
			list = append(list, object{"device_id": name, "display_name": hs.devices[name].name})
		}
		return ok, object{"devices": list}
	case call == "POST delete_devices" && hs.auth != nil: // devices end in the account's settings
		return http.StatusNotFound, object{"errcode": "M_UNRECOGNIZED", "error": "gone"}
	case call == "POST delete_devices":
		if status, question := hs.askPassword(body); status != 0 {
			return status, question
		}
		for _, name := range body["devices"].([]any) {
			delete(hs.devices, name.(string))
		}
		return ok, object{}
	case path[0] == "profile" && len(path) == 2:
		return ok, hs.profile
	case path[0] == "profile":
		hs.profile[path[2]] = body[path[2]]
		return ok, object{}
	case path[0] == "user" && path[2] == "account_data":
		return hs.accountData(call, path[3], raw)
	case path[0] == "user":
		return ok, object{"filter_id": "1"}
	case path[0] == "join":
		return hs.room(call, []string{"rooms", path[1], "join"}, body)
	case path[0] == "rooms" || path[0] == "joined_rooms":
		return hs.room(call, path, body)
	}
	return http.StatusNotFound, object{"errcode": "M_UNRECOGNIZED", "error": call}
}

func (hs *homeserver) askPassword(body object) (int, object) {
	auth, _ := body["auth"].(map[string]any)
	if auth == nil || auth["password"] != botPassword || auth["session"] != "s" {
		return http.StatusUnauthorized, object{"session": "s", "flows": []object{{"stages": []string{"m.login.password"}}}}
	}
	return 0, nil
}

// publish takes cross-signing keys: the first ones as they are, others with the password.
func (hs *homeserver) publish(body object) (int, any) {
	if hs.browser && len(hs.keys) > 0 {
		return http.StatusUnauthorized, object{"session": "s", "flows": []object{{"stages": []string{"org.matrix.cross_signing_reset"}}}}
	}
	if hs.insists || len(hs.keys) > 0 {
		if status, question := hs.askPassword(body); status != 0 {
			return status, question
		}
	}
	for name, keys := range body {
		if name != "auth" {
			hs.keys[name] = keys.(map[string]any)
		}
	}
	return http.StatusOK, object{}
}

// sign adds signatures to a device or a key.
func (hs *homeserver) sign(body object) {
	for name, signed := range body[botName].(map[string]any) {
		target := object(nil)
		if d := hs.devices[name]; d != nil {
			target = d.keys
		}
		for _, keys := range hs.keys {
			for _, key := range keys["keys"].(map[string]any) {
				if key == name {
					target = keys
				}
			}
		}
		if target == nil {
			continue
		}
		made, _ := target["signatures"].(map[string]any)
		if made == nil {
			made = object{botName: object{}}
			target["signatures"] = made
		}
		for key, signature := range signed.(map[string]any)["signatures"].(map[string]any)[botName].(map[string]any) {
			made[botName].(map[string]any)[key] = signature
		}
	}
}

// published is what a question for devices is answered with.
func (hs *homeserver) published(question object) object {
	devices := object{}
	for name, d := range hs.devices {
		if d.keys != nil {
			devices[name] = d.keys
		}
	}
	list, asked := object{}, question["device_keys"].(object)
	for user := range asked {
		if user == botName {
			list[user] = devices
		} else if published := hs.others[user]; published != nil {
			list[user] = published
		}
	}
	answer := object{"device_keys": list}
	for name, keys := range hs.keys {
		if _, own := asked[botName]; !own || slices.Contains(hs.hidden, name) {
			continue
		}
		answer[name+"s"] = object{botName: keys}
	}
	return answer
}

func (hs *homeserver) accountData(call, name string, raw []byte) (int, any) {
	if strings.HasPrefix(call, "PUT") {
		hs.data[name] = raw
		return http.StatusOK, object{}
	}
	if hs.data[name] == nil {
		return http.StatusNotFound, object{"errcode": "M_NOT_FOUND", "error": "none"}
	}
	return http.StatusOK, hs.data[name]
}

// sync gives what the test has prepared, and nothing until then.
func (hs *homeserver) sync(w http.ResponseWriter, r *http.Request) {
	hs.mu.Lock()
	known := hs.deviceOf(r) != ""
	hs.since = append(hs.since, r.URL.Query().Get("since"))
	hs.token++
	token := fmt.Sprintf("s%d", hs.token)
	since := r.URL.Query().Get("since")
	news, again := hs.given[since]
	hs.mu.Unlock()
	if !known {
		reply(w, http.StatusUnauthorized, object{"errcode": "M_UNKNOWN_TOKEN", "error": "unknown token"})
		return
	}
	if again && since != "" { // whoever asked before has not got it, or has not handled it
		reply(w, http.StatusOK, news)
		return
	}
	news = object{}
	if r.URL.Query().Get("timeout") != "0" || len(hs.syncs) > 0 {
		select {
		case news = <-hs.syncs:
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return
		}
	}
	hs.mu.Lock()
	news["next_batch"] = token
	if news["device_one_time_keys_count"] == nil {
		news["device_one_time_keys_count"] = object{"signed_curve25519": 50}
	}
	hs.given[since] = news
	hs.mu.Unlock()
	reply(w, http.StatusOK, news)
}

// unsign takes from each device all signatures but its own.
func (hs *homeserver) unsign() {
	for name, d := range hs.devices {
		made := d.keys["signatures"].(map[string]any)[botName].(map[string]any)
		maps.DeleteFunc(made, func(key string, _ any) bool { return key != "ed25519:"+name })
	}
}

// media keeps and gives files.
func (hs *homeserver) media(w http.ResponseWriter, r *http.Request, raw []byte) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/config") {
		reply(w, http.StatusOK, object{"m.upload.size": hs.upload})
		return
	}
	if r.Method == http.MethodPost {
		name := fmt.Sprintf("file%d", len(hs.files))
		hs.files[name] = raw
		reply(w, http.StatusOK, object{"content_uri": "mxc://example.org/" + name})
		return
	}
	data, there := hs.files[path.Base(r.URL.Path)]
	if !there {
		reply(w, http.StatusNotFound, object{"errcode": "M_NOT_FOUND", "error": "no such file"})
		return
	}
	_, _ = w.Write(data)
}
