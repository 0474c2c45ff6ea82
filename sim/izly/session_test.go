package izly

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCommonArguments spoils one thing of a good call at a time.
func TestCommonArguments(t *testing.T) {
	for _, tt := range []struct {
		name      string
		spoil     func(c *client, envelope string) string
		code      int
		violation string
	}{
		{"no format", cut("format"), codeBadRequest, `MoneyInCbCbList: argument format is not "T"`},
		{"no channel", cut("channel"), codeBadRequest, `MoneyInCbCbList: argument channel is not "AIZ"`},
		{"no model", cut("model"), codeBadRequest, `MoneyInCbCbList: argument model is not "A"`},
		{"no sessionId", cut("sessionId"), codeNoSession, "MoneyInCbCbList: no sessionId"},
		{"no userId", cut("userId"), codeBadToken, "MoneyInCbCbList: userId is not the token's"},
		{
			"other sessionId", func(c *client, e string) string { return strings.Replace(e, c.sid, guid(), 1) }, codeNoSession,
			"MoneyInCbCbList: a sessionId that was never given",
		},
		{"no bearer", func(c *client, e string) string { c.token = ""; return e }, codeBadToken, "MoneyInCbCbList: no bearer token"},
		{
			"other bearer", func(c *client, e string) string { c.token = "at-0"; return e }, codeBadToken,
			"MoneyInCbCbList: a bearer token that was never given",
		},
		{
			"namespace", func(_ *client, e string) string { return strings.Replace(e, `"Service"`, `"Other"`, 1) }, 0,
			"MoneyInCbCbList: wrong XML namespace",
		},
		{"no version", cut("version"), 0, ""},
		{"no language", cut("language"), 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, Config{}).enrol()
			good := envelopeOf("MoneyInCbCbList", "version", "6.0", "channel", "AIZ", "format", "T", "model", "A",
				"language", "fr", "userId", phone, "sessionId", c.sid)
			_, body := c.post("MoneyInCbCbList", tt.spoil(c, good))
			if a := unwrap(t, "MoneyInCbCbList", body); a.Code != tt.code {
				t.Errorf("code %d; want %d", a.Code, tt.code)
			}
			if tt.violation == "" {
				c.violations()
			} else {
				c.violations(tt.violation)
			}
		})
	}
}

// cut takes an argument out of a request.
func cut(name string) func(*client, string) string {
	return func(_ *client, envelope string) string {
		before, rest, _ := strings.Cut(envelope, "<"+name+" ")
		_, after, _ := strings.Cut(rest, "</"+name+">")
		return before + after
	}
}

func TestTransport(t *testing.T) {
	c := start(t, Config{})
	good := envelopeOf("Logon")
	for _, tt := range []struct {
		name, verb, media, action, body string
		status                          int
	}{
		{"not XML", "POST", "text/xml", "", "{}", 500},
		{"not text/xml", "POST", "application/soap+xml", "", good, 415},
		{"other action", "POST", "text/xml", "Service/GetStatement", good, 500},
		{"unknown method", "POST", "text/xml", "", envelopeOf("Login"), 500},
		{"a page", "GET", "text/xml", "", "", 405},
		{"too long", "POST", "text/xml", "", strings.Repeat(" ", maxBody) + good, 413},
		{"quoted action", "POST", "text/xml", `"Service/Logon"`, good, 200},
		{"no action", "POST", "text/xml; charset=utf-8", "", good, 200},
	} {
		req, err := http.NewRequest(tt.verb, c.url+"/Service.asmx", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", tt.media)
		if tt.action != "" {
			req.Header.Set("SOAPAction", tt.action)
		}
		before := len(c.sim.Violations())
		status, body := c.do(req)
		if status != tt.status || (status != 200) != strings.Contains(body, "<soap:Fault>") {
			t.Errorf("%s: status %d: %s; want %d", tt.name, status, body, tt.status)
		}
		if len(c.sim.Violations()) != before+1 { // the good ones lack arguments
			t.Errorf("%s: %d violations", tt.name, len(c.sim.Violations())-before)
		}
	}
}

func TestBlocking(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.want(c.logon("password", "000000"), "E", codeWrongCode)
	c.want(c.logon("password", "000000", "passOTP", "000000"+c.otp()), "E", codeWrongCode)
	c.want(c.logon("password", code), "UserData", 0) // a right one clears the count
	c.want(c.logon("password", "000000"), "E", codeWrongCode)
	c.want(c.logon("password", code, "passOTP", code+otp(c.key, 1000)), "E", codeBadOTP) // failed refreshes count too
	c.want(c.logon("password", "000000"), "E", codeBlocked)
	c.want(c.logon("password", code), "E", codeBlocked)
	c.want(c.soap("MoneyInCbCbList"), "E", codeBlockedSession)
	c.sim.Unblock(phone)
	c.want(c.soap("MoneyInCbCbList"), "RCBL", 0)
	c.sim.Block(phone)
	c.want(c.logon("password", "", "passOTP", "x"), "E", codeBlocked)
	c.violations()
}

func TestWhoExistsIsNotTold(t *testing.T) {
	c := start(t, Config{})
	c.want(c.soap("Logon", "user", "33600000000", "smoneyClientType", "PART", "password", code), "E", codeWrongCode)
	a := c.soap("Logon", "user", "Camille@Example.org", "smoneyClientType", "PART", "password", code)
	if c.want(a, "UserData", 0); a.UID != phone {
		t.Errorf("UID %s after a login by e-mail", a.UID)
	}
}

func TestSessionEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*client)
		code int
	}{
		{"by age", func(c *client) { c.now = c.now.Add(sessionLife) }, codeExpired},
		{"expired", func(c *client) { c.sim.ExpireSessions() }, codeExpired},
		{"revoked", func(c *client) { c.sim.RevokeTokens() }, codeBadToken},
		{"former SID", func(c *client) { c.sim.accounts[0].device.changeSID() }, codeExpired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, Config{}).enrol()
			tt.end(c)
			c.want(c.soap("GetStatement", "firstId", "-1", "nbItems", "0", "filter", "-1"), "E", tt.code)
			c.adopt(c.logon("password", code, "passOTP", code+c.otp()))
			c.want(c.soap("GetStatement", "firstId", "-1", "nbItems", "0", "filter", "-1"), "RPL", 0)
			c.violations()
		})
	}
}

