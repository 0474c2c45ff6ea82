package izly

import (
	"strings"
	"testing"
)

// TestVectorsOnTheWire goes the whole way of the seed with the literal values of izly-today §2.5 and §7.2:
// code MTIzNDU2, counters 0, 1 and 2.
func TestVectorsOnTheWire(t *testing.T) {
	for _, tt := range []struct {
		mode  PrintMode
		print string
		form  string
	}{
		{PrintBoth, "34fhqOMfbd1WUHspE-9CGRal8tE=", "prefixed"},
		{PrintBoth, "4ptCPdeiTj5jBhwlK8d-dUe-zlo=\n", "seed"},
		{PrintPrefixed, "34fhqOMfbd1WUHspE-9CGRal8tE=", "prefixed"},
		{PrintPrefixed, "4ptCPdeiTj5jBhwlK8d-dUe-zlo=", ""},
		{PrintSeed, "4ptCPdeiTj5jBhwlK8d-dUe-zlo=", "seed"},
		{PrintSeed, "34fhqOMfbd1WUHspE-9CGRal8tE=", ""},
	} {
		t.Run(string(tt.mode)+" "+strings.TrimSpace(tt.print), func(t *testing.T) {
			c := start(t, Config{Print: tt.mode, SeedWorld: true, Window: -1, StrictAmount: true})
			sent := c.logon("password", code)
			c.want(sent, "UserData", 0)
			if sent.UID != phone || len(sent.SALT) != 16 {
				t.Errorf("UserData: UID %q, SALT of %d characters", sent.UID, len(sent.SALT))
			}
			c.sim.accounts[0].activation.code = "MTIzNDU2"
			c.adopt(c.logon("password", "", "passOTP", "ptEji6ly_4efdbc3fYA_4sKHz10="))
			c.adopt(c.logon("password", code, "passOTP", code+"_6eXZe-K_JSEOUIFKHzva96vSA4="))
			c.sim.accounts[0].device.sid = vectorSID
			c.sid = vectorSID

			c.want(c.soap("MoneyInCb", "cardId", card, "amount", "10.0"), "RMIN", 0)
			done := c.soap("MoneyInCbConfirm", "cardId", card, "amount", "10.0",
				"passOTP", code+"ZQ1puPa8MOEP0Ce96H9j_eaQMak=", "print", tt.print)
			if tt.form == "" {
				c.want(done, "E", codeBadOTP)
				c.violations("MoneyInCbConfirm: print does not fit")
				return
			}
			c.want(done, "RMINC", 0)
			requests := c.sim.Requests()
			if last := requests[len(requests)-1]; last.Kind != tt.form {
				t.Errorf("journal says print was %q; want %q", last.Kind, tt.form)
			}
			if got := c.sim.Balance(phone); got != 22_34 {
				t.Errorf("balance is %d; want 2234", got)
			}
			c.violations()
		})
	}
}
