package izly

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"testing"
	"time"
)

// From izly-today §8: the device, its code with each of the two signatures.
const (
	vectorKey   = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ"
	vectorCode  = "AIZ;3fa85f64-5717-4562-b3fc-2c963f66afa6;2026-01-15 11:42:07;3;f74a61741615776696ed9f5605dcb5b933b84f4b;"
	signedOnce  = "MEUCIQD5F575O2fjuPDDiWcKWp4j+2sij5fpU5VAI/wt6XcbrAIgKOdk6sFF3X2RyCtvbjEPhHT5gFjm+0UXzkwzLU1Et68="
	signedTwice = "MEQCIGksZ2T3fA7uNdW/09HQrn2RmMcyloThjKM0rACRuDsMAiAbplUU3BbVczKKeVYZXK29Pak62mHQraBDDJbOrOnxpQ=="
)

// vectorDevice gives the student the device of the vectors.
func vectorDevice(t *testing.T, c *client) *device {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	a := c.sim.accounts[0]
	a.device = &device{
		owner: a, counter: counter{key: mustDecode("MTIzNDU2")}, nsse: "0000123456789012",
		publicID: "3fa85f64-5717-4562-b3fc-2c963f66afa6", qrKey: key.(*ecdsa.PrivateKey),
	}
	return a.device
}

func TestPay(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		spoil      func(*client, *device)
		want       error
	}{
		{name: "signed once", code: vectorCode + signedOnce},
		{name: "signed twice", code: vectorCode + signedTwice},
		{name: "used counter", code: vectorCode + signedOnce, want: errBadCode, spoil: func(_ *client, d *device) { d.next = 3 }},
		{name: "old NSSE", code: vectorCode + signedOnce, want: errBadCode, spoil: func(_ *client, d *device) { d.nsse = "1" }},
		{name: "too old", code: vectorCode + signedOnce, want: errBadCode, spoil: func(c *client, _ *device) { c.now = c.now.Add(time.Hour) }},
		{name: "no signature", code: vectorCode, want: errBadCode},
		{name: "five fields", code: vectorCode[:len(vectorCode)-1], want: errBadCode},
		{name: "somebody else", code: "AIZ;x;2026-01-15 11:42:07;3;00;", want: errBadCode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, Config{})
			c.now = time.Date(2026, 1, 15, 11, 45, 0, 0, time.UTC)
			d := vectorDevice(t, c)
			if tt.spoil != nil {
				tt.spoil(c, d)
			}
			if err := c.sim.Pay(tt.code, 3_30); err != tt.want {
				t.Fatalf("Pay: %v; want %v", err, tt.want)
			}
			if tt.want != nil {
				return
			}
			if err := c.sim.Pay(tt.code, 3_30); err != errBadCode {
				t.Errorf("second scan: %v; want %v", err, errBadCode)
			}
			if got := c.sim.Balance(phone); got != 9_04 {
				t.Errorf("balance is %d; want 904", got)
			}
		})
	}
}

// TestPayAtMidnight draws a code as a client does that writes hour 24.
func TestPayAtMidnight(t *testing.T) {
	c := start(t, Config{})
	c.now = time.Date(2026, 1, 16, 0, 1, 0, 0, time.UTC)
	d := vectorDevice(t, c)
	head := "AIZ;" + d.publicID + ";2026-01-16 24:00:30;3"
	h := hmac.New(sha1.New, []byte(otp(d.key, 0)))
	h.Write([]byte(head + "+" + d.nsse))
	payload := head + ";" + hex.EncodeToString(h.Sum(nil)) + ";"
	sum := sha256.Sum256([]byte(payload))
	signature, err := ecdsa.SignASN1(rand.Reader, d.qrKey, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := c.sim.Pay(payload+base64.StdEncoding.EncodeToString(signature), 60); err != nil {
		t.Error(err)
	}
	c.violations()
}
