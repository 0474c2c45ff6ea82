package izly

import (
	"net/http"
	"strings"
	"testing"
)

// follow asks for an activation link as an app does, and gives the code of the redirect.
func (c *client) follow(link string) string {
	c.t.Helper()
	req, err := http.NewRequest("GET", c.url+strings.TrimPrefix(link, c.sim.cfg.SiteURL), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = res.Body.Close()
	where := res.Header.Get("Location")
	if (res.StatusCode == http.StatusFound) != (where != "") || res.StatusCode != http.StatusFound && res.StatusCode != http.StatusOK {
		c.t.Fatalf("link: status %d, Location %q", res.StatusCode, where)
	}
	return strings.TrimPrefix(where, "izly://SBSCR/"+phone+"/")
}

func (c *client) link() string {
	c.t.Helper()
	c.want(c.logon("password", code), "UserData", 0)
	links := c.sim.SMS(phone)
	return links[len(links)-1]
}

func TestActivationCurrentWorld(t *testing.T) {
	for _, distinct := range []bool{false, true} {
		c := start(t, Config{DistinctActCode: distinct})
		link := c.link()
		actCode := c.follow(link)
		if same := actCode == c.code(); same == distinct {
			t.Errorf("DistinctActCode %t: the redirect's code is the link's: %t", distinct, same)
		}
		a := c.adopt(c.logon("actCode", actCode))
		if mustDecode(a.SEED) == nil || a.QR == "" || a.NSSE == "" || a.Public == "" || a.LUD == "" {
			t.Errorf("Logon lacks something: %+v", a)
		}
		c.want(c.logon("actCode", actCode), "E", codeRefused) // one use
		if again := c.follow(link); again != "" {
			t.Errorf("a used link still redirects")
		}
		c.key = mustDecode(a.SEED)
		b := c.adopt(c.logon("password", code, "passOTP", code+c.otp()))
		if b.SID == a.SID || b.Access == a.Access || b.NSSE == a.NSSE || b.SEED != "" {
			t.Error("a refresh must change SID, token and NSSE, and give no SEED")
		}
		c.want(c.soap("MoneyInCbCbList"), "RCBL", 0)
		c.violations()
	}
}

func TestActivationSeedWorld(t *testing.T) {
	c := start(t, Config{SeedWorld: true})
	link := c.link()
	if got := c.follow(link); got != "" {
		t.Error("the seed's link redirects")
	}
	c.want(c.logon("actCode", c.code()), "E", codeRefused)
	c.key = mustDecode(c.code())
	a := c.adopt(c.logon("password", "", "passOTP", c.otp()))
	if a.SEED != "" || a.QR != "" || a.NSSE != "" || a.Public != "" {
		t.Error("the seed's Logon has elements of the current world")
	}
	if status, _ := c.rest("GET", "GetLogonInfos", ""); status != http.StatusNotFound {
		t.Errorf("REST in the seed's world: status %d", status)
	}
	c.want(c.logon("password", "", "passOTP", otp(c.key, 1)), "E", codeRefused) // one use
	c.violations()
}

func TestActivationRefused(t *testing.T) {
	c := start(t, Config{})
	c.want(c.logon("actCode", "AAAAAAAA"), "E", codeRefused) // no SMS yet
	old := c.link()
	oldKey := mustDecode(c.code())
	fresh := c.link()
	if c.follow(old) != "" || c.follow(fresh) == "" {
		t.Error("a new SMS must kill the link before it")
	}
	c.want(c.logon("password", "", "passOTP", otp(oldKey, 0)), "E", codeBadOTP)
	c.now = c.now.Add(activationLife)
	if c.follow(fresh) != "" {
		t.Error("an expired link redirects")
	}
	c.want(c.logon("actCode", c.code()), "E", codeRefused)
	c.violations()
}

func TestActivationTries(t *testing.T) {
	c := start(t, Config{})
	c.link()
	for range activationTries {
		c.want(c.logon("password", "", "passOTP", "nonsense"), "E", codeBadOTP)
	}
	c.want(c.logon("password", "", "passOTP", otp(mustDecode(c.code()), 0)), "E", codeRefused)
}

func TestOutbox(t *testing.T) {
	c := start(t, Config{SiteURL: "http://sim.example/"})
	first, second := c.link(), c.link()
	req, err := http.NewRequest("GET", c.url+"/sms", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, got := c.do(req)
	if want := phone + " " + first + "\n" + phone + " " + second + "\n"; got != want {
		t.Errorf("outbox %q; want %q", got, want)
	}
	if !strings.HasPrefix(first, "http://sim.example/tools/Activation/"+phone+"/") {
		t.Errorf("link %s", first)
	}
	if len(mustDecode(c.code())) != 6 {
		t.Errorf("code %s is not base64 of six bytes", c.code())
	}
}
