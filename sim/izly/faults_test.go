package izly

import (
	"strings"
	"testing"
)

// rawConfirm sends a confirmation and gives what came back, unread.
func (c *client) rawConfirm(amount string) (int, string) {
	c.t.Helper()
	passOTP := code + c.otp()
	return c.post("MoneyInCbConfirm", envelopeOf("MoneyInCbConfirm", "channel", "AIZ", "format", "T", "model", "A",
		"userId", phone, "sessionId", c.sid, "cardId", card, "amount", amount, "passOTP", passOTP,
		"print", printOf(phone, c.sid, card, amount, passOTP, "")))
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name    string
		plan    func(*Server)
		status  int
		in      string // part of the answer
		balance int64
	}{
		{"dropped before", func(s *Server) { s.DropAnswer("MoneyInCbConfirm", true) }, 0, "EOF", 12_34},
		{"dropped after", func(s *Server) { s.DropAnswer("MoneyInCbConfirm", false) }, 0, "EOF", 22_34},
		{"fault", func(s *Server) { s.Fault("MoneyInCbConfirm") }, 500, "<soap:Fault>", 12_34},
		{
			"refused", func(s *Server) { s.FailNext("MoneyInCbConfirm", 324, 1, "Version & co") }, 200,
			"&lt;Code&gt;324&lt;/Code&gt;&lt;Msg&gt;Version &amp;amp; co&lt;/Msg&gt;&lt;Prio&gt;1&lt;/Prio&gt;", 12_34,
		},
		{"cut", func(s *Server) { s.Truncate("MoneyInCbConfirm") }, 200, "<soap:Body>", 22_34},
		{"commas", func(s *Server) { s.CommaDecimals(true) }, 200, "&lt;BAL&gt;22,34&lt;/BAL&gt;", 22_34},
		{"omitted", func(s *Server) { s.Omit("UP", "SID") }, 200, "&lt;RDPARAMS&gt;&lt;/RDPARAMS&gt;&lt;/RMINC&gt;", 22_34},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, Config{}).enrol()
			c.prepare(card, "10.0")
			tt.plan(c.sim)
			status, body := c.rawConfirm("10.0")
			if status != tt.status || !strings.Contains(body, tt.in) {
				t.Errorf("status %d: %s; want %d and %s", status, body, tt.status, tt.in)
			}
			if whole := strings.HasSuffix(body, soapTail); whole == (tt.name == "cut" || tt.status == 0) {
				t.Errorf("the answer is whole: %t", whole)
			}
			if got := c.sim.Balance(phone); got != tt.balance {
				t.Errorf("balance %d; want %d", got, tt.balance)
			}
			requests := c.sim.Requests()
			if last := requests[len(requests)-1]; last.Method != "MoneyInCbConfirm" || last.Status != tt.status {
				t.Errorf("journal ends with %+v", last)
			}
			c.violations()
		})
	}
}

func TestFaultsHitOneCallEach(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.sim.FailNext("MoneyInCbCbList", 140, 2, "une fois")
	c.sim.FailNext("MoneyInCbCbList", 570, 1, "deux fois")
	c.want(c.soap("MoneyInCbCbList"), "E", 140)
	c.want(c.soap("MoneyInCbCbList"), "E", 570)
	c.want(c.soap("MoneyInCbCbList"), "RCBL", 0)
}

func TestCommasSpareTheCardList(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.sim.CommaDecimals(true)
	if got := c.soap("MoneyInCbCbList").BAL; got != "12.34" {
		t.Errorf("balance in the card list is %q", got)
	}
	if got := c.statement("-1", 0, -1)[0].DEB; got != "3,30" && got != "0,60" {
		t.Errorf("debit in the statement is %q", got)
	}
}

func TestRESTFaults(t *testing.T) {
	c := start(t, Config{}).current()
	c.sim.Fault("GetLogonInfos")
	if status, _ := c.rest("GET", "GetLogonInfos", ""); status != 500 {
		t.Errorf("status %d; want 500", status)
	}
	c.sim.FailNext("GetLogonInfos", 570, 1, "x")
	if got := c.restCode("GET", "GetLogonInfos", ""); got != 570 {
		t.Errorf("code %d; want 570", got)
	}
}

func TestHold(t *testing.T) {
	c := start(t, Config{}).enrol()
	release := c.sim.Hold("MoneyInCbCbList")
	done := make(chan answer)
	go func() { done <- c.soap("MoneyInCbCbList") }()
	c.want(c.logon("password", code), "UserData", 0) // others are served meanwhile
	select {
	case <-done:
		t.Fatal("the held call was answered")
	default:
	}
	release()
	release() // harmless
	c.want(<-done, "RCBL", 0)
}
