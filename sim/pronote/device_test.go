package pronote_test

import (
	"encoding/hex"
	"testing"
	"time"

	"cartable/sim/pronote"
)

// enter logs in with a secret and the members of Identification that say what kind it is, and gives the token for the
// next time, or "".
func enter(t *testing.T, url string, a pronote.Account, names [5]string, secret string, kind map[string]any) string {
	t.Helper()
	c := open(t, url, "mobile."+a.Page, names)
	c.hello()
	kind["uuidAppliMobile"] = "device-1"
	id, code := c.identify(a.Username, kind)
	if code != 0 {
		t.Fatalf("Identification: refused with %d", code)
	}
	answer, _ := c.authenticate(a.Username, secret, id)
	token, _ := answer["jetonConnexionAppliMobile"].(string)
	return token
}

func TestTokensWorkOnce(t *testing.T) {
	asks, uses := map[string]any{"demandeConnexionAppliMobile": true}, map[string]any{"enConnexionAppliMobile": true}
	for _, d := range dialects {
		t.Run(d.version, func(t *testing.T) {
			s, url := serve(t, pronote.Config{Version: d.version})
			for _, a := range s.Accounts() {
				first := enter(t, url, a, d.names, a.Password, asks)
				second := enter(t, url, a, d.names, first, uses)
				if first == "" || second == "" || first == second {
					t.Fatalf("%s: tokens %q, %q", a.Username, first, second)
				}
				if again := enter(t, url, a, d.names, first, uses); again != "" {
					t.Errorf("%s: the used token still works", a.Username)
				}
				if third := enter(t, url, a, d.names, second, uses); third == "" {
					t.Errorf("%s: the last token does not work", a.Username)
				}
			}
		})
	}
}

func TestQRCode(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s, url := serve(t, pronote.Config{Now: func() time.Time { return now }})
	a := account(s, "eleve")
	draw := func() (login, token string) {
		c := logIn(t, url, a, of2025)
		data, code := c.call("JetonAppliMobile", map[string]any{"code": "1234"}, tab(7))
		if code != 0 {
			t.Fatalf("JetonAppliMobile: refused with %d", code)
		}
		key, zero := sum([]byte("1234")), make([]byte, 16)
		user, _ := unCBC(key, zero, data["login"].(string))
		secret, _ := unCBC(key, zero, data["jeton"].(string))
		return string(user), string(secret)
	}
	scan := func(token string) string {
		return enter(t, url, a, of2025, token,
			map[string]any{"demandeConnexionAppliMobile": true, "demandeConnexionAppliMobileJeton": true})
	}
	login, token := draw()
	if login != a.Username {
		t.Errorf("the code is of %q, want %q", login, a.Username)
	}
	if scan(token) == "" {
		t.Error("the code does not work")
	}
	if scan(token) != "" {
		t.Error("the code works twice")
	}
	_, token = draw()
	now = now.Add(11 * time.Minute)
	if scan(token) != "" {
		t.Error("the code still works after eleven minutes")
	}
}

func TestSecondFactor(t *testing.T) {
	s, url := serve(t, pronote.Config{})
	s.SecondFactor("4321")
	a := account(s, "parent")
	c := logIn(t, url, a, of2025)
	if c.tree["ressource"] != nil {
		t.Error("the children are shown before the second factor")
	}
	if got := navigate(c); got != 8 {
		t.Errorf("a function before the second factor: %d, want 8", got)
	}
	s.Reset()
	c = logIn(t, url, a, of2025)
	pin := func(digits string) string { return hex.EncodeToString(cbc(c.key, c.iv, []byte(digits))) }
	for _, tt := range []struct {
		digits string
		right  bool
	}{{"1111", false}, {"4321", true}} {
		data, _ := c.call("SecurisationCompteDoubleAuth", map[string]any{"action": 0, "codePin": pin(tt.digits)}, nil)
		if data["result"] != tt.right {
			t.Errorf("PIN %s: %v", tt.digits, data)
		}
	}
	done := map[string]any{"action": 3, "codePin": pin("4321"), "avecIdentification": true, "strIdentification": "test"}
	if _, code := c.call("SecurisationCompteDoubleAuth", done, nil); code != 0 {
		t.Errorf("action 3: refused with %d", code)
	}
	if tree, _ := c.call("ParametresUtilisateur", nil, nil); tree["ressource"] == nil {
		t.Error("no children after the second factor")
	}
	if v := s.Violations(); len(v) > 0 {
		t.Errorf("violations: %q", v)
	}
}

func TestForgedAndOmitted(t *testing.T) {
	s, url := serve(t, pronote.Config{})
	c := logIn(t, url, account(s, "eleve"), of2025)
	week := func() map[string]any {
		data, _ := c.week(5, dig(t, c.tree, "ressource"), nil)
		return data
	}
	s.Omit("PageEmploiDuTemps", "ListeCours")
	if _, there := week()["ListeCours"]; there {
		t.Error("ListeCours is there, it was to be left out")
	}
	s.Omit("PageEmploiDuTemps", "")
	if _, there := week()["ListeCours"]; !there {
		t.Error("ListeCours is still left out")
	}
	s.ForgeOrder("Navigation")
	c.deaf = true
	navigate(c)
	if !c.misheard {
		t.Error("the order of the answer was right, it was to be wrong")
	}
	c.deaf = false
	if got := navigate(c); got != 0 {
		t.Errorf("the next request: %d", got)
	}
	s.RateLimit(true)
	other := open(t, url, "eleve.html", of2025)
	other.hello()
	if _, got := other.identify("Lea.Roussel", nil); got != 25 {
		t.Errorf("while logins are limited: %d, want 25", got)
	}
}
