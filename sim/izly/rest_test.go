package izly

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// rest sends a REST request with the headers of izly-today §9 and any others, names and values in turn.
func (c *client) rest(verb, name, body string, headers ...string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequest(verb, c.url+"/Service/PublicService.svc/rest/"+name, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	all := []string{
		"Authorization", "Bearer " + c.token, "channel", "AIZ", "format", "T", "model", "A", "language", "fr",
		"clientVersion", "7.0", "smoneyClientType", "PART", "userId", phone, "version", "2.0", "sessionId", c.sid,
	}
	all = append(all, headers...)
	for i := 0; i < len(all); i += 2 {
		req.Header.Set(all[i], all[i+1])
	}
	return c.do(req)
}

// restCode gives the code of an error answer, 0 when it is none.
func (c *client) restCode(verb, name, body string, headers ...string) int {
	c.t.Helper()
	status, text := c.rest(verb, name, body, headers...)
	var e struct {
		Code         int
		ErrorMessage string
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil || status != 200 && status != 500 {
		if name == "GetUserEventList" {
			return 0
		}
		c.t.Fatalf("%s: status %d, %v: %s", name, status, err, text)
	}
	if (e.Code != 0) != (e.ErrorMessage != "") {
		c.t.Errorf("%s: code %d without a message", name, e.Code)
	}
	return e.Code
}

// current enrols in the current world.
func (c *client) current() *client {
	c.t.Helper()
	a := c.adopt(c.logon("actCode", c.follow(c.link())))
	c.key, c.counter = mustDecode(a.SEED), 0
	return c
}

var restNames = []struct{ verb, name, body, want string }{
	{"POST", "IsSessionValid", "", `{"IsSessionValidResult":{"Result":true,"UP":{"BAL":12.34,"CASHBAL":0,"G7CARDBAL":0,"LUD":`},
	{"GET", "GetLogonInfos", "", `"LimitMoneyIn":{"Max":250.00,"Min":10.00}`},
	{"GET", "GetHomePageOperations?transactionGroup=2&top=3", "", `"Amount":3.30,`},
	{"GET", "GetHomePageOperations?transactionGroup=0&top=15", "", `"OperationType":56,"Status":2`},
	{"GET", "GetCurrentLimits", "", `{"CurrentLimits":[{"Description":"Solde maximum"`},
	{"POST", "GetContactDetails", `{"receiver":{"Identifier":"33611223344"}}`, `"DateValidity":"/Date(1799924400000+0100)/"`},
	{"GET", "GetCrousContactList", "", `{"GetCrousContactListResult":{"Result":{"CrousList":[`},
	{"POST", "GetUserEventList", `{"itemPerPage":2,"page":1}`, `"EventMessage":"Paiement de 3,30"`},
	{"GET", "GetMyCardList", "", `"Hint":"XXXX XXXX XXXX 4242"`},
}

func TestREST(t *testing.T) {
	c := start(t, Config{}).current()
	for _, tt := range restNames {
		body := tt.body
		if tt.name == "IsSessionValid" {
			body = `{"sessionId":"` + c.sid + `"}`
		}
		status, got := c.rest(tt.verb, tt.name, body)
		if status != 200 || !strings.Contains(got, tt.want) || !json.Valid([]byte(got)) {
			t.Errorf("%s: status %d: %s; want %s", tt.name, status, got, tt.want)
		}
	}
	c.violations()
}

func TestRESTRefuses(t *testing.T) {
	c := start(t, Config{}).current()
	for _, tt := range []struct {
		name, verb, call, body string
		headers                []string
		code                   int
		violation              bool
	}{
		{"bearer", "GET", "GetLogonInfos", "", []string{"Authorization", "x"}, codeBadToken, true},
		{"user", "GET", "GetLogonInfos", "", []string{"userId", "33622334455"}, codeBadToken, true},
		{"format", "GET", "GetLogonInfos", "", []string{"format", ""}, codeBadRequest, true},
		{"session", "GET", "GetCurrentLimits", "", []string{"sessionId", ""}, codeNoSession, true},
		{"session in the body", "POST", "IsSessionValid", "{}", nil, codeNoSession, true},
		{"group", "GET", "GetHomePageOperations?top=3", "", nil, codeBadRequest, true},
		{"page", "POST", "GetUserEventList", "", nil, codeBadRequest, true},
		{"somebody else", "POST", "GetContactDetails", `{"receiver":{"Identifier":"33622334455"}}`, nil, codeBadRequest, false},
		{"login bearer", "POST", "LogonLight", "", []string{"Authorization", "x"}, codeBadToken, true},
		{"login user", "POST", "LogonLight", "", []string{"userId", "x"}, codeBadToken, true},
		{"login code", "POST", "LogonLight", "", []string{"password", "000000"}, codeWrongCode, false},
	} {
		before := len(c.sim.Violations())
		if got := c.restCode(tt.verb, tt.call, tt.body, tt.headers...); got != tt.code {
			t.Errorf("%s: code %d; want %d", tt.name, got, tt.code)
		}
		if (len(c.sim.Violations()) > before) != tt.violation {
			t.Errorf("%s: violations %q", tt.name, c.sim.Violations()[before:])
		}
	}
	for _, tt := range []struct {
		verb, call, body string
		status           int
	}{{"GET", "GetNothing", "", 404}, {"GET", "LogonLight", "", 405}, {"POST", "GetUserEventList", "{", 500}} {
		if status, _ := c.rest(tt.verb, tt.call, tt.body); status != tt.status {
			t.Errorf("%s %s: status %d; want %d", tt.verb, tt.call, status, tt.status)
		}
	}
}

func TestLogonLight(t *testing.T) {
	c := start(t, Config{}).current()
	first := *c
	c.sim.ExpireSessions()
	if got := c.restCode("GET", "GetCurrentLimits", ""); got != codeExpired {
		t.Errorf("expired session: code %d", got)
	}
	for range 2 { // the second time with the token of the enrolment, as after a lost answer
		_, body := first.rest("POST", "LogonLight", "", "password", code, "passOTP", code+c.otp(), "Content-Type", "application/x-www-form-urlencoded")
		var a struct {
			LogonLightResult struct {
				Result struct {
					SessionId, NSSE string
					Tokens          struct{ AccessToken string }
				}
				UP struct{ BAL string }
			}
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		r := a.LogonLightResult
		if r.Result.SessionId == c.sid || r.Result.Tokens.AccessToken == c.token || r.Result.NSSE == "" || r.UP.BAL != "12.34" {
			t.Fatalf("LogonLight: %s", body)
		}
		c.sid, c.token = r.Result.SessionId, r.Result.Tokens.AccessToken
	}
	c.want(c.soap("MoneyInCbCbList"), "RCBL", 0) // one session for both services
	if got := first.restCode("GET", "GetCurrentLimits", ""); got != codeBadToken {
		t.Errorf("former token: code %d", got)
	}
	c.sim.Block(phone)
	if got := c.restCode("POST", "LogonLight", "", "password", code, "passOTP", code+c.otp()); got != codeBlocked {
		t.Errorf("blocked: code %d", got)
	}
	c.sim.Unblock(phone)
	old := *c
	c.current()
	if got := old.restCode("POST", "LogonLight", "", "password", code, "passOTP", code+old.otp()); got != codeNotRefreshable {
		t.Errorf("enrolled elsewhere: code %d", got)
	}
	c.violations()
}
