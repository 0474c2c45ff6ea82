package izly

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// form posts a form without following the answer's redirect.
func (c *client) form(path string, fields ...string) (int, string) {
	c.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequest("POST", c.url+path, strings.NewReader(values.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(req)
}

func TestThreeDSecure(t *testing.T) {
	for _, tt := range []struct {
		decision, page, status string
		balance                int64
	}{
		{"accept", pathBankDone, "1", 32_34},
		{"refuse", pathBankFailed, "2", 12_34},
	} {
		c := start(t, Config{ThreeDSecure: true}).enrol()
		c.prepare(card, "20.0")
		done := c.confirm(card, "20.0")
		c.want(done, "RMINC", 0)
		if done.RDURL == "" || done.RDP == "" || done.BAL != "12.34" {
			t.Fatalf("answer %+v", done)
		}
		if got := c.statement("-1", 0, -1)[0]; got.ID != done.ID || got.STATUS != "0" {
			t.Errorf("waiting, the statement begins with %+v", got)
		}
		if status, body := c.form(pathValidate, "actionUrl", done.RDURL, "data", done.RDP); status != 200 ||
			!strings.Contains(body, "20.00 €") || !strings.Contains(body, "Carte perso") {
			t.Errorf("bank page: status %d: %s", status, body)
		}
		status, where := c.form(pathBank, "data", done.RDP, "decision", tt.decision)
		if status != http.StatusSeeOther || !strings.HasSuffix(where, tt.page) {
			t.Errorf("%s: status %d, %s", tt.decision, status, where)
		}
		if got := c.statement("-1", 0, -1)[0]; got.ID != done.ID || got.STATUS != tt.status {
			t.Errorf("%s: the statement begins with %+v", tt.decision, got)
		}
		if _, where := c.form(pathBank, "data", done.RDP, "decision", "accept"); !strings.HasSuffix(where, pathBankFailed) {
			t.Errorf("a second decision ends on %s", where)
		}
		if got := c.sim.Balance(phone); got != tt.balance {
			t.Errorf("%s: balance %d; want %d", tt.decision, got, tt.balance)
		}
		c.violations()
		if status, _ := c.form(pathValidate, "actionUrl", done.RDURL, "data", done.RDP); status != 400 {
			t.Errorf("a settled challenge opens with status %d", status)
		}
	}
}
