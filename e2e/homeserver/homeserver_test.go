package homeserver

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// TestServer makes an account, pulls the plug, and logs in on what is left.
func TestServer(t *testing.T) {
	s := Start(t)
	s.Register("anna", "password of anna")
	logIn(t, s, "password of anna", http.StatusOK)
	logIn(t, s, "password of bob", http.StatusForbidden)
	s.Kill()
	if s.isOurs(t.Context()) {
		t.Error("a killed server answers")
	}
	s.Restart()
	logIn(t, s, "password of anna", http.StatusOK)
	s.Restart()
	logIn(t, s, "password of anna", http.StatusOK)
}

// TestPortTaken gives a server the port of another.
func TestPortTaken(t *testing.T) {
	first := Start(t)
	second := &Server{t: t, dir: t.TempDir(), secret: "another", address: first.address}
	if err := configure(second.dir, second.secret); err != nil {
		t.Fatal(err)
	}
	if err := second.run(); err != errTaken {
		t.Errorf("two servers on one port: %v", err)
	}
}

func logIn(t *testing.T, s *Server, password string, want int) {
	t.Helper()
	body := strings.NewReader(`{"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "anna"}, "password": "` + password + `"}`)
	resp, err := http.Post(s.URL+"/_matrix/client/v3/login", "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Errorf("login: %s %s; want %d", resp.Status, &answer, want)
	}
}
