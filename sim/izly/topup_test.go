package izly

import (
	"fmt"
	"testing"
	"time"
)

// prepare sends MoneyInCb.
func (c *client) prepare(id, amount string) answer {
	c.t.Helper()
	return c.soap("MoneyInCb", "cardId", id, "amount", amount)
}

// confirm sends MoneyInCbConfirm with a print in the prefixed form, and takes the new SID.
func (c *client) confirm(id, amount string) answer {
	c.t.Helper()
	passOTP := code + c.otp()
	a := c.soap("MoneyInCbConfirm", "cardId", id, "amount", amount, "passOTP", passOTP,
		"print", printOf(phone, c.sid, id, amount, passOTP, ""))
	if a.SID != "" {
		c.sid = a.SID
	}
	return a
}

const otherCard = "0c77be12a94f4d6f8e3310aa5bd2f901"

func TestTopUp(t *testing.T) {
	c := start(t, Config{}).enrol()
	for _, amount := range []string{"10", "12.5", "30.25", "20.00"} {
		before, sid := c.sim.Balance(phone), c.sid
		announced := c.prepare(otherCard, amount)
		c.want(announced, "RMIN", 0)
		if announced.SID != "" || c.sim.Balance(phone) != before {
			t.Errorf("%s: the preparation changed something", amount)
		}
		done := c.confirm(otherCard, amount)
		c.want(done, "RMINC", 0)
		added, ok := parseAmount(amount)
		after := c.sim.Balance(phone)
		if !ok || after != before+added || cents(t, done.BAL) != after || cents(t, done.CRED) != added {
			t.Errorf("%s: balance %d after %d; the answer says %+v", amount, after, before, done)
		}
		if done.SID == sid || done.SID == "" || done.RDURL != "" {
			t.Errorf("%s: the SID must change, without 3-D Secure", amount)
		}
		newest := c.statement("-1", 0, -1)[0]
		if newest.ID != done.ID || newest.TYPE != "2" || newest.STATUS != "1" || newest.CRED != decimal(added) || newest.USERID != "Parents" {
			t.Errorf("%s: statement begins with %+v", amount, newest)
		}
	}
	c.violations()
}

func TestPrepareRefuses(t *testing.T) {
	for _, tt := range []struct {
		card, amount string
		code         int
		violation    bool
	}{
		{card, "9.99", codeOutOfBounds, false},
		{card, "250.01", codeOutOfBounds, false},
		{card, "237.67", codeBalanceCap, false},
		{card, "237.66", 0, false},
		{"ffffffffffffffffffffffffffffffff", "20.0", codeUnknownCard, false},
		{card, "12,5", codeBadAmount, true},
		{card, "+20", codeBadAmount, true},
		{card, "2e1", codeBadAmount, true},
		{card, "20.", codeBadAmount, true},
		{card, "20.005", codeBadAmount, true},
		{card, "", codeBadRequest, true},
	} {
		c := start(t, Config{}).enrol()
		if got := c.prepare(tt.card, tt.amount); got.Code != tt.code {
			t.Errorf("%q: code %d; want %d", tt.amount, got.Code, tt.code)
		}
		if got := len(c.sim.Violations()) > 0; got != tt.violation {
			t.Errorf("%q: violations %q", tt.amount, c.sim.Violations())
		}
	}
}

func TestStrictAmount(t *testing.T) {
	c := start(t, Config{StrictAmount: true}).enrol()
	for amount, code := range map[string]int{
		"10.0": 0, "12.5": 0, "30.25": 0, "10.1": 0,
		"10": codeBadAmount, "10.00": codeBadAmount, "12.50": codeBadAmount, "010.0": codeBadAmount,
	} {
		if got := c.prepare(card, amount); got.Code != code {
			t.Errorf("%q: code %d; want %d", amount, got.Code, code)
		}
	}
}