func TestSecondEnrolmentKillsTheFirst(t *testing.T) {
	c := start(t, Config{}).enrol()
	first := *c
	c.token = ""
	c.enrol()
	c.want(c.soap("MoneyInCbCbList"), "RCBL", 0)
	c.want(first.soap("MoneyInCbCbList"), "E", codeNotRefreshable)
	c.want(first.logon("password", code, "passOTP", code+first.otp()), "E", codeNotRefreshable)
	c.violations()
}

func TestRefreshMayAskForAnSMS(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.want(c.logon("password", code, "passOTP", code+c.otp()), "Logon", 0)
	c.sim.AskActivation(phone)
	c.want(c.logon("password", code, "passOTP", code+c.otp()), "UserData", 0)
	if n := len(c.sim.SMS(phone)); n != 2 {
		t.Errorf("%d SMS; want 2", n)
	}
	c.want(c.logon("password", code, "passOTP", code+c.otp()), "Logon", 0)
}

func TestReplayedOTP(t *testing.T) {
	c := start(t, Config{}).enrol()
	used := c.otp()
	c.want(c.logon("password", code, "passOTP", code+used), "Logon", 0)
	c.want(c.logon("password", code, "passOTP", code+used), "E", codeBadOTP)
	c.violations("Logon: an OTP was used twice")
}

func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		window  int
		counter uint64
		root    string
	}{
		{0, 21, "Logon"}, {0, 22, "E"}, {3, 4, "Logon"}, {3, 5, "E"}, {-1, 1, "Logon"}, {-1, 2, "E"},
	} {
		c := start(t, Config{Window: tt.window}).enrol()
		a := c.logon("password", code, "passOTP", code+otp(c.key, tt.counter))
		if a.XMLName.Local != tt.root {
			t.Errorf("window %d, counter %d: %s; want %s", tt.window, tt.counter, a.XMLName.Local, tt.root)
		}
	}
}

// TestNoSecretsInLogs goes through everything at debug level and looks at all that a person could read.
func TestNoSecretsInLogs(t *testing.T) {
	var log bytes.Buffer
	c := start(t, Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}).enrol()
	secrets := []string{code, c.code(), c.sid, c.token, otp(c.key, 0), otp(c.key, 1), otp(c.key, 2), "271828"}
	c.want(c.logon("password", "271828"), "E", codeWrongCode)
	c.prepare(card, "20.0")
	c.want(c.confirm(card, "20.0"), "RMINC", 0)
	c.want(c.confirm(card, "20.0"), "E", codeNotPrepared)
	c.want(c.logon("password", code, "passOTP", code+otp(c.key, 2)), "E", codeBadOTP)
	secrets = append(secrets, c.sid)
	c.token = "made-up-token"
	c.want(c.soap("MoneyInCbCbList"), "E", codeBadToken)
	secrets = append(secrets, c.token)

	text := log.String() + fmt.Sprintf("%+v %+v", c.sim.Requests(), c.sim.Violations())
	for i, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("secret %d can be read", i)
		}
	}
	if len(c.sim.Violations()) != 3 || strings.Count(log.String(), "violation") != 3 {
		t.Errorf("violations %q", c.sim.Violations())
	}
}

func TestJournal(t *testing.T) {
	c := start(t, Config{Location: time.UTC}).enrol()
	c.want(c.logon("password", "000000"), "E", codeWrongCode)
	want := []Request{
		{c.now, "Logon", "password", 200, 0},
		{c.now, "Logon", "activation", 200, 0},
		{c.now, "Logon", "password", 200, codeWrongCode},
	}
	if got := c.sim.Requests(); !slices.Equal(got, want) {
		t.Errorf("journal %+v; want %+v", got, want)
	}
}
