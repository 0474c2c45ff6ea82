package pronote_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"cartable/sim/pronote"
)

// TestPages walks through the pages that are not a login page.
func TestPages(t *testing.T) {
	s, url := serve(t, pronote.Config{})
	for _, tt := range []struct {
		name, path, agent string
		prepare           func()
		status            int
		text              string
	}{
		{"login", "/parent.html", "Mozilla", func() {}, 200, `"a":2`},
		{"mobile login", "/mobile.eleve.html?fd=1", "Mozilla", func() {}, 200, `"a":6`},
		{"choice of spaces", "/", "Mozilla", func() {}, 200, `href="eleve.html"`},
		{"app description", "/infoMobileApp.json?id=0D264427", "Mozilla", func() {}, 200, `"version":[2026,2,5]`},
		{"another root", "x/parent.html", "Mozilla", func() {}, 404, ""},
		{"no such page", "/nothing.html", "Mozilla", func() {}, 404, ""},
		{"no browser", "/parent.html", "Go-http-client/1.1", func() {}, 200, "navigateur"},
		{"no name", "/parent.html", "", func() {}, 200, "navigateur"},
		{"closed", "/parent.html", "Mozilla", func() { s.Unavailable(pronote.OutageClosed) }, 200, "Le site n'est pas disponible"},
		{"busy", "/parent.html", "Mozilla", func() { s.Unavailable(pronote.OutageBusy) }, 200, "momentanément indisponible"},
		{"maintenance", "/parent.html", "Mozilla", func() { s.Unavailable(pronote.OutageMaintenance) }, 503, ">PRONOTE 2026.2.5<"},
		{"suspended", "/parent.html", "Mozilla", func() { s.Suspend(true) }, 200, "provisoirement suspendue"},
		{"ENT", "/parent.html", "Mozilla", func() { s.Suspend(false); s.RequireENT("https://ent.example.org/") }, 302, ""},
	} {
		tt.prepare()
		req, err := http.NewRequest(http.MethodGet, url+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User-Agent", tt.agent)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status || !strings.Contains(string(body), tt.text) {
			t.Errorf("%s: status %d, want %d with %q in %s", tt.name, resp.StatusCode, tt.status, tt.text, body)
		}
		if got := resp.Header.Get("Server"); got != "PRONOTE 2026.2.5.7" {
			t.Errorf("%s: Server is %q", tt.name, got)
		}
	}
}

func TestAppsSeeNoPortal(t *testing.T) {
	s, url := serve(t, pronote.Config{})
	s.RequireENT("https://ent.example.org/")
	for cookie, want := range map[string]int{"": 302, "appliMobile=0": 302, "appliMobile=1": 200} {
		req, err := http.NewRequest(http.MethodGet, url+"/mobile.eleve.html", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User-Agent", "Mozilla")
		req.Header.Set("Cookie", cookie)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("cookie %q: status %d, want %d", cookie, resp.StatusCode, want)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