func TestConfirmRefuses(t *testing.T) {
	const none = "MoneyInCbConfirm: no top-up is prepared, or it was confirmed before"
	const other = "MoneyInCbConfirm: not the card and amount that were prepared"
	for _, tt := range []struct {
		name       string
		before     func(c *client)
		confirm    func(c *client) answer
		code       int
		violations []string
	}{
		{name: "nothing prepared", code: codeNotPrepared, violations: []string{none}},
		{name: "confirmed before", code: codeNotPrepared, violations: []string{none}, before: func(c *client) {
			c.prepare(card, "20.0")
			c.want(c.confirm(card, "20.0"), "RMINC", 0)
		}},
		{name: "other card", code: codeNotPrepared, violations: []string{other}, before: func(c *client) { c.prepare(otherCard, "20.0") }},
		{name: "other amount", code: codeNotPrepared, violations: []string{other}, before: func(c *client) { c.prepare(card, "20.5") }},
		{name: "too late", code: codeNotPrepared, before: func(c *client) {
			c.prepare(card, "20.0")
			c.now = c.now.Add(preparationLife)
		}},
		{name: "wrong code", code: codeWrongCode, before: func(c *client) { c.prepare(card, "20.0") }, confirm: func(c *client) answer {
			return c.soap("MoneyInCbConfirm", "cardId", card, "amount", "20.0", "passOTP", "000000"+c.otp(), "print", "x")
		}},
		{
			name: "replayed OTP", code: codeBadOTP, violations: []string{"MoneyInCbConfirm: an OTP was used twice"},
			before: func(c *client) { c.prepare(card, "20.0"); c.counter-- },
		},
		{
			name: "bare OTP", code: codeBadOTP, violations: []string{"MoneyInCbConfirm: passOTP is not the secret code and an OTP"},
			confirm: func(c *client) answer {
				return c.soap("MoneyInCbConfirm", "cardId", card, "amount", "20.0", "passOTP", c.otp(), "print", "x")
			},
		},
		{
			name: "print over another amount", code: codeBadOTP, violations: []string{"MoneyInCbConfirm: print does not fit"},
			before: func(c *client) { c.prepare(card, "20.0") }, confirm: func(c *client) answer {
				passOTP := code + c.otp()
				return c.soap("MoneyInCbConfirm", "cardId", card, "amount", "20.0", "passOTP", passOTP,
					"print", printOf(phone, c.sid, card, "20", passOTP, ""))
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, Config{}).enrol()
			if tt.before != nil {
				tt.before(c)
			}
			balance := c.sim.Balance(phone)
			if tt.confirm == nil {
				tt.confirm = func(c *client) answer { return c.confirm(card, "20.0") }
			}
			c.want(tt.confirm(c), "E", tt.code)
			if got := c.sim.Balance(phone); got != balance {
				t.Errorf("balance went from %d to %d", balance, got)
			}
			c.violations(tt.violations...)
		})
	}
}

// TestConfirmSecondThoughts: a refused confirmation leaves the preparation, and a fresh OTP ends it well.
func TestConfirmSecondThoughts(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.prepare(card, "20")
	c.want(c.soap("MoneyInCbConfirm", "cardId", card, "amount", "20", "passOTP", "000000"+c.otp(), "print", "x"), "E", codeWrongCode)
	c.want(c.confirm(card, "20.0"), "RMINC", 0) // as a client that spells the same amount twice
}

// TestConfirmAfterRefresh: a preparation outlives the session that made it, as for a command-line client
// that logs in again in between.
func TestConfirmAfterRefresh(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.prepare(card, "20.0")
	c.adopt(c.logon("password", code, "passOTP", code+c.otp()))
	c.want(c.confirm(card, "20.0"), "RMINC", 0)
	c.violations()
}

func TestOldSIDAfterConfirm(t *testing.T) {
	c := start(t, Config{}).enrol()
	old := *c
	c.prepare(card, "20.0")
	c.want(c.confirm(card, "20.0"), "RMINC", 0)
	c.want(old.soap("MoneyInCbCbList"), "E", codeExpired)
	c.want(c.soap("MoneyInCbCbList"), "RCBL", 0)
}

func TestAmounts(t *testing.T) {
	for n := range int64(3000) {
		for _, text := range []string{decimal(n), shortest(n), fmt.Sprintf("%d.%02d", n/100, n%100)} {
			if got, ok := parseAmount(text); !ok || got != n {
				t.Fatalf("%d: %q reads as %d, %t", n, text, got, ok)
			}
		}
	}
	if decimal(-1_05) != "-1.05" {
		t.Error(decimal(-1_05))
	}
}

func TestCapAtConfirmation(t *testing.T) {
	c := start(t, Config{}).enrol()
	c.prepare(card, "230.0")
	c.sim.accounts[0].balance += 50_00 // somebody else sent money meanwhile
	c.want(c.confirm(card, "230.0"), "E", codeBalanceCap)
	c.now = c.now.Add(time.Minute)
	c.sim.accounts[0].balance -= 50_00
	c.want(c.confirm(card, "230.0"), "RMINC", 0)
	c.violations()
}
