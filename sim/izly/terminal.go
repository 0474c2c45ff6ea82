package izly

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
)

const (
	qrWindow = 100              // codes drawn and never scanned; G
	qrLife   = 10 * time.Minute // and as much for a clock that is ahead; G
)

// errBadCode is the one answer of a terminal that takes no code: it does not tell why.
var errBadCode = refuse(codeBadCode, prioInfo, "Code de paiement refusé.")

// Pay is a payment terminal that scans a payment code and takes cents for it (izly-today §8). A code is
// good once, for some minutes, and only with the device's latest NSSE. What is wrong with a refused one is
// in Violations, unless it is only too old.
func (s *Server) Pay(code string, cents int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fields := strings.Split(code, ";")
	if len(fields) != 6 || fields[0] != "AIZ" || fields[3] != "3" {
		s.violate("payment code: not the six fields of version 3")
		return errBadCode
	}
	d := s.byPublicID(fields[1])
	if d == nil {
		s.violate("payment code: unknown public id")
		return errBadCode
	}
	head := strings.Join(fields[:4], ";")
	n, ok := d.findQR(head+"+"+d.nsse, fields[4])
	switch {
	case !ok:
		s.violate("payment code: HMAC of no coming counter, or of an old NSSE")
		return errBadCode
	case !d.signed(head+";"+fields[4]+";", fields[5]):
		s.violate("payment code: bad signature")
		return errBadCode
	case !s.fresh(fields[2]):
		return errBadCode
	case d.owner.balance < cents:
		return refuse(codeBalanceCap, prioInfo, "Solde insuffisant.")
	}
	d.next = n + 1
	a := d.owner
	s.lastID++
	o := purchase(s.now(), cents, canteen)
	o.ID = s.lastID
	a.operations = append(a.operations, o)
	a.balance += o.moved()
	a.updated = o.At
	return nil
}

func (s *Server) byPublicID(id string) *device {
	for _, a := range s.accounts {
		if d := a.device; d != nil && d.publicID == id && id != "" {
			return d
		}
	}
	return nil
}

// findQR looks for the counter of a payment code: its key is the text of the OTP.
func (d *device) findQR(message, given string) (n uint64, ok bool) {
	for i := range uint64(qrWindow) + 1 {
		h := hmac.New(sha1.New, []byte(otp(d.key, d.next+i)))
		h.Write([]byte(message))
		if hex.EncodeToString(h.Sum(nil)) == given {
			return d.next + i, true
		}
	}
	return 0, false
}

// signed checks the signature of a payment code. One published client hashes twice
// (izly-today §8), and passes here all the same.
func (d *device) signed(payload, signature string) bool {
	der, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	once := sha256.Sum256([]byte(payload))
	twice := sha256.Sum256(once[:])
	return ecdsa.VerifyASN1(&d.qrKey.PublicKey, once[:], der) || ecdsa.VerifyASN1(&d.qrKey.PublicKey, twice[:], der)
}

// fresh reads the date of a payment code, UTC; some write midnight as hour 24.
func (s *Server) fresh(date string) bool {
	t, err := time.Parse(time.DateTime, strings.Replace(date, " 24:", " 00:", 1))
	return err == nil && s.now().Sub(t).Abs() < qrLife
}
