package pronote_test

import (
	"fmt"
	"testing"

	"cartable/sim/pronote"
)

var dialects = []struct {
	version string
	names   [5]string
}{
	{"2022.0.0", classic}, {"2024.3.8", classic}, {"2024.3.11", of2024}, {"2025.2.8", of2025}, {"2026.2.5", of2025},
}

func TestLoginInEveryDialect(t *testing.T) {
	for _, d := range dialects {
		for _, flags := range [][2]bool{{false, false}, {true, false}, {true, true}, {false, true}} {
			t.Run(fmt.Sprintf("%s/encrypt=%t/compress=%t", d.version, flags[0], flags[1]), func(t *testing.T) {
				s, url := serve(t, pronote.Config{Version: d.version, Encrypt: flags[0], Compress: flags[1]})
				for _, a := range s.Accounts() {
					c := logIn(t, url, a, d.names)
					if got := dig(t, c.tree, "ressource", "L"); got != a.Name {
						t.Errorf("logged in as %v, want %s", got, a.Name)
					}
					if got := dig(t, c.first, "General", "versionPN"); got != d.version {
						t.Errorf("version %v, want %s", got, d.version)
					}
					keepAlive := "Navigation"
					if d.names == classic {
						keepAlive = "Presence"
					}
					if _, code := c.call(keepAlive, nil, map[string]any{"onglet": 7}); code != 0 {
						t.Errorf("%s: refused with %d", keepAlive, code)
					}
				}
				if v := s.Violations(); len(v) > 0 {
					t.Errorf("violations: %q", v)
				}
				if n := len(s.Requests()); n != 6*3 {
					t.Errorf("%d requests, want 18", n)
				}
			})
		}
	}
}
