//go:build goolm

package matrix

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix/id"
)

// authServer is a pretend authorisation server of the pretend homeserver. It refuses what real ones refuse (RFC 6749,
// 7591 and 8628, and the specification's OAuth 2.0 API): clients that nobody introduced, unknown and used codes, polling
// that is too fast, refresh tokens that were used, other grants.
type authServer struct {
	*httptest.Server
	t  testing.TB
	hs *homeserver

	mu       sync.Mutex
	clients  map[string]bool
	devices  map[string]id.DeviceID // that a code is for
	allowed  map[string]string      // by code: who is logged in in the browser; "no" declines
	polled   map[string]time.Time
	refresh  map[string]id.DeviceID // refresh tokens that are good
	used     map[string]bool        // that are not any more
	requests []string               // "token refresh_token" and the like
	refuses  string                 // code with which the token endpoint refuses; "": as usual
	life     time.Duration          // of access tokens
	grants   []string
	n        int
}

func newAuthServer(t testing.TB, hs *homeserver) *authServer {
	s := &authServer{
		t: t, hs: hs, clients: map[string]bool{}, devices: map[string]id.DeviceID{}, allowed: map[string]string{}, polled: map[string]time.Time{},
		refresh: map[string]id.DeviceID{}, used: map[string]bool{}, life: 5 * time.Minute,
		grants: []string{"authorization_code", grantRefresh, grantDevice},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	hs.auth = s
	return s
}

func (s *authServer) metadata() object {
	return object{
		"issuer": s.URL, "registration_endpoint": s.URL + "/register", "token_endpoint": s.URL + "/token", "revocation_endpoint": s.URL + "/revoke",
		"device_authorization_endpoint": s.URL + "/device", "authorization_endpoint": s.URL + "/authorize",
		"grant_types_supported": s.grants, "response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
	}
}

// allow is somebody in a browser who lets the bot in with its code, or not.
func (s *authServer) allow(code, who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allowed[code] = who
}

func (s *authServer) count(what string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if strings.HasPrefix(r, what) {
			n++
		}
	}
	return n
}

func (s *authServer) serve(w http.ResponseWriter, r *http.Request) {
	s.hs.mu.Lock() // always before our own
	defer s.hs.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "" {
		s.t.Error("the authorisation server is shown a token")
	}
	refuse := func(code string) { reply(w, http.StatusBadRequest, object{"error": code}) }
	if r.URL.Path == "/register" {
		s.register(w, r)
		return
	}
	if r.ParseForm() != nil || !s.clients[r.PostForm.Get("client_id")] {
		reply(w, http.StatusUnauthorized, object{"error": "invalid_client"})
		return
	}
	s.requests = append(s.requests, strings.TrimPrefix(r.URL.Path, "/")+" "+r.PostForm.Get("grant_type"))
	switch r.URL.Path {
	case "/device":
		scopes := strings.Fields(r.PostForm.Get("scope"))
		i := slices.IndexFunc(scopes, func(s string) bool { return strings.HasPrefix(s, scopeDevice) })
		if !slices.Contains(scopes, scopeClient) || i < 0 {
			refuse("invalid_scope")
			return
		}
		s.n++
		code := fmt.Sprintf("CODE-%d", s.n)
		s.devices[code] = id.DeviceID(strings.TrimPrefix(scopes[i], scopeDevice))
		reply(w, http.StatusOK, object{
			"device_code": "secret " + code, "user_code": code, "verification_uri": s.URL + "/link", "expires_in": 1200, "interval": 1,
		})
	case "/revoke":
		delete(s.refresh, r.PostForm.Get("token"))
		reply(w, http.StatusOK, object{})
	case "/token":
		s.token(w, r, refuse)
	default:
		http.NotFound(w, r)
	}
}

func (s *authServer) register(w http.ResponseWriter, r *http.Request) {
	var m struct {
		URI       string   `json:"client_uri"`
		Auth      string   `json:"token_endpoint_auth_method"`
		Grants    []string `json:"grant_types"`
		Responses []string `json:"response_types"`
	}
	if json.NewDecoder(r.Body).Decode(&m) != nil || !strings.HasPrefix(m.URI, "https://") || m.Auth != "none" || m.Responses == nil || len(m.Responses) > 0 ||
		!slices.Contains(m.Grants, grantDevice) || !slices.Contains(m.Grants, grantRefresh) {
		reply(w, http.StatusBadRequest, object{"error": "invalid_client_metadata"})
		return
	}
	s.n++
	name := fmt.Sprintf("client%d", s.n)
	s.clients[name] = true
	reply(w, http.StatusCreated, object{"client_id": name})
}

func (s *authServer) token(w http.ResponseWriter, r *http.Request, refuse func(string)) {
	switch r.PostForm.Get("grant_type") {
	case grantDevice:
		code := strings.TrimPrefix(r.PostForm.Get("device_code"), "secret ")
		device, known := s.devices[code]
		last := s.polled[code]
		s.polled[code] = time.Now()
		switch who := s.allowed[code]; {
		case !known:
			refuse("invalid_grant")
		case time.Since(last) < 900*time.Millisecond:
			refuse("slow_down")
		case s.refuses != "":
			refuse(s.refuses)
		case who == "":
			refuse("authorization_pending")
		case who == "no":
			refuse("access_denied")
		default:
			delete(s.devices, code)
			s.give(w, device, who)
		}
	case grantRefresh:
		token := r.PostForm.Get("refresh_token")
		device, good := s.refresh[token]
		if s.used[token] {
			s.t.Error("a refresh token came twice")
		}
		if !good || s.refuses != "" {
			refuse("invalid_grant")
			return
		}
		delete(s.refresh, token)
		s.used[token] = true
		s.give(w, device, botName)
	default:
		refuse("unsupported_grant_type")
	}
}

// give gives tokens for a device, and takes the access token before from it.
func (s *authServer) give(w http.ResponseWriter, device id.DeviceID, who string) {
	s.n++
	access, refresh := fmt.Sprintf("mat_%d", s.n), fmt.Sprintf("mar_%d", s.n)
	d := s.hs.devices[device.String()]
	if d == nil {
		d = &fakeDevice{name: deviceName}
		s.hs.devices[device.String()] = d
	}
	d.token, d.owner = access, who
	s.refresh[refresh] = device
	reply(w, http.StatusOK, object{
		"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": int(s.life.Seconds()), "scope": scopeClient + " " + scopeDevice + device.String(),
	})
}
