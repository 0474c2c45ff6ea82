package izly

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"
)

// sessionLife is how long a SID and a token are good, and EXPIRES_IN; the real value is unknown
// (izly-today §13, 6).
const sessionLife = time.Hour

// device is one enrolment: what the phone (or a bot) holds, seen from the server. An account has one; a
// new one kills it.
type device struct {
	owner *account
	counter

	token, refreshToken string
	sid                 string
	formerSIDs          map[string]bool
	expires             time.Time

	// Of the current world only; empty after an enrolment by passOTP.
	seed     string // base64 of counter.key
	nsse     string
	publicID string
	qrKey    *ecdsa.PrivateKey
}

// enrol replaces the account's device by one whose OTP key is key.
func (s *Server) enrol(a *account, key []byte) *device {
	d := &device{owner: a, counter: counter{key: key}, formerSIDs: map[string]bool{}}
	a.device, a.activation, a.prepared = d, nil, nil
	s.renew(d)
	return d
}

// equip gives a device what the current world has beyond the seed's.
func (d *device) equip() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("izly sim: QR key: %w", err)
	}
	d.qrKey = key
	d.seed = base64.StdEncoding.EncodeToString(d.key)
	d.publicID = guid()
	d.nsse = digits(16)
	return nil
}

// renew gives a device a new session and new tokens.
func (s *Server) renew(d *device) {
	d.changeSID()
	d.token, d.refreshToken = "at-"+rand.Text(), "rt-"+rand.Text()
	d.expires = s.now().Add(sessionLife)
	s.tokens[d.token] = d
	if d.nsse != "" {
		d.nsse = digits(16)
	}
}

func (d *device) changeSID() {
	if d.sid != "" {
		d.formerSIDs[d.sid] = true
	}
	d.sid = guid()
}

// privateKey is QR_CODE_PRIVATE_KEY: padded standard base64 of PKCS#8 (izly-today §3).
func (d *device) privateKey() (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(d.qrKey)
	if err != nil {
		return "", fmt.Errorf("izly sim: QR key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

// authorize finds the account of a bearer token. The errors are refusals.
func (s *Server) authorize(method, bearer, userID string) (*account, error) {
	d := s.tokens[bearer]
	switch {
	case bearer == "":
		s.violate("%s: no bearer token", method)
		return nil, errBadToken
	case d == nil:
		s.violate("%s: a bearer token that was never given", method)
		return nil, errBadToken
	case userID != d.owner.Phone:
		s.violate("%s: userId is not the token's", method)
		return nil, errBadToken
	case d.owner.device != d:
		return nil, errElsewhere
	case d.owner.blocked:
		return nil, errBlockedCall
	case !s.now().Before(d.expires):
		return nil, errExpired
	case d.token != bearer:
		return nil, errBadToken
	}
	return d.owner, nil
}

// checkSID compares a session id with the device's. A former one is told apart from nonsense.
func (s *Server) checkSID(method string, d *device, sid string) error {
	switch {
	case sid == d.sid:
		return nil
	case d.formerSIDs[sid]:
		return errExpired
	case sid == "":
		s.violate("%s: no sessionId", method)
	default:
		s.violate("%s: a sessionId that was never given", method)
	}
	return errNoSession
}

// guid makes a random identifier in the usual shape.
func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// digits makes n random decimal digits.
func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

// salt is 16 characters that no client uses (izly-today §2.1).
func salt() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%X", b)
}

// reference makes an unguessable name for a URL or a form.
func reference() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
